// The suite `nx`: arrays against NumPy and PyTorch (rows.cpp has the table).
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "bench/nx/rows.hpp"
#include "bench/runner/suites.hpp"
#include "raven/base/error.hpp"
#include "raven/nx.hpp"

namespace raven::bench {
namespace {

using nx::Array;
using nx::Shape;

template <class T>
Array values(const Shape& shape) {
  return hashed(shape, 1, nx::dtype_of<T>);
}

/// Adds the body of `function(x)` on one input, or `function(a, b)` on two, for f32 and f64.
template <class Function>
void unary(Bodies& bodies, const std::string& name, const Shape& shape, Function function) {
  bodies.push_back(
      {name + "_f32", [=] { return repeat([x = values<float>(shape), function] { return function(x); }); }});
  bodies.push_back(
      {name + "_f64", [=] { return repeat([x = values<double>(shape), function] { return function(x); }); }});
}
template <class Function>
void binary(Bodies& bodies, const std::string& name, const Shape& left, const Shape& right, Function function) {
  const auto body = [=]<class T>(T) {
    return [=] { return repeat([a = values<T>(left), b = values<T>(right), function] { return function(a, b); }); };
  };
  bodies.push_back({name + "_f32", body(0.0f)});
  bodies.push_back({name + "_f64", body(0.0)});
}
Array add(const Array& a, const Array& b) { return a + b; }
template <class T = float>
std::function<Run()> product(int64_t m, int64_t k, int64_t n) {
  return [=] { return repeat([a = values<T>({m, k}), b = values<T>({k, n})] { return nx::matmul(a, b); }); };
}

void start_process() {
  char* arguments[] = {const_cast<char*>(RAVEN_BENCH_START), nullptr};
  pid_t process = 0;
  int status = 0;
  if (posix_spawn(&process, arguments[0], nullptr, nullptr, arguments, environ) != 0 ||
      waitpid(process, &status, 0) != process || status != 0) {
    throw Error("bench.process_start", "cannot run " RAVEN_BENCH_START);
  }
}

void dispatch_bodies(Bodies& bodies) {
  binary(bodies, "add_tiny", {4}, {4}, add);
  unary(bodies, "add_weak_scalar", {4}, [](const Array& x) { return x + 1.0; });
  binary(bodies, "add_broadcast_tiny", {4}, {1}, add);
  unary(bodies, "scale_shift_0d", {}, [](const Array& x) { return x * 2 + 1; });
  const auto view = [&](const char* name, auto function) {
    bodies.push_back(
        {name, [=] { return repeat([x = values<double>({100, 100}), function] { return function(x); }); }});
  };
  view("view_slice", [](const Array& x) { return nx::slice(x, {1, 0}, {50, 100}, {1, 2}); });
  view("view_reshape", [](const Array& x) { return nx::reshape(x, {10, 1000}); });
  view("view_transpose", [](const Array& x) { return x.T(); });
  unary(bodies, "sum_tiny", {8}, [](const Array& x) { return nx::sum(x); });
  unary(bodies, "max_tiny", {8}, [](const Array& x) { return nx::max(x); });
  bodies.push_back({"exp_cache_f32", [] { return repeat([x = values<float>({4096})] { return nx::exp(x); }); }});
  bodies.push_back({"exp_cache_f64", [] { return repeat([x = values<double>({2048})] { return nx::exp(x); }); }});
  bodies.push_back({"process_start", [] { return repeat(start_process); }});
}

/// A function on 10⁶ elements in [low, high), as the peers have them.
template <class Function>
void function_of(Bodies& bodies, const std::string& name, double low, double high, Function function) {
  const auto body = [=]<class T>(T) {
    return [=] {
      const Array x = values<T>({1'000'000}) * ((high - low) / 2) + (high + low) / 2;
      return repeat([x, function] { return function(x); });
    };
  };
  bodies.push_back({name + "_1e6_f32", body(0.0f)});
  bodies.push_back({name + "_1e6_f64", body(0.0)});
}

void elementwise_bodies(Bodies& bodies) {
  binary(bodies, "add_100x100", {100, 100}, {100, 100}, add);
  binary(bodies, "add_1e6", {1'000'000}, {1'000'000}, add);
  bodies.push_back({"add_5e7_f32", [] {
                      const Array x = nx::ones({50'000'000}, {.dtype = nx::f32});
                      return repeat([a = x, b = x + 0.0] { return a + b; });
                    }});
  binary(bodies, "add_broadcast_column", {1024, 1024}, {1024, 1}, add);
  binary(bodies, "add_broadcast_row", {1024, 1024}, {1024}, add);
  binary(bodies, "add_transposed", {2048, 2048}, {2048, 2048},
         [](const Array& a, const Array& b) { return a + b.T(); });
  function_of(bodies, "exp", -4, 4, [](const Array& x) { return nx::exp(x); });
  function_of(bodies, "log", 0.5, 1.5, [](const Array& x) { return nx::log(x); });
  function_of(bodies, "sin", -4, 4, [](const Array& x) { return nx::sin(x); });
  function_of(bodies, "tanh", -4, 4, [](const Array& x) { return nx::tanh(x); });
  function_of(bodies, "pow", 0.5, 1.5, [](const Array& x) { return nx::pow(x, 1.7); });
  function_of(bodies, "where", 0, 1, [](const Array& x) { return nx::where(x > 0.5, x, 0.0); });
  unary(bodies, "transpose_copy", {4096, 4096}, [](const Array& x) { return nx::contiguous(x.T()); });
}

void reduction_bodies(Bodies& bodies) {
  unary(bodies, "sum_1e6", {1'000'000}, [](const Array& x) { return nx::sum(x); });
  for (const int axis : {0, 1}) {
    const std::string suffix = "_axis" + std::to_string(axis);
    unary(bodies, "sum" + suffix, {4096, 1024}, [=](const Array& x) { return nx::sum(x, axis); });
    unary(bodies, "max" + suffix, {4096, 1024}, [=](const Array& x) { return nx::max(x, axis); });
    unary(bodies, "mean" + suffix, {4096, 1024}, [=](const Array& x) { return nx::mean(x, axis); });
  }
  unary(bodies, "var_axis1", {2048, 2048}, [](const Array& x) { return nx::var(x, 1); });
  unary(bodies, "softmax", {2048, 2048}, [](const Array& x) { return nx::softmax(x); });
}

void product_bodies(Bodies& bodies) {
  static constexpr int64_t shapes[][3] = {{512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}};
  static constexpr int64_t f64_too[][3] = {{64, 64, 64}, {256, 256, 256}, {100'000, 32, 32}};
  static constexpr int64_t step[][3] = {{768, 128, 384}, {768, 128, 128}, {768, 128, 512}, {768, 512, 128},
                                        {768, 128, 63},  {768, 384, 128}, {768, 63, 128},  {128, 768, 384},
                                        {128, 768, 128}, {128, 768, 512}, {512, 768, 128}, {128, 768, 63}};
  const auto name = [](int64_t m, int64_t k, int64_t n) {
    if (m == k && k == n) return "gemm_" + std::to_string(m);
    return "gemm_" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n);
  };
  for (const auto& [m, k, n] : shapes) bodies.push_back({name(m, k, n), product(m, k, n)});
  for (const auto& [m, k, n] : f64_too) {
    bodies.push_back({name(m, k, n), product(m, k, n)});
    bodies.push_back({name(m, k, n) + "_f64", product<double>(m, k, n)});
  }
  for (const auto& [m, k, n] : step) bodies.push_back({name(m, k, n), product(m, k, n)});
  const auto matmul = [](const Array& a, const Array& b) { return nx::matmul(a, b); };
  binary(bodies, "gemv_4096", {1, 4096}, {4096, 4096}, matmul);
  binary(bodies, "gemv_rows_4096", {4096, 4096}, {4096, 1}, matmul);
  const auto transposed_sliced = [](const Array& a, const Array& b) {
    return nx::matmul(a.T(), nx::slice(b, {0, 0}, {2048, 1024}, {2, 1}));
  };
  bodies.push_back({"gemm_transposed_sliced", [=] {
                      return repeat([=, a = values<float>({1024, 1024}), b = values<float>({2048, 1024})] {
                        return transposed_sliced(a, b);
                      });
                    }});
  bodies.push_back({"gemm_transposed_sliced_f64", [=] {
                      return repeat([=, a = values<double>({1024, 1024}), b = values<double>({2048, 1024})] {
                        return transposed_sliced(a, b);
                      });
                    }});
}

}  // namespace

void nx_cases(std::vector<Case>& cases) {
  Bodies bodies;
  dispatch_bodies(bodies);
  elementwise_bodies(bodies);
  reduction_bodies(bodies);
  product_bodies(bodies);
  append_rows(cases, "nx", nx_rows(), bodies);
}

}  // namespace raven::bench
