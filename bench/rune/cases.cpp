// The suite `rune`: transformations against PyTorch's autograd.
#include "bench/runner/suites.hpp"
#include "raven/nx.hpp"
#include "raven/rune.hpp"

namespace raven::bench {
namespace {

// 12 heads of 1024 × 64: two products of 2·T²·D flop per head, half of it under a causal mask; the backward has five.
constexpr double attention_flop = 12 * 2 * (2.0 * 1024 * 1024 * 64) / 2;

std::function<Run()> tape_body() {
  return [] {
    return repeat([x = nx::ones({4}, {.dtype = nx::f32}), y = nx::ones({4}, {.dtype = nx::f32})] {
      const auto chain = [&](const nx::Array& start) {
        nx::Array sum = start;
        for (int i = 0; i < 1000; ++i) sum = sum + y;
        return nx::sum(sum);
      };
      return rune::grad(chain)(x);
    });
  };
}

std::function<Run()> grad_rows_body(int64_t count) {
  return [count] {
    return repeat([count, x = nx::ones({count, 256}, {.dtype = nx::f32})] {
      const auto loss = [count](const nx::Array& rows) {
        nx::Array total = nx::zeros({}, {.dtype = nx::f32});
        for (int64_t i = 0; i < count; ++i) {
          const nx::Array row = nx::slice(rows, {i, 0}, {i + 1, 256}, {1, 1});
          total = total + nx::sum(row * row);
        }
        return total;
      };
      return rune::grad(loss)(x);
    });
  };
}

/// 12 causal heads of 1024 × 64, forward or with the gradients of q, k and v for ones.
std::function<Run()> attention_body(bool backward) {
  return [backward] {
    const auto input = [](uint32_t seed) { return hashed({1, 12, 1024, 64}, seed); };
    const auto attend = [](const nx::Array& q, const nx::Array& k, const nx::Array& v) {
      return nx::sdpa(q, k, v, {.causal = true});
    };
    return repeat([=, q = input(1), k = input(2), v = input(3), g = nx::ones({1, 12, 1024, 64}, {.dtype = nx::f32})] {
      if (!backward) return std::tuple{attend(q, k, v), nx::Array{}, nx::Array{}};
      auto [o, pullback] = rune::vjp(attend, q, k, v);
      return std::move(pullback)(g);
    });
  };
}

}  // namespace

void rune_cases(std::vector<Case>& cases) {
  const std::vector<Row> rows = {
      // A chain of 1,000 adds of four floats, recorded and run backward.
      {"tape_1000", {1}, {Bound::overhead}, {{"pytorch", {"tape_1000"}}}},
      // Σ f(x(i)) over N rows of 256, f(r) = Σ r², and its gradient: linear in N when cotangents of rows land in place.
      {"grad_rows_4096", {1}, {Bound::overhead}, {{"pytorch", {"grad_rows_4096"}}}},
      {"grad_rows_8192", {1}, {Bound::overhead}, {{"pytorch", {"grad_rows_8192"}}}},
      {"attention_1024_forward", {1, 2}, {Bound::compute, attention_flop}, {{"pytorch", {"attention_1024_forward"}}}},
      {"attention_1024_backward",
       {1, 2},
       {Bound::compute, 3.5 * attention_flop},
       {{"pytorch", {"attention_1024_backward"}}}},
  };
  append_rows(cases, "rune", rows,
              {{"tape_1000", tape_body()},
               {"grad_rows_4096", grad_rows_body(4096)},
               {"grad_rows_8192", grad_rows_body(8192)},
               {"attention_1024_forward", attention_body(false)},
               {"attention_1024_backward", attention_body(true)}});
}

}  // namespace raven::bench
