#pragma once
// The stages of raven/vega/transform.hpp. Not installed.
#include "raven/vega/transform.hpp"

namespace vega::detail {

/// Leaves that are optimized: parameters (not buffers) of floating dtype that are there. Nothing touches the others.
inline bool optimizes(const Array& param, const LeafInfo& info) {
  return info.role == tree::Role::param && param.defined() && nx::is_float(param.dtype());
}

/// State: norm.
class ClipByGlobalNorm final : public Stage {
 public:
  explicit ClipByGlobalNorm(double max) : max_(max) {}
  std::string name() const override;
  std::vector<StateEntry> init(const std::vector<Array>& params, const std::vector<LeafInfo>& infos) const override;
  void update(const StageCall& call) const override;
  /// ‖g‖ over the gradients that are there, a 0-d array: squares summed per leaf, leaves added in tree order in f64.
  static Array norm(const std::vector<Array>& grads);
  /// Throws nx::TreeMismatchError unless there is the one entry.
  static void check_state(const StateEntry* state, size_t count);
  /// max / (norm + 1e-6) when the norm exceeds max, else 1; 0-d f64.
  Array factor(const Array& norm) const;

 private:
  double max_;
};

/// State: count, mu.<path>…, nu.<path>… for the leaves that are optimized.
class AdamW final : public Stage {
 public:
  explicit AdamW(AdamWOpts options) : options_(std::move(options)) {}
  std::string name() const override;
  std::vector<StateEntry> init(const std::vector<Array>& params, const std::vector<LeafInfo>& infos) const override;
  void update(const StageCall& call) const override;

  /// Numbers of the step after `count` updates, 0-d f64.
  struct Numbers {
    Array rate, root, decay;
  };
  Numbers numbers(const Array& count) const;
  const AdamWOpts& options() const { return options_; }
  /// count + 1, at most INT32_MAX.
  static Array next_count(const Array& count);
  /// The number of such leaves. Throws nx::TreeMismatchError when the state is of another transform or other
  /// parameters.
  static size_t check_state(const StateEntry* state, size_t count, const std::vector<Array>& params,
                            const std::vector<LeafInfo>& infos);

 private:
  AdamWOpts options_;
};

}  // namespace vega::detail
