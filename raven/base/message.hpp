#pragma once
// Composes error messages without streams: `throw ShapeError("nx.add", Message() << "shapes " << a << " and " << b)`.
// A library adds `Message& operator<<(Message&, const Its&)` overloads for its own types.
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "raven/base/export.hpp"

namespace raven {

/// A string under construction.
class Message {
 public:
  Message() = default;
  explicit Message(std::string_view start) : text_(start) {}
  void append(std::string_view text) { text_.append(text); }
  const std::string& str() const& { return text_; }
  operator std::string_view() const { return text_; }

 private:
  std::string text_;
};

RAVEN_API void append_integer(Message& message, int64_t value);
RAVEN_API void append_unsigned(Message& message, uint64_t value);
/// Shortest decimal form that reads back to the same double.
RAVEN_API void append_real(Message& message, double value);

template <class M>
concept IsMessage = std::same_as<std::remove_cvref_t<M>, Message>;

template <IsMessage M>
M&& operator<<(M&& message, std::string_view text) {
  message.append(text);
  return static_cast<M&&>(message);
}
template <IsMessage M, std::integral T>
M&& operator<<(M&& message, T value) {
  if constexpr (std::same_as<T, bool>) {
    message.append(value ? "true" : "false");
  } else if constexpr (std::same_as<T, char>) {
    message.append(std::string_view(&value, 1));
  } else if constexpr (std::unsigned_integral<T>) {
    append_unsigned(message, value);
  } else {
    append_integer(message, value);
  }
  return static_cast<M&&>(message);
}
template <IsMessage M, std::floating_point T>
M&& operator<<(M&& message, T value) {
  append_real(message, value);
  return static_cast<M&&>(message);
}

}  // namespace raven
