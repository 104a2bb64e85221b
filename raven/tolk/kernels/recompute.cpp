// Rematerialisation. A value that many steps wait for is made again where it is read, when that is cheap and what it is
// made of waits there anyway: the outputs of gelu and of norms, which a gradient needs again long after the forward
// pass.
//
//   while the step at which most bytes are alive has a value that
//     only readers before and after that step have,
//     elementwise equations make of values that are alive at those later readers,
//   give the later readers a value of their own, made at the first step there that reads what it is made of.
//
// What costs more than a few additions is made again only until the bytes alive have fallen by a fifth.
#include "raven/tolk/kernels/recompute.hpp"

#include <algorithm>

#include "raven/tolk/error.hpp"

namespace tolk::kernels {

namespace {

constexpr int cheapest = 8, dearest = 48;  // additions per element
constexpr size_t largest_expression = 32;  // equations
constexpr int64_t worth_part = 256;        // of the bytes alive: a smaller value is left alone
constexpr int64_t large_part = 8;          // what a value is made of may live longer when it is smaller than this part
constexpr double lowered_part = 0.8;      // of the bytes alive at first: then only what is cheap is made again

using Equation = Program::Equation;

/// The steps of a schedule, in an order that may change, and the values that each of them reads and writes.
class Steps {
 public:
  Steps(const Schedule& schedule, const Limits& limits)
      : schedule_(schedule),
        program_(schedule.program),
        values_(program_, limits),
        shown_(shown_values(values_)),
        worth_bytes_(limits.recomputed_bytes) {
    writer_.assign(program_.values(), none);
    for (uint32_t s = 0; s < schedule.steps.size(); ++s) {
      Step step;
      step.position = s;
      if (schedule.steps[s].is_launch)
        launch(schedule.launches[schedule.steps[s].index], step);
      else
        call(program_.equations()[schedule.steps[s].index], step);
      for (const Id id : step.writes)
        if (writer_[id] == none) writer_[id] = s;
      steps_.push_back(std::move(step));
    }
    for (const Id id : program_.outputs()) results_.push_back(bytes_behind(id));
  }

  int64_t most_alive() {
    measure();
    return alive_.empty() ? 0 : alive_[fullest_];
  }

  /// Makes one more value again where it is read late; false when none is left that lowers the most bytes alive.
  bool lower() {
    measure();
    if (alive_.empty() || alive_[fullest_] < worth_bytes_) return false;
    if (made_again_.empty()) most_at_first_ = alive_[fullest_];
    const bool dear_too = static_cast<double>(alive_[fullest_]) > lowered_part * static_cast<double>(most_at_first_);
    std::vector<Again> all;
    for (Id id = 0; id < program_.values(); ++id) {
      Again again;
      if (could_be_made_again(id, again) && (dear_too || again.cost <= cheapest)) all.push_back(std::move(again));
    }
    std::sort(all.begin(), all.end(), [&](const Again& a, const Again& b) {
      const bool a_dear = a.cost > cheapest, b_dear = b.cost > cheapest;
      if (a_dear != b_dear) return b_dear;
      return bytes(a.value) != bytes(b.value) ? bytes(a.value) > bytes(b.value) : a.value < b.value;
    });
    for (const Again& again : all)
      if (make_again(again)) return true;
    return false;
  }

  Program rewritten() { return Rewriting(*this).run(); }

 private:
  struct Step {
    uint32_t position = 0;  ///< in the schedule
    std::vector<Id> reads, writes;
    std::vector<Id> again;  ///< values that it reads as they are made again
  };
  struct Again {
    Id value = 0;
    std::vector<Id> sources;  ///< values with bytes that it is made of
    int cost = 0;             ///< additions per element
    size_t at = 0;            ///< step that it is made at, by place in the order
  };

  // ---- what steps read and write

