// The table of tests/tolk/README.md names tests that there are, and all of this folder.
#include <filesystem>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "raven/base/file.hpp"

namespace {

namespace fs = std::filesystem;

/// "Suite.Name" of every test below the folder.
std::set<std::string> tests_there() {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(RAVEN_TOLK_TESTS)) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = raven::read_file(entry.path().string());
    for (size_t at = text.find("\nTEST("); at != text.npos; at = text.find("\nTEST(", at + 1)) {
      const size_t comma = text.find(", ", at), end = text.find(')', at);
      names.insert(text.substr(at + 6, comma - at - 6) + "." + text.substr(comma + 2, end - comma - 2));
    }
  }
  return names;
}
/// What stands between backticks and has a dot in it, in the rows of the table.
std::set<std::string> tests_of_table() {
  const std::string text = raven::read_file(std::string(RAVEN_TOLK_TESTS) + "/README.md");
  const size_t begin = text.find("## Classes of failure"), end = text.find("\n\n", text.find("| class |", begin));
  std::set<std::string> names;
  for (size_t at = text.find('`', begin); at < end; at = text.find('`', at)) {
    const size_t close = text.find('`', at + 1);
    const std::string name = text.substr(at + 1, close - at - 1);
    if (name.find('.') != name.npos) names.insert(name);
    at = close + 1;
  }
  return names;
}

TEST(FailureTable, NamesTestsThatThereAre) {
  const std::set<std::string> there = tests_there(), named = tests_of_table();
  EXPECT_GT(named.size(), 100u);
  for (const std::string& name : named) EXPECT_TRUE(there.count(name)) << name;
  for (const std::string& name : there)
    if (name.starts_with("Failures.")) EXPECT_TRUE(named.count(name)) << name;
}

}  // namespace
