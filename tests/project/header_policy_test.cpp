// Public headers stay light and free of other people's names. That each compiles alone is checked by the build (target
// project_headers).
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "project/source_tree.hpp"

namespace {

// Templates over native lanes need the intrinsics; nothing that users include needs these headers.
bool is_simd_source(const std::string& path) {
  return library_of(path) == "vmath";
}

std::vector<std::string> faults_of(const SourceFile& file) {
  static const std::set<std::string> banned = {"iostream", "thread", "functional", "complex", "immintrin.h"};
  static const std::vector<std::string> banned_folders = {"fmt/", "boost/", "llvm/", "clang/"};
  std::vector<std::string> faults;
  if (file.text.find("#pragma once") == std::string::npos) faults.push_back(file.path + ": no #pragma once");
  if (file.text.find("thread_local") != std::string::npos) faults.push_back(file.path + ": a thread-local variable");
  if (file.text.find("using namespace std") != std::string::npos) faults.push_back(file.path + ": using namespace std");
  for (const Include& include : includes_of(file.text)) {
    bool bad = banned.count(include.target) != 0 && !(include.target == "immintrin.h" && is_simd_source(file.path));
    for (const std::string& folder : banned_folders) bad |= include.target.compare(0, folder.size(), folder) == 0;
    bad |= !is_simd_source(file.path) && is_simd_source(include.target);
    if (bad) faults.push_back(file.path + ":" + std::to_string(include.line) + ": includes " + include.target);
  }
  return faults;
}

TEST(HeaderPolicy, HoldsForEveryPublicHeader) {
  int headers = 0;
  for (const SourceFile& file : library_sources()) {
    if (!is_public_header(file.path)) continue;
    ++headers;
    for (const std::string& fault : faults_of(file)) ADD_FAILURE() << fault;
  }
  EXPECT_GE(headers, 9);
}

TEST(HeaderPolicy, FindsEachKindOfFault) {
  const auto count = [](const std::string& text) {
    return faults_of({"raven/nx/a.hpp", "#pragma once\n" + text}).size();
  };
  EXPECT_EQ(count("#include <vector>\n#include <complexity.h>\n"), 0u);
  for (const char* header : {"iostream", "thread", "functional", "complex", "immintrin.h", "boost/asio.hpp",
                             "fmt/core.h", "llvm/IR/Module.h"}) {
    EXPECT_EQ(count("#include <" + std::string(header) + ">\n"), 1u) << header;
  }
  EXPECT_EQ(count("extern thread_local int x;\n"), 1u);
  EXPECT_EQ(count("#include \"raven/vmath/simd.hpp\"\n"), 1u);
  EXPECT_EQ(faults_of({"raven/nx/a.hpp", ""}).size(), 1u);
}

}  // namespace
