#pragma once
// What a forward pass needs besides its input: the mode, and keys for randomness.
#include <cstdint>

#include "raven/nx/api/random.hpp"

namespace kaun {

using nx::Array;
/// Makes keys for initialisation; only splits Threefry keys underneath.
using Rng = nx::random::Generator;

/// Passed by reference through layers: `y = layer(x, cx)`. Keys come in call order, so the same model and key give the
/// same dropout masks.
class RAVEN_API Ctx {
 public:
  /// Training: dropout is active, keys are folded out of `key`.
  static Ctx training(Array key);
  /// Evaluation: dropout is the identity, no keys.
  static Ctx evaluation();
  bool train() const { return train_; }
  /// fold_in(key, n++). Throws nx::ValueError in evaluation.
  Array next_key();

 private:
  bool train_ = false;
  Array key_;
  int64_t count_ = 0;
};

}  // namespace kaun
