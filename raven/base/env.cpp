#include "raven/base/env.hpp"

#include <charconv>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace raven::env {
namespace {

bool first_time(const char* name) {
  static constinit std::mutex mutex;
  static auto* const warned = new std::set<std::string>;  // leaked: callers may outlive static destructors
  const std::lock_guard lock(mutex);
  return warned->insert(name).second;
}

}  // namespace

std::optional<std::string> get(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

int64_t get_int(const char* name, int64_t fallback, int64_t low, int64_t high) {
  const std::optional<std::string> text = get(name);
  if (!text) return fallback;
  int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [rest, fault] = std::from_chars(text->data(), end, value);
  if (fault == std::errc() && rest == end && value >= low && value <= high) return value;
  if (first_time(name)) {
    warn(Message() << name << ": got \"" << *text << "\", expected an integer from " << low << " to " << high
                   << "; using " << fallback);
  }
  return fallback;
}

}  // namespace raven::env
