#pragma once
// Taking and putting by index arrays, sorting, searching.
#include <vector>

#include "raven/nx/api/options.hpp"
#include "raven/nx/gateway.hpp"

namespace nx {

struct TakeOpts {
  detail::Named _named{};
  Axes axis{};  ///< one axis; none: the flattened array
  IndexMode mode = IndexMode::raise;
};
/// x's slices at `indices` along an axis; negative indices count from the end in mode raise, clip sends them to 0.
/// NumPy: take. Throws IndexError.
RAVEN_API Array take(const Array& x, const Array& indices, const TakeOpts& options = {});
/// x[…, indices[…, j, …], …] along `axis`; the other axes broadcast. NumPy: take_along_axis. Throws IndexError.
RAVEN_API Array take_along_axis(const Array& x, const Array& indices, int64_t axis);
/// x with x[…, indices[…, j, …], …] set to (or combined with) values. NumPy: put_along_axis, returning the new array.
RAVEN_API Array put_along_axis(const Array& x, const Array& indices, const Operand& values, int64_t axis,
                               ScatterKind kind = ScatterKind::set);

struct SortOpts {
  detail::Named _named{};
  int64_t axis = -1;
  bool descending = false;
};
/// Sorted along an axis, stable, NaN last in both directions. NumPy: sort.
RAVEN_API Array sort(const Array& x, const SortOpts& options = {});
/// The indices (i64) that sort. NumPy: argsort(kind="stable").
RAVEN_API Array argsort(const Array& x, const SortOpts& options = {});
struct TopK {
  Array values, indices;
};
struct TopKOpts {
  detail::Named _named{};
  int64_t axis = -1;
  bool largest = true;
};
/// The k largest (smallest) elements along an axis in order, and their indices; ties by lowest index. PyTorch: topk.
/// Throws ValueError when the axis is shorter.
RAVEN_API TopK top_k(const Array& x, int64_t k, const TopKOpts& options = {});
/// The indices (i64, one array per axis) of the elements that are not 0, in C order. Eager only, for its shape depends on
/// values: under a trace TracerError. NumPy: nonzero.
RAVEN_API std::vector<Array> nonzero(const Array& x);

}  // namespace nx
