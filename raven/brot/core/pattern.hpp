#pragma once
// What `Split` and `Replace` look for: a literal text or a regular expression.
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "raven/brot/core/error.hpp"
#include "raven/brot/regex/regex.hpp"

namespace brot {

/// Immutable and cheap to copy.
class RAVEN_API Pattern {
 public:
  /// The text itself; an empty one matches between all characters. @throws brot::Error when it is no valid UTF-8
  static Pattern literal(std::string text) { return Pattern(std::move(text)); }
  /// @throws RegexError
  static Pattern regex(std::string pattern, RegexDialect dialect = RegexDialect::oniguruma,
                       UnicodeProfile profile = UnicodeProfile::hf) {
    auto compiled = std::make_shared<const Regex>(pattern, dialect, profile);
    Pattern result(std::move(pattern), std::move(compiled));
    result.dialect_ = dialect;
    return result;
  }
  /// A literal.
  Pattern(const char* text) : Pattern(std::string(text)) {}
  Pattern(std::string text) : text_(std::move(text)) { expect_utf8("brot.Pattern", "text", text_); }

  bool is_regex() const noexcept { return regex_ != nullptr; }
  const std::string& text() const noexcept { return text_; }
  RegexDialect dialect() const noexcept { return dialect_; }
  const Regex& compiled() const noexcept { return *regex_; }
  /// The same pattern by the versions of another profile. @throws RegexError for a property that those do not have
  Pattern with_profile(UnicodeProfile profile) const {
    return !regex_ || regex_->profile() == profile ? *this : regex(text_, dialect_, profile);
  }
  bool operator==(const Pattern& other) const { return text_ == other.text_ && is_regex() == other.is_regex(); }

  /// Calls `visit(begin, end)` for each match in `text`, left to right.
  template <class F>
  void for_each_match(std::string_view text, F&& visit) const {
    if (regex_) return regex_->for_each_match(text, visit);
    if (text_.empty()) {
      for (size_t at = 0; at <= text.size(); ++at)
        if (at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) visit(at, at);
      return;
    }
    for (size_t at = text.find(text_); at != std::string_view::npos; at = text.find(text_, at + text_.size()))
      visit(at, at + text_.size());
  }

 private:
  Pattern(std::string text, std::shared_ptr<const Regex> regex) : text_(std::move(text)), regex_(std::move(regex)) {}
  std::string text_;
  std::shared_ptr<const Regex> regex_;
  RegexDialect dialect_ = RegexDialect::oniguruma;
};

}  // namespace brot
