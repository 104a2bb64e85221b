// The suite `tolk`: calls of compiled functions against JAX's. What is timed is the call: many leaves, or many tiny
// kernels.
#include "bench/runner/suites.hpp"
#include "raven/nx.hpp"
#include "raven/rune.hpp"

namespace raven::bench {
namespace {

using Leaves = std::vector<nx::Array>;

Leaves make_leaves(int count) {
  Leaves leaves;
  for (int i = 0; i < count; ++i) leaves.push_back(nx::ones({16}, {.dtype = nx::f32}));
  return leaves;
}

Leaves add_one(const Leaves& leaves) {
  Leaves out;
  for (const nx::Array& x : leaves) out.push_back(x + 1);
  return out;
}

/// x ← x − mean(x, axis k mod 2), 200 times on 16 × 16.
nx::Array centre_200(const nx::Array& start) {
  nx::Array x = start;
  for (int k = 0; k < 200; ++k) x = x - nx::mean(x, k % 2);
  return x;
}

std::function<Run()> leaves_body(bool compiled) {
  return [compiled] {
    const auto call = [](auto f) { return repeat([f, leaves = make_leaves(150)] { return f(leaves); }); };
    return compiled ? call(rune::jit(add_one)) : call(add_one);
  };
}

std::function<Run()> donated_body(bool compiled) {
  return [compiled]() -> Run {
    if (compiled)
      return repeat([f = rune::jit(add_one), leaves = make_leaves(446)]() mutable { leaves = f(std::move(leaves)); });
    return repeat([leaves = make_leaves(446)]() mutable {
      for (nx::Array& x : leaves) x += 1;
    });
  };
}

std::function<Run()> tiny_body(bool compiled) {
  return [compiled] {
    const auto call = [](auto f) {
      return repeat([f, x = nx::reshape(nx::arange(256), {16, 16}).astype(nx::f32)] { return f(x); });
    };
    return compiled ? call(rune::jit(centre_200)) : call(centre_200);
  };
}

}  // namespace

void tolk_cases(std::vector<Case>& cases) {
  const std::vector<Row> rows = {
      {"call_150_leaves", {1}, {Bound::overhead}, {{"jax", {"call_150_leaves"}}}},
      {"call_446_donated", {1}, {Bound::overhead}, {{"jax", {"call_446_donated"}}}},
      {"tiny_200", {1}, {Bound::overhead}, {{"jax", {"tiny_200"}}}},
      // The same, op by op.
      {"eager_150_leaves", {1}, {Bound::overhead}, {}},
      {"eager_446_in_place", {1}, {Bound::overhead}, {}},
      {"eager_tiny_200", {1}, {Bound::overhead}, {}},
  };
  append_rows(cases, "tolk", rows,
              {{"call_150_leaves", leaves_body(true)},
               {"call_446_donated", donated_body(true)},
               {"tiny_200", tiny_body(true)},
               {"eager_150_leaves", leaves_body(false)},
               {"eager_446_in_place", donated_body(false)},
               {"eager_tiny_200", tiny_body(false)}});
}

}  // namespace raven::bench