  void launch(const Launch& l, Step& step) {
    for (const LaunchBuffer& b : l.buffers) {
      if (b.kind != LaunchBuffer::Kind::value) continue;
      if (b.access == loop::Access::read)
        add(step.reads, bytes_behind(b.index));
      else
        add(step.writes, b.index);
    }
  }
  void call(const Equation& e, Step& step) {
    for (const Id id : e.operands) add(step.reads, bytes_behind(id));
    for (Id i = 0; i < e.results; ++i) add(step.writes, e.first_result + i);
  }
  static void add(std::vector<Id>& ids, Id id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  bool is_given(Id id) const { return values_.equation[id] == none; }
  bool has_bytes(Id id) const { return is_given(id) || writer_[id] != none; }
  Id bytes_behind(Id id) const { return has_bytes(id) ? id : shown_[id].root; }

  // ---- how long values live

  static constexpr size_t never = SIZE_MAX;
  struct Life {
    size_t first = never, last = 0;  // by place in the order
  };

  void measure() {
    lives_.assign(program_.values() + made_again_.size(), {});
    for (size_t s = 0; s < steps_.size(); ++s) {
      for (const Id id : steps_[s].writes) begin(id, s);
      for (const Id id : steps_[s].reads) begin(id, s);
    }
    for (const Id id : results_) lives_[id].last = steps_.size();
    std::vector<int64_t> change(steps_.size() + 1);
    for (Id id = 0; id < lives_.size(); ++id) {
      const Life& life = lives_[id];
      if (life.first == never || (id < program_.values() && writer_[id] == none)) continue;
      change[life.first] += bytes(id);
      if (life.last < steps_.size()) change[life.last + 1] -= bytes(id);
    }
    alive_.assign(steps_.size(), 0);
    int64_t sum = 0;
    fullest_ = 0;
    for (size_t s = 0; s < steps_.size(); ++s) {
      alive_[s] = sum += change[s];
      if (alive_[s] > alive_[fullest_]) fullest_ = s;
    }
  }
  void begin(Id id, size_t s) {
    if (lives_[id].first == never) lives_[id].first = s;
    lives_[id].last = std::max(lives_[id].last, s);
  }
  int64_t bytes(Id id) const {
    return bytes_of(program_.aval(id < program_.values() ? id : made_again_[id - program_.values()]));
  }

  std::vector<size_t> readers(Id id) const {
    std::vector<size_t> at;
    for (size_t s = 0; s < steps_.size(); ++s)
      if (std::find(steps_[s].reads.begin(), steps_[s].reads.end(), id) != steps_[s].reads.end()) at.push_back(s);
    return at;
  }

  // ---- candidates

  bool could_be_made_again(Id id, Again& again) const {
    const Life& life = lives_[id];
    if (writer_[id] == none || life.first >= fullest_ || life.last == steps_.size() || life.last <= fullest_)
      return false;
    if (bytes(id) * worth_part < alive_[fullest_] || !schedule_.steps[writer_[id]].is_launch) return false;
    const std::vector<size_t> read_at = readers(id);
    if (std::find(read_at.begin(), read_at.end(), fullest_) != read_at.end()) return false;
    again.value = id;
    if (!find_sources(id, again)) return false;
    // Where all that is as large as itself is alive.
    const size_t first_late = *std::upper_bound(read_at.begin(), read_at.end(), fullest_);
    again.at = never;
    for (const Id source : again.sources) {
      if (is_given(source) || bytes(source) * large_part < bytes(id)) continue;
      const std::vector<size_t> places = readers(source);
      const auto late = std::upper_bound(places.begin(), places.end(), fullest_);
      if (late == places.end()) return false;
      const auto next = std::lower_bound(late, places.end(), first_late);
      again.at = std::min(again.at, next == places.end() ? places.back() : *next);
    }
    if (again.at == never) again.at = first_late;
    return true;
  }

  /// The values with bytes that elementwise equations make `id` of; false when it is not made so, or dear.
  bool find_sources(Id id, Again& again) const {
    std::vector<Id> stack = {id}, seen;
    while (!stack.empty()) {
      const Id at = stack.back();
      stack.pop_back();
      if (std::find(seen.begin(), seen.end(), at) != seen.end()) continue;
      seen.push_back(at);
      if (at != id && has_bytes(at)) {
        again.sources.push_back(at);
        continue;
      }
      const Equation& e = *values_.made_by(at);
      if (!nx::has_flag(e.op, nx::op_flag::elementwise) && !nx::has_flag(e.op, nx::op_flag::view) && e.op != Op::Cast &&
          e.op != Op::Full)
        return false;
      again.cost += equation_cost(e);
      if (again.cost > dearest || seen.size() > largest_expression) return false;
      stack.insert(stack.end(), e.operands.begin(), e.operands.end());
    }
    return true;
  }

  /// Late readers come after the step where the value is made, if nothing before that waits for them.
  bool make_again(const Again& again) {
    std::vector<size_t> late = readers(again.value);
    late.erase(late.begin(), std::upper_bound(late.begin(), late.end(), fullest_));
    std::vector<Step> order = steps_;
    const Id copy = static_cast<Id>(lives_.size());
    for (const size_t s : late) {
      std::replace(order[s].reads.begin(), order[s].reads.end(), again.value, copy);
      order[s].again.push_back(again.value);
    }
    Step& maker = order[again.at];
    add(maker.writes, copy);
    for (const Id source : again.sources) add(maker.reads, source);
    std::vector<size_t> first, moved;  // places of those up to the maker
    for (size_t place = 0; place <= again.at; ++place) {
      const bool waits = place != again.at && std::find(late.begin(), late.end(), place) != late.end();
      const bool needs_moved =
          std::any_of(moved.begin(), moved.end(), [&](size_t m) { return follows(steps_[place], steps_[m]); });
      if (needs_moved && !waits) return false;
      (waits ? moved : first).push_back(place);
    }
    first.insert(first.end(), moved.begin(), moved.end());
    std::vector<Step> before_maker;
    for (const size_t place : first) before_maker.push_back(std::move(order[place]));
    std::move(before_maker.begin(), before_maker.end(), order.begin());

    const int64_t before = alive_[fullest_];
    std::swap(order, steps_);
    made_again_.push_back(again.value);
    measure();
    if (alive_[fullest_] < before) return true;
    std::swap(order, steps_);
    made_again_.pop_back();
    measure();
    return false;
  }
  /// Whether `a` must come after `b`, which came before it.
  static bool follows(const Step& a, const Step& b) {
    const auto meet = [](const std::vector<Id>& x, const std::vector<Id>& y) {
      return std::any_of(x.begin(), x.end(), [&](Id id) { return std::find(y.begin(), y.end(), id) != y.end(); });
    };
    return meet(a.reads, b.writes) || meet(a.writes, b.writes) || meet(a.writes, b.reads);
  }

  // ---- the program in the new order

  class Rewriting {
   public:
    explicit Rewriting(const Steps& steps)
        : steps_(steps), program_(steps.program_), renamed_(program_.values(), no_id), again_(renamed_) {}

    Program run() {
      for (Id i = 0; i < program_.inputs(); ++i) renamed_[i] = builder_.input(program_.aval(i));
      for (size_t i = 0; i < program_.constants().size(); ++i)
        renamed_[program_.inputs() + i] = builder_.constant(program_.constants()[i]);
      for (const Step& step : steps_.steps_) {
        const ScheduleStep& s = steps_.schedule_.steps[step.position];
        const std::span<const uint32_t> members =
            s.is_launch ? std::span<const uint32_t>(steps_.schedule_.launches[s.index].equations)
                        : std::span(&s.index, 1);
        start(step.again, members);
        for (const uint32_t k : members) own(k);
      }
      start({}, {});
      std::vector<Id> outputs;
      for (const Id id : program_.outputs()) outputs.push_back(value(id));
      return builder_.build(outputs);
    }

   private:
    static constexpr Id no_id = ~Id{0};

    void start(std::span<const Id> replaced, std::span<const uint32_t> members) {
      replaced_ = replaced;
      members_ = members;
      here_.clear();
    }
    static bool contains(std::span<const uint32_t> ids, uint32_t id) {
      return std::find(ids.begin(), ids.end(), id) != ids.end();
    }

    /// An equation of the step at hand, or one that reads nothing made again.
    void own(uint32_t k) {
      const Equation& e = program_.equations()[k];
      if (renamed_[e.first_result] != no_id) return;
      const Id first = equation(e, [&](Id x) { return value(x); });
      for (Id i = 0; i < e.results; ++i) renamed_[e.first_result + i] = first + i;
    }
    template <class Operand>
    Id equation(const Equation& e, const Operand& operand) {
      std::vector<Id> operands;
      for (const Id x : e.operands) operands.push_back(operand(x));
      return builder_.equation(e.op, operands, e.attrs.get());
    }

    /// A value as the step at hand reads it.
    Id value(Id id) {
      if (contains(replaced_, id)) return made_again(id);
      if (!differs(id)) {
        if (renamed_[id] == no_id) own(steps_.values_.equation[id]);
        return renamed_[id];
      }
      for (const auto& [old, now] : here_)
        if (old == id) return now;
      const Equation& e = *steps_.values_.made_by(id);
      const Id now = equation(e, [&](Id x) { return value(x); }) + (id - e.first_result);
      here_.emplace_back(id, now);
      return now;
    }
    /// Whether what is computed on the way to a value that this step does not make reads what is made again.
    bool differs(Id id) const {
      if (replaced_.empty() || steps_.has_bytes(id) || contains(members_, steps_.values_.equation[id])) return false;
      const std::vector<Id>& operands = steps_.values_.made_by(id)->operands;
      return std::any_of(operands.begin(), operands.end(), [&](Id x) { return contains(replaced_, x) || differs(x); });
    }
    Id made_again(Id id) {
      if (again_[id] != no_id) return again_[id];
      std::vector<std::pair<Id, Id>> made;
      return again_[id] = copy(id, id, made);
    }
    Id copy(Id id, Id top, std::vector<std::pair<Id, Id>>& made) {
      if (id != top && steps_.has_bytes(id)) return renamed_[id];
      for (const auto& [old, now] : made)
        if (old == id) return now;
      const Equation& e = *steps_.values_.made_by(id);
      const Id now = equation(e, [&](Id x) { return copy(x, top, made); }) + (id - e.first_result);
      made.emplace_back(id, now);
      return now;
    }

    const Steps& steps_;
    const Program& program_;
    nx::ProgramBuilder builder_;
    std::vector<Id> renamed_, again_;      // by value
    std::span<const Id> replaced_;         // what the step at hand reads as it is made again
    std::span<const uint32_t> members_;    // equations that it computes
    std::vector<std::pair<Id, Id>> here_;  // what is computed on the way, from values made again
  };

  const Schedule& schedule_;
  const Program& program_;
  Values values_;
  std::vector<Shown> shown_;
  std::vector<uint32_t> writer_;  // by value: place in the schedule
  std::vector<Step> steps_;
  std::vector<Id> results_;
  std::vector<Id> made_again_;  // what the values beyond the program's are copies of
  std::vector<Life> lives_;
  std::vector<int64_t> alive_;  // bytes, by step
  size_t fullest_ = 0;
  const int64_t worth_bytes_;
  int64_t most_at_first_ = 0;
};

}  // namespace

std::optional<Program> recompute(const Schedule& schedule, const Limits& limits) {
  Steps steps(schedule, limits);
  bool changed = false;
  while (steps.lower()) changed = true;
  if (!changed) return std::nullopt;
  return steps.rewritten();
}

int64_t most_alive(const Schedule& schedule) { return Steps(schedule, {}).most_alive(); }

}  // namespace tolk::kernels
