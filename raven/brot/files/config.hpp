#pragma once
// What `tokenizer_config.json` says about a tokenizer.
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brot {

/// Roles of special tokens and settings that are no part of `tokenizer.json`.
struct TokenizerConfig {
  std::optional<std::string> bos_token, eos_token, unk_token, pad_token, cls_token, sep_token, mask_token;
  std::vector<std::string> additional_special_tokens;
  std::optional<bool> add_bos_token, add_eos_token;
  std::optional<uint64_t> model_max_length;  ///< absent when unlimited
  std::optional<std::string> padding_side, truncation_side;
  bool clean_up_tokenization_spaces = false;
  bool split_special_tokens = false;
  std::optional<bool> add_prefix_space, legacy;
  std::string tokenizer_class;
  std::map<std::string, std::string> chat_templates;  ///< by name; the plain one is `default`
};

}  // namespace brot
