#include "raven/nx/cpu/map.hpp"

#include <algorithm>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/layout.hpp"

namespace nx::cpu {

namespace {

constexpr int max_operands = 3;
// A chunk is worth about 10 µs: shorter ones lose to the hand-out. Costs count quarter nanoseconds.
constexpr int64_t chunk_cost = 40'000;

int64_t grain_of(int64_t n, int64_t cost) {
  const int64_t grain = std::max<int64_t>(1024, chunk_cost / cost);
  return n < 2 * grain ? std::max<int64_t>(n, 1) : (grain + 63) / 64 * 64;
}

template <int operands>
void run(MapLoop* loop, const View& out, std::span<const View> in, const Attrs& attrs, int64_t cost) {
  const View* views[operands + 1];
  views[0] = &out;
  int64_t item[operands + 1] = {item_size(out.dtype)};
  for (int o = 0; o < operands; ++o) {
    views[o + 1] = &in[static_cast<size_t>(o)];
    item[o + 1] = item_size(in[static_cast<size_t>(o)].dtype);
  }
  const Walk<operands + 1> walk = make_walk<operands + 1>(reinterpret_cast<const View* const(&)[operands + 1]>(views));
  const int inner = walk.rank - 1;
  const int64_t n = walk.rank == 0 ? 1 : walk.extent[inner];
  int64_t strides[operands];
  for (int o = 0; o < operands; ++o) strides[o] = walk.rank == 0 ? 0 : walk.stride[o + 1][inner];

  const auto part = [&](int64_t run_index, int64_t begin, int64_t end) {
    int64_t offset[operands + 1];
    offsets_at(walk, inner < 0 ? 0 : inner, run_index, offset);
    const std::byte* pointers[operands];
    for (int o = 0; o < operands; ++o)
      pointers[o] = in[static_cast<size_t>(o)].data + (offset[o + 1] + begin * strides[o]) * item[o + 1];
    loop(out.data + (offset[0] + begin) * item[0], pointers, strides, end - begin, attrs);
  };
  const int64_t runs = walk.size / n;
  if (runs == 1) {
    raven::parallel_for(n, grain_of(n, cost), [&](int64_t begin, int64_t end) { part(0, begin, end); });
  } else {
    const int64_t grain = std::max<int64_t>(1, grain_of(walk.size, cost) / n);
    raven::parallel_for(runs, grain, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) part(r, 0, n);
    });
  }
}

}  // namespace

void run_map(MapLoop* loop, const View& out, std::span<const View> in, const Attrs& attrs, int64_t cost) {
  if (out.size == 0) return;
  switch (in.size()) {
    case 1: return run<1>(loop, out, in, attrs, cost);
    case 2: return run<2>(loop, out, in, attrs, cost);
    default: return run<3>(loop, out, in, attrs, cost);
  }
}

void run_flat(MapLoop* loop, std::byte* out, const std::byte* const* in, const int64_t* strides, const int64_t* items,
              int operands, int64_t out_item, int64_t n, const Attrs& attrs, int64_t cost) {
  const int64_t grain = grain_of(n, cost);
  if (grain >= n) {
    loop(out, in, strides, n, attrs);
    return;
  }
  raven::parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    const std::byte* pointers[max_operands];
    for (int o = 0; o < operands; ++o) pointers[o] = in[o] + begin * strides[o] * items[o];
    loop(out + begin * out_item, pointers, strides, end - begin, attrs);
  });
}

void run_update(MapLoop* loop, const View& part, const View& update) {
  const View* views[2] = {&part, &update};
  const Walk<2> walk = make_walk<2>(views);
  const int64_t item = item_size(part.dtype);
  // The loops write densely: an axis that steps over elements is taken one element at a time.
  const bool dense = walk.rank > 0 && walk.stride[0][walk.rank - 1] == 1;
  const int outer = dense ? walk.rank - 1 : walk.rank;
  const int64_t n = dense ? walk.extent[outer] : 1;
  const int64_t strides[2] = {1, dense ? walk.stride[1][outer] : 0};
  const int64_t runs = walk.size / n, grain = std::max<int64_t>(1, grain_of(walk.size, 1) / n);
  raven::parallel_for(runs, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      int64_t offset[2];
      offsets_at(walk, outer, r, offset);
      std::byte* place = part.data + offset[0] * item;
      const std::byte* in[2] = {place, update.data + offset[1] * item};
      loop(place, in, strides, n, no_attrs);
    }
  });
}

MapLoop* map_loop(Op op, std::span<const View> in, DType out) {
  const LevelTable& table = loops();
  if (op == Op::Cast) return table.cast[static_cast<int>(in[0].dtype)][static_cast<int>(out)];
  return table.map[static_cast<int>(op)][static_cast<int>(in.back().dtype)];
}

int64_t map_cost(Op op) {
  switch (op) {
    case Op::Sqrt:
    case Op::Exp:
    case Op::Exp2:
    case Op::Rsqrt:
    case Op::Logistic: return 4;
    case Op::Log:
    case Op::Log2:
    case Op::Log10:
    case Op::Log1p:
    case Op::Expm1:
    case Op::Tanh:
    case Op::IDiv: return 6;
    case Op::Sin:
    case Op::Cos:
    case Op::Erf:
    case Op::ErfInv: return 10;
    case Op::Gelu:
    case Op::GeluGrad: return 12;
    case Op::Pow: return 20;
    case Op::Rem: return 40;
    default: return 1;
  }
}

}  // namespace nx::cpu
