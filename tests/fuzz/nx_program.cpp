// Any text as a Program: a typed error, or a program that verifies and whose own text gives it back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "raven/base/error.hpp"
#include "raven/nx/program.hpp"

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
  return 0;
}
