// Horizontal launches: an optimizer's update over 148 leaves is 148 launches of one kernel that do not wait for each
// other; run as one, they share the threads and cost a function call each.
#include <algorithm>

#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

namespace {

class Batching {
 public:
  explicit Batching(Plan::Impl& plan)
      : plan_(plan),
        writer_(plan.roots(), -1),
        last_reader_(plan.roots(), -1),
        overwritten_(plan.roots(), -1),
        output_(plan.roots()) {}

  void run() {
    for (const Output& out : plan_.outputs) output_[out.view.root] = true;
    plan_.stats.segments = plan_.batches.size();
    for (Step& s : plan_.steps) {
      const int64_t wait = waits_for(s);
      int64_t at = static_cast<int64_t>(slots_.size());
      if (s.kind == Step::Kind::launch) {
        const int64_t open = open_slot(plan_.batches[s.batch].kernel);
        if (open > wait && may_join(open, s)) at = open;
      }
      if (at == static_cast<int64_t>(slots_.size())) slots_.emplace_back();
      slots_[static_cast<size_t>(at)].push_back(&s);
      if (s.kind == Step::Kind::launch) set_open(plan_.batches[s.batch].kernel, at);
      note(s, at);
    }
    rebuild();
  }

 private:
  /// The last slot that must come before this step, or −1.
  int64_t waits_for(const Step& s) const {
    int64_t slot = -1;
    for (const PlanView& v : plan_.views_of(s)) {
      if (v.place.space == Space::status) continue;
      slot = std::max(slot, writer_[v.root]);
      if (v.writes()) slot = std::max(slot, last_reader_[v.root]);
    }
    // What it may overwrite is read by the others first, else it could not take its place.
    for_each_pair(s, [&](Id root) { slot = std::max(slot, last_reader_[root]); });
    return slot;
  }
  void note(const Step& s, int64_t slot) {
    for_each_pair(s, [&](Id root) { overwritten_[root] = slot; });
    for (const PlanView& v : plan_.views_of(s)) {
      if (v.reads()) last_reader_[v.root] = std::max(last_reader_[v.root], slot);
      if (v.writes()) writer_[v.root] = std::max(writer_[v.root], slot);
    }
  }

  /// Values whose place a result may take, when that saves more than a joined launch does.
  template <class Function>
  void for_each_pair(const Step& s, Function&& function) const {
    if (s.kind != Step::Kind::launch) return;
    for (const Segment& g : plan_.batches[s.batch].segments)
      for (const InPlacePair& pair : g.in_place) {
        const Id root = plan_.views[g.first_view + pair.input].root;
        if (may_die(root) && bytes_of(plan_.aval(root)) > plan_.limits.moved_bytes) function(root);
      }
  }
  /// Not kept by the caller, a constant or a result.
  bool may_die(Id root) const {
    if (output_[root]) return false;
    if (root < plan_.program.inputs()) return root < plan_.options.donated.size() && plan_.options.donated[root];
    return root >= plan_.program.inputs() + plan_.program.constants().size();
  }

  int64_t open_slot(uint32_t kernel) const { return kernel < open_.size() ? open_[kernel] : -1; }
  void set_open(uint32_t kernel, int64_t slot) {
    if (kernel >= open_.size()) open_.resize(kernel + 1, -1);
    open_[kernel] = slot;
  }

  bool may_join(int64_t slot, const Step& s) const {
    // A launch is moved up only when this does not keep many bytes alive for longer.
    if (slot + 1 < static_cast<int64_t>(slots_.size())) {
      int64_t moved = 0;
      for (const PlanView& v : plan_.views_of(s))
        if (v.writes() && !output_[v.root]) moved += bytes_of(plan_.aval(v.root));
      if (moved > plan_.limits.moved_bytes) return false;
    }
    // Nobody in a batch may read what another one would overwrite.
    for (const PlanView& v : plan_.views_of(s))
      if (v.reads() && overwritten_[v.root] == slot) return false;
    return true;
  }

  /// Steps in their new order, the views of joined ones side by side.
  void rebuild() {
    std::vector<Step> steps;
    std::vector<Batch> batches;
    std::vector<PlanView> views;
    views.reserve(plan_.views.size());
    for (const std::vector<Step*>& slot : slots_) {
      Step step = std::move(*slot[0]);
      const auto first_view = static_cast<uint32_t>(views.size());
      if (step.kind == Step::Kind::launch) {
        Batch batch;
        batch.kernel = plan_.batches[step.batch].kernel;
        for (const Step* member : slot) {
          const uint32_t index = member == slot[0] ? step.batch : member->batch;
          for (Segment& g : plan_.batches[index].segments) {
            const PlanView* from = plan_.views.data() + g.first_view;
            g.first_view = static_cast<uint32_t>(views.size());
            views.insert(views.end(), from, from + step.views);
            batch.checked = batch.checked || g.status >= 0;
            batch.segments.push_back(std::move(g));
          }
        }
        step.batch = static_cast<uint32_t>(batches.size());
        batches.push_back(std::move(batch));
      } else {
        const PlanView* from = plan_.views.data() + step.first_view;
        views.insert(views.end(), from, from + step.views);
      }
      step.first_view = first_view;
      step.views = static_cast<uint32_t>(views.size()) - first_view;
      steps.push_back(std::move(step));
    }
    plan_.steps = std::move(steps);
    plan_.batches = std::move(batches);
    plan_.views = std::move(views);
  }

  Plan::Impl& plan_;
  std::vector<int64_t> writer_, last_reader_, overwritten_;  // slot, by root value
  std::vector<bool> output_;
  std::vector<std::vector<Step*>> slots_;
  std::vector<int64_t> open_;  // the last slot with launches of a kernel
};

}  // namespace

void batch_launches(Plan::Impl& plan) { Batching(plan).run(); }

}  // namespace tolk
