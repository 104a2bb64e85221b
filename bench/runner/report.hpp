#pragma once
// Rows of a run: JSON lines for programs, a table for people.
#include <string>
#include <vector>

#include "bench/runner/measure.hpp"

namespace raven::bench {

/// One JSON object per peer, or one without a peer:
/// {"suite","case","threads","ours_ms","peer","peer_version","peer_ms", "ratio","roofline","bound"} and extra fields
/// (p10, samples, the peer's settings).
std::vector<std::string> json_rows(const Result& result);

/// `1.23 us`, four significant places at most, for a table.
std::string format_seconds(double seconds);
std::string table_head();
/// The lines of one case, one per peer.
std::string table_lines(const Result& result);
/// Geometric means of the ratios per peer and thread count, without rows that are wrong; empty when no row has a ratio.
std::string summary(const std::vector<Result>& results);

}  // namespace raven::bench
