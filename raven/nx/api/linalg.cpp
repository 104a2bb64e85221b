#include "raven/nx/api/linalg.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/axes.hpp"
#include "raven/nx/internal/named.hpp"

namespace nx {

using detail::named;

Array dot_general(const Array& a, const Array& b, const DotGeneralOpts& options) {
  return named("nx.dot_general", [&] {
    detail::require_defined("nx.dot_general", a);
    detail::require_defined("nx.dot_general", b);
    const DType dtype = promote_types(a.dtype(), b.dtype());
    DotGeneralAttrs attrs;
    for (int64_t axis : options.lhs_contract) attrs.lhs_contract.push_back(detail::resolve_axis("nx.dot_general", axis, a.ndim()));
    for (int64_t axis : options.rhs_contract) attrs.rhs_contract.push_back(detail::resolve_axis("nx.dot_general", axis, b.ndim()));
    for (int64_t axis : options.lhs_batch) attrs.lhs_batch.push_back(detail::resolve_axis("nx.dot_general", axis, a.ndim()));
    for (int64_t axis : options.rhs_batch) attrs.rhs_batch.push_back(detail::resolve_axis("nx.dot_general", axis, b.ndim()));
    return apply(Op::DotGeneral, {a.astype(dtype), b.astype(dtype)}, attrs);
  });
}

Array matmul(const Array& a, const Array& b) {
  return named("nx.matmul", [&] {
    detail::require_defined("nx.matmul", a);
    detail::require_defined("nx.matmul", b);
    if (a.ndim() == 0 || b.ndim() == 0)
      throw ShapeError("nx.matmul", raven::Message("got shapes ") << a.shape() << " and " << b.shape() << ", expected at least 1 axis each; use multiply");
    const int64_t inner_a = a.shape(-1), inner_b = b.shape(b.ndim() == 1 ? 0 : -2);
    if (inner_a != inner_b)
      throw ShapeError("nx.matmul", raven::Message("inner dimensions differ: ") << a.shape() << " @ " << b.shape() << ", " << inner_a
                                                                                << " != " << inner_b);
    const int a_lead = a.ndim() == 1 ? 0 : a.ndim() - 2, b_lead = b.ndim() == 1 ? 0 : b.ndim() - 2;
    // A stack of matrices times one matrix needs no batch: all leading axes are rows.
    if (b_lead == 0) return dot_general(a, b, {.lhs_contract = {-1}, .rhs_contract = {b.ndim() == 1 ? 0 : -2}});

    // Leading axes broadcast; those of extent 1 on one side only are free axes of the other.
    const int rank = a_lead > b_lead ? a_lead : b_lead;
    Shape lead = Dims::filled(rank, 1);
    for (int i = 0; i < rank; ++i) {
      const int64_t x = i < rank - a_lead ? 1 : a.shape(i - (rank - a_lead)), y = i < rank - b_lead ? 1 : b.shape(i - (rank - b_lead));
      if (x != y && x != 1 && y != 1)
        throw ShapeError("nx.matmul", raven::Message("leading axes of ") << a.shape() << " and " << b.shape() << " cannot be broadcast");
      lead[i] = x == 1 ? y : x;
    }
    Shape a_shape = lead, b_shape = lead;
    for (int i = a_lead; i < a.ndim(); ++i) a_shape.push_back(a.shape(i));
    for (int i = b_lead; i < b.ndim(); ++i) b_shape.push_back(b.shape(i));
    DotGeneralOpts options;
    for (int i = 0; i < rank; ++i) options.lhs_batch.push_back(i), options.rhs_batch.push_back(i);
    options.lhs_contract = {-1};
    options.rhs_contract = {b.ndim() == 1 ? -1 : -2};
    return dot_general(broadcast_to(a, a_shape), broadcast_to(b, b_shape), options);
  });
}

}  // namespace nx
