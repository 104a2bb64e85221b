#include "bench/runner/case.hpp"

#include <algorithm>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace raven::bench {

const char* bound_name(Bound bound) {
  static constexpr const char* names[] = {"memory", "compute", "overhead"};
  return names[static_cast<int>(bound)];
}

void append_rows(std::vector<Case>& cases, const char* suite, std::span<const Row> rows, const Bodies& bodies) {
  for (const auto& [name, body] : bodies) {
    const bool listed = std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return name == row.name; });
    if (!listed) throw Error("bench.append_rows", Message() << "suite " << suite << " has no row '" << name << "'");
  }
  for (const Row& row : rows) {
    const auto body =
        std::find_if(bodies.begin(), bodies.end(), [&](const auto& candidate) { return candidate.first == row.name; });
    for (const int threads : row.threads) {
      Case added{suite, row.name, threads, row.work, {}, row.peers, row.equal_threads, row.tolerance};
      if (body != bodies.end()) added.setup = body->second;
      cases.push_back(std::move(added));
    }
  }
}

}  // namespace raven::bench
