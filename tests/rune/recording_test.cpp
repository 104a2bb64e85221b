// Every public function of nx, recorded to a Program, printed, parsed and evaluated, or compiled, gives the bits of the direct
// call.
#include <filesystem>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/file.hpp"
#include "raven/nx/api/random.hpp"
#include "raven/rune.hpp"
#include "raven/tolk.hpp"
#include "tolk/bits.hpp"

namespace {

using namespace nx;
using Arrays = std::vector<Array>;

Arrays results(Array x) { return {std::move(x)}; }
Arrays results(Arrays x) { return x; }
Arrays results(TopK x) { return {x.values, x.indices}; }

/// A function of the table: its inputs, one letter each (see `sample`), and a call on `a[0]`, `a[1]` ….
struct Row {
  const char* function;
  const char* inputs;
  Arrays (*call)(Arrays a);
};
#define ROW(function, inputs, ...) \
  {#function, inputs, [](Arrays a) -> Arrays { static_cast<void>(a); return results(__VA_ARGS__); }}

// One line per public function; a line more where an option takes another path.
const Row table[] = {
    // creation.hpp
    ROW(array, "d", a[0] + array({1.5, -2.0, 0.0, 3.0})),
    ROW(full, "", full({2, 3}, -0.0)),
    ROW(zeros, "", zeros({2, 0}, {.dtype = i32})),
    ROW(ones, "", ones({3})),
    ROW(zeros_like, "f", zeros_like(a[0])),
    ROW(ones_like, "b", ones_like(a[0])),
    ROW(full_like, "i", full_like(a[0], 7)),
    ROW(empty, "", full_like(empty({2, 2}), 1)),
    ROW(arange, "", arange(1, 10, 3)),
    ROW(arange, "", arange(0.5, 4)),
    ROW(linspace, "", linspace(0, 1, 7, {.endpoint = false})),
    ROW(eye, "", eye(3, {.m = 4, .k = 1})),
    ROW(tri, "", tri(3)),
    ROW(tril, "f", tril(a[0])),
    ROW(triu, "d", triu(a[0], 1)),
    ROW(scalar, "f", a[0] * scalar(2.5, f32)),
    // math.hpp
    ROW(add, "ff", add(a[0], a[1])),
    ROW(add, "fv", add(a[0], a[1])),
    ROW(add, "id", add(a[0], a[1])),
    ROW(add, "b", add(a[0], true)),
    ROW(subtract, "ij", subtract(a[0], a[1])),
    ROW(multiply, "dv", multiply(a[0], a[1])),
    ROW(divide, "ij", divide(a[0], a[1])),
    ROW(floor_divide, "dd", floor_divide(a[0], a[1])),
    ROW(floor_divide, "ij", floor_divide(a[0], a[1])),
    ROW(remainder, "ff", remainder(a[0], a[1])),
    ROW(mod, "ij", mod(a[0], a[1])),
    ROW(fmod, "fd", fmod(a[0], a[1])),
    ROW(power, "pf", power(a[0], a[1])),
    ROW(power, "f", power(a[0], 2)),
    ROW(pow, "d", pow(a[0], 0.5)),
    ROW(maximum, "ff", maximum(a[0], a[1])),
    ROW(minimum, "fv", minimum(a[0], a[1])),
    ROW(clip, "f", clip(a[0], -0.5, 0.5)),
    ROW(negative, "i", negative(a[0])),
    ROW(abs, "f", abs(a[0])),
    ROW(sign, "d", sign(a[0])),
    ROW(square, "f", square(a[0])),
    ROW(reciprocal, "f", reciprocal(a[0])),
    ROW(sqrt, "f", sqrt(a[0])),
    ROW(rsqrt, "p", rsqrt(a[0])),
    ROW(exp, "f", exp(a[0])),
    ROW(exp2, "d", exp2(a[0])),
    ROW(expm1, "f", expm1(a[0])),
    ROW(log, "f", log(a[0])),
    ROW(log2, "p", log2(a[0])),
    ROW(log10, "p", log10(a[0])),
    ROW(log1p, "d", log1p(a[0])),
    ROW(sin, "f", sin(a[0])),
    ROW(cos, "i", cos(a[0])),
    ROW(tanh, "f", tanh(a[0])),
    ROW(sigmoid, "f", sigmoid(a[0])),
    ROW(erf, "f", erf(a[0])),
    ROW(erfinv, "p", erfinv(a[0])),
    ROW(relu, "f", relu(a[0])),
    ROW(silu, "d", silu(a[0])),
    ROW(softplus, "f", softplus(a[0])),
    ROW(floor, "f", floor(a[0])),
    ROW(ceil, "f", ceil(a[0])),
    ROW(trunc, "d", trunc(a[0])),
    ROW(rint, "f", rint(a[0])),
    ROW(round, "f", round(a[0], 1)),
    ROW(where, "bff", where(a[0], a[1], a[2])),
    ROW(where, "bf", where(a[0], a[1], 0)),
    ROW(stop_gradient, "f", stop_gradient(a[0])),
    ROW(bitcast, "f", bitcast(a[0], u8)),
    ROW(astype, "d", astype(a[0], i32)),
    // logic.hpp
    ROW(equal, "ii", equal(a[0], a[1])),
    ROW(not_equal, "f", not_equal(a[0], a[0])),
    ROW(less, "fv", less(a[0], a[1])),
    ROW(less_equal, "f", less_equal(a[0], 0.5)),
    ROW(greater, "id", greater(a[0], a[1])),
    ROW(greater_equal, "ff", greater_equal(a[0], a[1])),
    ROW(logical_and, "bf", logical_and(a[0], a[1])),
    ROW(logical_or, "bb", logical_or(a[0], a[1])),
    ROW(logical_xor, "ib", logical_xor(a[0], a[1])),
    ROW(logical_not, "f", logical_not(a[0])),
    ROW(bitwise_and, "ij", bitwise_and(a[0], a[1])),
    ROW(bitwise_or, "ii", bitwise_or(a[0], a[1])),
    ROW(bitwise_xor, "bb", bitwise_xor(a[0], a[1])),
    ROW(bitwise_invert, "j", bitwise_invert(a[0])),
    ROW(bitwise_not, "b", bitwise_not(a[0])),
    ROW(left_shift, "i", left_shift(a[0], 3)),
    ROW(right_shift, "ji", right_shift(a[0], a[1])),
    ROW(isnan, "f", isnan(a[0])),
    ROW(isinf, "d", isinf(a[0])),
    ROW(isfinite, "f", isfinite(a[0])),
    // reduce.hpp
    ROW(sum, "f", sum(a[0])),
    ROW(sum, "j", sum(a[0], {.axis = 0, .keepdims = true})),
    ROW(prod, "d", prod(a[0], 1)),
    ROW(max, "f", max(a[0], -1)),
    ROW(min, "i", min(a[0])),
    ROW(any, "b", any(a[0], 0)),
    ROW(all, "f", all(a[0])),
    ROW(mean, "f", mean(a[0], 0)),
    ROW(logsumexp, "p", logsumexp(a[0], 1)),
    ROW(var, "f", var(a[0], {.axis = 1, .ddof = 1})),
    ROW(std, "d", nx::std(a[0])),
    ROW(argmax, "f", argmax(a[0], 1)),
    ROW(argmin, "d", argmin(a[0])),
    // shape.hpp
    ROW(reshape, "f", reshape(a[0], {2, -1})),
    ROW(transpose, "f", transpose(a[0])),
    ROW(transpose, "f", transpose(expand_dims(a[0], 0), {2, 0, 1})),
    ROW(matrix_transpose, "d", matrix_transpose(a[0])),
    ROW(broadcast_to, "v", broadcast_to(a[0], {2, 4})),
    ROW(expand_dims, "f", expand_dims(a[0], {0, -1})),
    ROW(squeeze, "f", squeeze(expand_dims(a[0], 1))),
    ROW(ravel, "f", ravel(transpose(a[0]))),
    ROW(flatten, "f", flatten(a[0])),
    ROW(moveaxis, "f", moveaxis(a[0], 0, 1)),
    ROW(swapaxes, "f", swapaxes(a[0], 0, 1)),
    ROW(atleast_1d, "f", atleast_1d(sum(a[0]))),
    ROW(atleast_2d, "v", atleast_2d(a[0])),
    ROW(atleast_3d, "f", atleast_3d(a[0])),
    ROW(broadcast_arrays, "fv", broadcast_arrays(a)),
    ROW(slice, "f", slice(a[0], {0, 1}, {3, 4}, {2, 1})),
    ROW(slice_update, "f", slice_update(a[0], ones({1, 2}, {.dtype = f32}), {1, 0}, {2, 4}, {1, 2}, true)),
    ROW(contiguous, "f", contiguous(transpose(a[0]))),
    // join.hpp
    ROW(concatenate, "fd", concatenate(a, 1)),
    ROW(concat, "ff", concat(a)),
    ROW(stack, "ff", stack(a, 1)),
    ROW(hstack, "ff", hstack(a)),
    ROW(vstack, "fv", vstack(a)),
    ROW(split, "f", split(a[0], 2, 1)),
    ROW(split, "f", split(a[0], Dims{1, 3}, 1)),
    ROW(array_split, "f", array_split(a[0], 3, 1)),
    ROW(pad, "f", pad(a[0], {1, -1}, {0, 2}, 0.5)),
    ROW(tile, "f", tile(a[0], {2, 1})),
    ROW(repeat, "f", repeat(a[0], 2, 1)),
    ROW(repeat, "f", repeat(a[0], 2)),
    ROW(flip, "f", flip(a[0], 1)),
    ROW(roll, "f", roll(a[0], 3, 1)),
    ROW(roll, "f", roll(a[0], -1)),
    // linalg.hpp
    ROW(matmul, "fm", matmul(a[0], a[1])),
    ROW(matmul, "fv", matmul(a[0], a[1])),
    ROW(dot_general, "ff", dot_general(a[0], a[1], {.lhs_contract = {1}, .rhs_contract = {1}, .lhs_batch = {0}, .rhs_batch = {0}})),
    // index.hpp, indexing.hpp
    ROW(get_item, "f", a[0](1, s(none, none, -2))),
    ROW(get_item, "f", a[0](newaxis, {2, 0}, ellipsis)),
    ROW(set_item, "f", a[0].at(_, {1, 3}).set(7)),
    ROW(set_item, "fv", a[0].at(1).add(a[1])),
    ROW(set_item, "f", a[0].at({0, 0, 2}, s(1, 3)).add(1.5)),
    ROW(set_item, "f", a[0].at(0, {1, 1}).max(0)),
    ROW(take, "fx", take(a[0], a[1], {.axis = 1})),
    ROW(take, "fx", take(a[0], a[1], {.mode = IndexMode::wrap})),
    ROW(take_along_axis, "fx", take_along_axis(a[0], expand_dims(a[1], 0), 1)),
    ROW(put_along_axis, "fx", put_along_axis(a[0], expand_dims(a[1], 0), 9, 1)),
    ROW(sort, "f", sort(a[0])),
    ROW(sort, "i", sort(a[0], {.axis = 0, .descending = true})),
    ROW(argsort, "d", argsort(a[0], {.axis = 0})),
    ROW(top_k, "f", top_k(a[0], 2)),
    // random.hpp
    ROW(random::key, "", random::key(7)),
    ROW(random::split, "k", random::split(a[0], 3)),
    ROW(random::fold_in, "k", random::fold_in(a[0], 5)),
    ROW(random::bits, "k", random::bits(a[0], {5})),
    ROW(random::bits, "k", random::bits(a[0], {2, 3}, 64)),
    ROW(random::uniform, "k", random::uniform(a[0], {7}, {.low = -1, .dtype = f32})),
    ROW(random::normal, "k", random::normal(a[0], {7})),
    ROW(random::bernoulli, "k", random::bernoulli(a[0], 0.3, {9})),
    ROW(random::randint, "k", random::randint(a[0], {9}, -3, 12)),
    ROW(random::gumbel, "k", random::gumbel(a[0], {5}, {.dtype = f32})),
    ROW(random::categorical, "kf", random::categorical(a[0], a[1])),
    ROW(random::permutation, "k", random::permutation(a[0], 9)),
    ROW(random::permutation, "kf", random::permutation(a[0], a[1], 1)),
    // composite.hpp
    ROW(softmax, "f", softmax(a[0])),
    ROW(softmax, "d", softmax(a[0], 0)),
    ROW(gelu, "f", gelu(a[0])),
    ROW(gelu, "d", gelu(a[0], GeluApproximate::tanh)),
    ROW(layer_norm, "f", layer_norm(a[0])),
    ROW(layer_norm, "fvv", layer_norm(a[0], a[1], a[2], {.eps = 1e-3})),
    ROW(cross_entropy, "f", cross_entropy(a[0], array({0, 3, -100}))),
    ROW(cross_entropy, "d", cross_entropy(a[0], array({0, 3, 1}), {.reduction = Reduction::none, .ignore_index = 1})),
    ROW(embedding, "f", embedding(a[0], array({{2, 0}, {0, 1}}))),
    ROW(dropout, "f", dropout(a[0], random::key(3), 0.4)),
    ROW(linear, "ffz", linear(a[0], a[1], a[2])),
    ROW(linear, "dd", linear(a[0], a[1])),
    ROW(sdpa, "ttt", sdpa(a[0], a[1], a[2], {.causal = true})),
    ROW(sdpa, "ttt", sdpa(a[0], a[1], a[2])),
};

/// Public functions that no Program can hold, each with the reason.
const std::set<std::string> not_recorded = {
    "decompose",    // another form of an op, not an op
    "nonzero",      // its shape depends on values
    "parse_slice",  // of text
    "str", "repr", "get_printoptions", "set_printoptions",  // text
};

// ---- inputs ----------------------------------------------------------------------------------------------------------

/// f d: f32, f64 [3,4] of both signs; p: f32 [3,4] in (0, 1); i j: i64, i32 [3,4] without 0; b: b1 [3,4]; v: f32 [4];
/// m: f32 [4,2]; x: i64 [3] of indices 0 … 2; z: f32 [3]; t: f32 [1,2,3,2]; k: a key of random
/// numbers.
Array sample(char kind, int which) {
  if (kind == 'x') return nx::array({2, 0, 1});
  if (kind == 'k') return random::key(static_cast<uint64_t>(which) + 42);
  const int64_t n = kind == 'v' ? 4 : kind == 'm' ? 8 : kind == 'z' ? 3 : 12;
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t mixed = (i * 7 + which * 5 + 3) % 13 - 6;  // −6 … 6
    if (kind == 'p')
      values.push_back((static_cast<double>(mixed) + 6.5) / 14);
    else if (kind == 'i' || kind == 'j')
      values.push_back(static_cast<double>(mixed == 0 ? 9 : mixed));
    else
      values.push_back(static_cast<double>(mixed) / 3.7);
  }
  const Shape shape = kind == 'v'   ? Shape{4}
                      : kind == 'm' ? Shape{4, 2}
                      : kind == 'z' ? Shape{3}
                      : kind == 't' ? Shape{1, 2, 3, 2}
                                    : Shape{3, 4};
  const Array x = nx::array(values, shape);
  switch (kind) {
    case 'd': return x;
    case 'i': return x.astype(i64);
    case 'j': return x.astype(i32);
    case 'b': return x > 0;
    default: return x.astype(f32);
  }
}

using tolk_test::expect_same_bits;

class Recording : public testing::TestWithParam<Row> {};

TEST_P(Recording, GivesTheBitsOfTheDirectCall) {
  const Row& row = GetParam();
  Arrays inputs;
  for (const char* kind = row.inputs; *kind; ++kind) inputs.push_back(sample(*kind, static_cast<int>(inputs.size())));
  const Arrays direct = row.call(inputs);

  const Program program = rune::make_program(row.call, inputs);
  program.verify();
  const std::string text = program.print();
  SCOPED_TRACE(text);
  const Program parsed = Program::parse(text);
  EXPECT_TRUE(parsed == program);
  EXPECT_EQ(parsed.hash(), program.hash());
  const Arrays evaluated = nx::eval(parsed, inputs);
  const Arrays called = nx::call(std::make_shared<const Program>(parsed), inputs);
  // Compiled: over a poisoned arena, and as a user writes it, at the first call and the second.
  const auto plan = tolk::compile(program);
  plan->verify();
  std::vector<tolk::PlanArgument> arguments;
  for (Array& x : inputs) arguments.push_back({&x, false});
  Arrays compiled(direct.size());
  plan->run(arguments, compiled, nullptr, true);
  const auto jitted = rune::jit(row.call);
  const Arrays first = jitted(inputs), second = jitted(inputs);
  EXPECT_EQ(jitted.stats().hits, 1);
  ASSERT_EQ(evaluated.size(), direct.size());
  ASSERT_EQ(first.size(), direct.size());
  for (size_t i = 0; i < direct.size(); ++i) {
    expect_same_bits(evaluated[i], direct[i]);
    expect_same_bits(called[i], direct[i]);
    expect_same_bits(compiled[i], direct[i]);
    expect_same_bits(first[i], direct[i]);
    expect_same_bits(second[i], direct[i]);
  }
}
INSTANTIATE_TEST_SUITE_P(Functions, Recording, testing::ValuesIn(table), [](const testing::TestParamInfo<Row>& info) {
  return std::regex_replace(info.param.function, std::regex("::"), "_") + "_" + std::to_string(info.index);
});

// ---- completeness ----------------------------------------------------------------------------------------------------

/// Names of the public functions that a header declares outside detail namespaces.
std::set<std::string> functions_of(std::string text) {
  text = std::regex_replace(text, std::regex("//[^\n]*"), "");
  text = std::regex_replace(text, std::regex("#define(?:[^\n]*\\\\\n)*[^\n]*"), "");
  // A detail namespace ends at the brace in column 0.
  for (size_t at; (at = text.find("namespace detail {")) != std::string::npos;) text.erase(at, text.find("\n}", at) - at);
  std::set<std::string> names;
  std::smatch room;  // random:: …
  const std::string prefix = std::regex_search(text, room, std::regex(R"(namespace nx::(\w+) \{)")) ? room[1].str() + "::" : "";
  const auto collect = [&](const char* pattern) {
    const std::regex regex(pattern);
    for (std::sregex_iterator i(text.begin(), text.end(), regex), end; i != end; ++i) names.insert(prefix + (*i)[1].str());
  };
  collect(R"((?:RAVEN_API|inline)\s+(?:const\s+)?[\w:]+(?:<[\w:, ]+>)?[\s&]+(\w+)\()");
  collect(R"(\n(?:Array|std::vector<Array>)\s+(\w+)\()");  // templates, below their head
  collect(R"(NX_REDUCTION(?:_OF)?\((\w+))");
  return names;
}

TEST(RecordingTable, NamesEveryPublicFunction) {
  const std::string nx_folder = std::string(RAVEN_SOURCE_DIR) + "/raven/nx/";
  std::vector<std::string> headers = {nx_folder + "composite.hpp", nx_folder + "index.hpp"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(nx_folder + "api"))
    if (entry.path().extension() == ".hpp") headers.push_back(entry.path().string());
  std::set<std::string> listed = not_recorded;
  for (const Row& row : table) listed.insert(row.function);
  std::set<std::string> found;
  for (const std::string& header : headers)
    for (const std::string& name : functions_of(raven::read_file(header))) {
      found.insert(name);
      EXPECT_TRUE(listed.count(name)) << header << " declares " << name
                                      << ": add ROW(" << name << ", …) to tests/rune/recording_test.cpp";
    }
  EXPECT_GE(found.size(), 100u);
  for (const std::string& name : listed) EXPECT_TRUE(found.count(name)) << name << " is listed, but no header declares it";
}

TEST(RecordingTable, FindsEachKindOfDeclaration) {
  EXPECT_EQ(functions_of("RAVEN_API Array one(const Array& x);\n"
                         "inline Array two(const Array& x) { return three(x); }\n"
                         "// RAVEN_API Array comment();\n"
                         "#define MACRO(name) \\\n  RAVEN_API Array name(); \\\n  inline Array hidden()\n"
                         "namespace detail {\nRAVEN_API Array inner();\n}  // namespace detail\n"
                         "RAVEN_API std::vector<Array> three(const Array& x, int n);\n"
                         "template <Element T>\nArray four(std::span<const T> v);\n"
                         "NX_REDUCTION(five)\nRAVEN_API SvdResult six(const Array& x);\n"
                         "inline Array operator+(const Array& a, const Array& b) { return add(a, b); }\n"),
            (std::set<std::string>{"one", "two", "three", "four", "five", "six"}));
}

// ---- what a recording is ---------------------------------------------------------------------------------------------

TEST(MakeProgram, RecordsWhatIsIssued) {
  const Array captured = nx::array({1.0, 2.0});
  const Program program = rune::make_program(
      [&](const Array& x, const Array& y) {
        const Array unused = exp(x);
        return std::tuple{x * captured + captured, zeros({2}), y};
      },
      rune::Spec{{2}, f64}, array(3));
  EXPECT_EQ(program.print(),
            "program(%0:f64[2], %1:i64[]) {\n"
            "  %2:f64[2] = constant(000000000000f03f0000000000000040)\n"
            "  %3:f64[2] = Exp(%0)\n"
            "  %4:f64[2] = Mul(%0, %2)\n"
            "  %5:f64[2] = Add(%4, %2)\n"
            "  %6:f64[2] = Full{shape=(2,), dtype=f64, value=int:0}()\n"
            "  return %5, %6, %1\n"
            "}");
}

TEST(MakeProgram, ConstantsKeepTheirValues) {
  Array captured = nx::array({1.0, 2.0});
  const Program program = rune::make_program([&](const Array& x) { return x + captured; }, captured);
  captured += 10;
  EXPECT_EQ(nx::eval(program, Arrays{zeros({2})})[0].to_vector<double>(), (std::vector<double>{1, 2}));
}

TEST(MakeProgram, TracedValuesHaveNoNumbers) {
  const auto message_of = [](auto f) -> std::string {
    try {
      rune::make_program(f, nx::array(1.0));
    } catch (const nx::TracerError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message_of([](const Array& x) { return x.item<double>() > 0 ? x : -x; }),
            "nx.item: a traced value f64[] has no number yet (inside rune::make_program); return it, or mark the argument static");
  EXPECT_NE(message_of([](const Array& x) { return x > 0 ? x : -x; }), "no error");
  Array leaked;
  rune::make_program([&](const Array& x) { return leaked = x + 1; }, nx::array(1.0));
  EXPECT_THROW(leaked + 1, nx::LeakedTracerError);
  EXPECT_THROW(rune::grad([](const Array& x) {
                 rune::make_program([&](const Array& y) { return x * y; }, x);
                 return x;
               })(nx::array(1.0)),
               nx::TracerError);
}

TEST(MakeProgram, GradientsGoThroughPrograms) {
  const auto f = [](const Array& x) { return sum(softmax(x) * sin(x)); };
  const Array x = sample('d', 0);
  const auto program = std::make_shared<const Program>(rune::make_program(f, x));
  const auto evaluated = [&](const Array& v) { return nx::eval(*program, Arrays{v})[0]; };
  const auto called = [&](const Array& v) { return nx::call(program, Arrays{v})[0]; };
  const Array direction = sample('d', 1);
  expect_same_bits(rune::grad(evaluated)(x), rune::grad(f)(x));
  expect_same_bits(rune::grad(called)(x), rune::grad(f)(x));
  expect_same_bits(rune::jvp(called, std::tuple{x}, std::tuple{direction}).second,
                   rune::jvp(f, std::tuple{x}, std::tuple{direction}).second);
  // A gradient is a program too, and a Call inside a recording stays one op.
  const Program gradient = rune::make_program([&](const Array& v) { return rune::grad(called)(v); }, x);
  expect_same_bits(nx::eval(Program::parse(gradient.print()), Arrays{x})[0], rune::grad(f)(x));
  const Program outer = rune::make_program([&](const Array& v) { return called(v) * 2; }, x);
  EXPECT_EQ(outer.equations().front().op, Op::Call);
  expect_same_bits(rune::grad([&](const Array& v) { return nx::eval(outer, Arrays{v})[0]; })(x),
                   rune::grad([&](const Array& v) { return f(v) * 2; })(x));
}

TEST(MakeProgram, AnOpInPlaceMayUseItsOperandTwice) {
  const Program twice = Program::parse(
      "program(%0:f64[2]) { %1:f64[2] = Neg(%0)"
      " %2:f64[2] = SliceUpdate{starts=(0,), stops=(2,), steps=(1,), kind=add}(%1, %1) return %2 }");
  const auto f = [&](const Array& v) { return sum(nx::eval(twice, Arrays{v})[0]); };
  expect_same_bits(rune::grad(f)(nx::array({1.0, 2.0})), nx::array({-2.0, -2.0}));
}

}  // namespace
