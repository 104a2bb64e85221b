// One call: addresses into prepared views, then the steps in a row.
#include <atomic>
#include <cstring>

#include "raven/base/interrupt.hpp"
#include "raven/base/message.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/map.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

using nx::Array;
using nx::detail::impl_of;

namespace {

constexpr size_t idle_frames = 4;  // of a plan; more run at once, but their arenas are given back

/// Arenas that wait for the next call, of all plans. They are bounded as the memory is that the allocator keeps.
constinit std::atomic<int64_t> idle_bytes{0};
int64_t most_idle_bytes() {
  static const int64_t limit = raven::Allocator::stats().limit;
  return limit;
}

[[gnu::cold, gnu::noinline]] void does_not_fit(const Plan::Impl& plan, size_t i, const Array& x) {
  constexpr const char* name = "tolk.Plan.run";
  if (!x.defined())
    throw nx::ValueError(name, raven::Message("argument ")
                                   << i << " is an empty handle (Array{}), which holds no array");
  if (x.is_traced())
    throw nx::TracerError(name, raven::Message("argument ")
                                    << i << " is a traced value; call the program with nx::call");
  const Aval& expected = plan.program.aval(static_cast<Id>(i));
  if (x.dtype() != expected.dtype)
    throw nx::DTypeError(name, raven::Message("argument ")
                                   << i << " is " << nx::aval_of(x) << ", expected " << expected);
  throw nx::ShapeError(name, raven::Message("argument ") << i << " is " << nx::aval_of(x) << ", expected " << expected);
}

bool fits(const Aval& aval, const Array& x) {
  if (!x.defined()) return false;
  const nx::detail::Header* h = x.header();
  const auto shape = aval.shape.span();
  if (h->dtype != aval.dtype || h->rank != shape.size() || (h->flags & nx::detail::array_flag::tracer)) return false;
  for (size_t i = 0; i < shape.size(); ++i)
    if (h->dims[i] != shape[i]) return false;
  return true;
}

Array copy_of(const Array& x) {
  Array out = nx::detail::empty_array(x.dtype(), nx::detail::shape_span(x));
  nx::detail::copy_view(nx::cpu::View(impl_of(out)), nx::cpu::View(impl_of(x)));
  return out;
}

/// A fresh result: its record is known but for the data, so this is two or three allocations and no computation.
Array new_result(const ResultBlock& block) {
  if (block.size == 0 || block.aval.shape.size() > Dims::inline_size)
    return nx::detail::empty_array(block.aval.dtype, block.aval.shape.span());
  using nx::detail::Impl;
  auto* impl = static_cast<Impl*>(raven::Allocator::allocate(sizeof(Impl)));
  // All but the data inside.
  const auto record_bytes = static_cast<size_t>(reinterpret_cast<const std::byte*>(block.pattern.inline_data) -
                                                reinterpret_cast<const std::byte*>(&block.pattern));
  std::memcpy(static_cast<void*>(impl), &block.pattern, record_bytes);
  impl->dims = impl->inline_dims;
  Array out(impl);
  if (block.bytes <= RAVEN_INLINE_DATA) {
    impl->data = impl->inline_data;
  } else {
    impl->storage = nx::detail::new_storage(block.bytes);
    impl->data = impl->storage->data;
  }
  return out;
}

void run_rows(const Step& s, void* const* v) {
  std::byte* out[2] = {static_cast<std::byte*>(v[s.inputs])};
  const std::byte* in[2][3] = {};
  for (size_t i = 0; i < s.inputs; ++i) in[0][i] = static_cast<const std::byte*>(v[i]);
  for (int64_t a = 0; a < s.outer[0]; ++a) {
    out[1] = out[0];
    for (size_t i = 0; i < s.inputs; ++i) in[1][i] = in[0][i];
    for (int64_t b = 0; b < s.outer[1]; ++b) {
      s.loop(out[1], in[1], s.strides, s.size, s.attrs.get());
      out[1] += s.outer_step[1][0];
      for (size_t i = 0; i < s.inputs; ++i) in[1][i] += s.outer_step[1][i + 1];
    }
    out[0] += s.outer_step[0][0];
    for (size_t i = 0; i < s.inputs; ++i) in[0][i] += s.outer_step[0][i + 1];
  }
}

void run_flat(const Step& s, void* const* v) {
  const std::byte* in[3];
  for (size_t i = 0; i < s.inputs; ++i) in[i] = static_cast<const std::byte*>(v[i]);
  auto* out = static_cast<std::byte*>(v[s.inputs]);
  if (s.serial)
    s.loop(out, in, s.strides, s.size, s.attrs.get());
  else
    nx::cpu::run_flat(s.loop, out, in, s.strides, s.items, s.inputs, s.out_item, s.size, s.attrs.get(), s.cost);
}

void run_call(const Step& s, const nx::cpu::View* v, std::byte* scratch) {
  const nx::cpu::KernelCall call{{v, s.inputs}, {v + s.inputs, s.outputs}, &s.attrs.get(), scratch};
  if (s.checked) nx::cpu::check_indices(s.op, call.in, s.attrs.get());
  s.kernel(call);
}

/// The output of the program as an array over the bytes it lies in.
Array output_of(const Output& out, const Array& base) {
  if (out.whole && fits(out.view.aval, base) && base.is_contiguous()) return base;
  Array view = nx::detail::view_of(base, out.view.aval.shape.span(), out.view.strides.span(), out.view.place.offset);
  impl_of(view)->dtype = out.view.aval.dtype;
  return view;
}

/// An argument that was taken as a donated one and is another argument too, f(std::move(x), x), is given back: the plan
/// overwrites a copy. Its handle is empty, which is how it is found.
[[gnu::cold, gnu::noinline]] void give_back_taken(std::span<const PlanArgument> arguments, size_t i, Frame& f,
                                                  RunReport& done) {
  for (size_t taken = 0; taken < arguments.size(); ++taken) {
    if (arguments[taken].array != arguments[i].array || !f.inputs[taken].defined()) continue;
    *arguments[i].array = std::move(f.inputs[taken]);
    f.inputs[taken] = copy_of(*arguments[i].array);
    f.input_base[taken] = impl_of(f.inputs[taken])->data;
    --done.donations_taken;
    ++done.donations_missed;
    return;
  }
}

/// Inputs that are overwritten: the caller's own, or a copy. They come before those that are only read.
void take_donated(const Plan::Impl& p, std::span<const PlanArgument> arguments, Frame& f, RunReport& done) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!p.written[i]) continue;
    Array& x = *arguments[i].array;
    if (!x.defined()) give_back_taken(arguments, i, f, done);
    const bool dense = x.is_contiguous();
    if (arguments[i].donated && dense && nx::detail::uniquely_owned(impl_of(x))) {
      f.inputs[i] = std::move(x);
      ++done.donations_taken;
    } else {
      f.inputs[i] = copy_of(x);
      done.donations_missed += arguments[i].donated;
      done.input_copies += !dense;
    }
    f.input_base[i] = impl_of(f.inputs[i])->data;
  }
  for (size_t i = 0; i < arguments.size(); ++i)
    if (!p.written[i] && !arguments[i].array->defined()) give_back_taken(arguments, i, f, done);
}

