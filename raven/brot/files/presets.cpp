#include "raven/brot/files/presets.hpp"

#include "raven/brot/core/error.hpp"
#include "raven/brot/files/config.hpp"
#include "raven/brot/models/word_models.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::presets {

namespace {

Normalizer normalizer_of(Form form) {
  switch (form) {
    case Form::NFC: return normalizers::NFC{};
    case Form::NFD: return normalizers::NFD{};
    case Form::NFKC: return normalizers::NFKC{};
    case Form::NFKD: return normalizers::NFKD{};
  }
  return normalizers::NFC{};
}

/// None, the one, or a sequence.
void set_normalizers(Tokenizer& tokenizer, std::vector<Normalizer> list) {
  if (list.size() == 1) tokenizer.set_normalizer(std::move(list[0]));
  if (list.size() > 1) tokenizer.set_normalizer(normalizers::Sequence(std::move(list)));
}

void add_special_if_known(Tokenizer& tokenizer, const std::string& token) {
  if (tokenizer.token_to_id(token)) tokenizer.add_special_tokens({AddedToken(token, true)});
}

void set_metaspace(Tokenizer& tokenizer, const SentencePieceOptions& options) {
  const PrependScheme scheme = options.add_prefix_space ? PrependScheme::always : PrependScheme::never;
  tokenizer.set_pre_tokenizer(pre_tokenizers::Metaspace{.replacement = options.replacement, .prepend_scheme = scheme});
  tokenizer.set_decoder(decoders::Metaspace{.replacement = options.replacement, .prepend_scheme = scheme});
}

}  // namespace

Tokenizer byte_level_bpe(ModelPtr model, const ByteLevelBpeOptions& options) {
  Tokenizer tokenizer(std::move(model));
  std::vector<Normalizer> list;
  if (options.unicode_normalizer) list.push_back(normalizer_of(*options.unicode_normalizer));
  if (options.lowercase) list.emplace_back(normalizers::Lowercase{});
  set_normalizers(tokenizer, std::move(list));
  tokenizer.set_pre_tokenizer(pre_tokenizers::ByteLevel{.add_prefix_space = options.add_prefix_space});
  tokenizer.set_decoder(decoders::ByteLevel{});
  tokenizer.set_post_processor(post_processors::ByteLevel{.trim_offsets = options.trim_offsets});
  return tokenizer;
}

Tokenizer char_bpe(ModelPtr model, const CharBpeOptions& options) {
  Tokenizer tokenizer(std::move(model));
  add_special_if_known(tokenizer, options.unk_token);
  std::vector<Normalizer> list;
  if (options.unicode_normalizer) list.push_back(normalizer_of(*options.unicode_normalizer));
  if (options.bert_normalizer) list.emplace_back(normalizers::BertNormalizer{.lowercase = false});
  if (options.lowercase) list.emplace_back(normalizers::Lowercase{});
  set_normalizers(tokenizer, std::move(list));
  if (options.split_on_whitespace_only) {
    tokenizer.set_pre_tokenizer(pre_tokenizers::WhitespaceSplit{});
  } else {
    tokenizer.set_pre_tokenizer(pre_tokenizers::BertPreTokenizer{});
  }
  tokenizer.set_decoder(decoders::BPEDecoder{options.suffix});
  return tokenizer;
}

Tokenizer sentencepiece_bpe(ModelPtr model, const SentencePieceOptions& options) {
  Tokenizer tokenizer(std::move(model));
  add_special_if_known(tokenizer, options.unk_token);
  tokenizer.set_normalizer(normalizers::NFKC{});
  set_metaspace(tokenizer, options);
  return tokenizer;
}

Tokenizer sentencepiece_unigram(ModelPtr model, const SentencePieceOptions& options) {
  Tokenizer tokenizer(std::move(model));
  tokenizer.set_normalizer(normalizers::Sequence{normalizers::Nmt{}, normalizers::NFKC{},
                                                 normalizers::Replace{Pattern::regex(" {2,}"), " "}});
  set_metaspace(tokenizer, options);
  return tokenizer;
}

Tokenizer bert_word_piece(ModelPtr model, const BertWordPieceOptions& options) {
  Tokenizer tokenizer(std::move(model));
  for (const std::string* token :
       {&options.unk_token, &options.sep_token, &options.cls_token, &options.pad_token, &options.mask_token})
    add_special_if_known(tokenizer, *token);
  tokenizer.set_normalizer(normalizers::BertNormalizer{.clean_text = options.clean_text,
                                                       .handle_chinese_chars = options.handle_chinese_chars,
                                                       .strip_accents = options.strip_accents,
                                                       .lowercase = options.lowercase});
  tokenizer.set_pre_tokenizer(pre_tokenizers::BertPreTokenizer{});
  if (!tokenizer.model().vocabulary().empty()) {
    const auto id_of = [&](const std::string& token) {
      const auto id = tokenizer.token_to_id(token);
      if (!id)
        throw Error(ErrorCode::vocabulary, "brot.presets.bert_word_piece",
                    raven::Message() << "`" << token << "` is not in the vocabulary");
      return *id;
    };
    tokenizer.set_post_processor(post_processors::BertProcessing{{options.sep_token, id_of(options.sep_token)},
                                                                 {options.cls_token, id_of(options.cls_token)}});
  }
  tokenizer.set_decoder(decoders::WordPiece{.prefix = options.wordpieces_prefix});
  return tokenizer;
}

Tokenizer byt5(size_t extra_ids) {
  const std::vector<std::string> specials{"<pad>", "</s>", "<unk>"};
  Tokenizer tokenizer(ByteModel::make(3, specials));
  std::vector<AddedToken> tokens;
  for (const std::string& text : specials) {
    AddedToken& token = tokens.emplace_back(text, true);
    token.lstrip = token.rstrip = true;
  }
  for (size_t i = 0; i < extra_ids; ++i) tokens.emplace_back("<extra_id_" + std::to_string(i) + ">", true);
  tokenizer.add_special_tokens(tokens);
  tokenizer.set_post_processor(
      post_processors::TemplateProcessing::from_strings("$A </s>", "$A </s> $B </s>", {{"</s>", {1}, {"</s>"}}}));
  tokenizer.set_decoder(decoders::Sequence{decoders::ByteFallback{}, decoders::Fuse{}});
  TokenizerConfig config;
  config.pad_token = "<pad>";
  config.eos_token = "</s>";
  config.unk_token = "<unk>";
  tokenizer.set_config(config);
  return tokenizer;
}

Tokenizer characters(ModelPtr model) {
  Tokenizer tokenizer(std::move(model));
  tokenizer.set_pre_tokenizer(
      pre_tokenizers::Split{.pattern = Pattern::regex("(?m:.)"), .behavior = SplitBehavior::Isolated});
  tokenizer.set_decoder(decoders::Fuse{});
  return tokenizer;
}

ModelPtr all_characters(const std::string& unk_token) {
  VocabList vocab;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c == 0xD800) c = 0xE000;  // no characters
    std::string text;
    unicode::append(text, c);
    vocab.emplace_back(std::move(text), uint32_t(c));
  }
  vocab.emplace_back(unk_token, 0x110000);
  return WordLevel::make(vocab, {.unk_token = unk_token});
}

}  // namespace brot::presets
