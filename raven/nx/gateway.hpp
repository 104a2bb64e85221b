#pragma once
// nx::apply: the only way to compute. Eager without an interpreter on this thread; else the innermost one gets every op.
#include <concepts>
#include <span>

#include "raven/nx/array.hpp"
#include "raven/nx/attrs.hpp"
#include "raven/nx/aval.hpp"

namespace nx {

/// What a function takes where NumPy takes array_like: an array, or a weak C++ number. Says whether the array may be
/// consumed (an rvalue whose buffer the result may reuse). Lives only during the call.
class Operand {
 public:
  Operand(const Array& array) noexcept : array_(const_cast<Array*>(&array)) {}
  Operand(Array&& array) noexcept : array_(&array), consumable_(true) {}
  template <std::integral T>
  Operand(T value) noexcept {
    if constexpr (std::same_as<T, bool>)
      scalar_ = Scalar::from(value);
    else if constexpr (std::unsigned_integral<T>)
      scalar_ = Scalar::from(static_cast<uint64_t>(value));
    else
      scalar_ = Scalar::from(static_cast<int64_t>(value));
  }
  template <std::floating_point T>
  Operand(T value) noexcept : scalar_(Scalar::from(static_cast<double>(value))) {}

  bool is_scalar() const noexcept { return array_ == nullptr; }
  const Array& array() const noexcept { return *array_; }
  bool consumable() const noexcept { return consumable_; }
  /// The array itself, to move from; only when consumable().
  Array& consume() const noexcept { return *array_; }
  const Scalar& scalar() const noexcept { return scalar_; }

 private:
  Array* array_ = nullptr;
  bool consumable_ = false;
  Scalar scalar_;
};

/// One op on operands into `out`, whose handles are overwritten. Elementwise ops broadcast and promote here; all others
/// take operands as infer demands. Errors carry the op's public name.
RAVEN_API void apply(Op op, std::span<const Operand> in, const Attrs& attrs, std::span<Array> out);
/// The same for one result.
RAVEN_API Array apply(Op op, std::initializer_list<Operand> in, const Attrs& attrs = no_attrs);

/// A transformation's view of the program: it receives every op issued on this thread while it is the innermost one.
class RAVEN_API Interpreter {
 public:
  Interpreter();
  virtual ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// Runs or records one op on arrays (never weak scalars; elementwise operands already have equal shapes and dtypes).
  /// Called with the parent active; results may be tracers of this interpreter or values of the parent.
  virtual void process(Op op, std::span<const Operand> in, const Attrs& attrs, std::span<Array> out) = 0;
  /// The value a tracer of this interpreter stands for, as the parent sees it, when it has one; else an empty handle.
  virtual Array value_of(const Array& tracer) = 0;
  /// For messages: `rune::grad`.
  virtual const char* name() const noexcept = 0;
  /// Whether the implicit random generator may be used inside.
  virtual bool allows_implicit_random() const noexcept = 0;
  /// Hears that the handle of a plain array made outside any transformation is about to be rebound by `x += y` or
  /// `x.at(i) = v`, under the public name of the function. May throw; by default nothing.
  virtual void before_write(const char* name, const Array& target);

  /// Never reused.
  uint64_t tag() const noexcept { return tag_; }
  Interpreter* parent() const noexcept { return parent_; }

 private:
  friend class InterpreterScope;
  uint64_t tag_;
  Interpreter* parent_ = nullptr;
};

/// The innermost interpreter of this thread; null when calls are eager.
RAVEN_API Interpreter* current_interpreter() noexcept;

/// Makes an interpreter the innermost one (or, with null, makes calls eager) while it lives; unwinds on exceptions.
class RAVEN_API InterpreterScope {
 public:
  /// Pushes: the interpreter's parent becomes the one current now.
  explicit InterpreterScope(Interpreter* interpreter) noexcept;
  ~InterpreterScope();
  InterpreterScope(const InterpreterScope&) = delete;
  InterpreterScope& operator=(const InterpreterScope&) = delete;

 private:
  Interpreter* previous_;
};
/// Makes `interpreter` (an outer one, or null) current without changing parents: how an interpreter runs its parent.
class RAVEN_API ParentScope {
 public:
  explicit ParentScope(Interpreter* interpreter) noexcept;
  ~ParentScope();
  ParentScope(const ParentScope&) = delete;
  ParentScope& operator=(const ParentScope&) = delete;

 private:
  Interpreter* previous_;
};

/// A tracer: metadata of `aval`, identity (tag, id), and the parent-level value when there is one.
RAVEN_API Array make_tracer(const Interpreter& interpreter, uint32_t id, const Aval& aval, Array value = {});
/// A tracer with the metadata of its value.
RAVEN_API Array make_tracer(const Interpreter& interpreter, uint32_t id, Array value);
/// The tag of a tracer (0 for plain arrays) and its id.
RAVEN_API uint64_t tracer_tag(const Array& x) noexcept;
RAVEN_API uint32_t tracer_id(const Array& x) noexcept;
/// The parent-level value inside a tracer (empty when it has none).
RAVEN_API const Array& tracer_value(const Array& tracer) noexcept;
/// Moves the value out of a tracer that this handle alone holds (a copy of the handle otherwise): what lets an in-place op
/// consume it.
RAVEN_API Array take_tracer_value(Array& tracer) noexcept;
/// Shape and dtype of an array.
RAVEN_API Aval aval_of(const Array& x);
/// The plain array a value stands for on this thread: itself, or the primal through all tracers. Throws TracerError
/// naming `what` when a tracer has no number, LeakedTracerError when its transformation ended.
RAVEN_API Array concrete(const Array& x, const char* what);

}  // namespace nx
