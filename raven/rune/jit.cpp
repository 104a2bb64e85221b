#include "raven/rune/jit.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/rune/error.hpp"
#include "raven/rune/internal/compiled.hpp"
#include "raven/tolk/error.hpp"

namespace rune::detail {

using nx::detail::impl_of;

namespace {

constexpr size_t max_entries = 64;
constexpr size_t static_warning = 8;  // signatures of the same shapes after which static arguments are suspected

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Shape and dtype of a leaf, compactly.
struct LeafKey {
  nx::DType dtype;
  uint8_t rank;
  bool present;
  uint32_t first_dim;  ///< in JitEntry::dims
};

}  // namespace

struct JitEntry {
  std::string key;
  std::vector<LeafKey> leaves;
  std::vector<int64_t> dims;

  nx::Program::Hash hash;
  std::vector<Array> captures;  ///< the arrays as the function sees them; each counts as a jit holder
  std::vector<Array> dense;     ///< their C-order copies where they are not dense; else empty handles
  /// One per choice of donated leaves; the first one also serves transformations.
  struct Variant {
    std::vector<bool> donated;  ///< by present leaf
    std::shared_ptr<const CompiledProgram> compiled;
  };
  std::vector<Variant> variants;  ///< guarded by the state's mutex
  std::shared_ptr<const void> result;
  std::string result_key;
  std::vector<int> skeletons;
  std::vector<int> output_of;  ///< by leaf of the result: output of the program, or −1 for an absent one
  int64_t calls = 0;           ///< guarded by the state's mutex
  bool compared = false;       ///< traced once more, with the same result; guarded likewise

  JitEntry() = default;
  JitEntry(const JitEntry&) = delete;
  ~JitEntry() {
    for (const Array& x : captures) __atomic_fetch_sub(&impl_of(x)->jit_holders, 1, __ATOMIC_RELAXED);
  }

  bool matches(const JitArguments& call) const {
    if (leaves.size() != call.leaves.size() || key != call.key) return false;
    for (size_t i = 0; i < leaves.size(); ++i) {
      const LeafKey& k = leaves[i];
      const nx::detail::Header* h = call.leaves[i].array->header();
      if (!h || !k.present) {
        if (h || k.present) return false;
        continue;
      }
      if (h->dtype != k.dtype || h->rank != k.rank) return false;
      const int64_t* mine = dims.data() + k.first_dim;
      for (int d = 0; d < k.rank; ++d)
        if (h->dims[d] != mine[d]) return false;
    }
    return true;
  }
};

namespace {

/// The plan for this choice of donated leaves, compiled at its first run.
std::shared_ptr<const CompiledProgram> variant_of(JitEntry& entry, const JitArguments& call,
                                                  const CompileChoice& choice) {
  const auto same = [&](const JitEntry::Variant& v) {
    size_t at = 0;
    for (size_t i = 0; i < call.leaves.size(); ++i)
      if (entry.leaves[i].present && v.donated[at++] != call.leaves[i].donated) return false;
    return true;
  };
  for (const JitEntry::Variant& v : entry.variants)
    if (same(v)) return v.compiled;
  std::vector<bool> donated;
  for (size_t i = 0; i < call.leaves.size(); ++i)
    if (entry.leaves[i].present) donated.push_back(call.leaves[i].donated);
  auto compiled = std::make_shared<const CompiledProgram>(entry.variants[0].compiled->program(), donated, choice);
  entry.variants.push_back({std::move(donated), compiled});
  return compiled;
}

}  // namespace

// The mutex guards the table of signatures and the counts. Nothing of the user's runs under it: functions are traced,
// programs compiled, results of trees destroyed and warnings given without it, since any of these may call this or
// another jitted function, of which another thread holds the lock and waits for this one's. So two threads may trace
// one signature at the same time. The first to finish puts it into the table; the other's trace is compared with it, as
// the second call's is.
struct JitState::Inside {
  JitOpts options;
  CompileChoice choice;  ///< of all programs; the derivatives inherit it
  mutable std::mutex mutex;
  std::vector<std::shared_ptr<JitEntry>> entries;  // the last one called first
  JitStats stats;                                  // calls, hits, traces
  std::weak_ptr<const CompiledProgram> last;       // its entry owns it
  std::atomic<bool> warned{false};
  std::atomic<size_t> leaves{0}, key_bytes{0};  ///< of the last call: room for the next one