/// Inputs that are only read, made dense where they are not.
void bind_inputs(const Plan::Impl& p, std::span<const PlanArgument> arguments, Frame& f, RunReport& done) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (p.overwrites && p.written[i]) continue;
    const nx::detail::Impl* x = impl_of(*arguments[i].array);
    if ((x->flags & nx::detail::array_flag::contiguous) == 0) {
      f.inputs[i] = copy_of(*arguments[i].array);
      ++done.input_copies;
      x = impl_of(f.inputs[i]);
    }
    f.input_base[i] = x->data;
  }
}

void make_results(const Plan::Impl& p, Frame& f, bool poison) {
  for (size_t i = 0; i < p.results.size(); ++i) {
    const ResultBlock& block = p.results[i];
    if (block.donor >= 0) {
      f.results[i] = std::move(f.inputs[static_cast<size_t>(block.donor)]);
    } else {
      f.results[i] = new_result(block);
      f.result_base[i] = impl_of(f.results[i])->data;
      if (poison) std::memset(f.result_base[i], 0xFF, static_cast<size_t>(block.bytes));
    }
  }
}

void give_results(const Plan::Impl& p, std::span<const PlanArgument> arguments, Frame& f, std::span<Array> outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Output& out = p.outputs[i];
    const uint32_t index = out.view.place.index;
    if (out.direct) {
      outputs[i] = std::move(f.results[index]);
    } else if (out.view.place.space == Space::result) {
      outputs[i] = output_of(out, f.results[index]);
    } else if (out.view.place.space == Space::constant) {
      outputs[i] = output_of(out, p.constants[index]);
    } else {
      // The argument itself, or its dense copy: the handle stays with the caller.
      outputs[i] = output_of(out, f.inputs[index].defined() ? f.inputs[index] : *arguments[index].array);
    }
  }
}

}  // namespace

