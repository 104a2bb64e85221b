// Exact algebra, as a table of rules. A rule sees one equation whose operands are simplified already, and names an
// equal value; it holds for every bit pattern of the operands, so eager and compiled runs agree.
#include <algorithm>
#include <cmath>

#include "raven/tolk/internal/rewriter.hpp"
#include "raven/tolk/internal/uniform.hpp"
#include "raven/tolk/passes.hpp"

namespace tolk {

namespace {

using Id = Program::Id;
using nx::Dims;

constexpr Id none = ~Id{0};

/// By row of the table: whether it applies.
using Applied = std::vector<bool>;

/// The equation by the rules, or as it is.
Id simplified(Rewriter& rewriter, const Applied& applied, Op op, std::span<const Id> operands, const nx::Attrs& attrs,
              const Aval& result);

/// One equation that is not built yet.
struct Match {
  Rewriter& rewriter;
  const Applied& applied;
  Op op;
  const nx::Attrs& attrs;
  std::span<const Id> operands;
  const Aval& result;

  template <class A>
  const A& as() const {
    return static_cast<const A&>(attrs);
  }
  Id operator[](size_t i) const { return operands[i]; }
  const Aval& aval(size_t i) const { return rewriter.aval(operands[i]); }
  /// The equation that made operand i, when it is one of `of`.
  const Rewriter::Node* made_by(size_t i, Op of) const { return rewriter.node(operands[i], of); }
  bool is(size_t i, double number) const { return is_number(rewriter, operands[i], number); }
  bool is_float() const { return nx::is_float(aval(0).dtype); }

