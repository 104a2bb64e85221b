// What kernels are formed of: composites whose kernel gives the bits of their decomposition become primitives, a
// reduction over several groups of axes becomes its stages, and the position of an extreme becomes two reductions.
#include <limits>

#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/api/shape.hpp"
#include "raven/nx/composite.hpp"
#include "raven/nx/error.hpp"
#include "raven/tolk/internal/rewriter.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

namespace {

using Id = Program::Id;
using nx::Array;
using nx::Dims;
using nx::ReduceKind;

/// Composites that stay: elementwise codes (Gelu), calls with bits of their own (Linear, Sdpa), and the embedding,
/// which is a gather that names its ids in errors.
bool stays(Op op) {
  switch (op) {
    case Op::Gelu:
    case Op::GeluGrad:
    case Op::Linear:
    case Op::Sdpa:
    case Op::SdpaGrad:
    case Op::Embedding: return true;
    default: return !nx::is_composite(op);
  }
}

/// The result of a reduction over nothing, as a weak number.
nx::Scalar empty_value(ReduceKind kind, nx::DType dtype) {
  if (kind == ReduceKind::sum) return nx::is_float(dtype) ? nx::Scalar::from(0.0) : nx::Scalar::from(int64_t{0});
  if (kind == ReduceKind::prod) return nx::is_float(dtype) ? nx::Scalar::from(1.0) : nx::Scalar::from(int64_t{1});
  const bool largest = kind == ReduceKind::min;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  switch (dtype) {
    case nx::DType::f32:
    case nx::DType::f64: return nx::Scalar::from(largest ? infinity : -infinity);
    case nx::DType::b1: return nx::Scalar::from(largest);
    case nx::DType::u8: return nx::Scalar::from(int64_t{largest ? UINT8_MAX : 0});
    case nx::DType::u32: return nx::Scalar::from(largest ? int64_t{UINT32_MAX} : 0);
    case nx::DType::u64: return nx::Scalar::from(largest ? UINT64_MAX : uint64_t{0});
    case nx::DType::i32: return nx::Scalar::from(int64_t{largest ? INT32_MAX : INT32_MIN});
    case nx::DType::i64: return nx::Scalar::from(largest ? INT64_MAX : INT64_MIN);
  }
  return {};
}

/// One reduction per group of neighbouring reduced axes, the last group first: the stages of nx's kernel, whose order
/// of sums they keep. Axes of extent 1 belong to no group.
Id reduce_in_stages(Rewriter& rewriter, Id x, const nx::ReduceAttrs& attrs) {
  const Aval in = rewriter.aval(x);
  Aval out;
  nx::infer(Op::Reduce, std::span(&in, 1), attrs, std::span(&out, 1));
  if (nx::element_count(out.shape.span()) == 0) return rewriter.equation(Op::Reduce, std::span(&x, 1), attrs);
  for (const int64_t axis : attrs.axes)
    if (in.shape[static_cast<int>(axis)] == 0) {
      nx::FullAttrs full;
      full.shape = out.shape;
      full.dtype = out.dtype;
      full.value = empty_value(attrs.kind, out.dtype);
      return rewriter.equation(Op::Full, {}, full);
    }
  std::vector<bool> reduced(static_cast<size_t>(in.shape.size()));
  for (const int64_t axis : attrs.axes)
    if (in.shape[static_cast<int>(axis)] > 1) reduced[static_cast<size_t>(axis)] = true;
  Id current = x;
  while (true) {
    const nx::Shape shape = rewriter.aval(current).shape;
    nx::ReduceAttrs stage = attrs;
    stage.axes = Dims();
    for (int axis = shape.size() - 1; axis >= 0; --axis) {
      if (shape[axis] == 1) continue;
      if (reduced[static_cast<size_t>(axis)])
        stage.axes.insert(0, axis);
      else if (!stage.axes.empty())
        break;
    }
    if (stage.axes.empty()) break;
    for (int i = stage.axes.size() - 1; i >= 0; --i)
      reduced.erase(reduced.begin() + static_cast<std::ptrdiff_t>(stage.axes[i]));
    current = rewriter.equation(Op::Reduce, std::span(&current, 1), stage);
  }
  if (rewriter.aval(current).dtype != out.dtype) {
    nx::CastAttrs cast;
    cast.dtype = out.dtype;
    current = rewriter.equation(Op::Cast, std::span(&current, 1), cast);
  }
  if (rewriter.aval(current).shape == out.shape) return current;
  nx::ShapeAttrs shape;
  shape.shape = out.shape;
  return rewriter.equation(Op::Reshape, std::span(&current, 1), shape);
}

/// The first i whose element is the largest (smallest) one or, where that is NaN, the first NaN.
Array position_of_extreme(const Array& x, const nx::ArgReduceAttrs& attrs) {
  const nx::ExtremumOpts along{.axis = attrs.axis, .keepdims = true};
  const Array extreme = attrs.kind == ReduceKind::max ? nx::max(x, along) : nx::min(x, along);
  Array hit = nx::equal(x, extreme);
  // A row without NaN has none here either, so this adds nothing to it.
  if (nx::is_float(x.dtype())) hit = nx::logical_or(hit, nx::not_equal(x, x));
  const int64_t n = x.shape()[static_cast<int>(attrs.axis)];
  const nx::DType counted = n < INT32_MAX ? nx::DType::i32 : nx::DType::i64;
  nx::IotaAttrs iota;
  iota.shape = x.shape();
  iota.dtype = counted;
  iota.axis = attrs.axis;
  const Array positions = nx::where(hit, nx::apply(Op::Iota, {}, iota), n);
  return nx::astype(nx::min(positions, {.axis = attrs.axis}), nx::i64);
}

/// Ops issued while a rule runs become equations.
class Decomposer final : public nx::Interpreter {
 public:
  explicit Decomposer(Rewriter& rewriter) : rewriter_(rewriter) {}

