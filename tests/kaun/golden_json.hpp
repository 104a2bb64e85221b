#pragma once
// A reader for the golden files of these tests: a JSON object with one key a line, its numbers and strings in order.
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace kaun::test {

class GoldenJson {
 public:
  /// `name` is relative to tests/golden/kaun.
  explicit GoldenJson(const std::string& name)
      : GoldenJson(file(std::string(RAVEN_SOURCE_DIR) + "/tests/golden/kaun/" + name)) {}
  static GoldenJson file(const std::string& path) {
    GoldenJson golden;
    golden.path_ = path;
    std::ifstream stream(path);
    for (std::string line; std::getline(stream, line);) golden.lines_.push_back(line);
    EXPECT_FALSE(golden.lines_.empty()) << path;
    return golden;
  }
  /// Every number of the key's value, nested arrays flattened.
  std::vector<double> numbers(const std::string& key) const {
    const std::string text = value(key);
    std::vector<double> out;
    for (const char* at = text.c_str(); *at != '\0';) {
      char* end = nullptr;
      const double number = std::strtod(at, &end);
      if (end == at) {
        ++at;
        continue;
      }
      out.push_back(number);
      at = end;
    }
    EXPECT_FALSE(out.empty()) << path_ << ": " << key;
    return out;
  }
  /// Every string of the key's value (none of them holds an escape).
  std::vector<std::string> strings(const std::string& key) const {
    const std::string text = value(key);
    std::vector<std::string> out;
    for (size_t at = 0; (at = text.find('"', at)) != std::string::npos;) {
      const size_t end = text.find('"', at + 1);
      out.push_back(text.substr(at + 1, end - at - 1));
      at = end + 1;
    }
    EXPECT_FALSE(out.empty()) << path_ << ": " << key;
    return out;
  }

 private:
  GoldenJson() = default;
  std::string value(const std::string& key) const {
    const std::string start = "\"" + key + "\": ";
    for (const std::string& line : lines_)
      if (line.starts_with(start)) return line.substr(start.size());
    ADD_FAILURE() << path_ << " has no " << key;
    return "";
  }
  std::string path_;
  std::vector<std::string> lines_;
};

}  // namespace kaun::test
