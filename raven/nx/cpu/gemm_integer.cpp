// Integer and truth-value matrix multiplication, compiled once per CPU level: blocked loops that the compiler
// vectorises. Sums wrap modulo 2^width, so the order of the terms does not matter.
#include <type_traits>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/gemm_kernels.hpp"

namespace nx::cpu {
namespace RAVEN_LEVEL {
namespace {

struct Wrap {
  template <class T>
  static T step(T sum, T a, T b) {
    // in uint32_t at least: narrower types would be promoted to int, whose overflow is undefined
    using Wide = std::conditional_t<(sizeof(T) < 4), uint32_t, T>;
    return static_cast<T>(static_cast<Wide>(sum) + static_cast<Wide>(a) * static_cast<Wide>(b));
  }
};
struct Truth {
  static uint8_t step(uint8_t sum, uint8_t a, uint8_t b) {
    return static_cast<uint8_t>((sum != 0) | ((a != 0) & (b != 0)));
  }
};

/// Row i of one member: C[i][j] for j in blocks that stay in the first-level cache while all of k passes.
template <class T, class Rule>
void row(const GemmArgs& g, const T* a, const T* b, T* c) {
  constexpr int64_t width = 512;
  T sum[width];
  for (int64_t begin = 0; begin < g.n; begin += width) {
    const int64_t count = g.n - begin < width ? g.n - begin : width;
    for (int64_t j = 0; j < count; ++j) sum[j] = g.accumulate ? c[(begin + j) * g.c_col] : T{0};
    for (int64_t k = 0; k < g.k; ++k) {
      const T factor = a[k * g.a_col];
      const T* from = b + k * g.b_row + begin * g.b_col;
      if (g.b_col == 1) {
        for (int64_t j = 0; j < count; ++j) sum[j] = Rule::step(sum[j], factor, from[j]);
      } else {
        for (int64_t j = 0; j < count; ++j) sum[j] = Rule::step(sum[j], factor, from[j * g.b_col]);
      }
    }
    for (int64_t j = 0; j < count; ++j) c[(begin + j) * g.c_col] = sum[j];
  }
}

template <class T, class Rule = Wrap>
void multiply(const GemmArgs& g) {
  const int64_t work = g.n * (g.k + 1);
  const int64_t grain = work > (1 << 18) ? 1 : (1 << 18) / work;
  raven::parallel_for(g.batch * g.m, grain, [&](int64_t first, int64_t last) {
    for (int64_t at = first; at < last; ++at) {
      const int64_t member = at / g.m, i = at % g.m;
      row<T, Rule>(g, static_cast<const T*>(g.a) + member * g.a_batch + i * g.a_row,
                   static_cast<const T*>(g.b) + member * g.b_batch,
                   static_cast<T*>(g.c) + member * g.c_batch + i * g.c_row);
    }
  });
}

}  // namespace

void gemm_integer(const GemmArgs& args) {
  switch (args.element) {
    case GemmElement::i8:
      return multiply<uint8_t>(args);
    case GemmElement::i16:
      return multiply<uint16_t>(args);
    case GemmElement::i32:
      return multiply<uint32_t>(args);
    case GemmElement::i64:
      return multiply<uint64_t>(args);
    case GemmElement::b1:
      return multiply<uint8_t, Truth>(args);
    case GemmElement::f32:
    case GemmElement::f64:
      return;
  }
}

}  // namespace RAVEN_LEVEL
}  // namespace nx::cpu
