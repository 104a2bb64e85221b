// Gathers, scatters and sorts: each other's transposes.
#include <vector>

#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/indexing.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/error.hpp"
#include "raven/rune/extremum.hpp"
#include "raven/rune/product.hpp"
#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

namespace {

/// The op over operand 0, the index operands 1 … and, when given, updates.
Array with_indices(Op op, const Array& x, Pull& p, int indices, const Array* updates, const Attrs& attrs) {
  std::vector<Operand> operands{x};
  for (int i = 1; i <= indices; ++i) operands.emplace_back(p.in(i));
  if (updates) operands.emplace_back(*updates);
  Array out;
  apply(op, operands, attrs, std::span<Array>(&out, 1));
  return out;
}

/// Cotangents of x and the updates; `gather` and `scatter` run over the call's indices.
template <class Gather, class Scatter>
void pull_scatter(Pull& p, ScatterKind kind, int last, Gather&& gather, Scatter&& scatter) {
  const Array g = p.ct();
  switch (kind) {
    case ScatterKind::set:
      if (p.needs(0)) p.emit(0, scatter(ScatterKind::set, g, zeros(p.shape(last), {.dtype = g.dtype()})));
      if (p.needs(last)) {
        // Of updates to one place the last one stands there, and it alone gets the cotangent.
        const Shape& shape = p.shape(last);
        const Array own = reshape(arange(element_count(shape.span()), {.dtype = DType::i64}), shape);
        const Array winner = gather(scatter(ScatterKind::set, full(p.shape(0), -1, {.dtype = DType::i64}), own));
        p.emit(last, where(winner == own, gather(g), 0));
      }
      return;
    case ScatterKind::add:
      if (p.needs(0)) p.emit(0, g);
      if (p.needs(last)) p.emit(last, gather(g));
      return;
    case ScatterKind::mul:
      if (p.needs(0)) p.emit(0, scatter(ScatterKind::mul, g, p.in(last)));
      if (p.needs(last))
        p.emit(last, gather(g * p.in(0)) * product_of_others_at(p.in(last), gather(places_of(p.shape(0)))));
      return;
    default: {
      // g split equally among all that reach the result.
      const Array hit = is_extremum(p.in(0), p.out()), update_hit = is_extremum(p.in(last), gather(p.out()));
      const Array share = g / scatter(ScatterKind::add, astype(hit, g.dtype()), astype(update_hit, g.dtype()));
      if (p.needs(0)) p.emit(0, where(hit, share, 0));
      if (p.needs(last)) p.emit(last, where(update_hit, gather(share), 0));
    }
  }
}

Keep keep_indices(uint64_t, const Attrs&) { return {~1u, 0, all_shapes}; }
template <class A>
Keep keep_scatter(uint64_t, const Attrs& attrs) {
  const ScatterKind kind = static_cast<const A&>(attrs).kind;
  const bool plain = kind == ScatterKind::set || kind == ScatterKind::add;
  const bool extremum = kind == ScatterKind::min || kind == ScatterKind::max;
  return {plain ? ~1u : ~0u, extremum ? 1u : 0u, all_shapes};
}

}  // namespace

// g added into zeros at the same places
constinit const Rule Gather = {[](Pull& p) {
                                 const auto& a = p.as<GatherAttrs>();
                                 ScatterAttrs attrs;
                                 attrs.axes = a.axes, attrs.slice_sizes = a.slice_sizes;
                                 attrs.kind = ScatterKind::add, attrs.mode = a.mode, attrs.wrap_negative = a.wrap_negative;
                                 const Array g = p.ct();
                                 p.emit(0, with_indices(Op::Scatter, zeros(p.shape(0), {.dtype = g.dtype()}), p, p.operands() - 1,
                                                        &g, attrs));
                               },
                               &keep_indices};

constinit const Rule Scatter = {[](Pull& p) {
                                  const auto& a = p.as<ScatterAttrs>();
                                  const int last = p.operands() - 1;
                                  GatherAttrs read;
                                  read.axes = a.axes, read.slice_sizes = a.slice_sizes;
                                  read.mode = a.mode, read.wrap_negative = a.wrap_negative;
                                  pull_scatter(
                                      p, a.kind, last,
                                      [&](const Array& x) { return with_indices(Op::Gather, x, p, last - 1, nullptr, read); },
                                      [&](ScatterKind kind, const Array& x, const Array& updates) {
                                        ScatterAttrs attrs = a;
                                        attrs.kind = kind;
                                        return with_indices(Op::Scatter, x, p, last - 1, &updates, attrs);
                                      });
                                },
                                &keep_scatter<ScatterAttrs>};

constinit const Rule GatherAxis = {[](Pull& p) {
                                     const auto& a = p.as<GatherAxisAttrs>();
                                     ScatterAxisAttrs attrs;
                                     attrs.axis = a.axis, attrs.kind = ScatterKind::add;
                                     attrs.mode = a.mode, attrs.wrap_negative = a.wrap_negative;
                                     const Array g = p.ct();
                                     p.emit(0, with_indices(Op::ScatterAxis, zeros(p.shape(0), {.dtype = g.dtype()}), p, 1, &g, attrs));
                                   },
                                   &keep_indices};

constinit const Rule ScatterAxis = {[](Pull& p) {
                                      const auto& a = p.as<ScatterAxisAttrs>();
                                      GatherAxisAttrs read;
                                      read.axis = a.axis, read.mode = a.mode, read.wrap_negative = a.wrap_negative;
                                      pull_scatter(
                                          p, a.kind, 2,
                                          [&](const Array& x) { return with_indices(Op::GatherAxis, x, p, 1, nullptr, read); },
                                          [&](ScatterKind kind, const Array& x, const Array& updates) {
                                            ScatterAxisAttrs attrs = a;
                                            attrs.kind = kind;
                                            return with_indices(Op::ScatterAxis, x, p, 1, &updates, attrs);
                                          });
                                    },
                                    &keep_scatter<ScatterAxisAttrs>};

// each g goes back to where its element came from
constinit const Rule Sort = {[](Pull& p) {
                               const auto& a = p.as<SortAttrs>();
                               std::vector<Operand> operands;
                               for (int i = 0; i < p.operands(); ++i) operands.emplace_back(p.in(i));
                               IotaAttrs iota;
                               iota.shape = p.in(0).shape(), iota.axis = a.axis;
                               const Array place = apply(Op::Iota, {}, iota);
                               operands.emplace_back(place);
                               std::vector<Array> sorted(operands.size());
                               apply(Op::Sort, operands, a, sorted);
                               for (int i = 0; i < p.operands(); ++i)
                                 if (p.needs(i) && p.has_ct(i)) p.emit(i, put_along_axis(zeros_like(p.ct(i)), sorted.back(), p.ct(i), a.axis));
                             },
                             keep::operands};

}  // namespace rune::vjp_rule
