#pragma once
// Compiled code against the interpreter: buffers at guard pages, levels of this machine, comparison of bits.
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "raven/tolk/code/code.hpp"
#include "raven/tolk/loop/loop.hpp"

namespace code_test {

using namespace tolk::loop;
// The enumerators of LoopIR, not the class of compiled kernels.
using LoopCode = tolk::loop::Code;
using Compiled = tolk::Code;

/// Bytes between two pages that must not be touched: the data ends where the second begins (or begins where the first
/// ends, `at_start`).
class Guarded {
 public:
  Guarded(size_t bytes, bool at_start);
  ~Guarded();
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void* mapping_;
  size_t mapped_, size_;
  std::byte* data_;
};

/// Every level that this machine runs.
std::vector<raven::CpuLevel> levels();

/// One argument: its elements as bytes.
struct Argument {
  Type type;
  std::vector<std::byte> bytes;
  int64_t count() const { return static_cast<int64_t>(bytes.size()) / size_of(type); }
};
template <class T>
Argument argument(Type type, const std::vector<T>& values) {
  Argument result{type, std::vector<std::byte>(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(result.bytes.data(), values.data(), result.bytes.size());
  return result;
}
Argument zeros(Type type, int64_t count);
/// `count` values: all the special ones in turn (by `seed` another start), then random bits and random small numbers.
Argument values(Type type, int64_t count, uint64_t seed);

/// Equal bits, any NaN for any NaN; says where they differ.
::testing::AssertionResult same(const Argument& got, const Argument& expected);

/// The code of a kernel at a level, compiled once.
std::shared_ptr<const Compiled> code_of(const Kernel& kernel, raven::CpuLevel level);
/// Calls code on copies of the arguments, each at a guard page, and gives them back. `tasks`: begin, end of each call.
std::vector<Argument> call(const Compiled& code, const Kernel& kernel, const std::vector<Argument>& arguments,
                           const std::vector<int64_t>& dims, std::pair<int64_t, int64_t> tasks, bool at_start);
/// What the interpreter makes of them.
std::vector<Argument> expected(const Kernel& kernel, const std::vector<Argument>& arguments,
                               const std::vector<int64_t>& dims, std::pair<int64_t, int64_t> tasks);
/// Every level, both kinds of guards, against the interpreter.
void check(const Kernel& kernel, const std::vector<Argument>& arguments, const std::vector<int64_t>& dims,
           std::pair<int64_t, int64_t> tasks = {0, 1});

}  // namespace code_test
