// Chats rendered by a tokenizer: the choice of the template, tools, messages that are continued.
#include <gtest/gtest.h>

#include "raven/brot.hpp"
#include "tests/brot/json_lines.hpp"

namespace brot {
namespace {

using jinja::Value;

Tokenizer with_templates(const Value& templates) {
  Tokenizer tokenizer(BPE::Builder().vocab({{"a", 0}}).build());
  TokenizerConfig config;
  config.bos_token = "<s>";
  for (const auto& [name, source] : templates.entries()) config.chat_templates[name.string()] = source.string();
  tokenizer.set_config(config);
  return tokenizer;
}

TEST(Chat, EqualsTransformers) {
  size_t continued = 0, refused = 0;
  for (const test::Json& line : test::read_golden("chat.txt")) {
    if (line[0].type == test::Json::null) continue;  // the tools
    const Value messages = Value::from_json(line[1].string), given = Value::from_json(line[2].string);
    ChatOptions options;
    for (const auto& [key, value] : given.entries()) {
      const std::string& name = key.string();
      if (name == "continue_final_message") options.continue_final_message = value.truthy();
      if (name == "add_generation_prompt") options.add_generation_prompt = value.truthy();
      if (name == "tools") options.tools = value;
      if (name == "documents") options.documents = value;
      if (name == "chat_template") options.name = value.string();
    }
    const Tokenizer tokenizer = with_templates(Value::from_json(line[0].string));
    continued += options.continue_final_message;
    if (line[3].type == test::Json::null) {
      ++refused;
      EXPECT_THROW(tokenizer.apply_chat_template(messages, options), Error) << line[0].string << line[1].string;
    } else {
      EXPECT_EQ(tokenizer.apply_chat_template(messages, options), line[3].string) << line[0].string << "\n"
                                                                                  << line[1].string << "\n"
                                                                                  << line[2].string;
    }
  }
  EXPECT_GT(continued, 30u);
  EXPECT_GT(refused, 7u);
}

TEST(Chat, FaultsNameTheTemplates) {
  const Tokenizer tokenizer = with_templates(Value::dict({{"rag", "x"}, {"tool_use", "y"}}));
  const auto message = [&](const ChatOptions& options) {
    try {
      tokenizer.apply_chat_template(Value::list({}), options);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::argument);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(
      message({}).find("none of the chat templates is the default; name one of them; there are `rag`, `tool_use`"),
      std::string::npos)
      << message({});
  EXPECT_NE(message({.name = "plain"}).find("no chat template is named `plain`; there are `rag`, `tool_use`"),
            std::string::npos);
  EXPECT_EQ(tokenizer.apply_chat_template(Value::list({}), {.tools = Value::list({})}), "y");
}

TEST(Chat, ToolsAreDescribedAsTransformersDoes) {
  const ToolDescription tools[] = {
      {.name = "weather",
       .description = "Tells the weather.",
       .parameters = {{.name = "city", .description = "Which city"},
                      {.name = "days", .description = "How many days", .type = "integer", .required = false},
                      {.name = "tags",
                       .description = "What to tell",
                       .type = "array",
                       .required = false,
                       .schema = Value::dict({{"items", Value::dict({{"type", "string"}})}})}},
       .returns = Value::dict({{"type", "number"}, {"description", "The temperature"}})},
      {.name = "now", .description = "The time."}};
  size_t found = 0;
  for (const test::Json& line : test::read_golden("chat.txt")) {
    if (line[0].type != test::Json::null) continue;
    ++found;
    EXPECT_EQ(describe_tools(tools).json(), line[1].string);
  }
  EXPECT_EQ(found, 1u);
}

}  // namespace
}  // namespace brot