  const std::string& where() const { return choice.where; }

  /// The entry of this signature, which becomes the first; null when there is none.
  std::shared_ptr<JitEntry> find(const JitArguments& call) {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (!entries[i]->matches(call)) continue;
      if (i > 0)
        std::rotate(entries.begin(), entries.begin() + static_cast<int64_t>(i),
                    entries.begin() + static_cast<int64_t>(i) + 1);
      return entries[0];
    }
    return nullptr;
  }
  JitTarget target(const std::shared_ptr<JitEntry>& entry, const JitArguments& call) {
    auto compiled = variant_of(*entry, call, choice);
    last = compiled;
    return {entry, std::move(compiled)};
  }
};

JitState::JitState(JitOpts options) : inside_(std::make_unique<Inside>()) {
  inside_->options = std::move(options);
  const JitOpts& given = inside_->options;
  inside_->choice = {given.kernels, given.fallback == Fallback::eager, "'" + given.name + "'",
                     std::make_shared<CompileCounts>()};
}
JitState::~JitState() = default;

const void* JitState::result_of(const JitEntry& entry) { return entry.result.get(); }
int JitState::skeleton_of(const JitEntry& entry, size_t element) { return entry.skeletons[element]; }

JitArguments JitState::start() const {
  JitArguments call;
  call.key.reserve(inside_->key_bytes.load(std::memory_order_relaxed));
  call.leaves.reserve(inside_->leaves.load(std::memory_order_relaxed));
  append_bytes(call.key, nx::default_float());
  return call;
}

// ---- tracing
// -----------------------------------------------------------------------------------------------------------

namespace {

struct Traced {
  nx::Program program;
  std::vector<Array> captures;
  JitTraced shape;
  std::vector<int> output_of;
};

Traced trace(const std::string& where, const JitArguments& call, void* context, JitTrace* function) {
  try {
    Recorder recorder("rune::jit");
    std::vector<Array> leaves;
    for (const JitLeaf& leaf : call.leaves)
      leaves.push_back(leaf.array->defined() ? recorder.input(nx::aval_of(*leaf.array)) : Array{});
    Traced traced;
    {
      const nx::InterpreterScope scope(&recorder);
      traced.shape = function(context, leaves);
    }
    leaves.clear();
    std::vector<Array> outputs;
    for (Array& leaf : traced.shape.leaves) {
      traced.output_of.push_back(leaf.defined() ? static_cast<int>(outputs.size()) : -1);
      if (leaf.defined()) outputs.push_back(std::move(leaf));
    }
    traced.shape.leaves.clear();
    Recorder::Capturing recorded = recorder.finish_capturing(std::move(outputs));
    traced.program = std::move(recorded.program);
    traced.captures = std::move(recorded.captures);
    return traced;
  } catch (const ConcretizationError&) {
    throw;  // a jitted function inside has said it
  } catch (const nx::LeakedTracerError&) {
    throw;
  } catch (const nx::TracerError& error) {
    const raven::Message message = raven::Message("while ") << where << " is traced: " << error.what();
    if (error.op() == "nx.random.Generator") throw FrozenRandomnessError("rune.jit", message);
    throw ConcretizationError("rune.jit", message);
  }
}

/// What a trace says, of a call or of an entry made for it.
struct Outcome {
  std::span<const Array> captures;
  nx::Program::Hash hash;
  const std::string& result_key;
  const std::vector<int>& output_of;
};

void require_same(const std::string& where, const JitEntry& entry, const Outcome& again) {
  const std::span<const Array> captures = again.captures;
  for (size_t i = 0; i < entry.captures.size() && i < captures.size(); ++i)
    if (entry.captures[i].header() != captures[i].header())
      throw StaleCaptureError("rune.jit", raven::Message()
                                              << where << " captures an array " << nx::aval_of(captures[i])
                                              << " that is another one than at its first call; pass it as an "
                                                 "argument");
  if (entry.captures.size() != captures.size())
    throw StaleCaptureError("rune.jit", raven::Message() << where << " captures " << captures.size() << " arrays, and "
                                                         << entry.captures.size()
                                                         << " at its first call; pass what changes as an argument");
  if (entry.hash != again.hash || entry.output_of != again.output_of || entry.result_key != again.result_key)
    throw StaleCaptureError(
        "rune.jit", raven::Message() << where
                                     << " does something else than at its first call, though its arguments have the "
                                        "same shapes and static values: it reads a number, flag or counter from "
                                        "outside; pass it as an argument");
}

/// Somebody else must hold each captured array still. Both counts move while other threads trace: only one that stood
/// still says something.
void require_held(const std::string& where, const JitEntry& entry) {
  for (const Array& x : entry.captures) {
    const nx::detail::Impl* impl = impl_of(x);
    const auto holders = __atomic_load_n(&impl->jit_holders, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&impl->refs, __ATOMIC_ACQUIRE) != holders ||
        __atomic_load_n(&impl->jit_holders, __ATOMIC_RELAXED) != holders)
      continue;
    throw StaleCaptureError("rune.jit", raven::Message()
                                            << where << " captured an array " << nx::aval_of(x)
                                            << " that nothing else holds any more: the variable was given another "
                                               "array, which the compiled function does not see; pass it as an "
                                               "argument");
  }
}

