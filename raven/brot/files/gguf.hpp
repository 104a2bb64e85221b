#pragma once
// Vocabularies of GGUF files.
#include <optional>
#include <string>
#include <vector>

#include "raven/brot/core/tokenizer.hpp"

namespace brot {

/// The `tokenizer.ggml.*` values of a GGUF file; the container is read elsewhere.
struct GgufVocabulary {
  std::string model;  ///< gpt2, llama, bert or t5
  std::string pre;    ///< name of the pre-tokenizer's patterns, e.g. llama-bpe; empty: default
  std::vector<std::string> tokens;
  std::vector<float> scores = {};
  std::vector<int32_t> token_types = {};  ///< as SentencePieceModel::PieceType
  std::vector<std::string> merges = {};
  std::vector<uint8_t> precompiled_charsmap = {};
  std::optional<uint32_t> bos_token_id = {}, eos_token_id = {}, unknown_token_id = {}, padding_token_id = {},
                          cls_token_id = {}, seperator_token_id = {}, mask_token_id = {};  ///< spelled as in the files
  /// Where they are absent, what llama.cpp does for the kind and the patterns: llama begins its texts, t5 ends them,
  /// bert does both.
  std::optional<bool> add_bos_token = {}, add_eos_token = {}, add_sep_token = {}, add_space_prefix = {};
  std::string chat_template = {};
};
/// A tokenizer with the arrangement that the model was made with, where llama.cpp comes near it only.
/// @throws brot::Error (format) for unknown kinds and patterns, contradictory sizes and tokens that are no UTF-8;
/// (vocabulary) for a bert vocabulary without [CLS] or [SEP]
RAVEN_API Tokenizer read_gguf_vocabulary(const GgufVocabulary& vocabulary);

}  // namespace brot
