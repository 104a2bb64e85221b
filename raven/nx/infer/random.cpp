#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

void RandomBits(const Call& call) {
  const auto& a = call.as<RandomBitsAttrs>();
  const Aval &key = call.in[0], &start = call.in[1];
  if (key.dtype != DType::u32 || key.shape.empty() || key.shape.back() != 2)
    throw ValueError(call.name, raven::Message("the key is ") << key << ", expected u32[…,2]; make it with nx::random::key(seed)");
  if (start.dtype != DType::u64 || !start.shape.empty())
    throw DTypeError(call.name, raven::Message("the start counter is ") << start << ", expected u64[]");
  Shape shape = key.shape;
  shape.erase(shape.size() - 1);
  for (int64_t extent : a.shape) shape.push_back(extent);
  if (a.kind == RandomBitsKind::pair) shape.push_back(2);
  element_count(shape.span(), call.name);
  call.out[0] = {a.kind == RandomBitsKind::u64 ? DType::u64 : DType::u32, shape};
}

}  // namespace nx::infer_rule
