#include "raven/tolk/passes.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/nx.hpp"
#include "tolk/bits.hpp"

namespace {

using nx::Array;
using nx::Program;

/// Values at which sloppy algebra shows: signs of zero, infinities, quiet and signalling NaNs, denormals.
Array special_f32() {
  const std::vector<int32_t> bits = {0x00000000, static_cast<int32_t>(0x80000000),
                                     0x3f800000, static_cast<int32_t>(0xbfc00000),
                                     0x7f800000, static_cast<int32_t>(0xff800000),
                                     0x7fc00001, static_cast<int32_t>(0xffc12345),
                                     0x7fa00001, static_cast<int32_t>(0xffa00002),
                                     0x00000001, static_cast<int32_t>(0x807fffff),
                                     0x7f7fffff, 0x34000000};
  return nx::bitcast(nx::array(bits, {static_cast<int64_t>(bits.size())}), nx::f32);
}
Array special_i32() {
  return nx::array({0, 1, -1, 2, 7, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min(), 100, -100,
                    3, 4, 5, 6, 8},
                   {.dtype = nx::i32});
}
Array special_b1() {
  return nx::array({true, false, true, true, false, false, true, false, true, true, false, true, false, true});
}

struct Case {
  const char* rule;
  const char* before;
  const char* after;  ///< null: unchanged but for equal equations
};
#define F "f32[14]"
#define I "i32[14]"
#define FULL(type, value) "Full{shape=(14,), dtype=" type ", value=" value "}()"
const Case cases[] = {
    {"add-zero", "program(%0:" I ") { %1:" I " = " FULL("i32", "int:0") " %2:" I " = Add(%1, %0) return %2 }",
     "program(%0:" I ") {\n  return %0\n}"},
    {"add-zero",
     "program(%0:" F ") { %1:" F " = Mul(%0, %0) %2:" F
     " = " FULL("f32", "real:0x8000000000000000") " %3:" F " = Add(%1, %2) return %3 }",
     "program(%0:" F ") {\n  %1:" F " = Mul(%0, %0)\n  return %1\n}"},
    // +0 turns −0 into 0, and a signalling NaN becomes a quiet one by any addition.
    {"",
     "program(%0:" F ") { %1:" F " = Mul(%0, %0) %2:" F " = " FULL("f32", "real:0x0") " %3:" F
                                                                                      " = Add(%1, %2) return %3 }",
     nullptr},
    {"", "program(%0:" F ") { %1:" F " = " FULL("f32", "real:0x8000000000000000") " %2:" F " = Add(%0, %1) return %2 }",
     nullptr},
    {"subtract-zero",
     "program(%0:" F ") { %1:" F " = Sub(%0, %0) %2:" F " = " FULL("f32", "int:0") " %3:" F
                                                                                   " = Sub(%1, %2) return %3 }",
     "program(%0:" F ") {\n  %1:" F " = Sub(%0, %0)\n  return %1\n}"},
    {"multiply-one",
     "program(%0:" F ") { %1:" F " = Add(%0, %0) %2:" F " = " FULL("f32", "int:1") " %3:" F
                                                                                   " = Mul(%2, %1) return %3 }",
     "program(%0:" F ") {\n  %1:" F " = Add(%0, %0)\n  return %1\n}"},
    {"", "program(%0:" F ") { %1:" F " = " FULL("f32", "int:1") " %2:" F " = Mul(%1, %0) return %2 }", nullptr},
    {"multiply-zero", "program(%0:" I ") { %1:" I " = " FULL("i32", "int:0") " %2:" I " = Mul(%0, %1) return %2 }",
     "program(%0:" I ") {\n  %1:" I " = " FULL("i32", "int:0") "\n  return %1\n}"},
    {"", "program(%0:" F ") { %1:" F " = " FULL("f32", "int:0") " %2:" F " = Mul(%0, %1) return %2 }", nullptr},
    {"divide-one",
     "program(%0:" F ") { %1:" F " = Add(%0, %0) %2:" F " = " FULL("f32", "int:1") " %3:" F
                                                                                   " = Div(%1, %2) return %3 }",
     "program(%0:" F ") {\n  %1:" F " = Add(%0, %0)\n  return %1\n}"},
    {"divide-power-of-two",
     "program(%0:" F ") { %1:" F " = " FULL("f32", "int:16") " %2:" F " = Div(%0, %1) return %2 }",
     "program(%0:" F ") {\n  %1:" F " = " FULL("f32", "real:0x3fb0000000000000") "\n  %2:" F
                                                                                 " = Mul(%0, %1)\n  return %2\n}"},
    {"", "program(%0:" F ") { %1:" F " = " FULL("f32", "int:3") " %2:" F " = Div(%0, %1) return %2 }", nullptr},
    {"negative-twice", "program(%0:" F ") { %1:" F " = Neg(%0) %2:" F " = Neg(%1) return %2 }",
     "program(%0:" F ") {\n  return %0\n}"},
    {"not-twice", "program(%0:" I ") { %1:" I " = Not(%0) %2:" I " = Not(%1) return %2 }",
     "program(%0:" I ") {\n  return %0\n}"},
    {"abs-twice", "program(%0:" F ") { %1:" F " = Abs(%0) %2:" F " = Abs(%1) return %2 }",
     "program(%0:" F ") {\n  %1:" F " = Abs(%0)\n  return %1\n}"},
    {"abs-negative", "program(%0:" F ") { %1:" F " = Neg(%0) %2:" F " = Abs(%1) return %2 }",
     "program(%0:" F ") {\n  %1:" F " = Abs(%0)\n  return %1\n}"},
    {"", "program(%0:u8[14]) { %1:u8[14] = Neg(%0) %2:u8[14] = Abs(%1) return %2 }", nullptr},
    {"bitwise-same", "program(%0:" I ") { %1:" I " = Bitwise{kind=or}(%0, %0) return %1 }",
     "program(%0:" I ") {\n  return %0\n}"},
    {"", "program(%0:" I ") { %1:" I " = Bitwise{kind=xor}(%0, %0) return %1 }", nullptr},
    {"cast-same", "program(%0:" F ") { %1:" F " = Cast{dtype=f32}(%0) return %1 }",
     "program(%0:" F ") {\n  return %0\n}"},
    {"cast-back", "program(%0:" I ") { %1:f64[14] = Cast{dtype=f64}(%0) %2:" I " = Cast{dtype=i32}(%1) return %2 }",
     "program(%0:" I ") {\n  return %0\n}"},
    {"", "program(%0:" I ") { %1:" F " = Cast{dtype=f32}(%0) %2:" I " = Cast{dtype=i32}(%1) return %2 }", nullptr},
    {"", "program(%0:" F ") { %1:f64[14] = Cast{dtype=f64}(%0) %2:" F " = Cast{dtype=f32}(%1) return %2 }", nullptr},
    {"select-same", "program(%0:b1[14], %1:" F ") { %2:" F " = Select(%0, %1, %1) return %2 }",
     "program(%0:b1[14], %1:" F ") {\n  return %1\n}"},
    {"select-known",
     "program(%0:" F ", %1:" F ") { %2:b1[14] = " FULL("b1", "bool:0") " %3:" F " = Select(%2, %0, %1) return %3 }",
     "program(%0:" F ", %1:" F ") {\n  return %1\n}"},
    {"stop-gradient", "program(%0:" F ") { %1:" F " = StopGradient(%0) return %1 }",
     "program(%0:" F ") {\n  return %0\n}"},
    {"move-number",
     "program() { %0:" F " = " FULL(
         "f32",
         "int:3") " %1:f32[7,2] = Reshape{shape=(7, 2)}(%0) %2:f32[2,7] = Permute{permutation=(1, 0)}(%1) return %2 }",
     "program() {\n  %0:f32[2,7] = Full{shape=(2, 7), dtype=f32, value=int:3}()\n  return %0\n}"},
    {"reshape-same", "program(%0:" F ") { %1:" F " = Reshape{shape=(14,)}(%0) return %1 }",
     "program(%0:" F ") {\n  return %0\n}"},
    {"reshape-twice",
     "program(%0:" F ") { %1:f32[7,2] = Reshape{shape=(7, 2)}(%0) %2:f32[2,7] = Reshape{shape=(2, 7)}(%1) return %2 }",
     "program(%0:" F ") {\n  %1:f32[2,7] = Reshape{shape=(2, 7)}(%0)\n  return %1\n}"},
    {"permute-identity", "program(%0:f32[7,2]) { %1:f32[7,2] = Permute{permutation=(0, 1)}(%0) return %1 }",
     "program(%0:f32[7,2]) {\n  return %0\n}"},
    {"permute-twice",
     "program(%0:f32[7,2,1]) { %1:f32[2,1,7] = Permute{permutation=(1, 2, 0)}(%0) %2:f32[7,2,1] = "
     "Permute{permutation=(2, 0, 1)}(%1) return %2 }",
     "program(%0:f32[7,2,1]) {\n  return %0\n}"},
    {"permute-twice",
     "program(%0:f32[7,2,1]) { %1:f32[2,7,1] = Permute{permutation=(1, 0, 2)}(%0) %2:f32[1,2,7] = "
     "Permute{permutation=(2, 0, 1)}(%1) return %2 }",
     "program(%0:f32[7,2,1]) {\n  %1:f32[1,2,7] = Permute{permutation=(2, 1, 0)}(%0)\n  return %1\n}"},
    {"expand-same", "program(%0:" F ") { %1:" F " = Expand{shape=(14,), axes=(0,)}(%0) return %1 }",
     "program(%0:" F ") {\n  return %0\n}"},
    {"expand-twice",
     "program(%0:f32[2]) { %1:f32[3,2] = Expand{shape=(3, 2), axes=(1,)}(%0) %2:f32[4,3,2] = Expand{shape=(4, 3, 2), "
     "axes=(1, 2)}(%1) return %2 }",
     "program(%0:f32[2]) {\n  %1:f32[4,3,2] = Expand{shape=(4, 3, 2), axes=(2,)}(%0)\n  return %1\n}"},
    {"slice-whole", "program(%0:" F ") { %1:" F " = Slice{starts=(0,), stops=(14,), steps=(1,)}(%0) return %1 }",
     "program(%0:" F ") {\n  return %0\n}"},
    {"slice-twice",
     "program(%0:" F ") { %1:f32[5] = Slice{starts=(1,), stops=(10,), steps=(2,)}(%0) %2:f32[2] = Slice{starts=(1,), "
     "stops=(5,), steps=(3,)}(%1) return %2 }",
     "program(%0:" F ") {\n  %1:f32[2] = Slice{starts=(3,), stops=(10,), steps=(6,)}(%0)\n  return %1\n}"},
    {"flip-twice", "program(%0:" F ") { %1:" F " = Flip{axes=(0,)}(%0) %2:" F " = Flip{axes=(0,)}(%1) return %2 }",
     "program(%0:" F ") {\n  return %0\n}"},
    {"concatenate-one", "program(%0:" F ") { %1:" F " = Concat{axis=0}(%0) return %1 }",
     "program(%0:" F ") {\n  return %0\n}"},
    {"pad-nothing",
     "program(%0:" F ", %1:f32[]) { %2:" F " = Pad{low=(0,), high=(0,), interior=(0,)}(%0, %1) return %2 }",
     "program(%0:" F ", %1:f32[]) {\n  return %0\n}"},
    {"update-whole",
     "program(%0:" F ", %1:" F ") { %2:" F
     " = SliceUpdate{starts=(0,), stops=(14,), steps=(1,), kind=set}(%0, %1) return %2 }",
     "program(%0:" F ", %1:" F ") {\n  return %1\n}"},
    {"",
     "program(%0:" F ", %1:" F ") { %2:" F
     " = SliceUpdate{starts=(0,), stops=(14,), steps=(1,), kind=add}(%0, %1) return %2 }",
     nullptr},
};
#undef F
#undef I
#undef FULL

Array input_of(const nx::Aval& aval) {
  if (aval.dtype == nx::b1) return special_b1();
  const Array x = aval.dtype == nx::f32 ? special_f32() : nx::astype(special_i32(), aval.dtype);
  const int64_t n = nx::element_count(aval.shape.span());
  return nx::reshape(nx::slice(x, {0}, {n}, {1}), aval.shape);
}

TEST(Simplify, RulesHoldForEveryBitPattern) {
  std::set<std::string> met;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.before);
    const Program before = Program::parse(c.before);
    Program after = tolk::drop_dead(tolk::simplify(before));
    after.verify();
    EXPECT_EQ(after.print(), c.after ? std::string(c.after) : before.print());
    std::vector<Array> inputs;
    for (Program::Id i = 0; i < before.inputs(); ++i) inputs.push_back(input_of(before.aval(i)));
    const auto expected = nx::eval(before, inputs), got = nx::eval(after, inputs);
    for (size_t i = 0; i < expected.size(); ++i) tolk_test::expect_same_bits(got[i], expected[i]);
    met.insert(c.rule);
  }
  for (const tolk::RuleInfo& rule : tolk::simplify_rules())
    EXPECT_TRUE(met.count(std::string(rule.name))) << rule.name << " has no case";
}

