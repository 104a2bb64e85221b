// Shapes and values of random programs.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tolk/programs/random_programs.hpp"

namespace tolk_test {
namespace {

/// Ends of lanes (7 8 9, 15 16 17), of blocks of rows and of 64 partial sums, of blocks of 1,024, and of nothing.
const std::vector<int64_t> extents = {0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 100, 1000, 1025};
/// Sums in segments, loops on two threads.
const std::vector<int64_t> long_extents = {2049, 4097, 20000, 65535, 65537, 131080};

const std::vector<double> special_reals = {0.0,   -0.0,   INFINITY, -INFINITY, NAN,   1.0,     -1.0, 0.5,
                                           1e-40, -1e-42, 5e-324,   3e38,      1e300, -1e-300, 88.8, 1e9};

template <class T>
T random_integer(Dice& dice) {
  if (!dice.chance(10)) return static_cast<T>(dice.in(-5, 9));
  const T ends[] = {std::numeric_limits<T>::min(),
                    std::numeric_limits<T>::max(),
                    static_cast<T>(-1),
                    0,
                    1,
                    static_cast<T>(std::numeric_limits<T>::max() / 2 + 1)};
  return ends[dice.in(0, 5)];
}
template <class T>
nx::Array integers(Dice& dice, const nx::Shape& shape) {
  std::vector<T> values(static_cast<size_t>(nx::element_count(shape.span())));
  for (T& x : values) x = random_integer<T>(dice);
  return nx::array(values, shape);
}
template <class T>
nx::Array reals(Dice& dice, const nx::Shape& shape) {
  std::vector<T> values(static_cast<size_t>(nx::element_count(shape.span())));
  // Half of the arrays are tame: one NaN in a sum hides everything else.
  const bool wild = dice.chance(50);
  // One value everywhere: sums of −0, rows of −infinity.
  if (dice.chance(6)) {
    std::fill(values.begin(), values.end(), static_cast<T>(dice.pick(special_reals)));
    return nx::array(values, shape);
  }
  for (T& x : values)
    x = static_cast<T>(wild && dice.chance(5) ? dice.pick(special_reals)
                                              : static_cast<double>(dice.in(-3000, 3000)) / 1000);
  return nx::array(values, shape);
}

}  // namespace

nx::Shape random_shape(Dice& dice, int rank, int64_t most) {
  nx::Shape shape;
  int64_t left = most;
  const int long_axis = rank > 0 && most > 65537 && dice.chance(60) ? static_cast<int>(dice.in(0, rank - 1)) : -1;
  for (int i = 0; i < rank; ++i) {
    int64_t extent = i == long_axis ? dice.pick(long_extents) : dice.pick(extents);
    if (extent == 0 && !dice.chance(25)) extent = 6;
    while (extent > left) extent = std::min(dice.pick(extents), left);
    shape.push_back(extent);
    left /= std::max<int64_t>(extent, 1);
  }
  return shape;
}

nx::Array random_array(Dice& dice, const nx::Aval& aval) {
  switch (aval.dtype) {
    case nx::DType::b1: return nx::greater(integers<uint8_t>(dice, aval.shape), 3);
    case nx::DType::u8: return integers<uint8_t>(dice, aval.shape);
    case nx::DType::u32: return integers<uint32_t>(dice, aval.shape);
    case nx::DType::u64: return integers<uint64_t>(dice, aval.shape);
    case nx::DType::i32: return integers<int32_t>(dice, aval.shape);
    case nx::DType::i64: return integers<int64_t>(dice, aval.shape);
    case nx::DType::f32: return reals<float>(dice, aval.shape);
    case nx::DType::f64: return reals<double>(dice, aval.shape);
  }
  return {};
}

}  // namespace tolk_test
