// Public functions by the names that the golden files use.
#include <algorithm>

#include "nx/golden_nx.hpp"

namespace golden {

namespace {

using Arrays = std::vector<nx::Array>;

Arrays one(nx::Array x) {
  Arrays out;
  out.push_back(std::move(x));
  return out;
}

nx::DType dtype_of(const Case& item) {
  return nx::parse_dtype(item.attr("dtype"));
}
nx::Axes axes_of(const Case& item) {
  if (!item.has("axis")) return {};
  return nx::Axes(nx::Dims(item.list("axis")));
}
bool flag(const Case& item, const char* key) {
  return item.integer(key, 0) != 0;
}
nx::Shape shape_of(const Case& item) {
  return nx::Shape(item.list("shape"));
}

struct Row {
  const char* name;
  PublicCall call;
};

#define CALL(expression)                         \
  [](const Case& item, Operands& in) -> Arrays { \
    (void)item;                                  \
    auto& x = in.operands;                       \
    (void)x;                                     \
    return one(expression);                      \
  }
#define UNARY(name) {#name, CALL(nx::name(x[0]))},
#define BINARY(name) {#name, CALL(nx::name(x[0], x[1]))},
#define REDUCTION(name) \
  {#name, CALL(nx::name(in.arrays[0], {.axis = axes_of(item), .keepdims = flag(item, "keepdims")}))},

constexpr Row rows[] = {
    UNARY(abs) UNARY(logical_not) UNARY(square) UNARY(negative) UNARY(sign) UNARY(floor) UNARY(ceil) UNARY(trunc)
        UNARY(rint) UNARY(bitwise_not) UNARY(sqrt) UNARY(reciprocal) UNARY(exp) UNARY(log) UNARY(log1p) UNARY(expm1)
            UNARY(sin) UNARY(cos) UNARY(tanh) UNARY(erf) UNARY(sigmoid) UNARY(rsqrt) UNARY(isnan) UNARY(isinf)
                UNARY(isfinite) BINARY(add) BINARY(subtract) BINARY(multiply) BINARY(divide) BINARY(floor_divide)
                    BINARY(remainder) BINARY(power) BINARY(maximum) BINARY(minimum) BINARY(equal) BINARY(not_equal)
                        BINARY(less) BINARY(less_equal) BINARY(greater) BINARY(greater_equal) BINARY(bitwise_and)
                            BINARY(bitwise_or) BINARY(bitwise_xor) BINARY(left_shift) BINARY(right_shift)
                                BINARY(logical_and) BINARY(logical_or)
                                    BINARY(logical_xor){"where", CALL(nx::where(x[0], x[1], x[2]))},
    REDUCTION(sum) REDUCTION(prod) REDUCTION(max) REDUCTION(min) REDUCTION(any) REDUCTION(all) REDUCTION(mean)
        REDUCTION(logsumexp){"matmul", CALL(nx::matmul(in.arrays[0], in.arrays[1]))},
};

}  // namespace

PublicCall find_public(const std::string& name) {
  for (const Row& row : rows)
    if (name == row.name) return row.call;
  return nullptr;
}

TextCall find_text(const std::string&) {
  return nullptr;
}

}  // namespace golden
