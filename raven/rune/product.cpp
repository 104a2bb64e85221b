#include "raven/rune/product.hpp"

#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/indexing.hpp"
#include "raven/nx/api/join.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/shape.hpp"

namespace rune {

using namespace nx;

namespace {

/// x [rows, n], along the rows: of a pair (a, b) the others of a are b and what the other pairs multiply to. Pairs are
/// products again, of half the length, so all of it takes about 3·n multiplications.
Array others_in_rows(const Array& x) {
  const int64_t rows = x.shape(0), n = x.shape(1), half = (n + 1) / 2;
  if (n <= 1) return ones_like(x);
  const Array pairs = reshape(n % 2 == 0 ? x : pad(x, {0, 0}, {0, 1}, 1), {rows, half, 2});
  const auto part = [&](int64_t k) {
    return reshape(slice(pairs, {0, 0, k}, {rows, half, k + 1}, {1, 1, 1}), {rows, half});
  };
  const Array a = part(0), b = part(1), rest = others_in_rows(a * b);
  const Array both = reshape(stack({rest * b, rest * a}, 2), {rows, 2 * half});
  return n % 2 == 0 ? both : slice(both, {0, 0}, {rows, n}, {1, 1});
}

/// x moved `by` places to the right, `value` coming in from the left.
Array moved(const Array& x, int64_t by, const Operand& value) { return pad(x, {by}, {-by}, value); }

/// u [n]: the product of those before i in its run of equal places. Products of 1, 2, 4 … elements up to i are doubled.
Array products_before(const Array& u, const Array& place) {
  const int64_t n = u.shape(0);
  const auto same_run = [&](int64_t distance) { return place == moved(place, distance, -1); };
  Array up_to = u;
  for (int64_t length = 1; length < n; length *= 2)
    up_to = where(same_run(length), moved(up_to, length, 1) * up_to, up_to);
  return where(same_run(1), moved(up_to, 1, 1), 1);
}

}  // namespace

Array product_of_others(const Array& x, const Dims& axes) {
  // The axes of the product last, as one.
  Dims order;
  Shape shape;
  int64_t rows = 1, n = 1;
  for (int i = 0; i < x.ndim(); ++i)
    if (!axes.contains(i)) order.push_back(i), rows *= x.shape(i);
  for (int i = 0; i < x.ndim(); ++i)
    if (axes.contains(i)) order.push_back(i), n *= x.shape(i);
  Dims back = order;
  for (int i = 0; i < order.size(); ++i) {
    back[static_cast<int>(order[i])] = i;
    shape.push_back(x.shape(static_cast<int>(order[i])));
  }
  return transpose(reshape(others_in_rows(reshape(transpose(x, order), {rows, n})), shape), back);
}

Array places_of(const Shape& shape) {
  return reshape(arange(1, element_count(shape.span()) + 1, {.dtype = DType::i64}), shape);
}

Array product_of_others_at(const Array& u, const Array& place) {
  const Array flat = ravel(place), order = argsort(flat);
  const Array sorted = take(ravel(u), order), runs = take(flat, order);
  const Array others = products_before(sorted, runs) * flip(products_before(flip(sorted), flip(runs)));
  return reshape(take(others, argsort(order)), u.shape());
}

}  // namespace rune
