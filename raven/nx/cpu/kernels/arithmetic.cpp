// Elementwise arithmetic, comparison and selection: one line per op.
#include "raven/nx/cpu/kernels/map_loops.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

template <class T>
void select(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs&) {
  T* out = reinterpret_cast<T*>(out_bytes);
  const uint8_t* c = as<uint8_t>(in[0]);
  const T *a = as<T>(in[1]), *b = as<T>(in[2]);
  const int64_t sc = strides[0], sa = strides[1], sb = strides[2];
  if (sc == 1 && sa == 1 && sb == 1) {
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) {
      const T x = a[i], y = b[i];
      out[i] = c[i] ? x : y;
    }
  } else if (sc == 1 && sa == 1 && sb == 0) {
    const T y = b[0];
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) {
      const T x = a[i];
      out[i] = c[i] ? x : y;
    }
  } else if (sc == 1 && sa == 0 && sb == 1) {
    const T x = a[0];
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) {
      const T y = b[i];
      out[i] = c[i] ? x : y;
    }
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = c[i * sc] ? a[i * sa] : b[i * sb];
  }
}

// ---- the functions ---------------------------------------------------------------------------------------------------

struct Neg {
  template <class T>
  static T of(T a) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<T>(Wrap<T>(0) - static_cast<Wrap<T>>(a));
    else
      return -a;
  }
};
struct Add {
  template <class T>
  static T of(T a, T b) { return static_cast<T>(static_cast<Wrap<T>>(a) + static_cast<Wrap<T>>(b)); }
  static bool of(bool a, bool b) { return a | b; }
};
struct Sub {
  template <class T>
  static T of(T a, T b) { return static_cast<T>(static_cast<Wrap<T>>(a) - static_cast<Wrap<T>>(b)); }
};
struct Mul {
  template <class T>
  static T of(T a, T b) { return static_cast<T>(static_cast<Wrap<T>>(a) * static_cast<Wrap<T>>(b)); }
  static bool of(bool a, bool b) { return a & b; }
};
struct Div {
  template <class T>
  static T of(T a, T b) { return a / b; }
};
/// NaN in either operand is the result.
struct Maximum {
  template <class T>
  static T of(T a, T b) { return a > b || a != a ? a : b; }
  static bool of(bool a, bool b) { return a | b; }
};
struct Minimum {
  template <class T>
  static T of(T a, T b) { return a < b || a != a ? a : b; }
  static bool of(bool a, bool b) { return a & b; }
};
struct Eq {
  template <class T>
  static bool of(T a, T b) { return a == b; }
};
struct Ne {
  template <class T>
  static bool of(T a, T b) { return a != b; }
};
struct Lt {
  template <class T>
  static bool of(T a, T b) { return a < b; }
};
struct Le {
  template <class T>
  static bool of(T a, T b) { return a <= b; }
};
/// |x|; the least integer stays itself.
struct Abs {
  template <class T>
  static T of(T a) {
    if constexpr (std::is_same_v<T, float>)
      return __builtin_fabsf(a);
    else if constexpr (std::is_floating_point_v<T>)
      return __builtin_fabs(a);
    else if constexpr (std::is_signed_v<T>)
      return a < 0 ? Neg::of(a) : a;
    else
      return a;
  }
};
/// −1, 0 or 1; NaN stays NaN.
struct Sign {
  template <class T>
  static T of(T a) {
    if constexpr (std::is_floating_point_v<T>)
      return a != a ? a : T(a > 0) - T(a < 0);
    else
      return static_cast<T>(T(a > 0) - T(a < 0));
  }
};

}  // namespace

void fill_arithmetic(LevelTable& t) {
  put1_numbers<Neg>(t, Op::Neg);
  put2_all<Add>(t, Op::Add);
  put2_numbers<Sub>(t, Op::Sub);
  put2_all<Mul>(t, Op::Mul);
  put2_floats<Div>(t, Op::Div);
  put2_all<Maximum>(t, Op::Maximum);
  put2_all<Minimum>(t, Op::Minimum);
  put2_all<Eq>(t, Op::Eq), put2_all<Ne>(t, Op::Ne), put2_all<Lt>(t, Op::Lt), put2_all<Le>(t, Op::Le);
  put1_numbers<Abs>(t, Op::Abs), put1<Abs, bool>(t, Op::Abs);
  put1_numbers<Sign>(t, Op::Sign);
#define RAVEN_DTYPE(name, type, bytes, kind, numpy) \
  t.map[static_cast<int>(Op::Select)][static_cast<int>(DType::name)] = &select<type>;
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
}

}  // namespace nx::cpu::RAVEN_LEVEL
