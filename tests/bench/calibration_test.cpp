#include "bench/runner/calibration.hpp"

#include "bench/runner/calibration_loops.hpp"
#include "gtest/gtest.h"

namespace raven::bench {
namespace {

TEST(Calibration, PeakIsAcceptedWithinFivePercentOfTheTwoMachines) {
  EXPECT_TRUE(accept_peak(32));
  EXPECT_TRUE(accept_peak(30.5));
  EXPECT_TRUE(accept_peak(33.5));
  EXPECT_TRUE(accept_peak(61));
  EXPECT_TRUE(accept_peak(67));
  EXPECT_FALSE(accept_peak(30));
  EXPECT_FALSE(accept_peak(34));
  EXPECT_FALSE(accept_peak(48));
  EXPECT_FALSE(accept_peak(60));
  EXPECT_FALSE(accept_peak(16));
}

TEST(Calibration, MeasuresSomethingPlausible) {
  Calibration calibration;
  const Peak& peak = calibration.measure_peak(1);
  EXPECT_GT(peak.clock, 1e8);
  EXPECT_LT(peak.clock, 1e10);
  // No x86 core has more than two 512-bit units, so a loop that was folded away shows here.
  EXPECT_GT(peak.flop_per_cycle, 1);
  EXPECT_LT(peak.flop_per_cycle, 70);
  const Bandwidth& bandwidth = calibration.measure_bandwidth(1, Traffic::triad);
  EXPECT_GT(bandwidth.triad, 1e8);
  EXPECT_LT(bandwidth.triad, 1e12);
  EXPECT_EQ(bandwidth.of(Traffic::triad), bandwidth.triad);
  EXPECT_EQ(bandwidth.of(Traffic::read), 0);
  calibration.forget_bandwidth(1);
  EXPECT_EQ(calibration.bandwidth(1).triad, 0);
}

TEST(Calibration, StreamsDoTheirArithmetic) {
  alignas(64) float a[64], b[64], c[64];
  for (int i = 0; i < 64; ++i) a[i] = static_cast<float>(i);
  for (const auto copy : {loops::copy, loops::copy_streaming}) {
    for (float& x : b) x = -1;
    copy(a, b, c, 64);
    for (int i = 0; i < 64; ++i) EXPECT_EQ(b[i], i);
  }
  for (const auto triad : {loops::triad, loops::triad_streaming}) {
    for (float& x : c) x = -1;
    triad(a, b, c, 64);
    for (int i = 0; i < 64; ++i) EXPECT_EQ(c[i], 4 * i);
  }
}

}  // namespace
}  // namespace raven::bench
