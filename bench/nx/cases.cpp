// The suite `nx`: arrays against NumPy and PyTorch (rows.cpp has the table). Rows without a body here are shown by
// `--peers-only`: their functions are not in nx.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "bench/nx/rows.hpp"
#include "bench/runner/suites.hpp"
#include "raven/base/error.hpp"
#include "raven/nx.hpp"

namespace raven::bench {
namespace {

using nx::Array;
using nx::Shape;

/// Values in [-1, 1) from a multiplicative hash; every array of a size is the same.
template <class T = float>
Array values(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  std::vector<T> data(static_cast<size_t>(count));
  uint32_t state = 12345;
  for (T& x : data) {
    state = state * 1664525u + 1013904223u;
    x = static_cast<T>(state >> 8) / static_cast<T>(1 << 23) - static_cast<T>(1);
  }
  return nx::array(data, shape);
}

/// The Run of `function(x)` on one input, or `function(a, b)` on two.
template <class T = float, class Function>
std::function<Run()> unary(Shape shape, Function function) {
  return [=] { return repeat([x = values<T>(shape), function] { return function(x); }); };
}
template <class T = float, class Function>
std::function<Run()> binary(Shape left, Shape right, Function function) {
  return [=] { return repeat([a = values<T>(left), b = values<T>(right), function] { return function(a, b); }); };
}
template <class T = float>
std::function<Run()> sum_of(Shape left, Shape right) {
  return binary<T>(left, right, [](const Array& a, const Array& b) { return a + b; });
}
std::function<Run()> product(int64_t m, int64_t k, int64_t n) {
  return binary({m, k}, {k, n}, [](const Array& a, const Array& b) { return nx::matmul(a, b); });
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

Bodies dispatch_bodies() {
  const auto exp = [](const Array& x) { return nx::exp(x); };
  return {
      {"add_tiny", sum_of({4}, {4})},
      {"add_tiny_f64", sum_of<double>({4}, {4})},
      {"add_weak_scalar", unary({4}, [](const Array& x) { return x + 1.0; })},
      {"add_broadcast_tiny", sum_of({4}, {1})},
      {"scale_shift_0d", unary<double>({}, [](const Array& x) { return x * 2 + 1; })},
      {"view_slice", unary<double>({100, 100}, [](const Array& x) { return nx::slice(x, {1, 0}, {50, 100}, {1, 2}); })},
      {"view_reshape", unary<double>({100, 100}, [](const Array& x) { return nx::reshape(x, {10, 1000}); })},
      {"view_transpose", unary<double>({100, 100}, [](const Array& x) { return x.T(); })},
      {"sum_tiny", unary({8}, [](const Array& x) { return nx::sum(x); })},
      {"max_tiny", unary({8}, [](const Array& x) { return nx::max(x); })},
      {"exp_cache_f32", unary({4096}, exp)},
      {"exp_cache_f64", unary<double>({2048}, exp)},
      {"process_start", [] { return repeat(start_process); }},
  };
}

Bodies elementwise_bodies() {
  const auto exp = [](const Array& x) { return nx::exp(x); };
  return {
      {"add_100x100_f64", sum_of<double>({100, 100}, {100, 100})},
      {"add_100x100_f32", sum_of({100, 100}, {100, 100})},
      {"add_f32_1e6", sum_of({1'000'000}, {1'000'000})},
      {"add_f64_1e6", sum_of<double>({1'000'000}, {1'000'000})},
      {"add_f32_5e7", sum_of({50'000'000}, {50'000'000})},
      {"add_broadcast_column_f32", sum_of({1024, 1024}, {1024, 1})},
      {"add_broadcast_row_f32", sum_of({1024, 1024}, {1024})},
      {"add_transposed_f32",
       binary({2048, 2048}, {2048, 2048}, [](const Array& a, const Array& b) { return a + b.T(); })},
      {"exp_f32_1e6", unary({1'000'000}, exp)},
      {"exp_f64_1e6", unary<double>({1'000'000}, exp)},
      {"transpose_copy_f32", unary({4096, 4096}, [](const Array& x) { return nx::contiguous(x.T()); })},
  };
}

Bodies reduction_bodies() {
  const auto sum = [](const Array& x) { return nx::sum(x); };
  return {
      {"sum_f32_1e6", unary({1'000'000}, sum)},
      {"sum_f64_1e6", unary<double>({1'000'000}, sum)},
      {"sum_axis0_f32", unary({4096, 1024}, [](const Array& x) { return nx::sum(x, 0); })},
      {"sum_axis1_f32", unary({4096, 1024}, [](const Array& x) { return nx::sum(x, 1); })},
      {"max_axis0_f32", unary({4096, 1024}, [](const Array& x) { return nx::max(x, 0); })},
      {"max_axis1_f32", unary({4096, 1024}, [](const Array& x) { return nx::max(x, 1); })},
      {"softmax_f32", unary({2048, 2048}, [](const Array& x) { return nx::softmax(x); })},
  };
}

Bodies product_bodies() {
  return {
      {"gemm_64", product(64, 64, 64)},
      {"gemm_256", product(256, 256, 256)},
      {"gemm_512", product(512, 512, 512)},
      {"gemm_1024", product(1024, 1024, 1024)},
      {"gemm_2048", product(2048, 2048, 2048)},
      {"gemm_100000x32x32", product(100'000, 32, 32)},
      {"gemv_4096", product(1, 4096, 4096)},
      {"gemm_transposed_sliced", binary({1024, 1024}, {2048, 1024},
                                        [](const Array& a, const Array& b) {
                                          return nx::matmul(a.T(), nx::slice(b, {0, 0}, {2048, 1024}, {2, 1}));
                                        })},
      {"gemm_768x128x384", product(768, 128, 384)},
      {"gemm_768x128x128", product(768, 128, 128)},
      {"gemm_768x128x512", product(768, 128, 512)},
      {"gemm_768x512x128", product(768, 512, 128)},
      {"gemm_768x128x63", product(768, 128, 63)},
      {"gemm_768x384x128", product(768, 384, 128)},
      {"gemm_768x63x128", product(768, 63, 128)},
      {"gemm_128x768x384", product(128, 768, 384)},
      {"gemm_128x768x128", product(128, 768, 128)},
      {"gemm_128x768x512", product(128, 768, 512)},
      {"gemm_512x768x128", product(512, 768, 128)},
      {"gemm_128x768x63", product(128, 768, 63)},
  };
}

}  // namespace

void nx_cases(std::vector<Case>& cases) {
  Bodies bodies;
  for (const Bodies& part : {dispatch_bodies(), elementwise_bodies(), reduction_bodies(), product_bodies()}) {
    bodies.insert(bodies.end(), part.begin(), part.end());
  }
  append_rows(cases, "nx", nx_rows(), bodies);
}

}  // namespace raven::bench
