#include "bench/runner/json.hpp"

#include <cmath>

#include "gtest/gtest.h"

namespace raven::bench {
namespace {

TEST(Json, StringsAreEscaped) {
  EXPECT_EQ(json_string("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json_string("tab\tline\n\x01"), R"("tab\u0009line\u000a\u0001")");
  EXPECT_EQ(json_string("1 µs"), "\"1 µs\"");
}

TEST(Json, ObjectKeepsTheOrderOfItsFields) {
  JsonObject row;
  row.add("case", "add").add("threads", 2).add("ours_ms", 0.125).add("peer_slow", true).null("peer");
  EXPECT_EQ(row.str(), R"({"case":"add","threads":2,"ours_ms":0.125,"peer_slow":true,"peer":null})");
  EXPECT_EQ(JsonObject().str(), "{}");
}

TEST(Json, NumbersThatJsonLacksAreNull) {
  EXPECT_EQ(JsonObject().add("a", double{NAN}).add("b", double{INFINITY}).str(), R"({"a":null,"b":null})");
  EXPECT_EQ(JsonObject().add("a", 1.0 / 3).str(), R"({"a":0.333333})");
  EXPECT_EQ(JsonObject().add("a", 1.5e-9).str(), R"({"a":1.5e-09})");
}

}  // namespace
}  // namespace raven::bench
