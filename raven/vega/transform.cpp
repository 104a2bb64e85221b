#include "raven/vega/transform.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/vega/error.hpp"
#include "raven/vega/fused.hpp"
#include "raven/vega/stages.hpp"

namespace vega {

Error::~Error() = default;
Stage::~Stage() = default;

std::string Transform::describe() const {
  std::string text;
  for (size_t i = 0; i < stages_.size(); ++i) text += std::to_string(i) + ": " + stages_[i]->name() + "\n";
  return text;
}

std::vector<StateEntry> Transform::init_leaves(const std::vector<Array>& params,
                                               const std::vector<LeafInfo>& infos) const {
  std::vector<StateEntry> all;
  for (size_t i = 0; i < stages_.size(); ++i)
    for (StateEntry& entry : stages_[i]->init(params, infos)) {
      entry.name = std::to_string(i) + "." + entry.name;
      all.push_back(std::move(entry));
    }
  return all;
}

namespace {

/// Gradients fit the parameters leaf by leaf; those of leaves that are not optimized are dropped.
void take_gradients(std::vector<Array>& grads, const std::vector<Array>& params, const std::vector<LeafInfo>& infos) {
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!detail::optimizes(params[i], infos[i])) grads[i] = Array();
    if (grads[i].defined() && (grads[i].shape() != params[i].shape() || grads[i].dtype() != params[i].dtype()))
      throw nx::TreeMismatchError("vega.update", infos[i].path,
                                  raven::Message("the gradient is ")
                                      << nx::aval_of(grads[i]) << ", the parameter " << nx::aval_of(params[i]));
  }
}

/// [first, last) of each stage's entries, found by the prefix `<stage>.`.
std::vector<size_t> stage_offsets(const std::vector<StateEntry>& state, size_t stages) {
  std::vector<size_t> offsets{0};
  size_t at = 0;
  for (size_t i = 0; i < stages; ++i) {
    const std::string prefix = std::to_string(i) + ".";
    while (at < state.size() && state[at].name.starts_with(prefix)) ++at;
    offsets.push_back(at);
  }
  if (at != state.size())
    throw nx::TreeMismatchError("vega.update", state[at].name,
                                "the state belongs to another transform; make it with init");
  return offsets;
}

}  // namespace

void Transform::throw_mismatch(const std::vector<LeafInfo>& infos, const std::vector<std::string>& grads) {
  size_t i = 0;
  while (i < infos.size() && i < grads.size() && infos[i].path == grads[i]) ++i;
  const std::string mine = i < infos.size() ? infos[i].path : "(end)", theirs = i < grads.size() ? grads[i] : "(end)";
  throw nx::TreeMismatchError("vega.update", i < infos.size() ? mine : theirs,
                              raven::Message("the gradient has ")
                                  << grads.size() << " leaves, the parameters " << infos.size()
                                  << "; first difference: '" << theirs << "' and '" << mine << "'");
}

void Transform::updates_leaves(std::vector<Array>& grads, std::vector<StateEntry>& state,
                               const std::vector<Array>& params, const std::vector<LeafInfo>& infos) const {
  take_gradients(grads, params, infos);
  const std::vector<size_t> offsets = stage_offsets(state, stages_.size());
  for (size_t i = 0; i < stages_.size(); ++i)
    stages_[i]->update({grads, params, infos, state.data() + offsets[i], offsets[i + 1] - offsets[i]});
}

void Transform::update_leaves(std::vector<Array> grads, std::vector<StateEntry>& state, std::vector<Array>& params,
                              const std::vector<LeafInfo>& infos) const {
  if (!nx::current_interpreter() && detail::is_fusable(stages_)) {
    take_gradients(grads, params, infos);
    detail::fused_update(stages_, stage_offsets(state, stages_.size()), grads, state, params, infos);
    return;
  }
  updates_leaves(grads, state, params, infos);
  for (size_t i = 0; i < params.size(); ++i)
    if (grads[i].defined()) params[i] = nx::add(std::move(params[i]), grads[i]);
}

}  // namespace vega
