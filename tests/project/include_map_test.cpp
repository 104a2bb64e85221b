// Arrows of the map (docs/architecture.md) point down only: a library includes itself and what its row lists.
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "project/source_tree.hpp"

namespace {

const std::map<std::string, std::set<std::string>>& map_of_libraries() {
  static const std::map<std::string, std::set<std::string>> map = {
      {"base", {}},
      {"vmath", {}},
      {"nx", {"base", "vmath"}},
      {"tolk", {"base", "vmath", "nx"}},
      {"rune", {"base", "nx", "tolk"}},
      {"vega", {"base", "vmath", "nx", "rune"}},
      {"kaun", {"base", "nx", "rune", "vega"}},
      {"brot", {"base"}},
      // The umbrella of all.
      {"cli", {"base", "brot"}},
      {"raven", {"base", "nx", "rune", "vega", "kaun", "brot"}},
  };
  return map;
}

// Parts of a library that others link without it: they use themselves and the libraries and folders of their row.
const std::map<std::string, std::set<std::string>>& map_of_parts() {
  static const std::map<std::string, std::set<std::string>> map = {
      {"raven/tolk/loop/", {"vmath"}},
      {"raven/tolk/llvm/", {"vmath", "raven/tolk/loop/"}},
  };
  return map;
}

// What is wrong with the includes of one file; empty when nothing is.
std::vector<std::string> faults_of(const SourceFile& file) {
  std::vector<std::string> faults;
  const std::string library = library_of(file.path);
  const auto row = map_of_libraries().find(library);
  if (row == map_of_libraries().end()) return {file.path + ": library " + library + " is not on the map"};
  for (const Include& include : includes_of(file.text)) {
    const std::string where = file.path + ":" + std::to_string(include.line) + ": " + include.target;
    if (include.target.find("..") != std::string::npos) faults.push_back(where + ": write the path from the root");
    const std::string target = library_of(include.target);
    if (target.empty()) {
      if (include.quoted) faults.push_back(where + ": quotes are for raven/…");
      continue;
    }
    const bool allowed = target == library || row->second.count(target) != 0;
    if (!allowed) faults.push_back(where + ": " + library + " must not use " + target);
    for (const auto& [folder, libraries] : map_of_parts()) {
      bool inside = include.target.starts_with(folder) || libraries.count(target) != 0;
      for (const std::string& other : libraries) inside = inside || include.target.starts_with(other);
      if (file.path.starts_with(folder) && !inside) faults.push_back(where + ": " + folder + " must not use it");
    }
    // Libraries of this repository may share what is not installed, in their sources only.
    const bool installed = !include.target.ends_with(".hpp") || is_public_header(include.target);
    if (!installed && is_public_header(file.path)) {
      faults.push_back(where + ": a public header uses one that is not installed");
    }
  }
  return faults;
}

TEST(IncludeMap, HoldsForEveryFile) {
  const auto files = library_sources();
  EXPECT_GT(files.size(), 20u);
  for (const SourceFile& file : files) {
    for (const std::string& fault : faults_of(file)) ADD_FAILURE() << fault;
  }
}

TEST(IncludeMap, QuotedFilesExist) {
  for (const SourceFile& file : library_sources()) {
    for (const Include& include : includes_of(file.text)) {
      if (library_of(include.target).empty()) continue;
      EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(RAVEN_SOURCE_DIR) / include.target))
          << file.path << ":" << include.line << ": " << include.target;
    }
  }
}

TEST(IncludeMap, FindsEachKindOfFault) {
  const auto count = [](std::string path, std::string text) {
    return faults_of({std::move(path), std::move(text)}).size();
  };
  EXPECT_EQ(count("raven/nx/a.hpp", "#include \"raven/base/error.hpp\"\n#include <vector>\n"), 0u);
  EXPECT_EQ(count("raven/nx/a.cpp", "#include \"raven/nx/internal/x.hpp\"\n"), 0u);
  EXPECT_EQ(count("raven/nx/a.hpp", "  #  include \"raven/rune/grad.hpp\"\n"), 1u);
  EXPECT_EQ(count("raven/brot/a.cpp", "#include <raven/nx.hpp>\n"), 1u);
  EXPECT_EQ(count("raven/nx/a.hpp", "#include \"raven/nx/internal/x.hpp\"\n"), 1u);
  EXPECT_EQ(count("raven/rune/a.cpp", "#include \"raven/nx/internal/x.hpp\"\n"), 0u);
  EXPECT_EQ(count("raven/rune/a.hpp", "#include \"raven/nx/internal/x.hpp\"\n"), 1u);
  EXPECT_EQ(count("raven/nx/a.cpp", "#include \"array.hpp\"\n"), 1u);
  EXPECT_EQ(count("raven/unknown/a.cpp", ""), 1u);
  EXPECT_EQ(count("raven/tolk/loop/a.cpp", "#include \"raven/tolk/loop/b.hpp\"\n#include \"raven/vmath/c.hpp\"\n"), 0u);
  EXPECT_EQ(count("raven/tolk/loop/a.cpp", "#include \"raven/tolk/error.hpp\"\n"), 1u);
  EXPECT_EQ(count("raven/tolk/loop/a.cpp", "#include \"raven/nx.hpp\"\n"), 1u);
  EXPECT_EQ(count("raven/tolk/llvm/a.cpp", "#include \"raven/tolk/loop/b.hpp\"\n"), 0u);
  EXPECT_EQ(count("raven/tolk/llvm/a.cpp", "#include \"raven/tolk/code/b.hpp\"\n"), 1u);
  EXPECT_EQ(count("raven/tolk/llvm/a.cpp", "#include \"raven/base/error.hpp\"\n"), 1u);
}

}  // namespace
