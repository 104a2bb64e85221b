#include "raven/brot/core/error.hpp"

namespace brot {

namespace {
std::string with_place(std::string_view message, std::string_view where) {
  std::string text(message);
  if (!where.empty()) text.append(" (at ").append(where).append(")");
  return text;
}
}  // namespace

Error::Error(ErrorCode code, std::string_view operation, std::string_view message, std::string_view where)
    : raven::Error(operation, with_place(message, where)), code_(code), where_(where) {}
Error::~Error() = default;

}  // namespace brot
