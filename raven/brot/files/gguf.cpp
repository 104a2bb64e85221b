#include "raven/brot/files/gguf.hpp"

#include <algorithm>

#include "raven/brot/files/config.hpp"
#include "raven/brot/files/gguf_patterns.hpp"
#include "raven/brot/files/sentencepiece.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/word_models.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

using Type = SentencePieceModel::PieceType;

constexpr std::string_view metaspace = "\xE2\x96\x81";

/// Beginning and end tokens around each text.
std::optional<PostProcessor> ends(const GgufVocabulary& gguf, bool add_bos, bool add_eos) {
  if (!add_bos && !add_eos) return std::nullopt;
  std::vector<post_processors::TemplatePiece> single, pair;
  std::vector<post_processors::TemplateSpecial> specials;
  using Kind = post_processors::TemplatePiece::Kind;
  const auto special = [&](std::optional<uint32_t> id, uint32_t type, std::vector<post_processors::TemplatePiece>& to) {
    if (!id || *id >= gguf.tokens.size()) return;
    to.push_back({Kind::special, gguf.tokens[*id], type});
    specials.push_back({gguf.tokens[*id], {*id}, {gguf.tokens[*id]}});
  };
  for (const uint32_t side : {0u, 1u}) {
    std::vector<post_processors::TemplatePiece> part;
    if (add_bos) special(gguf.bos_token_id, side, part);
    part.push_back({side == 0 ? Kind::sequence_a : Kind::sequence_b, {}, side});
    if (add_eos) special(gguf.eos_token_id, side, part);
    if (side == 0) single = part;
    pair.insert(pair.end(), part.begin(), part.end());
  }
  std::sort(specials.begin(), specials.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  specials.erase(
      std::unique(specials.begin(), specials.end(), [](const auto& a, const auto& b) { return a.id == b.id; }),
      specials.end());
  return post_processors::TemplateProcessing{single, pair, specials};
}

/// [CLS] and [SEP]: by their ids, as older files name them (bos, eos), or by their usual texts. Sets the roles.
std::optional<PostProcessor> bert_ends(const Tokenizer& tokenizer, const GgufVocabulary& gguf,
                                       TokenizerConfig& config) {
  const auto find = [&](std::optional<std::string>& role, const std::optional<std::string>& older, const char* usual) {
    if (!role) role = older;
    if (!role && tokenizer.token_to_id(usual)) role = usual;
  };
  find(config.cls_token, config.bos_token, "[CLS]");
  find(config.sep_token, config.eos_token, "[SEP]");
  find(config.mask_token, std::nullopt, "[MASK]");
  find(config.pad_token, std::nullopt, "[PAD]");
  find(config.unk_token, std::nullopt, "[UNK]");
  if (gguf.add_bos_token == false && gguf.add_sep_token == false) return std::nullopt;
  const auto cls = config.cls_token ? tokenizer.token_to_id(*config.cls_token) : std::nullopt;
  const auto sep = config.sep_token ? tokenizer.token_to_id(*config.sep_token) : std::nullopt;
  if (!cls || !sep)
    throw Error(ErrorCode::vocabulary, "brot.read_gguf_vocabulary", "a bert vocabulary needs [CLS] and [SEP]");
  return post_processors::BertProcessing{{*config.sep_token, *sep}, {*config.cls_token, *cls}};
}

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
  bool add_bos = gguf.add_bos_token.value_or(gguf.model == "llama");
  const bool add_eos = gguf.add_eos_token.value_or(gguf.model == "t5");
  if (gguf.model == "gpt2") {
    const GgufPattern* pattern = find_gguf_pattern(gguf.pre.empty() ? "default" : gguf.pre);
    if (!pattern) fail(raven::Message() << "unknown tokenizer.ggml.pre `" << gguf.pre << "`");
    add_bos = gguf.add_bos_token.value_or(pattern->add_bos);
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
    options.ignore_merges = pattern->ignore_merges;
    tokenizer.emplace(BPE::make(entries, merges, options));
    pre_tokenizers::Sequence chain;
    for (const std::string_view split : pattern->splits)
      if (!split.empty())
        chain.pretokenizers.emplace_back(
            pre_tokenizers::Split{Pattern::regex(std::string(split)), SplitBehavior::Isolated, false});
    chain.pretokenizers.emplace_back(pre_tokenizers::ByteLevel{false, true, false});
    tokenizer->set_pre_tokenizer(std::move(chain));
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
    model.normalization.add_dummy_prefix = gguf.add_space_prefix.value_or(true);
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
  config.cls_token = text_of(gguf.cls_token_id);
  config.sep_token = text_of(gguf.seperator_token_id);
  config.mask_token = text_of(gguf.mask_token_id);
  config.add_bos_token = add_bos;
  config.add_eos_token = add_eos;
  const auto post_processor = gguf.model == "bert" ? bert_ends(*tokenizer, gguf, config) : ends(gguf, add_bos, add_eos);
  if (post_processor) tokenizer->set_post_processor(*post_processor);
  if (!gguf.chat_template.empty()) config.chat_templates["default"] = gguf.chat_template;
  tokenizer->set_config(std::move(config));
  return *tokenizer;
}

}  // namespace brot
