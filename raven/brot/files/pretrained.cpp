// A directory as models are published in: one of several vocabulary files, and what the configuration says beside it.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>

#include "raven/base/file.hpp"
#include "raven/brot/core/core.hpp"
#include "raven/brot/files/compiled.hpp"
#include "raven/brot/files/json.hpp"
#include "raven/brot/files/load.hpp"
#include "raven/brot/files/sentencepiece.hpp"
#include "raven/brot/files/tiktoken.hpp"

namespace brot {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view operation = "brot.Tokenizer.from_pretrained_dir";

/// The files of a directory.
class Directory {
 public:
  explicit Directory(const std::string& path) : path_(path) {}
  std::string file(std::string_view name) const { return (path_ / name).string(); }
  bool has(std::string_view name) const { return fs::exists(path_ / name); }

 private:
  fs::path path_;
};

/// A JSON file, or an empty value where there is none.
class JsonFile {
 public:
  JsonFile(const Directory& directory, std::string_view name) {
    if (!directory.has(name)) return;
    text_ = raven::read_file(directory.file(name), operation);
    document_ = json::Document::parse(text_, directory.file(name));
    there_ = true;
  }
  json::Value root() const { return there_ ? document_.root() : json::Value(); }
  const std::string& name() const { return document_.name(); }

