// Chat templates of a tokenizer: the variables around the messages.
#include <algorithm>

#include "raven/brot/core/core.hpp"
#include "raven/brot/core/tokenizer.hpp"

namespace brot {

ChatTemplate TokenizerCore::chat_template(const std::string& source) const {
  const std::lock_guard lock(templates_lock_);
  for (const ChatTemplate& known : templates_)
    if (known.source() == source) return known;
  return templates_.emplace_back(source);
}

namespace {

RenderedTemplate render(const TokenizerCore& core, const jinja::Value& messages, const ChatOptions& options) {
  const TokenizerConfig& config = core.config;
  const auto& templates = config.chat_templates;
  const bool has_tools = options.tools.is_sequence() && !options.tools.items().empty();
  auto chosen = templates.find(options.name);
  if (options.name.empty()) {
    chosen = has_tools ? templates.find("tool_use") : templates.end();
    if (chosen == templates.end()) chosen = templates.find("default");
  }
  if (chosen == templates.end()) {
    raven::Message message;
    if (options.name.empty())
      message << "the tokenizer has no chat template; load it from a directory "
                 "with tokenizer_config.json";
    else
      message << "no chat template is named `" << options.name << "`";
    throw Error(ErrorCode::argument, "brot.Tokenizer.apply_chat_template", message);
  }
  if (options.continue_final_message && options.add_generation_prompt)
    throw Error(ErrorCode::argument, "brot.Tokenizer.apply_chat_template",
                "continue_final_message and add_generation_prompt exclude each other");
  using jinja::Value;
  std::vector<std::pair<Value, Value>> variables;
  const auto set = [&](std::string_view name, Value value) {
    variables.emplace_back(Value(std::string(name)), std::move(value));
  };
  set("messages", messages);
  set("tools", options.tools);
  set("documents", options.documents);
  set("add_generation_prompt", Value(options.add_generation_prompt));
  const std::pair<std::string_view, const std::optional<std::string>*> roles[] = {
      {"bos_token", &config.bos_token},  {"eos_token", &config.eos_token}, {"unk_token", &config.unk_token},
      {"pad_token", &config.pad_token},  {"cls_token", &config.cls_token}, {"sep_token", &config.sep_token},
      {"mask_token", &config.mask_token}};
  for (const auto& [name, token] : roles)
    if (*token) set(name, Value(**token));
  if (!config.additional_special_tokens.empty()) {
    std::vector<Value> list;
    for (const std::string& token : config.additional_special_tokens) list.emplace_back(token);
    set("additional_special_tokens", Value::list(std::move(list)));
  }
  for (const auto& [name, value] : options.variables) set(name, value);
  RenderedTemplate rendered =
      core.chat_template(chosen->second).render_with_spans(Value::dict(std::move(variables)), options.now);
  std::string& text = rendered.text;
  if (options.continue_final_message && messages.is_sequence() && !messages.items().empty()) {
    const Value* content = messages.items().back().find(std::string_view("content"));
    const std::string last = content && content->is_string() ? content->string() : std::string();
    // As the content may have been trimmed by the template, its trimmed end is
    // looked for.
    const size_t end = last.find_last_not_of(" \t\r\n");
    const std::string wanted = end == std::string::npos ? last : last.substr(0, end + 1);
    const size_t place = wanted.empty() ? std::string::npos : text.rfind(wanted);
    if (place == std::string::npos)
      throw Error(ErrorCode::argument, "brot.Tokenizer.apply_chat_template",
                  "continue_final_message: the final message does not appear "
                  "in the rendered text");
    text.resize(place + wanted.size());
    for (RenderedTemplate::Span& span : rendered.generation) {
      span.begin = std::min(span.begin, text.size());
      span.end = std::min(span.end, text.size());
    }
  }
  return rendered;
}

}  // namespace

std::string Tokenizer::apply_chat_template(const jinja::Value& messages, const ChatOptions& options) const {
  return render(*core_, messages, options).text;
}

ChatEncoding Tokenizer::encode_chat_with_mask(const jinja::Value& messages, const ChatOptions& options,
                                              EncodeOptions encode_options) const {
  RenderedTemplate rendered = render(*core_, messages, options);
  if (rendered.generation.empty())
    throw Error(ErrorCode::unsupported, "brot.Tokenizer.encode_chat_with_mask",
                "the chat template marked nothing by {% generation %}");
  encode_options.add_special_tokens = false;
  encode_options.offsets = Offsets::byte;
  encode_options.fields = encode_options.fields | EncodeFields::offsets;
  ChatEncoding result{std::move(rendered.text), {}, {}};
  result.encoding = encode(result.text, encode_options);
  result.assistant_tokens_mask.assign(result.encoding.size(), 0);
  size_t next = 0;  // spans and tokens both ascend
  for (size_t i = 0; i < result.encoding.size(); ++i) {
    const Span token = result.encoding.offsets()[i];
    while (next < rendered.generation.size() && rendered.generation[next].end <= token.begin) ++next;
    if (next == rendered.generation.size()) break;
    result.assistant_tokens_mask[i] = token.begin < token.end && token.end > rendered.generation[next].begin;
  }
  return result;
}

Encoding Tokenizer::encode_chat(const jinja::Value& messages, const ChatOptions& options,
                                EncodeOptions encode_options) const {
  encode_options.add_special_tokens = false;
  return encode(apply_chat_template(messages, options), encode_options);
}

}  // namespace brot
