// What each VALUE code computes, one struct per row of code.def: a missing one fails the build. Bits are those of nx's
// kernels, which are compiled for vectors; here is one scalar at a time, from the formulas alone.
#include "raven/tolk/loop/internal/evaluate.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <type_traits>

#include "raven/tolk/loop/internal/rules.hpp"
#include "raven/vmath/native.hpp"
#include "raven/vmath/vmath.hpp"

namespace tolk::loop::detail {
namespace {

template <class T>
T unpack(uint64_t bits) {
  if constexpr (std::is_same_v<T, bool>) {
    return bits != 0;
  } else {
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
}
template <class T>
uint64_t pack(T value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

/// Integers wrap modulo 2^n: computed unsigned. (u8 is promoted to int and truncated, which is the same.)
template <class T>
using Wrap = std::conditional_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, std::make_unsigned<T>,
                                std::type_identity<T>>::type;
template <class T>
constexpr bool is_float = std::is_floating_point_v<T>;
template <class T>
constexpr int width_of = static_cast<int>(sizeof(T)) * 8;

namespace ops {

struct constant {};
struct dim {};
struct task_begin {};
struct task_end {};

struct neg {
  template <class T>
  static T of(T a) {
    if constexpr (is_float<T>)
      return -a;
    else
      return static_cast<T>(Wrap<T>(0) - static_cast<Wrap<T>>(a));
  }
};
/// |x|; the least integer stays itself.
struct abs {
  template <class T>
  static T of(T a) {
    if constexpr (std::is_same_v<T, float>)
      return __builtin_fabsf(a);
    else if constexpr (std::is_same_v<T, double>)
      return __builtin_fabs(a);
    else if constexpr (std::is_signed_v<T>)
      return a < 0 ? neg::of(a) : a;
    else
      return a;
  }
};
/// −1, 0 or 1; NaN stays NaN.
struct sign {
  template <class T>
  static T of(T a) {
    if (a != a) return a;
    return static_cast<T>(T(a > 0) - T(a < 0));
  }
};
struct bit_not {
  template <class T>
  static T of(T a) {
    if constexpr (std::is_same_v<T, bool>)
      return !a;
    else
      return static_cast<T>(~a);
  }
};

// ---- functions of reals: the first lane of vmath's native domain
template <class T>
using DomainOf = std::conditional_t<std::is_same_v<T, float>, vmath::NativeF32, vmath::NativeF64>;
#define REAL(name, function)                  \
  struct name {                               \
    template <class T>                        \
    static T of(T a) {                        \
      DomainOf<T> d;                          \
      return (function(d, d.bcast(&a))).v[0]; \
    }                                         \
  };
#define SQUARE_ROOT(d, x) d.sqrt(x)
REAL(sqrt, SQUARE_ROOT)
#undef SQUARE_ROOT
REAL(rsqrt, vmath::rsqrt)
REAL(exp, vmath::exp)
REAL(exp2, vmath::exp2)
REAL(expm1, vmath::expm1)
REAL(log, vmath::log)
REAL(log2, vmath::log2)
REAL(log10, vmath::log10)
REAL(log1p, vmath::log1p)
REAL(sin, vmath::sin)
REAL(cos, vmath::cos)
REAL(tanh, vmath::tanh)
REAL(sigmoid, vmath::sigmoid)
REAL(erf, vmath::erf)
REAL(erfinv, vmath::erfinv)
REAL(gelu, vmath::gelu)
REAL(gelu_tanh, vmath::gelu_tanh)
REAL(gelu_gradient, vmath::gelu_gradient)
REAL(gelu_tanh_gradient, vmath::gelu_tanh_gradient)
#undef REAL

#define ROUND(name, function)                                       \
  struct name {                                                     \
    static float of(float a) { return __builtin_##function##f(a); } \
    static double of(double a) { return __builtin_##function(a); }  \
  };
ROUND(floor, floor)
ROUND(ceil, ceil)
ROUND(trunc, trunc)
ROUND(round_even, rint)
#undef ROUND

struct popcount {
  static int64_t of(int64_t a) { return __builtin_popcountll(static_cast<uint64_t>(a)); }
};
struct trailing_zeros {
  static int64_t of(int64_t a) { return a == 0 ? 64 : __builtin_ctzll(static_cast<uint64_t>(a)); }
};

struct add {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_same_v<T, bool>)
      return a || b;
    else
      return static_cast<T>(static_cast<Wrap<T>>(a) + static_cast<Wrap<T>>(b));
  }
};
struct sub {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(static_cast<Wrap<T>>(a) - static_cast<Wrap<T>>(b));
  }
};
struct mul {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_same_v<T, bool>)
      return a && b;
    else
      return static_cast<T>(static_cast<Wrap<T>>(a) * static_cast<Wrap<T>>(b));
  }
};
struct div {
  template <class T>
  static T of(T a, T b) {
    return a / b;
  }
};
struct idiv {
  template <class T>
  static T of(T a, T b) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>)
      if (b == -1) return neg::of(a);
    return static_cast<T>(a / b);
  }
};
struct rem {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_same_v<T, float>) {
      return __builtin_fmodf(a, b);
    } else if constexpr (std::is_same_v<T, double>) {
      return __builtin_fmod(a, b);
    } else {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>)
        if (b == -1) return 0;
      return static_cast<T>(a % b);
    }
  }
};
/// Integers: by squaring, modulo 2^n; a negative exponent gives the truncated true value.
struct pow {
  template <class T>
  static T of(T a, T b) {
    if constexpr (is_float<T>) {
      DomainOf<T> d;
      return vmath::pow(d, d.bcast(&a), d.bcast(&b)).v[0];
    } else {
      if constexpr (std::is_signed_v<T>)
        if (b < 0) return a == 1 ? T(1) : a == -1 ? T(b % 2 == 0 ? 1 : -1) : T(0);
      Wrap<T> result = 1, power = static_cast<Wrap<T>>(a);
      for (Wrap<T> left = static_cast<Wrap<T>>(b); left != 0; left = static_cast<Wrap<T>>(left >> 1)) {
        if (left & 1) result = static_cast<Wrap<T>>(result * power);
        power = static_cast<Wrap<T>>(power * power);
      }
      return static_cast<T>(result);
    }
  }
};
/// NaN in either operand is the result.
struct maximum {
  template <class T>
  static T of(T a, T b) {
    return a > b || a != a ? a : b;
  }
};
struct minimum {
  template <class T>
  static T of(T a, T b) {
    return a < b || a != a ? a : b;
  }
};
struct bit_and {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct bit_or {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct bit_xor {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
struct shl {
  template <class T>
  static T of(T a, T count) {
    if (static_cast<Wrap<T>>(count) >= width_of<T>) return 0;
    return static_cast<T>(static_cast<Wrap<T>>(a) << static_cast<int>(count));
  }
};
struct shr {
  template <class T>
  static T of(T a, T count) {
    if (static_cast<Wrap<T>>(count) >= width_of<T>) return static_cast<T>(a < 0 ? -1 : 0);
    return static_cast<T>(a >> static_cast<int>(count));
  }
};
struct eq {
  template <class T>
  static bool of(T a, T b) {
    return a == b;
  }
};
struct ne {
  template <class T>
  static bool of(T a, T b) {
    return a != b;
  }
};
struct lt {
  template <class T>
  static bool of(T a, T b) {
    return a < b;
  }
};
struct le {
  template <class T>
  static bool of(T a, T b) {
    return a <= b;
  }
};

/// On bits, so that no NaN changes on its way.
struct select {};
struct bitcast {};

struct cast {
  template <class To, class From>
  static To of(From x) {
    if constexpr (std::is_same_v<To, bool>) {
      return x != From(0);
    } else if constexpr (is_float<From> && !is_float<To>) {
      // 2^digits is the least real above the range; the least integer is a real itself.
      constexpr From low = static_cast<From>(std::numeric_limits<To>::min());
      constexpr From above = From(2) * static_cast<From>(To(1) << (std::numeric_limits<To>::digits - 1));
      if (x != x) return 0;
      if (x <= low) return std::numeric_limits<To>::min();
      if (x >= above) return std::numeric_limits<To>::max();
      return static_cast<To>(x);
    } else {
      return static_cast<To>(x);
    }
  }
};

}  // namespace ops

// ---- the tables

uint64_t same_bits(uint64_t a, uint64_t, uint64_t) { return a; }
uint64_t select_bits(uint64_t mask, uint64_t a, uint64_t b) { return mask ? a : b; }
template <class Op, class T>
uint64_t call1(uint64_t a, uint64_t, uint64_t) {
  return pack(Op::of(unpack<T>(a)));
}
template <class Op, class T>
uint64_t call2(uint64_t a, uint64_t b, uint64_t) {
  return pack(Op::of(unpack<T>(a), unpack<T>(b)));
}
template <class To, class From>
uint64_t call_cast(uint64_t a, uint64_t, uint64_t) {
  return pack(ops::cast::of<To>(unpack<From>(a)));
}

using Row = std::array<Function, type_count>;

template <class Op, int operands, unsigned types, Type type, class T>
constexpr Function entry() {
  if constexpr (!contains(types, type) || operands == 0 || std::is_same_v<Op, ops::cast>)
    return nullptr;  // casts have a table of their own
  else if constexpr (std::is_same_v<Op, ops::select>)
    return &select_bits;
  else if constexpr (std::is_same_v<Op, ops::bitcast>)
    return &same_bits;
  else if constexpr (operands == 1)
    return &call1<Op, T>;
  else
    return &call2<Op, T>;
}
template <class Op, int operands, unsigned types>
constexpr Row row() {
  return {nullptr,
          entry<Op, operands, types, Type::b1, bool>(),
          entry<Op, operands, types, Type::u8, uint8_t>(),
          entry<Op, operands, types, Type::u32, uint32_t>(),
          entry<Op, operands, types, Type::u64, uint64_t>(),
          entry<Op, operands, types, Type::i32, int32_t>(),
          entry<Op, operands, types, Type::i64, int64_t>(),
          entry<Op, operands, types, Type::f32, float>(),
          entry<Op, operands, types, Type::f64, double>()};
}

constexpr Row functions[] = {
#define DECLARE(...) {},
#define VALUE(name, text, operands, types) row<ops::name, operands, (types)>(),
#define READ DECLARE
#define STATEMENT DECLARE
#define BLOCK DECLARE
#include "raven/tolk/loop/code.def"
};
static_assert(std::size(functions) == code_count);

template <class To>
constexpr Row casts_to() {
  return {nullptr,
          &call_cast<To, bool>,
          &call_cast<To, uint8_t>,
          &call_cast<To, uint32_t>,
          &call_cast<To, uint64_t>,
          &call_cast<To, int32_t>,
          &call_cast<To, int64_t>,
          &call_cast<To, float>,
          &call_cast<To, double>};
}
constexpr Row casts[type_count] = {{},
                                   casts_to<bool>(),
                                   casts_to<uint8_t>(),
                                   casts_to<uint32_t>(),
                                   casts_to<uint64_t>(),
                                   casts_to<int32_t>(),
                                   casts_to<int64_t>(),
                                   casts_to<float>(),
                                   casts_to<double>()};

}  // namespace

Function function_of(Code code, Type data, Type result) {
  const int from = static_cast<int>(data), to = static_cast<int>(result);
  if (code == Code::cast) return casts[to][from];
  if (code == Code::bitcast && size_of(data) != size_of(result)) return nullptr;
  return functions[static_cast<int>(code)][from];
}

}  // namespace tolk::loop::detail
