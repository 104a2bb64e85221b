// The text form: round trips, every bit of a constant, and the error of each bad line.
#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include "tolk/loop/kernels.hpp"
#include "tolk/loop/support.hpp"

namespace {

using namespace loop_test;

/// Everything but the constants, with operands by number and constants by value: equal up to the place of constants.
std::vector<std::vector<int64_t>> shape_of(const Kernel& kernel) {
  std::vector<std::vector<int64_t>> lines;
  std::vector<int64_t> number(kernel.nodes.size());
  for (size_t id = 0; id < kernel.nodes.size(); ++id) {
    const Node& node = kernel.nodes[id];
    if (node.code == Code::constant) continue;
    number[id] = static_cast<int64_t>(lines.size());
    std::vector<int64_t> line = {static_cast<int64_t>(node.code), static_cast<int64_t>(node.type), node.immediate};
    for (int i = 0; i < info(node.code).operands; ++i) {
      const Node& operand = kernel.nodes[node.operand[i]];
      const bool is_constant = operand.code == Code::constant;
      line.insert(line.end(), {is_constant, static_cast<int64_t>(operand.type),
                               is_constant ? operand.immediate : number[node.operand[i]]});
    }
    lines.push_back(line);
  }
  return lines;
}

void expect_round_trip(const Kernel& kernel) {
  const std::string text = print(kernel);
  const ParseResult result = parse(text);
  ASSERT_EQ(result.error, "") << text;
  EXPECT_EQ(print(result.kernel), text);
  EXPECT_EQ(result.kernel.name, kernel.name);
  EXPECT_EQ(shape_of(result.kernel), shape_of(kernel)) << text;
  EXPECT_EQ(verify(result.kernel), verify(kernel)) << text;
}

TEST(Text, KernelsComeBack) {
  for (const Kernel& kernel :
       {map(), sum(Type::f32), sum(Type::f64), softmax(), column_sum(), gather(), shift(), turned(Type::f64)})
    expect_round_trip(kernel);
}

TEST(Text, EveryCodeComesBack) {
  Builder b("every_code");
  const Id x = b.param(Type::f32, Access::both, 8), y = b.param(Type::i64, Access::write, 8), i = b.dim(1);
  const Id status = b.param(Type::i64, Access::write, 4), mask = b.binary(Code::eq, i, b.index(3));
  const Id flags = b.param(Type::b1, Access::both, 3), scalar = b.reg(Type::f64, 1, b.real(Type::f64, NAN));
  const Id wide = b.reg(Type::f32, 64, b.real(Type::f32, -INFINITY));
  const Id real = b.load(x, i);
  for (int code = static_cast<int>(Code::constant); code <= static_cast<int>(Code::bitcast); ++code) {
    const auto value = static_cast<Code>(code);
    const bool of_reals = value >= Code::sqrt && value <= Code::round_even;
    if (value == Code::div)
      b.binary(value, real, real);
    else if (value == Code::select)
      b.select(mask, real, b.real(Type::f32, 0.1));
    else if (value == Code::cast)
      b.cast(Type::u8, real), b.cast(Type::f64, mask);
    else if (value == Code::bitcast)
      b.bitcast(Type::u32, real);
    else if (info(value).operands == 1)
      b.unary(value, of_reals ? real : i);
    else if (info(value).operands == 2)
      b.binary(value, i, i);
  }
  b.fetch(flags, i);
  b.set(scalar, b.get(scalar));
  b.load_if(flags, i, mask, b.truth(true));
  b.store_if(flags, i, b.truth(false), mask, true);
  b.store(y, b.add(i, b.index(-7)), b.task_begin(), true);
  b.check(mask, b.task_end(), status, 1);
  b.when(mask);
  const Id lane = b.lanes(b.index(0), i, 64);
  b.set(wide, b.load(x, lane));
  b.end();
  for (const Code code : {Code::halve_sum, Code::halve_prod, Code::halve_max, Code::halve_min}) b.halve(code, wide);
  b.loop(b.index(INT64_MIN), b.index(INT64_MAX), INT64_MAX);
  b.end();
  b.end();
  const Id local = b.local(Type::u64, 17);
  b.turn(local, i, -3, b.local(Type::u64, 32), b.index(1));
  expect_round_trip(b.finish());
}

TEST(Text, TheReadmeShowsTheSum) {
  std::ifstream file(RAVEN_SOURCE_DIR "/raven/tolk/loop/README.md");
  const std::string readme(std::istreambuf_iterator<char>(file), {});
  const size_t first = readme.find("kernel sum\n");
  ASSERT_NE(first, readme.npos);
  std::istringstream lines(readme.substr(first, readme.find("```", first) - first));
  std::string text, line;
  while (std::getline(lines, line)) {
    const size_t remark = line.find("  ", line.find_first_not_of(' '));
    text += line.substr(0, remark) + "\n";
  }
  EXPECT_EQ(text, print(sum(Type::f32)));
}

template <class T>
void expect_constant(Type type, T value) {
  const uint64_t bits = [&] {
    uint64_t all = 0;
    std::memcpy(&all, &value, sizeof value);
    return all;
  }();
  Builder b("constant");
  b.reg(type, 1, b.constant(type, bits));
  const std::string text = print(b.finish());
  const ParseResult result = parse(text);
  ASSERT_EQ(result.error, "") << text;
  EXPECT_EQ(static_cast<uint64_t>(result.kernel.nodes.at(0).immediate), bits) << text;
  EXPECT_EQ(print(result.kernel), text);
}
template <class T, class Bits>
void expect_constants(Type type) {
  using Limits = std::numeric_limits<T>;
  Random random;
  for (const T value :
       {T(0), -T(0), T(1), T(-0.1), Limits::max(), Limits::min(), Limits::denorm_min(), Limits::infinity(),
        -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::signaling_NaN()})
    expect_constant(type, std::bit_cast<Bits>(value));
  for (int i = 0; i < 3000; ++i) expect_constant(type, static_cast<Bits>(random.bits()));
  for (int i = 0; i < 1000; ++i) expect_constant(type, static_cast<Bits>(random.bits() >> 12 & 0x7fffff));  // subnormal
}
TEST(Text, ConstantsKeepEveryBit) {
  expect_constants<float, uint32_t>(Type::f32);
  expect_constants<double, uint64_t>(Type::f64);
  for (const int64_t x : {INT64_MIN, int64_t{-1}, int64_t{0}, INT64_MAX}) {
    expect_constant(Type::i64, x);
    expect_constant(Type::u64, static_cast<uint64_t>(x));
    expect_constant(Type::i32, static_cast<int32_t>(x));
    expect_constant(Type::u32, static_cast<uint32_t>(x));
    expect_constant(Type::u8, static_cast<uint8_t>(x));
  }
  expect_constant(Type::b1, true);
  expect_constant(Type::b1, false);
}

std::string error_of(const std::string& text) { return parse(text).error; }
std::string error_in(const std::string& lines) {
  return parse("kernel k\n%0 = dim 0\n%1 = param.f32 %0 both\n" + lines).error;
}

TEST(ParseErrors, OfTheWhole) {
  EXPECT_EQ(error_of(""), "line 0: no kernel");
  EXPECT_EQ(error_of("\n  \n"), "line 2: no kernel");
  EXPECT_EQ(error_of("%0 = dim 0"), "line 1: expected 'kernel' and a name");
  EXPECT_EQ(error_of("kernel"), "line 1: expected the kernel's name");
  EXPECT_EQ(error_of("kernel a b"), "line 1: unexpected 'b'");
  EXPECT_EQ(error_of("kernel k\n%0 = loop 0 1\n%1 = loop 0 1\nend\n"), "line 4: 1 blocks are not closed");
  EXPECT_EQ(error_of("kernel k\n\n"), "");
}
TEST(ParseErrors, OfALine) {
  EXPECT_EQ(error_in("end"), "line 4: 'end' closes no block");
  EXPECT_EQ(error_in("%3 = dim 0"), "line 4: expected %2, got '%3'");
  EXPECT_EQ(error_in("%2 dim 0"), "line 4: expected '=' after %2");
  EXPECT_EQ(error_in("dim 0"), "line 4: dim needs a %number");
  EXPECT_EQ(error_in("%2 = store.f32 %1 0 1.0"), "line 4: store has no value to name");
  EXPECT_EQ(error_in("%2 = end"), "line 4: end has no value to name");
  EXPECT_EQ(error_in("%2 = frobnicate.f32 %1"), "line 4: unknown op 'frobnicate.f32'");
  EXPECT_EQ(error_in("%2 = const.f32 1.0"), "line 4: unknown op 'const.f32'");
  EXPECT_EQ(error_in("%2 ="), "line 4: unknown op ''");
  EXPECT_EQ(error_in("%2 = add %0 %0"), "line 4: expected add.TYPE, got 'add'");
  EXPECT_EQ(error_in("%2 = add.f16 %0 %0"), "line 4: expected add.TYPE, got 'add.f16'");
  EXPECT_EQ(error_in("%2 = add.none %0 %0"), "line 4: expected add.TYPE, got 'add.none'");
  EXPECT_EQ(error_in("%2 = add. %0 %0"), "line 4: expected add.TYPE, got 'add.'");
  EXPECT_EQ(error_in("%2 = add.f32.f32 %0 %0"), "line 4: unexpected type in 'add.f32.f32'");
  EXPECT_EQ(error_in("%2 = cast.f32 %0"), "line 4: expected cast.TYPE.TYPE, got 'cast.f32'");
  EXPECT_EQ(error_in("%2 = loop.i64 0 %0"), "line 4: unexpected type in 'loop.i64'");
  EXPECT_EQ(error_in("%2 = add.i64 %0 1 2"), "line 4: unexpected '2'");
  EXPECT_EQ(error_in("%2 = " + std::string(99, 'x')), "line 4: unknown op '" + std::string(32, 'x') + "…'");
  EXPECT_EQ(error_in("%2 = \x01\xff"),
            "line 4: unknown op '?"
            "?'");
}
TEST(ParseErrors, OfOperands) {
  EXPECT_EQ(error_in("%2 = add.i64 %0"), "line 4: operand 2 is missing");
  EXPECT_EQ(error_in("%2 = add.i64 %0 %2"), "line 4: operand 2: no such value '%2'");
  EXPECT_EQ(error_in("%2 = add.i64 %0 %"), "line 4: operand 2: no such value '%'");
  EXPECT_EQ(error_in("%2 = add.i64 %0 %99999999999"), "line 4: operand 2: no such value '%99999999999'");
  EXPECT_EQ(error_in("%2 = add.i64 %0 %-1"), "line 4: operand 2: no such value '%-1'");
  EXPECT_EQ(error_in("%2 = add.f32 %0 1.0"), "line 4: operand 1 has type i64, not f32");
  EXPECT_EQ(error_in("%2 = lt.f32 %0 1.0"), "line 4: operand 1 has type i64, not f32");
  EXPECT_EQ(error_in("store.f64 %1 0 1.0"), "line 4: operand 1 has type f32, not f64");
  EXPECT_EQ(error_in("%2 = cast.i64.f32 %0"), "line 4: operand 1 has type i64, not f32");
  EXPECT_EQ(error_in("%2 = select.i64 %0 1 2"), "line 4: operand 1 has type i64, not b1");
  EXPECT_EQ(error_in("%2 = load.f32 1.0 0"), "line 4: operand 1 must be storage, got '1.0'");
  EXPECT_EQ(error_in("%2 = add.i64 %0 1.5"), "line 4: operand 2: '1.5' is no i64");
  EXPECT_EQ(error_in("%2 = add.i64 %0 9223372036854775808"), "line 4: operand 2: '9223372036854775808' is no i64");
  EXPECT_EQ(error_in("%2 = reg.u8 256"), "line 4: operand 1: '256' is no u8");
  EXPECT_EQ(error_in("%2 = reg.u8 -1"), "line 4: operand 1: '-1' is no u8");
  EXPECT_EQ(error_in("when 1\nend"), "line 4: operand 1: '1' is no b1");
  for (const std::string bad : {"nan", "nan:", "nan:0", "nan:3f800000", "nan:1ffffffff", "infinity", "-", ".5", "+1.0",
                                "1e99", "1.0f", "0x1p3", "1.0 e"})
    EXPECT_NE(error_in("%2 = reg.f32 " + bad), "") << bad;
}
TEST(ParseErrors, OfWhatFollows) {
  EXPECT_EQ(error_in("%2 = param.f32 4"), "line 4: expected read, write or both, got ''");
  EXPECT_EQ(error_in("%2 = param.f32 4 rw"), "line 4: expected read, write or both, got 'rw'");
  EXPECT_EQ(error_in("%2 = lanes 0 %0\nend"), "line 4: expected 'width', got ''");
  EXPECT_EQ(error_in("%2 = lanes 0 %0 step 3\nend"), "line 4: expected 'width', got 'step'");
  EXPECT_EQ(error_in("%2 = loop 0 %0 step\nend"), "line 4: expected a number, got ''");
  EXPECT_EQ(error_in("%2 = loop 0 %0 step x\nend"), "line 4: expected a number, got 'x'");
  EXPECT_EQ(error_in("%2 = dim 99999999999999999999"), "line 4: expected a number, got '99999999999999999999'");
  EXPECT_EQ(error_in("store.f32 %1 0 1.0 streams"), "line 4: expected 'stream', got 'streams'");
  EXPECT_EQ(error_in("check true 0 %1"), "line 4: operand 3 has type f32, not i64");
  EXPECT_EQ(error_in("%2 = param.i64 2 write\ncheck true 0 %2"), "line 5: expected 'site', got ''");
}
TEST(ParseErrors, BlocksAreBounded) {
  std::string deep = "kernel deep\n";
  for (int i = 0; i < 65; ++i) deep += "when true\n";
  EXPECT_EQ(error_of(deep), "line 66: more than 64 blocks are open");
}

}  // namespace
