#include "raven/tolk/plan.hpp"

#include <mutex>

#include "raven/base/env.hpp"
#include "raven/base/message.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

Plan::Plan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Plan::~Plan() = default;
const nx::Program& Plan::program() const { return impl_->program; }
const PlanStats& Plan::stats() const { return impl_->stats; }

// ---- text
// --------------------------------------------------------------------------------------------------------------

namespace {

void print_place(raven::Message& m, const Place& place) {
  switch (place.space) {
    case Space::arena: m << "arena"; break;
    case Space::input: m << "input" << place.index; break;
    case Space::constant: m << "constant" << place.index; break;
    case Space::result: m << "result" << place.index; break;
  }
  if (place.offset != 0 || place.space == Space::arena) m << "+" << place.offset;
}
void print_view(raven::Message& m, const PlanView& v, bool with_type) {
  m << "%" << v.value;
  if (with_type) m << ":" << v.aval;
  m << "@";
  print_place(m, v.place);
  if (!v.contiguous) m << " strides " << v.strides;
}

}  // namespace

std::string Plan::print() const {
  const Impl& p = *impl_;
  raven::Message m("plan: ");
  m << p.stats.steps << " steps, arena " << p.stats.arena_bytes << " bytes (at least " << p.stats.live_bytes << "), "
    << p.stats.in_place << " in place, " << p.stats.donated << " donated\n";
  for (size_t k = 0; k < p.steps.size(); ++k) {
    const Step& s = p.steps[k];
    m << "  " << k << ": ";
    for (size_t i = 0; i < s.outputs; ++i) {
      if (i > 0) m << ", ";
      print_view(m, p.views[s.first_view + s.inputs + i], true);
    }
    m << " = " << nx::op_info(s.op).name << nx::attrs_print(s.op, s.attrs.get()) << "(";
    for (size_t i = 0; i < s.inputs; ++i) {
      if (i > 0) m << ", ";
      print_view(m, p.views[s.first_view + i], false);
    }
    m << ")";
    if (s.in_place) m << " in place";
    constexpr const char* forms[] = {"", " flat", " rows", " in one piece", " in one piece"};
    m << forms[static_cast<int>(s.kind)];
    if (s.scratch_bytes > 0) m << " scratch arena+" << s.scratch_offset << " " << s.scratch_bytes;
    m << "\n";
  }
  for (size_t i = 0; i < p.outputs.size(); ++i) {
    m << "  return ";
    print_view(m, p.outputs[i].view, true);
    const Place& at = p.outputs[i].view.place;
    if (at.space == Space::result && p.results[at.index].donor >= 0)
      m << " (input" << p.results[at.index].donor << " donated)";
    m << "\n";
  }
  return m.str();
}

// ---- making
// --------------------------------------------------------------------------------------------------------------

std::shared_ptr<const Plan> compile(const nx::Program& program, const CompileOpts& options) {
  auto impl = std::make_unique<Plan::Impl>();
  impl->options = options;
  impl->program = optimise(program, &impl->stats.passes);
  lower(*impl);
  place(*impl);
  bind(*impl);
  auto plan = std::make_shared<const Plan>(std::move(impl));
  if (raven::env::get("TOLK_VERIFY").value_or("0") != "0") plan->verify();
  return plan;
}

namespace {

/// Plans in use, by hash of program and options; compared exactly.
struct Cache {
  struct Entry {
    nx::Program::Hash hash;
    std::shared_ptr<const nx::Program> program;  // as it was given
    std::vector<bool> donated;
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
  std::vector<bool> donated = options.donated;
  donated.resize(program.inputs());
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
      if (e.hash == hash && e.donated == donated && *e.program == program) {
        if (found) *found = true;
        return plan;
      }
      ++i;
    }
  }
  if (found) *found = false;
  auto plan = compile(program, {donated});
  const std::lock_guard lock(c.mutex);
  c.entries.push_back({hash, std::make_shared<const nx::Program>(program), std::move(donated), plan});
  return plan;
}

}  // namespace tolk
