#include "tolk/failures/support.hpp"

#include <cstdlib>

namespace failures {

std::vector<Array> run_every_way(const nx::Program& program, const std::vector<Array>& arguments) {
  const std::vector<Array> expected = nx::eval(program, arguments);
  for (const bool kernels : {true, false}) {
    const auto plan = tolk::compile(program, {.kernels = kernels});
    plan->verify();
    SCOPED_TRACE(plan->print());
    std::vector<tolk::PlanArgument> plain;
    for (const Array& x : arguments) plain.push_back({const_cast<Array*>(&x), false});
    std::vector<Array> got(expected.size());
    plan->run(plain, got, nullptr, true);
    for (size_t i = 0; i < got.size(); ++i) expect_same_bits(got[i], expected[i]);
    for (const tolk::Guard guard : {tolk::Guard::end, tolk::Guard::start}) {
      plan->run_guarded(arguments, got, guard);
      for (size_t i = 0; i < got.size(); ++i) expect_same_bits(got[i], expected[i]);
    }
  }
  return expected;
}

Array normal_f32(const nx::Shape& shape, uint64_t seed) {
  return nx::random::normal(nx::random::key(seed), shape, {.dtype = nx::f32});
}
Array ramp(const nx::Shape& shape, double start, nx::DType dtype) {
  return nx::reshape(nx::arange(start, start + static_cast<double>(nx::element_count(shape.span()))), shape)
      .astype(dtype);
}

Variable::Variable(const char* name, const std::string& value) : name_(name) {
  const char* former = std::getenv(name);
  was_set_ = former != nullptr;
  if (was_set_) former_ = former;
  ::setenv(name, value.c_str(), 1);
}
Variable::~Variable() {
  if (was_set_)
    ::setenv(name_, former_.c_str(), 1);
  else
    ::unsetenv(name_);
}

}  // namespace failures
