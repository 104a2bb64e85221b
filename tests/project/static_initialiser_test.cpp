// Nothing of Raven runs before main: static arrays of users may be built in any order, and may outlive everything.
// Looks for the sections that hold addresses of initialisers in every object of every library.
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace {

// "member.o: .init_array" for each such section of a static library; readelf prints "File: lib.a(member.o)" before
// each.
std::vector<std::string> initialisers_of(const std::string& library, int& objects) {
  std::vector<std::string> found;
  FILE* pipe = ::popen((std::string(RAVEN_READELF) + " -SW '" + library + "' 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return {"cannot run readelf"};
  std::string member;
  char line[1024];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    const std::string text = line;
    if (text.find("File: ") == 0) {
      member = text.substr(6, text.find_last_not_of("\n") - 5);
      ++objects;
    }
    for (const char* section : {".init_array", ".preinit_array", ".ctors"}) {
      if (text.find(std::string(" ") + section) != std::string::npos) found.push_back(member + ": " + section);
    }
  }
  ::pclose(pipe);
  return found;
}

TEST(StaticInitialisers, NoLibraryHasOne) {
#if defined(RAVEN_SANITIZED)
  return;  // sanitizers add their own
#endif
  std::ifstream list(RAVEN_LIBRARY_FILES);
  std::string library;
  while (std::getline(list, library)) {
    if (library.empty()) continue;
    int objects = 0;
    for (const std::string& fault : initialisers_of(library, objects)) ADD_FAILURE() << fault;
    EXPECT_GT(objects, 0) << library;
  }
}

TEST(StaticInitialisers, TheProbeIsFound) {
  int objects = 0;
  const auto found = initialisers_of(RAVEN_PROBE_LIBRARY, objects);
  EXPECT_GE(found.size(), 1u);
  EXPECT_EQ(objects, 1);
}

}  // namespace
