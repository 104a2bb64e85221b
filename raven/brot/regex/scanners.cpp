#include "raven/brot/regex/scanners.hpp"

namespace brot::regex {

const std::vector<Scanner>& all_scanners() {
  static const std::vector<Scanner> scanners;
  return scanners;
}

const Scanner* find_scanner(const Node& tree) {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> out;
    for (const Scanner& scanner : all_scanners())
      out.push_back(canonical_text(parse(scanner.pattern, scanner.dialect)));
    return out;
  }();
  const std::string key = canonical_text(tree);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &all_scanners()[i];
  }
  return nullptr;
}

}  // namespace brot::regex