 private:
  std::string text_;
  json::Document document_;
  bool there_ = false;
};

// --------------------------------------------------------------------------------------------------------- the classes

/// What classes of transformers do where the files are silent.
struct ClassRules {
  std::string_view name;                      // of the class, without `Fast`
  const char* roles[std::size(token_roles)];  // as token_roles; null: none
  enum class Ends : uint8_t {
    none,
    begin,
    end,
    roberta
  } ends;  // begin: add_bos_token is true unless the files say else
};
using Ends = ClassRules::Ends;
constexpr ClassRules classes[] = {
    // bos, eos, unk, pad, cls, sep, mask
    {"LlamaTokenizer", {"<s>", "</s>", "<unk>"}, Ends::begin},
    {"CodeLlamaTokenizer", {"<s>", "</s>", "<unk>"}, Ends::begin},
    {"GemmaTokenizer", {"<bos>", "<eos>", "<unk>", "<pad>"}, Ends::begin},
    {"T5Tokenizer", {nullptr, "</s>", "<unk>", "<pad>"}, Ends::end},
    {"GPT2Tokenizer", {"<|endoftext|>", "<|endoftext|>", "<|endoftext|>"}, Ends::none},
    {"RobertaTokenizer", {"<s>", "</s>", "<unk>", "<pad>", "<s>", "</s>", "<mask>"}, Ends::roberta},
    {"BertTokenizer", {nullptr, nullptr, "[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"}, Ends::none}};

/// Classes that number the pieces of a SentencePiece model anew.
constexpr std::string_view renumbering[] = {"XLMRobertaTokenizer", "MBartTokenizer",     "MBart50Tokenizer",
                                            "NllbTokenizer",       "CamembertTokenizer", "BarthezTokenizer",
                                            "PegasusTokenizer",    "XGLMTokenizer",      "SeamlessM4TTokenizer"};

std::string_view plain_name(std::string_view name) {
  return name.ends_with("Fast") ? name.substr(0, name.size() - 4) : name;
}

const ClassRules* rules_of(std::string_view class_name) {
  const std::string_view name = plain_name(class_name);
  const auto rules =
      std::find_if(std::begin(classes), std::end(classes), [&](const ClassRules& one) { return one.name == name; });
  return rules == std::end(classes) ? nullptr : rules;
}

// ---------------------------------------------------------------------------------------------------- vocabulary files

/// As the class of the configuration arranges a SentencePiece model.
Tokenizer from_sentencepiece(const std::string& path, const TokenizerConfig& config, const json::Value& root) {
  const std::string_view name = plain_name(config.tokenizer_class);
  if (std::find(std::begin(renumbering), std::end(renumbering), name) != std::end(renumbering))
    throw Error(ErrorCode::unsupported, operation,
                raven::Message() << path << ": " << name
                                 << " numbers the pieces of its model anew; save it as tokenizer.json"
                                 << " with transformers first");
  Tokenizer tokenizer = SentencePieceModel::from_file(path).convert();
  const bool llama = name == "LlamaTokenizer" || name == "CodeLlamaTokenizer";
  const bool prefix = config.add_prefix_space.value_or(true), legacy = config.legacy.value_or(true);
  if (llama && (!legacy || !prefix)) {
    const auto added = tokenizer.added_tokens();
    const auto roles = tokenizer.config();
    tokenizer = llama_style(tokenizer.model_pointer(), legacy, prefix);
    std::vector<AddedToken> tokens;
    for (const auto& [id, token] : added) tokens.push_back(token);
    tokenizer.add_tokens(tokens);
    tokenizer.set_config(roles);
  }
  if (name == "T5Tokenizer") {  // <extra_id_0> has the greatest id
    const int64_t count = root["extra_ids"].is(json::Type::number) ? int64_t(root["extra_ids"].number()) : 100;
    std::vector<AddedToken> extra;
    for (int64_t i = count - 1; i >= 0; --i) extra.emplace_back("<extra_id_" + std::to_string(i) + ">", true);
    tokenizer.add_tokens(extra);
  }
  return tokenizer;
}

Tokenizer from_wordpiece(const std::string& path, const json::Value& root) {
  const auto flag = [&](std::string_view key) {
    return root[key].is(json::Type::boolean) ? std::optional<bool>(root[key].boolean()) : std::nullopt;
  };
  const bool lowercase = flag("do_lower_case").value_or(true);
  Tokenizer tokenizer = bert_style(read_wordpiece_file(path), lowercase);
  tokenizer.set_normalizer(
      normalizers::BertNormalizer{.handle_chinese_chars = flag("tokenize_chinese_chars").value_or(true),
                                  .strip_accents = flag("strip_accents"),
                                  .lowercase = lowercase});
  return tokenizer;
}

/// The tokenizer of the first vocabulary file there is. Where the configuration names no class, it gets the one that
/// such a file belongs to.
Tokenizer read_vocabulary(const Directory& directory, TokenizerConfig& config, const json::Value& root,
                          const std::string& path) {
  const auto usual_class = [&](const char* name) {
    if (config.tokenizer_class.empty()) config.tokenizer_class = name;
  };
  if (directory.has("tokenizer.json")) {
    Tokenizer tokenizer = Tokenizer::from_file(directory.file("tokenizer.json"));
    const auto* bytes = tokenizer.pre_tokenizer()
                            ? std::get_if<pre_tokenizers::ByteLevel>(&tokenizer.pre_tokenizer()->kind())
                            : nullptr;
    if (bytes && config.add_prefix_space && bytes->add_prefix_space != *config.add_prefix_space) {
      pre_tokenizers::ByteLevel changed = *bytes;
      changed.add_prefix_space = *config.add_prefix_space;
      tokenizer.set_pre_tokenizer(changed);
    }
    return tokenizer;
  }
  if (directory.has("tekken.json"))
    return read_tekken(raven::read_file(directory.file("tekken.json"), operation), directory.file("tekken.json"));
  for (const char* name : {"tokenizer.model", "spiece.model", "sentencepiece.bpe.model"})
    if (directory.has(name)) return from_sentencepiece(directory.file(name), config, root);
  if (directory.has("vocab.json") && directory.has("merges.txt")) {
    usual_class("GPT2Tokenizer");
    return gpt2_style(read_bpe_files(directory.file("vocab.json"), directory.file("merges.txt")),
                      config.add_prefix_space.value_or(false));
  }
  if (directory.has("vocab.txt")) {
    usual_class("BertTokenizer");
    return from_wordpiece(directory.file("vocab.txt"), root);
  }
  if (directory.has("unigram.json")) return load_any(directory.file("unigram.json"));
  throw Error(ErrorCode::format, operation,
              raven::Message() << path
                               << ": no tokenizer.json, tekken.json, tokenizer.model, vocab.json with merges.txt, "
                               << "vocab.txt or unigram.json in it");
}

// -------------------------------------------------------------------------------------------------------- added tokens

AddedToken added_token(const json::Value& value, bool special) {
  if (value.is(json::Type::string)) return AddedToken(std::string(value.text()), special);
  if (value["special"].is(json::Type::boolean)) special = special || value["special"].boolean();
  AddedToken token(std::string(value["content"].text()), special);
  token.single_word = value["single_word"].boolean();
  token.lstrip = value["lstrip"].boolean();
  token.rstrip = value["rstrip"].boolean();
  if (value["normalized"].is(json::Type::boolean)) token.normalized = value["normalized"].boolean();
  return token;
}

bool is_added(const Tokenizer& tokenizer, const std::string& content) {
  const auto id = tokenizer.token_to_id(content);
  return id && tokenizer.added_tokens().contains(*id);
}

/// Adds tokens by ascending id, and tells where an id comes out another one.
void add_numbered(Tokenizer& tokenizer, std::vector<std::pair<uint64_t, AddedToken>> tokens, std::string_view name) {
  std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<AddedToken> fresh;
  for (const auto& [id, token] : tokens)
    if (!is_added(tokenizer, token.content)) fresh.push_back(token);
  tokenizer.add_tokens(fresh);
  for (const auto& [id, token] : tokens)
    if (const auto known = tokenizer.token_to_id(token.content); known && *known != id)
      raven::warn(raven::Message() << name << ": added token `" << token.content << "` has id " << *known
                                   << ", the file says " << id);
}

uint64_t number_of(std::string_view digits, const json::Value& at, std::string_view name) {
  uint32_t id = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (result.ec != std::errc() || result.ptr != digits.data() + digits.size())
    throw Error(ErrorCode::format, operation, raven::Message() << name << ": got `" << digits << "`, expected an id",
                raven::Message() << "byte " << uint64_t(at.offset()));
  return id;
}

/// Tokens with a role, and further special ones, are special added tokens, with the flags that the file gives them.
void add_roles(Tokenizer& tokenizer, const json::Value& root) {
  std::vector<AddedToken> tokens;
  const auto add = [&](const json::Value& value) {
    if (!value.is(json::Type::string) && !value["content"].is(json::Type::string)) return;
    AddedToken token = added_token(value, true);
    // A bare text does not change the flags of a token that is there.
    if (value.is(json::Type::object) || !is_added(tokenizer, token.content)) tokens.push_back(std::move(token));
  };
  for (const auto& [key, member] : token_roles) add(root[key]);
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"})
    for (const json::Value token : root[key]) add(token);
  tokenizer.add_special_tokens(tokens);
}

// ------------------------------------------------------------------------------------------------------ post-processor

/// Beginning and end tokens around each text.
void set_ends(Tokenizer& tokenizer, const TokenizerConfig& config, bool bos, bool eos) {
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
  if (specials.size() == 2 && specials[0].id == specials[1].id) specials.pop_back();
  tokenizer.set_post_processor(post_processors::TemplateProcessing::from_strings(single, pair, specials));
}

void arrange_ends(Tokenizer& tokenizer, const TokenizerConfig& config, bool from_json) {
  const ClassRules* rules = rules_of(config.tokenizer_class);
  if (!rules) return;
  if (rules->ends == Ends::begin) {
    const bool told = config.add_bos_token || config.add_eos_token;
    if (told || !tokenizer.post_processor())
      set_ends(tokenizer, config, config.add_bos_token.value_or(true), config.add_eos_token.value_or(false));
    return;
  }
  if (from_json) return;
  const auto special = [&](const std::optional<std::string>& token) {
    const auto id = token ? tokenizer.token_to_id(*token) : std::nullopt;
    return id ? std::optional<post_processors::Special>({*token, *id}) : std::nullopt;
  };
  if (const auto eos = special(config.eos_token); eos && rules->ends == Ends::end)
    tokenizer.set_post_processor(post_processors::TemplateProcessing::from_strings(
        "$A:0 " + eos->first + ":0", "$A:0 " + eos->first + ":0 $B:0 " + eos->first + ":0",
        {{eos->first, {eos->second}, {eos->first}}}));
  const auto sep = special(config.sep_token), cls = special(config.cls_token);
  if (rules->ends == Ends::roberta && sep && cls)
    tokenizer.set_post_processor(
        post_processors::RobertaProcessing{*sep, *cls, true, config.add_prefix_space.value_or(false)});
}

}  // namespace

