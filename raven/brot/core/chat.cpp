// Chat templates of a tokenizer: the variables around the messages.
#include "raven/brot/core/core.hpp"
#include "raven/brot/core/tokenizer.hpp"

namespace brot {

std::string Tokenizer::apply_chat_template(const jinja::Value& messages, const ChatOptions& options) const {
  const TokenizerConfig& config = core_->config;
  const auto& templates = config.chat_templates;
  const bool has_tools = options.tools.is_sequence() && !options.tools.items().empty();
  auto chosen = templates.find(options.name);
  if (options.name.empty()) {
    chosen = has_tools ? templates.find("tool_use") : templates.end();
    if (chosen == templates.end()) chosen = templates.find("default");
  }
  if (chosen == templates.end()) {
    raven::Message message;
    if (options.name.empty()) message << "the tokenizer has no chat template; load it from a directory with tokenizer_config.json";
    else message << "no chat template is named `" << options.name << "`";
    throw Error(ErrorCode::argument, "brot.Tokenizer.apply_chat_template", message);
  }
  if (options.continue_final_message && options.add_generation_prompt)
    throw Error(ErrorCode::argument, "brot.Tokenizer.apply_chat_template",
                "continue_final_message and add_generation_prompt exclude each other");
  using jinja::Value;
  std::vector<std::pair<Value, Value>> variables;
  const auto set = [&](std::string_view name, Value value) { variables.emplace_back(Value(std::string(name)), std::move(value)); };
  set("messages", messages);
  set("tools", options.tools);
  set("documents", options.documents);
  set("add_generation_prompt", Value(options.add_generation_prompt));
  const std::pair<std::string_view, const std::optional<std::string>*> roles[] = {
      {"bos_token", &config.bos_token}, {"eos_token", &config.eos_token}, {"unk_token", &config.unk_token},
      {"pad_token", &config.pad_token}, {"cls_token", &config.cls_token}, {"sep_token", &config.sep_token},
      {"mask_token", &config.mask_token}};
  for (const auto& [name, token] : roles)
    if (*token) set(name, Value(**token));
  if (!config.additional_special_tokens.empty()) {
    std::vector<Value> list;
    for (const std::string& token : config.additional_special_tokens) list.emplace_back(token);
    set("additional_special_tokens", Value::list(std::move(list)));
  }
  for (const auto& [name, value] : options.variables) set(name, value);
  std::string text = ChatTemplate(chosen->second).render(Value::dict(std::move(variables)), options.now);
  if (options.continue_final_message && messages.is_sequence() && !messages.items().empty()) {
    const Value* content = messages.items().back().find(std::string_view("content"));
    const std::string last = content && content->is_string() ? content->string() : std::string();
    // As the content may have been trimmed by the template, its trimmed end is looked for.
    const size_t end = last.find_last_not_of(" \t\r\n");
    const std::string wanted = end == std::string::npos ? last : last.substr(0, end + 1);
    const size_t place = wanted.empty() ? std::string::npos : text.rfind(wanted);
    if (place == std::string::npos)
      throw Error(ErrorCode::argument, "brot.Tokenizer.apply_chat_template",
                  "continue_final_message: the final message does not appear in the rendered text");
    text.resize(place + wanted.size());
  }
  return text;
}

Encoding Tokenizer::encode_chat(const jinja::Value& messages, const ChatOptions& options, EncodeOptions encode_options) const {
  encode_options.add_special_tokens = false;
  return encode(apply_chat_template(messages, options), encode_options);
}

}  // namespace brot
