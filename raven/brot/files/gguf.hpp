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
  std::string pre;    ///< name of the pre-tokenizer's pattern, e.g. llama-bpe
  std::vector<std::string> tokens;
  std::vector<float> scores = {};
  std::vector<int32_t> token_types = {};  ///< as SentencePieceModel::PieceType
  std::vector<std::string> merges = {};
  std::vector<uint8_t> precompiled_charsmap = {};
  std::optional<uint32_t> bos_token_id = {}, eos_token_id = {}, unknown_token_id = {}, padding_token_id = {};
  bool add_bos_token = false, add_eos_token = false, add_space_prefix = true;
  std::string chat_template = {};
};
/// @throws brot::Error for unknown kinds and contradictory sizes
RAVEN_API Tokenizer read_gguf_vocabulary(const GgufVocabulary& vocabulary);

}  // namespace brot
