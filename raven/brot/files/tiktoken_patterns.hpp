#pragma once
// Known patterns in tiktoken's dialect and in Oniguruma's. Internal to brot.
#include <optional>
#include <string_view>

namespace brot {

/// The pattern of the other dialect with the same matches, for known patterns.
std::optional<std::string_view> oniguruma_pattern(std::string_view tiktoken);
std::optional<std::string_view> tiktoken_pattern(std::string_view oniguruma);

}  // namespace brot
