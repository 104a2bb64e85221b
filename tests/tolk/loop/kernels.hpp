#pragma once
// Kernels written by hand: the patterns that schedules are made of.
#include "raven/tolk/loop/loop.hpp"

namespace loop_test {

/// out[i] = gelu(x[i] + 1), dims {n}: params x, out.
tolk::loop::Kernel map();
/// out[0] = the sum of x in the canonical order, dims {n}: params x, out.
tolk::loop::Kernel sum(tolk::loop::Type type);
/// Row r of out = softmax of row r of x, dims {rows, n}: params x, out; a task is a row.
tolk::loop::Kernel softmax();
/// out[j] = Σ_r x[r, j] in the canonical order of columns, dims {rows, width}: params x, out.
tolk::loop::Kernel column_sum();
/// out[i] = table[index[i]], indices checked, dims {n, rows}: params table, index, out, status.
tolk::loop::Kernel gather();
/// out[i] = x[i − 1], 0 before the first, dims {n}: params x, out.
tolk::loop::Kernel shift();
/// out[j, i] = x[i, j] of one square per task, x of dims {rows} × 48, out 16 × (tasks · 16): params x, out.
tolk::loop::Kernel turned(tolk::loop::Type type);

}  // namespace loop_test
