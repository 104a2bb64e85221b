#include "raven/brot/template/tools.hpp"

#include <utility>

namespace brot {

using jinja::Value;

namespace {

Value describe(const ToolParameter& parameter) {
  std::vector<std::pair<Value, Value>> schema{{"type", parameter.type}};
  if (parameter.schema.is_mapping())
    for (const auto& entry : parameter.schema.entries()) schema.push_back(entry);
  if (!parameter.description.empty()) schema.emplace_back("description", parameter.description);
  return Value::dict(std::move(schema));
}

Value describe(const ToolDescription& tool) {
  std::vector<std::pair<Value, Value>> properties;
  std::vector<Value> required;
  for (const ToolParameter& parameter : tool.parameters) {
    properties.emplace_back(parameter.name, describe(parameter));
    if (parameter.required) required.emplace_back(parameter.name);
  }
  std::vector<std::pair<Value, Value>> parameters{{"type", "object"},
                                                  {"properties", Value::dict(std::move(properties))}};
  if (!required.empty()) parameters.emplace_back("required", Value::list(std::move(required)));
  std::vector<std::pair<Value, Value>> function{
      {"name", tool.name}, {"description", tool.description}, {"parameters", Value::dict(std::move(parameters))}};
  if (!tool.returns.is_none()) function.emplace_back("return", tool.returns);
  return Value::dict({{"type", "function"}, {"function", Value::dict(std::move(function))}});
}

}  // namespace

Value describe_tools(std::span<const ToolDescription> tools) {
  std::vector<Value> list;
  for (const ToolDescription& tool : tools) list.push_back(describe(tool));
  return Value::list(std::move(list));
}

}  // namespace brot
