#pragma once
// Regular expressions of tokenizer files. The default dialect is Oniguruma's Ruby syntax, what HuggingFace tokenizers
// compile `Split` and `Replace` patterns with: `^` and `$` are line anchors, `{n,m}+` repeats the group, classes nest
// and intersect,
// `(?m)` lets the dot match a newline, properties are Unicode 16 (17 under UnicodeProfile::latest).
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "raven/base/export.hpp"
#include "raven/brot/core/error.hpp"
#include "raven/brot/unicode/profile.hpp"

namespace brot {

/// A pattern that cannot be compiled (`position()` is a byte offset into it) or a search that exceeded its work limit.
class RAVEN_API RegexError : public Error {
 public:
  RegexError(std::string_view pattern, size_t position, std::string_view message);
  ~RegexError() override;
  const char* kind() const noexcept override { return "RegexError"; }
  size_t position() const noexcept { return position_; }

 private:
  size_t position_;
};

/// Which rules a pattern is written by.
enum class RegexDialect : uint8_t {
  oniguruma,  ///< Ruby syntax, HuggingFace tokenizers
  tiktoken,   ///< Rust fancy-regex: `$` is the end of the text, `{n,m}+` is possessive
};

/// A compiled pattern: immutable, cheap to copy, safe to use from many threads at once.
class RAVEN_API Regex {
 public:
  /// Byte range of a match.
  struct Match {
    size_t begin;
    size_t end;
    bool operator==(const Match&) const = default;
  };
  /// How a pattern is run.
  enum class Engine : uint8_t { scanner, automaton, backtracking };

  /// @throws RegexError with the position of the fault
  explicit Regex(std::string_view pattern, RegexDialect dialect = RegexDialect::oniguruma,
                 UnicodeProfile profile = UnicodeProfile::hf);
  /// As above, never choosing an engine before `first`: tests compare the engines with each other.
  Regex(std::string_view pattern, RegexDialect dialect, Engine first, UnicodeProfile profile = UnicodeProfile::hf);

  const std::string& pattern() const noexcept;
  Engine engine() const noexcept;
  UnicodeProfile profile() const noexcept;
  /// Name of the known pattern that was recognised, e.g. `gpt2`; empty when none was, as always under `latest`.
  std::string_view scanner_name() const noexcept;
  /// True for known patterns whose matches, and gaps between them, do not go on over a space or a line feed between other
  /// characters.
  bool cuts_text() const noexcept;

  /// The leftmost match that starts at `position` or later in valid UTF-8; looks behind `position` see the text before
  /// it.
  /// @throws RegexError when a pattern that needs backtracking exceeds its work limit
  std::optional<Match> find_from(std::string_view text, size_t position = 0) const;

  /// Calls `visit(begin, end)` for each match from left to right, without overlaps. Empty matches are reported, except
  /// one that touches the end of the match before it: a caller that splits treats them as boundaries of no width
  /// (HuggingFace does).
  template <class F>
  void for_each_match(std::string_view text, F&& visit) const {
    scan(
        text,
        [](void* context, size_t begin, size_t end) {
          (*static_cast<std::remove_reference_t<F>*>(context))(begin, end);
        },
        const_cast<void*>(static_cast<const void*>(&visit)));
  }

  /// What for_each_match calls: a function pointer and its context.
  using Visitor = void (*)(void* context, size_t begin, size_t end);
  void scan(std::string_view text, Visitor visitor, void* context) const;

  struct Impl;

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace brot
