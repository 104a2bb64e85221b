#include "raven/nx/internal/views.hpp"

#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/impl.hpp"

namespace nx::detail {

namespace {

/// Strides of a reshape without copying; false when some result axis would step unevenly.
/// Both shapes are walked from the left; groups of axes with equal products must be dense inside.
bool reshape_strides(std::span<const int64_t> from, std::span<const int64_t> from_strides, std::span<const int64_t> to,
                     Dims& to_strides) {
  Dims old_shape, old_strides;
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != 1) old_shape.push_back(from[i]), old_strides.push_back(from_strides[i]);
  const int old_rank = old_shape.size(), new_rank = static_cast<int>(to.size());
  int oi = 0, ni = 0;
  while (ni < new_rank && oi < old_rank) {
    int64_t np = to[static_cast<size_t>(ni)], op = old_shape[oi];
    int nj = ni + 1, oj = oi + 1;
    while (np != op) {
      if (np < op)
        np *= to[static_cast<size_t>(nj++)];
      else
        op *= old_shape[oj++];
    }
    for (int k = oi; k + 1 < oj; ++k)
      if (old_strides[k] != old_shape[k + 1] * old_strides[k + 1]) return false;
    to_strides[nj - 1] = old_strides[oj - 1];
    for (int k = nj - 1; k > ni; --k) to_strides[k - 1] = to_strides[k] * to[static_cast<size_t>(k)];
    ni = nj, oi = oj;
  }
  // Trailing axes of extent 1 take any stride.
  const int64_t last = ni > 0 ? to_strides[ni - 1] : 1;
  for (int k = ni; k < new_rank; ++k) to_strides[k] = last;
  return true;
}

}  // namespace

RAVEN_API bool place_view(Op op, const Aval& operand, std::span<const int64_t> old_strides, const Attrs& attrs,
                          const Aval& result, ViewPlace& place) {
  const auto old_shape = operand.shape.span();
  const int64_t item = item_size(operand.dtype);
  const auto contiguous = [&] { return strides_are_contiguous(old_shape, old_strides.data()); };
  Dims& strides = place.strides;
  strides = Dims::filled(result.shape.size(), 0);
  int64_t offset = 0;
  switch (op) {
    case Op::Reshape:
      if (contiguous()) {
        strides = contiguous_strides(result.shape.span());
        break;
      }
      if (!reshape_strides(old_shape, old_strides, result.shape.span(), strides)) return false;
      break;
    case Op::Permute: {
      const Dims& permutation = static_cast<const PermuteAttrs&>(attrs).permutation;
      for (int i = 0; i < strides.size(); ++i) strides[i] = old_strides[static_cast<size_t>(permutation[i])];
      break;
    }
    case Op::Expand: {
      const Dims& axes = static_cast<const ExpandAttrs&>(attrs).axes;
      for (int i = 0; i < axes.size(); ++i) {
        const auto to = static_cast<int>(axes[i]);
        strides[to] = operand.shape[i] == result.shape[to] ? old_strides[static_cast<size_t>(i)] : 0;
      }
      break;
    }
    case Op::Slice: {
      const auto& a = static_cast<const SliceAttrs&>(attrs);
      for (int i = 0; i < strides.size(); ++i) {
        const int64_t step = old_strides[static_cast<size_t>(i)];
        offset += a.starts[i] * step;
        // A step beyond the axis is never taken, and its product with the stride may not exist.
        strides[i] = result.shape[i] > 1 ? step * a.steps[i] : step;
      }
      break;
    }
    case Op::Flip:
      for (int i = 0; i < strides.size(); ++i) strides[i] = old_strides[static_cast<size_t>(i)];
      for (int64_t axis : static_cast<const AxesAttrs&>(attrs).axes) {
        int64_t& step = strides[static_cast<int>(axis)];
        offset += (result.shape[static_cast<int>(axis)] - 1) * step;
        step = -step;
      }
      break;
    case Op::Bitcast:
      if (item != item_size(result.dtype)) {
        if (!contiguous()) return false;
        strides = contiguous_strides(result.shape.span());
        break;
      }
      [[fallthrough]];
    default:  // op_flag::view marks exactly these; the rest keep their place
      strides = Dims(old_strides);
  }
  place.byte_offset = offset * item;
  return true;
}

Array make_view(Op op, const Array& x, const Attrs& attrs, const Aval& result) {
  if (op == Op::StopGradient) return x;
  const Aval operand = aval_of(x);
  ViewPlace place;
  Array copy;
  if (!place_view(op, operand, strides_span(x), attrs, result, place)) {
    copy = contiguous_array(x);
    place_view(op, operand, strides_span(copy), attrs, result, place);
  }
  Array view = view_of(copy.defined() ? copy : x, result.shape.span(), place.strides.span(), place.byte_offset);
  impl_of(view)->dtype = result.dtype;
  return view;
}

}  // namespace nx::detail