void run_step(const Plan::Impl& plan, size_t k, Frame& frame) {
  const Step& s = plan.steps[k];
  void* const* at = frame.addresses.data() + s.first_view;
  const auto bytes = [at](size_t i) { return static_cast<std::byte*>(at[i]); };
  switch (s.kind) {
    case Step::Kind::launch: return (plan.check_launches ? check_batch : run_batch)(plan, plan.batches[s.batch], frame);
    case Step::Kind::flat: return run_flat(s, at);
    case Step::Kind::rows: return run_rows(s, at);
    case Step::Kind::reduce_rows: return s.reduce->rows(bytes(1), bytes(0), s.outer[0], s.size, s.size, 1);
    case Step::Kind::reduce_columns: return s.reduce->columns(bytes(1), bytes(0), s.size, s.width, s.width);
    case Step::Kind::kernel: return run_call(s, frame.views.data() + s.first_view, frame.scratch_of[k]);
  }
}

void check_arguments(const Plan::Impl& p, std::span<const PlanArgument> arguments, size_t results) {
  if (arguments.size() != p.program.inputs() || results != p.outputs.size())
    throw Error("tolk.Plan.run", raven::Message("got ")
                                     << arguments.size() << " arguments and " << results << " results, expected "
                                     << p.program.inputs() << " and " << p.outputs.size());
  for (size_t i = 0; i < arguments.size(); ++i)
    if (!fits(p.program.aval(static_cast<Id>(i)), *arguments[i].array)) does_not_fit(p, i, *arguments[i].array);
}

Frame::Frame(const Plan::Impl& plan, bool with_arena)
    : addresses(plan.views.size()),
      views(plan.views.size()),
      scratch_of(plan.steps.size()),
      inputs(plan.program.inputs()),
      results(plan.results.size()),
      input_base(plan.program.inputs()),
      result_base(plan.results.size()) {
  if (with_arena) {
    arena_bytes = static_cast<size_t>(plan.stats.arena_bytes);
    arena = static_cast<std::byte*>(raven::Allocator::allocate(arena_bytes));
  }
  for (size_t i = 0; i < plan.views.size(); ++i) {
    const Place& place = plan.views[i].place;
    if (place.space == Space::arena) addresses[i] = arena + place.offset;
    if (place.space == Space::constant) addresses[i] = impl_of(plan.constants[place.index])->data + place.offset;
  }
  for (size_t k = 0; k < plan.steps.size(); ++k) {
    const Step& s = plan.steps[k];
    if (s.kind != Step::Kind::kernel) continue;
    for (uint32_t i = s.first_view; i < s.first_view + s.views; ++i)
      views[i] = kernel_view(plan.views[i], static_cast<std::byte*>(addresses[i]));
    if (s.scratch_bytes > 0) scratch_of[k] = arena + plan.pieces[s.scratch].offset;
  }
}
Frame::~Frame() {
  if (arena) raven::Allocator::deallocate(arena, arena_bytes);
}

