#pragma once
// What `tokenizer_config.json` says about a tokenizer.
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace brot {

/// Roles of special tokens and settings that are no part of `tokenizer.json`.
struct TokenizerConfig {
  std::optional<std::string> bos_token, eos_token, unk_token, pad_token, cls_token, sep_token, mask_token;
  std::vector<std::string> additional_special_tokens;
  std::optional<bool> add_bos_token, add_eos_token;
  /// What Tokenizer::configured_truncation and configured_padding give; absent when unlimited.
  std::optional<uint64_t> model_max_length;
  std::optional<std::string> padding_side, truncation_side;
  bool clean_up_tokenization_spaces = false;     ///< of decoding where a call does not say
  bool split_special_tokens = false;             ///< of encoding where a call does not say
  std::optional<bool> add_prefix_space, legacy;  ///< obeyed when a directory is loaded
  std::string tokenizer_class;
  std::map<std::string, std::string> chat_templates;  ///< by name; the plain one is `default`
};

/// The roles by their keys in the files.
inline constexpr std::pair<const char*, std::optional<std::string> TokenizerConfig::*> token_roles[] = {
    {"bos_token", &TokenizerConfig::bos_token},  {"eos_token", &TokenizerConfig::eos_token},
    {"unk_token", &TokenizerConfig::unk_token},  {"pad_token", &TokenizerConfig::pad_token},
    {"cls_token", &TokenizerConfig::cls_token},  {"sep_token", &TokenizerConfig::sep_token},
    {"mask_token", &TokenizerConfig::mask_token}};

}  // namespace brot
