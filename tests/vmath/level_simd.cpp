// Compiled once per CPU level: checks of the SIMD layer and of the native domain's operations.
#include <sys/mman.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "raven/vmath/native.hpp"
#include "raven/vmath/simd.hpp"

namespace vmath_test {
namespace {

// A page followed by one that faults when touched.
char* guarded_page_end() {
  static char* const end = [] {
    char* page = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(page + 4096, 4096, PROT_NONE);
    return page + 4096;
  }();
  return end;
}

template <class T, int n>
const char* check_lanes() {
  vmath::Native<n> d;
  T matrix[n][n], out[n];
  vmath::Lanes<T, n> rows[n];
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) matrix[i][j] = static_cast<T>(100 * i + j);
    rows[i] = d.load(matrix[i]);
  }
  vmath::transpose(rows);
  for (int i = 0; i < n; ++i) {
    d.store(out, rows[i]);
    for (int j = 0; j < n; ++j) {
      if (out[j] != matrix[j][i]) return "transpose";
    }
  }
  for (int count = 0; count <= n; ++count) {
    T* row = reinterpret_cast<T*>(guarded_page_end()) - count;
    for (int i = 0; i < count; ++i) row[i] = static_cast<T>(i + 1);
    const auto loaded = vmath::load_partial<n>(static_cast<const T*>(row), count);
    d.store(out, loaded);
    for (int i = 0; i < n; ++i) {
      if (out[i] != static_cast<T>(i < count ? i + 1 : 0)) return "load_partial";
    }
    vmath::store_partial(row, loaded + loaded, count);
    for (int i = 0; i < count; ++i) {
      if (row[i] != static_cast<T>(2 * i + 2)) return "store_partial";
    }
    T guard[n + 1];
    for (int i = 0; i <= n; ++i) guard[i] = static_cast<T>(7);
    vmath::store_partial(guard, loaded, count);
    for (int i = count; i <= n; ++i) {
      if (guard[i] != static_cast<T>(7)) return "store_partial writes past count";
    }
    d.store(out, vmath::first_lanes(loaded, loaded - loaded - loaded, count));
    for (int i = 0; i < n; ++i) {
      if (out[i] != static_cast<T>(i < count ? i + 1 : 0)) return "first_lanes";
    }
  }
  T partial[64], expected[64];
  for (int i = 0; i < 64; ++i)
    partial[i] = expected[i] = static_cast<T>(1 + (i * 2654435761u) % 1000) / static_cast<T>(7);
  vmath::Lanes<T, n> registers[64 / n];
  for (int i = 0; i < 64 / n; ++i) registers[i] = d.load(partial + i * n);
  for (int half = 32; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) expected[i] = expected[i] + expected[i + half];
  }
  if (vmath::sum_partials(registers) != expected[0]) return "sum_partials";
  alignas(128) T streamed[n];
  vmath::store_stream(streamed, vmath::load_strided<n>(&matrix[0][0], n));
  vmath::stream_fence();
  T scattered[3 * n] = {};
  vmath::store_strided(scattered, 3, d.load(streamed));
  for (int i = 0; i < n; ++i) {
    if (streamed[i] != matrix[i][0]) return "store_stream, load_strided";
    if (scattered[3 * i] != matrix[i][0]) return "store_strided";
  }
  return nullptr;
}

template <int n>
const char* check_domain() {
  vmath::Native<n> d;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto first = [](auto v) { return v.v[0]; };
  const auto last = [](auto v) { return v.v[n - 1]; };
  if (!std::isnan(last(d.min(d.f32(1), d.f32(nan)))) || last(d.min(d.f32(nan), d.f32(1))) != 1) return "min of NaN";
  if (!std::isnan(last(d.max(d.f32(1), d.f32(nan)))) || last(d.max(d.f32(nan), d.f32(1))) != 1) return "max of NaN";
  if (!std::signbit(last(d.f32(-0.0f))) || !std::signbit(first(d.f64(-0.0)))) return "constant -0";
  const float minus_zero = -0.0f;
  if (!std::signbit(last(d.bcast(&minus_zero)))) return "bcast of -0";
  if (last(d.sar(d.i32(-8), 1)) != -4 || last(d.shr(d.i32(-8), 28)) != 15 || last(d.shl(d.i64(3), 40)) != 3LL << 40) {
    return "shifts";
  }
  if (last(d.sar(d.i64(-8), 1)) != -4 || last(d.shr(d.i64(-1), 60)) != 15) return "64-bit shifts";
  if (last(d.i32(INT32_MAX) + d.i32(1)) != INT32_MIN) return "wrapping";
  if (last(d.copysign(d.f64(2), d.f64(-0.0))) != -2 || last(d.abs(d.f32(-3))) != 3) return "copysign, abs";
  if (last(d.to_f32(d.f64(1e300))) != std::numeric_limits<float>::infinity()) return "to_f32";
  if (last(d.to_i64(d.i32(-5))) != -5 || last(d.to_i32(d.i64((7LL << 32) - 5))) != -5) return "integer widths";
  if (last(d.to_i32(d.f32(-2.9f))) != -2 || last(d.to_f64(d.i32(-7))) != -7) return "truncation";
  float lanes[n];
  for (int i = 0; i < n; ++i) lanes[i] = static_cast<float>(i);
  const auto x = d.load(lanes);
  int slow_calls = 0;
  const auto picked = d.rare(x > d.f32(n - 2), x, [&] {
    ++slow_calls;
    return x * d.f32(10);
  });
  if (slow_calls != 1 || last(picked) != 10 * (n - 1) || first(picked) != 0) return "rare";
  d.rare(x > d.f32(n), x, [&] {
    ++slow_calls;
    return x;
  });
  if (slow_calls != 1) return "rare evaluates slow without need";
  const auto wide = d.widen(x > d.f32(0));
  if (first(d.select(wide, d.f64(1), d.f64(2))) != 2 || last(d.select(wide, d.f64(1), d.f64(2))) != 1) return "widen";
  if (last(d.select(d.narrow(wide), d.f32(1), d.f32(2))) != 1) return "narrow";
  auto sum = d.f32(1);
  d.template loop<1>(0, &sum, [&](int64_t) { sum = d.f32(9); });
  if (last(sum) != 1) return "zero-trip loop";
  d.template loop<1>(3, &sum, [&](int64_t k) { sum = sum + d.bcast(d.offset(lanes, k % n, 1)); });
  int order = 0;
  d.template unroll<4>([&](auto i) { order = order * 10 + i; });
  if (order != 123) return "unroll";
  static constexpr double table[] = {0.5, 1.5, 2.5};
  if (last(d.lookup(table, d.i32(2))) != 2.5) return "lookup";
  return nullptr;
}

const char* check_all() {
  constexpr int f = vmath::NativeF32::lanes, g = vmath::NativeF64::lanes;
  const char* (*const checks[])() = {check_lanes<float, f>,   check_lanes<double, g>, check_lanes<int32_t, f>,
                                     check_lanes<int64_t, g>, check_lanes<float, 16>, check_lanes<double, 8>,
                                     check_lanes<double, f>,  check_lanes<float, 4>,  check_domain<f>,
                                     check_domain<g>};
  for (const auto check : checks) {
    if (const char* failure = check()) return failure;
  }
  return nullptr;
}

}  // namespace

const char* RAVEN_CHECK_SIMD();
const char* RAVEN_CHECK_SIMD() {
  return check_all();
}

}  // namespace vmath_test
