// Kernels of gathers and scatters. Indices are first turned into element offsets (−1: nothing there), then slices are
// copied or combined; scatters run in C order on one thread, so equal indices have one meaning.
#include <algorithm>

#include "raven/base/message.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/map.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/copy.hpp"

namespace nx::cpu {

namespace {

/// visit(i, value) for every element in C order; values beyond int64 become INT64_MAX.
template <class T, class Visit>
void visit_typed(const View& index, Visit&& visit) {
  const T* data = reinterpret_cast<const T*>(index.data);
  if (index.contiguous) {
    for (int64_t i = 0; i < index.size; ++i) visit(i, data[i]);
    return;
  }
  int64_t position[Dims::max_size] = {};
  int64_t at = 0;
  for (int64_t i = 0; i < index.size; ++i) {
    visit(i, data[at]);
    for (int a = index.rank - 1; a >= 0; --a) {
      at += index.strides[a];
      if (++position[a] < index.shape[a]) break;
      at -= index.strides[a] * index.shape[a];
      position[a] = 0;
    }
  }
}
template <class Visit>
void visit_indices(const View& index, Visit&& visit) {
  switch (index.dtype) {
    case DType::u8: return visit_typed<uint8_t>(index, [&](int64_t i, uint8_t v) { visit(i, int64_t{v}); });
    case DType::u32: return visit_typed<uint32_t>(index, [&](int64_t i, uint32_t v) { visit(i, int64_t{v}); });
    case DType::u64:
      return visit_typed<uint64_t>(index, [&](int64_t i, uint64_t v) { visit(i, v > INT64_MAX ? INT64_MAX : static_cast<int64_t>(v)); });
    case DType::i32: return visit_typed<int32_t>(index, [&](int64_t i, int32_t v) { visit(i, int64_t{v}); });
    default: return visit_typed<int64_t>(index, visit);
  }
}

/// The index inside [0, extent), or −1.
inline int64_t resolve(int64_t index, int64_t extent, IndexMode mode, bool wrap_negative) {
  if (wrap_negative && index < 0) index += extent;
  if (index >= 0 && index < extent) return index;
  if (extent <= 0) return -1;
  switch (mode) {
    case IndexMode::clip: return index < 0 ? 0 : extent - 1;
    case IndexMode::wrap: return (index % extent + extent) % extent;
    default: return -1;
  }
}

void check(const char* name, const View& index, int64_t axis, int64_t room, int64_t extent, bool wrap_negative) {
  int64_t bad = 0;
  bool found = false;
  visit_indices(index, [&](int64_t, int64_t v) {
    const int64_t at = wrap_negative && v < 0 ? v + extent : v;
    if ((at < 0 || at >= room) && !found) bad = v, found = true;
  });
  if (found) {
    raven::Message m("index ");
    m << bad << " is out of bounds for axis " << axis << " of size " << extent;
    if (room > 0) m << " (valid: " << (wrap_negative ? -extent : 0) << ".." << room - 1 << ")";
    throw IndexError(name, m);
  }
}

/// offsets[i] = Σ over index arrays of index · stride, or −1 where one of them is outside.
void make_offsets(int64_t* offsets, std::span<const View> indices, const View& x, const Dims& axes, const Dims& slice_sizes,
                  IndexMode mode, bool wrap_negative) {
  std::fill_n(offsets, indices[0].size, 0);
  // A negative stride can make a valid offset negative: −1 is told apart by a value no offset has.
  for (size_t k = 0; k < indices.size(); ++k) {
    const int64_t axis = axes[static_cast<int>(k)], stride = x.strides[axis];
    const int64_t extent = x.shape[axis], room = extent - slice_sizes[static_cast<int>(axis)] + 1;
    visit_indices(indices[k], [&](int64_t i, int64_t v) {
      const int64_t wrapped = wrap_negative && v < 0 ? v + extent : v;
      const int64_t at = resolve(wrapped, room, mode, false);
      if (offsets[i] != INT64_MIN) offsets[i] = at < 0 ? INT64_MIN : offsets[i] + at * stride;
    });
  }
}

/// One slice of an array: the trailing axes of the update (or result) over x's strides.
struct Block {
  View view;  ///< data to be set
  int64_t bytes = 0;
  bool dense = true;
};
Block block_of(const View& x, const Dims& slice_sizes, Dims& strides) {
  Block b;
  b.view = x;
  b.view.shape = slice_sizes.data();
  strides = Dims(std::span<const int64_t>(x.strides, static_cast<size_t>(x.rank)));
  b.view.strides = strides.data();
  b.view.size = 1;
  for (int64_t size : slice_sizes) b.view.size *= size;
  b.dense = detail::strides_are_contiguous(slice_sizes.span(), x.strides);
  b.view.contiguous = b.dense;
  b.bytes = b.view.size * item_size(x.dtype);
  return b;
}

Op combining(ScatterKind kind) {
  switch (kind) {
    case ScatterKind::add: return Op::Add;
    case ScatterKind::mul: return Op::Mul;
    case ScatterKind::min: return Op::Minimum;
    default: return Op::Maximum;
  }
}

void check_ids(const char* name, int64_t rows, const View& ids) {
  int64_t bad = 0, at = -1;
  visit_indices(ids, [&](int64_t i, int64_t v) {
    if ((v < 0 || v >= rows) && at < 0) bad = v, at = i;
  });
  if (at >= 0)
    throw IndexError(name, raven::Message("id ") << bad << " at position " << detail::position_of(Dims(ids.shape_span()), at)
                                                 << " is outside [0, " << rows << "), the rows of the table");
}

}  // namespace

RAVEN_API void check_indices(Op op, std::span<const View> in, const Attrs& attrs) {
  const char* name = op_info(op).public_name;
  const auto many = [&](const auto& a, size_t count) {
    if (a.mode != IndexMode::raise) return;
    for (size_t k = 0; k < count; ++k) {
      const int64_t axis = a.axes[static_cast<int>(k)], extent = in[0].shape[axis];
      check(name, in[k + 1], axis, extent - a.slice_sizes[static_cast<int>(axis)] + 1, extent, a.wrap_negative);
    }
  };
  const auto one = [&](const auto& a) {
    if (a.mode == IndexMode::raise) check(name, in[1], a.axis, in[0].shape[a.axis], in[0].shape[a.axis], a.wrap_negative);
  };
  switch (op) {
    case Op::Gather: return many(static_cast<const GatherAttrs&>(attrs), in.size() - 1);
    case Op::Scatter: return many(static_cast<const ScatterAttrs&>(attrs), in.size() - 2);
    case Op::GatherAxis: return one(static_cast<const GatherAxisAttrs&>(attrs));
    case Op::ScatterAxis: return one(static_cast<const ScatterAxisAttrs&>(attrs));
    case Op::Embedding: return check_ids(name, in[0].shape[0], in[1]);
    case Op::EmbeddingGrad: return check_ids(name, static_cast<const EmbeddingGradAttrs&>(attrs).rows, in[0]);
    default: return;
  }
}

namespace kernel {

size_t index_scratch(const KernelCall& call) { return static_cast<size_t>(call.in[1].size) * sizeof(int64_t); }

void Gather(const KernelCall& call) {
  const auto& a = call.as<GatherAttrs>();
  const View &x = call.in[0], &out = call.out[0];
  if (out.size == 0) return;
  auto* offsets = static_cast<int64_t*>(call.scratch);
  const int64_t count = call.in[1].size, item = item_size(x.dtype);
  make_offsets(offsets, call.in.subspan(1), x, a.axes, a.slice_sizes, a.mode, a.wrap_negative);
  Dims strides;
  const Block block = block_of(x, a.slice_sizes, strides);
  const int64_t grain = std::max<int64_t>(1, (128 << 10) / std::max<int64_t>(block.bytes, 16));
  raven::parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    const Dims dense = contiguous_strides(a.slice_sizes.span());
    for (int64_t i = begin; i < end; ++i) {
      std::byte* to = out.data + i * block.bytes;
      if (offsets[i] == INT64_MIN) {
        std::memset(to, 0, static_cast<size_t>(block.bytes));
        continue;
      }
      const std::byte* from = x.data + offsets[i] * item;
      if (block.bytes == 4 && block.dense) {
        std::memcpy(to, from, 4);
      } else if (block.bytes == 8 && block.dense) {
        std::memcpy(to, from, 8);
      } else if (block.dense) {
        std::memcpy(to, from, static_cast<size_t>(block.bytes));
      } else {
        View src = block.view, dst = block.view;
        src.data = const_cast<std::byte*>(from);
        dst.data = to;
        dst.strides = dense.data();
        dst.contiguous = true;
        detail::copy_view(dst, src);
      }
    }
  });
}

