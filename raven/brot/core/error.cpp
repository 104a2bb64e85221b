#include "raven/brot/core/error.hpp"

#include "raven/brot/unicode/unicode.hpp"

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

void expect_utf8(std::string_view operation, std::string_view name, std::string_view text) {
  if (const size_t invalid = unicode::find_invalid(text); invalid != text.size())
    throw Error(ErrorCode::invalid_text, operation,
                raven::Message() << name << ": got invalid UTF-8 at byte " << uint64_t(invalid) << " of "
                                 << uint64_t(text.size()) << ", expected whole characters");
}

}  // namespace brot
