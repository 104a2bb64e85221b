// `tokenizer_config.json`, read and written.
#include "raven/brot/files/config.hpp"

#include "raven/brot/files/compiled.hpp"
#include "raven/brot/files/json.hpp"

namespace brot::files {

namespace {

/// Text of a token: a string, or an object with its content.
std::optional<std::string> token_text(const json::Value& value) {
  if (value.is(json::Type::string)) return std::string(value.text());
  if (value.is(json::Type::object) && value["content"].is(json::Type::string))
    return std::string(value["content"].text());
  return std::nullopt;
}

}  // namespace

TokenizerConfig read_config(const json::Value& root) {
  TokenizerConfig config;
  const auto flag = [&](std::string_view key) {
    return root[key].is(json::Type::boolean) ? std::optional<bool>(root[key].boolean()) : std::nullopt;
  };
  const auto text = [&](std::string_view key) {
    return root[key].is(json::Type::string) ? std::optional<std::string>(root[key].text()) : std::nullopt;
  };
  for (const auto& [key, member] : token_roles) config.*member = token_text(root[key]);
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"})
    for (const json::Value token : root[key])
      if (auto content = token_text(token)) config.additional_special_tokens.push_back(*content);
  config.add_bos_token = flag("add_bos_token");
  config.add_eos_token = flag("add_eos_token");
  config.add_prefix_space = flag("add_prefix_space");
  config.legacy = flag("legacy");
  config.clean_up_tokenization_spaces = flag("clean_up_tokenization_spaces").value_or(false);
  config.split_special_tokens = flag("split_special_tokens").value_or(false);
  config.padding_side = text("padding_side");
  config.truncation_side = text("truncation_side");
  config.tokenizer_class = text("tokenizer_class").value_or("");
  if (const double length = root["model_max_length"].number(); length > 0 && length < 1e15)
    config.model_max_length = uint64_t(length);
  const json::Value chat = root["chat_template"];
  if (chat.is(json::Type::string)) config.chat_templates["default"] = chat.text();
  for (const json::Value named : chat)
    if (named["name"].is(json::Type::string))
      config.chat_templates[std::string(named["name"].text())] = named["template"].text();
  return config;
}

std::string write_config(const TokenizerConfig& config) {
  json::Writer out(false);
  out.begin_object();
  const auto text = [&](std::string_view key, const std::optional<std::string>& value) {
    if (value) out.key(key).string(*value);
  };
  const auto flag = [&](std::string_view key, const std::optional<bool>& value) {
    if (value) out.key(key).boolean(*value);
  };
  for (const auto& [key, member] : token_roles) text(key, config.*member);
  out.key("additional_special_tokens").begin_array();
  for (const std::string& token : config.additional_special_tokens) out.string(token);
  out.end_array();
  flag("add_bos_token", config.add_bos_token);
  flag("add_eos_token", config.add_eos_token);
  flag("add_prefix_space", config.add_prefix_space);
  flag("legacy", config.legacy);
  flag("clean_up_tokenization_spaces", config.clean_up_tokenization_spaces);
  flag("split_special_tokens", config.split_special_tokens);
  text("padding_side", config.padding_side);
  text("truncation_side", config.truncation_side);
  text("tokenizer_class", config.tokenizer_class);
  if (config.model_max_length) out.key("model_max_length").number(*config.model_max_length);
  out.key("chat_template").begin_array();
  for (const auto& [name, source] : config.chat_templates) {
    out.begin_object();
    out.key("name").string(name).key("template").string(source).end_object();
  }
  out.end_array().end_object();
  return out.take();
}

}  // namespace brot::files
