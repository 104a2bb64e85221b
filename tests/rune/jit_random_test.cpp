// Random programs, and their gradients: eager, compiled, the derivative of the compiled, the derivative compiled. One set of
// bits.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/rune.hpp"
#include "tolk/bits.hpp"
#include "tolk/random_programs.hpp"

namespace {

using nx::Array;
using Arrays = std::vector<Array>;

TEST(JitRandom, ValuesAndGradientsAgree) {
  int gradients = 0;
  for (uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    const tolk_test::RandomProgram random = tolk_test::random_program(seed);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + random.program.print());
    Arrays floats, others;
    for (const Array& x : random.inputs) (nx::is_float(x.dtype()) ? floats : others).push_back(x);
    const auto f = [&](const Arrays& a, const Arrays& b) {
      Arrays inputs;
      size_t next_float = 0, next_other = 0;
      for (const Array& x : random.inputs) inputs.push_back(nx::is_float(x.dtype()) ? a[next_float++] : b[next_other++]);
      return nx::eval(random.program, inputs);
    };
    const auto compiled = rune::jit(f);
    const Arrays expected = f(floats, others), got = compiled(floats, others);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) tolk_test::expect_same_bits(got[i], expected[i]);

    const auto loss_of = [](const auto& function) {
      return [&function](const Arrays& a, const Arrays& b) {
        Array total = nx::zeros({});
        for (const Array& y : function(a, b))
          if (nx::is_float(y.dtype())) total = total + nx::sum(y.astype(nx::f64));
        return total;
      };
    };
    if (floats.empty()) continue;
    Arrays direct;
    try {
      direct = rune::grad(loss_of(f))(floats, others);
    } catch (const raven::Error&) {
      continue;  // an op of the program has no derivative
    }
    ++gradients;
    const auto jitted_gradient = rune::jit(rune::grad(loss_of(f)));
    const Arrays through = rune::grad(loss_of(compiled))(floats, others), whole = jitted_gradient(floats, others);
    for (size_t i = 0; i < direct.size(); ++i) {
      tolk_test::expect_same_bits(through[i], direct[i]);
      tolk_test::expect_same_bits(whole[i], direct[i]);
    }
  }
  EXPECT_GE(gradients, 100);
}

}  // namespace
