// From a schedule to steps: views cost nothing, numbers are one element with strides 0, the rest is a launch or a call,
// in the order of the schedule.
#include <unordered_map>

#include "raven/base/message.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/hash.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/views.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

namespace {

constexpr const char* name = "tolk.compile";
constexpr size_t no_equation = SIZE_MAX;

/// A value in a place of its own, in C order.
PlanView dense(Id id, const Aval& aval, Place place) {
  return {id, id, place, aval, nx::contiguous_strides(aval.shape.span()), true};
}
/// The same in the order that strides tell.
PlanView laid_out(Id id, const Aval& aval, Place place, const Dims& strides) {
  return {id, id, place, aval, strides, nx::detail::strides_are_contiguous(aval.shape.span(), strides.data())};
}

/// Kernels of equal nodes are one, whatever their names.
class KernelTable {
 public:
  explicit KernelTable(std::vector<PlanKernel>& kernels) : kernels_(kernels) {}

  uint32_t add(loop::Kernel kernel) {
    uint64_t hash = kernel.nodes.size();
    for (const loop::Node& n : kernel.nodes) {
      hash = nx::detail::mix(hash, static_cast<uint64_t>(n.code) << 8 | static_cast<uint64_t>(n.type));
      hash = nx::detail::mix(hash, static_cast<uint64_t>(n.immediate));
      for (const loop::Id operand : n.operand) hash = nx::detail::mix(hash, operand);
    }
    const auto [first, last] = found_.equal_range(hash);
    for (auto at = first; at != last; ++at)
      if (kernels_[at->second].kernel.nodes == kernel.nodes) return at->second;
    const auto index = static_cast<uint32_t>(kernels_.size());
    const size_t parameters = kernel.params().size();
    const int64_t scratch = kernel.scratch_bytes();
    kernels_.push_back({std::move(kernel), parameters, scratch, nullptr});
    found_.emplace(hash, index);
    return index;
  }

 private:
  std::vector<PlanKernel>& kernels_;
  std::unordered_multimap<uint64_t, uint32_t> found_;
};

class Lowering {
 public:
  Lowering(Plan::Impl& plan, Schedule schedule)
      : plan_(plan),
        schedule_(std::move(schedule)),
        program_(plan.program),
        kernels_(plan.kernels),
        seen_(plan.roots()),
        known_(plan.roots()),
        materialised_(program_.values()),
        maker_(program_.values(), no_equation) {}

  void run() {
    // A number that is a result, or seen through a view that is one, needs its elements.
    for (const Id id : program_.outputs()) materialised_[id] = true;
    const auto equations = program_.equations();
    for (size_t k = equations.size(); k-- > 0;) {
      if (nx::has_flag(equations[k].op, nx::op_flag::view) && materialised_[equations[k].first_result])
        materialised_[equations[k].operands[0]] = true;
      for (Id i = 0; i < equations[k].results; ++i) maker_[equations[k].first_result + i] = k;
    }
    for (Id i = 0; i < program_.inputs(); ++i) know(i, dense(i, program_.aval(i), {Space::input, i, 0}));
    for (size_t i = 0; i < program_.constants().size(); ++i) {
      const Id id = program_.inputs() + static_cast<Id>(i);
      know(id, dense(id, program_.aval(id), {Space::constant, static_cast<uint32_t>(i), 0}));
      plan_.constants.push_back(program_.constants()[i]);
    }
    for (const ScheduleStep& step : schedule_.steps) {
      if (step.is_launch)
        launch(step.index);
      else
        equation(equations[step.index]);
    }
    for (const Id id : program_.outputs()) plan_.outputs.push_back({see(id), false, false});
  }

 private:
  void know(Id id, PlanView view) {
    seen_[id] = std::move(view);
    known_[id] = true;
  }

