#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

namespace {
void require_ids(const Call& call, DType dtype) {
  if (!is_integer(dtype))
    throw DTypeError(call.name, raven::Message("ids are ") << dtype_name(dtype) << ", expected an integer dtype");
}
}  // namespace

/// (table [V,D], ids […]) → […, D]
void Embedding(const Call& call) {
  require_float(call, call.in[0].dtype);
  require_ids(call, call.in[1].dtype);
  const Shape& table = call.in[0].shape;
  if (table.size() != 2)
    throw ShapeError(call.name, raven::Message("the table has shape ") << table << ", expected rank 2 (rows, width)");
  Shape shape = call.in[1].shape;
  shape.push_back(table[1]);
  element_count(shape.span(), call.name);
  call.out[0] = {call.in[0].dtype, shape};
}

/// (ids […], g […, D]) → [rows, D]
void EmbeddingGrad(const Call& call) {
  require_ids(call, call.in[0].dtype);
  require_float(call, call.in[1].dtype);
  const Shape &ids = call.in[0].shape, &g = call.in[1].shape;
  bool fits = g.size() == ids.size() + 1;
  for (int i = 0; fits && i < ids.size(); ++i) fits = ids[i] == g[i];
  if (!fits)
    throw ShapeError(call.name, raven::Message("ids ")
                                    << ids << " and cotangent " << g << ", expected (…) and (…, width)");
  const Shape shape{call.as<EmbeddingGradAttrs>().rows, g[g.size() - 1]};
  element_count(shape.span(), call.name);
  call.out[0] = {call.in[1].dtype, shape};
}

/// (x, key u32[2]) → like x
void Dropout(const Call& call) {
  require_float(call, call.in[0].dtype);
  const Aval& key = call.in[1];
  if (key.dtype != DType::u32 || key.shape != Shape{2})
    throw ValueError(call.name, raven::Message("the key is ")
                                    << key << ", expected u32[2]; make it with nx::random::key(seed)");
  const double rate = call.as<DropoutAttrs>().rate;
  if (!(rate >= 0 && rate < 1))
    throw ValueError(call.name, raven::Message("rate is ") << rate << ", expected 0 ≤ rate < 1");
  call.out[0] = call.in[0];
}

}  // namespace nx::infer_rule
