#pragma once
// Reader of golden files (tests/golden/nx/golden.py says how they are written). Knows nothing of nx: arrays are bytes.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace golden {

/// A golden file does not follow its format; the message names file, line and what was found.
class FormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One step from a base array to the view a case uses.
struct Step {
  enum class Kind { permute, slice, flip, expand };
  Kind kind;
  std::vector<int64_t> first, stops, steps;  ///< axes or shape; a slice has starts, stops and steps
};

/// A contiguous array in the blob and the recipe of its view.
struct ArrayText {
  std::string dtype;
  std::vector<int64_t> shape;
  std::vector<Step> recipe;
  std::span<const std::byte> bytes;
};

/// An operand: an array, or a weak C++ number.
struct Input {
  enum class Kind { array, weak_bool, weak_int, weak_float };
  Kind kind = Kind::array;
  ArrayText array;
  int64_t integer = 0;
  double real = 0;
};

/// How near a result must come. NaN equals NaN under every rule.
struct Rule {
  enum class Kind {
    exact,  ///< same bits (NaN payloads aside)
    value,  ///< equal numbers: +0 equals −0
    ulp,    ///< at most `steps` representable numbers away; the sign of a zero counts
    atol,   ///< |result − expected| ≤ bound; infinities exact
  };
  Kind kind = Kind::exact;
  int64_t steps = 0;
  double bound = 0;
};

struct Expected {
  ArrayText array;
  Rule rule;
};

struct Case {
  int line = 0;
  std::string op;
  std::map<std::string, std::string> attrs;
  std::vector<Input> inputs;
  std::vector<Expected> outputs;
  std::string error;                ///< kind of the error that must be thrown (`Shape` for nx::ShapeError); else empty
  std::optional<std::string> text;  ///< the string that must come out

  bool has(const std::string& key) const { return attrs.count(key) != 0; }
  const std::string& attr(const std::string& key) const;
  int64_t integer(const std::string& key) const;
  int64_t integer(const std::string& key, int64_t otherwise) const;
  /// Decimal or hexadecimal floating text.
  double real(const std::string& key) const;
  /// `1,-1`; empty text is an empty list.
  std::vector<int64_t> list(const std::string& key) const;
  /// `2x3`, `scalar`.
  std::vector<int64_t> shape(const std::string& key) const;
};

struct File {
  std::string family, peer;
  std::vector<Case> cases;
  std::string blob;  ///< holds the bytes of every array
};

/// Reads `<folder>/<family>.cases` and `.bin`. Every offset and size is checked against the blob. Throws FormatError.
File read(const std::string& folder, const std::string& family);
/// The same from memory.
File parse(std::string family, std::string_view text, std::string blob);

/// Bytes per element; 0 for an unknown dtype.
int64_t item_size(std::string_view dtype);
/// `2x3`.
std::string shape_text(std::span<const int64_t> shape);
/// Empty when `result` (contiguous, of the expected dtype and size) obeys the rule; else which element differs and how.
std::string mismatch(const Expected& expected, std::span<const std::byte> result);

}  // namespace golden
