// The one pass over all leaves gives the bits of the stages run one by one, for any sizes, threads and owners.
#include "raven/base/thread_pool.hpp"
#include "vega/support.hpp"

namespace vega::test {
namespace {

/// Leaves around every boundary: lanes of 4, 8 and 16, tasks of 16,384 elements, none at all.
Leaves odd_leaves(uint64_t step, nx::DType dtype) {
  Leaves out;
  uint64_t t = 0;
  for (const int64_t size :
       {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 1000, 16383, 16384, 16385, 40000}) {
    out["v" + std::to_string(size)] = hashed(step, t++, {size}, dtype);
    out["m" + std::to_string(size)] = hashed(step, t++, {1, size}, dtype);
  }
  out["scalar"] = hashed(step, t++, {}, dtype);
  return out;
}

Transform optimizer(bool clipped) {
  const Transform adam =
      adamw({.lr = linear(0, 1e-2, 3), .b2 = 0.99, .weight_decay = 0.1, .decay_mask = mask::ndim_ge(2)});
  return clipped ? chain(clip_by_global_norm(2), adam) : adam;
}

struct Outcome {
  Leaves params;
  State<Leaves> state;
};
Outcome fused(bool clipped, nx::DType dtype) {
  const Transform tx = optimizer(clipped);
  Outcome outcome{odd_leaves(99, dtype), {}};
  outcome.state = tx.init(outcome.params);
  for (uint64_t step = 0; step < 4; ++step)
    std::tie(outcome.params, outcome.state) =
        tx.update(odd_leaves(step, dtype), std::move(outcome.state), std::move(outcome.params));
  return outcome;
}
Outcome staged(bool clipped, nx::DType dtype) {
  const Transform tx = optimizer(clipped);
  Outcome outcome{odd_leaves(99, dtype), {}};
  outcome.state = tx.init(outcome.params);
  for (uint64_t step = 0; step < 4; ++step) {
    Leaves updates;
    std::tie(updates, outcome.state) = tx.updates(odd_leaves(step, dtype), outcome.state, outcome.params);
    for (auto& [name, value] : outcome.params) value = value + updates.at(name);
  }
  return outcome;
}
void expect_equal(const Outcome& a, const Outcome& b) {
  for (const auto& [name, value] : a.params) expect_same_bits(value, b.params.at(name), name);
  ASSERT_EQ(a.state.entries().size(), b.state.entries().size());
  for (size_t i = 0; i < a.state.entries().size(); ++i) {
    EXPECT_EQ(a.state.entries()[i].name, b.state.entries()[i].name);
    expect_same_bits(a.state.entries()[i].value, b.state.entries()[i].value, a.state.entries()[i].name);
  }
}

TEST(Fused, GivesTheBitsOfTheStages) {
  for (const bool clipped : {false, true})
    for (const nx::DType dtype : {nx::f32, nx::f64}) expect_equal(fused(clipped, dtype), staged(clipped, dtype));
}

TEST(Fused, DoesNotDependOnThreads) {
  const Outcome all = fused(true, nx::f32);
  const raven::ThreadLimit one(1);
  expect_equal(fused(true, nx::f32), all);
}

TEST(Fused, OtherHandlesKeepTheirValues) {
  const Transform tx = optimizer(true);
  Leaves params = odd_leaves(99, nx::f32);
  State state = tx.init(params);
  const Leaves shared = params;
  const State<Leaves> shared_state = state;
  for (uint64_t step = 0; step < 2; ++step)  // the first one has a rate of 0
    std::tie(params, state) = tx.update(odd_leaves(step, nx::f32), std::move(state), std::move(params));
  const Leaves untouched = odd_leaves(99, nx::f32);
  for (const auto& [name, value] : shared) expect_same_bits(value, untouched.at(name), name);
  for (const StateEntry& entry : shared_state.entries())
    for (const double x : numbers(entry.value)) ASSERT_EQ(x, 0) << entry.name;
  EXPECT_NE(numbers(params.at("v65")), numbers(shared.at("v65")));
}

TEST(Fused, ViewsAreRead) {
  const Transform tx = optimizer(true);
  const nx::Array base = hashed(1, 1, {40, 30}, nx::f32), gradient = hashed(2, 1, {40, 30}, nx::f32);
  const nx::Array p = nx::transpose(base, {1, 0}), g = nx::transpose(gradient, {1, 0});
  const nx::Array dense_p = p + 0.0f, dense_g = g + 0.0f;
  expect_same_bits(tx.update(g, tx.init(p), p).first, tx.update(dense_g, tx.init(dense_p), dense_p).first,
                   "a transposed parameter");
  const nx::Array spread = nx::broadcast_to(floats({0.5f}), {30, 40});
  expect_same_bits(tx.update(spread, tx.init(p), p).first, tx.update(spread + 0.0f, tx.init(dense_p), dense_p).first,
                   "a broadcast gradient");
}

TEST(Fused, OnlyEmptyLeaves) {
  const Transform tx = optimizer(true);
  const nx::Array none = nx::zeros({0, 3}, {.dtype = nx::f32});
  const auto [next, state] = tx.update(none, tx.init(none), none);
  EXPECT_EQ(next.shape(), (nx::Shape{0, 3}));
  EXPECT_EQ(state.entries()[1].value.item<int32_t>(), 1);
  const auto [nothing, empty_state] = tx.update(Leaves{}, tx.init(Leaves{}), Leaves{});
  EXPECT_TRUE(nothing.empty());
}

TEST(Fused, MovedArgumentsAreUpdatedInPlace) {
  const Transform tx = adamw();
  nx::Array p = hashed(1, 1, {5000}, nx::f32);
  State state = tx.init(p);
  const auto address = [](const nx::Array& x) { return x.data<float>(); };
  const float *at = address(p), *moment = address(state.entries()[1].value);
  std::tie(p, state) = tx.update(hashed(2, 1, {5000}, nx::f32), std::move(state), std::move(p));
  EXPECT_EQ(address(p), at);
  EXPECT_EQ(address(state.entries()[1].value), moment);
}

}  // namespace
}  // namespace vega::test
