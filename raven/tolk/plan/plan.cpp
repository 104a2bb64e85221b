#include "raven/tolk/plan.hpp"

#include <mutex>

#include "raven/base/env.hpp"
#include "raven/base/log.hpp"
#include "raven/base/message.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

Plan::Plan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Plan::~Plan() = default;
const nx::Program& Plan::program() const { return impl_->program; }
const PlanStats& Plan::stats() const { return impl_->stats; }

// ---- making
// --------------------------------------------------------------------------------------------------------------

namespace {

bool flag(const char* name, const char* otherwise) { return raven::env::get(name).value_or(otherwise) != "0"; }

int vector_bytes(raven::CpuLevel level) {
  switch (level) {
    case raven::CpuLevel::portable: return 16;
    case raven::CpuLevel::v3: return 32;
    case raven::CpuLevel::v4: return 64;
  }
  return 0;
}

}  // namespace

std::unique_ptr<Plan::Impl> make_plan(Schedule schedule, const CompileOpts& options, const Limits& limits) {
  auto impl = std::make_unique<Plan::Impl>();
  impl->options = options;
  impl->limits = limits;
  lower(*impl, std::move(schedule));
  batch_launches(*impl);
  place(*impl);
  bind(*impl);
  return impl;
}

std::shared_ptr<const Plan> compile(const nx::Program& program, const CompileOpts& options) {
  return compile(program, options, Limits());
}

std::shared_ptr<const Plan> compile(const nx::Program& program, const CompileOpts& options, const Limits& limits) {
  std::vector<PassReport> passes;
  const nx::Program optimised = optimise(program, &passes);
  const bool kernels = options.kernels && flag("TOLK_KERNELS", "1"), verify = flag("TOLK_VERIFY", "0");
  const int64_t debug = raven::env::get_int("TOLK_DEBUG", 0, 0, 2);
  Schedule schedule = kernels ? form_kernels(optimised, {vector_bytes(options.level), options.donated, limits})
                              : call_everything(optimised);
  auto impl = make_plan(std::move(schedule), options, limits);
  impl->stats.passes = std::move(passes);
  impl->check_launches = verify;
  impl->timed = debug >= 2;
  auto plan = std::make_shared<const Plan>(std::move(impl));
  if (verify) plan->verify();
  if (debug >= 1) raven::write_log("tolk: " + plan->print());
  if (const auto directory = raven::env::get("TOLK_DUMP")) plan->dump(*directory, program);
  return plan;
}

namespace {

/// Plans in use, by hash of program and options; compared exactly.
struct Cache {
  struct Entry {
    nx::Program::Hash hash;
    std::shared_ptr<const nx::Program> program;  // as it was given
    CompileOpts options;
    std::weak_ptr<const Plan> plan;
  };
  std::mutex mutex;
  std::vector<Entry> entries;
};
Cache& cache() {
  static auto* cache = new Cache;  // outlives static plans
  return *cache;
}

}  // namespace

std::shared_ptr<const Plan> compile_cached(const nx::Program& program, const CompileOpts& options, bool* found) {
  const nx::Program::Hash hash = program.hash();
  CompileOpts full = options;
  full.donated.resize(program.inputs());
  Cache& c = cache();
  {
    const std::lock_guard lock(c.mutex);
    for (size_t i = 0; i < c.entries.size();) {
      Cache::Entry& e = c.entries[i];
      auto plan = e.plan.lock();
      if (!plan) {
        e = std::move(c.entries.back());
        c.entries.pop_back();
        continue;
      }
      if (e.hash == hash && e.options == full && *e.program == program) {
        if (found) *found = true;
        return plan;
      }
      ++i;
    }
  }
  if (found) *found = false;
  auto plan = compile(program, full);
  const std::lock_guard lock(c.mutex);
  c.entries.push_back({hash, std::make_shared<const nx::Program>(program), std::move(full), plan});
  return plan;
}

}  // namespace tolk