Tokenizer Tokenizer::from_pretrained_dir(const std::string& path) {
  const Directory directory(path);
  const JsonFile settings(directory, "tokenizer_config.json"), map(directory, "special_tokens_map.json"),
      numbered(directory, "added_tokens.json");
  TokenizerConfig config = files::read_config(settings.root());
  Tokenizer tokenizer = read_vocabulary(directory, config, settings.root(), path);

  // Roles: of the configuration, of the older file, of the vocabulary file, of the class.
  const TokenizerConfig older = files::read_config(map.root()), own = tokenizer.config();
  const ClassRules* rules = rules_of(config.tokenizer_class);
  for (size_t i = 0; i < std::size(token_roles); ++i) {
    const auto member = token_roles[i].second;
    for (const TokenizerConfig* from : {&older, &own})
      if (!(config.*member)) config.*member = from->*member;
    const char* usual = rules ? rules->roles[i] : nullptr;
    if (!(config.*member) && usual && tokenizer.token_to_id(usual)) config.*member = usual;
  }
  for (const std::string& token : older.additional_special_tokens)
    if (std::find(config.additional_special_tokens.begin(), config.additional_special_tokens.end(), token) ==
        config.additional_special_tokens.end())
      config.additional_special_tokens.push_back(token);

  // Added tokens, those with a known id first.
  std::vector<std::pair<uint64_t, AddedToken>> tokens;
  const auto is_special = [&](const std::string& content) {
    const auto& more = config.additional_special_tokens;
    if (std::find(more.begin(), more.end(), content) != more.end()) return true;
    return std::any_of(std::begin(token_roles), std::end(token_roles),
                       [&](const auto& role) { return config.*role.second == content; });
  };
  for (const json::Value id : numbered.root()) {
    const std::string content(id.key());
    tokens.emplace_back(number_of(id.text(), id, numbered.name()), AddedToken(content, is_special(content)));
  }
  add_numbered(tokenizer, std::move(tokens), numbered.name());
  tokens.clear();
  for (const json::Value token : settings.root()["added_tokens_decoder"])
    if (token["content"].is(json::Type::string))
      tokens.emplace_back(number_of(token.key(), token, settings.name()), added_token(token, false));
  add_numbered(tokenizer, std::move(tokens), settings.name());
  add_roles(tokenizer, map.root());
  add_roles(tokenizer, settings.root());
  std::vector<AddedToken> usual;
  for (const auto& [key, member] : token_roles)
    if (config.*member && !is_added(tokenizer, *(config.*member))) usual.emplace_back(*(config.*member), true);
  tokenizer.add_special_tokens(usual);

  if (directory.has("chat_template.jinja"))
    config.chat_templates["default"] = raven::read_file(directory.file("chat_template.jinja"), operation);
  arrange_ends(tokenizer, config, directory.has("tokenizer.json"));
  const auto direction_of = [](const std::string& side) { return side == "left" ? Direction::left : Direction::right; };
  if (config.padding_side && tokenizer.padding()) {
    Padding padding = *tokenizer.padding();
    padding.direction = direction_of(*config.padding_side);
    tokenizer.set_padding(padding);
  }
  if (config.truncation_side && tokenizer.truncation()) {
    Truncation truncation = *tokenizer.truncation();
    truncation.direction = direction_of(*config.truncation_side);
    tokenizer.set_truncation(truncation);
  }
  tokenizer.set_config(std::move(config));
  return tokenizer;
}

}  // namespace brot
