#pragma once
// Optimizers: values that turn gradients into new parameters.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/nx/api/options.hpp"
#include "raven/nx/tree.hpp"
#include "raven/vega/mask.hpp"
#include "raven/vega/schedule.hpp"

namespace vega {

using nx::Array;
namespace tree = nx::tree;

/// One named array of an optimizer state: `1.mu.h.0.attn.c_attn.weight`, `1.count`.
struct StateEntry {
  std::string name;
  Array value;
};

/// The state of a Transform for parameters of type P. A tree: it travels through grad, jit and checkpoints, and its
/// paths are its entries' names. Made by Transform::init.
template <class P>
class State {
 public:
  State() = default;
  explicit State(std::vector<StateEntry> entries) : entries_(std::move(entries)) {}
  const std::vector<StateEntry>& entries() const& { return entries_; }
  /// Of a temporary: the entries themselves, so that `for (… : tx.init(model).entries())` is safe.
  std::vector<StateEntry> entries() && { return std::move(entries_); }
  std::vector<StateEntry> take() && { return std::move(entries_); }

  static constexpr int nx_tree_count = 1;
  template <class Self, class Visit>
  static void nx_tree_fields(Self& self, Visit&& visit) {
    for (auto& entry : self.entries_) visit(entry.name, entry.value, false);
  }

 private:
  std::vector<StateEntry> entries_;
};

/// What a stage sees of one update. All lists are in leaf order; absent gradients are empty handles.
struct StageCall {
  std::vector<Array>& updates;  ///< in: gradients or the former stage's result; out: this stage's
  const std::vector<Array>& params;
  const std::vector<LeafInfo>& infos;
  StateEntry* state;  ///< this stage's entries
  size_t state_count;
};

/// One stage of a transform, written with nx functions. Derive to add your own.
class RAVEN_API Stage {
 public:
  virtual ~Stage();
  virtual std::string name() const = 0;
  /// Entries without the stage prefix, e.g. `count`, `mu.<path>`.
  virtual std::vector<StateEntry> init(const std::vector<Array>& params, const std::vector<LeafInfo>& infos) const = 0;
  /// Rewrites call.updates and call.state. The final updates are added to the parameters.
  virtual void update(const StageCall& call) const = 0;
};

/// A chain of stages. `update` is the whole step; `updates` is Optax's form, to be added to the parameters. Buffers and
/// leaves of integers pass through untouched, whatever the gradient has in their place: they have no update.
class RAVEN_API Transform {
 public:
  Transform() = default;
  explicit Transform(std::shared_ptr<const Stage> stage) : stages_{std::move(stage)} {}
  explicit Transform(std::vector<std::shared_ptr<const Stage>> stages) : stages_(std::move(stages)) {}

  /// The state at step 0.
  template <class P>
  State<P> init(const P& params) const {
    return State<P>(init_leaves(tree::leaves(params), tree::infos(params)));
  }
  /// One step: `std::tie(model, state) = tx.update(grads, state, model)`. Moved arguments that nobody else holds are
  /// updated in place. Throws nx::TreeMismatchError when the trees differ, naming the first path.
  template <class P>
  std::pair<P, State<P>> update(P grads, State<P> state, P params) const {
    std::vector<LeafInfo> infos = tree::infos(params);
    check_paths(infos, grads);
    std::vector<Array> g = take_leaves(grads), p = take_leaves(params);
    std::vector<StateEntry> entries = std::move(state).take();
    update_leaves(std::move(g), entries, p, infos);
    return {tree::unflatten(params, std::move(p)), State<P>(std::move(entries))};
  }
  /// The updates alone, and the new state: params + updates is the step.
  template <class P>
  std::pair<P, State<P>> updates(P grads, State<P> state, const P& params) const {
    const std::vector<LeafInfo> infos = tree::infos(params);
    check_paths(infos, grads);
    std::vector<Array> g = tree::leaves(grads);
    std::vector<StateEntry> entries = std::move(state).take();
    updates_leaves(g, entries, tree::leaves(params), infos);
    return {tree::unflatten(grads, std::move(g)), State<P>(std::move(entries))};
  }
  /// One line per stage.
  std::string describe() const;
  const std::vector<std::shared_ptr<const Stage>>& stages() const { return stages_; }

 private:
  /// Throws nx::TreeMismatchError unless the gradient's leaves have the parameters' paths.
  template <class P>
  static void check_paths(const std::vector<LeafInfo>& infos, const P& grads) {
    size_t at = 0;
    bool same = true;
    tree::for_each_leaf(grads, [&](const Array&, const tree::PathNode* path, tree::Role) {
      same = same && at < infos.size() && tree::detail::is_path(path, infos[at].path);
      ++at;
    });
    if (!same || at != infos.size()) throw_mismatch(infos, tree::paths(grads));
  }
  [[noreturn]] static void throw_mismatch(const std::vector<LeafInfo>& infos, const std::vector<std::string>& grads);
  template <class T>
  static std::vector<Array> take_leaves(T& tree_value) {
    std::vector<Array> out;
    tree::for_each_leaf(tree_value,
                        [&](Array& leaf, const tree::PathNode*, tree::Role) { out.push_back(std::move(leaf)); });
    return out;
  }
  std::vector<StateEntry> init_leaves(const std::vector<Array>& params, const std::vector<LeafInfo>& infos) const;
  void update_leaves(std::vector<Array> grads, std::vector<StateEntry>& state, std::vector<Array>& params,
                     const std::vector<LeafInfo>& infos) const;
  void updates_leaves(std::vector<Array>& grads, std::vector<StateEntry>& state, const std::vector<Array>& params,
                      const std::vector<LeafInfo>& infos) const;
  std::vector<std::shared_ptr<const Stage>> stages_;
};

/// Stages one after the other. Optax: chain.
template <class... T>
Transform chain(const T&... transforms) {
  std::vector<std::shared_ptr<const Stage>> stages;
  (stages.insert(stages.end(), transforms.stages().begin(), transforms.stages().end()), ...);
  return Transform(std::move(stages));
}

/// Gradients of parameters scaled when their global norm exceeds max, by max / (‖g‖ + 1e-6) as
/// torch.nn.utils.clip_grad_norm_; otherwise they stay as they are, bit for bit. The norm is kept in the state entry
/// `norm`. Throws nx::ValueError when max ≤ 0.
RAVEN_API Transform clip_by_global_norm(double max);

struct AdamWOpts {
  nx::detail::Named _named{};
  Schedule lr = 1e-3;
  double b1 = 0.9, b2 = 0.999, eps = 1e-8;
  double weight_decay = 1e-2;
  Mask decay_mask = mask::all();  ///< leaves that decay; init refuses one that matches no parameter
};
/// AdamW as torch.optim.AdamW (Loshchilov & Hutter 2019): decoupled decay p·(1 − lr·wd), bias-corrected moments.
/// State: count (i32, stays at INT32_MAX), mu and nu per leaf. Throws nx::ValueError for betas outside [0, 1), and for
/// rates, eps and decay that are negative or not finite.
RAVEN_API Transform adamw(const AdamWOpts& options = {});

}  // namespace vega