  void process(Op op, std::span<const nx::Operand> in, const nx::Attrs& attrs, std::span<Array> out) override {
    std::vector<Id> operands;
    for (const nx::Operand& o : in) operands.push_back(id_of(o.array()));
    const Id first = equation(op, operands, attrs);
    for (size_t i = 0; i < out.size(); ++i) out[i] = value(first + static_cast<Id>(i));
  }
  Array value_of(const Array&) override { return {}; }
  const char* name() const noexcept override { return "tolk.decompose"; }
  bool allows_implicit_random() const noexcept override { return false; }

  /// The first result of an equation, or of those that it stands for.
  Id equation(Op op, std::span<const Id> operands, const nx::Attrs& attrs) {
    if (op == Op::Reduce) return reduce_in_stages(rewriter_, operands[0], static_cast<const nx::ReduceAttrs&>(attrs));
    return rewriter_.equation(op, operands, attrs);
  }
  Array value(Id id) const { return nx::make_tracer(*this, id, rewriter_.aval(id)); }
  Id id_of(const Array& x) { return nx::tracer_tag(x) == tag() ? nx::tracer_id(x) : rewriter_.constant(x); }

 private:
  Rewriter& rewriter_;
};

}  // namespace

Program decompose(const Program& program) {
  Rewriter rewriter;
  std::vector<Id> renamed = start(rewriter, program), operands;
  Decomposer decomposer(rewriter);
  for (const Program::Equation& e : program.equations()) {
    operands.clear();
    bool empty = false;
    for (const Id id : e.operands) {
      operands.push_back(renamed[id]);
      empty |= nx::element_count(program.aval(id).shape.span()) == 0;
    }
    for (Id i = 0; i < e.results; ++i) empty |= nx::element_count(program.aval(e.first_result + i).shape.span()) == 0;
    const bool extreme = e.op == Op::ArgReduce;
    if ((stays(e.op) && !extreme) || (empty && e.op != Op::Reduce)) {
      const Id first = decomposer.equation(e.op, operands, e.attrs.get());
      for (uint32_t i = 0; i < e.results; ++i) renamed[e.first_result + i] = first + i;
      continue;
    }
    const nx::InterpreterScope scope(&decomposer);
    std::vector<Array> in, out(e.results);
    for (const Id id : operands) in.push_back(decomposer.value(id));
    if (extreme)
      out[0] = position_of_extreme(in[0], e.attrs.as<nx::ArgReduceAttrs>());
    else
      nx::decompose(e.op, in, e.attrs.get(), out);
    for (uint32_t i = 0; i < e.results; ++i) renamed[e.first_result + i] = decomposer.id_of(out[i]);
  }
  return finish(rewriter, program, renamed);
}

}  // namespace tolk
