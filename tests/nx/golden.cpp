#include "nx/golden.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace golden {
namespace {

constexpr struct {
  std::string_view name;
  int64_t bytes;
} dtypes[] = {{"b1", 1},  {"i8", 1},  {"u8", 1},  {"i16", 2}, {"u16", 2}, {"i32", 4},
              {"u32", 4}, {"i64", 8}, {"u64", 8}, {"f32", 4}, {"f64", 8}};

// Where a fault is: thrown as one message by everything below.
struct Place {
  const std::string* family;
  int line;
  [[noreturn]] void fail(std::string_view what, std::string_view found) const {
    throw FormatError("golden: " + *family + ".cases: line " + std::to_string(line) + ": " + std::string(what) +
                      ": got '" + std::string(found) + "'");
  }
};

int64_t to_integer(std::string_view text, const Place& place) {
  int64_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) place.fail("not an integer", text);
  return value;
}

// Decimal, hexadecimal (Python's float.hex), nan and inf: what strtod reads.
double to_real(std::string_view text, const Place& place) {
  std::string copy(text);
  char* end = nullptr;
  double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end) place.fail("not a number", text);
  return value;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + separator.size());
  }
}

std::vector<int64_t> to_list(std::string_view text, std::string_view separator, const Place& place) {
  std::vector<int64_t> values;
  if (text.empty()) return values;
  for (std::string_view part : split(text, separator)) values.push_back(to_integer(part, place));
  if (values.size() > 64) place.fail("more than 64 axes", text);
  return values;
}

std::vector<int64_t> to_shape(std::string_view text, const Place& place) {
  std::vector<int64_t> shape = text == "scalar" ? std::vector<int64_t>() : to_list(text, "x", place);
  for (int64_t extent : shape)
    if (extent < 0) place.fail("negative extent", text);
  return shape;
}

std::vector<Step> to_recipe(std::string_view text, const Place& place) {
  std::vector<Step> recipe;
  for (std::string_view part : split(text, "/")) {
    size_t colon = part.find(':');
    if (colon == std::string_view::npos) place.fail("recipe step without ':'", part);
    std::string_view name = part.substr(0, colon), rest = part.substr(colon + 1);
    Step step{};
    if (name == "permute" || name == "flip") {
      step.kind = name == "flip" ? Step::Kind::flip : Step::Kind::permute;
      step.first = to_list(rest, ",", place);
    } else if (name == "expand") {
      step.kind = Step::Kind::expand;
      step.first = to_shape(rest, place);
    } else if (name == "slice") {
      auto lists = split(rest, ":");
      if (lists.size() != 3) place.fail("slice without starts:stops:steps", part);
      step.kind = Step::Kind::slice;
      step.first = to_list(lists[0], ",", place);
      step.stops = to_list(lists[1], ",", place);
      step.steps = to_list(lists[2], ",", place);
    } else {
      place.fail("unknown recipe step", name);
    }
    recipe.push_back(std::move(step));
  }
  return recipe;
}

std::span<const std::byte> to_bytes(std::string_view text, const ArrayText& array, const std::string& blob,
                                    const Place& place) {
  if (text.empty() || text[0] != '@') place.fail("expected @offset", text);
  int64_t offset = to_integer(text.substr(1), place);
  int64_t bytes = item_size(array.dtype);
  if (!bytes) place.fail("unknown dtype", array.dtype);
  for (int64_t extent : array.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes)) place.fail("element count overflows", text);
  auto size = static_cast<int64_t>(blob.size());
  if (offset < 0 || offset > size || bytes > size - offset) place.fail("array outside the blob", text);
  return std::as_bytes(std::span(blob)).subspan(static_cast<size_t>(offset), static_cast<size_t>(bytes));
}

Rule to_rule(std::string_view text, const Place& place) {
  Rule rule;
  if (text == "exact") return rule;
  if (text == "value") {
    rule.kind = Rule::Kind::value;
  } else if (text.starts_with("ulp=")) {
    rule.kind = Rule::Kind::ulp;
    rule.steps = to_integer(text.substr(4), place);
  } else if (text.starts_with("atol=")) {
    rule.kind = Rule::Kind::atol;
    rule.bound = to_real(text.substr(5), place);
  } else {
    place.fail("unknown rule", text);
  }
  return rule;
}

// A JSON string; \u escapes below 0x80 only (the writer escapes nothing else that the files hold).
std::string to_text(std::string_view json, const Place& place) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') place.fail("expected a quoted string", json);
  json = json.substr(1, json.size() - 2);
  std::string text;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\') {
      text += json[i];
      continue;
    }
    if (++i == json.size()) place.fail("escape at the end", json);
    switch (json[i]) {
      case 'n':
        text += '\n';
        break;
      case 't':
        text += '\t';
        break;
      case '"':
        text += '"';
        break;
      case '\\':
        text += '\\';
        break;
      default:
        place.fail("unknown escape", json.substr(i, 1));
    }
  }
  return text;
}

