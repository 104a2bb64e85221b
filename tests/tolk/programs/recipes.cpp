// One recipe per op family: operands and attributes that fit an op and its first operand.
#include <algorithm>

#include "tolk/programs/maker.hpp"

namespace tolk_test {

using nx::Aval;
using nx::Dims;
using nx::DType;
using nx::Op;
using nx::Shape;
using Id = nx::Program::Id;

namespace {
const std::vector<DType> all_dtypes = {DType::b1,  DType::u8,  DType::u32, DType::u64,
                                       DType::i32, DType::i64, DType::f32, DType::f64};

Shape without(Shape shape, int axis) {
  if (axis >= 0 && axis < shape.size()) shape.erase(axis);
  return shape;
}
Shape leading(const Shape& shape) { return without(shape, shape.size() - 1); }
int64_t last_of(const Shape& shape) { return shape.size() == 0 ? 1 : shape.back(); }
}  // namespace

void Maker::elementwise(Op op, Id x) {
  const Aval type = aval(x);
  switch (op) {
    case Op::Cast: {
      nx::CastAttrs attrs;
      attrs.dtype = dice_.pick(all_dtypes);
      add(op, {x}, attrs);
      return;
    }
    case Op::Round: {
      nx::RoundAttrs attrs;
      attrs.mode = static_cast<nx::RoundKind>(dice_.in(0, 3));
      add(op, {x}, attrs);
      return;
    }
    case Op::Bitwise: {
      nx::BitwiseAttrs attrs;
      attrs.kind = static_cast<nx::BitwiseKind>(dice_.in(0, 2));
      add(op, {x, like(type)}, attrs);
      return;
    }
    case Op::Gelu:
    case Op::GeluGrad: {
      nx::GeluAttrs attrs;
      attrs.approximate = dice_.chance(50) ? nx::GeluApproximate::none : nx::GeluApproximate::tanh;
      add(op, op == Op::Gelu ? std::vector{x} : std::vector{x, like(type)}, attrs);
      return;
    }
    case Op::Select: {
      // The condition is the first operand; of another dtype than b1 infer refuses it.
      const Aval chosen{dice_.pick(all_dtypes), type.shape};
      const Id a = like(chosen);
      Id b = like(chosen);
      if (a == b && dice_.chance(80)) b = input(chosen);  // no choice otherwise
      add(op, {x, a, b});
      return;
    }
    default:
      if (nx::op_info(op).operands == 1) {
        add(op, {x});
      } else {
        const Id y = like(type);
        add(op, dice_.chance(80) ? std::vector{x, y} : std::vector{y, x});
      }
  }
}

void Maker::reduce(Op op, Id x) {
  const Aval type = aval(x);
  if (op == Op::ArgReduce) {
    nx::ArgReduceAttrs attrs;
    attrs.kind = dice_.chance(50) ? nx::ReduceKind::max : nx::ReduceKind::min;
    attrs.axis = axis_of(type.shape);
    add(op, {x}, attrs);
    return;
  }
  nx::ReduceAttrs attrs;
  attrs.kind = static_cast<nx::ReduceKind>(dice_.in(0, 3));
  attrs.dtype = dice_.chance(70) ? type.dtype : dice_.pick(all_dtypes);
  for (int i = 0; i < type.shape.size(); ++i)
    if (dice_.chance(55)) attrs.axes.push_back(i);
  if (attrs.kind == nx::ReduceKind::prod && dice_.chance(50)) attrs.kind = nx::ReduceKind::sum;
  add(op, {x}, attrs);
}

void Maker::view(Op op, Id x) {
  const Aval type = aval(x);
  const int rank = type.shape.size();
  switch (op) {
    case Op::Reshape: {
      nx::ShapeAttrs attrs;
      int64_t rest = nx::element_count(type.shape.span());
      for (const int64_t f : {2, 3, 5, 8})
        if (rest > 0 && rest % f == 0 && dice_.chance(40)) attrs.shape.push_back(f), rest /= f;
      if (rest != 1 || dice_.chance(50)) attrs.shape.insert(static_cast<int>(dice_.in(0, attrs.shape.size())), rest);
      if (dice_.chance(20)) attrs.shape.push_back(1);
      add(op, {x}, attrs);
      return;
    }
    case Op::Permute: {
      nx::PermuteAttrs attrs;
      for (int i = 0; i < rank; ++i) attrs.permutation.insert(static_cast<int>(dice_.in(0, i)), i);
      add(op, {x}, attrs);
      return;
    }
    case Op::Slice: {
      nx::SliceAttrs attrs;
      for (int i = 0; i < rank; ++i) {
        const int64_t start = dice_.chance(50) ? 0 : dice_.in(0, type.shape[i]);
        attrs.starts.push_back(start);
        attrs.stops.push_back(dice_.chance(50) ? type.shape[i] : dice_.in(start, type.shape[i]));
        attrs.steps.push_back(dice_.chance(60) ? 1 : dice_.in(2, 4));
      }
      add(op, {x}, attrs);
      return;
    }
    case Op::Flip: {
      nx::AxesAttrs attrs;
      for (int i = 0; i < rank; ++i)
        if (dice_.chance(50)) attrs.axes.push_back(i);
      add(op, {x}, attrs);
      return;
    }
    case Op::Expand: {
      nx::ExpandAttrs attrs;
      attrs.shape = type.shape;
      for (int i = 0; i < rank; ++i)
        if (type.shape[i] == 1 && dice_.chance(60)) attrs.shape[i] = dice_.in(1, 9);
      const int at = static_cast<int>(dice_.in(0, rank));
      const bool inserted = dice_.chance(60);
      if (inserted) attrs.shape.insert(at, dice_.in(1, 17));
      for (int i = 0; i < rank; ++i) attrs.axes.push_back(inserted && i >= at ? i + 1 : i);
      add(op, {x}, attrs);
      return;
    }
    case Op::Bitcast: {
      nx::CastAttrs attrs;
      attrs.dtype = dice_.pick(all_dtypes);
      // The payload of a NaN is nobody's promise: it must not become a number.
      if (nx::is_float(type.dtype)) {
        nx::FullAttrs one;
        one.shape = type.shape;
        one.dtype = type.dtype;
        one.value = nx::Scalar::from(1.0);
        const Id ordered = equation(Op::Eq, {x, x});
        const Id instead = equation(Op::Full, {}, one);
        x = equation(Op::Select, {ordered, x, instead});
      }
      add(op, {x}, attrs);
      return;
    }
    default: add(op, {x});
  }
}

void Maker::assemble(Op op, Id x) {
  const Aval type = aval(x);
  const int rank = type.shape.size();
  if (op == Op::Concat) {
    nx::AxisAttrs attrs;
    attrs.axis = axis_of(type.shape);
    std::vector<Id> operands = {x};
    for (int64_t n = dice_.in(0, 3); n > 0; --n) {
      Aval other = type;
      if (rank > 0 && dice_.chance(50)) other.shape[static_cast<int>(attrs.axis)] = dice_.in(0, 9);
      operands.insert(operands.begin() + dice_.in(0, static_cast<int64_t>(operands.size())), like(other));
    }
    if (operands[0] != x) std::swap(operands[0], *std::find(operands.begin(), operands.end(), x));
    add(op, operands, attrs);
    return;
  }
  if (op == Op::Pad) {
    nx::PadAttrs attrs;
    for (int i = 0; i < rank; ++i) {
      attrs.low.push_back(dice_.in(-1, 2));
      attrs.high.push_back(dice_.in(-1, 2));
      attrs.interior.push_back(dice_.chance(70) ? 0 : dice_.in(1, 2));
    }
    const Id value = dice_.chance(50) ? number({type.dtype, {}}) : like({type.dtype, {}});
    add(op, {x, value}, attrs);
    return;
  }
  nx::SliceUpdateAttrs attrs;
  Shape part;
  for (const int64_t extent : type.shape) {
    const int64_t start = dice_.in(0, extent), stop = dice_.in(start, extent), step = dice_.in(1, 2);
    attrs.starts.push_back(start);
    attrs.stops.push_back(stop);
    attrs.steps.push_back(step);
    part.push_back((stop - start + step - 1) / step);
  }
  attrs.kind = dice_.chance(50) ? nx::UpdateKind::set : nx::UpdateKind::add;
  add(op, {x, like({type.dtype, part})}, attrs);
}

void Maker::index(Op op, Id x) {
  const Aval type = aval(x);
  const int axis = axis_of(type.shape), rank = type.shape.size();
  const int64_t extent = rank == 0 ? 1 : type.shape[axis];
  const nx::IndexMode mode = index_mode();
  const bool valid = mode == nx::IndexMode::raise, wrap = dice_.chance(50);
  const auto count = [&] { return valid && extent == 0 ? 0 : dice_.chance(10) ? dice_.in(0, 100) : dice_.in(0, 5); };
  switch (op) {
    case Op::Gather: {
      nx::GatherAttrs attrs;
      attrs.mode = mode;
      attrs.wrap_negative = wrap;
      attrs.slice_sizes = type.shape;
      std::vector<Id> operands = {x};
      Shape shape = {count()};
      if (dice_.chance(30)) shape.push_back(dice_.in(1, 3));
      for (int i = 0; i < std::max(rank, 1); ++i) {
        if (i != axis && !dice_.chance(20)) continue;
        if (i != axis && type.shape[i] == 0) continue;
        attrs.axes.push_back(i);
        int64_t taken = 1;
        if (i < rank)
          taken = attrs.slice_sizes[i] =
              dice_.chance(70) ? std::min<int64_t>(1, type.shape[i]) : dice_.in(0, type.shape[i]);
        operands.push_back(indices(shape, i < rank ? type.shape[i] - taken + 1 : 1, valid));
      }
      add(op, operands, attrs);
      return;
    }
    case Op::Scatter: {
      nx::ScatterAttrs attrs;
      attrs.mode = mode;
      attrs.wrap_negative = wrap;
      attrs.axes = {axis};
      attrs.slice_sizes = type.shape;
      if (rank > 0) attrs.slice_sizes[axis] = std::min<int64_t>(1, extent);
      attrs.kind = static_cast<nx::ScatterKind>(dice_.in(0, 4));
      Shape updates = attrs.slice_sizes;
      const int64_t n = count();
      updates.insert(0, n);
      const Id at = indices({n}, extent, valid);
      add(op, {x, at, like({type.dtype, updates})}, attrs);
      return;
    }
    case Op::GatherAxis: {
      nx::GatherAxisAttrs attrs;
      attrs.axis = axis;
      attrs.mode = mode;
      attrs.wrap_negative = wrap;
      Shape shape = type.shape;
      if (rank > 0) shape[axis] = count();
      add(op, {x, indices(shape, extent, valid)}, attrs);
      return;
    }
    case Op::ScatterAxis: {
      nx::ScatterAxisAttrs attrs;
      attrs.axis = axis;
      attrs.mode = mode;
      attrs.wrap_negative = wrap;
      attrs.kind = static_cast<nx::ScatterKind>(dice_.in(0, 4));
      Shape shape = type.shape;
      if (rank > 0) shape[axis] = count();
      const Id at = indices(shape, extent, valid);
      add(op, {x, at, like({type.dtype, shape})}, attrs);
      return;
    }
    default: {
      nx::SortAttrs attrs;
      attrs.axis = axis;
      attrs.descending = dice_.chance(50);
      std::vector<Id> operands = {x};
      for (int64_t n = dice_.chance(40) ? dice_.in(1, 2) : 0; n > 0; --n)
        operands.push_back(like({dice_.pick(all_dtypes), type.shape}));
      attrs.num_keys = dice_.in(1, static_cast<int64_t>(operands.size()));
      add(op, operands, attrs);
    }
  }
}

void Maker::contract(Op op, Id x) {
  const Aval type = aval(x);
  const int rank = type.shape.size();
  if (op == Op::Linear) {
    const int64_t out = dice_.pick(std::vector<int64_t>{0, 1, 2, 3, 7, 8, 16, 17, 33});
    std::vector<Id> operands = {x, like({type.dtype, {out, last_of(type.shape)}})};
    if (dice_.chance(50)) operands.push_back(like({type.dtype, {out}}));
    add(op, operands);
    return;
  }
  nx::DotGeneralAttrs attrs;
  // Axes of the right operand: batch axes and contracted ones of the left, and free ones, in any order.
  Shape other;
  for (int i = 0; i < rank; ++i) {
    const int64_t role = dice_.in(0, 9);
    if (role < 2) attrs.lhs_batch.push_back(i), attrs.rhs_batch.push_back(other.size()), other.push_back(type.shape[i]);
    if (role >= 2 && role < 6)
      attrs.lhs_contract.push_back(i), attrs.rhs_contract.push_back(other.size()), other.push_back(type.shape[i]);
  }
  for (int64_t n = dice_.in(0, 2); n > 0; --n) other.push_back(dice_.pick(std::vector<int64_t>{0, 1, 2, 3, 5, 8, 17}));
  add(op, {x, like({type.dtype, other})}, attrs);
}

void Maker::attention(Op op, Id q) {
  const Aval type = aval(q);
  nx::SdpaAttrs attrs;
  attrs.scale = dice_.chance(50) ? 0.25 : 1.0;
  attrs.causal = dice_.chance(50);
  if (attrs.causal) attrs.offset = dice_.in(-2, 3);
  Shape rows = type.shape;
  if (rows.size() != 4) {
    // Of another rank infer refuses them.
    const Id k = like(type);
    add(op, op == Op::Sdpa ? std::vector{q, k, k} : std::vector{q, k, k, k, k, k}, attrs);
    return;
  }
  const int64_t keys = dice_.in(0, 17), width = dice_.in(1, 9);
  Shape k_shape = rows, v_shape = rows;
  k_shape[2] = v_shape[2] = keys;
  v_shape[3] = width;
  const Id k = like({type.dtype, k_shape}), v = like({type.dtype, v_shape});
  if (op == Op::Sdpa) {
    heads_as_columns(add(op, {q, k, v}, attrs));
    return;
  }
  // Its own forward's results: it divides by what only they hold.
  const Id o = equation(Op::Sdpa, {q, k, v}, attrs);
  Shape result = rows;
  result[3] = width;
  std::vector<Id> operands = {q, k, v, o, o + 1, like({type.dtype, result})};
  if (dice_.chance(30)) operands.push_back(like({type.dtype, leading(rows)}));
  const Id gradients = add(op, operands, attrs);
  for (Id i = 0; i < 3; ++i) heads_as_columns(gradients + i);
}

/// What a network does with attention's results, and plans give a layout for: heads become columns.
void Maker::heads_as_columns(Id x) {
  if (dice_.chance(40)) return;
  nx::PermuteAttrs permute;
  permute.permutation = dice_.chance(70) ? nx::Dims{0, 2, 1, 3} : nx::Dims{2, 0, 1, 3};
  const Id permuted = add(Op::Permute, {x}, permute);
  if (dice_.chance(30)) return;
  const Shape shape = aval(permuted).shape;
  nx::ShapeAttrs reshape;
  reshape.shape = Shape{shape[0], shape[1], shape[2] * shape[3]};
  add(Op::Reshape, {permuted}, reshape);
}

void Maker::composite(Op op, Id x) {
  const Aval type = aval(x);
  const Shape& shape = type.shape;
  switch (op) {
    case Op::RandomBits: {
      // Keys of any dtype and rank; those that are no u32[…, 2] infer refuses.
      nx::RandomBitsAttrs attrs;
      attrs.shape = random_shape(dice_, static_cast<int>(dice_.in(0, 2)), 300);
      attrs.kind = static_cast<nx::RandomBitsKind>(dice_.in(0, 2));
      Shape keys = shape;
      if (keys.size() > 0) keys[keys.size() - 1] = 2;
      add(op, {like({type.dtype, keys}), number({DType::u64, {}})}, attrs);
      return;
    }
    case Op::Softmax:
    case Op::SoftmaxGrad: {
      nx::AxisAttrs attrs;
      attrs.axis = dice_.chance(60) ? std::max(shape.size() - 1, 0) : axis_of(shape);
      add(op, op == Op::Softmax ? std::vector{x} : std::vector{x, like(type)}, attrs);
      return;
    }
    case Op::LayerNorm:
    case Op::LayerNormGrad: {
      const Aval row{type.dtype, {last_of(shape)}};
      if (op == Op::LayerNorm) {
        nx::LayerNormAttrs attrs;
        attrs.eps = dice_.chance(50) ? 1e-5 : 0.5;
        std::vector<Id> operands = {x};
        for (int64_t n = dice_.in(0, 2); n > 0; --n) operands.push_back(like(row));
        add(op, operands, attrs);
        return;
      }
      nx::LayerNormGradAttrs attrs;
      attrs.affine = dice_.chance(60);
      const Aval statistic{type.dtype, leading(shape)};
      std::vector<Id> operands = {x, like(statistic), like(statistic), like(type)};
      if (attrs.affine) operands.push_back(like(row));
      add(op, operands, attrs);
      return;
    }
    case Op::CrossEntropy:
    case Op::CrossEntropyGrad: {
      const nx::CrossEntropyAttrs attrs;
      const int64_t rows = shape.size() == 0 ? 1 : shape[0], classes = last_of(shape);
      const Id label = labels(rows, classes);
      if (op == Op::CrossEntropy) {
        add(op, {x, label}, attrs);
        return;
      }
      const Aval row{type.dtype, {rows}};
      add(op, {x, label, like(row), like(row)}, attrs);
      return;
    }
    case Op::Embedding: {
      const int64_t rows = shape.size() == 0 ? 1 : shape[0];
      const Shape ids = random_shape(dice_, static_cast<int>(dice_.in(0, 2)), rows == 0 ? 0 : 40);
      add(op, {x, indices(rows == 0 ? Shape{0} : ids, rows, true)});
      return;
    }
    case Op::EmbeddingGrad: {
      // Ids are the first operand: of other dtypes than integers infer refuses them.
      nx::EmbeddingGradAttrs attrs;
      attrs.rows = dice_.in(1, 40);
      Shape gradient = shape;
      gradient.push_back(dice_.in(1, 20));
      Id ids = x;
      if (nx::is_integer(type.dtype)) {
        // In range, as a forward pass has checked.
        std::vector<int64_t> values(static_cast<size_t>(nx::element_count(shape.span())));
        for (int64_t& value : values) value = dice_.in(0, attrs.rows - 1);
        ids = given(nx::array(values, shape).astype(type.dtype));
      }
      add(op, {ids, like({dice_.chance(70) ? DType::f32 : DType::f64, gradient})}, attrs);
      return;
    }
    case Op::Dropout: {
      nx::DropoutAttrs attrs;
      attrs.rate = dice_.pick(std::vector<double>{0, 0.1, 0.5, 0.999});
      add(op, {x, key()}, attrs);
      return;
    }
    default: add(op, {x});
  }
}

void Maker::create(Op op, const Aval& result) {
  const Shape shape = new_shape(result.shape.size());
  if (op == Op::Full) {
    number({result.dtype, shape});
    return;
  }
  nx::IotaAttrs attrs;
  attrs.shape = shape;
  attrs.dtype = result.dtype;
  attrs.axis = axis_of(shape);
  add(op, {}, attrs);
}

}  // namespace tolk_test