  /// A value where its bytes are: of its own, of the value that it is a view of, or a number.
  const PlanView& see(Id id) {
    std::vector<Id> chain;
    for (Id at = id; !known_[at]; at = program_.equations()[maker_[at]].operands[0]) {
      if (at >= maker_.size() || maker_[at] == no_equation) missing(id);
      const Program::Equation& e = program_.equations()[maker_[at]];
      if (e.op == Op::Full && !materialised_[at]) {
        number(at, e.attrs.as<nx::FullAttrs>());
        break;
      }
      if (bytes_of(program_.aval(at)) == 0) {
        nothing(at);
        break;
      }
      if (!nx::has_flag(e.op, nx::op_flag::view)) missing(id);
      chain.push_back(at);
    }
    for (size_t i = chain.size(); i-- > 0;)
      if (!view(program_.equations()[maker_[chain[i]]])) missing(id);
    return seen_[id];
  }
  [[noreturn]] static void missing(Id id) {
    throw VerifyError(name, raven::Message("the schedule does not make %") << id << " before it is needed");
  }

  /// The result of a view equation in its operand's bytes; false when strides forbid it.
  bool view(const Program::Equation& e) {
    const PlanView& x = seen_[e.operands[0]];
    const Aval& aval = program_.aval(e.first_result);
    nx::detail::ViewPlace at;
    if (!nx::detail::place_view(e.op, x.aval, x.strides.span(), e.attrs.get(), aval, at)) return false;
    const bool empty = nx::element_count(aval.shape.span()) == 0;
    PlanView result = dense(e.first_result, aval, x.place);
    result.root = x.root;
    result.place.offset += empty ? 0 : at.byte_offset;
    result.strides = at.strides;
    result.contiguous = nx::detail::strides_are_contiguous(aval.shape.span(), at.strides.data());
    know(e.first_result, std::move(result));
    return true;
  }

  /// A value without elements, which nobody makes.
  void nothing(Id id) {
    const Aval& aval = program_.aval(id);
    know(id, dense(id, aval, {Space::constant, static_cast<uint32_t>(plan_.constants.size()), 0}));
    plan_.constants.push_back(nx::detail::empty_array(aval.dtype, aval.shape.span()));
  }

  /// One element, repeated.
  void number(Id id, const nx::FullAttrs& attrs) {
    nx::Array element = nx::detail::zeroed_array(attrs.dtype, {});
    nx::detail::write_scalar(name, attrs.value, attrs.dtype, nx::detail::impl_of(element)->data);
    const Aval& aval = program_.aval(id);
    PlanView view = dense(id, aval, {Space::constant, static_cast<uint32_t>(plan_.constants.size()), 0});
    view.strides = Dims::filled(aval.shape.size(), 0);
    view.contiguous = nx::element_count(aval.shape.span()) <= 1;
    know(id, std::move(view));
    plan_.constants.push_back(std::move(element));
  }

  void equation(const Program::Equation& e) {
    if (nx::is_higher_order(e.op)) throw Error(name, "a call is left after inlining");
    if (e.op == Op::Full && !materialised_[e.first_result]) return;  // seen where it is used
    if (nx::has_flag(e.op, nx::op_flag::view)) {
      see(e.operands[0]);
      if (view(e)) return;
    }
    Step s;
    s.op = e.op;
    s.checked = nx::has_flag(e.op, nx::op_flag::checked);
    s.attrs = e.attrs;
    s.first_view = static_cast<uint32_t>(plan_.views.size());
    s.inputs = static_cast<uint32_t>(e.operands.size());
    s.outputs = e.results;
    s.views = s.inputs + s.outputs;
    for (const Id id : e.operands) plan_.views.push_back(see(id));
    for (Id id = e.first_result; id < e.first_result + e.results; ++id) {
      const Place place{Space::arena, 0, 0};
      const bool in_order = id >= schedule_.layouts.size() || schedule_.layouts[id].size() == 0;
      know(id, in_order ? dense(id, program_.aval(id), place)
                        : laid_out(id, program_.aval(id), place, schedule_.layouts[id]));
      plan_.views.push_back(seen_[id]);
      plan_.views.back().access = loop::Access::write;
    }
    std::vector<nx::cpu::View> views;
    for (const PlanView& v : plan_.views_of(s)) views.push_back(kernel_view(v, nullptr));
    const std::span<const nx::cpu::View> all(views);
    s.scratch_bytes = static_cast<int64_t>(
        nx::cpu::scratch_bytes(s.op, {all.first(s.inputs), all.subspan(s.inputs), &s.attrs.get(), nullptr}));
    plan_.steps.push_back(std::move(s));
  }