TEST(Simplify, EqualEquationsMerge) {
  const Program p = Program::parse(
      "program(%0:f32[2], %1:f32[2]) { %2:f32[2] = Exp(%0) %3:f32[2] = Exp(%0) %4:f32[2] = Exp(%1) %5:f32[2] = Add(%2, "
      "%3)"
      " %6:f32[1] = Slice{starts=(0,), stops=(1,), steps=(1,)}(%4) %7:f32[1] = Slice{starts=(1,), stops=(2,), "
      "steps=(1,)}(%4)"
      " return %5, %6, %7 }");
  EXPECT_EQ(tolk::simplify(p).equations().size(), 5u);  // attributes that differ keep equations apart
  // Constants by their bits: 0 is not −0.
  const Program constants = Program::parse(
      "program(%0:f32[1]) { %1:f32[1] = constant(00000000) %2:f32[1] = constant(00000080) %3:f32[1] = "
      "constant(00000000)"
      " %4:f32[1] = Div(%0, %1) %5:f32[1] = Div(%0, %2) %6:f32[1] = Div(%0, %3) return %4, %5, %6 }");
  const Program merged = tolk::simplify(constants);
  EXPECT_EQ(merged.constants().size(), 2u);
  EXPECT_EQ(merged.equations().size(), 2u);
}

