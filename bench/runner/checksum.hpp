#pragma once
// What results are compared by before anything is timed: a peer that computes something else is not a peer.
#include <concepts>
#include <string>
#include <type_traits>
#include <vector>

#include "raven/nx/tree.hpp"

namespace raven::bench {

/// Σ |x| and Σ w(i)·x over the elements in C order, w(i) = 1/2 + (i mod 1021) / 1021, so that elements in other places
/// give another number. In f64; integers and bools as numbers.
struct Checksum {
  double absolute = 0, weighted = 0;
};
/// One per array. Empty: nothing to compare.
using Checksums = std::vector<Checksum>;

/// f32 in another order of summation, and other polynomials: far above what either side rounds, far below a wrong axis
/// or a missing term.
constexpr double default_tolerance = 1e-4;

Checksum checksum(const nx::Array& x);
/// Values in [−1, 1), multiples of 2⁻²³, from a hash of the index and `seed`; the peers' `hashed` gives the same.
nx::Array hashed(const nx::Shape& shape, uint32_t seed = 1, nx::DType dtype = nx::f32);
/// Integers in [0, bound) from the same hash.
nx::Array hashed_integers(const nx::Shape& shape, int64_t bound, uint32_t seed = 1);

/// Of a number, an array or a tree of arrays (absent ones left out); of anything else none.
template <class T>
Checksums checksums(const T& result) {
  if constexpr (std::is_arithmetic_v<T>) {
    const double value = static_cast<double>(result);
    return {{value < 0 ? -value : value, value / 2}};
  } else if constexpr (nx::tree::IsTree<T>) {
    Checksums sums;
    for (const nx::Array& leaf : nx::tree::leaves(result))
      if (leaf.defined()) sums.push_back(checksum(leaf));
    return sums;
  } else {
    return {};
  }
}

/// What is different: empty, or a text with the first pair that is further apart than `tolerance` of the absolute
/// sum (0: any bit).
std::string compare(const Checksums& ours, const Checksums& theirs, double tolerance);

}  // namespace raven::bench
