// Public functions by the names that the golden files use.
//
// A row whose function is not declared holds null and its cases count as uncovered: calls are found by
// argument-dependent lookup inside generic lambdas, so this file compiles against any subset of nx.
#include <type_traits>

#include "nx/golden_nx.hpp"

namespace golden {

namespace {

using Arrays = std::vector<nx::Array>;

Arrays one(nx::Array x) {
  Arrays out;
  out.push_back(std::move(x));
  return out;
}

nx::Axes axes_of(const Case& item) {
  if (!item.has("axis")) return {};
  std::vector<int64_t> list = item.list("axis");
  return nx::Axes(nx::Dims(std::span<const int64_t>(list)));
}
bool flag(const Case& item, const char* key) {
  return item.integer(key, 0) != 0;
}
nx::Dims dims_of(const Case& item, const char* key) {
  std::vector<int64_t> list = item.list(key);
  return nx::Dims(std::span<const int64_t>(list));
}

// The call as a plain function; null when the lambda's body does not compile for nx as it is.
template <class Call>
constexpr PublicCall pick(Call) {
  if constexpr (std::is_invocable_v<Call, const Case&, std::vector<nx::Operand>&, std::vector<nx::Array>&>)
    return +[](const Case& item, Operands& in) -> Arrays { return Call{}(item, in.operands, in.arrays); };
  else
    return nullptr;
}

struct Row {
  const char* name;
  PublicCall call;
};

// x: operands; a: the same as arrays.
#define ROW(name, ...)                                                        \
  {name, pick([]([[maybe_unused]] const auto& item, [[maybe_unused]] auto& x, \
                 [[maybe_unused]] auto& a) -> decltype(one(__VA_ARGS__)) { return one(__VA_ARGS__); })},
#define UNARY(name) ROW(#name, name(x[0]))
#define BINARY(name) ROW(#name, name(x[0], x[1]))
#define REDUCTION(name) ROW(#name, name(a[0], {.axis = axes_of(item), .keepdims = flag(item, "keepdims")}))
#define SPREAD(name) \
  ROW(#name, name(a[0], {.axis = axes_of(item), .keepdims = flag(item, "keepdims"), .ddof = item.integer("ddof", 0)}))

const Row rows[] = {
    UNARY(logical_not) UNARY(square) UNARY(negative) UNARY(sign) UNARY(floor) UNARY(ceil) UNARY(trunc) UNARY(rint)
        UNARY(bitwise_not) UNARY(sqrt) UNARY(reciprocal) UNARY(exp) UNARY(log) UNARY(log1p) UNARY(expm1) UNARY(
            sin) UNARY(cos) UNARY(tanh) UNARY(erf) UNARY(sigmoid) UNARY(rsqrt) UNARY(isnan) UNARY(isinf) UNARY(isfinite)
            UNARY(abs) BINARY(add) BINARY(subtract) BINARY(multiply) BINARY(divide) BINARY(floor_divide) BINARY(
                remainder) BINARY(power) BINARY(maximum) BINARY(minimum) BINARY(equal) BINARY(not_equal) BINARY(less)
                BINARY(less_equal) BINARY(greater) BINARY(greater_equal) BINARY(bitwise_and) BINARY(bitwise_or) BINARY(
                    bitwise_xor) BINARY(left_shift) BINARY(right_shift) BINARY(logical_and)
                    BINARY(logical_or) BINARY(logical_xor) ROW("where", where(x[0], x[1], x[2])) REDUCTION(
                        sum) REDUCTION(prod) REDUCTION(max) REDUCTION(min) REDUCTION(any) REDUCTION(all) REDUCTION(mean)
                        REDUCTION(logsumexp) SPREAD(var) ROW("softmax", softmax(a[0], item.integer("axis"))) ROW(
                            "log_softmax", log_softmax(a[0], item.integer("axis")))
                            ROW("matmul", matmul(a[0], a[1])) ROW("dot", dot(a[0], a[1])) ROW(
                                "outer",
                                outer(a[0], a[1])) ROW("tensordot", tensordot(a[0], a[1], item.integer("axes")))
                                ROW("ravel", ravel(a[0])) ROW("transpose", transpose(a[0])) ROW(
                                    "expand_dims", expand_dims(a[0], axes_of(item)))
                                    ROW("reshape", reshape(a[0], dims_of(item, "shape"))) ROW(
                                        "moveaxis",
                                        moveaxis(a[0], item.integer("source"), item.integer("destination")))
                                        ROW("swapaxes", swapaxes(a[0], item.integer("axis1"), item.integer("axis2")))
                                            ROW("squeeze", squeeze(a[0], axes_of(item)))
                                                ROW("flip", flip(a[0], axes_of(item))) ROW(
                                                    "roll", roll(a[0], item.integer("shift"), item.integer("axis")))
                                                    ROW("broadcast_to", broadcast_to(a[0], dims_of(item, "shape"))) ROW(
                                                        "tril", tril(a[0], item.integer("k", 0)))
                                                        ROW("triu", triu(a[0], item.integer("k", 0))) ROW(
                                                            "concatenate", concatenate(a, item.integer("axis")))
                                                            ROW("stack", stack(a, item.integer("axis"))) ROW(
                                                                "sort",
                                                                sort(a[0], {.axis = item.integer("axis"),
                                                                            .descending = flag(item, "descending")}))
                                                                ROW("argsort",
                                                                    argsort(a[0],
                                                                            {.axis = item.integer("axis"),
                                                                             .descending = flag(item, "descending")}))
                                                                    ROW("take_along_axis",
                                                                        take_along_axis(a[0], a[1],
                                                                                        item.integer("axis")))};
#undef UNARY
#undef BINARY
#undef REDUCTION
#undef SPREAD
#undef ROW

std::string promote(const Case& item, Operands&) {
  return std::string(
      nx::dtype_name(nx::promote_types(nx::parse_dtype(item.attr("a")), nx::parse_dtype(item.attr("b")))));
}

// A weak scalar of the named category; 1 fits every dtype.
nx::Operand weak(const std::string& kind) {
  return kind == "bool" ? nx::Operand(true) : kind == "int" ? nx::Operand(1) : nx::Operand(1.0);
}

std::string promote_weak(const Case& item, Operands&) {
  nx::Array x = nx::zeros({}, {.dtype = nx::parse_dtype(item.attr("a"))});
  return std::string(nx::dtype_name(nx::add(x, weak(item.attr("weak"))).dtype()));
}
std::string weak_weak(const Case& item, Operands&) {
  return std::string(nx::dtype_name(nx::add(weak(item.attr("a")), weak(item.attr("b"))).dtype()));
}

constexpr struct {
  const char* name;
  TextCall call;
} text_rows[] = {{"promote_types", &promote}, {"promote_weak", &promote_weak}, {"weak_weak", &weak_weak}};

}  // namespace

PublicCall find_public(const std::string& name) {
  for (const Row& row : rows)
    if (name == row.name) return row.call;
  return nullptr;
}

TextCall find_text(const std::string& name) {
  for (const auto& row : text_rows)
    if (name == row.name) return row.call;
  return nullptr;
}

}  // namespace golden