TEST(Fold, ConstantsAreEvaluated) {
  const Program p = Program::parse(
      "program(%0:f32[3]) { %1:f32[3] = Full{shape=(3,), dtype=f32, value=int:2}() %2:f32[3] = Exp(%1)"
      " %3:i64[3] = Iota{shape=(3,), dtype=i64, axis=0}() %4:f32[3] = constant(0000803f0000004000004040)"
      " %5:f32[] = Reduce{kind=sum, axes=(0,), dtype=f32}(%4) %6:f32[3] = Mul(%0, %2) return %6, %5, %3 }");
  const Program folded = tolk::drop_dead(tolk::fold_constants(p));
  EXPECT_EQ(folded.constants().size(), 1u);
  EXPECT_EQ(folded.equations().size(), 3u) << folded.print();  // Full(exp 2), Iota, Mul
  const std::vector<Array> x = {nx::array({1, 2, 3}, {.dtype = nx::f32})};
  const auto expected = nx::eval(p, x), got = nx::eval(folded, x);
  for (size_t i = 0; i < 3; ++i) tolk_test::expect_same_bits(got[i], expected[i]);
}

TEST(Inline, CallsDisappearAtAnyDepth) {
  const char* const inner =
      "program(%0:f32[2]) { %1:f32[2] = constant(0000803f00000040) %2:f32[2] = Add(%0, %1) return %2, %0 }";
  const std::string middle = "program(%0:f32[2]) { %1:f32[2], %2:f32[2] = Call{program=" + std::string(inner) +
                             "}(%0) %3:f32[2] = Mul(%1, %2) return %3 }";
  const Program p = Program::parse("program(%0:f32[2]) { %1:f32[2] = Call{program=" + middle +
                                   "}(%0) %2:f32[2] = Call{program=" + middle + "}(%1) return %2 }");
  const Program flat = tolk::inline_calls(p);
  flat.verify();
  EXPECT_EQ(flat.equations().size(), 4u);
  EXPECT_EQ(flat.constants().size(), 1u);
  const std::vector<Array> x = {nx::array({3, 4}, {.dtype = nx::f32})};
  tolk_test::expect_same_bits(nx::eval(flat, x)[0], nx::eval(p, x)[0]);
}

