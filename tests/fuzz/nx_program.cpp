// Any text as a Program: a typed error, or a program that verifies and whose own text gives it back. A small one is also
// evaluated: a typed error (an index out of range), or results of the types that it promised.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "raven/base/error.hpp"
#include "raven/nx.hpp"
#include "raven/nx/program.hpp"

namespace {

constexpr int64_t most_elements = 1 << 13;

/// Elements of all values, those of nested programs too; stops counting beyond the limit.
int64_t elements(const nx::Program& program) {
  int64_t total = 0;
  for (nx::Program::Id id = 0; id < program.values() && total <= most_elements; ++id)
    total += 1 + nx::element_count(program.aval(id).shape.span());
  for (const nx::Program::Equation& e : program.equations())
    if (nx::is_higher_order(e.op) && total <= most_elements) total += elements(*e.attrs.as<nx::CallAttrs>().program);
  return total;
}

/// Small numbers of both signs, true and false, valid indices and others.
nx::Array argument(const nx::Aval& aval) {
  const int64_t count = nx::element_count(aval.shape.span());
  const nx::Array numbers = nx::reshape(nx::arange(count) % 7, aval.shape);
  if (nx::is_bool(aval.dtype)) return nx::equal(numbers % 2, 1);
  if (nx::is_integer(aval.dtype)) return numbers.astype(aval.dtype);
  return ((numbers - 3) * 0.75).astype(aval.dtype);
}

void evaluate(const nx::Program& program) {
  std::vector<nx::Array> arguments, results;
  for (nx::Program::Id id = 0; id < program.inputs(); ++id) arguments.push_back(argument(program.aval(id)));
  try {
    results = nx::eval(program, arguments);
  } catch (const raven::Error&) {
    return;
  }
  if (results.size() != program.outputs().size()) std::abort();
  for (size_t i = 0; i < results.size(); ++i) {
    if (!(nx::aval_of(results[i]) == program.aval(program.outputs()[i]))) std::abort();
    (void)nx::all(results[i]).item<bool>();  // every element is read
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  nx::Program program;
  try {
    program = nx::Program::parse({reinterpret_cast<const char*>(data), size});
  } catch (const raven::Error&) {
    return 0;
  }
  program.verify();
  const std::string text = program.print();
  const nx::Program again = nx::Program::parse(text);
  if (!(again == program) || again.hash() != program.hash() || again.print() != text) std::abort();
  if (elements(program) <= most_elements) evaluate(program);
  return 0;
}
