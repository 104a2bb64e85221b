#pragma once
// Pieces of the text form that the printer, the parser and error texts share.
#include <string>
#include <string_view>
#include <vector>

#include "raven/tolk/loop/loop.hpp"

namespace tolk::loop::detail {

/// Spaces of one level of blocks.
inline constexpr int indent_width = 2;

/// A constant as it stands in a line. Keeps every bit: shortest decimals that read back, -0.0, inf, nan:7fc00001.
std::string literal(Type type, uint64_t bits);
/// The bits that `literal` wrote; false for anything else.
bool read_literal(std::string_view text, Type type, uint64_t& bits);

/// Whether lines show `%n =` for this code.
bool is_numbered(Code code);
/// `%n` of each node, no_id for those without.
std::vector<Id> numbers_of(const Kernel& kernel);
/// One line without indentation. The kernel may be malformed: an operand that names nothing shows as %?.
std::string line_of(const Kernel& kernel, const std::vector<Id>& numbers, Id id);
/// `node 12 (%7 = load.f32 %0 %6)`: the subject of an error text.
std::string describe(const Kernel& kernel, Id id);

}  // namespace tolk::loop::detail
