// What the golden files do not hold: traced values, streams, options as a scope.
#include <sstream>

#include "expect.hpp"
#include "raven/rune.hpp"

namespace {

using namespace nx;

TEST(Print, Streams) {
  std::ostringstream out;
  out << array({1.5, 2.0});
  EXPECT_EQ(out.str(), "[1.5 2. ]");
  out << zeros({2, 3}).shape() << zeros({4}).shape() << f32 << array(true).dtype();
  EXPECT_EQ(out.str(), "[1.5 2. ](2, 3)(4,)f32b1");
  EXPECT_EQ(array({1, 2}).repr(), "array([1, 2])");
  EXPECT_EQ(str(Array{}), "Array{}");
}

TEST(Print, AnyPrecision) {
  const PrintOptions before = get_printoptions();
  PrintOptions options = before;
  options.precision = 1000;
  options.floatmode = FloatMode::fixed;
  set_printoptions(options);
  std::ostringstream out;
  out << array({0.5, 1e300});
  set_printoptions(before);
  const std::string text = out.str();
  EXPECT_EQ(text.substr(0, 4), "[5.0");
  EXPECT_NE(text.find(std::string(900, '0')), std::string::npos);
  for (const char c : text) EXPECT_TRUE(std::string_view("[]0123456789.e+- \n").find(c) != std::string_view::npos);
}

TEST(Print, OptionsAreAScope) {
  PrintOptions few;
  few.precision = 2;
  {
    const PrintOptionsScope scope(few);
    EXPECT_EQ(str(array({0.12345})), "[0.12]");
  }
  EXPECT_EQ(str(array({0.12345})), "[0.12345]");
  PrintOptions wrong;
  wrong.sign = 'x';
  EXPECT_RAISES(ValueError, (set_printoptions(wrong), 0), "nx.set_printoptions: sign: got 'x', expected '-', '+' or ' '");
}

TEST(Print, TracedValuesShowTheirType) {
  std::string seen;
  rune::grad([&](const Array& x) {
    seen = repr(x);
    return sum(x);
  })(zeros({2, 3}, {.dtype = f32}));
  EXPECT_EQ(seen, "Traced<f32[2,3]>");
}

}  // namespace
