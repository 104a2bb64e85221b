#include "bench/brot/instructions.hpp"

#include <algorithm>
#include <iterator>
#include <random>
#include <string_view>
#include <type_traits>
#include <vector>
#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

#include "bench/brot/documents.hpp"
#include "raven/base/file.hpp"
#include "raven/brot.hpp"

namespace {

template <class F>
void measured(F&& run) {
  brot_measured([](void* context) { (*static_cast<std::remove_reference_t<F>*>(context))(); }, &run);
}

constexpr size_t text_bytes = 400'000;

// ------------------------------------------------------------------------------------------------------------- inputs

/// Words as text has them: few are frequent (the k-th one 1 / k as often as the first), they are made of syllables,
/// most are English in looks, and some are of scripts of two and three bytes per character.
class Writer {
 public:
  Writer() {
    for (size_t i = 0; i < 5000; ++i) {
      words_.push_back(word());
      total_ += (uint64_t{1} << 32) / (i + 1);
      until_.push_back(total_);
    }
  }

  std::string text(size_t bytes) {
    std::string out;
    for (bool first = true; out.size() < bytes; first = false) {
      switch (below(64)) {
        case 0: out += ".\n"; break;
        case 1: out += "\n\n  "; break;
        case 2: out += ", " + std::to_string(below(100000)); break;
        case 3: out += "'s"; break;
        case 4: out += " (" + frequent() + ")"; break;
        case 5: out += " " + frequent() + "_" + frequent() + "();"; break;
        case 6: out += " \U0001F600\U0001F680"; break;
        case 7: out += " " + capital(frequent()); break;
        case 8: out += below(20) ? " --- " : " " + std::string(300, 'a'); break;
        case 9: out += " caf\u00E9 e\u0301t\u00E9"; break;
        default: out += (first ? "" : " ") + frequent();
      }
    }
    return out + "\n";
  }

 private:
  uint64_t below(uint64_t limit) { return random_() % limit; }
  const std::string& frequent() {
    const auto place = std::upper_bound(until_.begin(), until_.end(), below(total_));
    return words_[size_t(place - until_.begin())];
  }
  static std::string capital(std::string word) {
    if (word[0] >= 'a' && word[0] <= 'z') word[0] = char(word[0] - 32);
    return word;
  }
  std::string word() {
    static constexpr const char* latin[] = {"ta",  "re", "in",  "on", "ing", "the", "er", "st", "en", "al",
                                            "qui", "mo", "vel", "po", "ch",  "ur",  "ly", "is", "fo", "and"};
    static constexpr const char* cyrillic[] = {"на", "ро", "ст", "ен", "ко", "ли", "вы", "ие", "пре", "до"};
    static constexpr const char* greek[] = {"αν", "τη", "ος", "ει", "ικ", "μα"};
    static constexpr const char* devanagari[] = {"का", "नि", "र्", "ते", "स", "मा"};
    const uint64_t kind = below(20);
    std::string out;
    if (kind == 0) {  // no spaces between words there
      for (uint64_t i = 2 + below(6); i > 0; --i) brot::unicode::append(out, char32_t(0x4E00 + below(600)));
      return out;
    }
    for (uint64_t i = 1 + below(4); i > 0; --i) {
      if (kind == 1)
        out += devanagari[below(std::size(devanagari))];
      else if (kind == 2)
        out += greek[below(std::size(greek))];
      else if (kind <= 4)
        out += cyrillic[below(std::size(cyrillic))];
      else
        out += latin[below(std::size(latin))];
    }
    return out;
  }

  std::mt19937_64 random_{20240229};  // its numbers are the standard's; those of distributions are not
  std::vector<std::string> words_;
  std::vector<uint64_t> until_;
  uint64_t total_ = 0;
};

std::string_view compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace

void write_inputs(const std::string& directory) {
  namespace norm = brot::normalizers;
  namespace pre = brot::pre_tokenizers;
  Writer writer;
  const std::string text = writer.text(text_bytes);
  raven::write_atomic(directory + "/text.txt", text, "brot_bench");
  const brot::Corpus corpus = brot::Corpus::lines({text});
  const std::vector<brot::AddedToken> special = {{"<s>", true}, {"</s>", true}};

  brot::Tokenizer bytes(brot::BPE::Builder().build());
  bytes.set_pre_tokenizer(pre::ByteLevel{.add_prefix_space = false});
  bytes.set_decoder(brot::decoders::ByteLevel{});
  brot::train(bytes,
              brot::BpeTrainer{
                  .vocab_size = 6000, .special_tokens = special, .initial_alphabet = brot::BpeTrainer::byte_alphabet()},
              corpus);
  bytes.save(directory + "/byte_level.json");

  brot::Tokenizer pieces(brot::WordPiece::make(brot::VocabList{}, {}));
  pieces.set_normalizer(norm::BertNormalizer{});
  pieces.set_pre_tokenizer(pre::BertPreTokenizer{});
  pieces.set_decoder(brot::decoders::WordPiece{});
  brot::train(pieces, brot::WordPieceTrainer{.vocab_size = 6000, .special_tokens = {{"[UNK]", true}}}, corpus);
  pieces.save(directory + "/wordpiece.json");

  brot::Tokenizer unigram(brot::Unigram::make({}, {}));
  unigram.set_normalizer(norm::NFKC{});
  unigram.set_pre_tokenizer(pre::Metaspace{});
  unigram.set_decoder(brot::decoders::Metaspace{});
  brot::train(unigram, brot::UnigramTrainer{.vocab_size = 4000, .unk_token = "<unk>", .special_tokens = special},
              corpus);
  unigram.save(directory + "/unigram.json");
}

bool run_once(const std::string& work, const std::string& path, const std::string& text_path) {
  if (work == "load") {
    measured([&] { brot::load_any(path); });
    return true;
  }
  const std::string text = raven::read_file(text_path);
  const std::vector<std::string_view> documents = documents_of(text);
  const brot::Tokenizer tokenizer = brot::load_any(path);
  if (work == "encode_ids") {
    measured([&] {
      for (const std::string_view document : documents) tokenizer.encode_ids(document);
    });
    return true;
  }
  if (work == "encode_offsets") {
    measured([&] {
      for (const std::string_view document : documents) tokenizer.encode(document, {.add_special_tokens = false});
    });
    return true;
  }
  const std::vector<uint32_t> ids = tokenizer.encode_ids(text);
  if (work == "decode") {
    measured([&] { tokenizer.decode(ids); });
    return true;
  }
  if (work == "stream") {
    measured([&] {
      brot::DecodeStream stream = tokenizer.decode_stream();
      for (const uint32_t id : ids) stream.step(id);
      stream.flush();
    });
    return true;
  }
  return false;
}

std::string build_of_counts() {
  std::string build(compiler());
  build += ", libstdc++ " + std::to_string(_GLIBCXX_RELEASE) + " of " + std::to_string(__GLIBCXX__);
#if defined(__GLIBC__)
  build += std::string(", glibc ") + gnu_get_libc_version();
#endif
  return build + ", " BROT_BENCH_BUILD;
}
