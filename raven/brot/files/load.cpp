#include "raven/brot/files/load.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "raven/base/file.hpp"
#include "raven/brot/core/core.hpp"
#include "raven/brot/files/compiled.hpp"
#include "raven/brot/files/json.hpp"
#include "raven/brot/files/sentencepiece.hpp"
#include "raven/brot/files/tiktoken.hpp"

namespace brot {

namespace {

namespace fs = std::filesystem;

AddedToken added_token(const json::Value& value) {
  AddedToken token(std::string(value["content"].text()), value["special"].boolean());
  token.single_word = value["single_word"].boolean();
  token.lstrip = value["lstrip"].boolean();
  token.rstrip = value["rstrip"].boolean();
  if (value["normalized"].is(json::Type::boolean)) token.normalized = value["normalized"].boolean();
  return token;
}

// Llama's and Gemma's tokenizers put their beginning and end tokens in by flags of the configuration.
void rebuild_post_processor(Tokenizer& tokenizer, const TokenizerConfig& config) {
  const bool family = config.tokenizer_class.starts_with("Llama") || config.tokenizer_class.starts_with("CodeLlama") ||
                      config.tokenizer_class.starts_with("Gemma");
  if (!family || (!config.add_bos_token && !config.add_eos_token)) return;
  const bool bos = config.add_bos_token.value_or(true), eos = config.add_eos_token.value_or(false);
  std::vector<post_processors::TemplateSpecial> specials;
  std::string single, pair;
  for (const char* side : {"$A:0", "$B:1"}) {
    const std::string type(1, side[3]);
    std::string part;
    const auto add = [&](const std::optional<std::string>& token) {
      const auto id = token ? tokenizer.token_to_id(*token) : std::nullopt;
      if (!id) return;
      part += (part.empty() ? "" : " ") + *token + ":" + type;
      if (type == "0") specials.push_back({*token, {*id}, {*token}});
    };
    if (bos) add(config.bos_token);
    part += std::string(part.empty() ? "" : " ") + side;
    if (eos) add(config.eos_token);
    if (type == "0") single = part;
    pair += (pair.empty() ? "" : " ") + part;
  }
  tokenizer.set_post_processor(post_processors::TemplateProcessing::from_strings(single, pair, specials));
}

}  // namespace

Tokenizer Tokenizer::from_pretrained_dir(const std::string& path) {
  const fs::path directory(path);
  const auto file = [&](const char* name) { return (directory / name).string(); };
  const auto there = [&](const char* name) { return fs::exists(directory / name); };
  std::optional<Tokenizer> tokenizer;
  if (there("tokenizer.json")) {
    tokenizer.emplace(from_file(file("tokenizer.json")));
  } else if (there("tekken.json")) {
    const std::string text = raven::read_file(file("tekken.json"));
    tokenizer.emplace(read_tekken(text));
  } else if (there("tokenizer.model") || there("spiece.model") || there("sentencepiece.bpe.model")) {
    for (const char* name : {"tokenizer.model", "spiece.model", "sentencepiece.bpe.model"})
      if (!tokenizer && there(name)) tokenizer.emplace(SentencePieceModel::from_file(file(name)).convert());
  } else if (there("vocab.json") && there("merges.txt")) {
    tokenizer.emplace(gpt2_style(read_bpe_files(file("vocab.json"), file("merges.txt"))));
  } else if (there("vocab.txt")) {
    tokenizer.emplace(bert_style(read_wordpiece_file(file("vocab.txt"))));
  } else {
    throw Error(
        ErrorCode::format, "brot.Tokenizer.from_pretrained_dir",
        raven::Message() << path << ": no tokenizer.json, tekken.json, tokenizer.model, vocab.json or vocab.txt in it");
  }
  if (there("added_tokens.json")) {
    const std::string text = raven::read_file(file("added_tokens.json"));
    const json::Document document = json::Document::parse(text, "added_tokens.json");
    std::vector<std::pair<double, AddedToken>> tokens;
    for (const json::Value id : document.root()) tokens.emplace_back(id.number(), AddedToken(std::string(id.key())));
    std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<AddedToken> fresh;
    for (auto& [id, token] : tokens)
      if (!tokenizer->added_tokens().contains(tokenizer->token_to_id(token.content).value_or(~uint32_t{0})))
        fresh.push_back(token);
    tokenizer->add_tokens(fresh);
  }
  TokenizerConfig config;
  if (there("tokenizer_config.json")) {
    const std::string text = raven::read_file(file("tokenizer_config.json"));
    const json::Document document = json::Document::parse(text, "tokenizer_config.json");
    config = files::read_config(document.root());
    std::vector<AddedToken> added;
    for (const json::Value token : document.root()["added_tokens_decoder"])
      if (token["content"].is(json::Type::string)) added.push_back(added_token(token));
    std::erase_if(added, [&](const AddedToken& token) {
      const auto id = tokenizer->token_to_id(token.content);
      return id && tokenizer->added_tokens().contains(*id);
    });
    tokenizer->add_tokens(added);
  }
  if (there("special_tokens_map.json")) {
    const std::string text = raven::read_file(file("special_tokens_map.json"));
    const json::Document document = json::Document::parse(text, "special_tokens_map.json");
    const TokenizerConfig roles = files::read_config(document.root());
    const auto fill = [](std::optional<std::string>& to, const std::optional<std::string>& from) {
      if (!to) to = from;
    };
    fill(config.bos_token, roles.bos_token);
    fill(config.eos_token, roles.eos_token);
    fill(config.unk_token, roles.unk_token);
    fill(config.pad_token, roles.pad_token);
    fill(config.cls_token, roles.cls_token);
    fill(config.sep_token, roles.sep_token);
    fill(config.mask_token, roles.mask_token);
  }
  if (there("chat_template.jinja")) config.chat_templates["default"] = raven::read_file(file("chat_template.jinja"));
  rebuild_post_processor(*tokenizer, config);
  tokenizer->set_config(std::move(config));
  return *tokenizer;
}

Tokenizer load_any(const std::string& path) {
  if (fs::is_directory(path)) return Tokenizer::from_pretrained_dir(path);
  const fs::path file(path);
  const std::string extension = file.extension().string();
  if (extension == ".brot") return Tokenizer::from_compiled(path);
  if (extension == ".tiktoken") return Tiktoken::from_file(path, file.stem().string()).tokenizer();
  if (extension == ".model") return SentencePieceModel::from_file(path).native();
  if (extension == ".txt") return bert_style(read_wordpiece_file(path));
  if (file.filename() == "tekken.json") return read_tekken(raven::read_file(path), path);
  return Tokenizer::from_file(path);
}

ModelPtr read_bpe_files(const std::string& vocab_path, const std::string& merges_path, BpeOptions options) {
  const std::string source = raven::read_file(vocab_path, "brot.read_bpe_files");
  const json::Document document = json::Document::parse(source, vocab_path);
  std::vector<Vocabulary::Entry> vocab;
  for (const json::Value id : document.root()) {
    uint32_t number = 0;
    const std::string_view digits = id.text();
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (!id.is(json::Type::number) || result.ec != std::errc() || result.ptr != digits.data() + digits.size())
      throw Error(ErrorCode::format, "brot.read_bpe_files",
                  raven::Message() << vocab_path << ": token `" << id.key() << "` has no id",
                  raven::Message() << "byte " << uint64_t(id.offset()));
    vocab.emplace_back(id.key(), number);
  }
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
  if (model.type() != ModelType::bpe && model.type() != ModelType::word_level)
    throw Error(ErrorCode::unsupported, "brot.save_model_files", "only BPE, WordPiece and WordLevel have such files");
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

Tokenizer llama_style(ModelPtr model, bool legacy) {
  Tokenizer tokenizer(std::move(model));
  if (legacy) {
    tokenizer.set_normalizer(
        normalizers::Sequence{normalizers::Prepend{"\xE2\x96\x81"}, normalizers::Replace{" ", "\xE2\x96\x81"}});
  } else {
    tokenizer.set_pre_tokenizer(pre_tokenizers::Metaspace{.prepend_scheme = PrependScheme::first, .split = false});
  }
  tokenizer.set_decoder(decoders::Sequence{decoders::Replace{"\xE2\x96\x81", " "}, decoders::ByteFallback{},
                                           decoders::Fuse{}, decoders::Strip{U' ', 1, 0}});
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
