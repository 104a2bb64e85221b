#pragma once
// Index expressions: constant + Σ factor · atom. An atom is a loop index, or a number read at run time whose range is
// known (an index array's element). Not installed.
#include <cstdint>
#include <span>
#include <vector>

#include "raven/nx/dims.hpp"

namespace tolk::kernels {

/// An atom runs over 0 … extent − 1.
struct Atom {
  int64_t extent = 1;
  uint32_t node = ~0u;  ///< the number's node in the graph; none for loop indices
  bool is_loop() const { return node == ~0u; }
};

struct Term {
  uint16_t atom = 0;
  int64_t factor = 0;
  friend bool operator==(const Term&, const Term&) = default;
};
/// Terms ascend by atom; no factor is 0.
struct Affine {
  int64_t constant = 0;
  std::vector<Term> terms;
  bool is_constant() const { return terms.empty(); }
  int64_t factor(uint16_t atom) const;
  friend bool operator==(const Affine&, const Affine&) = default;
};

Affine operator+(const Affine& a, const Affine& b);
Affine operator*(const Affine& a, int64_t factor);
inline Affine constant_index(int64_t value) { return {value, {}}; }

/// The least and greatest value.
struct Range {
  int64_t low, high;
};
Range range_of(const Affine& a, std::span<const Atom> atoms);

/// A request to cut a loop in two, the inner one `inner` long.
struct Cut {
  uint16_t atom = 0;
  int64_t inner = 0;  ///< 0: no cut helps
};
/// a = quotient · divisor + remainder with 0 ≤ remainder < divisor wherever the atoms are; false when no such affine
/// pair is known, with a cut that may help.
bool divide(const Affine& a, int64_t divisor, std::span<const Atom> atoms, Affine& quotient, Affine& remainder,
            Cut& cut);

/// The element's position in C order.
Affine flatten(std::span<const Affine> index, std::span<const int64_t> shape);
/// The index of the element at a position in C order; false as `divide`.
bool unflatten(const Affine& position, std::span<const int64_t> shape, std::span<const Atom> atoms,
               std::vector<Affine>& index, Cut& cut);
/// The index into an array of shape `from` of the element that is at `index` after a reshape to `to`. Only axes that
/// are joined or cut take part; false as `divide`.
bool reshape_index(std::span<const Affine> index, std::span<const int64_t> to, std::span<const int64_t> from,
                   std::span<const Atom> atoms, std::vector<Affine>& result, Cut& cut);

}  // namespace tolk::kernels
