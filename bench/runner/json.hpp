#pragma once
// One flat JSON object per line.
#include <string>
#include <string_view>

namespace raven::bench {

/// `text` as a JSON string, quotes included; control characters as \u00XX, bytes above 127 as they are.
std::string json_string(std::string_view text);

/// Builds one object, fields in the order of the calls. Numbers have six significant digits; NaN and infinities are
/// null.
class JsonObject {
 public:
  JsonObject& add(std::string_view key, std::string_view value);
  JsonObject& add(std::string_view key, const char* value) { return add(key, std::string_view(value)); }
  JsonObject& add(std::string_view key, double value);
  JsonObject& add(std::string_view key, int value) { return raw(key, std::to_string(value)); }
  JsonObject& add(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  JsonObject& null(std::string_view key) { return raw(key, "null"); }
  std::string str() const { return text_ + "}"; }

 private:
  JsonObject& raw(std::string_view key, std::string_view value);
  std::string text_ = "{";
};

}  // namespace raven::bench
