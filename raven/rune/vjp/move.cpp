// Linear maps of positions: each rule is the transpose.
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/join.hpp"
#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

constinit const Rule Reshape = {[](Pull& p) { p.emit(0, reshape(p.ct(), p.shape())); }, keep::shapes};

constinit const Rule Permute = {[](Pull& p) {
  const Dims& permutation = p.as<PermuteAttrs>().permutation;
  Dims inverse = permutation;
  for (int i = 0; i < permutation.size(); ++i) inverse[static_cast<int>(permutation[i])] = i;
  p.emit(0, transpose(p.ct(), inverse));
}};

// sum over the axes that were new or of extent 1
constinit const Rule Expand = {[](Pull& p) {
                                 const auto& a = p.as<ExpandAttrs>();
                                 const Shape& shape = p.shape();
                                 Dims summed;
                                 int own = 0;
                                 for (int i = 0; i < a.shape.size(); ++i) {
                                   const bool mine = own < a.axes.size() && a.axes[own] == i;
                                   if (!mine || (shape[own] == 1 && a.shape[i] != 1)) summed.push_back(i);
                                   own += mine;
                                 }
                                 p.emit(0, reshape(sum(p.ct(), {.axis = Axes(summed)}), shape));
                               },
                               keep::shapes};

constinit const Rule Slice = {[](Pull& p) {
                                const auto& a = p.as<SliceAttrs>();
                                p.emit_region(0, a.starts, a.stops, a.steps, p.ct());
                              },
                              keep::shapes};

constinit const Rule Flip = {[](Pull& p) { p.emit(0, flip(p.ct(), Axes(p.as<AxesAttrs>().axes))); }};

// the operand's places of g (cropped ones get 0); the value gets the sum of all others
constinit const Rule Pad = {[](Pull& p) {
                              const auto& a = p.as<PadAttrs>();
                              const Shape& shape = p.shape();
                              const int rank = shape.size();
                              Dims low = a.low, high = a.high, starts = a.low, stops = a.low, steps = a.low;
                              for (int i = 0; i < rank; ++i) {
                                // Where the op cropped, g is padded back with zeros first.
                                low[i] = a.low[i] < 0 ? -a.low[i] : 0;
                                high[i] = a.high[i] < 0 ? -a.high[i] : 0;
                                starts[i] = a.low[i] < 0 ? 0 : a.low[i];
                                steps[i] = a.interior[i] + 1;
                                stops[i] = starts[i] + (shape[i] > 0 ? (shape[i] - 1) * steps[i] + 1 : 0);
                              }
                              const Array mine = slice(pad(p.ct(), low, high), starts, stops, steps);
                              if (p.needs(0)) p.emit(0, mine);
                              if (p.needs(1)) p.emit(1, sum(p.ct()) - sum(mine));
                            },
                            keep::shapes};

// the slice of g that each operand filled
constinit const Rule Concat = {[](Pull& p) {
                                 const auto axis = static_cast<int>(p.as<AxisAttrs>().axis);
                                 const Array g = p.ct();
                                 int64_t begin = 0;
                                 for (int i = 0; i < p.operands(); ++i) {
                                   const int64_t end = begin + p.shape(i)[axis];
                                   if (p.needs(i)) {
                                     Dims starts = Dims::filled(g.ndim(), 0), stops = g.shape();
                                     starts[axis] = begin, stops[axis] = end;
                                     p.emit(i, slice(g, starts, stops, Dims::filled(g.ndim(), 1)));
                                   }
                                   begin = end;
                                 }
                               },
                               keep::shapes};

// set: the slice of g is the update's, the rest the operand's; add: g for both
constinit const Rule SliceUpdate = {[](Pull& p) {
  const auto& a = p.as<SliceUpdateAttrs>();
  if (p.needs(1)) p.emit(1, slice(p.ct(), a.starts, a.stops, a.steps));
  if (!p.needs(0)) return;
  if (a.kind == UpdateKind::add) return p.emit(0, p.ct());
  const Array part = slice(p.ct(), a.starts, a.stops, a.steps);
  p.emit(0, slice_update(p.ct(), zeros_like(part), a.starts, a.stops, a.steps));
}};

}  // namespace rune::vjp_rule
