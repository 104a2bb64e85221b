#include "tolk/loop/kernels.hpp"

#include <limits>

namespace loop_test {

using namespace tolk::loop;

namespace {

Id least(Builder& b, Id x, Id y) { return b.binary(Code::minimum, x, y); }
Id trailing_ones(Builder& b, Id x) { return b.unary(Code::trailing_zeros, b.unary(Code::bit_not, x)); }

struct Fold {
  Code combine, halve;
  double neutral;
};
constexpr Fold sum_fold = {Code::add, Code::halve_sum, -0.0};
constexpr Fold max_fold = {Code::maximum, Code::halve_max, -std::numeric_limits<double>::infinity()};

// element(i) for i < n folded in the canonical order: blocks of 1,024, element i of a block to partial i mod 64,
// partials halved pairwise, blocks combined in a tree by index. `stack` has a value for each level that is open; block
// number k closes as many levels as k has trailing ones. n > 0; the result is a register.
template <class Element>
Id canonical(Builder& b, Type type, Fold fold, Id stack, Id n, Element element) {
  const Id one = b.index(1), ten = b.index(10), result = b.reg(type, 1, b.real(type, 0));
  const auto combine_with_top = [&](Id depth) {  // depth counts the values below the one in `result`
    const Id below = b.load(stack, b.sub(depth, one)), top = b.get(result);
    b.set(result, b.binary(fold.combine, below, top));
  };
  const Id start = b.loop(b.index(0), n, 1024);
  const Id partial = b.reg(type, 64, b.real(type, fold.neutral));
  const Id i = b.lanes(start, least(b, b.add(start, b.index(1024)), n), 64);
  const Id before = b.get(partial), x = element(i);
  b.set(partial, b.binary(fold.combine, before, x));
  b.end();
  b.set(result, b.halve(fold.halve, partial));
  const Id block = b.binary(Code::shr, start, ten);
  const Id merges = trailing_ones(b, block), depth = b.unary(Code::popcount, block);
  const Id merge = b.loop(b.index(0), merges);
  combine_with_top(b.sub(depth, merge));
  b.end();
  const Id place = b.sub(depth, merges), value = b.get(result);
  b.store(stack, place, value);
  b.end();
  // The levels that are left, from the right.
  const Id left = b.sub(b.unary(Code::popcount, b.binary(Code::shr, b.add(n, b.index(1023)), ten)), one);
  b.set(result, b.load(stack, left));
  const Id level = b.loop(b.index(0), left);
  combine_with_top(b.sub(left, level));
  b.end();
  return result;
}

}  // namespace

Kernel map() {
  Builder b("map");
  const Id n = b.dim(0), x = b.param(Type::f32, Access::read, n), out = b.param(Type::f32, Access::write, n);
  const Id i = b.lanes(b.index(0), n, 16);
  b.store(out, i, b.unary(Code::gelu, b.add(b.load(x, i), b.real(Type::f32, 1))));
  b.end();
  return b.finish();
}

Kernel sum(Type type) {
  Builder b("sum");
  const Id n = b.dim(0), x = b.param(type, Access::read, n), out = b.param(type, Access::write, 1);
  const Id stack = b.local(type, 48);
  b.store(out, b.index(0), b.real(type, 0));
  b.when(b.binary(Code::lt, b.index(0), n));
  b.store(out, b.index(0), b.get(canonical(b, type, sum_fold, stack, n, [&](Id i) { return b.load(x, i); })));
  b.end();
  return b.finish();
}

Kernel softmax() {
  Builder b("softmax");
  const Id rows = b.dim(0), n = b.dim(1), size = b.mul(rows, n);
  const Id x = b.param(Type::f32, Access::read, size), out = b.param(Type::f32, Access::both, size);
  const Id stack = b.local(Type::f32, 48);
  const Id row = b.loop(b.task_begin(), b.task_end()), first = b.mul(row, n);
  const Id largest =
      b.get(canonical(b, Type::f32, max_fold, stack, n, [&](Id i) { return b.load(x, b.add(first, i)); }));
  const Id at = b.lanes(b.index(0), n, 16);
  b.store(out, b.add(first, at), b.unary(Code::exp, b.sub(b.load(x, b.add(first, at)), largest)));
  b.end();
  const Id total =
      b.get(canonical(b, Type::f32, sum_fold, stack, n, [&](Id i) { return b.load(out, b.add(first, i)); }));
  const Id to = b.lanes(b.index(0), n, 16), element = b.add(first, to);
  b.store(out, element, b.binary(Code::div, b.load(out, element), total));
  b.end();
  b.end();
  return b.finish();
}

Kernel column_sum() {
  Builder b("column_sum");
  const Id zero = b.index(0), one = b.index(1), four = b.index(4), sixteen = b.index(16);
  const Id rows = b.dim(0), width = b.dim(1);
  const Id x = b.param(Type::f32, Access::read, b.mul(rows, width)), out = b.param(Type::f32, Access::write, width);
  const Id stack = b.local(Type::f32, 48 * 16);  // 48 levels of 16 columns
  const Id tile = b.loop(zero, width, 16);
  const Id j = b.lanes(tile, least(b, b.add(tile, sixteen), width), 16), lane = b.sub(j, tile);
  const auto level = [&](Id depth) { return b.add(b.mul(depth, sixteen), lane); };
  const Id sum = b.reg(Type::f32, 1, b.real(Type::f32, 0));
  const auto add_top = [&](Id depth) { b.set(sum, b.add(b.load(stack, level(b.sub(depth, one))), b.get(sum))); };
  {
    const Id start = b.loop(zero, rows, 16);
    b.set(sum, b.load(x, b.add(b.mul(start, width), j)));
    const Id row = b.loop(b.add(start, one), least(b, b.add(start, sixteen), rows));
    b.set(sum, b.add(b.get(sum), b.load(x, b.add(b.mul(row, width), j))));
    b.end();
    const Id block = b.binary(Code::shr, start, four);
    const Id merges = trailing_ones(b, block), depth = b.unary(Code::popcount, block);
    const Id merge = b.loop(zero, merges);
    add_top(b.sub(depth, merge));
    b.end();
    b.store(stack, level(b.sub(depth, merges)), b.get(sum));
    b.end();
  }
  const Id left = b.sub(b.unary(Code::popcount, b.binary(Code::shr, b.add(rows, b.index(15)), four)), one);
  b.set(sum, b.load(stack, level(left)));
  const Id merge = b.loop(zero, left);
  add_top(b.sub(left, merge));
  b.end();
  b.store(out, j, b.get(sum));
  b.end();
  b.end();
  return b.finish();
}

Kernel gather() {
  Builder b("gather");
  const Id n = b.dim(0), rows = b.dim(1);
  const Id table = b.param(Type::f32, Access::read, rows), index = b.param(Type::i64, Access::read, n);
  const Id out = b.param(Type::f32, Access::write, n), status = b.param(Type::i64, Access::write, 4);
  const Id i = b.lanes(b.index(0), n, 8), at = b.load(index, i);
  b.check(b.binary(Code::bit_and, b.binary(Code::le, b.index(0), at), b.binary(Code::lt, at, rows)), at, status, 1);
  b.store(out, i, b.load(table, at));
  b.end();
  return b.finish();
}

Kernel shift() {
  Builder b("shift");
  const Id n = b.dim(0), x = b.param(Type::f64, Access::read, n), out = b.param(Type::f64, Access::write, n);
  const Id i = b.lanes(b.index(0), n, 8);
  const Id inside = b.binary(Code::lt, b.index(0), i);
  b.store(out, i, b.load_if(x, b.sub(i, b.index(1)), inside, b.real(Type::f64, 0)));
  b.end();
  return b.finish();
}

Kernel turned(Type type) {
  constexpr int64_t columns = 48, row = 40, place = 8;  // a row of the local: 8 unused, the square, 16 unused
  Builder b("turned");
  const Id rows = b.dim(0), x = b.param(type, Access::read, b.mul(rows, b.index(columns)));
  const Id out = b.param(type, Access::write, b.mul(rows, b.index(turn_rows))), local = b.local(type, turn_rows * row);
  const Id task = b.loop(b.task_begin(), b.task_end());
  const Id from = b.mul(task, b.index(turn_rows * columns + 3));
  const int64_t side = turn_side(type);
  for (int64_t r = 0; r < turn_rows; r += side)
    for (int64_t k = 0; k < turn_rows; k += side) {
      const Id source = b.add(from, b.index(r * columns + k));
      b.turn(x, source, columns, local, b.index(place + k * row + r));
    }
  const Id j = b.loop(b.index(0), b.index(turn_rows));
  const Id i = b.lanes(b.index(0), b.index(turn_rows), 16);
  const Id value = b.load(local, b.add(b.mul(j, b.index(row)), b.add(i, b.index(place))));
  b.store(out, b.add(b.add(b.mul(j, rows), b.mul(task, b.index(turn_rows))), i), value);
  b.end();
  b.end();
  b.end();
  return b.finish();
}

}  // namespace loop_test
