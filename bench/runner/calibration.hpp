#pragma once
// The machine's own limits, measured inside the run: FMA peak, clock, memory bandwidth.
//
// A peak is the best of register-resident FMA loops (AVX2 and AVX-512 with ≥ 12 independent accumulators; a portable
// loop elsewhere). The clock comes from a chain of dependent additions, one cycle each. A peak is accepted when it is
// within 5 % of 32 or 64 f32 flop per cycle and thread (two 256-bit or two 512-bit FMA units); on a busy machine the
// loops are repeated until one is.
#include <cstddef>
#include <memory>
#include <string>

#include "bench/runner/case.hpp"

namespace raven::bench {

/// f32 peak of `threads` threads.
struct Peak {
  double flops = 0;           ///< flop per second, all threads
  double clock = 0;           ///< cycles per second, the fastest seen at any thread count
  double flop_per_cycle = 0;  ///< per thread
  bool accepted = false;
  std::string loop;  ///< the fastest loop: `avx2`, `avx512` or `portable`
};

/// True within 5 % of 32 or 64.
bool accept_peak(double flop_per_cycle);

/// Bytes per second by kind, counting what the program reads and writes (no write-allocate traffic).
struct Bandwidth {
  double read = 0, copy = 0, triad = 0;
  double of(Traffic traffic) const;
};

/// Measures in small steps so that the runner can interleave them with samples; keeps the best of each kind since the
/// last `forget`.
class Calibration {
 public:
  Calibration();
  ~Calibration();
  Calibration(const Calibration&) = delete;
  Calibration& operator=(const Calibration&) = delete;

  /// One round of FMA loops and clock chain (about 6 ms), repeated up to `rounds` times until the peak is accepted.
  const Peak& measure_peak(int threads, int rounds = 1);
  /// One pass of a stream over buffers of four times the L3 each (about 10 ms).
  const Bandwidth& measure_bandwidth(int threads, Traffic traffic);
  const Peak& peak(int threads) const;
  const Bandwidth& bandwidth(int threads) const;
  /// Starts a new window: bandwidth drifts by a factor of two within a minute, so each case has its own best. Peaks
  /// stay.
  void forget_bandwidth(int threads);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace raven::bench
