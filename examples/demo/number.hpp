#pragma once
// Numbers of the command line.
#include <charconv>
#include <string_view>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"

namespace demo {

/// The number that `text` is, in [low, high]. Throws nx::ValueError naming the argument.
template <class T>
T number(const char* name, std::string_view text, T low, T high) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low && value <= high))
    throw nx::ValueError(name, raven::Message("got '")
                                   << text << "', expected a number in [" << low << ", " << high << "]");
  return value;
}

}  // namespace demo
