// TOLK_DEBUG=1 writes plans as they are made, TOLK_DEBUG=2 also what each step of each run took, beside the machine's
// roofs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "raven/base/log.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/linalg.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Bytes moved per second by a copy beyond the caches, and operations per second of a large product: what this machine
/// did when it was asked first.
struct Roofs {
  double bytes = 0, flops = 0;

  Roofs() {
    constexpr int64_t size = int64_t{64} << 20, grain = int64_t{1} << 20;
    auto* from = static_cast<std::byte*>(raven::Allocator::allocate_zeroed(size));
    auto* to = static_cast<std::byte*>(raven::Allocator::allocate_zeroed(size));
    const nx::Array square = nx::ones({768, 768}, {.dtype = nx::f32});
    for (int i = 0; i < 4; ++i) {
      auto start = Clock::now();
      raven::parallel_for(size, grain, [&](int64_t begin, int64_t end) {
        std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin));
      });
      bytes = std::max(bytes, 2.0 * size / seconds_since(start));
      start = Clock::now();
      const nx::Array product = nx::matmul(square, square);
      flops = std::max(flops, 2.0 * 768 * 768 * 768 / seconds_since(start));
    }
    raven::Allocator::deallocate(from, size);
    raven::Allocator::deallocate(to, size);
  }
};
const Roofs& roofs() {
  static const Roofs roofs;
  return roofs;
}

/// Read and written once, by all views of a step; what a kernel's schedule says of itself is nearer.
int64_t bytes_moved(const Plan::Impl& plan, const Step& s) {
  int64_t bytes = 0;
  if (s.kind == Step::Kind::launch)
    for (const Segment& g : plan.batches[s.batch].segments) bytes += g.bytes;
  else
    for (const PlanView& v : plan.views_of(s)) bytes += bytes_of(v.aval);
  return bytes;
}
int64_t operations(const Plan::Impl& plan, const Step& s) {
  int64_t flops = 0;
  if (s.kind == Step::Kind::launch)
    for (const Segment& g : plan.batches[s.batch].segments) flops += g.flops;
  const std::span<const PlanView> views = plan.views_of(s);
  const auto product = [&](int64_t depth) { return 2 * depth * nx::element_count(views[s.inputs].aval.shape.span()); };
  if (s.op == Op::DotGeneral && s.kind == Step::Kind::kernel) {
    int64_t depth = 1;
    for (const int64_t axis : s.attrs.as<nx::DotGeneralAttrs>().lhs_contract)
      depth *= views[0].aval.shape[static_cast<int>(axis)];
    flops = product(depth);
  }
  if (s.op == Op::Linear && s.kind == Step::Kind::kernel)
    flops = product(views[0].aval.shape[views[0].aval.shape.size() - 1]);
  return flops;
}

std::string label(const Plan::Impl& plan, const Step& s) {
  if (s.kind != Step::Kind::launch) return std::string(nx::op_info(s.op).name);
  const Batch& batch = plan.batches[s.batch];
  std::string name = plan.kernels[batch.kernel].kernel.name;
  if (batch.segments.size() > 1) name += " for " + std::to_string(batch.segments.size());
  return name;
}

}  // namespace

std::vector<StepTime> time_steps(const Plan::Impl& plan, Frame& frame) {
  std::vector<StepTime> times;
  times.reserve(plan.steps.size());
  for (size_t k = 0; k < plan.steps.size(); ++k) {
    const auto start = Clock::now();
    run_step(plan, k, frame);
    const double seconds = seconds_since(start);
    times.push_back({label(plan, plan.steps[k]), plan.steps[k].kind == Step::Kind::launch, seconds});
  }
  return times;
}

void report_steps(const Plan::Impl& plan, std::span<const StepTime> times) {
  const Roofs& roof = roofs();
  std::string text = "tolk: step       µs     GB/s  GFLOP/s  roof\n";
  double total = 0;
  for (size_t k = 0; k < times.size(); ++k) {
    const double seconds = times[k].seconds;
    total += seconds;
    const Step& s = plan.steps[k];
    const auto bytes = static_cast<double>(bytes_moved(plan, s)), flops = static_cast<double>(operations(plan, s));
    // The step could not be faster than its slower resource.
    const double least = std::max(bytes / roof.bytes, flops / roof.flops);
    char line[160];
    std::snprintf(line, sizeof line, "%10zu %8.1f %8.2f %8.2f %4.0f%%  ", k, 1e6 * seconds, 1e-9 * bytes / seconds,
                  1e-9 * flops / seconds, 100 * least / seconds);
    text += line + times[k].name + "\n";
  }
  char line[160];
  std::snprintf(line, sizeof line,
                "tolk: %zu steps in %.1f µs; roofs %.1f GB/s (copy), %.0f GFLOP/s (matmul), %d threads\n",
                plan.steps.size(), 1e6 * total, 1e-9 * roof.bytes, 1e-9 * roof.flops, raven::num_threads());
  raven::write_log(text + line);
}

}  // namespace tolk
