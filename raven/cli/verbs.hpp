#pragma once
// The verbs of the program `raven`. Each gets the words behind its name and returns the exit status.
#include <span>
#include <string_view>

namespace raven::cli {

int tokenize(std::span<const std::string_view> words);

}  // namespace raven::cli
