// The builder: what it makes once, what it folds, and the text of what it built.
#include <stdexcept>

#include "tolk/loop/kernels.hpp"
#include "tolk/loop/support.hpp"

namespace {

using namespace loop_test;

TEST(Build, PrintsAKernel) {
  EXPECT_EQ(print(map()), R"(kernel map
  %0 = dim 0
  %1 = param.f32 %0 read
  %2 = param.f32 %0 write
  %3 = lanes 0 %0 width 16
    %4 = load.f32 %1 %3
    %5 = add.f32 %4 1.0
    %6 = gelu.f32 %5
    store.f32 %2 %3 %6
  end
)");
}

TEST(Build, ValuesAreMadeOnceInAScope) {
  Builder b("numbering");
  const Id n = b.dim(0), x = b.param(Type::f32, Access::read, n), y = b.param(Type::f32, Access::both, n);
  EXPECT_EQ(b.dim(0), n);
  EXPECT_EQ(b.mul(n, n), b.mul(n, n));
  EXPECT_NE(b.mul(n, n), b.add(n, n));
  EXPECT_EQ(b.load(x, b.index(0)), b.load(x, b.index(0)));
  EXPECT_NE(b.load(y, b.index(0)), b.load(y, b.index(0)));
  const Id i = b.loop(b.index(0), n), inner = b.add(i, n);
  EXPECT_EQ(b.mul(n, n), b.mul(n, n));  // an outer value is seen inside
  EXPECT_EQ(b.add(i, n), inner);
  EXPECT_EQ(b.index(9), b.index(9));
  const Id nine = b.index(9);
  b.end();
  EXPECT_NE(b.index(9), nine);  // an inner one is not seen outside
  const Id r = b.reg(Type::f32, 1, b.real(Type::f32, 0));
  EXPECT_NE(b.get(r), b.get(r));
  b.finish();
}

TEST(Build, ConstantsFold) {
  Builder b("fold");
  const auto value = [&](Id id) {
    int64_t got = -999;
    EXPECT_TRUE(b.is_index(id, got));
    return got;
  };
  EXPECT_EQ(value(b.add(b.index(2), b.index(3))), 5);
  EXPECT_EQ(value(b.binary(Code::idiv, b.index(INT64_MIN), b.index(-1))), INT64_MIN);
  EXPECT_EQ(value(b.unary(Code::popcount, b.index(-1))), 64);
  EXPECT_EQ(value(b.cast(Type::i64, b.real(Type::f32, 1e30))), INT64_MAX);
  EXPECT_EQ(value(b.bitcast(Type::i64, b.real(Type::f64, 1))), 0x3ff0000000000000);
  EXPECT_EQ(b.binary(Code::lt, b.real(Type::f32, 1), b.real(Type::f32, 2)), b.truth(true));
  EXPECT_EQ(b.unary(Code::exp, b.real(Type::f32, 0)), b.real(Type::f32, 1));
  EXPECT_EQ(b.select(b.truth(false), b.index(1), b.index(2)), b.index(2));
  EXPECT_NE(b.real(Type::f32, 0.0), b.real(Type::f32, -0.0));
  int64_t unused;
  EXPECT_FALSE(b.is_index(b.truth(true), unused));
  EXPECT_FALSE(b.is_index(b.dim(0), unused));
}

TEST(Build, IdentitiesOfIntegersOnly) {
  Builder b("identities");
  const Id n = b.dim(0), zero = b.index(0), one = b.index(1), ones = b.index(-1);
  EXPECT_EQ(b.add(n, zero), n);
  EXPECT_EQ(b.add(zero, n), n);
  EXPECT_EQ(b.mul(n, one), n);
  EXPECT_EQ(b.mul(one, n), n);
  EXPECT_EQ(b.mul(n, zero), zero);
  EXPECT_EQ(b.mul(zero, n), zero);
  EXPECT_EQ(b.sub(n, zero), n);
  EXPECT_NE(b.sub(zero, n), n);
  EXPECT_EQ(b.binary(Code::idiv, n, one), n);
  EXPECT_NE(b.binary(Code::idiv, one, n), n);
  EXPECT_EQ(b.binary(Code::shl, n, zero), n);
  EXPECT_EQ(b.binary(Code::shr, n, zero), n);
  EXPECT_EQ(b.binary(Code::bit_and, n, ones), n);
  EXPECT_EQ(b.binary(Code::bit_and, n, zero), zero);
  EXPECT_EQ(b.binary(Code::bit_or, n, ones), ones);
  EXPECT_EQ(b.binary(Code::bit_or, zero, n), n);
  EXPECT_EQ(b.binary(Code::bit_xor, n, zero), n);
  EXPECT_EQ(b.cast(Type::i64, n), n);
  EXPECT_EQ(b.select(b.binary(Code::lt, n, one), n, n), n);
  const Id truth = b.binary(Code::lt, n, one);
  EXPECT_EQ(b.binary(Code::bit_and, b.truth(true), truth), truth);
  EXPECT_EQ(b.binary(Code::bit_or, b.truth(true), truth), b.truth(true));
  const Id x = b.cast(Type::f32, n), real_zero = b.real(Type::f32, 0), real_one = b.real(Type::f32, 1);
  EXPECT_NE(b.add(x, real_zero), x);  // −0 + 0 = +0
  EXPECT_NE(b.mul(x, real_zero), real_zero);
  EXPECT_NE(b.mul(x, real_one), x);
}

TEST(Build, ConstantMasks) {
  Builder b("masks");
  const Id x = b.param(Type::f32, Access::both, 4), status = b.param(Type::i64, Access::write, 2), i = b.index(1);
  const Id value = b.real(Type::f32, 7);
  EXPECT_EQ(b.load_if(x, i, b.truth(false), value), value);
  b.load_if(x, i, b.truth(true), value);
  b.store_if(x, i, value, b.truth(false));
  b.store_if(x, i, value, b.truth(true), true);
  b.check(b.truth(true), i, status, 0);
  EXPECT_EQ(print(b.finish()), R"(kernel masks
  %0 = param.f32 4 both
  %1 = param.i64 2 write
  %2 = load.f32 %0 1
  store.f32 %0 1 7.0 stream
)");
}

TEST(Build, FinishVerifies) {
  Builder b("broken");
  b.add(b.dim(0), b.real(Type::f32, 1));
  try {
    b.finish();
    ADD_FAILURE() << "expected std::logic_error";
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "loop.Builder: node 2 (%1 = add.i64 %0 1.0): operand 2 has type f32, not i64");
  }
}