  /// A float that arithmetic made is no signalling NaN, so another arithmetic operation that keeps its value keeps its
  /// bits. Integers and bools always are.
  bool quiet(size_t i) const {
    if (!nx::is_float(aval(i).dtype)) return true;
    const Rewriter::Node* n = rewriter.node(operands[i]);
    if (!n) return false;
    switch (n->op) {
      case Op::Add:
      case Op::Sub:
      case Op::Mul:
      case Op::Div:
      case Op::Sqrt:
      case Op::Full:
      case Op::Iota: return true;
      case Op::Cast: return rewriter.aval(n->operands[0]).dtype != aval(i).dtype;
      default: return false;
    }
  }
  /// An equation with one result, to which the rules apply too. Each rule makes its operands older, so this ends.
  Id make(Op of, std::span<const Id> in, const nx::Attrs& with = nx::no_attrs) const {
    std::vector<Aval> avals;
    for (const Id id : in) avals.push_back(rewriter.aval(id));
    Aval out;
    nx::infer(of, avals, with, std::span<Aval>(&out, 1));
    return simplified(rewriter, applied, of, in, with, out);
  }
  Id make(Op of, Id in, const nx::Attrs& with = nx::no_attrs) const { return make(of, std::span(&in, 1), with); }
};

// ---- arithmetic
// ------------------------------------------------------------------------------------------------------

/// The number that adding leaves unchanged: 0 for integers, −0 for floats (0 would turn −0 into 0).
Id add_zero(const Match& m) {
  const double zero = m.is_float() ? -0.0 : 0.0;
  for (size_t i = 0; i < 2; ++i)
    if (m.is(i, zero) && m.quiet(1 - i)) return m[1 - i];
  return none;
}
Id subtract_zero(const Match& m) { return m.is(1, 0.0) && m.quiet(0) ? m[0] : none; }
Id multiply_by_one(const Match& m) {
  for (size_t i = 0; i < 2; ++i)
    if (m.is(i, 1) && m.quiet(1 - i)) return m[1 - i];
  return none;
}
Id multiply_by_zero(const Match& m) {
  if (m.is_float()) return none;  // ∞·0 is NaN, and signs count
  for (size_t i = 0; i < 2; ++i)
    if (m.is(i, 0)) return m[i];
  return none;
}
Id divide_by_one(const Match& m) { return m.is(1, 1) && m.quiet(0) ? m[0] : none; }
/// x / 2^k = x · 2^−k, both rounded once from the same real number. NaN operands keep their payload in both.
Id divide_by_power_of_two(const Match& m) {
  const nx::FullAttrs* divisor = uniform(m.rewriter, m[1]);
  if (!divisor || divisor->value.kind != nx::Scalar::Kind::real) {
    if (!divisor || divisor->value.kind != nx::Scalar::Kind::integer || std::abs(divisor->value.integer) > (1 << 24))
      return none;
  }
  const double value =
      divisor->value.kind == nx::Scalar::Kind::real ? divisor->value.real : static_cast<double>(divisor->value.integer);
  int exponent;
  if (!std::isfinite(value) || std::abs(std::frexp(value, &exponent)) != 0.5 || exponent < -100 || exponent > 100)
    return none;
  nx::FullAttrs inverse = *divisor;
  inverse.value = nx::Scalar::from(1 / value);
  const Id in[] = {m[0], m.make(Op::Full, std::span<const Id>{}, inverse)};
  return m.make(Op::Mul, in);
}
/// f(f(x)) = x.
Id undo_twice(const Match& m) {
  const Rewriter::Node* inner = m.made_by(0, m.op);
  return inner ? inner->operands[0] : none;
}
/// f(f(x)) = f(x).
Id idempotent(const Match& m) { return m.made_by(0, m.op) ? m[0] : none; }
Id abs_of_negative(const Match& m) {
  // Unsigned numbers wrap: −9 is 247 of bytes, and stays so.
  if (!m.is_float() && !nx::is_signed(m.aval(0).dtype)) return none;
  const Rewriter::Node* inner = m.made_by(0, Op::Neg);
  return inner ? m.make(Op::Abs, inner->operands[0]) : none;
}
Id bitwise_same(const Match& m) {
  return m[0] == m[1] && m.as<nx::BitwiseAttrs>().kind != nx::BitwiseKind::bit_xor ? m[0] : none;
}

// ---- casts and choices
// -----------------------------------------------------------------------------------------------

Id cast_to_same(const Match& m) { return m.aval(0).dtype == m.result.dtype ? m[0] : none; }
/// Every value of `from` is one of `to`, and comes back.
bool widens(nx::DType from, nx::DType to) {
  using nx::DType;
  switch (from) {
    case DType::b1: return true;
    case DType::u8: return to != DType::b1;
    case DType::u32: return to == DType::u64 || to == DType::i64 || to == DType::f64;
    case DType::i32: return to == DType::i64 || to == DType::f64;
    case DType::f32: return to == DType::f64;
    default: return false;
  }
}
Id cast_there_and_back(const Match& m) {
  const Rewriter::Node* inner = m.made_by(0, Op::Cast);
  if (!inner) return none;
  const Id x = inner->operands[0];
  const nx::DType from = m.rewriter.aval(x).dtype;
  if (from != m.result.dtype || !widens(from, m.aval(0).dtype)) return none;
  const Match of_x{m.rewriter, m.applied, m.op, m.attrs, std::span(&x, 1), m.result};
  return of_x.quiet(0) ? x : none;
}
Id select_same(const Match& m) { return m[1] == m[2] ? m[1] : none; }
Id select_known(const Match& m) { return m.is(0, 1) ? m[1] : m.is(0, 0) ? m[2] : none; }

// ---- movement
// --------------------------------------------------------------------------------------------------------

/// The operand, where the op only says something to transformations.
Id operand(const Match& m) { return m[0]; }
/// Moving the elements of a number everywhere gives that number in another shape.
Id move_number(const Match& m) {
  const nx::FullAttrs* number = uniform(m.rewriter, m[0]);
  if (!number) return none;
  nx::FullAttrs attrs = *number;
  attrs.shape = m.result.shape;
  return m.make(Op::Full, std::span<const Id>{}, attrs);
}
Id reshape_to_same(const Match& m) { return m.aval(0).shape == m.result.shape ? m[0] : none; }
Id reshape_twice(const Match& m) {
  const Rewriter::Node* inner = m.made_by(0, Op::Reshape);
  return inner ? m.make(Op::Reshape, inner->operands[0], m.attrs) : none;
}
Id permute_identity(const Match& m) {
  const Dims& p = m.as<nx::PermuteAttrs>().permutation;
  for (int i = 0; i < p.size(); ++i)
    if (p[i] != i) return none;
  return m[0];
}
Id permute_twice(const Match& m) {
  const Rewriter::Node* inner = m.made_by(0, Op::Permute);
  if (!inner) return none;
  const Dims &first = inner->attrs.as<nx::PermuteAttrs>().permutation, &second = m.as<nx::PermuteAttrs>().permutation;
  nx::PermuteAttrs both;
  for (const int64_t axis : second) both.permutation.push_back(first[static_cast<int>(axis)]);
  return m.make(Op::Permute, inner->operands[0], both);
}
Id expand_to_same(const Match& m) { return m.aval(0).shape == m.result.shape ? m[0] : none; }
Id expand_twice(const Match& m) {
  const Rewriter::Node* inner = m.made_by(0, Op::Expand);
  if (!inner) return none;
  nx::ExpandAttrs both = m.as<nx::ExpandAttrs>();
  const Dims outer = both.axes;
  both.axes = Dims();
  for (const int64_t axis : inner->attrs.as<nx::ExpandAttrs>().axes) both.axes.push_back(outer[static_cast<int>(axis)]);
  return m.make(Op::Expand, inner->operands[0], both);
}
Id slice_whole(const Match& m) { return m.aval(0).shape == m.result.shape ? m[0] : none; }
Id slice_twice(const Match& m) {
  const Rewriter::Node* inner = m.made_by(0, Op::Slice);
  if (!inner) return none;
  const auto &first = inner->attrs.as<nx::SliceAttrs>(), &second = m.as<nx::SliceAttrs>();
  nx::SliceAttrs both;
  for (int i = 0; i < first.starts.size(); ++i) {
    const int64_t start = first.starts[i] + second.starts[i] * first.steps[i], count = m.result.shape[i];
    // Where at most one element is left a step says nothing, and may be as large as it likes.
    const int64_t step = count > 1 ? first.steps[i] * second.steps[i] : 1;
    both.starts.push_back(count > 0 ? start : 0);
    both.stops.push_back(count > 0 ? start + (count - 1) * step + 1 : 0);
    both.steps.push_back(step);
  }
  return m.make(Op::Slice, inner->operands[0], both);
}
Id flip_twice(const Match& m) {
  const Rewriter::Node* inner = m.made_by(0, Op::Flip);
  return inner && inner->attrs.as<nx::AxesAttrs>().axes == m.as<nx::AxesAttrs>().axes ? inner->operands[0] : none;
}
Id concat_of_one(const Match& m) { return m.operands.size() == 1 ? m[0] : none; }
Id pad_nothing(const Match& m) {
  const auto& a = m.as<nx::PadAttrs>();
  for (int i = 0; i < a.low.size(); ++i)
    if (a.low[i] != 0 || a.high[i] != 0 || a.interior[i] != 0) return none;
  return m[0];
}
Id update_whole(const Match& m) {
  const auto& a = m.as<nx::SliceUpdateAttrs>();
  return a.kind == nx::UpdateKind::set && m.aval(1).shape == m.result.shape ? m[1] : none;
}

// ---- the table
// -------------------------------------------------------------------------------------------------------

struct Rule {
  Op op;
  const char* name;
  const char* does;
  Id (*apply)(const Match&);
};
constexpr Rule rules[] = {
    {Op::Add, "add-zero", "x + 0 → x of integers, x + (−0) → x of floats made by arithmetic", add_zero},
    {Op::Sub, "subtract-zero", "x − 0 → x", subtract_zero},
    {Op::Mul, "multiply-one", "x · 1 → x", multiply_by_one},
    {Op::Mul, "multiply-zero", "x · 0 → 0 of integers", multiply_by_zero},
    {Op::Div, "divide-one", "x / 1 → x", divide_by_one},
    {Op::Div, "divide-power-of-two", "x / 2^k → x · 2^−k", divide_by_power_of_two},
    {Op::Neg, "negative-twice", "−(−x) → x", undo_twice},
    {Op::Not, "not-twice", "~(~x) → x", undo_twice},
    {Op::Abs, "abs-twice", "| |x| | → |x|", idempotent},
    {Op::Abs, "abs-negative", "|−x| → |x|, not of unsigned integers", abs_of_negative},
    {Op::Bitwise, "bitwise-same", "x & x → x, x | x → x", bitwise_same},
    {Op::Cast, "cast-same", "a cast to its operand's dtype → the operand", cast_to_same},
    {Op::Cast, "cast-back", "a cast to a wider dtype and back → the operand", cast_there_and_back},
    {Op::Select, "select-same", "where(c, x, x) → x", select_same},
    {Op::Select, "select-known", "where(true, x, y) → x, where(false, x, y) → y", select_known},
    {Op::StopGradient, "stop-gradient", "means nothing to a compiler", operand},
    {Op::Reshape, "move-number", "views of one number everywhere → that number", move_number},
    {Op::Permute, "move-number", "", move_number},
    {Op::Expand, "move-number", "", move_number},
    {Op::Slice, "move-number", "", move_number},
    {Op::Flip, "move-number", "", move_number},
    {Op::Reshape, "reshape-same", "a reshape to the same shape → the operand", reshape_to_same},
    {Op::Reshape, "reshape-twice", "reshape of reshape → one reshape", reshape_twice},
    {Op::Permute, "permute-identity", "axes in order → the operand", permute_identity},
    {Op::Permute, "permute-twice", "permutation of permutation → one", permute_twice},
    {Op::Expand, "expand-same", "broadcast to the same shape → the operand", expand_to_same},
    {Op::Expand, "expand-twice", "broadcast of broadcast → one", expand_twice},
    {Op::Slice, "slice-whole", "a slice of everything → the operand", slice_whole},
    {Op::Slice, "slice-twice", "slice of slice → one slice", slice_twice},
    {Op::Flip, "flip-twice", "the same axes flipped twice → the operand", flip_twice},
    {Op::Concat, "concatenate-one", "one operand → itself", concat_of_one},
    {Op::Pad, "pad-nothing", "no padding → the operand", pad_nothing},
    {Op::SliceUpdate, "update-whole", "everything replaced → the update", update_whole},
};

/// The first rule that applies; none when no one does.
Id rewrite(const Match& m) {
  for (size_t i = 0; i < std::size(rules); ++i)
    if (rules[i].op == m.op && m.applied[i])
      if (const Id id = rules[i].apply(m); id != none) return id;
  return none;
}

Id simplified(Rewriter& rewriter, const Applied& applied, Op op, std::span<const Id> operands, const nx::Attrs& attrs,
              const Aval& result) {
  const Id id = rewrite({rewriter, applied, op, attrs, operands, result});
  return id != none ? id : rewriter.equation(op, operands, attrs);
}

}  // namespace

std::vector<RuleInfo> simplify_rules() {
  std::vector<RuleInfo> out;
  for (const Rule& rule : rules)
    if (*rule.does) out.push_back({rule.name, rule.does});
  return out;
}

Program simplify(const Program& program) { return simplify(program, {}); }

Program simplify(const Program& program, std::span<const std::string> rules_off) {
  Applied applied;
  for (const Rule& rule : rules)
    applied.push_back(std::find(rules_off.begin(), rules_off.end(), rule.name) == rules_off.end());
  Rewriter rewriter;
  std::vector<Id> renamed = start(rewriter, program), operands;
  for (const Program::Equation& e : program.equations()) {
    operands.clear();
    for (const Id id : e.operands) operands.push_back(renamed[id]);
    if (e.results == 1) {
      renamed[e.first_result] =
          simplified(rewriter, applied, e.op, operands, e.attrs.get(), program.aval(e.first_result));
      continue;
    }
    const Id first = rewriter.equation(e.op, operands, e.attrs.get());
    for (uint32_t i = 0; i < e.results; ++i) renamed[e.first_result + i] = first + i;
  }
  return finish(rewriter, program, renamed);
}

}  // namespace tolk
