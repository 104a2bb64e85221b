#include "raven/base/message.hpp"

#include <charconv>

namespace raven {
namespace {

template <class T>
void append_number(Message& message, T value) {
  char digits[32];  // 24 characters hold the longest shortest form of a double
  const auto result = std::to_chars(digits, digits + sizeof digits, value);
  message.append(std::string_view(digits, static_cast<size_t>(result.ptr - digits)));
}

}  // namespace

void append_integer(Message& message, int64_t value) {
  append_number(message, value);
}
void append_unsigned(Message& message, uint64_t value) {
  append_number(message, value);
}
void append_real(Message& message, double value) {
  append_number(message, value);
}

}  // namespace raven
