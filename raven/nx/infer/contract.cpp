#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

void DotGeneral(const Call& call) {
  const auto& d = call.as<DotGeneralAttrs>();
  const Shape &lhs = call.in[0].shape, &rhs = call.in[1].shape;
  require_same_dtype(call);
  const auto check = [&](const Dims& l, const Dims& r, const char* what) {
    if (l.size() != r.size())
      throw AxisError(call.name, raven::Message(what) << " axes " << l << " and " << r << " differ in number");
    for (int i = 0; i < l.size(); ++i) {
      require_axis(call, l[i], lhs.size());
      require_axis(call, r[i], rhs.size());
      if (lhs[static_cast<int>(l[i])] != rhs[static_cast<int>(r[i])])
        throw ShapeError(call.name, raven::Message(what) << " dimensions differ: " << lhs << " axis " << l[i] << " and " << rhs
                                                         << " axis " << r[i]);
    }
  };
  check(d.lhs_batch, d.rhs_batch, "batch");
  check(d.lhs_contract, d.rhs_contract, "contracted");
  const auto distinct = [&](const Dims& a, const Dims& b) {
    bool seen[Dims::max_size] = {};
    for (const Dims* list : {&a, &b})
      for (int64_t axis : *list) {
        if (seen[axis]) throw AxisError(call.name, raven::Message("axis ") << axis << " is named twice");
        seen[axis] = true;
      }
  };
  distinct(d.lhs_batch, d.lhs_contract);
  distinct(d.rhs_batch, d.rhs_contract);
  Shape shape;
  for (int64_t axis : d.lhs_batch) shape.push_back(lhs[static_cast<int>(axis)]);
  for (int i = 0; i < lhs.size(); ++i)
    if (!d.lhs_batch.contains(i) && !d.lhs_contract.contains(i)) shape.push_back(lhs[i]);
  for (int i = 0; i < rhs.size(); ++i)
    if (!d.rhs_batch.contains(i) && !d.rhs_contract.contains(i)) shape.push_back(rhs[i]);
  element_count(shape.span(), call.name);
  call.out[0] = {call.in[0].dtype, shape};
}

}  // namespace nx::infer_rule
