#pragma once
// Ready arrangements around a model, equal to the classes of these names in HuggingFace's Python package. The model may
// be empty and be trained later.
#include <optional>
#include <string>

#include "raven/brot/core/tokenizer.hpp"

namespace brot::presets {

/// A Unicode normalization form.
enum class Form : uint8_t { NFC, NFD, NFKC, NFKD };

struct ByteLevelBpeOptions {
  bool add_prefix_space = false;
  bool lowercase = false;
  std::optional<Form> unicode_normalizer = {};
  bool trim_offsets = false;
};
/// GPT-2's arrangement.
RAVEN_API Tokenizer byte_level_bpe(ModelPtr model, const ByteLevelBpeOptions& options = {});

struct CharBpeOptions {
  std::string unk_token = "<unk>";
  std::string suffix = "</w>";
  bool lowercase = false;
  std::optional<Form> unicode_normalizer = {};
  bool bert_normalizer = true;
  bool split_on_whitespace_only = false;
};
/// The first BPE tokenizers: characters, words end in a suffix. The model brings its own end_of_word_suffix.
RAVEN_API Tokenizer char_bpe(ModelPtr model, const CharBpeOptions& options = {});

struct SentencePieceOptions {
  std::string unk_token = "<unk>";  ///< BPE only
  char32_t replacement = U'\u2581';
  bool add_prefix_space = true;
};
RAVEN_API Tokenizer sentencepiece_bpe(ModelPtr model, const SentencePieceOptions& options = {});
RAVEN_API Tokenizer sentencepiece_unigram(ModelPtr model, const SentencePieceOptions& options = {});

struct BertWordPieceOptions {
  std::string unk_token = "[UNK]", sep_token = "[SEP]", cls_token = "[CLS]", pad_token = "[PAD]", mask_token = "[MASK]";
  bool clean_text = true;
  bool handle_chinese_chars = true;
  std::optional<bool> strip_accents = {};  ///< by default as `lowercase`
  bool lowercase = true;
  std::string wordpieces_prefix = "##";
};
/// @throws brot::Error (vocabulary) when a vocabulary that is not empty lacks sep_token or cls_token
RAVEN_API Tokenizer bert_word_piece(ModelPtr model, const BertWordPieceOptions& options = {});

/// ByT5: an id per byte behind pad, eos and unk, `</s>` at the end, and tokens `<extra_id_0>` … behind the bytes. Bytes
/// that are no UTF-8 are decoded to U+FFFD, where transformers leaves them out; text that ends in `</s>` gets another
/// one.
RAVEN_API Tokenizer byt5(size_t extra_ids = 125);

/// A token per character, white space and line ends included; for the model of CharTrainer, or all_characters.
RAVEN_API Tokenizer characters(ModelPtr model);
/// Every character of Unicode, its code point the id; `unk_token` comes behind them.
RAVEN_API ModelPtr all_characters(const std::string& unk_token = "<unk>");

}  // namespace brot::presets
