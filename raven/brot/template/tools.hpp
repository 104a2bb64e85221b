#pragma once
// Tools that a model may call, as chat templates want them told: the JSON schemas that transformers makes of functions.
#include <span>
#include <string>
#include <vector>

#include "raven/brot/template/value.hpp"

namespace brot {

struct ToolParameter {
  std::string name;
  std::string description = {};
  std::string type = "string";  ///< as JSON schemas name it: string, integer, number, boolean, array, object
  bool required = true;
  jinja::Value schema = {};  ///< further keys of its schema, a dictionary, e.g. {"enum": ["c", "f"]}
};

struct ToolDescription {
  std::string name;
  std::string description;
  std::vector<ToolParameter> parameters = {};
  jinja::Value returns = {};  ///< the schema of what it returns; none: not told
};

/// The list for ChatOptions::tools.
RAVEN_API jinja::Value describe_tools(std::span<const ToolDescription> tools);

}  // namespace brot
