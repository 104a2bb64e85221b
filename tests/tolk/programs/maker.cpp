#include "tolk/programs/maker.hpp"

#include <algorithm>

#include "raven/nx/error.hpp"

namespace tolk_test {

using nx::Aval;
using nx::DType;
using nx::Op;
using nx::Shape;
using Id = nx::Program::Id;

namespace {
constexpr int64_t few_elements = 150, most_elements = 3000, most_elements_of_long = 140000,
                  most_elements_of_result = 400000;
const std::vector<DType> dtypes = {DType::f32, DType::f32, DType::f32, DType::f64, DType::i32,
                                   DType::i64, DType::u8,  DType::u32, DType::u64, DType::b1};
}  // namespace

Id Maker::any() {
  const auto last = static_cast<int64_t>(ids_.size()) - 1;
  return dice_.chance(70) ? ids_[static_cast<size_t>(last - dice_.in(0, std::min<int64_t>(5, last)))]
                          : dice_.pick(ids_);
}

Id Maker::input(const Aval& aval, const nx::Array& value) {
  if (!may_add_inputs_)
    return ids_.emplace_back(builder_.constant(value.defined() ? value : random_array(dice_, aval)));
  input_values_.push_back(value);
  ids_.push_back(builder_.input(aval));
  varies_.resize(ids_.back() + 1);
  varies_[ids_.back()] = true;
  return ids_.back();
}
Shape Maker::new_shape(int rank) {
  const int64_t percent = dice_.in(1, 100);
  if (granting_ && apart_ && percent <= 90) {
    // One of a few: kernels of one equation depend on its shapes, and many programs have them in common.
    Dice own(static_cast<uint64_t>(8 * rank) + dice_.next() % 8);
    return random_shape(own, rank, few_elements);
  }
  if (small_)
    return random_shape(dice_, rank,
                        percent <= 90   ? few_elements
                        : percent < 100 ? most_elements
                                        : most_elements_of_long);
  return random_shape(dice_, rank, percent <= 6 ? most_elements_of_long : most_elements);
}
Id Maker::given(const nx::Array& value) {
  // Large ones are given up to functions, not embedded in them.
  return dice_.chance(50) && value.size() < 4096 ? builder_.constant(value)
                                                 : input({value.dtype(), value.shape()}, value);
}

Id Maker::equation(Op op, const std::vector<Id>& operands, const nx::Attrs& attrs) {
  const Id first = builder_.equation(op, operands, attrs);
  for (const Id id : operands) used_.insert(id);
  const bool vary = std::any_of(operands.begin(), operands.end(), [&](Id id) { return varies(id); });
  varies_.resize(first);
  varies_.resize(first + static_cast<size_t>(nx::result_count(op, attrs, operands.size())), vary);
  return first;
}

Id Maker::add(Op op, const std::vector<Id>& operands, const nx::Attrs& attrs) {
  const Id first = equation(op, operands, attrs);
  const int results = nx::result_count(op, attrs, operands.size());
  for (int i = 0; i < results; ++i) {
    // Too large to compare thousands of times: built, but never used again.
    if (nx::element_count(aval(first + static_cast<Id>(i)).shape.span()) <= most_elements_of_result)
      ids_.push_back(first + static_cast<Id>(i));
  }
  return first;
}

Id Maker::number(const Aval& like) {
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

Id Maker::cast(Id x, DType dtype) {
  if (aval(x).dtype == dtype) return x;
  nx::CastAttrs attrs;
  attrs.dtype = dtype;
  return add(Op::Cast, {x}, attrs);
}

Id Maker::like(Aval wanted) {
  if (granting_ && apart_) return input(wanted);
  for (int tries = 0; tries < 6 && !ids_.empty(); ++tries) {
    Id id = any();
    if (aval(id).dtype != wanted.dtype && dice_.chance(40)) id = cast(id, wanted.dtype);
    if (aval(id).dtype != wanted.dtype) continue;
    if (shape(id) == wanted.shape) return id;
    nx::ExpandAttrs expand;
    expand.shape = wanted.shape;
    const Shape own = shape(id);
    bool fits = own.size() <= wanted.shape.size();
    for (int i = 0; fits && i < own.size(); ++i) {
      const int to = wanted.shape.size() - own.size() + i;
      expand.axes.push_back(to);
      fits = own[i] == wanted.shape[to] || own[i] == 1;
    }
    if (fits) return add(Op::Expand, {id}, expand);
  }
  return dice_.chance(60) ? input(wanted) : number(wanted);
}

Id Maker::first_operand(DType dtype, int rank) {
  const int least = rank, most = rank == rank_classes - 1 ? 5 : rank;
  if (dice_.chance(75) && !(granting_ && apart_))
    for (int tries = 0; tries < 8 && !ids_.empty(); ++tries) {
      const Id id = any();
      const int own = shape(id).size();
      if (own < least || own > most || (granting_ && !varies(id))) continue;
      if (aval(id).dtype == dtype) return id;
      if (dice_.chance(20)) return cast(id, dtype);
    }
  const int wanted = least == most ? least : static_cast<int>(dice_.in(least, most));
  return input({dtype, new_shape(wanted)});
}

int Maker::axis_of(const Shape& shape) {
  return shape.size() == 0 ? 0 : static_cast<int>(dice_.in(0, shape.size() - 1));
}

nx::IndexMode Maker::index_mode() {
  return dice_.pick(std::vector{nx::IndexMode::raise, nx::IndexMode::clip, nx::IndexMode::wrap, nx::IndexMode::drop});
}

Id Maker::indices(const Shape& shape, int64_t extent, bool valid) {
  const DType dtype = dice_.pick(std::vector{DType::i64, DType::i64, DType::i32, DType::u8, DType::u32, DType::u64});
  // Some are wrong although they are checked: both sides must say so.
  const bool wrong = valid && dice_.chance(wrong_percent_);
  std::vector<int64_t> values(static_cast<size_t>(nx::element_count(shape.span())));
  const int64_t below = valid && !wrong ? 0 : -3,
                above = valid && !wrong ? std::max<int64_t>(extent, 1) - 1 : extent + 3;
  for (int64_t& x : values) x = dice_.in(below, above);
  if (valid && !wrong && dtype == DType::u8)
    for (int64_t& x : values) x = std::min<int64_t>(x, 255);
  return given(nx::array(values, shape).astype(dtype));
}

Id Maker::labels(int64_t count, int64_t classes) {
  std::vector<int64_t> values(static_cast<size_t>(count));
  for (int64_t& x : values) x = dice_.chance(10) ? -100 : dice_.in(0, std::max<int64_t>(classes, 1) - 1);
  return given(nx::array(values, {count}).astype(dice_.chance(60) ? DType::i64 : DType::i32));
}

Id Maker::key() { return given(nx::random::key(static_cast<uint64_t>(dice_.in(0, 1000)))); }

void Maker::apply(Op op, const Aval& first) {
  const int arity = nx::op_info(op).operands;
  if (arity == 0) return create(op, first);
  const Id x = first_operand(first.dtype, std::min<int>(first.shape.size(), rank_classes - 1));
  if (nx::has_flag(op, nx::op_flag::elementwise) || op == Op::Cast) return elementwise(op, x);
  switch (op) {
    case Op::Reduce:
    case Op::ArgReduce: return reduce(op, x);
    case Op::Reshape:
    case Op::Permute:
    case Op::Expand:
    case Op::Slice:
    case Op::Flip:
    case Op::Bitcast:
    case Op::StopGradient: return view(op, x);
    case Op::Pad:
    case Op::Concat:
    case Op::SliceUpdate: return assemble(op, x);
    case Op::Gather:
    case Op::Scatter:
    case Op::GatherAxis:
    case Op::ScatterAxis:
    case Op::Sort: return index(op, x);
    case Op::DotGeneral:
    case Op::Linear: return contract(op, x);
    case Op::Sdpa:
    case Op::SdpaGrad: return attention(op, x);
    default: return composite(op, x);
  }
}

void Maker::call() {
  std::vector<Id> arguments;
  std::vector<Aval> avals;
  for (int64_t n = dice_.in(1, 3); n > 0; --n) {
    arguments.push_back(any());
    avals.push_back(aval(arguments.back()));
  }
  nx::CallAttrs attrs;
  attrs.program =
      std::make_shared<const nx::Program>(Maker(dice_, depth_ - 1).called(avals, static_cast<int>(dice_.in(1, 6))));
  add(Op::Call, arguments, attrs);
}

void Maker::step() {
  if (depth_ > 0 && !ids_.empty() && dice_.chance(3)) return call();
  Shape shape;
  for (int64_t rank = dice_.in(0, 3); rank > 0; --rank) shape.push_back(1);
  // Sums have the most ways to be wrong.
  const Op op = dice_.chance(12) ? Op::Reduce : dice_.pick(tested_ops());
  apply(op, {dice_.pick(dtypes), shape});
}

bool Maker::grant(const Cell& wish) {
  Shape shape;
  for (int k = 0; k < wish.rank; ++k) shape.push_back(1);
  granting_ = true;
  bool granted = false;
  for (int tries = 0; tries < 30 && !granted; ++tries) try {
      apply(wish.op, {wish.dtype, shape});
      // Its last result came last, unless that is too large to be used.
      if (!ids_.empty()) wished_.push_back(ids_.back());
      granted = true;
    } catch (const nx::Error&) {
      // Operands that do not fit: another draw.
    }
  granting_ = false;
  return granted;
}

bool Maker::grow(std::span<const Cell> wishes, int others) {
  bool granted = true;
  for (size_t next = 0; next < wishes.size() || others > 0;) {
    const auto left = static_cast<int64_t>(wishes.size() - next);
    if (dice_.in(1, left + others) <= left) {
      granted &= grant(wishes[next++]);
      continue;
    }
    --others;
    try {
      step();
    } catch (const nx::Error&) {
      // Operands that do not fit: the next one.
    }
  }
  return granted;
}

nx::Program Maker::called(const std::vector<Aval>& inputs, int equations) {
  may_add_inputs_ = false;
  for (const Aval& aval : inputs) ids_.push_back(builder_.input(aval));
  grow({}, equations);
  return build();
}

nx::Program Maker::build() {
  if (ids_.empty()) input({DType::f32, {3}});
  std::vector<Id> outputs = wished_;
  // What nobody uses, so that few equations are dead; and some values in the middle.
  for (const Id id : ids_)
    if (!used_.contains(id) && dice_.chance(85)) outputs.push_back(id);
  for (int64_t n = dice_.in(outputs.empty() ? 1 : 0, 2); n > 0; --n) outputs.push_back(any());
  return builder_.build(outputs);
}

}  // namespace tolk_test
