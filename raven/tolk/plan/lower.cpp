// From equations to kernel calls: views cost nothing, numbers are one element with strides 0, the rest is a step.
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/views.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

namespace {

/// A value in a place of its own, in C order.
PlanView dense(Id id, const Aval& aval, Place place) {
  return {id, id, place, aval, nx::contiguous_strides(aval.shape.span()), true};
}

class Lowering {
 public:
  explicit Lowering(Plan::Impl& plan)
      : plan_(plan), program_(plan.program), seen_(program_.values()), materialised_(program_.values()) {}

  void run() {
    // A number that is a result, or seen through a view that is one, needs its elements.
    for (const Id id : program_.outputs()) materialised_[id] = true;
    const auto equations = program_.equations();
    for (size_t k = equations.size(); k-- > 0;)
      if (nx::has_flag(equations[k].op, nx::op_flag::view) && materialised_[equations[k].first_result])
        materialised_[equations[k].operands[0]] = true;

    for (Id i = 0; i < program_.inputs(); ++i) seen_[i] = dense(i, program_.aval(i), {Space::input, i, 0});
    for (size_t i = 0; i < program_.constants().size(); ++i) {
      const Id id = program_.inputs() + static_cast<Id>(i);
      seen_[id] = dense(id, program_.aval(id), {Space::constant, static_cast<uint32_t>(i), 0});
      plan_.constants.push_back(program_.constants()[i]);
    }
    for (const Program::Equation& e : equations) equation(e);
    for (const Id id : program_.outputs()) plan_.outputs.push_back({seen_[id], false});
  }

 private:
  void equation(const Program::Equation& e) {
    const Id result = e.first_result;
    if (e.op == Op::Full && !materialised_[result]) return number(result, e.attrs.as<nx::FullAttrs>());
    if (nx::has_flag(e.op, nx::op_flag::view)) {
      const PlanView& x = seen_[e.operands[0]];
      const Aval& aval = program_.aval(result);
      nx::detail::ViewPlace at;
      if (nx::detail::place_view(e.op, x.aval, x.strides.span(), e.attrs.get(), aval, at)) {
        const bool empty = nx::element_count(aval.shape.span()) == 0;
        seen_[result] = {
            result, x.root,     {x.place.space, x.place.index, x.place.offset + (empty ? 0 : at.byte_offset)},
            aval,   at.strides, nx::detail::strides_are_contiguous(aval.shape.span(), at.strides.data())};
        return;
      }
    }
    step(e);
  }

  /// One element, repeated.
  void number(Id id, const nx::FullAttrs& attrs) {
    nx::Array element = nx::detail::zeroed_array(attrs.dtype, {});
    nx::detail::write_scalar("tolk.compile", attrs.value, attrs.dtype, nx::detail::impl_of(element)->data);
    const Aval& aval = program_.aval(id);
    seen_[id] = {id,
                 id,
                 {Space::constant, static_cast<uint32_t>(plan_.constants.size()), 0},
                 aval,
                 Dims::filled(aval.shape.size(), 0),
                 nx::element_count(aval.shape.span()) <= 1};
    plan_.constants.push_back(std::move(element));
  }

  void step(const Program::Equation& e) {
    if (nx::is_higher_order(e.op)) throw Error("tolk.compile", "a call is left after inlining");
    Step s;
    s.op = e.op;
    s.checked = nx::has_flag(e.op, nx::op_flag::checked);
    s.attrs = e.attrs;
    s.first_view = static_cast<uint32_t>(plan_.views.size());
    s.inputs = static_cast<uint16_t>(e.operands.size());
    s.outputs = static_cast<uint16_t>(e.results);
    for (const Id id : e.operands) plan_.views.push_back(seen_[id]);
    for (Id id = e.first_result; id < e.first_result + e.results; ++id) {
      seen_[id] = dense(id, program_.aval(id), {Space::arena, 0, 0});
      plan_.views.push_back(seen_[id]);
    }
    std::vector<nx::cpu::View> views;
    for (size_t i = s.first_view; i < plan_.views.size(); ++i) views.push_back(kernel_view(plan_.views[i], nullptr));
    const std::span<const nx::cpu::View> all(views);
    s.scratch_bytes = static_cast<int64_t>(
        nx::cpu::scratch_bytes(s.op, {all.first(s.inputs), all.subspan(s.inputs), &s.attrs.get(), nullptr}));
    plan_.steps.push_back(std::move(s));
  }

  Plan::Impl& plan_;
  const Program& program_;
  std::vector<PlanView> seen_;  // by value
  std::vector<bool> materialised_;
};

}  // namespace

void lower(Plan::Impl& plan) { Lowering(plan).run(); }

}  // namespace tolk
