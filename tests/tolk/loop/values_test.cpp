// Every VALUE code and type of the interpreter against nx's kernels, over special and random values: equal bits.
#include <bit>
#include <cmath>
#include <limits>

#include "raven/nx.hpp"
#include "tolk/loop/support.hpp"

namespace {

using namespace loop_test;

constexpr unsigned B = 1, I = 2, F = 4, X = 8;
struct Row {
  Code code;
  unsigned types;
};
constexpr Row rows[] = {
#define VALUE(name, text, operands, types) {Code::name, types},
#include "raven/tolk/loop/code.def"
};

// What nx calls the code; a is the first operand, and b the second or, of select, the third.
nx::Array expected(Code code, const nx::Array& a, const nx::Array& b, const nx::Array& mask) {
  using nx::Op;
  const auto round = [&](nx::RoundKind mode) {
    nx::RoundAttrs attrs;
    attrs.mode = mode;
    return nx::apply(Op::Round, {a}, attrs);
  };
  const auto bitwise = [&](nx::BitwiseKind kind) {
    nx::BitwiseAttrs attrs;
    attrs.kind = kind;
    return nx::apply(Op::Bitwise, {a, b}, attrs);
  };
  const auto gelu = [&](Op op, nx::GeluApproximate approximate) {
    nx::GeluAttrs attrs;
    attrs.approximate = approximate;
    return op == Op::Gelu ? nx::apply(op, {a}, attrs) : nx::apply(op, {a, nx::ones_like(a)}, attrs);
  };
  switch (code) {
    case Code::neg: return nx::apply(Op::Neg, {a});
    case Code::abs: return nx::apply(Op::Abs, {a});
    case Code::sign: return nx::apply(Op::Sign, {a});
    case Code::bit_not: return nx::apply(Op::Not, {a});
    case Code::sqrt: return nx::apply(Op::Sqrt, {a});
    case Code::rsqrt: return nx::apply(Op::Rsqrt, {a});
    case Code::exp: return nx::apply(Op::Exp, {a});
    case Code::exp2: return nx::apply(Op::Exp2, {a});
    case Code::expm1: return nx::apply(Op::Expm1, {a});
    case Code::log: return nx::apply(Op::Log, {a});
    case Code::log2: return nx::apply(Op::Log2, {a});
    case Code::log10: return nx::apply(Op::Log10, {a});
    case Code::log1p: return nx::apply(Op::Log1p, {a});
    case Code::sin: return nx::apply(Op::Sin, {a});
    case Code::cos: return nx::apply(Op::Cos, {a});
    case Code::tanh: return nx::apply(Op::Tanh, {a});
    case Code::sigmoid: return nx::apply(Op::Logistic, {a});
    case Code::erf: return nx::apply(Op::Erf, {a});
    case Code::erfinv: return nx::apply(Op::ErfInv, {a});
    case Code::gelu: return gelu(Op::Gelu, nx::GeluApproximate::none);
    case Code::gelu_tanh: return gelu(Op::Gelu, nx::GeluApproximate::tanh);
    case Code::gelu_gradient: return gelu(Op::GeluGrad, nx::GeluApproximate::none);
    case Code::gelu_tanh_gradient: return gelu(Op::GeluGrad, nx::GeluApproximate::tanh);
    case Code::floor: return round(nx::RoundKind::floor);
    case Code::ceil: return round(nx::RoundKind::ceil);
    case Code::trunc: return round(nx::RoundKind::trunc);
    case Code::round_even: return round(nx::RoundKind::even);
    case Code::add: return nx::apply(Op::Add, {a, b});
    case Code::sub: return nx::apply(Op::Sub, {a, b});
    case Code::mul: return nx::apply(Op::Mul, {a, b});
    case Code::div: return nx::apply(Op::Div, {a, b});
    case Code::idiv: return nx::apply(Op::IDiv, {a, b});
    case Code::rem: return nx::apply(Op::Rem, {a, b});
    case Code::pow: return nx::apply(Op::Pow, {a, b});
    case Code::maximum: return nx::apply(Op::Maximum, {a, b});
    case Code::minimum: return nx::apply(Op::Minimum, {a, b});
    case Code::bit_and: return bitwise(nx::BitwiseKind::bit_and);
    case Code::bit_or: return bitwise(nx::BitwiseKind::bit_or);
    case Code::bit_xor: return bitwise(nx::BitwiseKind::bit_xor);
    case Code::shl: return nx::apply(Op::Shl, {a, b});
    case Code::shr: return nx::apply(Op::Shr, {a, b});
    case Code::eq: return nx::apply(Op::Eq, {a, b});
    case Code::ne: return nx::apply(Op::Ne, {a, b});
    case Code::lt: return nx::apply(Op::Lt, {a, b});
    case Code::le: return nx::apply(Op::Le, {a, b});
    case Code::select: return nx::apply(Op::Select, {mask, a, b});
    default: ADD_FAILURE() << info(code).text << " has no row here"; return a;
  }
}

// Booleans are bytes in memory; std::vector<bool> has none.
template <class T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;
template <class T>
nx::Array to_nx(const std::vector<Stored<T>>& values) {
  const nx::Shape shape = {static_cast<int64_t>(values.size())};
  return nx::detail::array_from(values.data(), values.size(), nx::dtype_of<T>, shape);
}
template <class T>
std::vector<Stored<T>> from_nx(const nx::Array& x) {
  std::vector<Stored<T>> values(static_cast<size_t>(x.size()));
  EXPECT_EQ(x.dtype(), nx::dtype_of<T>);
  nx::detail::copy_elements(x, nx::dtype_of<T>, values.data());
  return values;
}

template <class T>
std::vector<Stored<T>> special_values() {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return {0, 1};
  } else if constexpr (std::is_floating_point_v<T>) {
    std::vector<T> values = {0,
                             T(0.5),
                             1,
                             T(1.5),
                             2,
                             T(2.5),
                             3,
                             T(0.1),
                             10,
                             63,
                             64,
                             100,
                             1000,
                             T(1e7),
                             255,
                             256,
                             87,
                             88,
                             T(1e30),
                             T(1e-30),
                             Limits::min(),
                             Limits::denorm_min(),
                             Limits::max(),
                             Limits::epsilon(),
                             Limits::infinity(),
                             T(0x1p31),
                             T(0x1p32),
                             T(0x1p62),
                             T(0x1p63),
                             T(0x1p64),
                             T(0x1p52),
                             T(0x1.8p23),
                             T(2147483520),
                             T(4294967040),
                             T(4503599627370495.5)};
    const size_t positive = values.size();
    for (size_t i = 0; i < positive; ++i) values.push_back(-values[i]);
    values.push_back(Limits::quiet_NaN());
    values.push_back(std::nextafter(Limits::min(), T(0)));
    values.push_back(std::nextafter(T(1), T(0)));
    return values;
  } else {
    std::vector<T> values = {0,
                             1,
                             2,
                             3,
                             5,
                             7,
                             8,
                             31,
                             32,
                             33,
                             63,
                             64,
                             65,
                             100,
                             127,
                             128,
                             255,
                             Limits::max(),
                             Limits::min(),
                             T(Limits::max() - 1),
                             T(Limits::min() + 1),
                             T(Limits::max() / 2),
                             T(Limits::max() / 2 + 1)};
    if constexpr (std::is_signed_v<T>)
      for (const int x : {-1, -2, -3, -7, -8, -31, -32, -64}) values.push_back(T(x));
    return values;
  }
}

