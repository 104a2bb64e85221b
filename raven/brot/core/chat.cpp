// Chat templates of a tokenizer: the variables around the messages.
#include <algorithm>

#include "raven/brot/core/core.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/template/internal/engine.hpp"

namespace brot {

ChatTemplate TokenizerCore::chat_template(const std::string& source) const {
  const std::lock_guard lock(templates_lock_);
  for (const ChatTemplate& known : templates_)
    if (known.source() == source) return known;
  return templates_.emplace_back(source);
}

namespace {

using jinja::Value;

constexpr std::string_view where = "brot.Tokenizer.apply_chat_template";

/// The named template, or the one that is meant when no name is given.
const std::string& choose_template(const TokenizerConfig& config, const ChatOptions& options) {
  const auto& templates = config.chat_templates;
  auto chosen = templates.find(options.name);
  if (options.name.empty()) {
    chosen = options.tools.is_none() ? templates.end() : templates.find("tool_use");
    if (chosen == templates.end()) chosen = templates.find("default");
  }
  if (chosen != templates.end()) return chosen->second;
  raven::Message message;
  if (!options.name.empty()) {
    message << "no chat template is named `" << options.name << "`";
  } else if (templates.empty()) {
    message << "the tokenizer has no chat template; load it from a directory with tokenizer_config.json";
  } else {
    message << "none of the chat templates is the default; name one of them";
  }
  for (const auto& [name, source] : templates)
    message << (name == templates.begin()->first ? "; there are `" : ", `") << name << "`";
  throw Error(ErrorCode::argument, where, message);
}

[[noreturn]] void cannot_continue(std::string_view reason) {
  throw Error(ErrorCode::argument, where, raven::Message() << "continue_final_message: " << reason);
}

Value with(const Value& dictionary, std::string_view key, Value value) {
  std::vector<std::pair<Value, Value>> entries = dictionary.entries();
  entries.emplace_back(Value(key), std::move(value));
  return Value::dict(std::move(entries));
}

/// The final message is continued where its content ends. A mark behind the content shows where that is, as in
/// transformers; the space that it ends with shows whether the template keeps spaces.
class Continuation {
 public:
  /// `messages` with the mark in the last one.
  Value marked(const Value& messages) {
    if (!messages.is_sequence() || messages.items().empty()) cannot_continue("there are no messages");
    const Value& last = messages.items().back();
    const Value* content = last.find(std::string_view("content"));
    if (!content || content->is_none()) cannot_continue("the final message has no content");
    std::vector<Value> all = messages.items();
    if (content->is_sequence()) {  // of parts: the last one with a text
      std::vector<Value> parts = content->items();
      auto part = parts.rbegin();
      const auto text_of = [](const Value& one) { return one.find(std::string_view("text")); };
      while (part != parts.rend() && !text_of(*part)) ++part;
      if (part == parts.rend()) cannot_continue("no part of the final message has a text");
      *part = with(*part, "text", marked_text(*text_of(*part)));
      all.back() = with(last, "content", Value::list(std::move(parts)));
    } else {
      all.back() = with(last, "content", marked_text(*content));
    }
    return Value::list(std::move(all));
  }

  void cut(std::string& text) const {
    const std::string_view visible = mark.substr(0, mark.size() - 1);
    const size_t place = text.rfind(visible);
    if (place == std::string::npos || text.find(jinja::strip(content_, nullptr, true, true)) == std::string::npos)
      cannot_continue("the final message does not appear in the rendered text");
    const bool spaces_kept = std::string_view(text).substr(place).starts_with(mark);
    text.resize(place);
    if (!spaces_kept) text = jinja::strip(text, nullptr, false, true);
  }

 private:
  static constexpr std::string_view mark = "CONTINUE_FINAL_MESSAGE_TAG ";
  Value marked_text(const Value& text) {
    if (!text.is_string()) cannot_continue("the final message's content is no text");
    content_ = text.string();
    return Value(content_ + std::string(mark));
  }
  std::string content_;
};

RenderedTemplate render(const TokenizerCore& core, const Value& messages, const ChatOptions& options) {
  const TokenizerConfig& config = core.config;
  const std::string& source = choose_template(config, options);
  if (options.continue_final_message && options.add_generation_prompt)
    throw Error(ErrorCode::argument, where, "continue_final_message and add_generation_prompt exclude each other");
  Continuation continuation;
  std::vector<std::pair<Value, Value>> variables;
  const auto set = [&](std::string_view name, Value value) {
    variables.emplace_back(Value(std::string(name)), std::move(value));
  };
  set("messages", options.continue_final_message ? continuation.marked(messages) : messages);
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
  RenderedTemplate rendered = core.chat_template(source).render_with_spans(Value::dict(std::move(variables)),
                                                                           {.now = options.now, .seed = options.seed});
  std::string& text = rendered.text;
  if (options.continue_final_message) {
    continuation.cut(text);
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
