#pragma once
// Temporary folders, and the message of an error.
#include <dirent.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/nx.hpp"

namespace kaun::test {

/// The message of the error of type E that `f` throws.
template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

/// An f32 array; a literal alone would be f64, as NumPy's.
inline nx::Array floats(std::vector<float> values) { return nx::array(std::move(values)); }

/// A folder of its own for each test.
class TemporaryFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "raven-kaun-test-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  void TearDown() override { ASSERT_EQ(std::system(("rm -rf '" + folder + "'").c_str()), 0); }
  std::string at(const std::string& name) const { return folder + "/" + name; }
  std::vector<std::string> listing() const {
    std::vector<std::string> names;
    DIR* directory = ::opendir(folder.c_str());
    while (const dirent* entry = ::readdir(directory))
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string folder;
};

}  // namespace kaun::test
