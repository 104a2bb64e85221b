#pragma once
// Golden cases on nx: operands built through their layout recipes, calls made, results judged.
#include <string>
#include <vector>

#include "nx/golden.hpp"
#include "raven/nx.hpp"

namespace golden {

/// The case needs a part of nx, named by the message, that is not there.
struct Uncovered : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The view that the recipe takes of the base array.
nx::Array build(const ArrayText& text);
/// The elements in C order.
std::vector<std::byte> bytes_of(const nx::Array& x);
/// Empty when dtype, shape and elements are as expected; else what differs.
std::string judge(const Expected& expected, const nx::Array& result);

/// The operands of one call: arrays kept alive, weak scalars beside them.
struct Operands {
  explicit Operands(const Case& item);
  std::vector<nx::Array> arrays;  ///< in order, an empty handle where the input is a weak scalar
  std::vector<nx::Operand> operands;
};

/// Attributes of a primitive from the case's keys; keys the case lacks keep their defaults. Throws FormatError for a
/// key that the op does not have.
nx::AttrsBox attrs_of(nx::Op op, const Case& item);

/// What became of one case.
struct Verdict {
  enum class Kind { passed, failed, uncovered };
  Kind kind = Kind::passed;
  std::string reason;  ///< how it failed, or the name that nx lacks
};
/// Runs a case whose op is a primitive (`Add`) through nx::apply, or a public function (`add`) through its own name.
Verdict run(const Case& item);

/// A public function under test: takes a case and its operands, gives the results.
using PublicCall = std::vector<nx::Array> (*)(const Case&, Operands&);
/// Null for a name that no table holds. Tables: golden_public.cpp.
PublicCall find_public(const std::string& name);
/// For cases that expect a string (printing, promotion). Null for a name that no table holds.
using TextCall = std::string (*)(const Case&, Operands&);
TextCall find_text(const std::string& name);

}  // namespace golden