std::shared_ptr<JitEntry> make_entry(const JitArguments& call, Traced traced, const CompileChoice& choice) {
  auto made = std::make_shared<JitEntry>();
  made->key = call.key;
  std::vector<bool> donated;
  for (const JitLeaf& leaf : call.leaves) {
    const bool present = leaf.array->defined();
    const nx::Shape shape = leaf.array->shape();
    made->leaves.push_back(
        {leaf.array->dtype(), static_cast<uint8_t>(shape.size()), present, static_cast<uint32_t>(made->dims.size())});
    made->dims.insert(made->dims.end(), shape.begin(), shape.end());
    if (present) donated.push_back(leaf.donated);
  }
  for (Array& x : traced.captures) {
    made->dense.push_back(x.is_contiguous() ? Array{} : nx::detail::contiguous_array(x));
    __atomic_fetch_add(&impl_of(x)->jit_holders, 1, __ATOMIC_RELAXED);
    made->captures.push_back(std::move(x));
  }
  made->hash = traced.program.hash();
  made->variants.push_back(
      {donated, std::make_shared<const CompiledProgram>(std::make_shared<const nx::Program>(std::move(traced.program)),
                                                        donated, choice)});
  made->result = std::move(traced.shape.result);
  made->result_key = std::move(traced.shape.key);
  made->skeletons = std::move(traced.shape.skeletons);
  made->output_of = std::move(traced.output_of);
  return made;
}

}  // namespace

