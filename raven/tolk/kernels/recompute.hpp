#pragma once
// Fewer bytes alive at once, for some equations computed twice. Not installed.
#include <optional>

#include "raven/tolk/kernels/graph.hpp"
#include "raven/tolk/kernels/schedule.hpp"

namespace tolk::kernels {

/// The schedule's program, in its order, with values that wait long made again where they are read late; nothing when
/// that would not lower the most bytes alive at once, or they are fewer than limits.recomputed_bytes.
std::optional<Program> recompute(const Schedule& schedule, const Limits& limits);

/// The most bytes that values made by a schedule's steps have at once.
int64_t most_alive(const Schedule& schedule);

}  // namespace tolk::kernels
