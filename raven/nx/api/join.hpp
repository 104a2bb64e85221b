#pragma once
// Joining, splitting, padding, repeating and reordering.
#include <vector>

#include "raven/nx/api/shape.hpp"
#include "raven/nx/gateway.hpp"

namespace nx {

/// The arrays one after another along an existing axis; dtypes promote. NumPy: concatenate, concat.
/// Throws ShapeError when another axis differs.
RAVEN_API Array concatenate(const std::vector<Array>& arrays, int64_t axis = 0);
inline Array concat(const std::vector<Array>& arrays, int64_t axis = 0) { return concatenate(arrays, axis); }
/// Arrays of one shape along a new axis at `axis` of the result. NumPy: stack.
RAVEN_API Array stack(const std::vector<Array>& arrays, int64_t axis = 0);
/// Along axis 1 (axis 0 of 1-d arrays), and along axis 0 as rows. NumPy: hstack, vstack.
RAVEN_API Array hstack(const std::vector<Array>& arrays);
RAVEN_API Array vstack(const std::vector<Array>& arrays);

/// `sections` views of equal size along `axis`; array_split allows the last ones to be one shorter. NumPy: split,
/// array_split. Throws ValueError when the axis does not divide.
RAVEN_API std::vector<Array> split(const Array& x, int64_t sections, int64_t axis = 0);
RAVEN_API std::vector<Array> array_split(const Array& x, int64_t sections, int64_t axis = 0);
/// Views between the given positions: [0, a), [a, b), … Also with one position in braces: `split(x, {3})` gives two views.
/// NumPy: split and array_split with indices.
RAVEN_API std::vector<Array> split(const Array& x, const Dims& positions, int64_t axis = 0);
inline std::vector<Array> split(const Array& x, std::initializer_list<int64_t> positions, int64_t axis = 0) {
  return split(x, Dims(positions), axis);
}
RAVEN_API std::vector<Array> array_split(const Array& x, const Dims& positions, int64_t axis = 0);
inline std::vector<Array> array_split(const Array& x, std::initializer_list<int64_t> positions, int64_t axis = 0) {
  return array_split(x, Dims(positions), axis);
}

/// x with `low[i]` elements of `value` before axis i and `high[i]` after; negative counts crop. NumPy: pad(constant).
RAVEN_API Array pad(const Array& x, const Dims& low, const Dims& high, const Operand& value = 0);

/// x repeated `repeats[i]` times along axis i. NumPy: tile.
RAVEN_API Array tile(const Array& x, const Dims& repeats);
/// Each element (along `axis`: each slice) `count` times in a row; the flattened array when no axis is given. NumPy: repeat.
RAVEN_API Array repeat(const Array& x, int64_t count);
RAVEN_API Array repeat(const Array& x, int64_t count, int64_t axis);

/// A view with the order reversed along the axes, by default along all. NumPy: flip.
RAVEN_API Array flip(const Array& x, const Axes& axes = {});
/// Elements moved `shift` places along `axis`, those pushed out coming in at the other end; without an axis, of the
/// flattened array in x's shape. NumPy: roll.
RAVEN_API Array roll(const Array& x, int64_t shift);
RAVEN_API Array roll(const Array& x, int64_t shift, int64_t axis);

}  // namespace nx
