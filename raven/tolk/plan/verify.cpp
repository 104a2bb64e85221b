// The checker of plans. It replays the steps over a map from bytes to the value they hold, and knows nothing of how the
// planner chose: lifetimes are not computed, they show.
#include <map>

#include "raven/base/message.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

namespace {

constexpr const char* name = "tolk.Plan.verify";

/// Bytes of one space and the root values they hold.
class Memory {
 public:
  void write(int64_t low, int64_t high, Id value) {
    if (low >= high) return;
    clear(low, high);
    held_[low] = {high, value};
  }
  /// Nothing is there any more (scratch).
  void clear(int64_t low, int64_t high) {
    if (low >= high) return;
    auto at = held_.lower_bound(low);
    if (at != held_.begin()) {
      auto before = std::prev(at);
      if (before->second.end > low) {
        const Held old = before->second;
        before->second.end = low;
        if (old.end > high) held_[high] = old;
        at = held_.lower_bound(low);
      }
    }
    while (at != held_.end() && at->first < high) {
      const Held old = at->second;
      at = held_.erase(at);
      if (old.end > high) held_[high] = old;
    }
  }
  bool holds(int64_t low, int64_t high, Id value) const {
    while (low < high) {
      auto at = held_.upper_bound(low);
      if (at == held_.begin()) return false;
      --at;
      if (at->second.end <= low || at->second.value != value) return false;
      low = at->second.end;
    }
    return true;
  }

 private:
  struct Held {
    int64_t end;
    Id value;
  };
  std::map<int64_t, Held> held_;
};

class Checker {
 public:
  explicit Checker(const Plan::Impl& plan)
      : plan_(plan), inputs_(plan.program.inputs()), constants_(plan.constants.size()), results_(plan.results.size()) {}

  void run() {
    for (Id i = 0; i < plan_.program.inputs(); ++i) inputs_[i].write(0, bytes_of(plan_.program.aval(i)), i);
    for (size_t k = 0; k < plan_.steps.size(); ++k) step(k);
    for (size_t i = 0; i < plan_.outputs.size(); ++i) {
      const auto [low, high] = byte_range(plan_.outputs[i].view);
      const Place at = settled(plan_.outputs[i].view.place);
      if (at.space == Space::constant) continue;
      if (!memory(at).holds(low, high, plan_.outputs[i].view.root))
        throw VerifyError(name, raven::Message("result ")
                                    << i << " (%" << plan_.outputs[i].view.value << ") is not in its place at the end");
    }
  }

 private:
  /// A result in a donated input lies there.
  Place settled(Place place) const {
    if (place.space == Space::result && plan_.results[place.index].donor >= 0)
      return {Space::input, static_cast<uint32_t>(plan_.results[place.index].donor), place.offset};
    return place;
  }
  Memory& memory(const Place& place) {
    switch (place.space) {
      case Space::arena: return arena_;
      case Space::input: return inputs_[place.index];
      case Space::constant: return constants_[place.index];
      case Space::result: return results_[place.index];
    }
    return arena_;
  }
  int64_t room(const Place& place) const {
    switch (place.space) {
      case Space::arena: return plan_.stats.arena_bytes;
      case Space::input: return bytes_of(plan_.program.aval(place.index));
      case Space::constant: return plan_.constants[place.index].nbytes();
      case Space::result: return bytes_of(plan_.results[place.index].aval);
    }
    return 0;
  }
  static bool same_space(const Place& a, const Place& b) { return a.space == b.space && a.index == b.index; }

  [[noreturn]] void fail(size_t k, const PlanView& v, const char* what) const {
    throw VerifyError(name, raven::Message("step ")
                                << k << " (" << nx::op_info(plan_.steps[k].op).name << ") %" << v.value << " " << what);
  }

  void step(size_t k) {
    const Step& s = plan_.steps[k];
    const std::span<const PlanView> in(plan_.views.data() + s.first_view, s.inputs);
    const std::span<const PlanView> out(plan_.views.data() + s.first_view + s.inputs, s.outputs);
    const bool elementwise = nx::has_flag(s.op, nx::op_flag::elementwise) || s.op == Op::Cast;
    const bool updates = nx::has_flag(s.op, nx::op_flag::in_place);
    const int64_t scratch_low = s.scratch_offset, scratch_high = s.scratch_offset + s.scratch_bytes;
    if (s.scratch_bytes > 0 && (scratch_low < 0 || scratch_high > plan_.stats.arena_bytes || scratch_low % 64 != 0))
      fail(k, out[0], "has its scratch outside the arena");
    const auto in_scratch = [&](const Place& place, int64_t low, int64_t high) {
      return place.space == Space::arena && s.scratch_bytes > 0 && low < scratch_high && scratch_low < high;
    };

    for (const PlanView& v : in) {
      const auto [low, high] = byte_range(v);
      if (low < 0 || high > room(v.place)) fail(k, v, "is read outside its space");
      if (v.place.space != Space::constant && !memory(v.place).holds(low, high, v.root))
        fail(k, v, "is read after its bytes were given to another value");
      if (in_scratch(v.place, low, high)) fail(k, v, "is read where the scratch lies");
    }
    for (size_t j = 0; j < out.size(); ++j) {
      const PlanView& v = out[j];
      const auto [low, high] = byte_range(v);
      if (low < 0 || high > room(v.place)) fail(k, v, "is written outside its space");
      if (!v.contiguous) fail(k, v, "is written with gaps");
      if (v.place.space == Space::constant) fail(k, v, "is written into a constant");
      if (v.place.space == Space::input && !plan_.written[v.place.index])
        fail(k, v, "is written into an input that stays");
      if (in_scratch(v.place, low, high)) fail(k, v, "is written where the scratch lies");
      for (size_t i = 0; i < in.size(); ++i) {
        const auto [in_low, in_high] = byte_range(in[i]);
        if (!same_space(in[i].place, v.place) || in_low >= high || low >= in_high) continue;
        const bool exact = in_low == low && in_high == high && in[i].contiguous && in[i].aval.shape == v.aval.shape &&
                           nx::item_size(in[i].aval.dtype) == nx::item_size(v.aval.dtype);
        if (!(exact && (elementwise || (updates && i == 0 && j == 0)))) fail(k, v, "is written over an operand");
      }
      for (size_t other = 0; other < j; ++other) {
        const auto [other_low, other_high] = byte_range(out[other]);
        if (same_space(out[other].place, v.place) && other_low < high && low < other_high)
          fail(k, v, "is written over another result");
      }
    }
    if (s.scratch_bytes > 0) arena_.clear(scratch_low, scratch_high);
    for (const PlanView& v : out) {
      const auto [low, high] = byte_range(v);
      memory(v.place).write(low, high, v.root);
    }
  }

  const Plan::Impl& plan_;
  Memory arena_;
  std::vector<Memory> inputs_, constants_, results_;
};

}  // namespace

void Plan::verify() const { Checker(*impl_).run(); }

}  // namespace tolk
