#include "raven/nx/program.hpp"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nx/expect.hpp"
#include "raven/nx.hpp"
#include "raven/nx/gateway.hpp"

namespace {

using nx::Array;
using nx::Op;
using nx::Program;
using nx::ProgramBuilder;
using Id = Program::Id;

const nx::Aval f32_23{nx::f32, {2, 3}};

/// (x, y) ↦ Σ₁ (x + y · c), y
Program sample(float c = 2) {
  ProgramBuilder b;
  const Id x = b.input(f32_23);
  nx::FullAttrs full;
  full.shape = {2, 3};
  full.dtype = nx::f32;
  full.value = nx::Scalar::from(-0.0);
  const Id zero = b.equation(Op::Full, {}, full);
  const Id constant = b.constant(nx::broadcast_to(nx::scalar(c, nx::f32), {2, 3}));
  const Id y = b.input(f32_23);
  const Id product = b.equation(Op::Mul, std::vector<Id>{y, constant});
  const Id sum = b.equation(Op::Add, std::vector<Id>{x, product});
  const Id again = b.equation(Op::Add, std::vector<Id>{sum, zero});
  nx::ReduceAttrs reduce;
  reduce.axes = {1};
  reduce.dtype = nx::f32;
  const Id total = b.equation(Op::Reduce, std::vector<Id>{again}, reduce);
  return b.build(std::vector<Id>{total, y});
}

TEST(Program, PrintsInNormalOrder) {
  EXPECT_EQ(sample().print(),
            "program(%0:f32[2,3], %1:f32[2,3]) {\n"
            "  %2:f32[2,3] = constant(000000400000004000000040000000400000004000000040)\n"
            "  %3:f32[2,3] = Full{shape=(2, 3), dtype=f32, value=real:0x8000000000000000}()\n"
            "  %4:f32[2,3] = Mul(%1, %2)\n"
            "  %5:f32[2,3] = Add(%0, %4)\n"
            "  %6:f32[2,3] = Add(%5, %3)\n"
            "  %7:f32[2] = Reduce{kind=sum, axes=(1,), dtype=f32}(%6)\n"
            "  return %7, %1\n"
            "}");
  EXPECT_EQ(Program().print(), "program() {\n  return\n}");
}

TEST(Program, TextComesBack) {
  for (const Program& p : {sample(), sample(std::numeric_limits<float>::quiet_NaN()), Program()}) {
    const Program again = Program::parse(p.print());
    EXPECT_TRUE(again == p) << p.print();
    EXPECT_EQ(again.hash(), p.hash());
    again.verify();
  }
  // White space is free.
  EXPECT_TRUE(Program::parse(" program ( %0 : f32 [ 2,3 ] ){%1:f32[2,3]=Neg( %0 )\n\n return %1}\n") ==
              Program::parse("program(%0:f32[2,3]) {\n  %1:f32[2,3] = Neg(%0)\n  return %1\n}"));
}

TEST(Program, EqualityAndHashFollowContent) {
  const Program p = sample();
  EXPECT_TRUE(p == sample());
  EXPECT_EQ(p.hash(), sample().hash());
  const std::string text = p.print();
  const std::vector<std::pair<const char*, const char*>> edits = {
      {"Mul(%1, %2)", "Mul(%2, %1)"},           // topology
      {"= Mul", "= Sub"},                       // op
      {"constant(00000040", "constant(01000040"},  // one bit of a constant
      {"real:0x8000000000000000", "real:0x0"},  // −0 is not 0
      {"return %7, %1", "return %7, %0"},       // outputs
      {"return %7, %1", "return %7"}};
  for (const auto& [from, to] : edits) {
    std::string other = text;
    other.replace(other.find(from), std::string(from).size(), to);
    const Program q = Program::parse(other);
    EXPECT_FALSE(q == p) << to;
    EXPECT_NE(q.hash().low, p.hash().low) << to;
    EXPECT_NE(q.hash().high, p.hash().high) << to;
  }
  // Shapes and dtypes alone.
  const auto negate = [](const char* type) {
    return Program::parse("program(%0:" + std::string(type) + ") { %1:" + type + " = Neg(%0) return %1 }");
  };
  EXPECT_FALSE(negate("f32[2]") == negate("f64[2]"));
  EXPECT_FALSE(negate("f32[2]") == negate("f32[2,1]"));
  EXPECT_FALSE(negate("f32[2]").hash() == negate("f64[2]").hash());
}

TEST(Program, EvaluatesAsTheGatewayDoes) {
  const Array x = nx::array({{1, 2, 3}, {4, 5, 6}}, {.dtype = nx::f32}), y = nx::array({{1, 0, 1}, {0, 1, 0}}, {.dtype = nx::f32});
  const std::vector<Array> out = nx::eval(sample(), std::vector<Array>{x, y});
  ASSERT_EQ(out.size(), 2u);
  EXPECT_ARRAY(float, out[0], {2}, {10, 17});
  const nx::Shape two_three{2, 3};
  nx_test::expect_array<float>(out[1], two_three, {1, 0, 1, 0, 1, 0}, __FILE__, __LINE__);
  // A value used twice by one op, and used last there.
  const Program twice = Program::parse("program(%0:f32[2]) { %1:f32[2] = Neg(%0) %2:f32[2] = Add(%1, %1) return %2 }");
  EXPECT_ARRAY(float, nx::eval(twice, std::vector<Array>{nx::array({1, 2}, {.dtype = nx::f32})})[0], {2}, {-2, -4});
  // Neither arguments nor constants change, however often it runs.
  const Program update = Program::parse(
      "program(%0:f32[2]) { %1:f32[2] = constant(0000803f0000803f)"
      " %2:f32[2] = SliceUpdate{starts=(0,), stops=(2,), steps=(1,), kind=add}(%0, %1)"
      " %3:f32[2] = SliceUpdate{starts=(0,), stops=(2,), steps=(1,), kind=add}(%1, %0) return %2, %3 }");
  const Array start = nx::array({5, 6}, {.dtype = nx::f32});
  for (int i = 0; i < 2; ++i)
    for (const Array& result : nx::eval(update, std::vector<Array>{start})) EXPECT_ARRAY(float, result, {2}, {6, 7});
  EXPECT_ARRAY(float, start, {2}, {5, 6});
}

TEST(Program, ArgumentsMustFit) {
  const Array x = nx::zeros({2, 3}, {.dtype = nx::f32});
  const auto run = [](std::vector<Array> arguments) { return nx::eval(sample(), arguments); };
  EXPECT_RAISES(nx::ValueError, run({x}), "nx.eval: got 1 arguments, expected 2");
  EXPECT_RAISES(nx::ShapeError, run({x, nx::zeros({3, 2}, {.dtype = nx::f32})}), "nx.eval: argument 1 is f32[3,2], expected f32[2,3]");
  EXPECT_RAISES(nx::DTypeError, run({x, nx::zeros({2, 3})}),
                "nx.eval: argument 1 is f64[2,3], expected f32[2,3]; use .astype(nx::f32)");
  EXPECT_RAISES(nx::ValueError, run({x, Array{}}), "nx.eval: argument 1 is an empty handle (Array{}), which holds no array");
}

TEST(Program, CallRunsAProgramAsOneOp) {
  const auto inner = std::make_shared<const Program>(sample());
  const Array x = nx::ones({2, 3}, {.dtype = nx::f32});
  const std::vector<Array> out = nx::call(inner, std::vector<Array>{x, x});
  EXPECT_ARRAY(float, out[0], {2}, {9, 9});

  // A Call inside a program prints and reads back with its program, at any depth, and is compared by content.
  const auto wrap = [](std::shared_ptr<const Program> p) {
    ProgramBuilder b;
    nx::CallAttrs attrs;
    attrs.program = std::move(p);
    const Id a = b.input(f32_23);
    const Id first = b.equation(Op::Call, std::vector<Id>{a, a}, attrs);
    return std::make_shared<const Program>(b.build(std::vector<Id>{first, first + 1}));
  };
  const auto two = wrap(inner);
  EXPECT_EQ(two->print().substr(0, two->print().find("\n    %2")),
            "program(%0:f32[2,3]) {\n  %1:f32[2], %2:f32[2,3] = Call{program=program(%0:f32[2,3], %1:f32[2,3]) {");
  const Program again = Program::parse(two->print());
  EXPECT_TRUE(again == *two);
  EXPECT_EQ(again.hash(), two->hash());
  EXPECT_FALSE(*wrap(std::make_shared<const Program>(sample(3))) == *two);
  EXPECT_FALSE(wrap(std::make_shared<const Program>(sample(3)))->hash() == two->hash());
  again.verify();
  EXPECT_ARRAY(float, nx::eval(again, std::vector<Array>{x})[0], {2}, {9, 9});

  // As many results as the program has, not as there are operands.
  const auto three = std::make_shared<const Program>(
      Program::parse("program(%0:f32[2]) { %1:f32[2] = Neg(%0) return %1, %0, %1 }"));
  const std::vector<Array> results = nx::call(three, std::vector<Array>{nx::ones({2}, {.dtype = nx::f32})});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_ARRAY(float, results[2], {2}, {-1, -1});

  EXPECT_RAISES(nx::ValueError, nx::call(inner, std::vector<Array>{x}), "nx.call: got 1 arguments, expected 2");
  EXPECT_RAISES(nx::ValueError, nx::call(nullptr, std::vector<Array>{x}), "nx.call: the attributes hold no program");
}

TEST(Program, BuilderRefusesWhatDoesNotFit) {
  ProgramBuilder b;
  const Id x = b.input(f32_23);
  EXPECT_RAISES(nx::ValueError, b.equation(Op::Neg, std::vector<Id>{x + 1}), "nx.Program: %1 is not defined yet");
  EXPECT_RAISES(nx::ValueError, b.equation(Op::Add, std::vector<Id>{x}), "nx.add: got 1 operands, expected 2");
  EXPECT_RAISES(nx::ValueError, b.constant(Array{}), "nx.Program: a constant is an empty handle (Array{}), which holds no array");
  EXPECT_RAISES(nx::ValueError, b.build(std::vector<Id>{7}), "nx.Program: %7 is not defined yet");
}

TEST(Program, WrongTextIsNamed) {
  struct Wrong {
    const char* text;
    const char* message;
  };
  const Wrong cases[] = {
      {"", "line 1: found '', expected 'program'"},
      {"program", "line 1: found '', expected '('"},
      {"program(%1:f32[]) { return }", "line 1: found ') { return }', expected the definition of %0"},
      {"program(%0:f32[) { return }", "line 1: found ') { return }', expected a number"},
      {"program() {\n  return\n", "line 3: found '', expected '}'"},
      {"program() {\n  return %0\n}", "line 2: found '', expected a value below %0"},
      {"program() { return } x", "line 1: found 'x', expected the end of the program"},
      {"program() {\n  %0:f32[] = Frobnicate()\n return %0 }", "line 2: found '()', expected the name of an op, not 'Frobnicate'"},
      {"program(%0:f32[2]) { %1:f32[3] = Neg(%0) return %1 }", "expected type f32[2] for %1 of Neg, not f32[3]"},
      {"program(%0:f32[2]) { %1:f32[2], %2:f32[2] = Neg(%0) return %1 }", "expected 1 results of Neg, not 2"},
      {"program(%0:f32[2]) { Neg(%0) return %0 }", "expected 1 results of Neg, not 0"},
      {"program(%0:f32[2]) { %1:f32[2] = Neg(%2) return %1 }", "found ') return %1 }', expected a value below %1"},
      {"program() { %0:f32[1] = constant(0000) return %0 }", "expected 4 bytes in hexadecimal and ')'"},
      {"program() { %0:f32[1] = constant(0000zz00) return %0 }", "found 'zz00) return %0 }', expected two hexadecimal digits"},
      {"program() { %0:b1[1] = constant(02) return %0 }", "expected 00 or 01, the bytes of a bool"},
      {"program() { %0:f32[1000000000000] = constant() return %0 }", "expected 4000000000000 bytes in hexadecimal"},
      {"program(%0:f32[2]) { %1:f32[2] = Neg{axis=1}(%0) return %1 }", "expected no attributes"},
      {"program(%0:f32[2]) { %1:f32[2] = Softmax{axis=0", "found '{axis=0', expected '}' at the end of the attributes"},
      {"program(%0:f32[2]) { %1:f32[2] = Call{program=none}(%0) return %1 }", "expected a program"},
  };
  for (const Wrong& wrong : cases) {
    SCOPED_TRACE(wrong.text);
    try {
      Program::parse(wrong.text);
      ADD_FAILURE() << "was accepted";
    } catch (const nx::Error& error) {
      EXPECT_NE(std::string(error.what()).find(wrong.message), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(Program::parse("program(%0:f32[-1]) { return }"), nx::ShapeError);
  EXPECT_THROW(Program::parse("program(%0:f33[1]) { return }"), nx::DTypeError);
  EXPECT_THROW(Program::parse("program(%0:f32[9223372036854775807,2]) { return }"), nx::OverflowError);
  EXPECT_THROW(Program::parse("program(%0:f32[2], %1:f32[3]) { %2:f32[2] = Add(%0, %1) return %2 }"), nx::ShapeError);
  // Nesting without end, and every cut of a good text.
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "program() { Call{program=";
  EXPECT_THROW(Program::parse(deep), nx::ValueError);
  const std::string good = sample().print();
  for (size_t n = 0; n < good.size(); ++n) EXPECT_THROW(Program::parse(good.substr(0, n)), nx::Error) << n;
}

}  // namespace
