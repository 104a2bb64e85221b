// CrossEntropy over contiguous rows of logits, with the bits of its decomposition. A label outside [0, n) picks
// nothing.
#include "raven/nx/cpu/kernels/reduce.hpp"
#include "raven/vmath/vmath.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class T>
using DomainOf = std::conditional_t<std::is_same_v<T, float>, vmath::NativeF32, vmath::NativeF64>;

/// y[i] = exp(x[i] − shift), i < n
template <class T>
NX_INLINE void shifted_exp(const T* x, T shift, T* y, int64_t n) {
  using D = DomainOf<T>;
  constexpr int w = D::lanes;
  D d;
  const auto s = d.bcast(&shift);
  int64_t i = 0;
  for (; i + w <= n; i += w) d.store(y + i, vmath::exp(d, d.load(x + i) - s));
  if (i < n) vmath::store_partial(y + i, vmath::exp(d, vmath::load_partial<w>(x + i, n - i) - s), n - i);
}

/// lse = max x + log Σ exp(x − max x), loss = lse − x[label]; 0 for an ignored label
template <class T>
void cross_entropy(std::byte* const* out, const std::byte* const* in, int64_t rows, int64_t n, const Attrs& attrs) {
  const int64_t ignored = static_cast<const CrossEntropyAttrs&>(attrs).ignore_index;
  const int64_t* labels = reinterpret_cast<const int64_t*>(in[1]);
  DomainOf<T> d;
  alignas(64) T e[reduce_block];
  for (int64_t r = 0; r < rows; ++r) {
    const T* x = reinterpret_cast<const T*>(in[0]) + r * n;
    const T top = run<Max, T, T>(x, n, 1);
    T total;
    if (n <= reduce_block) {
      shifted_exp(x, top, e, n);
      total = run<Sum, T, T>(e, n, 1);
    } else {
      Tree<Sum, T> tree;
      for (int64_t i = 0; i < n; i += reduce_block) {
        const int64_t length = n - i < reduce_block ? n - i : reduce_block;
        shifted_exp(x + i, top, e, length);
        tree.push(block<Sum, T, T>(e, length, 1));
      }
      total = tree.value();
    }
    const T lse = top + vmath::log(d, d.bcast(&total)).v[0];
    const T picked = labels[r] >= 0 && labels[r] < n ? x[labels[r]] : T(0);
    reinterpret_cast<T*>(out[0])[r] = labels[r] == ignored ? T(0) : lse - picked;
    reinterpret_cast<T*>(out[1])[r] = lse;
  }
}

/// dx = (exp(x − lse) − [i = label])·g; 0 for an ignored label
template <class T>
void cross_entropy_grad(std::byte* const* out, const std::byte* const* in, int64_t rows, int64_t n,
                        const Attrs& attrs) {
  const int64_t ignored = static_cast<const CrossEntropyAttrs&>(attrs).ignore_index;
  const int64_t* labels = reinterpret_cast<const int64_t*>(in[1]);
  for (int64_t r = 0; r < rows; ++r) {
    T* dx = reinterpret_cast<T*>(out[0]) + r * n;
    if (labels[r] == ignored) {
      std::memset(dx, 0, static_cast<size_t>(n) * sizeof(T));
      continue;
    }
    const T g = reinterpret_cast<const T*>(in[3])[r];
    shifted_exp(reinterpret_cast<const T*>(in[0]) + r * n, reinterpret_cast<const T*>(in[2])[r], dx, n);
    if (labels[r] >= 0 && labels[r] < n) dx[labels[r]] = dx[labels[r]] - T(1);
    NX_INDEPENDENT
    for (int64_t j = 0; j < n; ++j) dx[j] = dx[j] * g;
  }
}

}  // namespace

void fill_loss(LevelTable& t) {
  const auto put = [&](Op op, RowLoop* single, RowLoop* wide) {
    t.row[static_cast<int>(op)][static_cast<int>(DType::f32)] = single;
    t.row[static_cast<int>(op)][static_cast<int>(DType::f64)] = wide;
  };
  put(Op::CrossEntropy, &cross_entropy<float>, &cross_entropy<double>);
  put(Op::CrossEntropyGrad, &cross_entropy_grad<float>, &cross_entropy_grad<double>);
}

}  // namespace nx::cpu::RAVEN_LEVEL
