#include "bench/tolk/step_figures.hpp"

#include <algorithm>
#include <chrono>

#include "bench/kaun/gpt_step.hpp"
#include "raven/base/allocator.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/tolk/plan.hpp"

namespace raven::bench {
namespace {

using nx::Array;
using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr int samples = 15;
double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + samples / 2, values.end());
  return values[samples / 2];
}

/// Passes every op on, and adds up the time of those that a compiled step calls too.
class CallTimer final : public nx::Interpreter {
 public:
  double seconds = 0;
  void process(nx::Op op, std::span<const nx::Operand> in, const nx::Attrs& attrs, std::span<Array> out) override {
    const auto start = Clock::now();
    nx::apply(op, in, attrs, out);
    if (op == nx::Op::DotGeneral || op == nx::Op::Linear || op == nx::Op::Sdpa || op == nx::Op::SdpaGrad)
      seconds += seconds_since(start);
  }
  Array value_of(const Array& tracer) override { return tracer; }
  const char* name() const noexcept override { return "bench"; }
  bool allows_implicit_random() const noexcept override { return true; }
};

/// The step's plan, run on leaves of its own.
class CompiledStep {
 public:
  CompiledStep() {
    GptStep step;
    const nx::Program program = rune::make_program(step.function(), step.model, step.state, step.inputs, step.targets);
    for (const Array& x : nx::tree::leaves(step.model)) leaves_.push_back(x);
    for (const Array& x : nx::tree::leaves(step.state)) leaves_.push_back(x);
    given_up_ = leaves_.size();
    leaves_.push_back(step.inputs);
    leaves_.push_back(step.targets);
    results_.resize(given_up_ + 1);
    tolk::CompileOpts options;
    options.donated.assign(given_up_, true);
    plan_ = tolk::compile(program, options);
  }
  /// Seconds of the step's launches.
  double operator()() {
    std::vector<tolk::PlanArgument> arguments;
    for (size_t i = 0; i < leaves_.size(); ++i) arguments.push_back({&leaves_[i], i < given_up_});
    double launches = 0;
    for (const tolk::StepTime& step : plan_->run_timed(arguments, results_))
      if (step.launch) launches += step.seconds;
    for (size_t i = 0; i < given_up_; ++i) leaves_[i] = std::move(results_[i]);
    return launches;
  }
  double arena_bytes() const { return static_cast<double>(plan_->stats().arena_bytes); }

 private:
  std::shared_ptr<const tolk::Plan> plan_;
  std::vector<Array> leaves_, results_;
  size_t given_up_ = 0;
};

}  // namespace

std::vector<Figure> gpt_step_figures() {
  GptStep eager;
  const auto function = eager.function();
  CompiledStep compiled;
  std::vector<double> eager_seconds, eager_calls, launches;
  double eager_peak = 0;
  // In turn, since the machine's speed drifts.
  for (int i = -1; i < samples; ++i) {
    Allocator::reset_peak();
    const int64_t before = Allocator::stats().active;
    const auto start = Clock::now();
    eager(function);
    const double seconds = seconds_since(start);
    eager_peak = static_cast<double>(Allocator::stats().peak - before);
    CallTimer timer;
    {
      const nx::InterpreterScope scope(&timer);
      eager(function);
    }
    const double launched = compiled();
    if (i < 0) continue;
    eager_seconds.push_back(seconds), eager_calls.push_back(timer.seconds), launches.push_back(launched);
  }
  const double beside = median(eager_seconds) - median(eager_calls);
  return {{"launches_ms", 1e3 * median(launches)},
          {"eager_ms", 1e3 * median(eager_seconds)},
          {"eager_beside_calls_ms", 1e3 * beside},
          // The arena is kept between calls.
          {"peak_bytes_above_state", compiled.arena_bytes()},
          {"eager_peak_bytes_above_state", eager_peak}};
}

}  // namespace raven::bench
