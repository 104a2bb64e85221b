// The suite `tolk`: compiled functions. Here the calls (many leaves, or many tiny kernels) and first calls in fresh
// processes; kernels.cpp has what the generated kernels do.
#include "bench/runner/suites.hpp"
#include "bench/tolk/compiled.hpp"
#include "bench/tolk/first_call_cases.hpp"
#include "bench/tolk/kernels.hpp"

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

std::function<Run()> leaves_body(bool is_compiled) {
  return [is_compiled] {
    return is_compiled ? compiled(add_one, make_leaves(150))
                       : repeat([leaves = make_leaves(150)] { return add_one(leaves); });
  };
}

std::function<Run()> donated_body(bool is_compiled) {
  return [is_compiled]() -> Run {
    if (is_compiled) {
      const auto f = rune::jit(add_one);
      Run run =
          repeat([f, leaves = make_leaves(446)]() mutable -> const Leaves& { return leaves = f(std::move(leaves)); });
      run.reference = [] { return checksums(add_one(make_leaves(446))); };
      run.launches = launches_of(f);
      return run;
    }
    return repeat([leaves = make_leaves(446)]() mutable {
      for (nx::Array& x : leaves) x += 1;
    });
  };
}

std::function<Run()> tiny_body(bool is_compiled) {
  return [is_compiled] {
    const nx::Array x = hashed({16, 16});
    return is_compiled ? compiled(centre_200, x) : repeat([x] { return centre_200(x); });
  };
}

}  // namespace

void tolk_cases(std::vector<Case>& cases) {
  std::vector<Row> rows = {
      {"call_150_leaves", {1}, {Bound::overhead}, {{"jax", {"call_150_leaves"}}}},
      {"call_446_donated", {1}, {Bound::overhead}, {{"jax", {"call_446_donated"}}}},
      {"tiny_200", {1}, {Bound::overhead}, {{"jax", {"tiny_200"}}}},
      // From making the jitted function to its result, in a process of its own: nothing cached, then the code on disk.
      {"first_call_map_gelu_cold", {1}, {Bound::overhead}, {{"jax", {"first_call_map_gelu_cold"}}}},
      {"first_call_map_gelu_disk", {1}, {Bound::overhead}, {{"jax", {"first_call_map_gelu_disk"}}}},
      {"first_call_softmax_grad_cold", {1}, {Bound::overhead}, {{"jax", {"first_call_softmax_grad_cold"}}}},
      {"first_call_softmax_grad_disk", {1}, {Bound::overhead}, {{"jax", {"first_call_softmax_grad_disk"}}}},
      // The calls above, op by op.
      {"eager_150_leaves", {1}, {Bound::overhead}, {}},
      {"eager_446_in_place", {1}, {Bound::overhead}, {}},
      {"eager_tiny_200", {1}, {Bound::overhead}, {}},
  };
  Bodies bodies = {{"call_150_leaves", leaves_body(true)},
                   {"call_446_donated", donated_body(true)},
                   {"tiny_200", tiny_body(true)},
                   {"first_call_map_gelu_cold", first_call_body("map_gelu", false)},
                   {"first_call_map_gelu_disk", first_call_body("map_gelu", true)},
                   {"first_call_softmax_grad_cold", first_call_body("softmax_grad", false)},
                   {"first_call_softmax_grad_disk", first_call_body("softmax_grad", true)},
                   {"eager_150_leaves", leaves_body(false)},
                   {"eager_446_in_place", donated_body(false)},
                   {"eager_tiny_200", tiny_body(false)}};
  for (Row& row : kernel_rows()) rows.push_back(std::move(row));
  for (auto& body : kernel_bodies()) bodies.push_back(std::move(body));
  append_rows(cases, "tolk", rows, bodies);
}

}  // namespace raven::bench