JitTarget JitState::entry(const JitArguments& call, void* context, JitTrace* function) {
  Inside& in = *inside_;
  in.leaves.store(call.leaves.size(), std::memory_order_relaxed);
  in.key_bytes.store(call.key.size(), std::memory_order_relaxed);
  std::shared_ptr<JitEntry> found;
  {
    const std::lock_guard lock(in.mutex);
    ++in.stats.calls;
    found = in.find(call);
    if (found) {
      require_held(in.where(), *found);
      ++found->calls;
      // Until it has succeeded: a call that threw has not shown that nothing changed.
      if (found->compared) {
        ++in.stats.hits;
        return in.target(found, call);
      }
    }
  }

  const auto start = std::chrono::steady_clock::now();
  Traced traced = trace(in.where(), call, context, function);
  std::shared_ptr<JitEntry> made, dropped;
  std::shared_ptr<const CompiledProgram> compiled;  // `variants` belongs to all threads once the entry is in the table
  size_t alike = 0;
  if (!found) {
    made = make_entry(call, std::move(traced), in.choice);
    for (const Array& x : made->captures)
      if (x.nbytes() > 1 << 20 && !in.warned.exchange(true))
        raven::warn((raven::Message("rune.jit: ") << in.where() << " captures an array " << nx::aval_of(x)
                                                  << "; it stays as it is now, pass it as an argument if it changes")
                        .str());
    const std::lock_guard lock(in.mutex);
    in.stats.trace_ms += milliseconds_since(start);
    found = in.find(call);  // what another thread has traced meanwhile
    if (!found) {
      made->calls = 1;
      ++in.stats.traces;
      in.entries.insert(in.entries.begin(), made);
      if (in.entries.size() > max_entries) {
        dropped = std::move(in.entries.back());
        in.entries.pop_back();
      }
      for (const auto& other : in.entries)
        alike += other != made && other->dims == made->dims && other->key.size() == made->key.size() &&
                 other->leaves.size() == made->leaves.size();
      in.last = compiled = made->variants[0].compiled;
    } else {
      ++found->calls;
    }
  }
  if (!found) {
    if (alike == static_warning)
      raven::warn((raven::Message("rune.jit: ")
                   << in.where() << " was compiled " << alike + 1
                   << " times for the same shapes: a static argument changes from call to call; pass "
                      "it as an nx::Array")
                      .str());
    return {made, compiled};
  }

  if (made)
    require_same(in.where(), *found, {made->captures, made->hash, made->result_key, made->output_of});
  else
    require_same(in.where(), *found, {traced.captures, traced.program.hash(), traced.shape.key, traced.output_of});
  const std::lock_guard lock(in.mutex);
  found->compared = true;
  ++in.stats.retraces;
  if (!made) in.stats.trace_ms += milliseconds_since(start);
  ++in.stats.hits;
  return in.target(found, call);
}

// ---- running
// -------------------------------------------------------------------------------------------------------------

std::vector<Array> JitState::run(const JitTarget& target, const JitArguments& call) {
  Inside& in = *inside_;
  const JitEntry& entry = *target.entry;
  const CompiledProgram& compiled = *target.compiled;
  std::vector<Array> outputs(compiled.program()->outputs().size());
  try {
    if (nx::current_interpreter()) {
      // One op of the transformation, whose rules know the program.
      std::vector<Array> arguments;
      for (const JitLeaf& leaf : call.leaves)
        if (leaf.array->defined()) arguments.push_back(*leaf.array);
      for (const Array& x : entry.captures) arguments.push_back(x);
      outputs = nx::call(compiled.program(), arguments, target.compiled);
    } else {
      std::vector<tolk::PlanArgument> arguments;
      arguments.reserve(call.leaves.size() + entry.captures.size());
      for (const JitLeaf& leaf : call.leaves)
        if (leaf.array->defined()) arguments.push_back({leaf.array, leaf.donated});
      for (size_t i = 0; i < entry.captures.size(); ++i)
        arguments.push_back(
            {const_cast<Array*>(entry.dense[i].defined() ? &entry.dense[i] : &entry.captures[i]), false});
      compiled.run(arguments, outputs);
    }
  } catch (const nx::IndexError& error) {
    throw nx::IndexError("rune.jit", raven::Message("inside ") << in.where() << ": " << error.what());
  } catch (const raven::MemoryError& error) {
    throw raven::MemoryError("rune.jit", error.bytes(),
                             raven::Message("inside ") << in.where() << ": " << error.what());
  }
  // One handle per leaf.
  if (outputs.size() == entry.output_of.size()) return outputs;
  std::vector<Array> leaves(entry.output_of.size());
  for (size_t i = 0; i < leaves.size(); ++i)
    if (entry.output_of[i] >= 0) leaves[i] = std::move(outputs[static_cast<size_t>(entry.output_of[i])]);
  return leaves;
}

// ---- reports
// -------------------------------------------------------------------------------------------------------------

