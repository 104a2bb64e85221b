#pragma once
// The little JSON that checkpoints carry: one flat object of numbers and strings. Not a general parser.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/base/export.hpp"

namespace kaun::io {

/// An object whose values are numbers or strings.
class RAVEN_API FlatObject {
 public:
  FlatObject(std::string where) : where_(std::move(where)) {}
  void add(std::string key, std::string value, bool is_number) { items_.push_back({std::move(key), std::move(value), is_number}); }
  /// Throws raven::FormatError naming the key when it is missing or no number.
  double number(std::string_view key) const;
  const std::string& text(std::string_view key) const;

 private:
  struct Item {
    std::string key, value;
    bool is_number;
  };
  const Item& find(std::string_view key, bool number) const;
  std::string where_;
  std::vector<Item> items_;
};

/// Throws raven::FormatError naming `where`, the byte and what was expected.
RAVEN_API FlatObject parse_flat_object(std::string_view text, const std::string& where);
/// `"…"` with every byte outside printable ASCII as \u00XX: bytes are code points 0–255.
RAVEN_API std::string quote_bytes(std::string_view bytes);
/// The bytes of such a string; code points above 255 are refused.
RAVEN_API std::string unquote_bytes(std::string_view text, const std::string& where);

}  // namespace kaun::io
