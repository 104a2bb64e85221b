#pragma once
// A reader for the golden files of these tests: lines of JSON with arrays, strings, integers, booleans and null.
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::test {

struct Json {
  enum Type { null, boolean, integer, text, array } type = null;
  int64_t number = 0;
  std::string string;
  std::vector<Json> items;
  const Json& operator[](size_t i) const { return items.at(i); }
};

class JsonReader {
 public:
  explicit JsonReader(const std::string& line) : at_(line.data()), end_(at_ + line.size()) {}
  Json read() {
    Json out;
    skip();
    if (*at_ == '[') {
      out.type = Json::array;
      for (++at_, skip(); *at_ != ']'; skip()) {
        out.items.push_back(read());
        skip();
        if (*at_ == ',') ++at_;
      }
      ++at_;
    } else if (*at_ == '"') {
      out.type = Json::text;
      for (++at_; *at_ != '"';) {
        if (*at_ != '\\') {
          out.string += *at_++;
          continue;
        }
        ++at_;
        const char c = *at_++;
        if (c == 'u') {
          char32_t unit = hex();
          if (unit >= 0xD800 && unit < 0xDC00) {
            at_ += 2;
            unit = 0x10000 + ((unit - 0xD800) << 10) + (hex() - 0xDC00);
          }
          unicode::append(out.string, unit);
        } else {
          out.string += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
        }
      }
      ++at_;
    } else if (*at_ == 't' || *at_ == 'f') {
      out.type = Json::boolean;
      out.number = *at_ == 't';
      at_ += out.number ? 4 : 5;
    } else if (*at_ == 'n') {
      at_ += 4;
    } else {
      out.type = Json::integer;
      const bool negative = *at_ == '-';
      for (at_ += negative; *at_ >= '0' && *at_ <= '9'; ++at_) out.number = out.number * 10 + (*at_ - '0');
      if (negative) out.number = -out.number;
    }
    return out;
  }

 private:
  void skip() {
    while (at_ != end_ && *at_ == ' ') ++at_;
  }
  char32_t hex() {
    char32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) value = value * 16 + char32_t(*at_ <= '9' ? *at_ - '0' : (*at_ | 32) - 'a' + 10);
    return value;
  }
  const char* at_;
  const char* end_;
};

/// The lines of tests/golden/brot/<name> as arrays; the first line, which names the peer, is left out.
inline std::vector<Json> read_golden(const std::string& name) {
  const std::string path = name.starts_with("/") ? name : RAVEN_SOURCE_DIR "/tests/golden/brot/" + name;
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::vector<Json> out;
  for (std::string line; std::getline(file, line);) {
    Json json = JsonReader(line).read();
    if (json.type == Json::array) out.push_back(std::move(json));
  }
  return out;
}

}  // namespace brot::test
