#include "bench/runner/options.hpp"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "raven/base/error.hpp"

namespace raven::bench {
namespace {

std::string message(const std::vector<std::string>& arguments) {
  try {
    select_cases(parse_options(arguments));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Options, AllOfThem) {
  const Options options = parse_options({"nx", "--filter", "^gemm_", "--threads", "1,2", "--samples", "5", "--peers",
                                         "--json", "rows.json", "--environment", "venv", "--list"});
  EXPECT_EQ(options.suite, "nx");
  EXPECT_EQ(options.filter, "^gemm_");
  EXPECT_EQ(options.threads, (std::vector<int>{1, 2}));
  EXPECT_EQ(options.samples, 5);
  EXPECT_TRUE(options.peers && options.list && !options.peers_only);
  EXPECT_EQ(options.json, "rows.json");
  EXPECT_EQ(options.environment, "venv");
}

TEST(Options, WrongOnesAreNamed) {
  EXPECT_EQ(message({}), "raven-bench: no suite given, expected one of calibrate|base|nx|rune|tolk|kaun|all");
  EXPECT_EQ(message({"nx", "--smaples", "3"}), "raven-bench: unknown argument '--smaples'");
  EXPECT_EQ(message({"nx", "kaun"}), "raven-bench: unknown argument 'kaun'");
  EXPECT_EQ(message({"nx", "--samples"}), "raven-bench: --samples: expected a value after it");
  EXPECT_EQ(message({"nx", "--samples", "0"}), "raven-bench: --samples: got '0', expected a number from 1 on");
  EXPECT_EQ(message({"nx", "--threads", "1,"}), "raven-bench: --threads: got '', expected a number from 1 on");
  EXPECT_EQ(message({"numpy"}), "raven-bench: unknown suite 'numpy', expected one of calibrate|base|nx|rune|tolk|kaun|all");
  EXPECT_NE(message({"nx", "--filter", "("}).find("raven-bench: --filter '('"), std::string::npos);
}

TEST(Options, FilterAndThreadsSelectCases) {
  std::set<std::string> names;
  for (const Case& one : select_cases(parse_options({"calibrate", "--filter", "^copy", "--threads", "2"}))) {
    EXPECT_EQ(one.threads, 2);
    EXPECT_EQ(one.suite, "calibrate");
    names.insert(one.name);
  }
  EXPECT_EQ(names, (std::set<std::string>{"copy", "copy_streaming"}));
  EXPECT_TRUE(select_cases(parse_options({"all", "--filter", "^no such case$"})).empty());
}

TEST(Options, AllHoldsEverySuite) {
  std::set<std::string> found;
  for (const Case& one : select_cases(parse_options({"all"}))) found.insert(one.suite);
  for (const Suite& suite : suites()) EXPECT_TRUE(found.count(suite.name)) << suite.name;
}

}  // namespace
}  // namespace raven::bench
