#include "raven/brot/unicode/unicode.hpp"

#include "gtest/gtest.h"

namespace brot::unicode {
namespace {

TEST(Utf8, DecodesMaximalSubparts) {
  EXPECT_EQ(replace_invalid("a\xF0\x90\x80z\xE2\x82\xC0\xAF\xED\xA0\x80"),
            "a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(find_invalid("abc\xC3\xA9"), 5u);
  EXPECT_EQ(find_invalid("abc\xC3"), 3u);
  EXPECT_EQ(count_scalars("aé漢😀"), 4u);
}

}  // namespace
}  // namespace brot::unicode
