#include "raven/nx/cpu/gemv.hpp"

namespace nx::cpu {
namespace {

using Kernel = void(const GemvArgs&);
#define RAVEN_GEMV_ROW(level) {level::gemv_f32, level::gemv_f64},
constexpr Kernel* kernels[][2] = {RAVEN_GEMV_LEVELS(RAVEN_GEMV_ROW)};
#undef RAVEN_GEMV_ROW

}  // namespace

bool gemv_takes(const GemmArgs& g) {
  if (g.element != GemmElement::f32 && g.element != GemmElement::f64) return false;
  if (g.batch != 1 || g.k == 0 || (g.m == 1) == (g.n == 1)) return false;
  const int64_t row = g.m == 1 ? g.b_row : g.a_row, col = g.m == 1 ? g.b_col : g.a_col;
  return row == 1 || col == 1;
}

void gemv(const GemmArgs& g, raven::CpuLevel level) {
  GemvArgs v;
  if (g.m == 1) {
    v = {g.a, g.b, g.bias, g.c, g.n, g.k, g.a_col, g.b_row, g.b_col, g.c_col, 1, g.accumulate};
  } else {
    v = {g.b, g.a, g.bias, g.c, g.m, g.k, g.b_row, g.a_col, g.a_row, g.c_row, 0, g.accumulate};
  }
  kernels[static_cast<int>(level)][g.element == GemmElement::f64](v);
}

}  // namespace nx::cpu