void Scatter(const KernelCall& call) {
  const auto& a = call.as<ScatterAttrs>();
  const View &x = call.in[0], &out = call.out[0], &updates = call.in.back();
  if (out.data != x.data) detail::copy_view(out, x);
  if (updates.size == 0) return;
  auto* offsets = static_cast<int64_t*>(call.scratch);
  const auto indices = call.in.subspan(1, call.in.size() - 2);
  const int64_t count = indices[0].size, item = item_size(x.dtype);
  make_offsets(offsets, indices, out, a.axes, a.slice_sizes, a.mode, a.wrap_negative);
  Dims strides;
  const Block block = block_of(out, a.slice_sizes, strides);
  // The updates' slices keep their own strides; their leading axes are walked in C order.
  const int lead = indices[0].rank;
  View update = block.view;
  update.shape = updates.shape + lead;
  update.strides = updates.strides + lead;
  const bool dense = block.dense && detail::strides_are_contiguous(a.slice_sizes.span(), update.strides);
  update.contiguous = dense;
  const bool set = a.kind == ScatterKind::set;
  const View both[2] = {block.view, update};
  MapLoop* loop = set ? nullptr : map_loop(combining(a.kind), both, out.dtype);
  int64_t position[Dims::max_size] = {};
  int64_t at = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (offsets[i] != INT64_MIN) {
      std::byte* to = out.data + offsets[i] * item;
      update.data = updates.data + at * item;
      if (dense && set) {
        std::memcpy(to, update.data, static_cast<size_t>(block.bytes));
      } else if (dense) {
        const std::byte* in[2] = {to, update.data};
        const int64_t steps[2] = {1, 1};
        loop(to, in, steps, block.view.size, no_attrs);
      } else {
        View part = block.view;
        part.data = to;
        if (set)
          detail::copy_view(part, update);
        else
          run_update(loop, part, update);
      }
    }
    for (int d = lead - 1; d >= 0; --d) {
      at += updates.strides[d];
      if (++position[d] < updates.shape[d]) break;
      at -= updates.strides[d] * updates.shape[d];
      position[d] = 0;
    }
  }
}

