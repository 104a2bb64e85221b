#include "bench/runner/report.hpp"

#include <cmath>
#include <cstdio>
#include <map>

#include "bench/runner/json.hpp"
#include "bench/runner/statistics.hpp"

namespace raven::bench {
namespace {

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

void add_own_fields(JsonObject& row, const Result& result) {
  row.add("suite", result.measured.suite).add("case", result.measured.name).add("threads", result.measured.threads);
  row.add("ours_ms", result.ours ? result.ours->median * 1e3 : NAN);
}

void add_closing_fields(JsonObject& row, const Result& result) {
  row.add("roofline", result.roofline).add("bound", bound_name(result.measured.work.bound));
  if (result.ours) row.add("ours_p10_ms", result.ours->p10 * 1e3).add("samples", result.ours->samples);
  if (result.measured.work.bound != Bound::overhead) row.add("limit", result.limit);
  if (!result.calibrated) row.add("calibrated", false);
  if (const auto& plan = result.launches) {
    row.add("kernels", static_cast<int>(plan->kernels)).add("externs", static_cast<int>(plan->externs));
    row.add("fallbacks", static_cast<int>(plan->fallbacks)).add("launches", static_cast<int>(plan->launches));
  }
  for (const Figure& figure : result.figures) row.add(figure.name, figure.value);
  if (result.wrong) row.add("wrong", true);
}

}  // namespace

std::vector<std::string> json_rows(const Result& result) {
  std::vector<std::string> rows;
  for (const PeerResult& peer : result.peers) {
    JsonObject row;
    add_own_fields(row, result);
    row.add("peer", peer.peer).add("peer_version", peer.version).add("peer_ms", peer.timing.median * 1e3);
    row.add("ratio", result.ours ? peer.timing.median / result.ours->median : NAN);
    add_closing_fields(row, result);
    row.add("peer_p10_ms", peer.timing.p10 * 1e3).add("peer_samples", peer.timing.samples);
    row.add("peer_case", peer.case_name).add("peer_settings", peer.settings.text());
    row.add("peer_sgemm", peer.sgemm_fraction);
    row.add("compared", peer.compared);
    if (peer.sgemm_fraction < slow_peer) row.add("peer_slow", true);
    rows.push_back(row.str());
  }
  if (rows.empty()) {
    JsonObject row;
    add_own_fields(row, result);
    row.null("peer").null("peer_version").null("peer_ms").null("ratio");
    add_closing_fields(row, result);
    rows.push_back(row.str());
  }
  return rows;
}

std::string format_seconds(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  static constexpr struct {
    double unit;
    const char* name;
  } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
  for (const auto& unit : units) {
    const double value = seconds / unit.unit;
    if (value >= 1 || unit.unit == 1e-9) {
      return format(value >= 100 ? "%.0f %s" : value >= 10 ? "%.1f %s" : "%.2f %s", value, unit.name);
    }
  }
  return "-";
}

std::string table_head() {
  return format("%-34s %2s %10s %10s  %-8s %8s  %-8s %10s %7s  %s\n", "case", "T", "ours", "p10", "bound", "roofline",
                "peer", "peer time", "ratio", "peer settings");
}

std::string table_lines(const Result& result) {
  std::string own =
      format("%-34s %2d %10s %10s  %-8s ", (result.measured.suite + "/" + result.measured.name).c_str(),
             result.measured.threads, format_seconds(result.ours ? result.ours->median : NAN).c_str(),
             format_seconds(result.ours ? result.ours->p10 : NAN).c_str(), bound_name(result.measured.work.bound));
  own += std::isfinite(result.roofline) ? format("%7.1f%%%s", 100 * result.roofline, result.calibrated ? " " : "?")
                                        : format("%8s ", "-");
  std::string lines;
  for (const PeerResult& peer : result.peers) {
    lines += own + format(" %-8s %10s ", peer.peer.c_str(), format_seconds(peer.timing.median).c_str());
    lines += result.ours ? format("%7.2f", peer.timing.median / result.ours->median) : format("%7s", "-");
    lines += "  " + peer.settings.text();
    if (!peer.compared) lines += ", values not compared";
    if (peer.case_name != result.measured.name) lines += ", " + peer.case_name;
    if (peer.sgemm_fraction < slow_peer) lines += "  << slow peer";
    lines += "\n";
  }
  if (result.peers.empty()) lines += own + "\n";
  if (const auto& plan = result.launches)
    lines += format("    kernels %lld, externs %lld, fallbacks %lld, launches %lld\n",
                    static_cast<long long>(plan->kernels), static_cast<long long>(plan->externs),
                    static_cast<long long>(plan->fallbacks), static_cast<long long>(plan->launches));
  for (const Figure& figure : result.figures) lines += format("    %s %.6g\n", figure.name.c_str(), figure.value);
  for (const std::string& note : result.notes) lines += "    note: " + note + "\n";
  return lines;
}

std::string summary(const std::vector<Result>& results) {
  std::map<std::pair<std::string, int>, std::vector<double>> ratios;
  for (const Result& result : results) {
    for (const PeerResult& peer : result.peers) {
      if (!result.ours || result.wrong) continue;
      const double ratio = peer.timing.median / result.ours->median;
      ratios[{peer.peer, result.measured.threads}].push_back(ratio);
      ratios[{peer.peer, 0}].push_back(ratio);
    }
  }
  std::string lines;
  for (const auto& [key, values] : ratios) {
    const auto& [peer, threads] = key;
    const std::string scope =
        threads == 0 ? "all rows" : std::to_string(threads) + (threads == 1 ? " thread" : " threads");
    lines += format("geometric mean against %s, %s: %.2f over %d rows, least %.2f\n", peer.c_str(), scope.c_str(),
                    geometric_mean(values), static_cast<int>(values.size()), quantile(values, 0));
  }
  return lines;
}

}  // namespace raven::bench
