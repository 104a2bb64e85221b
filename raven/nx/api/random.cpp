#include "raven/nx/api/random.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/indexing.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx::random {

using detail::named;

namespace {

Array random_bits(const char* name, const Array& key, const Shape& shape, RandomBitsKind kind, const Array& start) {
  detail::require_defined(name, key);
  RandomBitsAttrs attrs;
  attrs.shape = shape;
  attrs.kind = kind;
  return apply(Op::RandomBits, {key, start}, attrs);
}
Array random_bits(const char* name, const Array& key, const Shape& shape, RandomBitsKind kind) {
  return random_bits(name, key, shape, kind, scalar(0, DType::u64));
}

void require_float(const char* name, DType dtype) {
  if (!is_float(dtype)) throw DTypeError(name, raven::Message("got ") << dtype_name(dtype) << ", expected f32 or f64");
}

/// Floats in [0, 1) whose mantissas are the top bits of a draw.
Array unit_floats(const char* name, const Array& key, const Shape& shape, DType dtype) {
  if (dtype == DType::f32) {
    const Array mantissa = right_shift(random_bits(name, key, shape, RandomBitsKind::u32), 9);
    return bitcast(bitwise_or(mantissa, uint32_t{0x3f800000}), DType::f32) - 1;
  }
  if (dtype == DType::f64) {
    const Array mantissa = right_shift(random_bits(name, key, shape, RandomBitsKind::u64), 12);
    return bitcast(bitwise_or(mantissa, uint64_t{0x3ff0000000000000}), DType::f64) - 1;
  }
  throw DTypeError(name, raven::Message("got ") << dtype_name(dtype) << ", expected f32 or f64");
}

/// Rounding may carry low + u·(high − low) up to `high`; such draws take the largest number below it.
template <class T>
Array scaled_as(const char* name, const Array& key, const Shape& shape, double low, double high) {
  const T from = static_cast<T>(low), to = static_cast<T>(high), span = static_cast<T>(high - low);
  Array x = unit_floats(name, key, shape, dtype_of<T>) * (high - low) + low;
  const T most = T(1) - std::numeric_limits<T>::epsilon();  // the largest draw of unit_floats
  if (most * span + from >= to) x = minimum(std::move(x), std::nextafter(to, -std::numeric_limits<T>::infinity()));
  return maximum(std::move(x), low);
}
Array scaled(const char* name, const Array& key, const Shape& shape, double low, double high, DType dtype) {
  return dtype == DType::f32 ? scaled_as<float>(name, key, shape, low, high)
                             : scaled_as<double>(name, key, shape, low, high);
}

}  // namespace

Array key(uint64_t seed) {
  return named("nx.random.key", [&] {
    return array({static_cast<uint64_t>(seed >> 32), seed & 0xffffffffu}, {.dtype = DType::u32});
  });
}

Array split(const Array& key, int64_t count) {
  return named("nx.random.split", [&] {
    if (count < 0) throw ValueError("nx.random.split", raven::Message("count: got ") << count << ", expected a number ≥ 0");
    return random_bits("nx.random.split", key, {count}, RandomBitsKind::pair);
  });
}

Array fold_in(const Array& key, const Operand& data) {
  return named("nx.random.fold_in", [&] {
    constexpr const char* name = "nx.random.fold_in";
    if (data.is_scalar() ? data.scalar().kind == Scalar::Kind::real : is_float(data.array().dtype()))
      throw DTypeError(name, "data is real, expected an integer");
    if (!data.is_scalar() && data.array().ndim() != 0)
      throw ShapeError(name, raven::Message("data has shape ") << data.array().shape() << ", expected a 0-d array");
    const Array counter = data.is_scalar() ? scalar(data.scalar().integer & 0xffffffff, DType::u64)
                                           : bitwise_and(data.array().astype(DType::u64), uint64_t{0xffffffff});
    return random_bits(name, key, {}, RandomBitsKind::pair, counter);
  });
}

Array bits(const Array& key, const Shape& shape, int64_t width) {
  return named("nx.random.bits", [&] {
    switch (width) {
      case 8: return random_bits("nx.random.bits", key, shape, RandomBitsKind::u32).astype(DType::u8);
      case 32: return random_bits("nx.random.bits", key, shape, RandomBitsKind::u32);
      case 64: return random_bits("nx.random.bits", key, shape, RandomBitsKind::u64);
      default: throw ValueError("nx.random.bits", raven::Message("width: got ") << width << ", expected 8, 32 or 64");
    }
  });
}

Array uniform(const Array& key, const Shape& shape, const UniformOpts& o) {
  return named("nx.random.uniform", [&] {
    constexpr const char* name = "nx.random.uniform";
    const DType dtype = o.dtype.value_or(default_float());
    require_float(name, dtype);
    if (!(o.low <= o.high)) throw ValueError(name, raven::Message("got [") << o.low << ", " << o.high << "), expected low ≤ high");
    if (!std::isfinite(o.high - o.low))
      throw OverflowError(name, raven::Message("the range [") << o.low << ", " << o.high << ") is not finite");
    if (dtype == DType::f32 && !std::isfinite(static_cast<float>(o.high - o.low)))
      throw OverflowError(name, raven::Message("the range [") << o.low << ", " << o.high << ") does not fit f32");
    return scaled(name, key, shape, o.low, o.high, dtype);
  });
}

