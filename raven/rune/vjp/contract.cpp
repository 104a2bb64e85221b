// c = a·b over contracted axes: ā = g·b, b̄ = a·g over the axes that the other operand had to itself, axes put back.
#include "raven/nx/api/linalg.hpp"
#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

namespace {

Dims free_axes(int rank, const Dims& batch, const Dims& contract) {
  Dims axes;
  for (int i = 0; i < rank; ++i)
    if (!batch.contains(i) && !contract.contains(i)) axes.push_back(i);
  return axes;
}
Dims range(int64_t begin, int64_t count) {
  Dims axes;
  for (int64_t i = 0; i < count; ++i) axes.push_back(begin + i);
  return axes;
}

/// Cotangent of one operand. `mine` and `other` are the axis lists of this operand and of the other one; the result of
/// the contraction has axes (batch, free of mine, contracted in the order of the other's axes).
Array operand_cotangent(const Array& g, const Array& other, int rank, const Dims& my_batch, const Dims& my_contract,
                        const Dims& other_batch, const Dims& other_contract, bool is_left) {
  const Dims my_free = free_axes(rank, my_batch, my_contract);
  const Dims other_free = free_axes(other.ndim(), other_batch, other_contract);
  const int batch = my_batch.size();
  // Axes of g: batch, free of the left, free of the right.
  const Dims g_other = range(batch + (is_left ? my_free.size() : 0), other_free.size());
  const Array product = dot_general(
      g, other, {.lhs_contract = g_other, .rhs_contract = other_free, .lhs_batch = range(0, batch), .rhs_batch = other_batch});
  // The other's contracted axes come out in ascending order of its axes: find which of mine each belongs to.
  Dims position = Dims::filled(rank, 0);
  int at = 0;
  for (int64_t axis : my_batch) position[static_cast<int>(axis)] = at++;
  for (int64_t axis : my_free) position[static_cast<int>(axis)] = at++;
  for (int axis = 0; axis < other.ndim(); ++axis)
    for (int i = 0; i < other_contract.size(); ++i)
      if (other_contract[i] == axis) position[static_cast<int>(my_contract[i])] = at++;
  bool identity = true;
  for (int i = 0; i < rank; ++i) identity = identity && position[i] == i;
  return identity ? product : transpose(product, position);
}

}  // namespace

constinit const Rule DotGeneral = {
    [](Pull& p) {
      const auto& d = p.as<DotGeneralAttrs>();
      const int left_rank = p.shape(0).size(), right_rank = p.shape(1).size();
      if (p.needs(0))
        p.emit(0, operand_cotangent(p.ct(), p.in(1), left_rank, d.lhs_batch, d.lhs_contract, d.rhs_batch, d.rhs_contract, true));
      if (p.needs(1))
        p.emit(1, operand_cotangent(p.ct(), p.in(0), right_rank, d.rhs_batch, d.rhs_contract, d.lhs_batch, d.lhs_contract, false));
    },
    [](uint64_t needed, const Attrs& attrs) {
      Keep k = keep::other(needed, attrs);
      k.shapes = all_shapes;
      return k;
    }};

}  // namespace rune::vjp_rule