TEST(Build, MisuseIsReportedByFinishAlone) {
  Builder b("misuse");
  b.end();
  b.load(no_id, 12345);
  b.get(b.unary(Code::exp, 99));
  b.select(b.index(1), b.index(1), b.index(2));
  EXPECT_EQ(b.type_of(no_id), Type::none);
  EXPECT_THROW(b.finish(), std::logic_error);
}

TEST(Build, ScratchOfLocals) {
  Builder b("locals");
  b.local(Type::u8, 3);
  const Id second = b.local(Type::f64, 9), third = b.local(Type::f32, 16);
  const Kernel kernel = b.finish();
  EXPECT_EQ(kernel.local_offset(second), 64);
  EXPECT_EQ(kernel.local_offset(third), 192);
  EXPECT_EQ(kernel.scratch_bytes(), 256);
  EXPECT_TRUE(kernel.params().empty());
  EXPECT_EQ(sum(Type::f32).params().size(), 2u);
}

TEST(Build, DeepExpressions) {
  Builder b("deep");
  const Id out = b.param(Type::i64, Access::write, 1), n = b.dim(0);
  Id x = n;
  for (int i = 0; i < 20000; ++i) x = b.mul(b.add(x, b.index(i + 2)), n);
  b.store(out, b.index(0), x);
  const Kernel kernel = b.finish();
  std::vector<int64_t> result(1);
  run(kernel, {buffer_of(result)}, {3});
  uint64_t expected = 3;
  for (uint64_t i = 0; i < 20000; ++i) expected = (expected + i + 2) * 3;
  EXPECT_EQ(static_cast<uint64_t>(result[0]), expected);
  EXPECT_GT(print(kernel).size(), 40000u);
}

}  // namespace