TEST(Dead, UnusedEquationsAndConstantsGo) {
  const Program p = Program::parse(
      "program(%0:f32[2], %1:f32[2]) { %2:f32[2] = constant(0000803f00000040) %3:f32[2] = Add(%1, %2) %4:f32[2] = "
      "Neg(%0) return %4 }");
  EXPECT_EQ(tolk::drop_dead(p).print(), "program(%0:f32[2], %1:f32[2]) {\n  %2:f32[2] = Neg(%0)\n  return %2\n}");
}

TEST(Optimise, TimeIsLinear) {
  // x + x sixty times: a tree of 2^60 leaves, sixty equations. And a chain of 100,000.
  nx::ProgramBuilder diamond;
  nx::Program::Id x = diamond.input({nx::f64, {}});
  for (int i = 0; i < 60; ++i) x = diamond.equation(nx::Op::Add, std::vector<nx::Program::Id>{x, x});
  EXPECT_EQ(tolk::optimise(diamond.build(std::vector{x})).equations().size(), 60u);
  nx::ProgramBuilder chain;
  x = chain.input({nx::f64, {}});
  for (int i = 0; i < 100'000; ++i) x = chain.equation(nx::Op::Exp, std::vector<nx::Program::Id>{x});
  std::vector<tolk::PassReport> report;
  EXPECT_EQ(tolk::optimise(chain.build(std::vector{x}), &report).equations().size(), 100'000u);
  ASSERT_EQ(report.size(), 4u);
  EXPECT_EQ(report[3].name, "dead");
}

}  // namespace
