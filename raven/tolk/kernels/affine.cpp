#include "raven/tolk/kernels/affine.hpp"

#include <algorithm>

namespace tolk::kernels {

namespace {
int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
}  // namespace

int64_t Affine::factor(uint16_t atom) const {
  for (const Term& t : terms)
    if (t.atom == atom) return t.factor;
  return 0;
}

Affine operator+(const Affine& a, const Affine& b) {
  Affine sum{a.constant + b.constant, {}};
  size_t i = 0, j = 0;
  while (i < a.terms.size() || j < b.terms.size()) {
    const bool left = j == b.terms.size() || (i < a.terms.size() && a.terms[i].atom <= b.terms[j].atom);
    const bool right = i == a.terms.size() || (j < b.terms.size() && b.terms[j].atom <= a.terms[i].atom);
    const uint16_t atom = left ? a.terms[i].atom : b.terms[j].atom;
    int64_t factor = 0;
    if (left) factor += a.terms[i++].factor;
    if (right) factor += b.terms[j++].factor;
    if (factor != 0) sum.terms.push_back({atom, factor});
  }
  return sum;
}

Affine operator*(const Affine& a, int64_t factor) {
  if (factor == 0) return {};
  Affine product = a;
  product.constant *= factor;
  for (Term& t : product.terms) t.factor *= factor;
  return product;
}

Range range_of(const Affine& a, std::span<const Atom> atoms) {
  Range r{a.constant, a.constant};
  for (const Term& t : a.terms) {
    const int64_t reach = t.factor * (atoms[t.atom].extent - 1);
    (reach < 0 ? r.low : r.high) += reach;
  }
  return r;
}

bool divide(const Affine& a, int64_t divisor, std::span<const Atom> atoms, Affine& quotient, Affine& remainder,
            Cut& cut) {
  quotient = {};
  remainder = {a.constant, {}};
  for (const Term& t : a.terms) {
    if (const int64_t q = t.factor / divisor) quotient.terms.push_back({t.atom, q});
    if (const int64_t r = t.factor % divisor) remainder.terms.push_back({t.atom, r});
  }
  const Range range = range_of(remainder, atoms);
  quotient.constant = floor_div(range.low, divisor);
  remainder.constant -= quotient.constant * divisor;
  if (range.high - quotient.constant * divisor < divisor) return true;
  // The term that reaches furthest over the divisor becomes one that stays below it and one that counts divisors.
  int64_t reach = 0;
  cut = {};
  for (const Term& t : remainder.terms) {
    const int64_t size = t.factor < 0 ? -t.factor : t.factor, extent = atoms[t.atom].extent;
    if (!atoms[t.atom].is_loop() || divisor % size != 0) continue;
    const int64_t inner = divisor / size;
    if (inner <= 1 || inner >= extent || extent % inner != 0 || size * (extent - 1) <= reach) continue;
    reach = size * (extent - 1);
    cut = {t.atom, inner};
  }
  return false;
}

Affine flatten(std::span<const Affine> index, std::span<const int64_t> shape) {
  Affine position;
  int64_t stride = 1;
  for (size_t i = index.size(); i-- > 0;) {
    if (shape[i] != 1) position = position + index[i] * stride;
    stride *= shape[i];
  }
  return position;
}

bool unflatten(const Affine& position, std::span<const int64_t> shape, std::span<const Atom> atoms,
               std::vector<Affine>& index, Cut& cut) {
  Affine rest = position;
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  size_t left = 0;
  for (const int64_t extent : shape) left += extent != 1;
  for (const int64_t extent : shape) {
    if (extent == 1) {
      index.push_back(constant_index(0));
      continue;
    }
    size /= extent;
    if (--left == 0) {
      index.push_back(rest);
      continue;
    }
    Affine quotient, remainder;
    if (!divide(rest, size, atoms, quotient, remainder, cut)) return false;
    index.push_back(std::move(quotient));
    rest = std::move(remainder);
  }
  return true;
}

bool reshape_index(std::span<const Affine> index, std::span<const int64_t> to, std::span<const int64_t> from,
                   std::span<const Atom> atoms, std::vector<Affine>& result, Cut& cut) {
  size_t i = 0, j = 0;
  while (i < to.size() || j < from.size()) {
    // The shortest runs of axes with one product.
    const size_t first = i, own = j;
    int64_t there = 1, here = 1;
    do {
      if (there <= here && i < to.size())
        there *= to[i++];
      else if (j < from.size())
        here *= from[j++];
      else
        there *= to[i++];
    } while (there != here);
    if (i == first + 1 && j == own + 1) {
      result.push_back(index[first]);
      continue;
    }
    const Affine position = flatten(index.subspan(first, i - first), to.subspan(first, i - first));
    if (!unflatten(position, from.subspan(own, j - own), atoms, result, cut)) return false;
  }
  return true;
}

}  // namespace tolk::kernels
