// The checker of plans. It replays the steps over a map from bytes to the value they hold, and knows nothing of how the
// planner chose: lifetimes are not computed, they show.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

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
      case Space::status: break;
    }
    return arena_;
  }
  int64_t room(const Place& place) const {
    switch (place.space) {
      case Space::arena: return plan_.stats.arena_bytes;
      case Space::input: return bytes_of(plan_.program.aval(place.index));
      case Space::constant: return plan_.constants[place.index].nbytes();
      case Space::result: return bytes_of(plan_.results[place.index].aval);
      case Space::status: break;
    }
    return 0;
  }
  static bool same_space(const Place& a, const Place& b) {
    return a.space == b.space && (a.space == Space::arena || a.index == b.index);
  }

  [[noreturn]] void fail(size_t k, const PlanView& v, const char* what) const {
    const Step& s = plan_.steps[k];
    raven::Message m("step ");
    m << k << " (";
    if (s.kind == Step::Kind::launch)
      m << plan_.kernels[plan_.batches[s.batch].kernel].kernel.name;
    else
      m << nx::op_info(s.op).name;
    throw VerifyError(name, m << ") %" << v.value << " " << what);
  }

  /// Whether view `out` of the step may lie exactly where its view `in` lies.
  bool may_overwrite(const Step& s, uint32_t in, uint32_t out) const {
    if (s.kind == Step::Kind::launch) {
      for (const Segment& g : plan_.batches[s.batch].segments)
        for (const InPlacePair& pair : g.in_place)
          if (g.first_view + pair.input == s.first_view + in && g.first_view + pair.output == s.first_view + out)
            return true;
      return false;
    }
    if (nx::has_flag(s.op, nx::op_flag::elementwise) || s.op == Op::Cast) return true;
    return nx::has_flag(s.op, nx::op_flag::in_place) && in == 0 && out == s.inputs;
  }
  /// Pairs of a launch are compared by the places of their elements when it is made, in whatever order they lie.
  static bool same_layout(const Step& s, const PlanView& in, const PlanView& out) {
    if (s.kind == Step::Kind::launch) return fills_its_bytes(in);
    return in.contiguous && in.aval.shape == out.aval.shape &&
           nx::item_size(in.aval.dtype) == nx::item_size(out.aval.dtype);
  }

  /// Whether its elements lie side by side, in whatever order of the axes.
  static bool fills_its_bytes(const PlanView& v) {
    if (bytes_of(v.aval) == 0) return true;
    std::vector<std::pair<int64_t, int64_t>> axes;  // stride and extent
    for (int i = 0; i < v.aval.shape.size(); ++i)
      if (v.aval.shape[i] != 1) axes.push_back({v.strides[i], v.aval.shape[i]});
    std::sort(axes.begin(), axes.end());
    int64_t elements = 1;
    for (const auto& [stride, extent] : axes) {
      if (stride != elements) return false;
      elements *= extent;
    }
    return true;
  }

  void step(size_t k) {
    const Step& s = plan_.steps[k];
    const std::span<const PlanView> views = plan_.views_of(s);
    const ArenaPiece scratch = s.scratch_bytes > 0 ? plan_.pieces[s.scratch] : ArenaPiece{};
    const int64_t scratch_low = scratch.offset, scratch_high = scratch.offset + scratch.bytes;
    if (s.scratch_bytes > 0 && (scratch_low < 0 || scratch_high > plan_.stats.arena_bytes || scratch_low % 64 != 0 ||
                                scratch.bytes < s.scratch_bytes))
      fail(k, views[s.inputs], "has its scratch outside the arena");
    const auto in_scratch = [&](const Place& place, int64_t low, int64_t high) {
      return place.space == Space::arena && s.scratch_bytes > 0 && low < scratch_high && scratch_low < high;
    };

    for (const PlanView& v : views) {
      if (!v.reads()) continue;
      const auto [low, high] = byte_range(v);
      if (low < 0 || high > room(v.place)) fail(k, v, "is read outside its space");
      if (v.place.space != Space::constant && !memory(v.place).holds(low, high, v.root))
        fail(k, v, "is read after its bytes were given to another value");
      if (in_scratch(v.place, low, high)) fail(k, v, "is read where the scratch lies");
    }
    for (uint32_t j = 0; j < views.size(); ++j) {
      const PlanView& v = views[j];
      if (!v.writes()) continue;
      const auto [low, high] = byte_range(v);
      if (low < 0 || high > room(v.place)) fail(k, v, "is written outside its space");
      if (!fills_its_bytes(v)) fail(k, v, "is written with gaps");
      if (v.place.space == Space::constant) fail(k, v, "is written into a constant");
      if (v.place.space == Space::input && !plan_.written[v.place.index])
        fail(k, v, "is written into an input that stays");
      if (in_scratch(v.place, low, high)) fail(k, v, "is written where the scratch lies");
      for (uint32_t i = 0; i < views.size(); ++i) {
        const PlanView& other = views[i];
        if (i == j || other.place.space == Space::status || !same_space(other.place, v.place)) continue;
        const auto [other_low, other_high] = byte_range(other);
        if (other_low >= high || low >= other_high) continue;
        if (other.writes()) fail(k, v, "is written over another result");
        if (other_low != low || other_high != high || !same_layout(s, other, v) || !may_overwrite(s, i, j))
          fail(k, v, "is written over an operand");
      }
    }
    if (s.kind == Step::Kind::launch) launch(k, plan_.batches[s.batch]);
    if (s.scratch_bytes > 0) arena_.clear(scratch_low, scratch_high);
    for (const PlanView& v : views) {
      if (!v.writes()) continue;
      const auto [low, high] = byte_range(v);
      memory(v.place).write(low, high, v.root);
    }
  }

  /// Every task is run once, cut where its kernel allows, over buffers as long as the kernel says.
  void launch(size_t k, const Batch& batch) const {
    const loop::Kernel& kernel = plan_.kernels[batch.kernel].kernel;
    const std::vector<loop::Id> params = kernel.params();
    std::vector<int64_t> done(batch.segments.size());
    for (const Piece& piece : batch.pieces) {
      const Segment& g = batch.segments[piece.segment];
      const bool cut_is_allowed = piece.begin % g.task_align == 0 || piece.begin == 0;
      if (piece.begin != done[piece.segment] || piece.end <= piece.begin || !cut_is_allowed)
        fail(k, plan_.views[g.first_view], "has its tasks cut wrongly");
      done[piece.segment] = piece.end;
    }
    for (size_t i = 0; i < batch.segments.size(); ++i) {
      const Segment& g = batch.segments[i];
      if (done[i] != g.tasks) fail(k, plan_.views[g.first_view], "has tasks that nobody runs");
      for (size_t p = 0; p < params.size(); ++p) {
        const PlanView& v = plan_.views[g.first_view + p];
        if (v.place.space == Space::status) continue;
        const loop::Node& param = kernel.nodes[params[p]];
        const loop::Node& count = kernel.nodes[param.operand[0]];
        int64_t elements = 0;
        if (count.code == loop::Code::constant) elements = count.immediate;
        if (count.code == loop::Code::dim) elements = plan_.dims[g.first_dim + static_cast<size_t>(count.immediate)];
        if (elements * loop::size_of(param.type) > bytes_of(plan_.aval(v.root)))
          fail(k, v, "is shorter than its kernel takes it to be");
      }
    }
    const std::vector<uint32_t>& chunks = batch.chunks;
    for (size_t c = 0; c + 1 < chunks.size(); ++c)
      if (chunks[c] >= chunks[c + 1])
        fail(k, plan_.views[batch.segments[0].first_view], "has its pieces handed out twice");
    if (chunks.empty() || chunks.front() != 0 || chunks.back() != batch.pieces.size())
      fail(k, plan_.views[batch.segments[0].first_view], "has pieces that nobody runs");
  }

  const Plan::Impl& plan_;
  Memory arena_;
  std::vector<Memory> inputs_, constants_, results_;
};

}  // namespace

void Plan::verify() const { Checker(*impl_).run(); }

}  // namespace tolk