Array normal(const Array& key, const Shape& shape, const DTypeOpts& options) {
  return named("nx.random.normal", [&] {
    const DType dtype = options.dtype.value_or(default_float());
    const double low = dtype == DType::f32 ? static_cast<double>(std::nextafter(-1.0f, 0.0f)) : std::nextafter(-1.0, 0.0);
    const double span = dtype == DType::f32 ? static_cast<double>(1.0f - std::nextafter(-1.0f, 0.0f)) : 1.0 - low;
    const Array u = maximum(unit_floats("nx.random.normal", key, shape, dtype) * span + low, low);
    return erfinv(u) * std::numbers::sqrt2;
  });
}

Array bernoulli(const Array& key, double p, const Shape& shape) {
  return named("nx.random.bernoulli", [&] {
    if (!(p >= 0 && p <= 1)) throw ValueError("nx.random.bernoulli", raven::Message("p: got ") << p << ", expected a number in [0, 1]");
    return less(uniform(key, shape), p);
  });
}

Array randint(const Array& key, const Shape& shape, int64_t low, int64_t high, const RandintOpts& options) {
  return named("nx.random.randint", [&] {
    constexpr const char* name = "nx.random.randint";
    const bool wide = options.dtype == DType::i64;
    if (!wide && options.dtype != DType::i32)
      throw DTypeError(name, raven::Message("got ") << dtype_name(options.dtype) << ", expected i32 or i64");
    if (!wide && (low < INT32_MIN || low > INT32_MAX || high < INT32_MIN || high > int64_t{INT32_MAX} + 1))
      throw OverflowError(name, raven::Message("bounds [") << low << ", " << high << ") do not fit i32");
    // Two draws joined modulo the span, so that the bias of one draw's remainder vanishes (JAX's algorithm).
    const DType word = wide ? DType::u64 : DType::u32;
    const RandomBitsKind kind = wide ? RandomBitsKind::u64 : RandomBitsKind::u32;
    const Array keys = split(key);
    const auto part = [&](int64_t i) {
      return random_bits(name, slice(keys, {i, 0}, {i + 1, 2}, {1, 1}).reshape({2}), shape, kind);
    };
    const uint64_t span = high > low ? static_cast<uint64_t>(high) - static_cast<uint64_t>(low) : 1;
    const uint64_t half = uint64_t{1} << (wide ? 32 : 16);
    uint64_t multiplier = half % span;
    multiplier = wide ? multiplier * multiplier % span : static_cast<uint32_t>(multiplier * multiplier) % span;
    if (!wide && span > UINT32_MAX) return part(1).astype(DType::i32) + low;  // the whole range of i32
    const Array modulus = scalar(span, word);
    const Array offset = fmod(fmod(part(0), modulus) * multiplier + fmod(part(1), modulus), modulus);
    return offset.astype(options.dtype) + low;
  });
}

Array gumbel(const Array& key, const Shape& shape, const DTypeOpts& options) {
  return named("nx.random.gumbel", [&] {
    const DType dtype = options.dtype.value_or(default_float());
    require_float("nx.random.gumbel", dtype);
    const double least = dtype == DType::f32 ? static_cast<double>(std::numeric_limits<float>::min()) : std::numeric_limits<double>::min();
    return -log(-log(scaled("nx.random.gumbel", key, shape, least, 1, dtype)));
  });
}

Array categorical(const Array& key, const Array& logits, int64_t axis) {
  return named("nx.random.categorical", [&] {
    detail::require_defined("nx.random.categorical", logits);
    const Array real = is_float(logits.dtype()) ? logits : logits.astype(default_float());
    const int64_t at = detail::resolve_axis("nx.random.categorical", axis, real.ndim());
    return argmax(real + gumbel(key, real.shape(), {.dtype = real.dtype()}), at);
  });
}

namespace {
/// x in the order of random keys, sorted as often as makes collisions of 32-bit keys harmless (JAX's rule).
Array shuffled(const Array& key_given, Array x) {
  Array state = key_given;
  const double size = static_cast<double>(x.size() > 1 ? x.size() : 1);
  const int rounds = static_cast<int>(std::ceil(3 * std::log(size) / std::log(4294967295.0)));
  for (int i = 0; i < rounds; ++i) {
    const Array keys = split(state);
    state = slice(keys, {0, 0}, {1, 2}, {1, 1}).reshape({2});
    const Array order = bits(slice(keys, {1, 0}, {2, 2}, {1, 1}).reshape({2}), x.shape());
    const Operand in[2] = {order, x};
    Array out[2];
    apply(Op::Sort, in, SortAttrs{}, out);
    x = out[1];
  }
  return x;
}
}  // namespace

Array permutation(const Array& key, int64_t count) {
  return named("nx.random.permutation", [&] {
    if (count < 0) throw ValueError("nx.random.permutation", raven::Message("count: got ") << count << ", expected a number ≥ 0");
    return shuffled(key, arange(count));
  });
}
Array permutation(const Array& key, const Array& x, int64_t axis) {
  return named("nx.random.permutation", [&] {
    detail::require_defined("nx.random.permutation", x);
    const int64_t at = detail::resolve_axis("nx.random.permutation", axis, x.ndim());
    if (x.ndim() == 1) return shuffled(key, x);
    return take(x, shuffled(key, arange(x.shape(static_cast<int>(at)))), {.axis = at});
  });
}

Generator::Generator(uint64_t seed) : key_(key(seed)) {}
Array Generator::next_key() {
  if (const Interpreter* i = current_interpreter(); i && !i->allows_implicit_random())
    throw TracerError("nx.random.Generator", raven::Message("the implicit state cannot be advanced inside ")
                                                 << i->name() << "; pass a key as an argument and split it");
  const Array keys = split(key_);
  key_ = slice(keys, {0, 0}, {1, 2}, {1, 1}).reshape({2});
  return slice(keys, {1, 0}, {2, 2}, {1, 1}).reshape({2});
}

}  // namespace nx::random