namespace {

/// visit(flat, x offset without the axis, extra offset, index) over the index array in C order. `extra` has its shape.
template <class Visit>
void along(const View& x, const View& index, const View& extra, int64_t axis, Visit&& visit) {
  int64_t position[Dims::max_size] = {};
  int64_t base = 0, other = 0;
  visit_indices(index, [&](int64_t i, int64_t v) {
    visit(i, base, other, v);
    for (int d = index.rank - 1; d >= 0; --d) {
      const int64_t step = d == axis ? 0 : x.strides[d];
      base += step, other += extra.strides[d];
      if (++position[d] < index.shape[d]) break;
      base -= step * index.shape[d], other -= extra.strides[d] * index.shape[d];
      position[d] = 0;
    }
  });
}
template <class T>
void gather_axis(const KernelCall& call, const GatherAxisAttrs& a) {
  const View& x = call.in[0];
  const T* from = reinterpret_cast<const T*>(x.data);
  T* to = reinterpret_cast<T*>(call.out[0].data);
  const int64_t extent = x.shape[a.axis], stride = x.strides[a.axis];
  along(x, call.in[1], call.out[0], a.axis, [&](int64_t i, int64_t base, int64_t, int64_t v) {
    const int64_t at = resolve(v, extent, a.mode, a.wrap_negative);
    to[i] = at < 0 ? T(0) : from[base + at * stride];
  });
}
}  // namespace

void GatherAxis(const KernelCall& call) {
  const auto& a = call.as<GatherAxisAttrs>();
  switch (item_size(call.in[0].dtype)) {
    case 1: return gather_axis<uint8_t>(call, a);
    case 4: return gather_axis<uint32_t>(call, a);
    default: return gather_axis<uint64_t>(call, a);
  }
}

void ScatterAxis(const KernelCall& call) {
  const auto& a = call.as<ScatterAxisAttrs>();
  const View &x = call.in[0], &out = call.out[0], &updates = call.in[2];
  if (out.data != x.data) detail::copy_view(out, x);
  const int64_t item = item_size(x.dtype), extent = out.shape[a.axis], stride = out.strides[a.axis];
  const View both[2] = {out, updates};
  MapLoop* loop = a.kind == ScatterKind::set ? nullptr : map_loop(combining(a.kind), both, out.dtype);
  along(out, call.in[1], updates, a.axis, [&](int64_t, int64_t base, int64_t other, int64_t v) {
    const int64_t at = resolve(v, extent, a.mode, a.wrap_negative);
    if (at < 0) return;
    std::byte* to = out.data + (base + at * stride) * item;
    const std::byte* in[2] = {to, updates.data + other * item};
    const int64_t steps[2] = {1, 1};
    if (loop)
      loop(to, in, steps, 1, no_attrs);
    else
      std::memcpy(to, in[1], static_cast<size_t>(item));
  });
}

}  // namespace kernel
}  // namespace nx::cpu
