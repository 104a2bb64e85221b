#pragma once
// A pull reader of JSON for headers of files: the caller says what it expects next, so no document is built and nothing
// is allocated that the text does not hold. Not installed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nx::detail {

/// Reads one JSON text. Every fault is a FormatError that names the path, the byte, what was found and what was
/// expected.
class JsonReader {
 public:
  /// @param first_byte  offset of the text in its file, for messages
  JsonReader(std::string_view text, uint64_t first_byte, std::string_view operation, std::string_view path)
      : text_(text), first_byte_(first_byte), operation_(operation), path_(path) {}

  /// Calls `member(key, offset of the key)` for each member; it must read the value.
  template <class Member>
  void object(Member&& member) {
    expect('{');
    if (accept('}')) return;
    do {
      skip_space();
      const uint64_t key_offset = offset();
      const std::string key = string();
      expect(':');
      member(key, key_offset);
    } while (accept(','));
    expect('}', "',' or '}'");
  }
  /// Calls `item()` for each element; it must read it.
  template <class Item>
  void array(Item&& item) {
    expect('[');
    if (accept(']')) return;
    do item();
    while (accept(','));
    expect(']', "',' or ']'");
  }
  /// A string with its escapes resolved; UTF-8 is verified.
  std::string string();
  /// A whole number from 0 to 2^64 − 1 without fraction and exponent.
  uint64_t whole_number();
  /// Any value, verified and dropped. Nesting beyond 32 levels is refused.
  void skip(int depth = 0);
  /// Nothing but white space may be left.
  void expect_end();

  /// Offset in the file of the next byte.
  uint64_t offset() const { return first_byte_ + at_; }
  void skip_space();
  [[noreturn]] void fail(uint64_t offset, std::string_view message) const;

 private:
  bool accept(char c);
  void expect(char c, std::string_view expected = {});
  void expect_word(std::string_view word);
  void skip_number();
  void append_escape(std::string& out);
  uint32_t four_hex_digits();
  [[noreturn]] void unexpected(std::string_view expected) const;

  std::string_view text_;
  size_t at_ = 0;
  uint64_t first_byte_;
  std::string_view operation_, path_;
};

/// Whether all of `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view text);
/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace nx::detail