template <class T>
T random_value(Random& random) {
  if constexpr (std::is_same_v<T, bool>) {
    return random.bits() & 1;
  } else if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    const uint64_t kind = random.bits() % 4;  // mostly where the functions have something to do
    if (kind == 0) return std::bit_cast<T>(static_cast<Bits>(random.bits()));
    return static_cast<T>(random.real() * (kind == 1 ? 1 : kind == 2 ? 20 : 800));
  } else {
    return static_cast<T>(random.bits() >> random.bits() % 64);
  }
}

/// Pairs: every special value with every other one, then random ones.
template <class T>
void operands(std::vector<Stored<T>>& a, std::vector<Stored<T>>& b) {
  const std::vector<Stored<T>> special = special_values<T>();
  for (const Stored<T> x : special)
    for (const Stored<T> y : special) a.push_back(x), b.push_back(y);
  Random random{7};
  for (int i = 0; i < 2000; ++i) a.push_back(random_value<T>(random)), b.push_back(random_value<T>(random));
}

/// out[i] = f(a[i], b[i], mask[i])
template <class Make>
Kernel elementwise(Type type, Type result, Make make) {
  Builder build("elementwise");
  const Id n = build.dim(0), a = build.param(type, Access::read, n), b = build.param(type, Access::read, n);
  const Id mask = build.param(Type::b1, Access::read, n), out = build.param(result, Access::write, n);
  const Id i = build.lanes(build.index(0), n, 16);
  build.store(out, i, make(build, build.load(a, i), build.load(b, i), build.load(mask, i)));
  build.end();
  return build.finish();
}

template <class T, class R, class Make>
std::vector<Stored<R>> compute(Type type, Type result, std::vector<Stored<T>> a, std::vector<Stored<T>> b, Make make) {
  std::vector<uint8_t> mask(a.size());
  for (size_t i = 0; i < mask.size(); ++i) mask[i] = i % 3 == 0;
  std::vector<Stored<R>> out(a.size());
  run(elementwise(type, result, make), {buffer_of(a), buffer_of(b), buffer_of(mask), buffer_of(out)},
      {static_cast<int64_t>(a.size())});
  return out;
}

