#pragma once
// Numbers that follow the step, 0-based: the count of completed updates.
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "raven/nx/array.hpp"

namespace vega {

/// A value that depends on the step. One definition gives both forms: of a number and of a 0-d array, so that a
/// compiled step never bakes the value in. Implicit from a constant. Optax: Schedule.
class RAVEN_API Schedule {
 public:
  struct Node;
  Schedule(double constant);
  explicit Schedule(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  double operator()(int64_t step) const;
  /// step: 0-d integer array; result: 0-d f64.
  nx::Array operator()(const nx::Array& step) const;
  /// Bounds of all values; NaN when one may be.
  struct Range {
    double least, largest;
  };
  Range range() const;
  const Node& node() const { return *node_; }

 private:
  std::shared_ptr<const Node> node_;
};

/// a + (b − a)·s/n for s < n, then b; a before step 0. Throws nx::ValueError when n < 1, or a or b is not finite.
RAVEN_API Schedule linear(double a, double b, int64_t n);
/// a·((1 − alpha)·(½(1 + cos πs/n)) + alpha) for s < n, then a·alpha; a before step 0. Throws nx::ValueError when
/// n < 1, or a or alpha is not finite.
RAVEN_API Schedule cosine_decay(double a, int64_t n, double alpha = 0);

struct WarmupCosineOpts {
  double init = 0;     ///< value at step 0
  double peak = 0;     ///< value after `warmup` steps
  int64_t warmup = 0;  ///< steps of the linear rise
  int64_t total = 0;   ///< steps of rise and decay together
  double end = 0;      ///< value from `total` on
};
/// Linear from init to peak, then a cosine to end. Optax: warmup_cosine_decay_schedule. Throws nx::ValueError
/// unless 0 ≤ warmup < total and peak ≠ 0.
RAVEN_API Schedule warmup_cosine_decay(const WarmupCosineOpts& options);

/// Several schedules one after the other: `boundaries[i]` is the step at which part i + 1 starts (at its own step 0).
/// Throws nx::ValueError unless the boundaries ascend and are one fewer than the parts.
RAVEN_API Schedule join(const std::vector<Schedule>& parts, const std::vector<int64_t>& boundaries);

}  // namespace vega
