// The tables of cases.
#include <set>
#include <string>

#include "bench/runner/options.hpp"
#include "gtest/gtest.h"
#include "raven/base/error.hpp"

namespace raven::bench {
namespace {

TEST(Rows, NamesAreUniquePerThreadCount) {
  std::set<std::string> seen;
  for (const Case& one : select_cases(parse_options({"all"}))) {
    const std::string key = one.suite + "/" + one.name + "/" + std::to_string(one.threads);
    EXPECT_TRUE(seen.insert(key).second) << key;
  }
}

TEST(Rows, WorkIsGivenWhereARooflineIsDrawn) {
  for (const Case& one : select_cases(parse_options({"all"}))) {
    EXPECT_EQ(one.work.bound != Bound::overhead, one.work.amount > 0) << one.name;
  }
}

TEST(Rows, EveryRowHasABody) {
  for (const Case& one : select_cases(parse_options({"all"}))) {
    EXPECT_TRUE(one.setup != nullptr) << one.suite << "/" << one.name;
  }
}

TEST(Rows, ABodyWithoutARowIsRefused) {
  std::vector<Case> cases;
  const std::vector<Row> rows = {{"known", {1, 2}, {}, {}}};
  const auto body = [] { return repeat([] { return 1; }); };
  EXPECT_THROW(append_rows(cases, "test", rows, {{"unknown", body}}), Error);
  append_rows(cases, "test", rows, {{"known", body}});
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(cases[1].threads, 2);
  EXPECT_TRUE(cases[1].setup != nullptr);
}

}  // namespace
}  // namespace raven::bench
