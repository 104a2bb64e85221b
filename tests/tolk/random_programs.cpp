#include "tolk/random_programs.hpp"

#include <cmath>
#include <limits>
#include <memory>

#include "raven/nx/gateway.hpp"

namespace tolk_test {

namespace {

using nx::Array;
using nx::Aval;
using nx::Dims;
using nx::DType;
using nx::Op;
using nx::Program;
using Id = Program::Id;

const std::vector<DType> dtypes = {DType::f32, DType::f32, DType::f64, DType::i32,
                                   DType::i64, DType::u8,  DType::u32, DType::b1};
const std::vector<int64_t> extents = {0, 1, 1, 2, 3, 4, 5, 7, 8, 17};

nx::Shape random_shape(Dice& dice) {
  nx::Shape shape;
  for (int64_t rank = dice.in(0, 3); rank > 0; --rank)
    shape.push_back(dice.chance(4) ? 0 : extents[static_cast<size_t>(dice.in(1, 9))]);
  return shape;
}

Array random_array(Dice& dice, const Aval& aval) {
  const int64_t n = nx::element_count(aval.shape.span());
  std::vector<double> values;
  const double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1.0, 1e-40, 3e38};
  for (int64_t i = 0; i < n; ++i)
    values.push_back(nx::is_float(aval.dtype)
                         ? (dice.chance(5) ? special[dice.in(0, 7)] : static_cast<double>(dice.in(-3000, 3000)) / 1000)
                         : static_cast<double>(dice.in(-5, 9)));
  return nx::reshape(nx::array(values, {n}), aval.shape).astype(aval.dtype);
}

class Maker {
 public:
  Maker(Dice& dice, int depth) : dice_(dice), depth_(depth) {}

  Program make(const std::vector<Aval>& inputs, int equations) {
    for (const Aval& aval : inputs) ids_.push_back(builder_.input(aval));
    for (int i = 0; i < equations; ++i) {
      try {
        step();
      } catch (const nx::Error&) {
        // Operands that do not fit: another draw.
      }
    }
    std::vector<Id> outputs;
    for (int64_t n = dice_.in(1, 5); n > 0; --n)
      outputs.push_back(
          dice_.chance(80)
              ? ids_[ids_.size() - 1 -
                     static_cast<size_t>(dice_.in(0, std::min<int64_t>(7, static_cast<int64_t>(ids_.size()) - 1)))]
              : dice_.pick(ids_));
    return builder_.build(outputs);
  }

 private:
  const Aval& aval(Id id) const { return builder_.aval(id); }
  Id any() {
    return dice_.chance(70)
               ? ids_[ids_.size() - 1 -
                      static_cast<size_t>(dice_.in(0, std::min<int64_t>(5, static_cast<int64_t>(ids_.size()) - 1)))]
               : dice_.pick(ids_);
  }
  int axis_of(Id id) {
    return aval(id).shape.size() == 0 ? 0 : static_cast<int>(dice_.in(0, aval(id).shape.size() - 1));
  }

  Id add(Op op, std::vector<Id> operands, const nx::Attrs& attrs = nx::no_attrs) {
    const Id first = builder_.equation(op, operands, attrs);
    const int results = nx::result_count(op, attrs, operands.size());
    for (int i = 0; i < results; ++i) ids_.push_back(first + static_cast<Id>(i));
    return first;
  }
  // By value: building equations moves the builder's types.
  Id number(Aval like) {
    nx::FullAttrs full;
    full.shape = like.shape;
    full.dtype = like.dtype;
    const double values[] = {0, 1, 2, 3, 0.5, -0.0, 4, -1};
    if (nx::is_float(like.dtype))
      full.value = nx::Scalar::from(values[dice_.in(0, 7)]);
    else
      full.value = nx::Scalar::from(dice_.in(0, like.dtype == DType::b1 ? 1 : 4));
    return add(Op::Full, {}, full);
  }
  /// A value of this type: one that is there, a broadcast or a cast of one, a number.
  Id like(Aval wanted) {
    for (int tries = 0; tries < 6; ++tries) {
      Id id = any();
      if (aval(id).dtype != wanted.dtype && dice_.chance(40)) {
        nx::CastAttrs cast;
        cast.dtype = wanted.dtype;
        id = add(Op::Cast, {id}, cast);
      }
      if (aval(id).dtype != wanted.dtype) continue;
      if (aval(id).shape == wanted.shape) return id;
      nx::ExpandAttrs expand;
      expand.shape = wanted.shape;
      const nx::Shape& own = aval(id).shape;
      bool fits = own.size() <= wanted.shape.size();
      for (int i = 0; fits && i < own.size(); ++i) {
        const int to = wanted.shape.size() - own.size() + i;
        expand.axes.push_back(to);
        fits = own[i] == wanted.shape[to] || own[i] == 1;
      }
      if (fits) return add(Op::Expand, {id}, expand);
    }
    return number(wanted);
  }
  Id floating() {
    const Id id = any();
    if (nx::is_float(aval(id).dtype)) return id;
    nx::CastAttrs cast;
    cast.dtype = dice_.chance(70) ? DType::f32 : DType::f64;
    return add(Op::Cast, {id}, cast);
  }
  Id indices(const nx::Shape& shape) {
    return builder_.constant(random_array(dice_, {dice_.chance(50) ? DType::i64 : DType::i32, shape}));
  }
  nx::IndexMode index_mode() {
    return dice_.pick(std::vector{nx::IndexMode::clip, nx::IndexMode::wrap, nx::IndexMode::drop});
  }

