#pragma once
// Recognised chains run as one pass over all leaves (after one for the norm) when no transformation is active.
#include "raven/vega/transform.hpp"

namespace vega::detail {

/// [clip_by_global_norm,] adamw.
bool is_fusable(const std::vector<std::shared_ptr<const Stage>>& stages);
/// The step of a fusable chain: parameters and state updated, in place where nobody else holds them. The bits are those
/// of the stages run one by one.
void fused_update(const std::vector<std::shared_ptr<const Stage>>& stages, const std::vector<size_t>& offsets,
                  const std::vector<Array>& grads, std::vector<StateEntry>& state, std::vector<Array>& params,
                  const std::vector<LeafInfo>& infos);

}  // namespace vega::detail
