// Load a tokenizer, encode a text, look at tokens and offsets, decode as a stream.
//   brot_01_encode [tokenizer.json or directory]
#include <cstdio>

#include "raven/brot.hpp"

// Without a file: a small byte-level vocabulary made on the spot.
static brot::Tokenizer small() {
  brot::Tokenizer tokenizer(brot::BPE::Builder().build());
  tokenizer.set_pre_tokenizer(brot::pre_tokenizers::ByteLevel{.add_prefix_space = false});
  tokenizer.set_decoder(brot::decoders::ByteLevel{});
  brot::train(tokenizer, brot::BpeTrainer{.vocab_size = 300, .initial_alphabet = brot::BpeTrainer::byte_alphabet()},
              brot::Corpus::lines({"the quick brown fox", "the lazy dog", "the fox and the dog"}));
  return tokenizer;
}

int main(int count, char** arguments) {
  const brot::Tokenizer tokenizer = count > 1 ? brot::load_any(arguments[1]) : small();
  std::printf("%s", tokenizer.to_string().c_str());

  const std::string text = "the fox — 🦊!";
  const brot::Encoding encoding = tokenizer.encode(text, {.offsets = brot::Offsets::codepoint});
  for (size_t i = 0; i < encoding.size(); ++i) {
    const std::string token(encoding.token(i));
    std::printf("%6u  %-12s characters %u to %u\n", encoding.ids()[i], token.c_str(), encoding.offsets()[i].begin,
                encoding.offsets()[i].end);
  }

  brot::DecodeStream stream = tokenizer.decode_stream();  // emits a character once all its bytes have come
  std::string decoded;
  for (const uint32_t id : encoding.ids())
    if (const auto piece = stream.step(id)) decoded.append(*piece);
  decoded.append(stream.flush());
  std::printf("decoded: %s\n", decoded.c_str());
  return count > 1 || decoded == text ? 0 : 1;
}
