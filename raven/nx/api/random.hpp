#pragma once
// Keyed random numbers: Threefry-2x32 in counter mode, the bits of jax.random (partitionable scheme). A draw depends on its
// key and element index alone: never on threads, layout or device. Keys are arrays u32[2].
#include <cstdint>

#include "raven/nx/api/options.hpp"
#include "raven/nx/gateway.hpp"

namespace nx::random {

/// A key from a seed: (high word, low word). JAX: random.key.
RAVEN_API Array key(uint64_t seed);
/// `count` independent keys, u32[count, 2]. JAX: random.split.
RAVEN_API Array split(const Array& key, int64_t count = 2);
/// The key of a number inside another key (only its low 32 bits count). JAX: random.fold_in.
RAVEN_API Array fold_in(const Array& key, const Operand& data);
/// Uniform bits: u8, u32 or u64 by `width` 8, 32, 64. JAX: random.bits.
RAVEN_API Array bits(const Array& key, const Shape& shape, int64_t width = 32);

struct UniformOpts {
  detail::Named _named{};
  double low = 0, high = 1;
  MaybeDType dtype{};  ///< f32 or f64; default: the default float
};
/// U[low, high): mantissa bits in [1, 2), minus 1, scaled; a draw that would round up to `high` takes the number below it.
/// `low` alone when both are equal. JAX: random.uniform. Throws ValueError for low > high or NaN, OverflowError for a range
/// that is not finite.
RAVEN_API Array uniform(const Array& key, const Shape& shape, const UniformOpts& options = {});
/// N(0, 1): √2·erfinv of a uniform in (−1, 1). JAX: random.normal.
RAVEN_API Array normal(const Array& key, const Shape& shape, const DTypeOpts& options = {});
/// b1, true with probability p. JAX: random.bernoulli.
RAVEN_API Array bernoulli(const Array& key, double p, const Shape& shape);
struct RandintOpts {
  detail::Named _named{};
  DType dtype = DType::i64;  ///< i32 or i64
};
/// Integers in [low, high); low alone when high ≤ low. JAX: random.randint. Throws OverflowError when a bound does not fit.
RAVEN_API Array randint(const Array& key, const Shape& shape, int64_t low, int64_t high, const RandintOpts& options = {});

/// −ln(−ln u): the maximum of exponential noise, which turns argmax into sampling. JAX: random.gumbel.
RAVEN_API Array gumbel(const Array& key, const Shape& shape, const DTypeOpts& options = {});
/// Indices (i64) drawn with probabilities softmax(logits) along `axis`. JAX: random.categorical.
RAVEN_API Array categorical(const Array& key, const Array& logits, int64_t axis = -1);
/// 0 … count − 1 in random order (i64), or x's slices along `axis` in random order. JAX: random.permutation.
RAVEN_API Array permutation(const Array& key, int64_t count);
RAVEN_API Array permutation(const Array& key, const Array& x, int64_t axis = 0);

/// Stateful convenience: hands out keys by splitting its own. Not for use inside transformations.
class RAVEN_API Generator {
 public:
  explicit Generator(uint64_t seed);
  /// A fresh key; advances the state.
  Array next_key();
  /// The present state, a key.
  const Array& state() const { return key_; }

 private:
  Array key_;
};

}  // namespace nx::random
