// Gathers, scatters and sorts.
#include <vector>

#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/indexing.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/rune/extremum.hpp"
#include "raven/rune/jvp/rules.hpp"
#include "raven/rune/product.hpp"

namespace rune::jvp_rule {

using namespace nx;

namespace {

Array with_indices(Op op, const Array& x, const Push& p, size_t indices, const Array* updates, const Attrs& attrs) {
  std::vector<Operand> operands{x};
  for (size_t i = 1; i <= indices; ++i) operands.emplace_back(p.in[i]);
  if (updates) operands.emplace_back(*updates);
  Array out;
  apply(op, operands, attrs, std::span<Array>(&out, 1));
  return out;
}

template <class Gather, class Scatter>
void push_scatter(const Push& p, ScatterKind kind, int last, Gather&& gather, Scatter&& scatter) {
  switch (kind) {
    case ScatterKind::set:
    case ScatterKind::add: return p.add(scatter(kind, p.t_or_zeros(0), p.t_or_zeros(last)));
    case ScatterKind::mul: {
      // t times every update of the place; and x·t_u times the other updates, added there
      if (p.has(0)) p.add(scatter(ScatterKind::mul, p.t(0), p.x(last)));
      if (!p.has(last)) return;
      const Array others = product_of_others_at(p.x(last), gather(places_of(p.x(0).shape())));
      return p.add(scatter(ScatterKind::add, zeros_like(p.x(0)), gather(p.x(0)) * others * p.t(last)));
    }
    default: {
      // the mean tangent of all that reach the result
      const Array hit = is_extremum(p.x(0), p.y()), update_hit = is_extremum(p.x(last), gather(p.y()));
      p.add(scatter(ScatterKind::add, where(hit, p.t_or_zeros(0), 0), where(update_hit, p.t_or_zeros(last), 0)) /
            scatter(ScatterKind::add, astype(hit, p.y().dtype()), astype(update_hit, p.y().dtype())));
    }
  }
}

}  // namespace

constinit const Rule Gather = {[](const Push& p) { p.add(with_indices(Op::Gather, p.t(), p, p.in.size() - 1, nullptr, p.attrs)); }};
constinit const Rule GatherAxis = {[](const Push& p) { p.add(with_indices(Op::GatherAxis, p.t(), p, 1, nullptr, p.attrs)); }};

constinit const Rule Scatter = {[](const Push& p) {
  const auto& a = p.as<ScatterAttrs>();
  const auto last = static_cast<int>(p.in.size()) - 1;
  const auto indices = p.in.size() - 2;
  GatherAttrs read;
  read.axes = a.axes, read.slice_sizes = a.slice_sizes, read.mode = a.mode, read.wrap_negative = a.wrap_negative;
  push_scatter(
      p, a.kind, last, [&](const Array& x) { return with_indices(Op::Gather, x, p, indices, nullptr, read); },
      [&](ScatterKind kind, const Array& x, const Array& updates) {
        ScatterAttrs attrs = a;
        attrs.kind = kind;
        return with_indices(Op::Scatter, x, p, indices, &updates, attrs);
      });
}};
constinit const Rule ScatterAxis = {[](const Push& p) {
  const auto& a = p.as<ScatterAxisAttrs>();
  GatherAxisAttrs read;
  read.axis = a.axis, read.mode = a.mode, read.wrap_negative = a.wrap_negative;
  push_scatter(
      p, a.kind, 2, [&](const Array& x) { return with_indices(Op::GatherAxis, x, p, 1, nullptr, read); },
      [&](ScatterKind kind, const Array& x, const Array& updates) {
        ScatterAxisAttrs attrs = a;
        attrs.kind = kind;
        return with_indices(Op::ScatterAxis, x, p, 1, &updates, attrs);
      });
}};

// each tangent in the order of the values
constinit const Rule Sort = {[](const Push& p) {
  const auto& a = p.as<SortAttrs>();
  std::vector<Operand> operands;
  for (const Array& x : p.in) operands.emplace_back(x);
  IotaAttrs iota;
  iota.shape = p.x(0).shape(), iota.axis = a.axis;
  const Array place = apply(Op::Iota, {}, iota);
  operands.emplace_back(place);
  std::vector<Array> sorted(operands.size());
  apply(Op::Sort, operands, a, sorted);
  for (size_t i = 0; i < p.in.size(); ++i)
    if (p.has(static_cast<int>(i))) p.result[i] = take_along_axis(p.t(static_cast<int>(i)), sorted.back(), a.axis);
}};

}  // namespace rune::jvp_rule
