// Constants inside the lines of a kernel's text. The type is known from the position.
#include <charconv>
#include <cmath>
#include <cstring>

#include "raven/tolk/loop/internal/rules.hpp"
#include "raven/tolk/loop/internal/text.hpp"

namespace tolk::loop::detail {
namespace {

constexpr std::string_view nan_prefix = "nan:";

template <class T>
std::string digits(T value, int base = 10) {
  char buffer[24];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, base).ptr};
}

template <class T>
std::string real(uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  if (std::isnan(value)) return std::string(nan_prefix) + digits(bits, 16);
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

template <class T>
bool read_whole(std::string_view text, T& value, auto... format) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, format...);
  return error == std::errc() && end == text.data() + text.size();
}

template <class T>
bool read_integer(std::string_view text, uint64_t& bits) {
  T value;
  if (!read_whole(text, value)) return false;
  bits = static_cast<std::make_unsigned_t<T>>(value);
  return true;
}

template <class T>
bool read_real(std::string_view text, uint64_t& bits) {
  T value;
  if (text.starts_with(nan_prefix)) {
    if (!read_whole(text.substr(nan_prefix.size()), bits, 16) || bits > mask_of(sizeof(T) == 4 ? Type::f32 : Type::f64))
      return false;
    std::memcpy(&value, &bits, sizeof value);
    return std::isnan(value);
  }
  if (text == "inf" || text == "-inf") {
    value = text == "inf" ? INFINITY : -INFINITY;
  } else {
    // std::from_chars also reads other spellings of infinity and NaN.
    const size_t first = text.starts_with('-') ? 1 : 0;
    if (first == text.size() || text[first] < '0' || text[first] > '9' || !read_whole(text, value)) return false;
  }
  bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return true;
}

}  // namespace

std::string literal(Type type, uint64_t bits) {
  switch (type) {
    case Type::none: return "?";
    case Type::b1: return bits ? "true" : "false";
    case Type::i32: return digits(static_cast<int32_t>(bits));
    case Type::i64: return digits(static_cast<int64_t>(bits));
    case Type::f32: return real<float>(bits);
    case Type::f64: return real<double>(bits);
    default: return digits(bits);
  }
}

bool read_literal(std::string_view text, Type type, uint64_t& bits) {
  switch (type) {
    case Type::none: return false;
    case Type::b1: bits = text == "true"; return bits == 1 || text == "false";
    case Type::u8: return read_integer<uint8_t>(text, bits);
    case Type::u32: return read_integer<uint32_t>(text, bits);
    case Type::u64: return read_integer<uint64_t>(text, bits);
    case Type::i32: return read_integer<int32_t>(text, bits);
    case Type::i64: return read_integer<int64_t>(text, bits);
    case Type::f32: return read_real<float>(text, bits);
    case Type::f64: return read_real<double>(text, bits);
  }
  return false;
}

}  // namespace tolk::loop::detail
