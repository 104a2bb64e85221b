// Public functions by the names that the golden files use.
//
// A row whose function is not declared holds null and its cases count as uncovered: calls are found by
// argument-dependent lookup inside generic lambdas, so this file compiles against any subset of nx.
#include <type_traits>

#include "nx/golden_nx.hpp"

// Qualified names must exist when a template is read, so each name of a nested namespace gets one overload that nothing
// matches; nx's own overloads, once declared, are the only viable ones.
namespace nx::random {
struct Nobody;
void key(Nobody*);
void split(Nobody*);
void fold_in(Nobody*);
void bits(Nobody*);
void uniform(Nobody*);
void normal(Nobody*);
void randint(Nobody*);
void permutation(Nobody*);
void categorical(Nobody*);
}  // namespace nx::random

namespace golden {

namespace {

using namespace nx;  // creation functions take no argument of nx that would lead lookup there

using Arrays = std::vector<nx::Array>;

Arrays one(nx::Array x) {
  Arrays out;
  out.push_back(std::move(x));
  return out;
}

[[maybe_unused]] nx::Axes axes_of(const Case& item) {
  if (!item.has("axis")) return {};
  std::vector<int64_t> list = item.list("axis");
  return nx::Axes(nx::Dims(std::span<const int64_t>(list)));
}
[[maybe_unused]] bool flag(const Case& item, const char* key) {
  return item.integer(key, 0) != 0;
}
[[maybe_unused]] nx::Shape shape_of(const Case& item) {
  std::vector<int64_t> shape = item.shape("shape");
  return nx::Shape(std::span<const int64_t>(shape));
}
// A target shape, written as a list because it may hold −1.
[[maybe_unused]] nx::Shape shape_or_list(const Case& item) {
  std::vector<int64_t> shape = item.list("shape");
  return nx::Shape(std::span<const int64_t>(shape));
}
[[maybe_unused]] nx::DType dtype_of(const Case& item) {
  return nx::parse_dtype(item.attr("dtype"));
}
[[maybe_unused]] double low_of(const Case& item) {
  return item.has("low") ? item.real("low") : 0;
}
[[maybe_unused]] double high_of(const Case& item) {
  return item.has("high") ? item.real("high") : 1;
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

// clang-format off: one row a line
// x: operands; a: the same as arrays.
#define ROW(name, ...)                                                                                  \
  {name, pick([]([[maybe_unused]] const auto& item, [[maybe_unused]] auto& x, [[maybe_unused]] auto& a) \
                  -> decltype(one(__VA_ARGS__)) { return one(__VA_ARGS__); })}
#define UNARY(name) ROW(#name, name(x[0]))
#define BINARY(name) ROW(#name, name(x[0], x[1]))
#define REDUCTION(name) ROW(#name, name(a[0], {.axis = axes_of(item), .keepdims = flag(item, "keepdims")}))

const Row rows[] = {
    UNARY(abs), UNARY(negative), UNARY(sign), UNARY(square), UNARY(reciprocal), UNARY(sqrt), UNARY(rsqrt),
    UNARY(floor), UNARY(ceil), UNARY(trunc), UNARY(rint),
    UNARY(exp), UNARY(expm1), UNARY(log), UNARY(log1p), UNARY(sin), UNARY(cos), UNARY(tanh), UNARY(erf), UNARY(sigmoid),
    UNARY(logical_not), UNARY(bitwise_not), UNARY(isnan), UNARY(isinf), UNARY(isfinite),

    BINARY(add), BINARY(subtract), BINARY(multiply), BINARY(divide), BINARY(floor_divide), BINARY(remainder), BINARY(power),
    BINARY(maximum), BINARY(minimum), BINARY(bitwise_and), BINARY(bitwise_or), BINARY(bitwise_xor), BINARY(left_shift),
    BINARY(right_shift), BINARY(logical_and), BINARY(logical_or), BINARY(logical_xor), BINARY(equal), BINARY(not_equal),
    BINARY(less), BINARY(less_equal), BINARY(greater), BINARY(greater_equal),
    ROW("where", where(x[0], x[1], x[2])),

    REDUCTION(sum), REDUCTION(prod), REDUCTION(max), REDUCTION(min), REDUCTION(any), REDUCTION(all), REDUCTION(mean),
    REDUCTION(logsumexp), REDUCTION(argmax), REDUCTION(argmin),
    ROW("var", var(a[0], {.axis = axes_of(item), .keepdims = flag(item, "keepdims"), .ddof = item.integer("ddof", 0)})),
    ROW("std", nx::std(a[0], {.axis = axes_of(item), .keepdims = flag(item, "keepdims"), .ddof = item.integer("ddof", 0)})),
    ROW("softmax", softmax(a[0], item.integer("axis"))),
    ROW("log_softmax", log_softmax(a[0], item.integer("axis"))),

    ROW("matmul", matmul(a[0], a[1])),
    ROW("dot", dot(a[0], a[1])),
    ROW("outer", outer(a[0], a[1])),
    ROW("tensordot", tensordot(a[0], a[1], item.integer("axes"))),

    ROW("ravel", ravel(a[0])),
    ROW("transpose", transpose(a[0])),
    ROW("reshape", reshape(a[0], shape_or_list(item))),
    ROW("expand_dims", expand_dims(a[0], axes_of(item))),
    ROW("squeeze", squeeze(a[0], axes_of(item))),
    ROW("moveaxis", moveaxis(a[0], item.integer("source"), item.integer("destination"))),
    ROW("swapaxes", swapaxes(a[0], item.integer("axis1"), item.integer("axis2"))),
    ROW("broadcast_to", broadcast_to(a[0], shape_or_list(item))),
    ROW("flip", flip(a[0], axes_of(item))),
    ROW("roll", roll(a[0], item.integer("shift"), item.integer("axis"))),
    ROW("tril", tril(a[0], item.integer("k", 0))),
    ROW("triu", triu(a[0], item.integer("k", 0))),
    ROW("concatenate", concatenate(a, item.integer("axis"))),
    ROW("stack", stack(a, item.integer("axis"))),

    ROW("arange", arange(item.real("start"), item.real("stop"), item.real("step"), {.dtype = dtype_of(item)})),
    ROW("linspace", linspace(item.real("start"), item.real("stop"), item.integer("num"), {.endpoint = flag(item, "endpoint"), .dtype = dtype_of(item)})),
    ROW("eye", eye(item.integer("n"), {.m = item.integer("m"), .k = item.integer("k"), .dtype = dtype_of(item)})),
    ROW("tri", tri(item.integer("n"), {.m = item.integer("m"), .k = item.integer("k"), .dtype = dtype_of(item)})),

    ROW("sort", sort(a[0], {.axis = item.integer("axis"), .descending = flag(item, "descending")})),
    ROW("argsort", argsort(a[0], {.axis = item.integer("axis"), .descending = flag(item, "descending")})),
    ROW("take_along_axis", take_along_axis(a[0], a[1], item.integer("axis"))),

    ROW("random_key", nx::random::key(item.integer("seed"))),
    ROW("random_split", nx::random::split(a[0], item.integer("count"))),
    ROW("random_fold_in", nx::random::fold_in(a[0], item.integer("data"))),
    ROW("random_bits", nx::random::bits(a[0], shape_of(item), item.integer("width"))),
    ROW("random_uniform", nx::random::uniform(a[0], shape_of(item), {.low = low_of(item), .high = high_of(item), .dtype = dtype_of(item)})),
    ROW("random_normal", nx::random::normal(a[0], shape_of(item), {.dtype = dtype_of(item)})),
    ROW("random_randint", nx::random::randint(a[0], shape_of(item), item.integer("low"), item.integer("high"), {.dtype = dtype_of(item)})),
    ROW("random_permutation", nx::random::permutation(a[0], item.integer("count"))),
    ROW("random_categorical", nx::random::categorical(a[0], a[1])),
};
#undef UNARY
#undef BINARY
#undef REDUCTION
#undef ROW
// clang-format on

// `items=0;:;A1;new;...`: integers, slices, index arrays (A) and masks (B), which are the operands after the first in
// the order of their first use.
std::vector<nx::Index> index_of(const Case& item, const Operands& in) {
  std::vector<nx::Index> items;
  std::string_view rest = item.attr("items");
  for (bool more = true; more;) {
    const size_t end = rest.find(';');
    more = end != std::string_view::npos;
    const std::string_view part = rest.substr(0, end);
    if (more) rest.remove_prefix(end + 1);
    if (part == "...")
      items.emplace_back(nx::ellipsis);
    else if (part == "new")
      items.emplace_back(nx::newaxis);
    else if (part.starts_with("A") || part.starts_with("B"))
      items.emplace_back(in.arrays[std::stoul(std::string(part.substr(1)))]);
    else if (part.find(':') != std::string_view::npos)
      items.emplace_back(nx::parse_slice(part));
    else if (!part.empty())
      items.emplace_back(std::stoll(std::string(part)));
  }
  return items;
}
Arrays index_call(const Case& item, Operands& in) {
  const std::vector<nx::Index> items = index_of(item, in);
  std::vector<const nx::Index*> pointers;
  for (const nx::Index& i : items) pointers.push_back(&i);
  return one(nx::get_item(in.arrays[0], pointers));
}
template <nx::ScatterKind kind>
Arrays at_call(const Case& item, Operands& in) {
  const std::vector<nx::Index> items = index_of(item, in);
  std::vector<const nx::Index*> pointers;
  for (const nx::Index& i : items) pointers.push_back(&i);
  return one(nx::set_item(in.arrays[0], pointers, kind, in.operands.back()));
}
nx::IndexMode mode_of(const Case& item) {
  if (!item.has("mode")) return nx::IndexMode::raise;
  return item.attr("mode") == "clip" ? nx::IndexMode::clip : nx::IndexMode::wrap;
}
Arrays take_call(const Case& item, Operands& in) {
  return one(nx::take(in.arrays[0], in.arrays[1], {.axis = axes_of(item), .mode = mode_of(item)}));
}
Arrays put_call(const Case& item, Operands& in) {
  return one(nx::put_along_axis(in.arrays[0], in.arrays[1], in.operands[2], item.integer("axis")));
}
Arrays clip_call(const Case& item, Operands& in) {
  const auto bound = [&](const char* key) { return nx::Operand(item.integer(key)); };
  const nx::Operand x(std::as_const(in.arrays[0]));
  if (!item.has("max")) return one(nx::maximum(x, bound("min")));
  if (!item.has("min")) return one(nx::minimum(x, bound("max")));
  return one(nx::clip(x, bound("min"), bound("max")));
}
const Row special_rows[] = {{"index", &index_call},
                            {"at_set", &at_call<nx::ScatterKind::set>},
                            {"at_add", &at_call<nx::ScatterKind::add>},
                            {"at_mul", &at_call<nx::ScatterKind::mul>},
                            {"at_min", &at_call<nx::ScatterKind::min>},
                            {"at_max", &at_call<nx::ScatterKind::max>},
                            {"take", &take_call},
                            {"put_along_axis", &put_call},
                            {"clip", &clip_call}};

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

// repr and str under the options that the case names.
nx::PrintOptions options_of(const Case& item) {
  nx::PrintOptions o;
  o.precision = static_cast<int>(item.integer("precision", o.precision));
  o.threshold = item.integer("threshold", o.threshold);
  o.edgeitems = item.integer("edgeitems", o.edgeitems);
  o.linewidth = static_cast<int>(item.integer("linewidth", o.linewidth));
  o.suppress = item.integer("suppress", 0) != 0;
  if (item.has("nanstr")) o.nanstr = item.attr("nanstr");
  if (item.has("infstr")) o.infstr = item.attr("infstr");
  if (item.has("sign")) o.sign = item.attr("sign") == "space" ? ' ' : item.attr("sign")[0];
  if (item.has("floatmode")) {
    const std::string& mode = item.attr("floatmode");
    o.floatmode = mode == "fixed"    ? nx::FloatMode::fixed
                  : mode == "unique" ? nx::FloatMode::unique
                  : mode == "maxprec" ? nx::FloatMode::maxprec
                                      : nx::FloatMode::maxprec_equal;
  }
  return o;
}
std::string repr_call(const Case& item, Operands& in) {
  const nx::PrintOptionsScope scope(options_of(item));
  return nx::repr(in.arrays[0]);
}
std::string str_call(const Case& item, Operands& in) {
  const nx::PrintOptionsScope scope(options_of(item));
  return nx::str(in.arrays[0]);
}

const struct {
  const char* name;
  TextCall call;
} text_rows[] = {{"repr", &repr_call},
                 {"str", &str_call},
                 {"promote_types", &promote},
                 {"promote_weak", &promote_weak},
                 {"weak_weak", &weak_weak}};

}  // namespace

PublicCall find_public(const std::string& name) {
  for (const Row& row : rows)
    if (name == row.name) return row.call;
  for (const Row& row : special_rows)
    if (name == row.name) return row.call;
  return nullptr;
}

TextCall find_text(const std::string& name) {
  for (const auto& row : text_rows)
    if (name == row.name) return row.call;
  return nullptr;
}

}  // namespace golden
