#include "raven/nx/error.hpp"
#include "raven/rune/extremum.hpp"
#include "raven/rune/product.hpp"
#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

namespace {

/// The reduced array spread over the operand's shape again.
Array spread(const Array& reduced, const Shape& shape, const Dims& axes) {
  Shape kept = shape;
  for (int64_t axis : axes) kept[static_cast<int>(axis)] = 1;
  return broadcast_to(reshape(reduced, kept), shape);
}

}  // namespace

// sum: g spread; prod: times the product of the others; max, min: g split equally among the ties
constinit const Rule Reduce = {
    [](Pull& p) {
      const auto& a = p.as<ReduceAttrs>();
      if (a.kind == ReduceKind::sum) {
        // The sum of f32 may be f64; what flows back is f32 again.
        p.emit(0, spread(astype(p.ct(), p.operand_dtype()), p.shape(), a.axes));
        return;
      }
      const Array& x = p.in(0);
      if (a.kind == ReduceKind::prod) {
        p.emit(0, spread(astype(p.ct(), x.dtype()), x.shape(), a.axes) * product_of_others(x, a.axes));
        return;
      }
      const Shape shape = x.shape();
      const Array hit = is_extremum(x, spread(p.out(), shape, a.axes));
      const Array count = sum(astype(hit, x.dtype()), {.axis = Axes(a.axes)});
      p.emit(0, where(hit, spread(p.ct() / count, shape, a.axes), 0));
    },
    [](uint64_t, const Attrs& attrs) {
      const bool is_sum = static_cast<const ReduceAttrs&>(attrs).kind == ReduceKind::sum;
      return is_sum ? Keep{0, 0, 1} : Keep{1, 1, 0};
    }};

}  // namespace rune::vjp_rule
