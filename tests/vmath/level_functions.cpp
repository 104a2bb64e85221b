// Compiled once per CPU level (RAVEN_LEVEL): the functions of vmath over the native domain.
#include "vmath/level_functions.hpp"

#include <type_traits>

#include "raven/vmath/native.hpp"
#include "raven/vmath/simd.hpp"
#include "raven/vmath/vmath.hpp"

namespace vmath_test {

const char* RAVEN_CHECK_SIMD();

namespace {

template <class D, class T, class Body>
[[gnu::always_inline]] inline void for_rows(int64_t n, Body body) {
  int64_t i = 0;
  for (; i + D::lanes <= n; i += D::lanes) body(i, std::integral_constant<bool, true>{});
  if (i < n) body(i, std::integral_constant<bool, false>{});
}

#define VMATH_LOOP(name, arguments, D, T)                                                \
  void name##_##T(const T* first, [[maybe_unused]] const T* second, T* out, int64_t n) { \
    vmath::D d;                                                                          \
    for_rows<vmath::D, T>(n, [&](int64_t i, auto whole) __attribute__((always_inline)) { \
      const auto load = [&](const T* p) __attribute__((always_inline)) {                 \
        if constexpr (decltype(whole)::value)                                            \
          return d.load(p + i);                                                          \
        else                                                                             \
          return vmath::load_partial<vmath::D::lanes>(p + i, n - i);                     \
      };                                                                                 \
      const auto y = VMATH_CALL_##arguments(vmath::name, load);                          \
      if constexpr (decltype(whole)::value)                                              \
        d.store(out + i, y);                                                             \
      else                                                                               \
        vmath::store_partial(out + i, y, n - i);                                         \
    });                                                                                  \
  }
#define VMATH_CALL_1(f, load) f(d, load(first))
#define VMATH_CALL_2(f, load) f(d, load(first), load(second))
#define VMATH_FUNCTION(name, arguments, f32, f64, absolute) \
  VMATH_LOOP(name, arguments, NativeF32, float)             \
  VMATH_LOOP(name, arguments, NativeF64, double)
#include "vmath/functions.def"
#undef VMATH_FUNCTION

const Function functions[] = {
#define VMATH_FUNCTION(name, arguments, f32, f64, absolute) \
  {#name, arguments, f32, f64, absolute, name##_float, name##_double},
#include "vmath/functions.def"
#undef VMATH_FUNCTION
};

template <class D, class T>
void fma_loop(const T* a, const T* b, const T* c, T* out, int64_t n) {
  D d;
  for (int64_t i = 0; i + D::lanes <= n; i += D::lanes) {
    d.store(out + i, d.fma(d.load(a + i), d.load(b + i), d.load(c + i)));
  }
}

}  // namespace

#define VMATH_JOIN(a, b) a##b
#define VMATH_LEVEL_FUNCTION(level) VMATH_JOIN(level, _level)
#define VMATH_STRING(x) #x
#define VMATH_NAME(level) VMATH_STRING(level)

Level VMATH_LEVEL_FUNCTION(RAVEN_LEVEL)() {
  return {VMATH_NAME(RAVEN_LEVEL),
          functions,
          sizeof functions / sizeof functions[0],
          fma_loop<vmath::NativeF32, float>,
          fma_loop<vmath::NativeF64, double>,
          RAVEN_CHECK_SIMD};
}

}  // namespace vmath_test
