#include "raven/brot/files/gguf.hpp"

#include <algorithm>

#include "raven/brot/files/config.hpp"
#include "raven/brot/files/sentencepiece.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/word_models.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

using Type = SentencePieceModel::PieceType;

constexpr std::string_view metaspace = "\xE2\x96\x81";

constexpr std::string_view gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view llama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view o200k =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Names of `tokenizer.ggml.pre` and their patterns.
constexpr std::pair<std::string_view, std::string_view> patterns[] = {
    {"", gpt2},           {"default", gpt2},           {"gpt-2", gpt2},       {"phi-2", gpt2},  {"llama-bpe", llama3},
    {"llama3", llama3},   {"llama-v3", llama3},        {"smaug-bpe", llama3}, {"dbrx", llama3}, {"qwen2", qwen2},
    {"stablelm2", qwen2}, {"deepseek-r1-qwen", qwen2}, {"gpt-4o", o200k},     {"llama4", o200k}};

}  // namespace

Tokenizer read_gguf_vocabulary(const GgufVocabulary& gguf) {
  const auto fail = [](std::string_view what) { throw Error(ErrorCode::format, "brot.read_gguf_vocabulary", what); };
  const size_t size = gguf.tokens.size();
  if (size == 0) fail("tokenizer.ggml.tokens is empty");
  if (!gguf.token_types.empty() && gguf.token_types.size() != size)
    fail(raven::Message() << "got " << gguf.token_types.size() << " token types for " << size << " tokens");
  if (!gguf.scores.empty() && gguf.scores.size() != size)
    fail(raven::Message() << "got " << gguf.scores.size() << " scores for " << size << " tokens");
  for (size_t id = 0; id < size; ++id)
    if (!unicode::is_valid(gguf.tokens[id])) fail(raven::Message() << "token " << id << " is no UTF-8");
  const auto type_of = [&](size_t id) {
    const int32_t type = gguf.token_types.empty() ? 1 : gguf.token_types[id];
    return type >= 1 && type <= 6 ? Type(type) : Type::normal;
  };
  std::optional<Tokenizer> tokenizer;
  if (gguf.model == "gpt2") {
    const auto pattern =
        std::find_if(std::begin(patterns), std::end(patterns), [&](const auto& one) { return one.first == gguf.pre; });
    if (pattern == std::end(patterns)) fail(raven::Message() << "unknown tokenizer.ggml.pre `" << gguf.pre << "`");
    std::vector<Vocabulary::Entry> entries;
    for (uint32_t id = 0; id < size; ++id) entries.emplace_back(gguf.tokens[id], id);
    std::vector<BPE::MergeView> merges;
    for (const std::string& merge : gguf.merges) {
      const size_t space = merge.find(' ', 1);
      if (space == std::string::npos)
        fail(raven::Message() << "merge `" << merge << "`: expected two tokens and a space");
      merges.emplace_back(std::string_view(merge).substr(0, space), std::string_view(merge).substr(space + 1));
    }
    BpeOptions options;
    options.ignore_merges = pattern->second == llama3;
    tokenizer.emplace(BPE::make(entries, merges, options));
    tokenizer->set_pre_tokenizer(pre_tokenizers::Sequence{
        pre_tokenizers::Split{Pattern::regex(std::string(pattern->second)), SplitBehavior::Isolated, false},
        pre_tokenizers::ByteLevel{false, true, false}});
    tokenizer->set_decoder(decoders::ByteLevel{});
  } else if (gguf.model == "llama" || gguf.model == "t5") {
    SentencePieceModel model;
    model.algorithm = gguf.model == "t5" ? SentencePieceModel::Algorithm::unigram : SentencePieceModel::Algorithm::bpe;
    for (size_t id = 0; id < size; ++id) {
      model.pieces.push_back({gguf.tokens[id], gguf.scores.empty() ? 0 : gguf.scores[id], type_of(id)});
      model.byte_fallback = model.byte_fallback || type_of(id) == Type::byte;
    }
    if (!model.unk_id() && gguf.unknown_token_id && *gguf.unknown_token_id < size)
      model.pieces[*gguf.unknown_token_id].type = Type::unknown;
    model.normalization.charsmap.assign(gguf.precompiled_charsmap.begin(), gguf.precompiled_charsmap.end());
    model.normalization.add_dummy_prefix = gguf.add_space_prefix;
    model.normalization.remove_extra_whitespaces = gguf.model == "t5";
    tokenizer.emplace(model.native());
    // Control tokens are added tokens here: whether they are decoded is the caller's choice.
    auto decoder = std::get<decoders::Spm>(tokenizer->decoder()->kind());
    decoder.controls.clear();
    decoder.unk_piece.clear();
    tokenizer->set_decoder(std::move(decoder));
  } else if (gguf.model == "bert") {
    // Words begin with ▁; the pieces inside words are bare.
    std::vector<std::string> texts;
    texts.reserve(size);
    std::vector<Vocabulary::Entry> entries;
    for (size_t id = 0; id < size; ++id) {
      const std::string& token = gguf.tokens[id];
      if (type_of(id) == Type::control || token.starts_with('['))
        texts.push_back(token);
      else
        texts.push_back(token.starts_with(metaspace) ? token.substr(metaspace.size()) : "##" + token);
    }
    for (uint32_t id = 0; id < size; ++id) entries.emplace_back(texts[id], id);
    tokenizer.emplace(WordPiece::make(entries, {}));
    tokenizer->set_normalizer(normalizers::BertNormalizer{});
    tokenizer->set_pre_tokenizer(pre_tokenizers::BertPreTokenizer{});
    tokenizer->set_decoder(decoders::WordPiece{});
  } else {
    fail(raven::Message() << "unknown tokenizer.ggml.model `" << gguf.model << "`");
  }
  std::vector<AddedToken> controls, user;
  for (size_t id = 0; id < size; ++id) {
    if (type_of(id) == Type::control || type_of(id) == Type::unknown) controls.emplace_back(gguf.tokens[id], true);
    if (type_of(id) == Type::user_defined) {
      user.emplace_back(gguf.tokens[id]);
      user.back().normalized = false;
    }
  }
  tokenizer->add_special_tokens(controls);
  tokenizer->add_tokens(user);
  const auto text_of = [&](std::optional<uint32_t> id) {
    return id && *id < size ? std::optional<std::string>(gguf.tokens[*id]) : std::nullopt;
  };
  TokenizerConfig config;
  config.bos_token = text_of(gguf.bos_token_id);
  config.eos_token = text_of(gguf.eos_token_id);
  config.unk_token = text_of(gguf.unknown_token_id);
  config.pad_token = text_of(gguf.padding_token_id);
  config.add_bos_token = gguf.add_bos_token;
  config.add_eos_token = gguf.add_eos_token;
  if (!gguf.chat_template.empty()) config.chat_templates["default"] = gguf.chat_template;
  std::vector<post_processors::TemplatePiece> single, pair;
  std::vector<post_processors::TemplateSpecial> specials;
  using Kind = post_processors::TemplatePiece::Kind;
  const auto special = [&](std::optional<uint32_t> id, uint32_t type, std::vector<post_processors::TemplatePiece>& to) {
    if (!id || *id >= size) return;
    to.push_back({Kind::special, gguf.tokens[*id], type});
    specials.push_back({gguf.tokens[*id], {*id}, {gguf.tokens[*id]}});
  };
  for (const uint32_t side : {0u, 1u}) {
    std::vector<post_processors::TemplatePiece> part;
    if (gguf.add_bos_token) special(gguf.bos_token_id, side, part);
    part.push_back({side == 0 ? Kind::sequence_a : Kind::sequence_b, {}, side});
    if (gguf.add_eos_token) special(gguf.eos_token_id, side, part);
    if (side == 0) single = part;
    pair.insert(pair.end(), part.begin(), part.end());
  }
  if (gguf.add_bos_token || gguf.add_eos_token) {
    std::sort(specials.begin(), specials.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    specials.erase(
        std::unique(specials.begin(), specials.end(), [](const auto& a, const auto& b) { return a.id == b.id; }),
        specials.end());
    tokenizer->set_post_processor(post_processors::TemplateProcessing{single, pair, specials});
  }
  tokenizer->set_config(std::move(config));
  return *tokenizer;
}

}  // namespace brot
