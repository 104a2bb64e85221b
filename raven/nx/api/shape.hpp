#pragma once
// Shapes: views wherever strides allow, never a change of the operand.
#include <vector>

#include "raven/nx/api/options.hpp"
#include "raven/nx/array.hpp"

namespace nx {

/// The elements in C order under another shape; one extent may be −1. A view when strides allow. NumPy: reshape.
/// Throws ShapeError when the counts differ.
RAVEN_API Array reshape(const Array& x, const Shape& shape);
/// Axes reversed. NumPy: transpose.
RAVEN_API Array transpose(const Array& x);
/// Result axis i is axis `axes[i]` of x. NumPy: transpose, permute_dims.
RAVEN_API Array transpose(const Array& x, const Dims& axes);
/// The last two axes exchanged; rank ≥ 2. NumPy: matrix_transpose.
RAVEN_API Array matrix_transpose(const Array& x);
/// x repeated (stride 0) to `shape` by NumPy's broadcasting. NumPy: broadcast_to.
RAVEN_API Array broadcast_to(const Array& x, const Shape& shape);
/// Axes of extent 1 inserted so that they end up at `axes` of the result. NumPy: expand_dims.
RAVEN_API Array expand_dims(const Array& x, const Axes& axes);
/// Axes of extent 1 dropped: all of them, or the named ones. NumPy: squeeze.
RAVEN_API Array squeeze(const Array& x, const Axes& axes = {});
/// 1-d, in C order; a view when strides allow. NumPy: ravel.
RAVEN_API Array ravel(const Array& x);
/// Axes first … last joined into one. PyTorch: flatten.
RAVEN_API Array flatten(const Array& x, int64_t first = 0, int64_t last = -1);
/// One axis moved to another place, the others in order. NumPy: moveaxis.
RAVEN_API Array moveaxis(const Array& x, int64_t source, int64_t destination);
/// Two axes exchanged. NumPy: swapaxes.
RAVEN_API Array swapaxes(const Array& x, int64_t axis1, int64_t axis2);
/// With at least one, two, three axes. NumPy: atleast_1d, atleast_2d, atleast_3d.
RAVEN_API Array atleast_1d(const Array& x);
RAVEN_API Array atleast_2d(const Array& x);
RAVEN_API Array atleast_3d(const Array& x);
/// All broadcast to their joint shape. NumPy: broadcast_arrays.
RAVEN_API std::vector<Array> broadcast_arrays(const std::vector<Array>& arrays);
/// x[start:stop:step] per axis with steps ≥ 1, bounds inside the shape: the primitive behind indexing.
RAVEN_API Array slice(const Array& x, const Dims& starts, const Dims& stops, const Dims& steps);
/// x with that slice set to (or increased by) `update`: the primitive behind `.at`. Consumes a movable x in place.
RAVEN_API Array slice_update(Array x, const Array& update, const Dims& starts, const Dims& stops, const Dims& steps,
                             bool add = false);
/// The elements in C order without gaps; x itself when it is so already. NumPy: ascontiguousarray.
RAVEN_API Array contiguous(const Array& x);

}  // namespace nx
