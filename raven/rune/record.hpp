#pragma once
// Staging: a function traced into an nx::Program.
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "raven/nx/gateway.hpp"
#include "raven/nx/program.hpp"
#include "raven/nx/tree.hpp"

namespace rune {

using nx::Array;
namespace tree = nx::tree;

/// Shape and dtype of an argument, in place of an array.
struct Spec {
  nx::Shape shape;
  nx::DType dtype = nx::DType::f64;
};

/// Records every op issued while it is the innermost interpreter, also those without traced operands. Its tracers have
/// no numbers: asking for one throws TracerError.
class RAVEN_API Recorder final : public nx::Interpreter {
 public:
  explicit Recorder(const char* name = "rune::make_program");
  ~Recorder() override;

  /// A tracer for the next input.
  Array input(const nx::Aval& aval);
  /// Number of equations so far.
  size_t equations() const noexcept { return builder_.equations(); }
  /// The recorded program with these outputs; captured arrays, also among the outputs, become constants. Ends the recording.
  nx::Program finish(std::span<const Array> outputs);
  /// A program, and the arrays that it takes after its other inputs.
  struct Capturing {
    nx::Program program;
    std::vector<Array> captures;
  };
  /// The same, but captured arrays that somebody else still holds become inputs after the others. Arrays that nobody else
  /// holds were made while recording, and become constants.
  Capturing finish_capturing(std::vector<Array> outputs);

  void process(nx::Op op, std::span<const nx::Operand> in, const nx::Attrs& attrs, std::span<Array> out) override;
  Array value_of(const Array& tracer) override;
  const char* name() const noexcept override { return name_; }
  bool allows_implicit_random() const noexcept override { return false; }
  /// Throws SideEffectError.
  void before_write(const char* name, const Array& target) override;

 private:
  nx::ProgramBuilder::Id id_of(const Array& x);

  struct Captured {
    Array array;  // the handle keeps its record from being reused for another array
    nx::ProgramBuilder::Id id;
  };
  nx::ProgramBuilder builder_;
  std::vector<Captured> captured_;
  std::unordered_map<const void*, size_t> captured_at_;  ///< by record
  const char* name_;
};

namespace detail {
/// The argument with its leaves replaced by inputs of the program, in order; absent leaves stay absent. What is no
/// tree, a number, enum or string, stays as it is.
template <class T>
auto stage_argument(Recorder& recorder, const T& argument) {
  if constexpr (std::same_as<T, Spec>) {
    nx::element_count(argument.shape.span(), recorder.name());  // throws for what is no shape
    return recorder.input({argument.dtype, argument.shape});
  } else if constexpr (!tree::IsTree<T> || std::is_convertible_v<const T&, std::string_view>) {
    return std::decay_t<const T&>(argument);
  } else {
    T staged = argument;
    tree::for_each_leaf(staged, [&](Array& leaf, const tree::PathNode*, tree::Role) {
      if (leaf.defined()) leaf = recorder.input(nx::aval_of(leaf));
    });
    return staged;
  }
}
}  // namespace detail

/// The program of f at arguments of these shapes and dtypes: trees of arrays, whose values are not read, or Specs;
/// numbers, enums and strings are static.
/// Inputs are the present leaves of the arguments in order, outputs those of the result. Arrays that f captures become
/// constants, arrays it makes (zeros …) are equations. JAX: make_jaxpr. Throws TracerError when f asks a traced value
/// for a number, or captures a value of an enclosing transformation.
template <class F, class... A>
nx::Program make_program(F&& f, const A&... arguments) {
  Recorder recorder;
  const auto result = [&] {
    // Braces: left to right.
    std::tuple<decltype(detail::stage_argument(recorder, arguments))...> staged{
        detail::stage_argument(recorder, arguments)...};
    const nx::InterpreterScope scope(&recorder);
    return std::apply([&](auto&... a) { return f(a...); }, staged);
  }();
  std::vector<Array> outputs;
  tree::for_each_leaf(result, [&](const Array& leaf, const tree::PathNode*, tree::Role) {
    if (leaf.defined()) outputs.push_back(leaf);
  });
  return recorder.finish(outputs);
}

}  // namespace rune
