#include "raven/brot/regex/regex.hpp"

#include "gtest/gtest.h"

namespace brot {
namespace {

std::string matches(const Regex& regex, std::string_view text) {
  std::string out;
  regex.for_each_match(
      text, [&](size_t begin, size_t end) { out += std::to_string(begin) + "-" + std::to_string(end) + " "; });
  return out;
}

TEST(Regex, FindsLeftmostFirst) {
  EXPECT_EQ(matches(Regex("a|ab"), "abab"), "0-1 2-3 ");
  EXPECT_EQ(matches(Regex("(?=b)"), "abab"), "1-1 3-3 ");
}

}  // namespace
}  // namespace brot
