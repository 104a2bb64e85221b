#include "raven/tolk/plan.hpp"

#include <mutex>

#include "raven/base/error.hpp"
#include "raven/base/log.hpp"
#include "raven/base/message.hpp"
#include "raven/tolk/internal/plan_impl.hpp"
#include "raven/tolk/internal/settings.hpp"

namespace tolk {

Plan::Plan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Plan::~Plan() = default;
const nx::Program& Plan::program() const { return impl_->program; }
const PlanStats& Plan::stats() const { return impl_->stats; }

// ---- making
// --------------------------------------------------------------------------------------------------------------

namespace {

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

namespace {

std::shared_ptr<const Plan> compile(const nx::Program& program, const CompileOpts& options, const Settings& settings,
                                    const Limits& limits) {
  std::vector<PassReport> passes;
  const nx::Program optimised = optimise(program, &passes, settings);
  Schedule schedule = options.kernels && settings.kernels
                          ? form_kernels(optimised, {vector_bytes(options.level), options.donated, limits,
                                                     settings.passes_off, settings.rules_off})
                          : call_everything(optimised);
  auto impl = make_plan(std::move(schedule), options, limits);
  impl->stats.passes = std::move(passes);
  impl->check_launches = settings.verify;
  impl->timed = settings.debug >= 2;
  auto plan = std::make_shared<const Plan>(std::move(impl));
  if (settings.verify) plan->verify();
  if (settings.debug >= 1) raven::write_log("tolk: " + plan->print());
  if (!settings.dump.empty()) {
    try {
      plan->dump(settings.dump, program);
    } catch (const raven::IoError& error) {
      throw raven::IoError("tolk.compile", settings.dump,
                           raven::Message("TOLK_DUMP: expected a directory that can be written: ") << error.what());
    }
  }
  return plan;
}

}  // namespace

std::shared_ptr<const Plan> compile(const nx::Program& program, const CompileOpts& options) {
  return compile(program, options, Limits());
}

std::shared_ptr<const Plan> compile(const nx::Program& program, const CompileOpts& options, const Limits& limits) {
  return compile(program, options, Settings::from_environment(), limits);
}

namespace {

/// Plans in use, by hash of program, options and settings; compared exactly. The lock is never held while one is made.
struct Cache {
  struct Entry {
    nx::Program::Hash hash;
    const nx::Program* program;  // as it was given; the plan keeps it
    CompileOpts options;
    Settings settings;
    std::weak_ptr<const Plan> plan;
  };
  std::mutex mutex;
  std::vector<Entry> entries;
};
Cache& cache() {
  static auto* cache = new Cache;  // outlives static plans
  return *cache;
}

/// The plan that is in use for this, or null. Entries of plans that are gone are dropped. Programs and plans hold
/// arrays of the user, whose memory his functions may give back: what this lets go of goes after the lock.
std::shared_ptr<const Plan> find_plan(const nx::Program& program, const nx::Program::Hash& hash,
                                      const CompileOpts& options, const Settings& settings) {
  std::vector<std::shared_ptr<const Plan>> others;
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  for (size_t i = 0; i < c.entries.size();) {
    Cache::Entry& e = c.entries[i];
    auto plan = e.plan.lock();
    if (!plan) {
      if (i + 1 < c.entries.size()) e = std::move(c.entries.back());
      c.entries.pop_back();
      continue;
    }
    if (e.hash == hash && e.options == options && e.settings == settings && *e.program == program) return plan;
    others.push_back(std::move(plan));
    ++i;
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<const Plan> compile_cached(const nx::Program& program, const CompileOpts& options, bool* found) {
  const nx::Program::Hash hash = program.hash();
  CompileOpts full = options;
  full.donated.resize(program.inputs());
  Settings settings = Settings::from_environment();
  auto plan = find_plan(program, hash, full, settings);
  if (found) *found = plan != nullptr;
  if (plan) return plan;
  struct Kept {
    std::shared_ptr<const Plan> plan;
    nx::Program given;
  };
  const auto kept = std::make_shared<const Kept>(compile(program, full, settings, Limits()), program);
  plan = {kept, kept->plan.get()};
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  c.entries.push_back({hash, &kept->given, std::move(full), std::move(settings), plan});
  return plan;
}

}  // namespace tolk
