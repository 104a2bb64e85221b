#pragma once
// JSON for tokenizer files: a reader that keeps key order, duplicate keys, the text of numbers and byte offsets, and a
// writer whose bytes equal those of HuggingFace's files. Strings without escapes are views into the source.
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raven/base/export.hpp"
#include "raven/brot/core/table.hpp"

namespace brot::json {

enum class Type : uint8_t { null, boolean, number, string, array, object };

class Document;
struct Flat;

/// A value of a parsed document, by position; valid while the Document lives.
class RAVEN_API Value {
 public:
  Value() = default;
  Type type() const noexcept;
  bool is_null() const noexcept { return type() == Type::null; }
  bool is(Type wanted) const noexcept { return type() == wanted; }
  /// Byte offset in the source.
  size_t offset() const noexcept;
  /// Elements of an array, members of an object.
  size_t size() const noexcept;
  /// The elements when they are kept as a list, else null.
  const Flat* flat() const noexcept;
  /// The string's characters, or the number's text.
  std::string_view text() const noexcept;
  bool boolean() const noexcept;
  /// The exact double of the number's text.
  double number() const noexcept;
  /// The double that HuggingFace's reader makes of it, which can differ in the last bits: the digits as one integer,
  /// rounded, times or divided by a power of ten. Scores must be these for equal segmentations.
  double serde_number() const noexcept;

  /// Elements (of arrays) or values (of objects) in order.
  class Iterator {
   public:
    Iterator(const Document* document, uint32_t node) : document_(document), node_(node) {}
    Value operator*() const { return Value(document_, node_); }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return node_ != other.node_; }

   private:
    const Document* document_;
    uint32_t node_;
  };
  Iterator begin() const noexcept;
  Iterator end() const noexcept;
  /// The key of a member of an object (a value that iteration gave).
  std::string_view key() const noexcept;
  /// The member named `key`, the last when it occurs twice; an absent value (type null, `present()` false) otherwise.
  Value operator[](std::string_view key) const noexcept;
  bool present() const noexcept { return document_ != nullptr; }

 private:
  friend class Document;
  Value(const Document* document, uint32_t node) : document_(document), node_(node) {}
  const Document* document_ = nullptr;
  uint32_t node_ = 0;
};

/// A large value as a list: an object of whole numbers below 2³² (`numbers`), an array of strings (`strings`) or of
/// pairs of strings (`pairs`).
struct Flat {
  TableVector<std::pair<std::string_view, uint32_t>> numbers;
  TableVector<std::string_view> strings;
  TableVector<std::pair<std::string_view, std::string_view>> pairs;
};

/// A parsed text. The source must outlive it.
class RAVEN_API Document {
 public:
  /// @throws brot::Error (format) with the byte offset; nesting is limited to 128
  /// `flat_keys`: the values of these keys are kept as lists where they have one of the forms of Flat, which takes a
  /// third of the time and memory; such a value has no members of its own.
  static Document parse(std::string_view source, std::string_view name,
                        std::span<const std::string_view> flat_keys = {});
  Document() = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;
  Value root() const { return Value(this, 0); }
  const std::string& name() const { return name_; }

 private:
  friend class Value;
  friend class Value::Iterator;
  friend class Parser;
  struct Node {
    const char* data;      // string and number text
    uint32_t size;         // bytes of text, or number of children
    uint32_t next;         // node after this value's subtree
    const char* key_data;  // null outside objects
    uint32_t key_size;
    uint32_t offset : 31;
    uint32_t truth : 1;
    Type type;
  };
  const Flat* flat_of(uint32_t node) const noexcept;
  std::string name_;
  std::vector<Node> nodes_;
  std::deque<std::pair<uint32_t, Flat>> flat_;  // by node
  std::deque<std::string> unescaped_;
};

/// Writes JSON as serde_json does: compact, or indented by two spaces.
class RAVEN_API Writer {
 public:
  explicit Writer(bool pretty) : pretty_(pretty) {}
  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return close(']'); }
  Writer& key(std::string_view name);
  Writer& string(std::string_view text);
  Writer& number(uint64_t value);
  Writer& real(double value);
  /// The shortest form of a single-precision value.
  Writer& real32(float value);
  Writer& boolean(bool value) { return raw(value ? "true" : "false"); }
  Writer& null() { return raw("null"); }
  Writer& raw(std::string_view text);
  std::string take() { return std::move(text_); }

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  void separate();
  std::string text_;
  bool pretty_, first_ = true, after_key_ = false;
  int depth_ = 0;
};

/// `text` with quotes and escapes as serde_json writes them.
RAVEN_API void append_quoted(std::string& out, std::string_view text);
/// A double as serde_json writes it (shortest digits, `.0`, exponents below 1e-5 and from 1e16).
RAVEN_API std::string format_real(double value);

}  // namespace brot::json
