#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/random.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/decompose/decompose.hpp"
#include "raven/nx/internal/dropout.hpp"

namespace nx::decompose_rule {

/// Rows of the table.
void Embedding(const Call& call) {
  GatherAttrs attrs;
  attrs.axes = Dims{0};
  attrs.slice_sizes = Dims{1, call.in[0].shape()[1]};
  const Array rows = apply(Op::Gather, {call.in[0], call.in[1]}, attrs);
  Shape shape = call.in[1].shape();
  shape.push_back(call.in[0].shape()[1]);
  call.out[0] = reshape(rows, shape);
}

/// The cotangents added, in order, into the rows they came from.
void EmbeddingGrad(const Call& call) {
  const Array &ids = call.in[0], &g = call.in[1];
  ScatterAttrs attrs;
  attrs.axes = Dims{0};
  attrs.slice_sizes = Dims{1, g.shape()[g.ndim() - 1]};
  attrs.kind = ScatterKind::add;
  Shape updates = ids.shape();
  updates.push_back(1);
  updates.push_back(g.shape()[g.ndim() - 1]);
  const Array table = zeros({call.as<EmbeddingGradAttrs>().rows, g.shape()[g.ndim() - 1]}, {.dtype = g.dtype()});
  call.out[0] = apply(Op::Scatter, {table, ids, reshape(g, updates)}, attrs);
}

/// bits ≥ rate·2³² ? x / (1 − rate) : 0
void Dropout(const Call& call) {
  const double rate = call.as<DropoutAttrs>().rate;
  const Array &x = call.in[0], bits = random::bits(call.in[1], x.shape());
  call.out[0] = where(greater_equal(bits, detail::dropout_threshold(rate)), x * (1 / (1 - rate)), 0);
}

}  // namespace nx::decompose_rule
