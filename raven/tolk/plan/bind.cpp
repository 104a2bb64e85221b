// What a step needs at run time, once every value has its place: code, chunks of work, flat loops, addresses to be
// patched.
#include <algorithm>
#include <chrono>

#include "raven/nx/cpu/layout.hpp"
#include "raven/nx/cpu/map.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

nx::cpu::View kernel_view(const PlanView& v, std::byte* data) {
  nx::cpu::View view;
  view.data = data;
  view.shape = v.aval.shape.data();
  view.strides = v.strides.data();
  view.size = nx::element_count(v.aval.shape.span());
  view.dtype = v.aval.dtype;
  view.rank = v.aval.shape.size();
  view.contiguous = v.contiguous;
  return view;
}

std::pair<int64_t, int64_t> byte_range(const PlanView& v) {
  const int64_t item = nx::item_size(v.aval.dtype);
  int64_t low = 0, high = 1;
  for (int i = 0; i < v.aval.shape.size(); ++i) {
    const int64_t extent = v.aval.shape[i];
    if (extent == 0) return {v.place.offset, v.place.offset};
    (v.strides[i] < 0 ? low : high) += (extent - 1) * v.strides[i];
  }
  return {v.place.offset + low * item, v.place.offset + high * item};
}

namespace {

bool is_one_number(const PlanView& v) {
  for (const int64_t stride : v.strides)
    if (stride != 0) return false;
  return true;
}

/// The largest element count that the eager driver keeps on its caller (raven/nx/cpu/map.cpp).
int64_t serial_limit(int64_t cost) { return 2 * std::max<int64_t>(1024, 80'000 / cost); }

/// An elementwise step whose operands are in C order or one number each is a single loop.
void flatten(Step& s, std::span<const PlanView> views) {
  const PlanView& out = views[s.inputs];
  for (size_t i = 0; i < s.inputs; ++i) {
    const bool number = is_one_number(views[i]);
    if (!number && !views[i].contiguous) return;
    s.strides[i] = number ? 0 : 1;
    s.items[i] = nx::item_size(views[i].aval.dtype);
  }
  std::vector<nx::cpu::View> in;
  for (size_t i = 0; i < s.inputs; ++i) in.push_back(kernel_view(views[i], nullptr));
  s.loop = nx::cpu::map_loop(s.op, in, out.aval.dtype);
  if (!s.loop) return;
  s.out_item = nx::item_size(out.aval.dtype);
  s.size = nx::element_count(out.aval.shape.span());
  s.cost = nx::cpu::map_cost(s.op);
  s.kind = Step::Kind::flat;
  s.serial = s.size < serial_limit(s.cost);
}

/// A small elementwise step with broadcast or permuted operands: the walk over its axes is known now.
template <int operands>
void walk(Step& s, std::span<const PlanView> views) {
  const PlanView& out = views[s.inputs];
  s.cost = nx::cpu::map_cost(s.op);
  nx::cpu::View kernel_views[operands + 1];
  const nx::cpu::View* pointers[operands + 1];
  kernel_views[0] = kernel_view(out, nullptr);
  for (size_t i = 0; i < operands; ++i) kernel_views[i + 1] = kernel_view(views[i], nullptr);
  for (size_t i = 0; i <= operands; ++i) pointers[i] = &kernel_views[i];
  if (kernel_views[0].size == 0 || kernel_views[0].size >= serial_limit(s.cost)) return;
  const auto w =
      nx::cpu::make_walk<operands + 1>(reinterpret_cast<const nx::cpu::View* const(&)[operands + 1]>(pointers));
  if (w.rank < 1 || w.rank > 3) return;
  s.loop = nx::cpu::map_loop(s.op, std::span<const nx::cpu::View>(kernel_views + 1, operands), out.aval.dtype);
  if (!s.loop) return;
  s.out_item = nx::item_size(out.aval.dtype);
  const int inner = w.rank - 1;
  s.size = w.extent[inner];
  for (int o = 0; o < operands; ++o) {
    s.strides[o] = w.stride[o + 1][inner];
    s.items[o] = nx::item_size(views[static_cast<size_t>(o)].aval.dtype);
  }
  for (int a = 0; a < inner; ++a) {
    const int at = a + 2 - inner;  // the last ones of `outer`
    s.outer[at] = w.extent[a];
    for (int o = 0; o <= operands; ++o) s.outer_step[at][o] = w.stride[o][a] * (o == 0 ? s.out_item : s.items[o - 1]);
  }
  s.kind = Step::Kind::rows;
}

/// A small reduction of an operand in C order along its last axes, or along its first ones, is one call of the loop
/// that the eager driver would cut it into.
void reduce_directly(Step& s, std::span<const PlanView> views) {
  const auto& attrs = s.attrs.as<nx::ReduceAttrs>();
  const Aval& in = views[0].aval;
  constexpr int64_t small = 16 << 10;
  if (!views[0].contiguous || bytes_of(in) == 0 || nx::element_count(in.shape.span()) > small) return;
  int64_t before = 1, reduced = 1, behind = 1;
  for (int i = 0; i < in.shape.size(); ++i) {
    if (in.shape[i] == 1) continue;
    if (attrs.axes.contains(i)) {
      if (behind > 1) return;  // two groups of reduced axes
      reduced *= in.shape[i];
    } else {
      (reduced > 1 ? behind : before) *= in.shape[i];
    }
  }
  if (reduced == 1) return;
  if (behind > 1 && (before > 1 || behind > nx::cpu::column_width || reduced > nx::cpu::column_segment)) return;
  s.reduce =
      &nx::cpu::loops().reduce[static_cast<int>(attrs.kind)][static_cast<int>(in.dtype)][static_cast<int>(attrs.dtype)];
  if (!s.reduce->rows || !s.reduce->columns) return;
  s.size = reduced;
  s.outer[0] = before;
  s.width = behind;
  s.kind = behind > 1 ? Step::Kind::reduce_columns : Step::Kind::reduce_rows;
}

// ---- results
// -------------------------------------------------------------------------------------------------------------

/// What making and giving out results can know beforehand.
void prepare_results(Plan::Impl& plan) {
  for (ResultBlock& block : plan.results) {
    const auto shape = block.aval.shape.span();
    if (shape.size() > Dims::inline_size) continue;
    nx::detail::Impl& record = block.pattern;
    record.refs = 1;
    record.dtype = block.aval.dtype;
    record.rank = static_cast<uint8_t>(shape.size());
    record.flags = nx::detail::array_flag::contiguous;
    record.size = block.size;
    const Dims strides = nx::contiguous_strides(shape);
    std::copy_n(shape.data(), shape.size(), record.inline_dims);
    std::copy_n(strides.data(), shape.size(), record.inline_dims + shape.size());
  }
  for (Output& out : plan.outputs) {
    if (out.view.place.space != Space::result || !out.whole || !out.last) continue;
    // A donated input keeps its record: it must be of the result's type and shape.
    const int64_t donor = plan.results[out.view.place.index].donor;
    out.direct = donor < 0 || plan.program.aval(static_cast<Id>(donor)) == out.view.aval;
  }
}

// ---- launches
// ------------------------------------------------------------------------------------------------------------

constexpr double most_chunks = 1024;

/// Segments cut into pieces, pieces gathered into chunks that are worth a thread. Cuts depend on the schedule alone.
void cut(Batch& batch) {
  double total = 0;
  for (const Segment& g : batch.segments) total += static_cast<double>(g.tasks) / static_cast<double>(g.grain);
  const double worth = total < 2 ? total : std::max(1.0, total / most_chunks);  // of a chunk, in grains
  batch.chunks.push_back(0);
  double room = worth;
  for (uint32_t index = 0; index < batch.segments.size(); ++index) {
    const Segment& g = batch.segments[index];
    for (int64_t begin = 0; begin < g.tasks;) {
      const double wanted = std::max(1.0, room * static_cast<double>(g.grain) / static_cast<double>(g.task_align));
      const int64_t most =
          wanted < static_cast<double>(g.tasks) ? static_cast<int64_t>(wanted) * g.task_align : g.tasks;
      const int64_t end = std::min(g.tasks, begin + most);
      batch.pieces.push_back({index, begin, end});
      room -= static_cast<double>(end - begin) / static_cast<double>(g.grain);
      begin = end;
      // A rest that is not worth a call goes along.
      if (room < 0.25 * worth) {
        batch.chunks.push_back(static_cast<uint32_t>(batch.pieces.size()));
        room = worth;
      }
    }
  }
  if (batch.chunks.back() != batch.pieces.size()) batch.chunks.push_back(static_cast<uint32_t>(batch.pieces.size()));
}

void make_code(Plan::Impl& plan) {
  std::vector<const loop::Kernel*> kernels;
  for (const PlanKernel& k : plan.kernels) kernels.push_back(&k.kernel);
  if (kernels.empty()) return;
  const auto start = std::chrono::steady_clock::now();
  const auto code = compile_kernels(kernels, plan.options.level);
  for (size_t i = 0; i < code.size(); ++i) {
    plan.kernels[i].code = code[i];
    plan.scratch_bytes = std::max(plan.scratch_bytes, plan.kernels[i].scratch_bytes);
  }
  plan.stats.code_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void bind(Plan::Impl& plan) {
  for (Step& s : plan.steps) {
    if (s.kind == Step::Kind::launch) continue;
    s.kernel = nx::cpu::kernel_of(s.op);
    const std::span<const PlanView> views = plan.views_of(s);
    if ((nx::has_flag(s.op, nx::op_flag::elementwise) || s.op == Op::Cast) && s.inputs >= 1 && s.inputs <= 3) {
      flatten(s, views);
      if (s.kind == Step::Kind::kernel) (s.inputs == 1 ? walk<1> : s.inputs == 2 ? walk<2> : walk<3>)(s, views);
    }
    if (s.op == Op::Reduce) reduce_directly(s, views);
  }
  prepare_results(plan);
  for (Batch& batch : plan.batches) cut(batch);
  make_code(plan);

  std::vector<bool> of_call(plan.views.size());
  for (const Step& s : plan.steps)
    for (uint32_t i = 0; s.kind == Step::Kind::kernel && i < s.views; ++i) of_call[s.first_view + i] = true;
  for (uint32_t i = 0; i < plan.views.size(); ++i) {
    const Place& place = plan.views[i].place;
    if (place.space == Space::input) plan.input_patches.push_back({i, place.index, place.offset, of_call[i]});
    if (place.space == Space::result) plan.result_patches.push_back({i, place.index, place.offset, of_call[i]});
  }

  PlanStats& stats = plan.stats;
  stats.steps = plan.steps.size();
  stats.launches = plan.batches.size();
  stats.externs = stats.steps - stats.launches;
  stats.kernels = plan.kernels.size();
  stats.scratch_bytes = plan.scratch_bytes;
  for (const nx::Array& c : plan.constants) stats.constant_bytes += c.nbytes();
}

}  // namespace tolk
