#include "raven/brot/models/seams.hpp"

#include <algorithm>
#include <vector>

namespace brot {

void Seams::build(const Vocabulary& tokens) {
  std::vector<uint64_t> pairs, torn;
  for (const auto& [text, id] : tokens.entries()) {
    uint32_t left = 0;  // the character before, or 0
    bool tail = true;   // only the end of a character came before
    for (size_t at = 0; at < text.size();) {
      if (continues(text[at])) {  // of the first character, or of none
        left = 0;
        ++at;
        continue;
      }
      const uint32_t size = size_at(text, at);
      size_t run = at + 1;
      while (run < text.size() && continues(text[run])) ++run;
      const auto lead = static_cast<unsigned char>(text[at]);
      const bool torn_tail = tail && at > 0;
      if (size > 0) {
        const uint32_t right = packed(text.data() + at, size);
        if (left != 0 && (left | right) >= 0x80) pairs.push_back(hash_of(left, right));
        if (torn_tail) torn.push_back(hash_of(0, right));
        left = right;
        at += size;
      } else {
        if (run == text.size()) {  // its beginning
          if (left != 0) torn.push_back(hash_of(left, 0));
          if (torn_tail) both_torn_[static_cast<unsigned char>(text[at - 1]) & 63] |= uint64_t{1} << (lead & 63);
        }
        left = 0;
        ++at;
      }
      tail = false;
    }
  }
  const auto all_of = [](const std::vector<uint64_t>& hashes) {
    return [&hashes](auto&& add) { std::for_each(hashes.begin(), hashes.end(), add); };
  };
  pairs_.build(pairs.size(), all_of(pairs));
  torn_.build(torn.size(), all_of(torn));
}

}  // namespace brot
