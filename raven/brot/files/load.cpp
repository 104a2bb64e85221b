#include "raven/brot/files/load.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "raven/base/file.hpp"
#include "raven/brot/files/json.hpp"
#include "raven/brot/files/presets.hpp"
#include "raven/brot/files/sentencepiece.hpp"
#include "raven/brot/files/tiktoken.hpp"
#include "raven/brot/files/tokenizer_json.hpp"

namespace brot {

namespace fs = std::filesystem;

Tokenizer load_any(const std::string& path) {
  if (fs::is_directory(path)) return Tokenizer::from_pretrained_dir(path);
  const fs::path file(path);
  const std::string extension = file.extension().string();
  if (extension == ".brot") return Tokenizer::from_compiled(path);
  if (extension == ".tiktoken") return Tiktoken::from_file(path, file.stem().string()).tokenizer();
  if (extension == ".model") return SentencePieceModel::from_file(path).native();
  if (extension == ".txt") return bert_style(read_wordpiece_file(path));
  if (file.filename() == "unigram.json") {  // a model's, or a whole tokenizer of that name
    const std::string source = raven::read_file(path, "brot.load_any");
    const json::Document document = json::Document::parse(source, path);
    if (document.root()["model"].present()) return Tokenizer::from_json(source, path);
    return presets::sentencepiece_unigram(read_unigram_file(path));
  }
  if (file.filename() == "tekken.json") return read_tekken(raven::read_file(path), path);
  return Tokenizer::from_file(path);
}

namespace {

/// The tokens and ids of a `vocab.json`; the views are into `document`.
std::vector<Vocabulary::Entry> vocab_of(const json::Document& document, std::string_view operation) {
  std::vector<Vocabulary::Entry> vocab;
  for (const json::Value id : document.root()) {
    uint32_t number = 0;
    const std::string_view digits = id.text();
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (!id.is(json::Type::number) || result.ec != std::errc() || result.ptr != digits.data() + digits.size())
      throw Error(ErrorCode::format, operation,
                  raven::Message() << document.name() << ": token `" << id.key() << "` has no id",
                  raven::Message() << "byte " << uint64_t(id.offset()));
    vocab.emplace_back(id.key(), number);
  }
  return vocab;
}

}  // namespace

ModelPtr read_bpe_files(const std::string& vocab_path, const std::string& merges_path, BpeOptions options) {
  const std::string source = raven::read_file(vocab_path, "brot.read_bpe_files");
  const json::Document document = json::Document::parse(source, vocab_path);
  const std::vector<Vocabulary::Entry> vocab = vocab_of(document, "brot.read_bpe_files");
  const std::string lines = raven::read_file(merges_path, "brot.read_bpe_files");
  std::vector<BPE::MergeView> merges;
  size_t number = 0;
  for (std::string_view rest = lines; !rest.empty();) {
    ++number;
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos)
      throw Error(ErrorCode::format, "brot.read_bpe_files",
                  raven::Message() << merges_path << ": got `" << line << "`, expected two tokens and one space",
                  raven::Message() << "line " << uint64_t(number));
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return BPE::make(vocab, merges, std::move(options));
}

ModelPtr read_word_level_file(const std::string& vocab_path, WordLevel::Options options) {
  const std::string source = raven::read_file(vocab_path, "brot.read_word_level_file");
  const json::Document document = json::Document::parse(source, vocab_path);
  return WordLevel::make(vocab_of(document, "brot.read_word_level_file"), std::move(options));
}

ModelPtr read_unigram_file(const std::string& path) {
  const std::string source = raven::read_file(path, "brot.read_unigram_file");
  const json::Document document = json::Document::parse(source, path);
  ModelPtr model = files::read_model(document.root());
  if (model->type() != ModelType::unigram)
    throw Error(ErrorCode::format, "brot.read_unigram_file", raven::Message() << path << ": not a Unigram model");
  return model;
}

ModelPtr read_wordpiece_file(const std::string& vocab_path, WordPiece::Options options) {
  const std::string lines = raven::read_file(vocab_path, "brot.read_wordpiece_file");
  std::vector<Vocabulary::Entry> vocab;
  for (std::string_view rest = lines; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    vocab.emplace_back(line, uint32_t(vocab.size()));
  }
  auto model = WordPiece::make(vocab, std::move(options));
  model->vocabulary().expect_utf8("brot.read_wordpiece_file");
  return model;
}

void save_model_files(const Model& model, const std::string& directory) {
  const fs::path base(directory);
  if (model.type() == ModelType::word_piece) {
    std::string lines;
    for (const auto& [text, id] : model.vocabulary().entries()) lines.append(text).push_back('\n');
    raven::write_atomic((base / "vocab.txt").string(), lines, "brot.save_model_files");
    return;
  }
  if (model.type() == ModelType::unigram) {
    raven::write_atomic((base / "unigram.json").string(), files::write_model(model), "brot.save_model_files");
    return;
  }
  if (model.type() != ModelType::bpe && model.type() != ModelType::word_level)
    throw Error(ErrorCode::unsupported, "brot.save_model_files",
                "only BPE, WordPiece, WordLevel and Unigram have such files");
  json::Writer vocab(false);
  vocab.begin_object();
  for (const auto& [text, id] : model.vocabulary().entries()) vocab.key(text).number(id);
  vocab.end_object();
  raven::write_atomic((base / "vocab.json").string(), vocab.take(), "brot.save_model_files");
  if (model.type() != ModelType::bpe) return;
  std::string lines = "#version: 0.2\n";
  for (const auto& [left, right] : static_cast<const BPE&>(model).merges())
    lines.append(model.vocabulary().text(left)).append(" ").append(model.vocabulary().text(right)).push_back('\n');
  raven::write_atomic((base / "merges.txt").string(), lines, "brot.save_model_files");
}

Tokenizer gpt2_style(ModelPtr model, bool add_prefix_space) {
  Tokenizer tokenizer(std::move(model));
  tokenizer.set_pre_tokenizer(pre_tokenizers::ByteLevel{.add_prefix_space = add_prefix_space});
  tokenizer.set_decoder(decoders::ByteLevel{});
  tokenizer.set_post_processor(post_processors::ByteLevel{.add_prefix_space = true, .trim_offsets = false});
  return tokenizer;
}

Tokenizer llama_style(ModelPtr model, bool legacy, bool add_prefix_space) {
  constexpr const char* metaspace = "\xE2\x96\x81";
  Tokenizer tokenizer(std::move(model));
  if (legacy) {
    normalizers::Sequence chain;
    if (add_prefix_space) chain.normalizers.emplace_back(normalizers::Prepend{metaspace});
    chain.normalizers.emplace_back(normalizers::Replace{" ", metaspace});
    tokenizer.set_normalizer(chain);
  } else {
    const PrependScheme scheme = add_prefix_space ? PrependScheme::first : PrependScheme::never;
    tokenizer.set_pre_tokenizer(pre_tokenizers::Metaspace{.prepend_scheme = scheme, .split = false});
  }
  decoders::Sequence chain{decoders::Replace{metaspace, " "}, decoders::ByteFallback{}, decoders::Fuse{}};
  if (add_prefix_space) chain.decoders.emplace_back(decoders::Strip{U' ', 1, 0});
  tokenizer.set_decoder(chain);
  return tokenizer;
}

Tokenizer bert_style(ModelPtr model, bool lowercase) {
  Tokenizer tokenizer(std::move(model));
  tokenizer.set_normalizer(normalizers::BertNormalizer{.lowercase = lowercase});
  tokenizer.set_pre_tokenizer(pre_tokenizers::BertPreTokenizer{});
  tokenizer.set_decoder(decoders::WordPiece{});
  const auto cls = tokenizer.token_to_id("[CLS]"), sep = tokenizer.token_to_id("[SEP]");
  if (cls && sep) tokenizer.set_post_processor(post_processors::BertProcessing{{"[SEP]", *sep}, {"[CLS]", *cls}});
  std::vector<AddedToken> specials;
  for (const char* token : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})
    if (tokenizer.token_to_id(token)) specials.emplace_back(token, true);
  tokenizer.add_special_tokens(specials);
  return tokenizer;
}

}  // namespace brot