void Frame::patch(const Plan::Impl& plan) {
  const auto write = [this](const Plan::Impl::Patch& patch, const std::vector<std::byte*>& base) {
    std::byte* at = base[patch.index] + patch.offset;
    addresses[patch.view] = at;
    if (patch.call) views[patch.view].data = at;
  };
  for (const Plan::Impl::Patch& patch : plan.input_patches) write(patch, input_base);
  for (const Plan::Impl::Patch& patch : plan.result_patches) write(patch, result_base);
}

std::unique_ptr<Frame> Plan::Impl::take_frame() const {
  {
    const std::lock_guard lock(mutex);
    if (!idle.empty()) {
      std::unique_ptr<Frame> frame = std::move(idle.back());
      idle.pop_back();
      idle_bytes -= static_cast<int64_t>(frame->arena_bytes);
      return frame;
    }
  }
  return std::make_unique<Frame>(*this, true);
}
void Plan::Impl::give_back(std::unique_ptr<Frame> frame) const {
  const auto bytes = static_cast<int64_t>(frame->arena_bytes);
  if (idle_bytes + bytes > most_idle_bytes()) return;
  const std::lock_guard lock(mutex);
  if (idle.size() >= idle_frames) return;
  idle.push_back(std::move(frame));
  idle_bytes += bytes;
}
Plan::Impl::~Impl() {
  for (const std::unique_ptr<Frame>& frame : idle) idle_bytes -= static_cast<int64_t>(frame->arena_bytes);
}

void Plan::run(std::span<const PlanArgument> arguments, std::span<Array> outputs, RunReport* report,
               bool poison) const {
  if (!impl_->timed) return run_steps(arguments, outputs, report, poison, nullptr);
  std::vector<StepTime> times;
  run_steps(arguments, outputs, report, poison, &times);
  report_steps(*impl_, times);
}

std::vector<StepTime> Plan::run_timed(std::span<const PlanArgument> arguments, std::span<Array> outputs) const {
  std::vector<StepTime> times;
  run_steps(arguments, outputs, nullptr, false, &times);
  return times;
}

void Plan::run_steps(std::span<const PlanArgument> arguments, std::span<Array> outputs, RunReport* report, bool poison,
                     std::vector<StepTime>* times) const {
  const Impl& p = *impl_;
  check_arguments(p, arguments, outputs.size());
  if (raven::interrupted()) raven::poll_interrupt();

  const raven::StepScope step;
  std::unique_ptr<Frame> frame = p.take_frame();
  Frame& f = *frame;
  RunReport done;
  if (p.overwrites) take_donated(p, arguments, f, done);
  bind_inputs(p, arguments, f, done);
  make_results(p, f, poison);
  f.patch(p);
  if (poison) std::memset(f.arena, 0xFF, f.arena_bytes);

  if (times)
    *times = time_steps(p, f);
  else
    for (size_t k = 0; k < p.steps.size(); ++k) run_step(p, k, f);

  give_results(p, arguments, f, outputs);
  const bool holds_inputs = p.overwrites || done.input_copies > 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].donated) *arguments[i].array = Array{};
    if (holds_inputs) f.inputs[i] = Array{};
  }
  for (Array& result : f.results)
    if (result.defined()) result = Array{};
  p.give_back(std::move(frame));
  if (report) *report = done;
}

std::vector<PlanArgument> plain_arguments(std::span<const Array> arguments) {
  std::vector<PlanArgument> plain;
  plain.reserve(arguments.size());
  for (const Array& x : arguments) plain.push_back({const_cast<Array*>(&x), false});
  return plain;
}

void Plan::run(std::span<const Array> arguments, std::span<Array> results) const {
  run(plain_arguments(arguments), results);
}

}  // namespace tolk
