// Integer division, powers, bits and shifts, and what shares an op with them: remainders and rounding of reals.
#include "raven/nx/cpu/kernels/map_loops.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

/// Truncated quotient. x / 0 = 0, and the least integer over −1 is itself: never a trap.
struct IDiv {
  template <class T>
  static T of(T a, T b) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>)
      if (b == -1) return static_cast<T>(Wrap<T>(0) - static_cast<Wrap<T>>(a));
    return static_cast<T>(a / b);
  }
};
/// Remainder with the sign of the dividend; x % 0 = 0 of integers, NaN of reals.
struct Rem {
  template <class T>
  static T of(T a, T b) {
    if constexpr (std::is_same_v<T, float>) {
      return __builtin_fmodf(a, b);
    } else if constexpr (std::is_floating_point_v<T>) {
      return __builtin_fmod(a, b);
    } else {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>)
        if (b == -1) return 0;
      return static_cast<T>(a % b);
    }
  }
};
/// By squaring, modulo 2^n. A negative exponent (refused by the public function) gives the truncated true value.
struct Pow {
  template <class T>
  static T of(T base, T exponent) {
    if constexpr (std::is_signed_v<T>)
      if (exponent < 0) return base == 1 ? T(1) : base == -1 ? ((exponent & 1) ? T(-1) : T(1)) : T(0);
    Wrap<T> result = 1, power = static_cast<Wrap<T>>(base), left = static_cast<Wrap<T>>(exponent);
    for (; left; left = static_cast<Wrap<T>>(left >> 1)) {
      if (left & 1) result = static_cast<Wrap<T>>(result * power);
      power = static_cast<Wrap<T>>(power * power);
    }
    return static_cast<T>(result);
  }
};
/// A count outside [0, width) shifts everything out: 0, or the sign fill of a right shift.
struct Shl {
  template <class T>
  static T of(T a, T count) {
    constexpr int width = sizeof(T) * 8;
    const bool inside = static_cast<Wrap<T>>(count) < width;
    return inside ? static_cast<T>(static_cast<Wrap<T>>(a) << static_cast<int>(count & (width - 1))) : T(0);
  }
};
struct Shr {
  template <class T>
  static T of(T a, T count) {
    constexpr int width = sizeof(T) * 8;
    const bool inside = static_cast<Wrap<T>>(count) < width;
    return static_cast<T>(inside ? a >> static_cast<int>(count & (width - 1)) : a < 0 ? T(-1) : T(0));
  }
};
struct Not {
  template <class T>
  static T of(T a) { return static_cast<T>(~a); }
  static bool of(bool a) { return !a; }
};
struct And {
  template <class T>
  static T of(T a, T b) { return static_cast<T>(a & b); }
};
struct Or {
  template <class T>
  static T of(T a, T b) { return static_cast<T>(a | b); }
};
struct Xor {
  template <class T>
  static T of(T a, T b) { return static_cast<T>(a ^ b); }
};

template <class T>
void bitwise(std::byte* out, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs& attrs) {
  switch (static_cast<const BitwiseAttrs&>(attrs).kind) {
    case BitwiseKind::bit_and: return map2<And, T, T>(out, in, strides, n, attrs);
    case BitwiseKind::bit_or: return map2<Or, T, T>(out, in, strides, n, attrs);
    case BitwiseKind::bit_xor: return map2<Xor, T, T>(out, in, strides, n, attrs);
  }
}

// Rounding is exact at every level, whether an instruction or the C library does it.
#define NX_ROUND(Name, function)                                 \
  struct Name {                                                  \
    static float of(float a) { return __builtin_##function##f(a); } \
    static double of(double a) { return __builtin_##function(a); } \
  };
NX_ROUND(Floor, floor)
NX_ROUND(Ceil, ceil)
NX_ROUND(Trunc, trunc)
NX_ROUND(Even, rint)
#undef NX_ROUND
struct Same {
  template <class T>
  static T of(T a) { return a; }
};

template <class T>
void round(std::byte* out, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs& attrs) {
  if constexpr (std::is_integral_v<T>) {
    map1<Same, T, T>(out, in, strides, n, attrs);
  } else {
    switch (static_cast<const RoundAttrs&>(attrs).mode) {
      case RoundKind::floor: return map1<Floor, T, T>(out, in, strides, n, attrs);
      case RoundKind::ceil: return map1<Ceil, T, T>(out, in, strides, n, attrs);
      case RoundKind::trunc: return map1<Trunc, T, T>(out, in, strides, n, attrs);
      case RoundKind::even: return map1<Even, T, T>(out, in, strides, n, attrs);
    }
  }
}

template <class F>
void put1_integers(LevelTable& t, Op op) {
  put1<F, uint8_t>(t, op), put1<F, uint32_t>(t, op), put1<F, uint64_t>(t, op), put1<F, int32_t>(t, op);
  put1<F, int64_t>(t, op);
}

}  // namespace

void fill_integer(LevelTable& t) {
  put2_integers<IDiv>(t, Op::IDiv);
  put2_numbers<Rem>(t, Op::Rem);
  put2_integers<Pow>(t, Op::Pow);
  put2_integers<Shl>(t, Op::Shl);
  put2_integers<Shr>(t, Op::Shr);
  put1_integers<Not>(t, Op::Not), put1<Not, bool>(t, Op::Not);
  MapLoop** bits = t.map[static_cast<int>(Op::Bitwise)];
  MapLoop** rounded = t.map[static_cast<int>(Op::Round)];
#define NX_PUT(T) \
  bits[static_cast<int>(dtype_of<T>)] = &bitwise<T>, rounded[static_cast<int>(dtype_of<T>)] = &round<T>;
  NX_PUT(uint8_t) NX_PUT(uint32_t) NX_PUT(uint64_t) NX_PUT(int32_t) NX_PUT(int64_t)
#undef NX_PUT
  bits[static_cast<int>(DType::b1)] = &bitwise<bool>;
  rounded[static_cast<int>(DType::f32)] = &round<float>;
  rounded[static_cast<int>(DType::f64)] = &round<double>;
}

}  // namespace nx::cpu::RAVEN_LEVEL