void add_part(Case& item, std::string_view part, const std::string& blob, const Place& place) {
  if (part.starts_with("text ")) {
    item.text = to_text(part.substr(5), place);
    return;
  }
  auto words = split(part, " ");
  if (words[0] == "error" && words.size() == 2) {
    item.error = words[1];
  } else if (words[0] == "in" && (words.size() == 4 || words.size() == 5)) {
    Input input;
    input.array = {std::string(words[1]), to_shape(words[2], place), {}, {}};
    if (words.size() == 5) input.array.recipe = to_recipe(words[3], place);
    input.array.bytes = to_bytes(words.back(), input.array, blob, place);
    item.inputs.push_back(std::move(input));
  } else if (words[0] == "weak" && words.size() == 3) {
    Input input;
    if (words[1] == "float") {
      input.kind = Input::Kind::weak_float;
      input.real = to_real(words[2], place);
    } else if (words[1] == "int" || words[1] == "bool") {
      input.kind = words[1] == "int" ? Input::Kind::weak_int : Input::Kind::weak_bool;
      input.integer = to_integer(words[2], place);
    } else {
      place.fail("unknown weak kind", words[1]);
    }
    item.inputs.push_back(std::move(input));
  } else if (words[0] == "out" && (words.size() == 4 || words.size() == 5)) {
    Expected expected;
    expected.array = {std::string(words[1]), to_shape(words[2], place), {}, {}};
    expected.array.bytes = to_bytes(words[3], expected.array, blob, place);
    if (words.size() == 5) expected.rule = to_rule(words[4], place);
    item.outputs.push_back(std::move(expected));
  } else {
    place.fail("unknown part", part);
  }
}

std::string load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FormatError("golden: cannot open " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Numbers of one float type in order: −inf … −0, +0 … +inf become consecutive integers; −0 and +0 are neighbours.
template <class Float, class Signed>
Signed ordered(Float value) {
  auto bits = std::bit_cast<Signed>(value);
  return bits < 0 ? static_cast<Signed>(std::numeric_limits<Signed>::min() - bits - 1) : bits;
}

template <class Float>
std::string print(Float value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.17g (%a)", static_cast<double>(value), static_cast<double>(value));
  return text;
}

template <class Float, class Signed>
bool near_float(Float got, Float want, const Rule& rule) {
  if (std::isnan(got) || std::isnan(want)) return std::isnan(got) && std::isnan(want);
  switch (rule.kind) {
    case Rule::Kind::exact:
      return std::bit_cast<Signed>(got) == std::bit_cast<Signed>(want);
    case Rule::Kind::value:
      return got == want;
    case Rule::Kind::ulp: {
      if (got == 0 && want == 0) return std::signbit(got) == std::signbit(want);
      Signed distance;
      if (__builtin_sub_overflow(ordered<Float, Signed>(got), ordered<Float, Signed>(want), &distance)) return false;
      return distance <= rule.steps && -rule.steps <= distance;
    }
    case Rule::Kind::atol:
      if (std::isinf(got) || std::isinf(want)) return got == want;
      return std::abs(static_cast<double>(got) - static_cast<double>(want)) <= rule.bound;
  }
  return false;
}

template <class Float, class Signed>
std::string mismatch_float(const Expected& expected, std::span<const std::byte> result) {
  size_t count = result.size() / sizeof(Float), wrong = 0, first = 0;
  Float got, want, first_got{}, first_want{};
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(&got, result.data() + i * sizeof got, sizeof got);
    std::memcpy(&want, expected.array.bytes.data() + i * sizeof want, sizeof want);
    if (near_float<Float, Signed>(got, want, expected.rule)) continue;
    if (wrong++ == 0) first = i, first_got = got, first_want = want;
  }
  if (!wrong) return {};
  return std::to_string(wrong) + " of " + std::to_string(count) + " elements differ; element " + std::to_string(first) +
         ": got " + print(first_got) + ", expected " + print(first_want);
}

