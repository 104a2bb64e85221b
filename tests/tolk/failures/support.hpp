#pragma once
// One test for each class of failure of tensor compilers that Raven's ops can reach: tests/tolk/README.md has the
// table.
#include <vector>

#include "gtest/gtest.h"
#include "raven/nx.hpp"
#include "raven/rune.hpp"
#include "raven/tolk/plan.hpp"
#include "tolk/bits.hpp"

namespace failures {

using nx::Array;
using tolk_test::bytes_of;
using tolk_test::expect_same_bits;

/// The program's results. It is run by generated kernels and by calls, over poisoned memory and between pages that
/// nobody may touch; the plans are verified; everything has the bits of eager evaluation.
std::vector<Array> run_every_way(const nx::Program& program, const std::vector<Array>& arguments);
/// The same of a function; the arrays that it captures are constants.
template <class F, class... A>
std::vector<Array> compiled(F&& f, const A&... arguments) {
  return run_every_way(rune::make_program(f, arguments...), {arguments...});
}
template <class T, class F, class... A>
std::vector<T> numbers(F&& f, const A&... arguments) {
  return compiled(f, arguments...).at(0).template to_vector<T>();
}

/// What the generated kernels of a function are: the plan, and its text.
template <class F, class... A>
std::shared_ptr<const tolk::Plan> plan_of(F&& f, const A&... arguments) {
  return tolk::compile(rune::make_program(f, arguments...));
}

Array normal_f32(const nx::Shape& shape, uint64_t seed = 1);
/// start, start + 1, …
Array ramp(const nx::Shape& shape, double start = 0, nx::DType dtype = nx::f32);

/// An environment variable, as it was before at the end.
class Variable {
 public:
  Variable(const char* name, const std::string& value);
  ~Variable();
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string former_;
  bool was_set_;
};

}  // namespace failures
