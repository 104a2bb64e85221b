// What loops and lanes are made of: folds, tails, addresses, guards, checks, blocks. Every kernel at every level
// against the interpreter, its buffers at guard pages.
#include <sys/mman.h>

#include "tolk/loop/kernels.hpp"

#include "tolk/code/support.hpp"
#include "tolk/loop/support.hpp"

namespace code_test {
namespace {

Argument reals(int64_t count, uint64_t seed, Type type = Type::f32) {
  loop_test::Random random{seed};
  if (type == Type::f32) return argument(type, random.reals<float>(count, 3));
  return argument(type, random.reals<double>(count, 3));
}
Argument indices(std::vector<int64_t> all) { return argument(Type::i64, all); }

TEST(Kernels, Map) {
  for (int64_t n = 0; n <= 130; ++n) check(loop_test::map(), {reals(n, 1), zeros(Type::f32, n)}, {n});
}

TEST(Kernels, SumInTheCanonicalOrder) {
  for (const Type type : {Type::f32, Type::f64})
    for (const int64_t n : {0, 1, 2, 5, 16, 17, 63, 64, 65, 127, 200, 1023, 1024, 1025, 2048, 5000, 70000})
      check(loop_test::sum(type), {reals(n, 2, type), zeros(type, 1)}, {n});
}

TEST(Kernels, SoftmaxRowByRow) {
  for (const int64_t n : {1, 3, 15, 16, 31, 64, 100, 1100}) {
    check(loop_test::softmax(), {reals(4 * n, 3), zeros(Type::f32, 4 * n)}, {4, n}, {0, 4});
    check(loop_test::softmax(), {reals(4 * n, 3), zeros(Type::f32, 4 * n)}, {4, n}, {1, 3});
  }
}

TEST(Kernels, ColumnSum) {
  for (const int64_t rows : {1, 2, 15, 16, 17, 33, 100})
    for (const int64_t width : {1, 5, 8, 15, 16, 17, 40})
      check(loop_test::column_sum(), {reals(rows * width, 4), zeros(Type::f32, width)}, {rows, width});
}

TEST(Kernels, TurnsSquares) {
  for (const Type type : {Type::f32, Type::f64, Type::i64, Type::i32, Type::u8, Type::b1})
    for (const int64_t squares : {1, 3}) {
      const int64_t rows = squares * 16 + 1;  // squares begin three columns further right, square by square
      check(loop_test::turned(type), {values(type, rows * 48, 7), zeros(type, rows * 16)}, {rows}, {0, squares});
    }
}

// Rows whose ends lie anywhere: stores past the caches go by whole aligned vectors behind a head.
Kernel streamed_rows(Type type, int64_t rows, int64_t width, int64_t from) {
  Builder b("streamed_rows");
  const Id x = b.param(type, Access::read, rows * width), out = b.param(type, Access::both, rows * width);
  const Id row = b.loop(b.task_begin(), b.task_end()), first = b.mul(row, b.index(width));
  const Id j = b.lanes(b.index(from), b.index(width), 16);
  const Id place = b.add(first, j);
  const Id value = b.load(x, b.sub(b.index(rows * width - 1), place));
  b.store(out, place, value, true);
  b.end();
  b.end();
  return b.finish();
}
TEST(Kernels, StreamsRowsOfAnyWidth) {
  for (const Type type : {Type::f32, Type::f64, Type::u8})
    for (const int64_t width : {1, 5, 15, 16, 17, 31, 33, 50, 64, 65, 100, 200})
      for (const int64_t from : {0, 1, 16})
        check(streamed_rows(type, 5, width, from), {values(type, 5 * width, 8), zeros(type, 5 * width)}, {}, {0, 5});
}

// What is stored may be narrower than what the lanes compute: a vector of it is less than a register.
Kernel streamed_comparisons(Type type, int64_t rows, int64_t width) {
  Builder b("streamed_comparisons");
  const Id x = b.param(type, Access::read, rows * width), bar = b.param(type, Access::read, rows);
  const Id out = b.param(Type::b1, Access::write, rows * width);
  const Id row = b.loop(b.task_begin(), b.task_end()), first = b.mul(row, b.index(width));
  const Id limit = b.load(bar, row);
  const Id j = b.lanes(b.index(0), b.index(width), 8);
  const Id place = b.add(first, j), value = b.load(x, place);
  b.store(out, place, b.binary(LoopCode::lt, value, limit), true);
  b.end();
  b.end();
  return b.finish();
}
TEST(Kernels, StreamsBytesBesideWiderElements) {
  for (const Type type : {Type::f32, Type::f64, Type::i32, Type::u8})
    for (const int64_t width : {5, 17, 33, 67, 100, 131, 200})
      check(streamed_comparisons(type, 7, width),
            {values(type, 7 * width, 8), values(type, 7, 9), zeros(Type::b1, 7 * width)}, {}, {0, 7});
}

// The lane's own number compared with one number: dims {n, u}.
Kernel one_hot(bool swapped) {
  Builder b("one_hot");
  const Id n = b.dim(0), u = b.dim(1), out = b.param(Type::i32, Access::write, b.mul(n, b.index(2)));
  const Id yes = b.constant(Type::i32, 1), no = b.constant(Type::i32, 0);
  const Id i = b.lanes(b.index(0), n, 16), own = b.add(i, b.index(3)), place = b.mul(i, b.index(2));
  const auto is = [&](LoopCode code) { return swapped ? b.binary(code, u, own) : b.binary(code, own, u); };
  const Id equal = is(LoopCode::eq), differs = is(LoopCode::ne);
  b.store(out, place, b.select(equal, yes, no));
  const Id after = b.add(place, b.index(1));
  b.store(out, after, b.select(differs, yes, no));
  b.end();
  return b.finish();
}
TEST(Kernels, OneLaneOfMany) {
  for (const bool swapped : {false, true})
    for (const int64_t n : {1, 15, 16, 40, 70})
      for (const int64_t u : {int64_t{-1}, int64_t{2}, int64_t{3}, int64_t{18}, int64_t{19}, int64_t{42}, int64_t{258},
                              int64_t{3} + (int64_t{1} << 32), INT64_MIN, INT64_MAX})
        check(one_hot(swapped), {zeros(Type::i32, 2 * n)}, {n, u});
}

// Fetching, anywhere: dims {n, place}.
Kernel fetching() {
  Builder b("fetching");
  const Id n = b.dim(0), place = b.dim(1);
  const Id x = b.param(Type::f64, Access::read, n), out = b.param(Type::f64, Access::write, n);
  b.fetch(x, place);
  const Id i = b.lanes(b.index(0), n, 8), square = b.mul(i, i);
  b.fetch(x, b.add(i, place));
  b.fetch(x, b.mul(i, b.index(-7)));
  b.fetch(x, square);
  b.store(out, i, b.load(x, i));
  b.end();
  return b.finish();
}
TEST(Kernels, FetchesWithoutEffect) {
  for (const int64_t n : {0, 1, 7, 8, 40})
    for (const int64_t place : {int64_t{0}, int64_t{-1}, int64_t{1} << 40, INT64_MIN})
      check(fetching(), {reals(n, 9, Type::f64), zeros(Type::f64, n)}, {n, place});
}

TEST(Kernels, LoadIfReadsNothingWhereFalse) {
  for (int64_t n = 0; n <= 40; ++n) check(loop_test::shift(), {reals(n, 5, Type::f64), zeros(Type::f64, n)}, {n});
}

TEST(Kernels, GatherChecksItsIndices) {
  loop_test::Random random{6};
  for (const int64_t n : {1, 7, 8, 9, 30, 100}) {
    std::vector<int64_t> at;
    for (int64_t i = 0; i < n; ++i) at.push_back(static_cast<int64_t>(random.bits() % 11));
    check(loop_test::gather(), {reals(11, 6), indices(at), zeros(Type::f32, n), zeros(Type::i64, 4)}, {n, 11});
  }
}

/// The status alone: what a kernel stored before it stopped is unspecified.
void check_status(const Kernel& kernel, const std::vector<Argument>& arguments, const std::vector<int64_t>& dims) {
  const Argument right = expected(kernel, arguments, dims, {0, 1}).back();
  for (const raven::CpuLevel level : levels()) {
    const auto got = call(*code_of(kernel, level), kernel, arguments, dims, {0, 1}, false);
    EXPECT_TRUE(same(got.back(), right)) << raven::cpu_level_name(level) << "\n" << print(kernel);
  }
}

TEST(Kernels, TheFirstBadIndexIsReported) {
  for (const int64_t n : {1, 5, 8, 13, 31, 32, 50}) {
    for (int64_t bad = 0; bad < n; ++bad) {
      std::vector<int64_t> at(static_cast<size_t>(n), 3);
      at[static_cast<size_t>(bad)] = -1 - bad;
      if (bad + 2 < n) at[static_cast<size_t>(bad + 2)] = int64_t{1} << 40;
      check_status(loop_test::gather(), {reals(11, 6), indices(at), zeros(Type::f32, n), zeros(Type::i64, 4)}, {n, 11});
    }
  }
}

// Two checks an iteration, the second one behind a loop: scalar order says which comes first.
Kernel two_checks() {
  Builder b("two_checks");
  const Id n = b.dim(0), a = b.param(Type::i64, Access::read, n),
           c = b.param(Type::i64, Access::read, b.mul(n, b.index(3)));
  const Id out = b.param(Type::i64, Access::write, n), status = b.param(Type::i64, Access::write, 4);
  const Id total = b.reg(Type::i64, 8, b.index(0));
  const Id i = b.lanes(b.index(0), n, 8), x = b.load(a, i);
  b.check(b.binary(LoopCode::lt, x, b.index(100)), x, status, 0);
  const Id k = b.loop(b.index(0), b.index(3));
  const Id y = b.load(c, b.add(b.mul(i, b.index(3)), k));
  b.check(b.binary(LoopCode::lt, y, b.index(100)), b.add(i, b.index(1000)), status, 1);
  b.set(total, b.add(b.get(total), y));
  b.end();
  b.store(out, i, b.add(x, b.get(total)));
  b.end();
  return b.finish();
}

TEST(Kernels, TheFirstFailedCheckInScalarOrderIsReported) {
  loop_test::Random random{7};
  for (int round = 0; round < 200; ++round) {
    const int64_t n = 1 + static_cast<int64_t>(random.bits() % 40);
    const auto some = [&](int64_t count) {
      std::vector<int64_t> all;
      for (int64_t i = 0; i < count; ++i) all.push_back(random.bits() % 16 == 0 ? 100 + i : i % 50);
      return indices(all);
    };
    check_status(two_checks(), {some(n), some(3 * n), zeros(Type::i64, n), zeros(Type::i64, 4)}, {n});
  }
  check(two_checks(),
        {indices(std::vector<int64_t>(21, 4)), indices(std::vector<int64_t>(63, 5)), zeros(Type::i64, 21),
         zeros(Type::i64, 4)},
        {21});
}

/// out[i] = x[offset + stride · i] with bounds that touch both ends.
Kernel strided(Type type, int64_t stride, bool store) {
  Builder b(std::string(store ? "scatter" : "strided") + (stride < 0 ? "_m" : "_") +
            std::to_string(stride < 0 ? -stride : stride));
  const Id n = b.dim(0), many = b.dim(1);
  const Id x = b.param(type, Access::read, store ? n : many), out = b.param(type, Access::both, store ? many : n);
  const Id i = b.lanes(b.index(0), n, 16);
  const Id far = stride < 0 ? b.add(b.mul(i, b.index(stride)), b.sub(many, b.index(1))) : b.mul(i, b.index(stride));
  b.store(out, store ? far : i, b.load(x, store ? i : far));
  b.end();
  return b.finish();
}

TEST(Kernels, Strides) {
  for (const Type type : {Type::b1, Type::u8, Type::i32, Type::f32, Type::f64})
    for (const int64_t stride : {1, -1, 2, -3, 7})
      for (const bool store : {false, true})
        for (const int64_t n : {1, 7, 16, 33, 67}) {
          const int64_t many = (n - 1) * (stride < 0 ? -stride : stride) + 1;
          check(strided(type, stride, store), {values(type, store ? n : many, 8), values(type, store ? many : n, 9)},
                {n, many});
        }
}

TEST(Kernels, UniformElementsAndRegistersOfEachLane) {
  Builder b("rows");  // out[i] = Σ_k w[k] · x[k, i], the weights the same for all lanes
  const Id n = b.dim(0), k = b.dim(1);
  const Id w = b.param(Type::f64, Access::read, k), x = b.param(Type::f32, Access::read, b.mul(n, k));
  const Id out = b.param(Type::f64, Access::write, n);
  const Id bias = b.reg(Type::f64, 1, b.real(Type::f64, 0.5));
  b.set(bias, b.add(b.get(bias), b.real(Type::f64, 1)));
  const Id i = b.lanes(b.index(0), n, 16);
  const Id sum = b.reg(Type::f64, 1, b.get(bias)), count = b.reg(Type::i64, 1, i);
  const Id row = b.loop(b.index(0), k, 2);
  b.set(sum, b.add(b.get(sum), b.mul(b.load(w, row), b.cast(Type::f64, b.load(x, b.add(b.mul(row, n), i))))));
  b.set(count, b.add(b.get(count), row));
  b.end();
  b.store(out, i, b.add(b.get(sum), b.cast(Type::f64, b.get(count))));
  b.end();
  const Kernel kernel = b.finish();
  for (const int64_t n : {0, 1, 8, 9, 40})
    for (const int64_t k : {0, 1, 5})
      check(kernel, {reals(k, 1, Type::f64), reals(n * k, 2), zeros(Type::f64, n)}, {n, k});
}

TEST(Kernels, EveryHalve) {
  for (const auto& [combine, halve] : {std::pair{LoopCode::add, LoopCode::halve_sum},
                                       {LoopCode::mul, LoopCode::halve_prod},
                                       {LoopCode::maximum, LoopCode::halve_max},
                                       {LoopCode::minimum, LoopCode::halve_min}})
    for (const Type type : {Type::b1, Type::u8, Type::u32, Type::u64, Type::i32, Type::i64, Type::f32, Type::f64})
      for (const int64_t width : {1, 2, 64}) {
        Builder b("halve_" + std::to_string(width));
        const Id n = b.dim(0), x = b.param(type, Access::read, n), out = b.param(type, Access::write, 1);
        const Id first = b.load(x, b.index(0)), all = b.reg(type, width, first);
        const Id i = b.lanes(b.index(1), n, width);
        b.set(all, b.binary(combine, b.get(all), b.load(x, i)));
        b.end();
        b.store(out, b.index(0), b.halve(halve, all));
        const Kernel kernel = b.finish();
        for (const int64_t n : {1, 2, 17, 64, 200}) check(kernel, {values(type, n, 4), zeros(type, 1)}, {n});
      }
}

TEST(Kernels, WhenAndLoopsCarryRegisters) {
  Builder b("when");
  const Id n = b.dim(0), x = b.param(Type::i64, Access::read, n),
           out = b.param(Type::i64, Access::both, b.mul(n, b.index(2)));
  const Id even = b.reg(Type::i64, 1, b.index(0)), wide = b.reg(Type::i64, 4, b.index(7));
  const Id i = b.loop(b.index(0), n);
  const Id value = b.load(x, i);
  b.when(b.binary(LoopCode::eq, b.binary(LoopCode::bit_and, value, b.index(1)), b.index(0)));
  b.set(even, b.add(b.get(even), value));
  const Id j = b.lanes(i, n, 4);
  b.set(wide, b.add(b.get(wide), b.mul(j, b.index(3))));
  b.end();
  b.end();
  b.store(out, i, b.get(even));
  b.store(out, b.add(n, i), b.halve(LoopCode::halve_sum, wide));
  b.end();
  const Kernel kernel = b.finish();
  for (const int64_t n : {0, 1, 2, 9, 30}) check(kernel, {values(Type::i64, n, 3), zeros(Type::i64, 2 * n)}, {n});
}

TEST(Kernels, MasksOfEveryKind) {
  for (const Type type : {Type::b1, Type::f32, Type::f64}) {
    Builder b("masks");
    const Id n = b.dim(0), mask = b.param(Type::b1, Access::read, n), at = b.param(Type::i64, Access::read, n);
    const Id x = b.param(type, Access::read, n), out = b.param(type, Access::both, n),
             other = b.param(type, Access::both, n);
    const Id one = b.param(Type::b1, Access::read, 1), all = b.load(one, b.index(0));
    const Id i = b.lanes(b.index(0), n, 32);
    const Id m = b.load(mask, i), zero = b.constant(type, 0);
    const Id direct = b.load_if(x, i, m, b.load(out, i));
    const Id indirect = b.load_if(x, b.load(at, i), m, zero);
    const Id same_for_all = b.load_if(x, i, all, zero), first = b.load_if(x, b.index(0), m, direct);
    const Id up = b.binary(LoopCode::maximum, b.binary(LoopCode::maximum, direct, indirect),
                           b.binary(LoopCode::maximum, same_for_all, first));
    b.store_if(out, i, up, m);
    b.store_if(other, b.sub(b.sub(n, b.index(1)), i), indirect, all);
    b.end();
    const Kernel kernel = b.finish();
    loop_test::Random random{11};
    for (const int64_t n : {1, 2, 15, 16, 33, 67})
      for (const uint8_t truth : {0, 1}) {
        std::vector<uint8_t> bits;
        std::vector<int64_t> where;
        for (int64_t i = 0; i < n; ++i) {
          bits.push_back(random.bits() & 1);
          where.push_back(bits.back() ? static_cast<int64_t>(random.bits() % static_cast<uint64_t>(n))
                                      : int64_t{1} << 60);
        }
        check(kernel,
              {argument(Type::b1, bits), indices(where), values(type, n, 2), values(type, n, 3), values(type, n, 4),
               argument(Type::b1, std::vector<uint8_t>{truth})},
              {n});
      }
  }
}

TEST(Kernels, StoresPastTheCaches) {
  Builder b("stream");
  const Id n = b.dim(0), x = b.param(Type::f32, Access::read, n), out = b.param(Type::f32, Access::write, n);
  const Id i = b.lanes(b.index(0), n, 16);
  b.store(out, i, b.add(b.load(x, i), b.real(Type::f32, 1)), true);
  b.end();
  const Kernel kernel = b.finish();
  for (const int64_t n : {1, 16, 33, 64, 67, 1000}) check(kernel, {reals(n, 1), zeros(Type::f32, n)}, {n});
}

TEST(Kernels, InPlace) {
  Builder b("in_place");
  const Id n = b.dim(0), x = b.param(Type::f32, Access::both, n);
  const Id i = b.lanes(b.index(0), n, 16);
  b.store(x, i, b.unary(LoopCode::exp, b.load(x, i)));
  b.end();
  const Kernel kernel = b.finish();
  for (const int64_t n : {1, 16, 33, 67}) check(kernel, {reals(n, 1)}, {n});
}

TEST(Kernels, ConstantBoundsAndTasks) {
  for (const int64_t width : {1, 3, 16, 20, 64}) {
    Builder b("rows_" + std::to_string(width));
    const Id rows = b.dim(0), x = b.param(Type::f32, Access::read, b.mul(rows, b.index(width)));
    const Id out = b.param(Type::f32, Access::both, b.mul(rows, b.index(width)));
    const Id row = b.loop(b.task_begin(), b.task_end()), first = b.mul(row, b.index(width));
    const Id largest = b.reg(Type::f32, 16, b.real(Type::f32, -1e30));
    const Id i = b.lanes(b.index(0), b.index(width), 16);
    b.set(largest, b.binary(LoopCode::maximum, b.get(largest), b.load(x, b.add(first, i))));
    b.end();
    const Id top = b.halve(LoopCode::halve_max, largest);
    const Id j = b.lanes(b.index(0), b.index(width), 16);
    b.store(out, b.add(first, j), b.sub(b.load(x, b.add(first, j)), top));
    b.end();
    b.end();
    const Kernel kernel = b.finish();
    check(kernel, {reals(5 * width, 1), zeros(Type::f32, 5 * width)}, {5}, {0, 5});
    check(kernel, {reals(5 * width, 1), zeros(Type::f32, 5 * width)}, {5}, {2, 3});
    check(kernel, {reals(5 * width, 1), zeros(Type::f32, 5 * width)}, {5}, {4, 4});
  }
}

TEST(Kernels, index_overflow) {
  // Elements beyond 2^31 and bytes beyond 2^32, in address space of which few pages are ever touched.
  for (const Type type : {Type::u8, Type::f32}) {
    const int64_t count = (int64_t{1} << 32) + 4096, bytes = count * size_of(type);
    Builder b("far");
    const Id x = b.param(type, Access::both, b.dim(0)), row = b.loop(b.task_begin(), b.task_end());
    const Id first = b.mul(row, b.index(64)), i = b.lanes(b.index(0), b.index(64), 8);
    const Id at = b.add(first, i);
    const Id one = type == Type::u8 ? b.constant(type, 1) : b.real(type, 1);
    b.store(x, at, b.add(b.load(x, at), one));
    b.end();
    b.end();
    const Kernel kernel = b.finish();
    for (const raven::CpuLevel level : levels()) {
      void* const map = ::mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      ASSERT_NE(map, MAP_FAILED);
      void* const buffers[] = {map};
      const int64_t dims[] = {count};
      const auto code = code_of(kernel, level);
      const auto* const data = static_cast<const uint8_t*>(map);
      const auto is_written = [&](int64_t element) { return data[element * size_of(type) + size_of(type) - 1] != 0; };
      for (const int64_t edge : {int64_t{1} << 29, int64_t{1} << 30, int64_t{1} << 31, int64_t{1} << 32}) {
        code->run(buffers, dims, edge / 64, edge / 64 + 1, nullptr);
        EXPECT_TRUE(is_written(edge) && is_written(edge + 63)) << edge;
        EXPECT_FALSE(is_written(edge - 1) || is_written(edge + 64) || is_written(0)) << edge;
      }
      ::munmap(map, static_cast<size_t>(bytes));
    }
  }
}

TEST(Kernels, LoopsNearTheEndsOfI64) {
  Builder b("ends");
  const Id out = b.param(Type::i64, Access::both, 2), from = b.dim(0), to = b.dim(1);
  const Id count = b.reg(Type::i64, 1, b.index(0));
  b.loop(from, to, 3);
  b.set(count, b.add(b.get(count), b.index(1)));
  b.end();
  const Id wide = b.reg(Type::i64, 4, b.index(0));
  b.lanes(from, to, 4);
  b.set(wide, b.add(b.get(wide), b.index(1)));
  b.end();
  b.store(out, b.index(0), b.get(count));
  b.store(out, b.index(1), b.halve(LoopCode::halve_sum, wide));
  const Kernel kernel = b.finish();
  const int64_t most = std::numeric_limits<int64_t>::max(), least = std::numeric_limits<int64_t>::min();
  for (const auto& [low, high] : {std::pair{most - 7, most}, {most - 1, most}, {least, least + 9}, {most, least}})
    check(kernel, {zeros(Type::i64, 2)}, {low, high});
}

TEST(Kernels, DeepExpression) {
  Builder b("deep");
  const Id x = b.param(Type::f32, Access::both, 64);
  const Id i = b.lanes(b.index(0), b.index(64), 16);
  Id value = b.load(x, i);
  for (int k = 0; k < 20000; ++k) value = b.add(value, b.real(Type::f32, 1.0 + k % 7));
  b.store(x, i, value);
  b.end();
  const Kernel kernel = b.finish();
  const std::vector<Argument> arguments = {reals(64, 1)};
  const auto got = call(*code_of(kernel, levels().back()), kernel, arguments, {}, {0, 1}, false);
  EXPECT_TRUE(same(got[0], expected(kernel, arguments, {}, {0, 1})[0]));
}

}  // namespace
}  // namespace code_test
