#pragma once
// A benchmark case: what runs, how much work it is, what it must give, and which peers do the same. Suites are
// functions that append cases to a vector: nothing registers itself before main.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bench/runner/checksum.hpp"

namespace raven::bench {

/// What limits a case in principle, and so what its roofline is measured against.
enum class Bound : uint8_t { memory, compute, overhead };
/// The calibrated stream that a memory-bound case is compared with: reads only, one read per write, two reads per
/// write.
enum class Traffic : uint8_t { read, copy, triad };
enum class Element : uint8_t { f32, f64 };

const char* bound_name(Bound bound);

/// The least work a case can do: bytes that must cross memory, or floating-point operations.
struct Work {
  Bound bound = Bound::overhead;
  double amount = 0;                ///< bytes (memory), flop (compute), unused (overhead)
  Traffic traffic = Traffic::copy;  ///< for memory
  Element element = Element::f32;   ///< for compute: f64 has half the peak
};

/// What a compiled call is made of; calls that were evaluated op by op instead are fallbacks.
struct Launches {
  int64_t kernels = 0, externs = 0, fallbacks = 0, launches = 0;
};

/// A number of a row's own, printed with it.
struct Figure {
  std::string name;
  double value = 0;
};

/// The body of a case. Its loop is inside so that a call of 10 ns is not measured with the cost of calling it through a
/// pointer.
struct Run {
  std::function<void(int64_t iterations)> loop;
  /// Instead of `loop`: a body that knows better than the runner what is timed (a process that times its own first
  /// call). Seconds of all iterations together.
  std::function<double(int64_t iterations)> seconds;
  /// One call, before all others, and the checksums of its result; null or none: nothing to compare.
  std::function<Checksums()> result;
  /// The same computed in another way of ours, which must give the same bits.
  std::function<Checksums()> reference;
  std::function<Launches()> launches;            ///< null unless compiled
  std::function<std::vector<Figure>()> figures;  ///< null: none; asked for after the timing

  void operator()(int64_t iterations) const {
    if (seconds)
      seconds(iterations);
    else
      loop(iterations);
  }
};

/// One case at one thread count.
struct Case {
  std::string suite, name;
  int threads = 1;
  Work work;
  /// Makes the inputs and returns the body; null in a suite whose library is not built (`--peers-only` still times the
  /// peers).
  std::function<Run()> setup;
  /// Peers by name, each with the peer-side cases that do the same: the fastest of them counts.
  std::vector<std::pair<std::string, std::vector<std::string>>> peers;
  /// True: a peer uses as many threads as we do. False: its best count up to ours.
  bool equal_threads = true;
  /// How far a peer's checksums may be from ours, as a part of the sum of absolute values.
  double tolerance = default_tolerance;
};

/// Keeps a result alive and its computation undeleted, at no cost.
template <class T>
void consume(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

/// The Run that calls `body()` in a loop and consumes what it returns; the result's destruction is inside the loop.
template <class Body>
Run repeat(Body body) {
  const auto shared = std::make_shared<Body>(std::move(body));
  Run run;
  run.loop = [shared](int64_t iterations) {
    Body& call = *shared;
    for (int64_t i = 0; i < iterations; ++i) {
      if constexpr (std::is_void_v<decltype(call())>) {
        call();
      } else {
        const auto& result = call();
        consume(result);
      }
    }
  };
  if constexpr (!std::is_void_v<decltype((*shared)())>) run.result = [shared] { return checksums((*shared)()); };
  return run;
}

/// A line of a suite's table: everything about a case but its body.
struct Row {
  std::string name;
  std::vector<int> threads;
  Work work;
  std::vector<std::pair<std::string, std::vector<std::string>>> peers;
  bool equal_threads = true;
  double tolerance = default_tolerance;
};
/// The bodies of a suite, by the name of their row.
using Bodies = std::vector<std::pair<std::string, std::function<Run()>>>;

/// Appends every row at each of its thread counts, with its body. Throws Error when a body names no row.
void append_rows(std::vector<Case>& cases, const char* suite, std::span<const Row> rows, const Bodies& bodies);

/// A suite: its name, its cases and the peers that `--peers` starts for it.
struct Suite {
  const char* name;
  void (*append)(std::vector<Case>& cases);
};
/// All suites, in the order in which `all` runs them.
std::span<const Suite> suites();

}  // namespace raven::bench