namespace {

/// Calls visit(plan, what) for the program's plan and those of its derivatives, as far as they were made.
template <class F>
void for_each_plan(const CompiledProgram& program, const F& visit, const std::string& what = "") {
  if (const tolk::Plan* plan = program.plan_so_far()) visit(*plan, what);
  for (const auto& d : program.derivatives()) {
    for_each_plan(*d->forward, visit, what + "forward half of the derivative");
    for_each_plan(*d->backward, visit, what + "backward half of the derivative");
  }
}

void print_plan(raven::Message& m, const tolk::Plan& plan) {
  for (const tolk::PassReport& pass : plan.stats().passes)
    m << "  pass " << pass.name << ": " << pass.before << " → " << pass.after << " equations\n";
  m << plan.explain();
}

/// One choice of donated leaves.
void print_variant(raven::Message& m, const JitEntry::Variant& v) {
  const auto given = std::count(v.donated.begin(), v.donated.end(), true);
  if (given > 0) m << "with " << given << " of " << v.donated.size() << " arrays donated\n";
  if (const std::string fault = v.compiled->fault(); !fault.empty())
    m << (v.compiled->is_done() ? "run by eager kernels: " : "") << "it did not compile: " << fault << "\n";
  else if (!v.compiled->is_done())
    m << "not run by itself: inside of a derivative or of another compiled function its operations are part of that\n";
  for_each_plan(*v.compiled, [&m](const tolk::Plan& plan, const std::string& what) {
    if (!what.empty()) m << what << "\n";
    print_plan(m, plan);
  });
}

}  // namespace

JitStats JitState::stats() const {
  const CompileCounts& counts = *inside_->choice.counts;
  std::shared_ptr<const CompiledProgram> last;  // let go of after the lock
  const std::lock_guard lock(inside_->mutex);
  JitStats stats = inside_->stats;
  stats.compiles = counts.compiles, stats.shared = counts.shared, stats.fallbacks = counts.fallbacks;
  stats.compile_ms = 1e-6 * static_cast<double>(counts.nanoseconds);
  stats.input_copies = counts.input_copies;
  stats.donations = counts.donations, stats.donations_missed = counts.donations_missed;
  for (const auto& e : inside_->entries)
    for (const JitEntry::Variant& v : e->variants)
      for_each_plan(*v.compiled, [&](const tolk::Plan& plan, const std::string&) {
        stats.arena_bytes += plan.stats().arena_bytes;
        stats.live_bytes += plan.stats().live_bytes;
      });
  if ((last = inside_->last.lock()))
    for_each_plan(*last, [&](const tolk::Plan& plan, const std::string&) {
      stats.kernels += static_cast<int64_t>(plan.stats().kernels);
      stats.launches += static_cast<int64_t>(plan.stats().launches);
      stats.externs += static_cast<int64_t>(plan.stats().externs);
    });
  return stats;
}

std::string JitState::explain() const {
  const std::lock_guard lock(inside_->mutex);
  raven::Message m("jit ");
  m << inside_->where() << ": " << inside_->entries.size() << " signatures\n";
  for (const auto& e : inside_->entries) {
    m << "signature(";
    for (size_t i = 0; i < e->leaves.size(); ++i) {
      const LeafKey& k = e->leaves[i];
      m << (i > 0 ? ", " : "");
      if (k.present)
        m << nx::Aval{k.dtype, nx::Shape(std::span<const int64_t>(e->dims.data() + k.first_dim, k.rank))};
      else
        m << "-";
    }
    m << "), " << e->captures.size() << " captured arrays, " << e->calls << " calls\n";
    for (const JitEntry::Variant& v : e->variants) print_variant(m, v);
  }
  return m.str();
}

size_t JitState::cache_size() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->entries.size();
}
void JitState::clear_cache() {
  std::vector<std::shared_ptr<JitEntry>> dropped;
  const std::lock_guard lock(inside_->mutex);
  dropped.swap(inside_->entries);
}

}  // namespace rune::detail
