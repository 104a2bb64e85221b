// Any text as a Program: a typed error, or a program that verifies and whose own text gives it back. A small one is also
// evaluated: a typed error (an index out of range), or results of the types that it promised.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
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

// Half of the mutations put another number in the place of one: the text stays a program more often than not, and its
// attributes, extents and operands meet values that nobody wrote.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) __attribute__((weak));
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  if (seed % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  static constexpr std::string_view numbers[] = {"0", "1", "2", "3", "4", "5", "7", "-1", "-2", "64", "1000000",
                                                 "4611686018427387904", "9223372036854775807", "-9223372036854775808"};
  const auto is_digit = [&](size_t i) { return i < size && data[i] >= '0' && data[i] <= '9'; };
  std::vector<size_t> starts;
  for (size_t i = 0; i < size; ++i)
    if (is_digit(i) && (i == 0 || !is_digit(i - 1))) starts.push_back(i);
  if (starts.empty()) return LLVMFuzzerMutate(data, size, max_size);
  const size_t begin = starts[seed / 2 % starts.size()];
  size_t end = begin;
  while (is_digit(end)) ++end;
  std::string text(reinterpret_cast<const char*>(data), size);
  text.replace(begin, end - begin, numbers[seed / 2 / starts.size() % std::size(numbers)]);
  if (text.size() > max_size) return size;
  std::copy(text.begin(), text.end(), data);
  return text.size();
}

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