std::string mismatch_bytes(const Expected& expected, std::span<const std::byte> result) {
  auto item = static_cast<size_t>(item_size(expected.array.dtype));
  for (size_t i = 0; i < result.size(); i += item) {
    if (std::memcmp(result.data() + i, expected.array.bytes.data() + i, item) == 0) continue;
    auto number = [&](const std::byte* at) {
      uint64_t value = 0;
      std::memcpy(&value, at, item);
      bool negative = expected.array.dtype[0] == 'i' && (std::to_integer<int>(at[item - 1]) & 0x80);
      if (negative && item < 8) value |= ~uint64_t{0} << (8 * item);
      return negative ? std::to_string(static_cast<int64_t>(value)) : std::to_string(value);
    };
    return "element " + std::to_string(i / item) + ": got " + number(result.data() + i) + ", expected " +
           number(expected.array.bytes.data() + i);
  }
  return {};
}

}  // namespace

const std::string& Case::attr(const std::string& key) const {
  auto found = attrs.find(key);
  if (found == attrs.end()) throw FormatError("golden: line " + std::to_string(line) + ": " + op + " has no " + key);
  return found->second;
}

namespace {
const std::string case_family = "(case)";
}
int64_t Case::integer(const std::string& key) const {
  return to_integer(attr(key), {&case_family, line});
}
int64_t Case::integer(const std::string& key, int64_t otherwise) const {
  return has(key) ? integer(key) : otherwise;
}
double Case::real(const std::string& key) const {
  return to_real(attr(key), {&case_family, line});
}
std::vector<int64_t> Case::list(const std::string& key) const {
  return to_list(attr(key), ",", {&case_family, line});
}
std::vector<int64_t> Case::shape(const std::string& key) const {
  return to_shape(attr(key), {&case_family, line});
}

int64_t item_size(std::string_view dtype) {
  for (const auto& row : dtypes)
    if (row.name == dtype) return row.bytes;
  return 0;
}

std::string shape_text(std::span<const int64_t> shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (int64_t extent : shape) text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

File parse(std::string family, std::string_view text, std::string blob) {
  File file{std::move(family), {}, {}, std::move(blob)};
  Place place{&file.family, 0};
  size_t promised = 0;
  while (!text.empty()) {
    ++place.line;
    size_t end = text.find('\n');
    if (end == std::string_view::npos) place.fail("last line is cut off", text.substr(0, 40));
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (place.line == 1) {
      auto parts = split(line, " ; ");
      if (parts.size() != 3 || !parts[0].starts_with("# peer ") || !parts[1].starts_with("cases ") ||
          !parts[2].starts_with("blob "))
        place.fail("first line must name the peer, cases and blob", line.substr(0, 80));
      file.peer = parts[0].substr(7);
      promised = static_cast<size_t>(to_integer(parts[1].substr(6), place));
      if (static_cast<size_t>(to_integer(parts[2].substr(5), place)) != file.blob.size())
        place.fail("blob has " + std::to_string(file.blob.size()) + " bytes", parts[2]);
      continue;
    }
    Case item;
    item.line = place.line;
    // The text of a `text` part may hold anything, also " | ".
    std::string_view quoted;
    if (size_t at = line.find(" | text \""); at != std::string_view::npos) {
      quoted = line.substr(at + 3);
      line = line.substr(0, at);
    }
    auto parts = split(line, " | ");
    auto words = split(parts[0], " ");
    item.op = words[0];
    if (item.op.empty()) place.fail("no op", line.substr(0, 40));
    for (size_t i = 1; i < words.size(); ++i) {
      size_t equals = words[i].find('=');
      if (equals == std::string_view::npos) place.fail("expected key=value", words[i]);
      item.attrs.emplace(words[i].substr(0, equals), words[i].substr(equals + 1));
    }
    for (size_t i = 1; i < parts.size(); ++i) add_part(item, parts[i], file.blob, place);
    if (!quoted.empty()) add_part(item, quoted, file.blob, place);
    if (item.outputs.empty() && item.error.empty() && !item.text)
      place.fail("case without a result", line.substr(0, 60));
    file.cases.push_back(std::move(item));
  }
  if (place.line == 0) place.fail("empty file", "");
  if (file.cases.size() != promised)
    place.fail("expected " + std::to_string(promised) + " cases", std::to_string(file.cases.size()));
  return file;
}

File read(const std::string& folder, const std::string& family) {
  std::string base = folder + "/" + family;
  return parse(family, load(base + ".cases"), load(base + ".bin"));
}

std::string mismatch(const Expected& expected, std::span<const std::byte> result) {
  if (result.size() != expected.array.bytes.size())
    return "got " + std::to_string(result.size()) + " bytes, expected " + std::to_string(expected.array.bytes.size());
  if (expected.array.dtype == "f32") return mismatch_float<float, int32_t>(expected, result);
  if (expected.array.dtype == "f64") return mismatch_float<double, int64_t>(expected, result);
  return mismatch_bytes(expected, result);
}

}  // namespace golden