  void step() {
    switch (dice_.in(0, 13)) {
      case 0:
      case 1: return unary();
      case 2:
      case 3: return binary();
      case 4: return choose();
      case 5: return reduce();
      case 6:
      case 7: return view();
      case 8: return assemble();
      case 9: return index();
      case 10: return contract();
      case 11: return composite();
      case 12: return create();
      default: return depth_ > 0 && dice_.chance(40) ? call() : update();
    }
  }

  void unary() {
    if (dice_.chance(25)) {
      nx::CastAttrs cast;
      cast.dtype = dice_.pick(dtypes);
      add(Op::Cast, {any()}, cast);
    } else if (dice_.chance(60)) {
      const std::vector<Op> ops = {Op::Neg,  Op::Abs,      Op::Sign, Op::Sqrt,  Op::Rsqrt,       Op::Exp,
                                   Op::Exp2, Op::Expm1,    Op::Log,  Op::Log1p, Op::Sin,         Op::Cos,
                                   Op::Tanh, Op::Logistic, Op::Erf,  Op::Gelu,  Op::StopGradient};
      const Op op = dice_.pick(ops);
      const nx::GeluAttrs gelu;
      add(op, {floating()}, op == Op::Gelu ? static_cast<const nx::Attrs&>(gelu) : nx::no_attrs);
    } else {
      add(dice_.pick(std::vector{Op::Neg, Op::Abs, Op::Not, Op::Sign}), {any()});
    }
  }
  void binary() {
    const Id a = any();
    const Id b = like(aval(a));
    const std::vector<Op> ops = {Op::Add, Op::Sub, Op::Mul, Op::Mul, Op::Div, Op::Maximum, Op::Minimum, Op::IDiv,
                                 Op::Rem, Op::Pow, Op::Eq,  Op::Ne,  Op::Lt,  Op::Le,      Op::Shl,     Op::Shr};
    if (dice_.chance(10)) {
      nx::BitwiseAttrs bits;
      bits.kind = static_cast<nx::BitwiseKind>(dice_.in(0, 2));
      add(Op::Bitwise, {a, b}, bits);
    } else {
      add(dice_.pick(ops), dice_.chance(50) ? std::vector{a, b} : std::vector{b, a});
    }
  }
  void choose() {
    const Id a = any(), b = like(aval(a));
    const Id condition = like({DType::b1, aval(a).shape});
    add(Op::Select, {condition, a, b});
  }
  void reduce() {
    const Id x = any();
    const int rank = aval(x).shape.size();
    if (dice_.chance(20)) {
      nx::ArgReduceAttrs attrs;
      attrs.kind = dice_.chance(50) ? nx::ReduceKind::max : nx::ReduceKind::min;
      attrs.axis = axis_of(x);
      if (rank > 0 && aval(x).shape[static_cast<int>(attrs.axis)] > 0) add(Op::ArgReduce, {x}, attrs);
      return;
    }
    nx::ReduceAttrs attrs;
    attrs.kind = static_cast<nx::ReduceKind>(dice_.in(0, 3));
    attrs.dtype = aval(x).dtype;
    for (int i = 0; i < rank; ++i)
      if (dice_.chance(50)) attrs.axes.push_back(i);
    add(Op::Reduce, {x}, attrs);
  }
  void view() {
    const Id x = any();
    const nx::Shape shape = aval(x).shape;
    const int rank = shape.size();
    switch (dice_.in(0, 4)) {
      case 0: {
        nx::ShapeAttrs attrs;
        int64_t rest = nx::element_count(shape.span());
        for (const int64_t f : {2, 3, 5})
          if (rest > 0 && rest % f == 0 && dice_.chance(50)) attrs.shape.push_back(f), rest /= f;
        attrs.shape.push_back(rest);
        if (dice_.chance(20)) attrs.shape.push_back(1);
        add(Op::Reshape, {x}, attrs);
        return;
      }
      case 1: {
        nx::PermuteAttrs attrs;
        for (int i = 0; i < rank; ++i) attrs.permutation.insert(static_cast<int>(dice_.in(0, i)), i);
        add(Op::Permute, {x}, attrs);
        return;
      }
      case 2: {
        nx::SliceAttrs attrs;
        for (int i = 0; i < rank; ++i) {
          const int64_t start = dice_.in(0, shape[i]);
          attrs.starts.push_back(start);
          attrs.stops.push_back(dice_.in(start, shape[i]));
          attrs.steps.push_back(dice_.in(1, 3));
        }
        add(Op::Slice, {x}, attrs);
        return;
      }
      case 3: {
        nx::AxesAttrs attrs;
        for (int i = 0; i < rank; ++i)
          if (dice_.chance(50)) attrs.axes.push_back(i);
        add(Op::Flip, {x}, attrs);
        return;
      }
      default: {
        nx::ExpandAttrs attrs;
        attrs.shape = shape;
        const int at = static_cast<int>(dice_.in(0, rank));
        attrs.shape.insert(at, dice_.in(1, 4));
        for (int i = 0; i < rank; ++i) attrs.axes.push_back(i < at ? i : i + 1);
        add(Op::Expand, {x}, attrs);
        return;
      }
    }
  }
  void assemble() {
    const Id x = any();
    const nx::Shape shape = aval(x).shape;
    if (shape.size() == 0) return;
    if (dice_.chance(50)) {
      nx::AxisAttrs attrs;
      attrs.axis = axis_of(x);
      std::vector<Id> operands = {x};
      for (int64_t n = dice_.in(0, 3); n > 0; --n) operands.push_back(like(aval(x)));
      add(Op::Concat, operands, attrs);
    } else {
      nx::PadAttrs attrs;
      for (int i = 0; i < shape.size(); ++i) {
        attrs.low.push_back(dice_.in(-1, 2));
        attrs.high.push_back(dice_.in(-1, 2));
        attrs.interior.push_back(dice_.in(0, 1));
      }
      add(Op::Pad, {x, number({aval(x).dtype, {}})}, attrs);
    }
  }
  void index() {
    const Id x = any();
    const nx::Shape shape = aval(x).shape;
    if (shape.size() == 0) return;
    const int axis = axis_of(x);
    if (shape[axis] == 0) return;
    switch (dice_.in(0, 4)) {
      case 0: {
        nx::GatherAttrs attrs;
        attrs.axes = {axis};
        attrs.slice_sizes = shape;
        attrs.slice_sizes[axis] = dice_.in(1, std::min<int64_t>(2, shape[axis]));
        attrs.mode = index_mode();
        attrs.wrap_negative = dice_.chance(50);
        add(Op::Gather, {x, indices({dice_.in(0, 4)})}, attrs);
        return;
      }
      case 1: {
        nx::ScatterAttrs attrs;
        attrs.axes = {axis};
        attrs.slice_sizes = shape;
        attrs.slice_sizes[axis] = 1;
        attrs.kind = static_cast<nx::ScatterKind>(dice_.in(0, 4));
        attrs.mode = index_mode();
        const int64_t n = dice_.in(1, 4);
        nx::Shape updates = attrs.slice_sizes;
        updates.insert(0, n);
        const Id index = indices({n});
        add(Op::Scatter, {x, index, like({aval(x).dtype, updates})}, attrs);
        return;
      }
      case 2: {
        nx::GatherAxisAttrs attrs;
        attrs.axis = axis;
        attrs.mode = index_mode();
        nx::Shape index = shape;
        index[axis] = dice_.in(1, 4);
        add(Op::GatherAxis, {x, indices(index)}, attrs);
        return;
      }
      case 3: {
        nx::ScatterAxisAttrs attrs;
        attrs.axis = axis;
        attrs.mode = index_mode();
        attrs.kind = static_cast<nx::ScatterKind>(dice_.in(0, 4));
        nx::Shape index = shape;
        index[axis] = dice_.in(1, 4);
        const Id at = indices(index);
        add(Op::ScatterAxis, {x, at, like({aval(x).dtype, index})}, attrs);
        return;
      }
      default: {
        nx::SortAttrs attrs;
        attrs.axis = axis;
        attrs.descending = dice_.chance(50);
        std::vector<Id> operands = {x};
        if (dice_.chance(40)) operands.push_back(like({dice_.pick(dtypes), shape}));
        add(Op::Sort, operands, attrs);
        return;
      }
    }
  }
  void contract() {
    const Id a = floating();
    const nx::Shape shape = aval(a).shape;
    if (shape.size() < 1) return;
    const int axis = axis_of(a);
    nx::Shape other = random_shape(dice_);
    other.insert(static_cast<int>(dice_.in(0, other.size())), shape[axis]);
    const Id b = like({aval(a).dtype, other});
    for (int i = 0; i < other.size(); ++i)
      if (other[i] == shape[axis]) {
        nx::DotGeneralAttrs attrs;
        attrs.lhs_contract = {axis};
        attrs.rhs_contract = {i};
        add(Op::DotGeneral, {a, b}, attrs);
        return;
      }
  }
  void composite() {
    const Id x = floating();
    const nx::Shape shape = aval(x).shape;
    if (shape.size() == 0 || nx::element_count(shape.span()) == 0) return;
    switch (dice_.in(0, 4)) {
      case 0: {
        nx::AxisAttrs attrs;
        attrs.axis = axis_of(x);
        add(Op::Softmax, {x}, attrs);
        return;
      }
      case 1: {
        nx::AxisAttrs attrs;
        attrs.axis = axis_of(x);
        add(Op::SoftmaxGrad, {x, like(aval(x))}, attrs);
        return;
      }
      case 2: {
        const nx::LayerNormAttrs attrs;
        std::vector<Id> operands = {x};
        const Aval row{aval(x).dtype, {shape.back()}};
        if (dice_.chance(50)) operands.push_back(like(row));
        if (operands.size() == 2 && dice_.chance(50)) operands.push_back(like(row));
        add(Op::LayerNorm, operands, attrs);
        return;
      }
      case 3: {
        nx::GeluAttrs attrs;
        attrs.approximate = dice_.chance(50) ? nx::GeluApproximate::none : nx::GeluApproximate::tanh;
        add(Op::GeluGrad, {x, like(aval(x))}, attrs);
        return;
      }
      default: {
        const Id weight = like({aval(x).dtype, {dice_.in(1, 5), shape.back()}});
        add(Op::Linear, {x, weight});
        return;
      }
    }
  }
  void create() {
    switch (dice_.in(0, 3)) {
      case 0: number({dice_.pick(dtypes), random_shape(dice_)}); return;
      case 1: {
        nx::IotaAttrs attrs;
        attrs.shape = random_shape(dice_);
        attrs.shape.push_back(dice_.in(1, 9));
        attrs.dtype = dice_.pick(std::vector{DType::i64, DType::f32, DType::i32});
        attrs.axis = dice_.in(0, attrs.shape.size() - 1);
        add(Op::Iota, {}, attrs);
        return;
      }
      case 2: ids_.push_back(builder_.constant(random_array(dice_, {dice_.pick(dtypes), random_shape(dice_)}))); return;
      default: {
        nx::RandomBitsAttrs attrs;
        attrs.shape = random_shape(dice_);
        const Id key = builder_.constant(nx::random::key(static_cast<uint64_t>(dice_.in(0, 1000))));
        add(Op::RandomBits, {key, number({DType::u64, {}})}, attrs);
        return;
      }
    }
  }
  void update() {
    const Id x = any();
    nx::SliceUpdateAttrs attrs;
    nx::Shape part;
    for (const int64_t extent : aval(x).shape) {
      const int64_t start = dice_.in(0, extent), stop = dice_.in(start, extent), step = dice_.in(1, 2);
      attrs.starts.push_back(start);
      attrs.stops.push_back(stop);
      attrs.steps.push_back(step);
      part.push_back((stop - start + step - 1) / step);
    }
    attrs.kind = dice_.chance(50) ? nx::UpdateKind::set : nx::UpdateKind::add;
    add(Op::SliceUpdate, {x, like({aval(x).dtype, part})}, attrs);
  }
  void call() {
    std::vector<Id> arguments;
    std::vector<Aval> avals;
    for (int64_t n = dice_.in(1, 3); n > 0; --n) {
      arguments.push_back(any());
      avals.push_back(aval(arguments.back()));
    }
    nx::CallAttrs attrs;
    attrs.program =
        std::make_shared<const Program>(Maker(dice_, depth_ - 1).make(avals, static_cast<int>(dice_.in(1, 6))));
    add(Op::Call, arguments, attrs);
  }

  Dice& dice_;
  int depth_;
  nx::ProgramBuilder builder_;
  std::vector<Id> ids_;
};

}  // namespace

RandomProgram random_program(uint64_t seed) {
  Dice dice(seed);
  RandomProgram out;
  std::vector<Aval> avals;
  for (int64_t n = dice.in(1, 4); n > 0; --n) avals.push_back({dice.pick(dtypes), random_shape(dice)});
  for (const Aval& aval : avals) {
    Array x = random_array(dice, aval);
    if (x.ndim() >= 2 && dice.chance(25)) x = nx::transpose(nx::contiguous(nx::transpose(x)));
    out.inputs.push_back(std::move(x));
    out.donated.push_back(dice.chance(40));
  }
  out.program = Maker(dice, 2).make(avals, static_cast<int>(dice.in(1, 40)));
  return out;
}

}  // namespace tolk_test
