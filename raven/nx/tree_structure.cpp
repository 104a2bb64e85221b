#include "raven/nx/tree_structure.hpp"

#include <cmath>

#include "raven/base/message.hpp"
#include "raven/nx/internal/hash.hpp"
#include "raven/nx/internal/json.hpp"

namespace nx::tree {

uint64_t Structure::hash() const noexcept {
  uint64_t h = nx::detail::mix(0, text_.size());
  for (size_t i = 0; i < text_.size(); i += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, text_.data() + i, text_.size() - i < sizeof word ? text_.size() - i : sizeof word);
    h = nx::detail::mix(h, word);
  }
  return h;
}

namespace detail {

void append_quoted(std::string& out, std::string_view text) { nx::detail::append_json_string(out, text); }
void append_integer(std::string& out, int64_t value) { out += std::to_string(value); }
void append_unsigned(std::string& out, uint64_t value) { out += std::to_string(value); }
void append_real(std::string& out, double value) {
  raven::Message m;
  if (std::isnan(value)) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    m << "nan:" << bits;
  } else {
    raven::append_real(m, value);
    if (value == 0 && std::signbit(value) && !m.str().starts_with('-')) m << " (negative)";
  }
  out += m.str();
}

}  // namespace detail
}  // namespace nx::tree
