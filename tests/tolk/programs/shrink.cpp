// Smaller programs with the same fault, and programs as text.
#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "raven/base/error.hpp"
#include "raven/tolk.hpp"
#include "tolk/programs/check.hpp"

namespace tolk_test {

using nx::Array;
using nx::Op;
using nx::Program;
using Id = Program::Id;

namespace {

/// What is changed when a program is built again.
struct Edit {
  std::set<size_t> outputs;   ///< the only ones kept; empty: all
  std::optional<Id> instead;  ///< the only output
  std::set<Id> cut;           ///< values that become inputs
  Id bypassed = ~0u, by = 0;  ///< a value whose uses become those of another one
};

/// Every value of the program, computed op by op.
std::vector<Array> all_values(const RandomProgram& random) {
  const Program& program = random.program;
  nx::ProgramBuilder builder;
  std::vector<Id> ids;
  for (Id i = 0; i < program.inputs(); ++i) ids.push_back(builder.input(program.aval(i)));
  for (const Array& x : program.constants()) ids.push_back(builder.constant(x));
  for (const Program::Equation& equation : program.equations()) {
    std::vector<Id> operands;
    for (const Id id : equation.operands) operands.push_back(ids[id]);
    const Id first = builder.equation(equation.op, operands, equation.attrs.get());
    for (uint32_t r = 0; r < equation.results; ++r) ids.push_back(first + r);
  }
  return nx::eval(builder.build(ids), random.inputs);
}

/// Only what the outputs need is built.
RandomProgram rebuild(const RandomProgram& random, const std::vector<Array>& values, const Edit& edit) {
  const Program& program = random.program;
  const auto meant = [&](Id id) { return id == edit.bypassed ? edit.by : id; };
  std::vector<Id> outputs;
  if (edit.instead) outputs.push_back(*edit.instead);
  for (size_t i = 0; i < program.outputs().size() && !edit.instead; ++i)
    if (edit.outputs.empty() || edit.outputs.contains(i)) outputs.push_back(meant(program.outputs()[i]));
  std::vector<bool> needed(program.values());
  for (const Id id : outputs) needed[id] = true;
  const auto equations = program.equations();
  for (size_t e = equations.size(); e-- > 0;) {
    bool any = false;
    for (uint32_t r = 0; r < equations[e].results; ++r) {
      const Id id = equations[e].first_result + r;
      any = any || (needed[id] && !edit.cut.contains(id));
    }
    if (!any) continue;
    for (const Id id : equations[e].operands) needed[meant(id)] = true;
  }

  RandomProgram out;
  nx::ProgramBuilder builder;
  std::vector<Id> ids(program.values());
  const auto add_input = [&](Id id, const Array& value, bool donated) {
    ids[id] = builder.input(program.aval(id));
    out.inputs.push_back(value);
    out.donated.push_back(donated);
  };
  for (Id i = 0; i < program.inputs(); ++i)
    if (needed[i]) add_input(i, random.inputs[i], random.donated[i]);
  Id next = program.inputs();
  for (const Array& x : program.constants()) {
    if (needed[next]) {
      if (edit.cut.contains(next))
        add_input(next, x, false);
      else
        ids[next] = builder.constant(x);
    }
    ++next;
  }
  for (const Program::Equation& equation : equations) {
    bool any = false;
    for (uint32_t r = 0; r < equation.results; ++r) {
      const Id id = equation.first_result + r;
      if (needed[id] && edit.cut.contains(id)) add_input(id, values[id], false);
      any = any || (needed[id] && !edit.cut.contains(id));
    }
    if (!any) continue;
    std::vector<Id> operands;
    for (const Id id : equation.operands) operands.push_back(ids[meant(id)]);
    const Id first = builder.equation(equation.op, operands, equation.attrs.get());
    for (uint32_t r = 0; r < equation.results; ++r)
      if (!edit.cut.contains(equation.first_result + r)) ids[equation.first_result + r] = first + r;
  }
  std::vector<Id> kept;
  for (const Id id : outputs) kept.push_back(ids[id]);
  out.program = builder.build(kept);
  return out;
}

}  // namespace

RandomProgram shrink(RandomProgram program, const Disagreement& disagreement) {
  const auto fails = [&](const RandomProgram& candidate) {
    try {
      return !disagreement(candidate).empty();
    } catch (const std::exception&) {
      return true;  // a crash of the compiler is a fault as well
    }
  };
  const auto attempt = [&](const auto& make) {
    RandomProgram candidate;
    try {
      candidate = make();
    } catch (const std::exception&) {
      return false;  // it cannot be built, or not be evaluated
    }
    if (!fails(candidate)) return false;
    candidate.ways = program.ways;
    program = std::move(candidate);
    return true;
  };
  attempt([&] { return RandomProgram{tolk::inline_calls(program.program), program.inputs, program.donated}; });
  // Without what nobody needs.
  attempt([&] { return rebuild(program, {}, Edit()); });
  for (bool smaller = true; smaller;) {
    smaller = false;
    const size_t outputs = program.program.outputs().size();
    for (size_t i = 0; outputs > 1 && i < outputs && !smaller; ++i)
      smaller = attempt([&] {
        Edit keep;
        keep.outputs = {i};
        return rebuild(program, {}, keep);
      });
    if (smaller) continue;
    std::vector<Array> values;
    try {
      values = all_values(program);
    } catch (const std::exception&) {
      return program;  // an index out of range: it stays as it is
    }
    const auto equations = program.program.equations();
    // The last equation is left out: an operand of it becomes the result.
    if (outputs == 1)
      for (const Program::Equation& equation : equations) {
        const Id output = program.program.outputs()[0];
        if (smaller || output < equation.first_result || output >= equation.first_result + equation.results) continue;
        for (const Id operand : equation.operands) {
          if (smaller) break;
          Edit edit;
          edit.instead = operand;
          smaller = attempt([&] { return rebuild(program, values, edit); });
        }
        break;
      }
    if (smaller) continue;
    // Long prefixes first, then single equations.
    for (size_t e = equations.size(); e-- > 0 && !smaller;) {
      Edit edit;
      for (uint32_t r = 0; r < equations[e].results; ++r) edit.cut.insert(equations[e].first_result + r);
      const bool is_output = std::any_of(program.program.outputs().begin(), program.program.outputs().end(),
                                         [&](Id id) { return edit.cut.contains(id); });
      if (is_output && equations.size() == 1) continue;
      const size_t before = equations.size();
      smaller = attempt([&] {
        RandomProgram made = rebuild(program, values, edit);
        if (made.program.equations().size() >= before) throw raven::Error("shrink", "not smaller");
        return made;
      });
    }
    for (size_t e = 0; e < program.program.equations().size() && !smaller; ++e) {
      const Program::Equation& equation = program.program.equations()[e];
      for (const Id operand : equation.operands)
        if (!smaller && program.program.aval(operand) == program.program.aval(equation.first_result))
          smaller = attempt([&] {
            Edit bypass;
            bypass.bypassed = equation.first_result, bypass.by = operand;
            return rebuild(program, values, bypass);
          });
    }
  }
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    const Array x = program.inputs[i];
    for (const int simple : {0, 1, 2}) {
      const bool done = attempt([&] {
        RandomProgram made = program;
        const Array ramp = nx::reshape(nx::arange(x.size()), x.shape()).astype(x.dtype());
        made.inputs[i] = simple == 0   ? nx::zeros(x.shape(), {.dtype = x.dtype()})
                         : simple == 1 ? nx::ones(x.shape(), {.dtype = x.dtype()})
                                       : ramp;
        return made;
      });
      if (done) break;
    }
    attempt([&] {
      RandomProgram made = program;
      made.donated[i] = false;
      return made;
    });
  }
  return program;
}

