// Errors, messages, warnings and environment variables.
#include "raven/base/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/env.hpp"
#include "raven/base/message.hpp"

namespace raven {
namespace {

TEST(Error, NamesOperationFirst) {
  const Error error("nx.add", Message() << "shapes " << 3 << " and " << -4);
  EXPECT_STREQ(error.what(), "nx.add: shapes 3 and -4");
  EXPECT_EQ(error.op(), "nx.add");
  EXPECT_STREQ(error.kind(), "Error");
  EXPECT_STREQ(Error("", "alone").what(), "alone");
}

TEST(Error, ChildrenKeepTheirFacts) {
  const IoError io("nx.load", "/a/b", ENOENT);
  EXPECT_STREQ(io.what(), "nx.load: \"/a/b\": No such file or directory");
  EXPECT_EQ(io.path(), "/a/b");
  const FormatError format("nx.load", "x.npy", 12, "got 3, expected 4");
  EXPECT_STREQ(format.what(), "nx.load: \"x.npy\": at byte 12: got 3, expected 4");
  EXPECT_EQ(format.offset(), 12u);
  const MemoryError memory("nx.zeros", 5ull << 30, "no");
  EXPECT_STREQ(memory.what(), "nx.zeros: cannot allocate 5368709120 bytes (5.0 GiB): no");
  EXPECT_EQ(memory.bytes(), 5ull << 30);
  const Error& root = memory;
  EXPECT_STREQ(root.kind(), "MemoryError");
  EXPECT_THROW(throw Interrupted(), Error);
}

TEST(Error, CanBeRenamed) {
  try {
    try {
      throw IoError("nx.load", "/a/b", ENOENT);
    } catch (Error& error) {
      error.rename("kaun.restore");
      throw;
    }
  } catch (const IoError& io) {
    EXPECT_STREQ(io.what(), "kaun.restore: \"/a/b\": No such file or directory");
    EXPECT_EQ(io.op(), "kaun.restore");
    EXPECT_EQ(io.path(), "/a/b");
  }
  Error bare("", "alone");
  bare.rename("f");
  EXPECT_STREQ(bare.what(), "f: alone");
}

TEST(Message, PrintsEveryScalar) {
  EXPECT_EQ((Message() << true << ' ' << 'c' << ' ' << std::string("s")).str(), "true c s");
  EXPECT_EQ((Message() << std::numeric_limits<int64_t>::min()).str(), "-9223372036854775808");
  EXPECT_EQ((Message() << std::numeric_limits<uint64_t>::max()).str(), "18446744073709551615");
  EXPECT_EQ((Message() << 0.1).str(), "0.1");
  EXPECT_EQ((Message() << std::numeric_limits<double>::infinity()).str(), "inf");
  EXPECT_EQ((Message() << std::numeric_limits<double>::denorm_min()).str(), "5e-324");
}

std::vector<std::string>& heard() {
  static std::vector<std::string> lines;
  return lines;
}

struct Listen {
  Listen() : former(on_warning([](std::string_view line) { heard().emplace_back(line); })) { heard().clear(); }
  ~Listen() { on_warning(former); }
  WarningHook former;
};

TEST(Warning, GoesToTheHookOrNowhere) {
  const Listen listen;
  warn("one");
  ASSERT_EQ(heard().size(), 1u);
  EXPECT_EQ(heard()[0], "one");
  const WarningHook former = on_warning(nullptr);
  warn("two");
  on_warning(former);
  EXPECT_EQ(heard().size(), 1u);
}

TEST(Env, EmptyCountsAsUnset) {
  ::unsetenv("RAVEN_TEST_A");
  EXPECT_FALSE(env::get("RAVEN_TEST_A"));
  ::setenv("RAVEN_TEST_A", "", 1);
  EXPECT_FALSE(env::get("RAVEN_TEST_A"));
  ::setenv("RAVEN_TEST_A", "x", 1);
  EXPECT_EQ(env::get("RAVEN_TEST_A"), "x");
}

TEST(Env, IntegersAreCheckedAndWarnOnce) {
  const Listen listen;
  ::setenv("RAVEN_TEST_B", "17", 1);
  EXPECT_EQ(env::get_int("RAVEN_TEST_B", 3, 1, 100), 17);
  EXPECT_TRUE(heard().empty());
  for (const char* bad : {"0", "101", "1x", " 1", "99999999999999999999", "-"}) {
    ::setenv("RAVEN_TEST_B", bad, 1);
    EXPECT_EQ(env::get_int("RAVEN_TEST_B", 3, 1, 100), 3) << bad;
  }
  ASSERT_EQ(heard().size(), 1u);
  EXPECT_EQ(heard()[0], "RAVEN_TEST_B: got \"0\", expected an integer from 1 to 100; using 3");
}

}  // namespace
}  // namespace raven
