#include "bench/nx/rows.hpp"

#include <string_view>

namespace raven::bench {
namespace {

using Peers = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// NumPy and PyTorch, under the case's own name.
Peers both(const char* name) {
  return {{"numpy", {name}}, {"pytorch", {name}}};
}

constexpr double f32_bytes = 4, f64_bytes = 8;
constexpr double million = 1e6, matrix = 2048.0 * 2048, tall = 4096.0 * 1024, square_4096 = 4096.0 * 4096;

Row overhead(const char* name) {
  return {name, {1}, {Bound::overhead}, both(name)};
}
Row reads(const char* name, double bytes) {
  return {name, {1, 2}, {Bound::memory, bytes, Traffic::read}, both(name)};
}
Row copies(const char* name, double bytes) {
  return {name, {1, 2}, {Bound::memory, bytes, Traffic::copy}, both(name)};
}
Row triads(const char* name, double bytes) {
  return {name, {1, 2}, {Bound::memory, bytes, Traffic::triad}, both(name)};
}
/// (m, k) times (k, n).
Row product(const char* name, double m, double k, double n) {
  return {name, {1, 2}, {Bound::compute, 2 * m * k * n, Traffic::triad, Element::f32}, both(name)};
}

}  // namespace

// Numbers in comments are rows of the performance table in docs/performance.md. Bytes count each input once and each
// output once; cases smaller than the caches may exceed 100 % of the memory roofline.
std::vector<Row> nx_rows() {
  return {
      // 1–4: dispatch
      overhead("add_tiny"),            // [4] f32
      overhead("add_tiny_f64"),        // [4] f64
      overhead("add_weak_scalar"),     // [4] f32 + 1.0
      overhead("add_broadcast_tiny"),  // (4) + (1) f32
      overhead("scale_shift_0d"),      // x * 2 + 1, [] f64
      overhead("view_slice"),          // x[1:50, ::2] of (100, 100) f64
      overhead("view_reshape"),        // (100, 100) to (10, 1000)
      overhead("view_transpose"),      // x.T
      overhead("sum_tiny"),            // [8] f32
      overhead("max_tiny"),            // [8] f32
      overhead("exp_cache_f32"),       // 4,096 elements
      overhead("exp_cache_f64"),       // 2,048 elements
      // 6–8: one pass, by level of memory
      overhead("add_100x100_f64"),
      overhead("add_100x100_f32"),
      triads("add_f32_1e6", 3 * million * f32_bytes),
      triads("add_f64_1e6", 3 * million * f64_bytes),
      triads("add_f32_5e7", 3 * 50 * million * f32_bytes),
      // 9, 10: broadcasting and mixed layouts
      copies("add_broadcast_column_f32", 2 * 1024 * 1024 * f32_bytes),  // (1024, 1024) + (1024, 1)
      copies("add_broadcast_row_f32", 2 * 1024 * 1024 * f32_bytes),     // (1024, 1024) + (1024)
      triads("add_transposed_f32", 3 * matrix * f32_bytes),             // a + b.T, (2048, 2048)
      // 11, 12: functions
      copies("exp_f32_1e6", 2 * million * f32_bytes),
      copies("exp_f64_1e6", 2 * million * f64_bytes),
      copies("log_f32_1e6", 2 * million * f32_bytes),
      copies("log_f64_1e6", 2 * million * f64_bytes),
      copies("sin_f32_1e6", 2 * million * f32_bytes),
      copies("sin_f64_1e6", 2 * million * f64_bytes),
      copies("tanh_f32_1e6", 2 * million * f32_bytes),
      copies("tanh_f64_1e6", 2 * million * f64_bytes),
      copies("pow_f32_1e6", 2 * million * f32_bytes),
      copies("pow_f64_1e6", 2 * million * f64_bytes),    // x ** 1.7
      copies("where_f32_1e6", 2 * million * f32_bytes),  // where(x > 0.5, x, 0)
      // 14, 15, 18: reductions
      reads("sum_f32_1e6", million * f32_bytes),
      reads("sum_f64_1e6", million * f64_bytes),
      reads("sum_axis0_f32", tall * f32_bytes),
      reads("sum_axis1_f32", tall * f32_bytes),  // (4096, 1024)
      reads("max_axis0_f32", tall * f32_bytes),
      reads("max_axis1_f32", tall * f32_bytes),
      reads("mean_axis0_f32", tall * f32_bytes),
      reads("mean_axis1_f32", tall * f32_bytes),
      reads("var_axis1_f32", matrix * f32_bytes),     // (2048, 2048)
      copies("softmax_f32", 2 * matrix * f32_bytes),  // last axis
      // 26: movement
      copies("transpose_copy_f32", 2 * square_4096 * f32_bytes),  // (4096, 4096)
      // 31, 32, 34: products
      product("gemm_64", 64, 64, 64),
      product("gemm_256", 256, 256, 256),
      product("gemm_512", 512, 512, 512),
      product("gemm_1024", 1024, 1024, 1024),
      product("gemm_2048", 2048, 2048, 2048),
      product("gemm_100000x32x32", 100000, 32, 32),
      reads("gemv_4096", square_4096 * f32_bytes),          // (1, 4096) @ (4096, 4096)
      product("gemm_transposed_sliced", 1024, 1024, 1024),  // A.T @ B[::2], A (1024, 1024), B (2048, 1024)
      // The products of the demo's training step, 768 = 12 × 64 tokens: forward, gradient of the input, of the weight.
      product("gemm_768x128x384", 768, 128, 384),
      product("gemm_768x128x128", 768, 128, 128),
      product("gemm_768x128x512", 768, 128, 512),
      product("gemm_768x512x128", 768, 512, 128),
      product("gemm_768x128x63", 768, 128, 63),
      product("gemm_768x384x128", 768, 384, 128),
      product("gemm_768x63x128", 768, 63, 128),
      product("gemm_128x768x384", 128, 768, 384),
      product("gemm_128x768x128", 128, 768, 128),
      product("gemm_128x768x512", 128, 768, 512),
      product("gemm_512x768x128", 512, 768, 128),
      product("gemm_128x768x63", 128, 768, 63),
      // 45: a program that starts, adds two arrays and ends
      overhead("process_start"),
  };
}

}  // namespace raven::bench
