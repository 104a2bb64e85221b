// The text of a kernel. README.md has the grammar.
#include "raven/tolk/loop/internal/rules.hpp"
#include "raven/tolk/loop/internal/text.hpp"

namespace tolk::loop {
namespace detail {
namespace {

std::string_view word_of(Access access) {
  switch (access) {
    case Access::read: return "read";
    case Access::write: return "write";
    case Access::both: return "both";
  }
  return "?";
}

std::string operand_text(const Kernel& kernel, const std::vector<Id>& numbers, Id operand) {
  if (operand >= kernel.nodes.size()) return "%?";
  const Node& node = kernel.nodes[operand];
  if (node.code == Code::constant) return literal(node.type, static_cast<uint64_t>(node.immediate));
  return numbers[operand] == no_id ? "%?" : "%" + std::to_string(numbers[operand]);
}

// What a line says after its operands.
std::string immediate_text(const Node& node) {
  const std::string number = std::to_string(node.immediate);
  switch (node.code) {
    case Code::param: return " " + std::string(word_of(static_cast<Access>(node.immediate)));
    case Code::local:
    case Code::dim: return " " + number;
    case Code::reg: return node.immediate == 1 ? "" : " width " + number;
    case Code::loop: return node.immediate == 1 ? "" : " step " + number;
    case Code::lanes: return " width " + number;
    case Code::store:
    case Code::store_if: return node.immediate == 0 ? "" : " stream";
    case Code::check: return " site " + number;
    case Code::turn: return " stride " + number;
    default: return "";
  }
}

}  // namespace

bool is_numbered(Code code) {
  return code != Code::constant && code != Code::when && info(code).kind != Kind::statement;
}

std::vector<Id> numbers_of(const Kernel& kernel) {
  std::vector<Id> numbers(kernel.nodes.size(), no_id);
  Id next = 0;
  for (Id id = 0; id < kernel.nodes.size(); ++id)
    if (is_numbered(kernel.nodes[id].code)) numbers[id] = next++;
  return numbers;
}

std::string line_of(const Kernel& kernel, const std::vector<Id>& numbers, Id id) {
  const Node& node = kernel.nodes[id];
  std::string line;
  if (is_numbered(node.code)) line += "%" + std::to_string(numbers[id]) + " = ";
  line += info(node.code).text;
  if (node.code == Code::cast || node.code == Code::bitcast) {
    // to.from: the operand may be a constant, whose type a reader could not tell
    const Id from = node.operand[0];
    (line += ".") += name_of(node.type);
    (line += ".") += name_of(from < kernel.nodes.size() ? kernel.nodes[from].type : Type::none);
  } else if (names_type(node.code)) {
    (line += ".") += name_of(data_type(kernel, node));
  }
  if (node.code == Code::constant) (line += " ") += literal(node.type, static_cast<uint64_t>(node.immediate));
  for (int i = 0; i < info(node.code).operands; ++i) (line += " ") += operand_text(kernel, numbers, node.operand[i]);
  return line += immediate_text(node);
}

std::string describe(const Kernel& kernel, Id id) {
  return "node " + std::to_string(id) + " (" + line_of(kernel, numbers_of(kernel), id) + ")";
}

}  // namespace detail

std::string print(const Kernel& kernel) {
  const std::vector<Id> numbers = detail::numbers_of(kernel);
  std::string text = "kernel " + kernel.name + "\n";
  int depth = 1;
  for (Id id = 0; id < kernel.nodes.size(); ++id) {
    const Code code = kernel.nodes[id].code;
    if (code == Code::constant) continue;
    if (code == Code::end && depth > 1) --depth;
    text.append(static_cast<size_t>(depth * detail::indent_width), ' ');
    text += detail::line_of(kernel, numbers, id);
    text += '\n';
    if (info(code).kind == Kind::block) ++depth;
  }
  return text;
}

}  // namespace tolk::loop
