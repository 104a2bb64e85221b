// Largest and smallest: rows of whole registers take a short path while they hold no NaN. It must give the bits of the
// order of docs/architecture.md, and a row with a NaN the first one met in that order.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "raven/nx.hpp"

namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

template <class T>
T larger(T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
T smaller(T a, T b) {
  return a < b || a != a ? a : b;
}

/// One block: element i to partial i mod 64, partials halved pairwise.
template <class T, class F>
T block(const std::vector<T>& x, T neutral, F of) {
  std::vector<T> partial(64, neutral);
  for (size_t i = 0; i < x.size(); ++i) partial[i % 64] = of(partial[i % 64], x[i]);
  for (size_t half = 32; half > 0; half /= 2)
    for (size_t i = 0; i < half; ++i) partial[i] = of(partial[i], partial[i + half]);
  return partial[0];
}

template <class T>
class ExtremesOfRows : public ::testing::Test {};
using Floats = ::testing::Types<float, double>;
TYPED_TEST_SUITE(ExtremesOfRows, Floats);

TYPED_TEST(ExtremesOfRows, BitsOfTheCanonicalOrder) {
  using T = TypeParam;
  std::mt19937 random(1);
  const T infinity = std::numeric_limits<T>::infinity();
  const auto nan = [](Bits<T> payload) {
    return std::bit_cast<T>(
        static_cast<Bits<T>>(std::bit_cast<Bits<T>>(std::numeric_limits<T>::quiet_NaN()) | payload));
  };
  for (const int64_t n : {17, 63, 64, 65, 128, 192, 640, 1000, 1024}) {
    for (int round = 0; round < 60; ++round) {
      std::vector<T> x(static_cast<size_t>(n));
      // Mostly zeros of both signs below nothing, so that ties and their signs count.
      const T draws[] = {T(0), T(-0.0), T(-1), T(-2), -infinity};
      for (T& value : x) value = draws[random() % (round % 2 ? 2 : 5)];
      if (round % 5 == 1) x[random() % x.size()] = round % 2 ? infinity : T(3);
      for (int count = round % 3; count > 0; --count) x[random() % x.size()] = nan(1 + random() % 1000);
      const nx::Array row = nx::array(x, {n});
      const T largest = nx::max(row).template item<T>(), smallest = nx::min(row).template item<T>();
      const T expected_largest = block<T>(x, -infinity, larger<T>),
              expected_smallest = block<T>(x, infinity, smaller<T>);
      EXPECT_EQ(std::bit_cast<Bits<T>>(largest), std::bit_cast<Bits<T>>(expected_largest)) << n << " " << round;
      EXPECT_EQ(std::bit_cast<Bits<T>>(smallest), std::bit_cast<Bits<T>>(expected_smallest)) << n << " " << round;
    }
  }
}

}  // namespace