  void launch(uint32_t index) {
    Launch& l = schedule_.launches[index];
    const std::vector<loop::Id> params = l.kernel.params();
    if (params.size() != l.buffers.size())
      throw VerifyError(name, raven::Message("launch ")
                                  << index << " (" << l.kernel.name << ") gives " << l.buffers.size() << " buffers for "
                                  << params.size() << " parameters");
    Segment segment;
    segment.launch = index;
    segment.first_view = static_cast<uint32_t>(plan_.views.size());
    segment.first_dim = static_cast<uint32_t>(plan_.dims.size());
    segment.tasks = l.tasks;
    segment.grain = std::max<int64_t>(l.grain, 1);
    segment.task_align = std::max<int64_t>(l.task_align, 1);
    segment.flops = l.flops;
    segment.bytes = l.bytes;
    segment.in_place = std::move(l.in_place);
    segment.sites = std::move(l.sites);
    plan_.dims.insert(plan_.dims.end(), l.dims.begin(), l.dims.end());
    for (size_t p = 0; p < l.buffers.size(); ++p) {
      if (l.buffers[p].kind == LaunchBuffer::Kind::status) segment.status = static_cast<int32_t>(p);
      plan_.views.push_back(buffer(l.buffers[p]));
    }
    if (segment.status < 0 && !segment.sites.empty())
      throw VerifyError(name, raven::Message("launch ")
                                  << index << " (" << l.kernel.name << ") has sites and no status");
    Step s;
    s.kind = Step::Kind::launch;
    s.first_view = segment.first_view;
    s.views = static_cast<uint32_t>(params.size());
    s.batch = static_cast<uint32_t>(plan_.batches.size());
    Batch batch;
    batch.kernel = kernels_.add(std::move(l.kernel));
    batch.checked = segment.status >= 0;
    batch.segments.push_back(std::move(segment));
    plan_.batches.push_back(std::move(batch));
    plan_.steps.push_back(std::move(s));
  }

  PlanView buffer(const LaunchBuffer& b) {
    if (b.kind == LaunchBuffer::Kind::status) {
      PlanView view;
      view.place = {Space::status, 0, 0};
      return view;
    }
    const Id given = b.kind == LaunchBuffer::Kind::value ? b.index : program_.values() + b.index;
    // A kernel reads whole values: of a view, the bytes that it shows.
    const bool made = known_[given] || b.access == loop::Access::read;
    const Id root = made ? see(given).root : given;
    const Aval& aval = plan_.aval(root);
    if (!made) know(root, dense(root, aval, {Space::arena, 0, 0}));
    PlanView view = seen_[root];
    if (view.place.space == Space::constant && !view.contiguous)
      throw VerifyError(name, raven::Message("a kernel reads the number %") << root << " from memory");
    view.access = made || b.access == loop::Access::read ? b.access : loop::Access::write;
    // What is written once more is kept where it was begun.
    if (made && view.access == loop::Access::write) view.access = loop::Access::both;
    return view;
  }

  Plan::Impl& plan_;
  Schedule schedule_;
  const Program& program_;
  KernelTable kernels_;
  std::vector<PlanView> seen_;  // by value, then by temporary
  std::vector<bool> known_, materialised_;
  std::vector<size_t> maker_;  // equation, by value
};

}  // namespace

Schedule call_everything(const Program& program) {
  Schedule schedule;
  schedule.program = program;
  for (uint32_t k = 0; k < program.equations().size(); ++k) schedule.steps.push_back({false, k});
  return schedule;
}

void lower(Plan::Impl& plan, Schedule schedule) {
  plan.program = std::move(schedule.program);
  plan.temporaries = std::move(schedule.temporaries);
  plan.reasons = std::move(schedule.explain);
  Lowering(plan, std::move(schedule)).run();
}

}  // namespace tolk
