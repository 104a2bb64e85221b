#include "bench/runner/checksum.hpp"

#include <algorithm>
#include <cmath>

#include "raven/base/message.hpp"
#include "raven/nx.hpp"

namespace raven::bench {
namespace {

constexpr int64_t period = 1021, piece = int64_t{1} << 20;

uint32_t hash(int64_t index, uint32_t seed) {
  uint32_t h = static_cast<uint32_t>(index) * 2654435761u + seed * 0x9E3779B9u;
  h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
  h = (h ^ (h >> 13)) * 0xC2B2AE35u;
  return h ^ (h >> 16);
}

template <class T, class Value>
nx::Array filled(const nx::Shape& shape, Value value) {
  std::vector<T> values(static_cast<size_t>(nx::element_count(shape.span())));
  for (size_t i = 0; i < values.size(); ++i) values[i] = value(static_cast<int64_t>(i));
  return nx::array(values, shape);
}

}  // namespace

nx::Array hashed(const nx::Shape& shape, uint32_t seed, nx::DType dtype) {
  const auto value = [seed](int64_t i) { return static_cast<double>(hash(i, seed) >> 8) * 0x1p-23 - 1; };
  if (dtype == nx::f64) return filled<double>(shape, value);
  return filled<float>(shape, [&](int64_t i) { return static_cast<float>(value(i)); }).astype(dtype);
}
nx::Array hashed_integers(const nx::Shape& shape, int64_t bound, uint32_t seed) {
  return filled<int64_t>(shape, [=](int64_t i) { return static_cast<int64_t>(hash(i, seed)) % bound; });
}

Checksum checksum(const nx::Array& x) {
  const nx::Array flat = nx::reshape(nx::contiguous(x), {x.size()});
  Checksum sum;
  // In pieces: the f64 copy of a large result would be as large again, twice.
  for (int64_t begin = 0; begin < x.size(); begin += piece) {
    const int64_t end = std::min(begin + piece, x.size());
    const nx::Array part = nx::slice(flat, {begin}, {end}, {1}).astype(nx::f64);
    const double* values = part.data<double>();
    for (int64_t i = begin; i < end; ++i) {
      const double value = values[i - begin];
      sum.absolute += std::abs(value);
      sum.weighted += (0.5 + static_cast<double>(i % period) / period) * value;
    }
  }
  return sum;
}

std::string compare(const Checksums& ours, const Checksums& theirs, double tolerance) {
  if (ours.size() != theirs.size()) return (Message() << ours.size() << " results against " << theirs.size()).str();
  for (size_t i = 0; i < ours.size(); ++i) {
    const Checksum &a = ours[i], &b = theirs[i];
    const double allowed = tolerance * std::max(a.absolute, b.absolute);
    // Not finite on either side is a difference, unless bits are compared.
    const auto near = [&](double x, double y) {
      return tolerance == 0 ? x == y || (std::isnan(x) && std::isnan(y)) : std::abs(x - y) <= allowed;
    };
    const bool same = near(a.absolute, b.absolute) && near(a.weighted, b.weighted);
    if (!same)
      return (Message() << "result " << i << ": weighted sum " << a.weighted << " against " << b.weighted
                        << ", absolute sum " << a.absolute << " against " << b.absolute)
          .str();
  }
  return {};
}

}  // namespace raven::bench
