#include "nx/golden_nx.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace golden {

namespace {

std::string tuple(std::span<const int64_t> values) {
  std::string text = "(";
  for (int64_t value : values) text += std::to_string(value) + ",";
  return text + ")";
}

// One view step, as the primitive of that name.
nx::Array take(const Step& step, const nx::Array& x) {
  std::string name, attrs;
  switch (step.kind) {
    case Step::Kind::permute:
      name = "Permute", attrs = "{permutation=" + tuple(step.first) + "}";
      break;
    case Step::Kind::slice:
      name = "Slice",
      attrs = "{starts=" + tuple(step.first) + ", stops=" + tuple(step.stops) + ", steps=" + tuple(step.steps) + "}";
      break;
    case Step::Kind::flip:
      name = "Flip", attrs = "{axes=" + tuple(step.first) + "}";
      break;
    case Step::Kind::expand: {
      std::vector<int64_t> axes;  // leading axes are new
      for (int i = 0; i < x.ndim(); ++i) axes.push_back(static_cast<int64_t>(step.first.size()) - x.ndim() + i);
      name = "Expand", attrs = "{shape=" + tuple(step.first) + ", axes=" + tuple(axes) + "}";
    }
  }
  nx::Op op;
  if (!nx::find_op(name, op)) throw Uncovered(name);
  return nx::apply(op, {x}, nx::AttrsBox::parse(op, attrs).get());
}

template <class T>
nx::Array base_of(std::span<const std::byte> bytes, const nx::Shape& shape) {
  return nx::array(std::span(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)), shape);
}

// The case's value of one attribute, in the text form of `sample` in `{axes=(), kind=sum}` with the case's own values.
std::string attr_text(const std::string& key, std::string_view sample, const Case& item) {
  if (sample.starts_with("(")) {
    auto values = key == "shape" ? item.shape(key) : item.list(key);
    return tuple(values);
  }
  if (sample == "true" || sample == "false") return item.integer(key) ? "true" : "false";
  if (sample.starts_with("int:") || sample.starts_with("real:")) {
    const std::string& value = item.attr(key);
    bool real = value.find_first_of(".xn") != std::string::npos;  // hexadecimal floats, inf, nan
    if (!real) return "int:" + value;
    char hex[17];
    auto [end, status] = std::to_chars(hex, hex + 16, std::bit_cast<uint64_t>(item.real(key)), 16);
    return "real:0x" + std::string(hex, end);
  }
  return item.attr(key);
}

std::string default_attrs(nx::Op op) {
  switch (op) {
#define PRIMITIVE(name, public_name, attrs, ...) \
  case nx::Op::name: {                           \
    using namespace nx;                          \
    return nx::attrs_print(op, attrs{});         \
  }
#define HIGHER_ORDER PRIMITIVE
#define COMPOSITE PRIMITIVE
#include "raven/nx/op.def"
    default:
      return {};
  }
}

}  // namespace

nx::Array build(const ArrayText& text) {
  const nx::Shape shape{std::span<const int64_t>(text.shape)};
  nx::Array x;
  switch (nx::parse_dtype(text.dtype)) {
#define RAVEN_DTYPE(name, type, ...)      \
  case nx::DType::name:                   \
    x = base_of<type>(text.bytes, shape); \
    break;
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
  }
  for (const Step& step : text.recipe) x = take(step, x);
  return x;
}

std::vector<std::byte> bytes_of(const nx::Array& x) {
  std::vector<std::byte> bytes(static_cast<size_t>(x.size() * nx::item_size(x.dtype())));
  nx::detail::copy_elements(x, x.dtype(), bytes.data());
  return bytes;
}

std::string judge(const Expected& expected, const nx::Array& result) {
  if (!result.defined()) return "got an empty handle";
  if (nx::dtype_name(result.dtype()) != expected.array.dtype)
    return "got dtype " + std::string(nx::dtype_name(result.dtype())) + ", expected " + expected.array.dtype;
  nx::Shape shape = result.shape();
  if (!std::ranges::equal(shape.span(), expected.array.shape))
    return "got shape " + shape_text(shape.span()) + ", expected " + shape_text(expected.array.shape);
  return mismatch(expected, bytes_of(result));
}

