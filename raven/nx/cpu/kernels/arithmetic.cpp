// Elementwise arithmetic, comparison and selection: one line per op.
#include "raven/nx/cpu/kernels/level.hpp"

namespace nx::cpu::RAVEN_LEVEL {
namespace {

// ---- loops over one, two and three operands --------------------------------------------------------------------------

template <class T>
NX_INLINE const T* as(const std::byte* p) {
  return reinterpret_cast<const T*>(p);
}

template <class F, class T, class R>
void map1(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs&) {
  R* out = reinterpret_cast<R*>(out_bytes);
  const T* a = as<T>(in[0]);
  const int64_t sa = strides[0];
  if (sa == 1) {
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i * sa]);
  }
}

template <class F, class T, class R>
void map2(std::byte* out_bytes, const std::byte* const* in, const int64_t* strides, int64_t n, const Attrs&) {
  R* out = reinterpret_cast<R*>(out_bytes);
  const T *a = as<T>(in[0]), *b = as<T>(in[1]);
  const int64_t sa = strides[0], sb = strides[1];
  if (sa == 1 && sb == 1) {
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i], b[i]);
  } else if (sa == 1 && sb == 0) {
    const T y = b[0];
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i], y);
  } else if (sa == 0 && sb == 1) {
    const T x = a[0];
    NX_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(x, b[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[i * sa], b[i * sb]);
  }
}

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

/// Integers wrap modulo 2^n: computed unsigned.
template <class T>
using Wrap = std::conditional_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, std::make_unsigned<T>, std::type_identity<T>>::type;

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
struct Eq {
  template <class T>
  static bool of(T a, T b) { return a == b; }
};

// ---- the table -------------------------------------------------------------------------------------------------------

template <class F, class T>
void put1(LevelTable& t, Op op) {
  t.map[static_cast<int>(op)][static_cast<int>(dtype_of<T>)] = &map1<F, T, T>;
}
template <class F, class T>
void put2(LevelTable& t, Op op) {
  t.map[static_cast<int>(op)][static_cast<int>(dtype_of<T>)] = &map2<F, T, decltype(F::of(T(), T()))>;
}
template <class F>
void put1_numbers(LevelTable& t, Op op) {
  put1<F, uint8_t>(t, op), put1<F, uint32_t>(t, op), put1<F, uint64_t>(t, op), put1<F, int32_t>(t, op);
  put1<F, int64_t>(t, op), put1<F, float>(t, op), put1<F, double>(t, op);
}
template <class F>
void put2_floats(LevelTable& t, Op op) {
  put2<F, float>(t, op), put2<F, double>(t, op);
}
template <class F>
void put2_integers(LevelTable& t, Op op) {
  put2<F, uint8_t>(t, op), put2<F, uint32_t>(t, op), put2<F, uint64_t>(t, op), put2<F, int32_t>(t, op);
  put2<F, int64_t>(t, op);
}
template <class F>
void put2_numbers(LevelTable& t, Op op) {
  put2_integers<F>(t, op), put2_floats<F>(t, op);
}
template <class F>
void put2_all(LevelTable& t, Op op) {
  put2<F, bool>(t, op), put2_numbers<F>(t, op);
}

}  // namespace

void fill_arithmetic(LevelTable& t) {
  put1_numbers<Neg>(t, Op::Neg);
  put2_all<Add>(t, Op::Add);
  put2_numbers<Sub>(t, Op::Sub);
  put2_all<Mul>(t, Op::Mul);
  put2_floats<Div>(t, Op::Div);
  put2_all<Maximum>(t, Op::Maximum);
  put2_all<Eq>(t, Op::Eq);
#define RAVEN_DTYPE(name, type, bytes, kind, numpy) \
  t.map[static_cast<int>(Op::Select)][static_cast<int>(DType::name)] = &select<type>;
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
}

}  // namespace nx::cpu::RAVEN_LEVEL
