// One call: addresses into prepared views, then the kernels in a row.
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

constexpr size_t idle_frames = 4;  // more run at once, but their arenas are given back

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

void require_defined(const Array& x, size_t i) {
  if (!x.defined())
    throw nx::ValueError("tolk.Plan.run",
                         raven::Message("argument ")
                             << i << " is the same handle as another argument that is donated; copy the handle");
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

/// A fresh result: its geometry is known, so this is two or three allocations and no computation.
Array new_result(const ResultBlock& block) {
  if (block.size == 0) return nx::detail::empty_array(block.aval.dtype, block.aval.shape.span());
  const int rank = block.aval.shape.size();
  nx::detail::Impl* impl = nx::detail::new_impl(block.aval.dtype, rank);
  Array out(impl);
  nx::detail::copy_dims(nx::detail::shape_of(impl), block.aval.shape.span());
  nx::detail::copy_dims(nx::detail::strides_of(impl), block.strides.span());
  impl->size = block.size;
  impl->flags |= nx::detail::array_flag::contiguous;
  if (block.bytes <= RAVEN_INLINE_DATA) {
    impl->data = impl->inline_data;
  } else {
    impl->storage = nx::detail::new_storage(block.bytes);
    impl->data = impl->storage->data;
  }
  return out;
}

void run_rows(const Step& s, const nx::cpu::View* v) {
  std::byte* out[2] = {v[s.inputs].data};
  const std::byte* in[2][3] = {};
  for (size_t i = 0; i < s.inputs; ++i) in[0][i] = v[i].data;
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

void run_steps(const Plan::Impl& plan, Frame& frame) {
  const nx::cpu::View* views = frame.views.data();
  for (const Step& s : plan.steps) {
    const nx::cpu::View* v = views + s.first_view;
    switch (s.kind) {
      case Step::Kind::flat: {
        const std::byte* in[3];
        for (size_t i = 0; i < s.inputs; ++i) in[i] = v[i].data;
        if (s.serial)
          s.loop(v[s.inputs].data, in, s.strides, s.size, s.attrs.get());
        else
          nx::cpu::run_flat(s.loop, v[s.inputs].data, in, s.strides, s.items, s.inputs, s.out_item, s.size,
                            s.attrs.get(), s.cost);
        continue;
      }
      case Step::Kind::rows: run_rows(s, v); continue;
      case Step::Kind::reduce_rows: s.reduce->rows(v[1].data, v[0].data, s.outer[0], s.size, s.size, 1); continue;
      case Step::Kind::reduce_columns: s.reduce->columns(v[1].data, v[0].data, s.size, s.width, s.width); continue;
      case Step::Kind::kernel: break;
    }
    const nx::cpu::KernelCall call{{v, s.inputs},
                                   {v + s.inputs, s.outputs},
                                   &s.attrs.get(),
                                   s.scratch_bytes > 0 ? frame.arena + s.scratch_offset : nullptr};
    if (s.checked) nx::cpu::check_indices(s.op, call.in, s.attrs.get());
    s.kernel(call);
  }
}

/// The output of the program as an array over the bytes it lies in.
Array output_of(const Output& out, Array& base) {
  if (out.whole && fits(out.view.aval, base) && base.is_contiguous()) return out.last ? std::move(base) : base;
  Array view = nx::detail::view_of(base, out.view.aval.shape.span(), out.view.strides.span(), out.view.place.offset);
  impl_of(view)->dtype = out.view.aval.dtype;
  return view;
}

}  // namespace

Frame::Frame(const Plan::Impl& plan)
    : arena_bytes(static_cast<size_t>(plan.stats.arena_bytes)),
      inputs(plan.program.inputs()),
      results(plan.results.size()),
      input_base(plan.program.inputs()),
      result_base(plan.results.size()) {
  views.reserve(plan.views.size());
  arena = static_cast<std::byte*>(raven::Allocator::allocate(arena_bytes));
  for (const PlanView& v : plan.views) {
    std::byte* data = nullptr;
    if (v.place.space == Space::arena) data = arena + v.place.offset;
    if (v.place.space == Space::constant) data = impl_of(plan.constants[v.place.index])->data + v.place.offset;
    views.push_back(kernel_view(v, data));
  }
}
Frame::~Frame() {
  if (arena) raven::Allocator::deallocate(arena, arena_bytes);
}

std::unique_ptr<Frame> Plan::Impl::take_frame() const {
  {
    const std::lock_guard lock(mutex);
    if (!idle.empty()) {
      std::unique_ptr<Frame> frame = std::move(idle.back());
      idle.pop_back();
      return frame;
    }
  }
  return std::make_unique<Frame>(*this);
}
void Plan::Impl::give_back(std::unique_ptr<Frame> frame) const {
  const std::lock_guard lock(mutex);
  if (idle.size() < idle_frames) idle.push_back(std::move(frame));
}

void Plan::run(std::span<const PlanArgument> arguments, std::span<Array> outputs, RunReport* report,
               bool poison) const {
  const Impl& p = *impl_;
  if (arguments.size() != p.program.inputs() || outputs.size() != p.outputs.size())
    throw Error("tolk.Plan.run", raven::Message("got ")
                                     << arguments.size() << " arguments and " << outputs.size() << " results, expected "
                                     << p.program.inputs() << " and " << p.outputs.size());
  if (raven::interrupted()) raven::poll_interrupt();
  for (size_t i = 0; i < arguments.size(); ++i)
    if (!fits(p.program.aval(static_cast<Id>(i)), *arguments[i].array)) does_not_fit(p, i, *arguments[i].array);

  const raven::StepScope step;
  std::unique_ptr<Frame> frame = p.take_frame();
  Frame& f = *frame;
  RunReport done;
  // Donated arguments first: whoever names the same handle twice is found by its being empty then.
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!p.written[i]) continue;
    Array& x = *arguments[i].array;
    require_defined(x, i);
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
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (p.written[i]) continue;
    const Array& x = *arguments[i].array;
    require_defined(x, i);
    if (x.is_contiguous()) {
      f.input_base[i] = impl_of(x)->data;
    } else {
      f.inputs[i] = copy_of(x);
      ++done.input_copies;
      f.input_base[i] = impl_of(f.inputs[i])->data;
    }
  }
  for (size_t i = 0; i < p.results.size(); ++i) {
    const ResultBlock& block = p.results[i];
    if (block.donor >= 0) {
      f.results[i] = std::move(f.inputs[static_cast<size_t>(block.donor)]);
    } else {
      f.results[i] = new_result(block);
      f.result_base[i] = impl_of(f.results[i])->data;
      if (poison) std::memset(f.result_base[i], 0xFF, static_cast<size_t>(f.results[i].nbytes()));
    }
  }
  for (const Impl::Patch& patch : p.input_patches) f.views[patch.view].data = f.input_base[patch.index] + patch.offset;
  for (const Impl::Patch& patch : p.result_patches)
    f.views[patch.view].data = f.result_base[patch.index] + patch.offset;
  if (poison) std::memset(f.arena, 0xFF, f.arena_bytes);

  run_steps(p, f);

  for (size_t i = 0; i < outputs.size(); ++i) {
    const Output& out = p.outputs[i];
    const uint32_t index = out.view.place.index;
    if (out.view.place.space == Space::result) {
      outputs[i] = output_of(out, f.results[index]);
    } else if (out.view.place.space == Space::constant) {
      Array constant = p.constants[index];
      outputs[i] = output_of(out, constant);
    } else {
      // The argument itself, or its dense copy: the handle stays with the caller.
      Array argument = f.inputs[index].defined() ? f.inputs[index] : *arguments[index].array;
      outputs[i] = output_of(out, argument);
    }
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].donated) *arguments[i].array = Array{};
    if (f.inputs[i].defined()) f.inputs[i] = Array{};
  }
  for (Array& result : f.results)
    if (result.defined()) result = Array{};
  p.give_back(std::move(frame));
  if (report) *report = done;
}

void Plan::run(std::span<const Array> arguments, std::span<Array> results) const {
  std::vector<PlanArgument> plain;
  plain.reserve(arguments.size());
  for (const Array& x : arguments) plain.push_back({const_cast<Array*>(&x), false});
  run(plain, results);
}

}  // namespace tolk
