#include "bench/runner/json.hpp"

#include <cmath>
#include <cstdio>

namespace raven::bench {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view value) {
  if (text_.size() > 1) text_ += ",";
  text_ += json_string(key);
  text_ += ":";
  text_ += value;
  return *this;
}

JsonObject& JsonObject::add(std::string_view key, std::string_view value) {
  return raw(key, json_string(value));
}

JsonObject& JsonObject::add(std::string_view key, double value) {
  if (!std::isfinite(value)) return null(key);
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.6g", value);
  return raw(key, digits);
}

}  // namespace raven::bench