std::string print(const RandomProgram& random) {
  nx::ProgramBuilder builder;
  std::vector<Id> ids;
  for (const Array& x : random.inputs) ids.push_back(builder.constant(x));
  std::string text = random.program.print() + "---\n" + builder.build(ids).print() + "---\n";
  for (size_t i = 0; i < random.donated.size(); ++i)
    if (random.donated[i]) text += std::to_string(i) + "\n";
  if (random.ways) text += "ways " + std::to_string(*random.ways) + "\n";
  return text;
}

RandomProgram parse(std::string_view text) {
  const size_t first = text.find("---\n"), second = text.find("---\n", first + 4);
  if (first == text.npos || second == text.npos) throw raven::Error("tolk_test.parse", "expected two lines ---");
  RandomProgram out;
  out.program = Program::parse(text.substr(0, first));
  out.inputs = nx::eval(Program::parse(text.substr(first + 4, second - first - 4)), {});
  out.donated.resize(out.inputs.size());
  text.remove_prefix(second + 4);
  while (!text.empty()) {
    const bool ways = text.starts_with("ways ");
    if (ways) text.remove_prefix(5);
    uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || (!ways && number >= out.donated.size()))
      throw raven::Error("tolk_test.parse", "expected numbers of inputs or ways, one a line");
    if (ways)
      out.ways = number;
    else
      out.donated[number] = true;
    text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
    while (!text.empty() && text.front() == '\n') text.remove_prefix(1);
  }
  return out;
}

}  // namespace tolk_test
