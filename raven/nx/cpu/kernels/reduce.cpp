// Reductions in the one canonical order, a function of shape alone (docs/architecture.md, "one order of sums"):
//   a run (trailing axis): blocks of 1,024; element i of a block goes to partial i mod 64; partials are halved pairwise
//   (p[i] ∘ p[i+32], then +16 …); block values combine in a binary tree by index
//   columns (any other axis): blocks of 16 rows added in order; block rows combine in the same binary tree
// Partials start at the neutral element e with e ∘ x = x for every x (−0 for sums), so short runs need no special case.
#include "raven/nx/cpu/kernels/reduce.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class F, class T, class R>
void rows(std::byte* out, const std::byte* in, int64_t rows, int64_t n, int64_t row_stride, int64_t stride) {
  R* o = reinterpret_cast<R*>(out);
  const T* a = reinterpret_cast<const T*>(in);
  for (int64_t r = 0; r < rows; ++r) o[r] = run<F, T, R>(a + r * row_stride, n, stride);
}

template <class F, class R>
void tree(std::byte* values, int64_t count, int64_t width) {
  R* v = reinterpret_cast<R*>(values);
  // Level by level: row i takes row i + step. A row without a partner waits for the next level, as in Tree.
  for (int64_t step = 1; step < count; step *= 2)
    for (int64_t i = 0; i + step < count; i += 2 * step) {
      R *a = v + i * width, *b = v + (i + step) * width;
      for (int64_t j = 0; j < width; ++j) a[j] = F::of(a[j], b[j]);
    }
}

/// One block of at most 16 rows into acc[width].
template <class F, class T, class R>
NX_INLINE void add_rows(R* acc, const T* in, int64_t rows, int64_t width, int64_t row_stride) {
  if (rows == 16) {
    NX_INDEPENDENT
    for (int64_t j = 0; j < width; ++j) {
      R v = static_cast<R>(in[j]);
#pragma GCC unroll 15
      for (int r = 1; r < 16; ++r) v = F::of(v, static_cast<R>(in[r * row_stride + j]));
      acc[j] = v;
    }
    return;
  }
  for (int64_t j = 0; j < width; ++j) acc[j] = static_cast<R>(in[j]);
  for (int64_t r = 1; r < rows; ++r) {
    const T* row = in + r * row_stride;
    NX_INDEPENDENT
    for (int64_t j = 0; j < width; ++j) acc[j] = F::of(acc[j], static_cast<R>(row[j]));
  }
}

template <class F, class T, class R>
void columns(std::byte* out, const std::byte* in, int64_t rows, int64_t width, int64_t row_stride) {
  R* o = reinterpret_cast<R*>(out);
  const T* a = reinterpret_cast<const T*>(in);
  if (rows <= 0) {
    for (int64_t j = 0; j < width; ++j) o[j] = empty_value<F, R>;
    return;
  }
  if (rows <= 16) return add_rows<F, T, R>(o, a, rows, width, row_stride);
  // One row per level of the tree over at most 64 blocks, one on top for the block being added.
  R stack[8][column_width];
  int depth = 0;
  int64_t count = 0;
  for (int64_t r = 0; r < rows; r += 16) {
    add_rows<F, T, R>(stack[depth], a + r * row_stride, rows - r < 16 ? rows - r : 16, width, row_stride);
    for (int64_t c = count++; c & 1; c >>= 1) {
      --depth;
      NX_INDEPENDENT
      for (int64_t j = 0; j < width; ++j) stack[depth][j] = F::of(stack[depth][j], stack[depth + 1][j]);
    }
    ++depth;
  }
  for (; depth > 1; --depth)
    for (int64_t j = 0; j < width; ++j) stack[depth - 2][j] = F::of(stack[depth - 2][j], stack[depth - 1][j]);
  std::memcpy(o, stack[0], static_cast<size_t>(width) * sizeof(R));
}

template <class F, class T, class R>
void put(LevelTable& t, ReduceKind kind) {
  t.reduce[static_cast<int>(kind)][static_cast<int>(dtype_of<T>)][static_cast<int>(dtype_of<R>)] = {
      &rows<F, T, R>, &columns<F, T, R>, &tree<F, R>};
}
template <class F>
void put_same(LevelTable& t, ReduceKind kind) {
  put<F, uint8_t, uint8_t>(t, kind), put<F, uint32_t, uint32_t>(t, kind), put<F, uint64_t, uint64_t>(t, kind);
  put<F, int32_t, int32_t>(t, kind), put<F, int64_t, int64_t>(t, kind);
  put<F, float, float>(t, kind), put<F, double, double>(t, kind);
}
template <class F>
void put_wider(LevelTable& t, ReduceKind kind) {
  put<F, bool, int64_t>(t, kind), put<F, uint8_t, uint64_t>(t, kind), put<F, uint32_t, uint64_t>(t, kind);
  put<F, int32_t, int64_t>(t, kind), put<F, float, double>(t, kind);
}

}  // namespace

void fill_reduce(LevelTable& t) {
  put_same<Sum>(t, ReduceKind::sum), put_wider<Sum>(t, ReduceKind::sum);
  put_same<Prod>(t, ReduceKind::prod), put_wider<Prod>(t, ReduceKind::prod);
  put_same<Max>(t, ReduceKind::max), put<Max, bool, bool>(t, ReduceKind::max);
  put_same<Min>(t, ReduceKind::min), put<Min, bool, bool>(t, ReduceKind::min);
}

}  // namespace nx::cpu::RAVEN_LEVEL
