#include "bench/nx/rows.hpp"

#include <string>

namespace raven::bench {
namespace {

using Peers = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// NumPy and PyTorch, under the case's own name.
Peers both(const std::string& name) { return {{"numpy", {name}}, {"pytorch", {name}}}; }

constexpr double million = 1e6, matrix = 2048.0 * 2048, tall = 4096.0 * 1024, square = 1024.0 * 1024,
                 square_4096 = 4096.0 * 4096;

struct Dtype {
  std::string suffix;
  double bytes;
  Element element;
};
const Dtype dtypes[] = {{"_f32", 4, Element::f32}, {"_f64", 8, Element::f64}};

void overhead(std::vector<Row>& rows, const std::string& name) {
  rows.push_back({name, {1}, {Bound::overhead}, both(name)});
}
/// A case of f32 and one of f64: `name_f32`, `name_f64`. Traffic in elements: every input and output once.
void overheads(std::vector<Row>& rows, const std::string& name) {
  for (const Dtype& dtype : dtypes) overhead(rows, name + dtype.suffix);
}
void streams(std::vector<Row>& rows, const std::string& name, double elements, Traffic traffic) {
  for (const Dtype& dtype : dtypes) {
    const std::string full = name + dtype.suffix;
    rows.push_back({full, {1, 2}, {Bound::memory, elements * dtype.bytes, traffic}, both(full)});
  }
}
/// (m, k) times (k, n) in one dtype.
void product(std::vector<Row>& rows, const std::string& name, double m, double k, double n,
             Element element = Element::f32) {
  rows.push_back({name, {1, 2}, {Bound::compute, 2 * m * k * n, Traffic::triad, element}, both(name)});
}
void products(std::vector<Row>& rows, const std::string& name, double m, double k, double n) {
  product(rows, name, m, k, n);
  product(rows, name + "_f64", m, k, n, Element::f64);
}

void dispatch_rows(std::vector<Row>& rows) {
  overheads(rows, "add_tiny");            // [4]
  overheads(rows, "add_weak_scalar");     // [4] + 1.0
  overheads(rows, "add_broadcast_tiny");  // (4) + (1)
  overheads(rows, "scale_shift_0d");      // x * 2 + 1, []
  overhead(rows, "view_slice");           // x[1:50, ::2] of (100, 100)
  overhead(rows, "view_reshape");         // (100, 100) to (10, 1000)
  overhead(rows, "view_transpose");       // x.T
  overheads(rows, "sum_tiny");            // [8]
  overheads(rows, "max_tiny");            // [8]
  overheads(rows, "exp_cache");           // 16 KiB: 4,096 f32, 2,048 f64
  overhead(rows, "process_start");        // a program that starts, adds two arrays and ends
}

void elementwise_rows(std::vector<Row>& rows) {
  overheads(rows, "add_100x100");
  streams(rows, "add_1e6", 3 * million, Traffic::triad);
  rows.push_back({"add_5e7_f32", {1, 2}, {Bound::memory, 3 * 50 * million * 4, Traffic::triad}, both("add_5e7_f32")});
  streams(rows, "add_broadcast_column", 2 * square, Traffic::copy);    // (1024, 1024) + (1024, 1)
  streams(rows, "add_broadcast_row", 2 * square, Traffic::copy);       // (1024, 1024) + (1024)
  streams(rows, "add_transposed", 3 * matrix, Traffic::triad);         // a + b.T, (2048, 2048)
  for (const char* function : {"exp", "log", "sin", "tanh", "pow"}) {  // pow: x ** 1.7
    streams(rows, std::string(function) + "_1e6", 2 * million, Traffic::copy);
  }
  streams(rows, "where_1e6", 2 * million, Traffic::copy);           // where(x > 0.5, x, 0)
  streams(rows, "transpose_copy", 2 * square_4096, Traffic::copy);  // (4096, 4096)
}

void reduction_rows(std::vector<Row>& rows) {
  streams(rows, "sum_1e6", million, Traffic::read);
  for (const char* function : {"sum", "max", "mean"}) {  // (4096, 1024)
    for (const char* axis : {"_axis0", "_axis1"}) streams(rows, std::string(function) + axis, tall, Traffic::read);
  }
  streams(rows, "var_axis1", matrix, Traffic::read);    // (2048, 2048)
  streams(rows, "softmax", 2 * matrix, Traffic::copy);  // (2048, 2048), last axis
}

void product_rows(std::vector<Row>& rows) {
  products(rows, "gemm_64", 64, 64, 64);
  products(rows, "gemm_256", 256, 256, 256);
  product(rows, "gemm_512", 512, 512, 512);
  product(rows, "gemm_1024", 1024, 1024, 1024);
  product(rows, "gemm_2048", 2048, 2048, 2048);
  products(rows, "gemm_100000x32x32", 100000, 32, 32);
  streams(rows, "gemv_4096", square_4096, Traffic::read);       // (1, 4096) @ (4096, 4096)
  streams(rows, "gemv_rows_4096", square_4096, Traffic::read);  // (4096, 4096) @ (4096, 1)
  products(rows, "gemm_transposed_sliced", 1024, 1024, 1024);   // A.T @ B[::2], A (1024, 1024), B (2048, 1024)
  // The products of the demo's training step, 768 = 12 × 64 tokens: forward, gradient of the input, of the weight.
  static constexpr int step[][3] = {{768, 128, 384}, {768, 128, 128}, {768, 128, 512}, {768, 512, 128},
                                    {768, 128, 63},  {768, 384, 128}, {768, 63, 128},  {128, 768, 384},
                                    {128, 768, 128}, {128, 768, 512}, {512, 768, 128}, {128, 768, 63}};
  for (const auto& [m, k, n] : step) {
    product(rows, "gemm_" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n), m, k, n);
  }
}

}  // namespace

// The table that docs/performance.md reports. Cases smaller than the caches may exceed 100 % of the memory roofline.
std::vector<Row> nx_rows() {
  std::vector<Row> rows;
  dispatch_rows(rows);
  elementwise_rows(rows);
  reduction_rows(rows);
  product_rows(rows);
  return rows;
}

}  // namespace raven::bench
