// Train a BPE and a Unigram vocabulary on your own text and save them.
//   brot_02_train [text files]
#include <cstdio>

#include "raven/brot.hpp"

int main(int count, char** arguments) {
  std::vector<std::string> lines;
  for (int i = 0; i < 200; ++i)
    lines.push_back("sentence " + std::to_string(i) + " of a small corpus, with words that come again and again\n");
  const brot::Corpus corpus =
      count > 1 ? brot::Corpus::files(std::vector<std::string>(arguments + 1, arguments + count)) : brot::Corpus::lines(lines);

  brot::Tokenizer bpe(brot::BPE::Builder().build());
  bpe.set_pre_tokenizer(brot::pre_tokenizers::ByteLevel{.add_prefix_space = false});
  bpe.set_decoder(brot::decoders::ByteLevel{});
  brot::train(bpe,
              brot::BpeTrainer{.vocab_size = 400, .special_tokens = {"<s>"}, .initial_alphabet = brot::BpeTrainer::byte_alphabet()},
              corpus);
  bpe.save("bpe.json");

  brot::Tokenizer unigram(brot::Unigram::make({}, {}));
  unigram.set_pre_tokenizer(brot::pre_tokenizers::Metaspace{});
  unigram.set_decoder(brot::decoders::Metaspace{});
  brot::train(unigram, brot::UnigramTrainer{.vocab_size = 120, .unk_token = "<unk>", .special_tokens = {"<unk>"}}, corpus);
  unigram.save("unigram.json");

  const std::string text = "words of a small sentence";
  for (const char* path : {"bpe.json", "unigram.json"}) {
    const brot::Tokenizer tokenizer = brot::Tokenizer::from_file(path);
    const auto ids = tokenizer.encode_ids(text);
    std::printf("%s: %zu tokens known, %zu used, decoded: %s\n", path, tokenizer.vocab_size(), ids.size(), tokenizer.decode(ids).c_str());
    if (tokenizer.decode(ids) != text) return 1;
  }
  return 0;
}
