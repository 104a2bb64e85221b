// Linear maps of positions: each rule is the transpose.
#include "raven/nx/api/creation.hpp"
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
