#include "bench/runner/report.hpp"

#include <cmath>
#include <string>

#include "gtest/gtest.h"

namespace raven::bench {
namespace {

Result sample_result(double ours, double theirs) {
  Result result;
  result.measured.suite = "nx";
  result.measured.name = "add_f32_1e6";
  result.measured.threads = 2;
  result.measured.work = {Bound::memory, 12e6, Traffic::triad};
  result.ours = Timing{ours, ours, 30};
  result.roofline = 0.83;
  result.limit = 1e11;
  result.peers.push_back({"numpy", "2.4.6", "add_f32_1e6", {2, ""}, {theirs, theirs, 30}, 0.9});
  return result;
}

TEST(Report, JsonRowStartsWithTheCommonFields) {
  const std::vector<std::string> rows = json_rows(sample_result(1e-3, 2e-3));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].find(R"({"suite":"nx","case":"add_f32_1e6","threads":2,"ours_ms":1,"peer":"numpy",)"
                         R"("peer_version":"2.4.6","peer_ms":2,"ratio":2,"roofline":0.83,"bound":"memory")"),
            0u)
      << rows[0];
  EXPECT_EQ(rows[0].find("peer_slow"), std::string::npos);
}

TEST(Report, ASlowPeerIsMarked) {
  Result result = sample_result(1e-3, 2e-3);
  result.peers[0].sgemm_fraction = 0.5;
  EXPECT_NE(json_rows(result)[0].find(R"("peer_slow":true)"), std::string::npos);
  EXPECT_NE(table_lines(result).find("<< slow peer"), std::string::npos);
}

TEST(Report, RowsWithoutPeersOrOwnTime) {
  Result alone = sample_result(1e-3, 2e-3);
  alone.peers.clear();
  ASSERT_EQ(json_rows(alone).size(), 1u);
  EXPECT_NE(json_rows(alone)[0].find(R"("ours_ms":1,"peer":null,"peer_version":null,"peer_ms":null,"ratio":null)"),
            std::string::npos);
  Result peer_only = sample_result(1e-3, 2e-3);
  peer_only.ours.reset();
  peer_only.roofline = NAN;
  EXPECT_NE(json_rows(peer_only)[0].find(R"("ours_ms":null)"), std::string::npos);
  EXPECT_NE(json_rows(peer_only)[0].find(R"("ratio":null,"roofline":null)"), std::string::npos);
}

TEST(Report, WrongRowsDoNotCount) {
  Result wrong = sample_result(1e-3, 2e-3);
  wrong.wrong = true;
  wrong.launches = Launches{3, 2, 1, 5};
  wrong.figures = {{"peak_bytes", 17}};
  EXPECT_EQ(summary({wrong}), "");
  const std::string row = json_rows(wrong)[0];
  EXPECT_NE(row.find(R"("kernels":3,"externs":2,"fallbacks":1,"launches":5,"peak_bytes":17,"wrong":true)"),
            std::string::npos)
      << row;
  EXPECT_NE(table_lines(wrong).find("kernels 3, externs 2, fallbacks 1, launches 5"), std::string::npos);
}

TEST(Report, Durations) {
  EXPECT_EQ(format_seconds(1.5), "1.50 s");
  EXPECT_EQ(format_seconds(0.0123), "12.3 ms");
  EXPECT_EQ(format_seconds(4.55e-4), "455 us");
  EXPECT_EQ(format_seconds(1.1e-8), "11.0 ns");
  EXPECT_EQ(format_seconds(4e-10), "0.40 ns");
  EXPECT_EQ(format_seconds(NAN), "-");
}

TEST(Report, SummaryHasGeometricMeansPerPeerAndThreads) {
  Result one = sample_result(1e-3, 8e-3);
  one.measured.threads = 1;
  const std::string text = summary({sample_result(1e-3, 2e-3), one});
  EXPECT_NE(text.find("geometric mean against numpy, all rows: 4.00 over 2 rows, least 2.00"), std::string::npos)
      << text;
  EXPECT_NE(text.find("geometric mean against numpy, 1 thread: 8.00 over 1 rows"), std::string::npos) << text;
  EXPECT_NE(text.find("geometric mean against numpy, 2 threads: 2.00 over 1 rows"), std::string::npos) << text;
}

}  // namespace
}  // namespace raven::bench