Operands::Operands(const Case& item) {
  arrays.reserve(item.inputs.size());  // operands point into it
  for (const Input& input : item.inputs) {
    switch (input.kind) {
      case Input::Kind::array:
        arrays.push_back(build(input.array));
        operands.emplace_back(std::as_const(arrays.back()));
        break;
      case Input::Kind::weak_bool:
        arrays.emplace_back(), operands.emplace_back(input.integer != 0);
        break;
      case Input::Kind::weak_int:
        arrays.emplace_back(), operands.emplace_back(input.integer);
        break;
      case Input::Kind::weak_float:
        arrays.emplace_back(), operands.emplace_back(input.real);
        break;
    }
  }
}

nx::AttrsBox attrs_of(nx::Op op, const Case& item) {
  std::string text = default_attrs(op), filled;
  std::string_view rest = text;
  size_t used = 0;
  while (rest.size() > 1) {
    rest.remove_prefix(rest.starts_with("{") ? 1 : 2);  // "{" or ", "
    size_t equals = rest.find('=');
    std::string key(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    size_t end = rest.starts_with("(") ? rest.find(')') + 1 : rest.find_first_of(",}");
    std::string_view sample = rest.substr(0, end);
    filled += (filled.empty() ? "{" : ", ") + key + "=" +
              (item.has(key) ? attr_text(key, sample, item) : std::string(sample));
    used += item.has(key);
    rest.remove_prefix(end);
  }
  if (!filled.empty()) filled += "}";
  if (used + item.has("layout") != item.attrs.size())
    throw FormatError("golden: line " + std::to_string(item.line) + ": " + item.op + " has other attributes than " +
                      text);
  return nx::AttrsBox::parse(op, filled);
}

namespace {

// The results of a case; may throw what nx throws.
std::vector<nx::Array> call(const Case& item, PublicCall public_call, nx::Op op) {
  Operands in(item);
  if (public_call) return public_call(item, in);
  size_t results = item.op == "Sort" ? item.inputs.size() : static_cast<size_t>(nx::op_info(op).results);
  std::vector<nx::Array> out(results);
  nx::AttrsBox attrs = attrs_of(op, item);
  nx::apply(op, in.operands, attrs.get(), out);
  return out;
}

}  // namespace

Verdict run(const Case& item) {
  using Kind = Verdict::Kind;
  PublicCall public_call = find_public(item.op);
  TextCall text_call = find_text(item.op);
  nx::Op op = nx::Op::before_primitives;
  if (!public_call && !text_call && !nx::find_op(item.op, op)) return {Kind::uncovered, item.op};
  try {
    if (text_call) {
      Operands in(item);
      std::string text = text_call(item, in);
      if (text == item.text) return {};
      return {Kind::failed, "got\n" + text + "\nexpected\n" + item.text.value_or("(an error)")};
    }
    std::vector<nx::Array> results = call(item, public_call, op);
    if (!item.error.empty()) return {Kind::failed, "no error, expected " + item.error + "Error"};
    if (results.size() != item.outputs.size())
      return {Kind::failed,
              "got " + std::to_string(results.size()) + " results, expected " + std::to_string(item.outputs.size())};
    for (size_t i = 0; i < results.size(); ++i) {
      std::string difference = judge(item.outputs[i], results[i]);
      if (!difference.empty()) return {Kind::failed, "result " + std::to_string(i) + ": " + difference};
    }
    return {};
  } catch (const Uncovered& missing) {
    return {Kind::uncovered, missing.what()};
  } catch (const nx::Error& error) {
    if (item.error + "Error" == error.kind()) return {};
    return {Kind::failed, "threw " + std::string(error.kind()) + " (" + error.what() + "), expected " +
                              (item.error.empty() ? "a result" : item.error + "Error")};
  } catch (const std::exception& error) {
    return {Kind::failed, std::string("threw ") + error.what()};
  }
}

}  // namespace golden