template <class T, class R>
void expect_same(const Row& row, Type type) {
  const int count = info(row.code).operands;
  std::vector<Stored<T>> a, b;
  operands<T>(a, b);
  const std::vector<Stored<R>> got =
      compute<T, R>(type, std::is_same_v<R, bool> ? Type::b1 : type, a, b, [&](Builder& build, Id x, Id y, Id mask) {
        return count == 1   ? build.unary(row.code, x)
               : count == 2 ? build.binary(row.code, x, y)
                            : build.select(mask, x, y);
      });
  std::vector<uint8_t> mask(a.size());
  for (size_t i = 0; i < mask.size(); ++i) mask[i] = i % 3 == 0;
  const nx::Array array = expected(row.code, to_nx<T>(a), to_nx<T>(b), to_nx<bool>(mask));
  EXPECT_TRUE(same_bits(got, from_nx<R>(array))) << info(row.code).text << " " << name_of(type);
}

template <class T>
void expect_all(Type type, unsigned kind) {
  int codes = 0;
  for (const Row& row : rows) {
    const bool converts = row.code == Code::cast || row.code == Code::bitcast;
    if (info(row.code).operands == 0 || converts || (row.types & kind) == 0) continue;
    ++codes;
    if (info(row.code).predicate)
      expect_same<T, bool>(row, type);
    else
      expect_same<T, T>(row, type);
  }
  EXPECT_GE(codes, 12);
}

TEST(Values, OfB1) { expect_all<bool>(Type::b1, B); }
TEST(Values, OfU8) { expect_all<uint8_t>(Type::u8, I); }
TEST(Values, OfU32) { expect_all<uint32_t>(Type::u32, I); }
TEST(Values, OfU64) { expect_all<uint64_t>(Type::u64, I); }
TEST(Values, OfI32) { expect_all<int32_t>(Type::i32, I); }
TEST(Values, OfI64) { expect_all<int64_t>(Type::i64, I); }
TEST(Values, OfF32) { expect_all<float>(Type::f32, F); }
TEST(Values, OfF64) { expect_all<double>(Type::f64, F); }

TEST(Values, BitCounts) {
  std::vector<int64_t> a = special_values<int64_t>();
  const auto count = [&](Code code) {
    return compute<int64_t, int64_t>(Type::i64, Type::i64, a, a,
                                     [&](Builder& build, Id x, Id, Id) { return build.unary(code, x); });
  };
  const std::vector<int64_t> ones = count(Code::popcount), zeros = count(Code::trailing_zeros);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(ones[i], std::popcount(static_cast<uint64_t>(a[i])));
    EXPECT_EQ(zeros[i], std::countr_zero(static_cast<uint64_t>(a[i])));
  }
}

template <class From, class To>
void expect_casts(Type from, Type to) {
  std::vector<Stored<From>> a, b;
  operands<From>(a, b);
  const auto got = compute<From, To>(from, to, a, b, [&](Builder& build, Id x, Id, Id) { return build.cast(to, x); });
  EXPECT_TRUE(same_bits(got, from_nx<To>(to_nx<From>(a).astype(nx::dtype_of<To>))))
      << name_of(from) << " " << name_of(to);
  if constexpr (sizeof(From) == sizeof(To) && !std::is_same_v<From, bool> && !std::is_same_v<To, bool>) {
    const auto bits =
        compute<From, To>(from, to, a, b, [&](Builder& build, Id x, Id, Id) { return build.bitcast(to, x); });
    EXPECT_EQ(std::memcmp(bits.data(), a.data(), a.size() * sizeof(To)), 0) << name_of(from) << " " << name_of(to);
  }
}
template <class From>
void expect_casts_from(Type from) {
  expect_casts<From, bool>(from, Type::b1), expect_casts<From, uint8_t>(from, Type::u8);
  expect_casts<From, uint32_t>(from, Type::u32), expect_casts<From, uint64_t>(from, Type::u64);
  expect_casts<From, int32_t>(from, Type::i32), expect_casts<From, int64_t>(from, Type::i64);
  expect_casts<From, float>(from, Type::f32), expect_casts<From, double>(from, Type::f64);
}
TEST(Values, Casts) {
  expect_casts_from<bool>(Type::b1), expect_casts_from<uint8_t>(Type::u8), expect_casts_from<uint32_t>(Type::u32);
  expect_casts_from<uint64_t>(Type::u64), expect_casts_from<int32_t>(Type::i32), expect_casts_from<int64_t>(Type::i64);
  expect_casts_from<float>(Type::f32), expect_casts_from<double>(Type::f64);
}

}  // namespace
