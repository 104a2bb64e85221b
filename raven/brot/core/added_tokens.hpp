#pragma once
// Added tokens: texts that are cut out of the input before (or after) normalization and become one token each.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "raven/brot/core/double_array.hpp"
#include "raven/brot/normalizers/normalizer.hpp"

namespace brot {

/// A token that is matched as text. `normalized` ones are looked for after normalization, by their normalized content.
struct AddedToken {
  std::string content;
  bool single_word = false;  ///< only where no word character touches it
  bool lstrip = false;       ///< takes the White_Space before it along
  bool rstrip = false;       ///< takes the White_Space behind it along
  bool normalized = true;
  bool special = false;  ///< dropped by decode(skip_special_tokens)

  AddedToken() = default;
  AddedToken(std::string text, bool is_special = false) : content(std::move(text)), normalized(!is_special), special(is_special) {}
  AddedToken(const char* text, bool is_special = false) : AddedToken(std::string(text), is_special) {}
  bool operator==(const AddedToken&) const = default;
};

/// Finds the leftmost-longest of a set of texts.
class RAVEN_API TokenMatcher {
 public:
  /// (text, value)
  void build(const std::vector<std::pair<std::string, uint32_t>>& texts);
  bool empty() const noexcept { return trie_.empty(); }
  struct Match {
    size_t begin, end;
    uint32_t value;
  };
  std::optional<Match> find(std::string_view text, size_t from) const noexcept;

 private:
  DoubleArray trie_;
  bool first_[256] = {};
  std::vector<uint64_t> pairs_;  // bit set over the first two bytes
  bool single_bytes_ = false;    // some text is one byte long
  std::vector<unsigned char> starts_;
};

/// The set of added tokens of a tokenizer.
class RAVEN_API AddedTokens {
 public:
  struct Part {
    uint32_t begin, end;
    uint32_t id;  // none for text between tokens
  };
  static constexpr uint32_t none = ~uint32_t{0};

  /// Adds tokens and returns how many were not ignored. Ids: that of the model or of an earlier token of this text, else the next.
  size_t add(const std::vector<AddedToken>& tokens, const class Vocabulary& model, const Normalizer* normalizer);
  /// Renews the normalized contents; `single_word` and normalization follow the profile.
  void set_normalizer(const Normalizer* normalizer, UnicodeProfile profile);

  const std::map<uint32_t, AddedToken>& by_id() const noexcept { return by_id_; }
  size_t size() const noexcept { return ids_.size(); }
  /// Whether some are looked for after normalization.
  bool any_normalized() const noexcept { return !after_.empty(); }
  /// The id of a token's content, or none.
  uint32_t find(std::string_view content) const;
  /// Text of an id for decoding (the normalized content of normalized tokens); null data when it is no added token.
  std::string_view text(uint32_t id) const;
  bool is_special(std::string_view text) const { return special_.contains(std::string(text)); }

  /// Cuts `text` into tokens and what lies between; `normalized` says which set. False, with nothing appended, when no token occurs.
  bool split(std::string_view text, bool normalized, bool ignore_special, std::vector<Part>& out) const;

 private:
  void rebuild(const Normalizer* normalizer);
  std::map<uint32_t, AddedToken> by_id_;
  std::unordered_map<std::string, uint32_t> ids_;
  std::unordered_set<std::string> special_;
  std::unordered_map<uint32_t, std::string> normalized_;
  TokenMatcher raw_, after_;
  UnicodeProfile profile_ = UnicodeProfile::hf;
};

}  // namespace brot
