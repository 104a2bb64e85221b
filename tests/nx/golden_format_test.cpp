// The golden reader itself: every committed file parses, broken ones are refused with their place, and each rule can
// fail.
#include "nx/golden.hpp"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "gtest/gtest.h"

namespace {

const std::string folder = std::string(RAVEN_SOURCE_DIR) + "/tests/golden/nx";

TEST(GoldenFormat, EveryCommittedFileParsesAndNamesItsPeer) {
  size_t files = 0, cases = 0, bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    bytes += entry.file_size();
    EXPECT_LE(entry.file_size(), 1u << 20) << entry.path();
    if (entry.path().extension() != ".cases") continue;
    golden::File file = golden::read(folder, entry.path().stem().string());
    EXPECT_FALSE(file.peer.empty());
    EXPECT_GT(file.cases.size(), 0u);
    ++files;
    cases += file.cases.size();
  }
  std::printf("golden: %zu files, %zu cases, %zu bytes\n", files, cases, bytes);
  EXPECT_GT(cases, 10000u);
}

std::string refusal(std::string_view text, std::string blob = std::string(16, '\0')) {
  try {
    golden::parse("t", text, std::move(blob));
  } catch (const golden::FormatError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(GoldenFormat, BrokenFilesAreRefusedWithTheirPlace) {
  const std::string head = "# peer numpy 2 ; cases 1 ; blob 16\n";
  EXPECT_EQ(refusal(head + "Neg | in f32 2 @0 | out f32 2 @8\n"), "accepted");
  EXPECT_NE(
      refusal(head + "Neg | in f32 5 @0 | out f32 2 @8\n").find("t.cases: line 2: array outside the blob: got '@0'"),
      std::string::npos);
  EXPECT_NE(refusal(head + "Neg | in f32 2 @-8 | out f32 2 @8\n").find("outside the blob"), std::string::npos);
  EXPECT_NE(refusal(head + "Neg | in f32 9223372036854775807x2 @0 | out f32 2 @8\n").find("overflows"),
            std::string::npos);
  EXPECT_NE(refusal(head + "Neg | in f99 2 @0 | out f32 2 @8\n").find("unknown dtype"), std::string::npos);
  EXPECT_NE(refusal(head + "Neg | in f32 2 turn:1 @0 | out f32 2 @8\n").find("unknown recipe step"), std::string::npos);
  EXPECT_NE(refusal(head + "Neg | in f32 2 @0 | out f32 2 @8 close\n").find("unknown rule"), std::string::npos);
  EXPECT_NE(refusal(head + "Neg | in f32 2 @0\n").find("case without a result"), std::string::npos);
  EXPECT_NE(refusal(head + "Neg | in f32 2 @0 | out f32 2 @8").find("cut off"), std::string::npos);
  EXPECT_NE(refusal(head).find("expected 1 cases: got '0'"), std::string::npos);
  EXPECT_NE(refusal("hello\n").find("first line"), std::string::npos);
  EXPECT_NE(refusal(head, "").find("blob has 0 bytes"), std::string::npos);
}

template <class T>
bool accepts(const char* dtype, const char* rule, T want, T got) {
  std::string blob(sizeof(T), '\0');
  std::memcpy(blob.data(), &want, sizeof(T));
  auto text =
      "# peer p ; cases 1 ; blob " + std::to_string(sizeof(T)) + "\nNeg | out " + dtype + " scalar @0 " + rule + "\n";
  golden::File file = golden::parse("t", text, blob);
  return golden::mismatch(file.cases[0].outputs[0], std::as_bytes(std::span(&got, 1))).empty();
}

TEST(GoldenFormat, RulesAcceptAndRefuse) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity(), eps = 0x1p-52;
  EXPECT_TRUE(accepts("f64", "exact", nan, -nan));
  EXPECT_FALSE(accepts("f64", "exact", nan, 1.0));
  EXPECT_FALSE(accepts("f64", "exact", 0.0, -0.0));
  EXPECT_TRUE(accepts("f64", "value", 0.0, -0.0));
  EXPECT_FALSE(accepts("f64", "value", 1.0, 1.0 + eps));
  EXPECT_TRUE(accepts("f64", "ulp=1", 1.0, 1.0 + eps));
  EXPECT_FALSE(accepts("f64", "ulp=1", 1.0, 1.0 + 2 * eps));
  EXPECT_FALSE(accepts("f64", "ulp=2", 0.0, -0.0));
  EXPECT_FALSE(accepts("f64", "ulp=2", infinity, -infinity));
  EXPECT_TRUE(accepts("f64", "ulp=1", infinity, std::numeric_limits<double>::max()));
  EXPECT_TRUE(accepts("f32", "ulp=1", -1.0f, std::nextafter(-1.0f, -2.0f)));
  EXPECT_FALSE(accepts("f32", "ulp=1", -1.0f, 1.0f));
  EXPECT_TRUE(accepts("f64", "atol=0.5", 1.0, 1.5));
  EXPECT_FALSE(accepts("f64", "atol=0.5", 1.0, 1.6));
  EXPECT_FALSE(accepts("f64", "atol=0.5", infinity, 1.0));
  EXPECT_FALSE(accepts<int32_t>("i32", "exact", -1, 1));
  EXPECT_TRUE(accepts<int64_t>("i64", "exact", -5, -5));
}

}  // namespace
