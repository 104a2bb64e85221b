// Where every value lives. A block is a piece of memory that several values use one after the other: each but the first
// takes the place of an operand that dies as it is made.
#include <algorithm>

#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

namespace {

constexpr int64_t never = INT64_MAX;  // lives beyond the last step
constexpr int64_t alignment = 64;

int64_t aligned(int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

struct Block {
  int64_t bytes = 0;
  int64_t first = -1, last = -1;  ///< steps at which it is written first and read last; −1: before all steps
  int64_t taken_at = -1;          ///< step whose result was the first to take an input's place
  Id holds = 0;                   ///< the value in it at the end
  bool donated = false;           ///< a donated input's
  bool fixed = false;             ///< an input that stays, or a constant
  bool result = false;
  Place place;
};

/// A piece of the arena in time.
struct Life {
  int64_t bytes, first, last;
  double area() const { return static_cast<double>(bytes) * static_cast<double>(last - first + 1); }
};

using Earlier = bool(const Life&, const Life&);

bool is_elementwise(const Step& s) { return nx::has_flag(s.op, nx::op_flag::elementwise) || s.op == Op::Cast; }

class Placing {
 public:
  explicit Placing(Plan::Impl& plan)
      : plan_(plan), program_(plan.program), last_use_(plan.roots(), -1), block_of_(plan.roots(), -1) {}

  void run() {
    find_last_uses();
    make_blocks();
    adopt_donors();
    place_blocks();
    write_places();
  }

 private:
  void find_last_uses() {
    // A result that nobody reads is written all the same.
    for (size_t k = 0; k < plan_.steps.size(); ++k)
      for (const PlanView& v : plan_.views_of(plan_.steps[k]))
        if (v.place.space != Space::status) last_use_[v.root] = static_cast<int64_t>(k);
    for (const Output& out : plan_.outputs) last_use_[out.view.root] = never;
  }

  int64_t new_block(Id root, Block block) {
    block.holds = root;
    block.bytes = bytes_of(plan_.aval(root));
    block.last = last_use_[root];
    blocks_.push_back(block);
    return block_of_[root] = static_cast<int64_t>(blocks_.size() - 1);
  }

  void make_blocks() {
    for (Id i = 0; i < program_.inputs(); ++i) {
      const bool donated = i < plan_.options.donated.size() && plan_.options.donated[i];
      Block b;
      b.donated = donated;
      b.fixed = !donated;
      b.place = {Space::input, i, 0};
      new_block(i, b);
    }
    for (size_t k = 0; k < plan_.steps.size(); ++k) make_results(static_cast<int64_t>(k));
    for (Block& b : blocks_) b.result = !b.fixed && b.last == never && (b.first >= 0 || b.holds >= program_.inputs());
    return_donors();
  }

  void make_results(int64_t k) {
    Step& s = plan_.steps[static_cast<size_t>(k)];
    find_pairs(s);
    taken_.clear();
    const std::span<const PlanView> views = plan_.views_of(s);
    for (uint32_t i = 0; i < views.size(); ++i) {
      const PlanView& out = views[i];
      // What an earlier step began stays in its place.
      if (!out.writes() || block_of_[out.root] >= 0) continue;
      const int64_t taken = operand_to_take(s, k, i);
      if (taken < 0) {
        Block b;
        b.first = k;
        new_block(out.root, b);
        continue;
      }
      taken_.push_back(taken);
      Block& b = blocks_[static_cast<size_t>(taken)];
      if (b.holds < program_.inputs()) b.taken_at = k;
      b.holds = out.root;
      b.last = last_use_[out.root];
      block_of_[out.root] = taken;
      ++s.in_place;
      ++plan_.stats.in_place;
    }
  }

  /// A donated input that would only hold values on the way is left alone: if somebody else holds it too, it would be
  /// copied for nothing. Those values go to the arena.
  void return_donors() {
    for (size_t i = 0; i < program_.inputs(); ++i) {
      if (!blocks_[i].donated || blocks_[i].result || blocks_[i].taken_at < 0) continue;
      Block input;
      input.donated = true;
      input.place = blocks_[i].place;
      const int64_t moved = static_cast<int64_t>(blocks_.size());
      Block values = blocks_[i];
      values.donated = false;
      values.first = values.taken_at;
      blocks_.push_back(values);
      for (int64_t& block : block_of_)
        if (block == static_cast<int64_t>(i)) block = moved;
      blocks_[i] = input;
      blocks_[i].holds = static_cast<Id>(i);
      blocks_[i].bytes = bytes_of(program_.aval(static_cast<Id>(i)));
      blocks_[i].last = last_use_[i];
      block_of_[i] = static_cast<int64_t>(i);
      --plan_.steps[static_cast<size_t>(values.taken_at)].in_place;
      --plan_.stats.in_place;
    }
  }

  /// Views of a step, by position: the second may take the place of the first.
  void find_pairs(const Step& s) {
    pairs_.clear();
    if (s.kind == Step::Kind::launch) {
      for (const Segment& g : plan_.batches[s.batch].segments)
        for (const InPlacePair& pair : g.in_place)
          pairs_.push_back({g.first_view - s.first_view + pair.input, g.first_view - s.first_view + pair.output});
      return;
    }
    if (is_elementwise(s))
      for (uint32_t i = 0; i < s.inputs; ++i) pairs_.push_back({i, s.inputs});
    else if (nx::has_flag(s.op, nx::op_flag::in_place))
      pairs_.push_back({0, s.inputs});
  }
  bool paired(uint32_t input, uint32_t output) const {
    return std::find(pairs_.begin(), pairs_.end(), std::pair(input, output)) != pairs_.end();
  }

  /// The block of an operand whose place result `output` of step k may take, or −1.
  int64_t operand_to_take(const Step& s, int64_t k, uint32_t output) {
    const std::span<const PlanView> views = plan_.views_of(s);
    const PlanView& out = views[output];
    // A donated input serves best where the result leaves the program.
    const auto serves = [&](int64_t b) {
      return blocks_[static_cast<size_t>(b)].donated && last_use_[out.root] == never;
    };
    int64_t best = -1;
    for (const auto& [input, result] : pairs_) {
      if (result != output) continue;
      const PlanView& in = views[input];
      const int64_t block = block_of_[in.root];
      if (block < 0 || blocks_[static_cast<size_t>(block)].fixed || !takes_whole(s, in, out) ||
          last_use_[in.root] != k || bytes_of(out.aval) == 0 ||
          blocks_[static_cast<size_t>(block)].bytes != bytes_of(out.aval) ||
          std::find(taken_.begin(), taken_.end(), block) != taken_.end())
        continue;
      bool alone = true;
      for (uint32_t j = 0; j < views.size(); ++j) {
        const PlanView& other = views[j];
        if (j == input || other.place.space == Space::status || block_of_[other.root] != block) continue;
        // The same elements read at the same time are fine.
        alone = alone && other.access == loop::Access::read && paired(j, output) && takes_whole(s, other, out);
      }
      if (alone && (best < 0 || (serves(block) && !serves(best)))) best = block;
    }
    return best;
  }
  /// Kernels are generated for whole values; nx's loops need the same layout too.
  static bool takes_whole(const Step& s, const PlanView& in, const PlanView& out) {
    return s.kind == Step::Kind::launch || (in.contiguous && in.place.offset == 0 && in.aval.shape == out.aval.shape &&
                                            nx::item_size(in.aval.dtype) == nx::item_size(out.aval.dtype));
  }

  /// Fresh results take over donated inputs of their size that nobody reads any more.
  void adopt_donors() {
    for (Block& result : blocks_) {
      if (!result.result || result.donated) continue;
      for (Block& donor : blocks_) {
        if (!donor.donated || donor.result || donor.last >= result.first || donor.bytes != result.bytes ||
            donor.bytes == 0)
          continue;
        result.donated = true;
        result.place = donor.place;
        donor.donated = false;
        donor.fixed = true;  // its own reads come first, then it is the result's
        break;
      }
    }
  }

  void place_blocks() {
    for (Block& b : blocks_) {
      if (b.fixed || b.donated || b.result) continue;
      b.place = {Space::arena, static_cast<uint32_t>(lives_.size()), 0};
      lives_.push_back({aligned(b.bytes), b.first, b.last});
      plan_.pieces.push_back({0, b.bytes});
    }
    for (size_t k = 0; k < plan_.steps.size(); ++k) {
      Step& s = plan_.steps[k];
      if (s.scratch_bytes == 0) continue;
      s.scratch = static_cast<uint32_t>(lives_.size());
      lives_.push_back({aligned(s.scratch_bytes), static_cast<int64_t>(k), static_cast<int64_t>(k)});
      plan_.pieces.push_back({0, s.scratch_bytes});
    }
    measure_live();
    // Whichever order packs best: none is best for every graph.
    std::vector<int64_t> offsets(lives_.size());
    Earlier* const orders[] = {
        [](const Life& a, const Life& b) { return a.bytes > b.bytes; },
        [](const Life& a, const Life& b) { return a.area() > b.area(); },
        [](const Life& a, const Life& b) { return a.last - a.first > b.last - b.first; },
        [](const Life& a, const Life& b) { return a.first < b.first; },
    };
    int64_t best = INT64_MAX;
    for (Earlier* earlier : orders) {
      const int64_t total = pack(earlier, offsets);
      if (total < best) {
        best = total;
        for (size_t i = 0; i < offsets.size(); ++i) plan_.pieces[i].offset = offsets[i];
      }
      if (best == plan_.stats.live_bytes) break;
    }
    plan_.stats.arena_bytes = best;
    for (Block& b : blocks_)
      if (!b.fixed && !b.donated && !b.result) b.place.offset = plan_.pieces[b.place.index].offset;
  }

  /// One piece after the other in this order, each in the smallest gap that is free during its life. Returns the bytes
  /// used.
  int64_t pack(Earlier* earlier, std::vector<int64_t>& offsets) const {
    std::vector<size_t> order(lives_.size()), met;
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      if (earlier(lives_[a], lives_[b])) return true;
      return !earlier(lives_[b], lives_[a]) && a < b;
    });
    int64_t total = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      const Life& mine = lives_[order[i]];
      offsets[order[i]] = 0;
      if (mine.bytes == 0) continue;
      met.clear();
      for (size_t j = 0; j < i; ++j) {
        const Life& other = lives_[order[j]];
        if (other.bytes > 0 && other.first <= mine.last && mine.first <= other.last) met.push_back(order[j]);
      }
      std::sort(met.begin(), met.end(), [&](size_t a, size_t b) { return offsets[a] < offsets[b]; });
      int64_t best = -1, best_gap = INT64_MAX, end = 0;
      for (const size_t other : met) {
        const int64_t gap = offsets[other] - end;
        if (gap >= mine.bytes && gap < best_gap) best = end, best_gap = gap;
        end = std::max(end, offsets[other] + lives_[other].bytes);
      }
      offsets[order[i]] = best >= 0 ? best : end;
      total = std::max(total, offsets[order[i]] + mine.bytes);
    }
    return total;
  }

  void measure_live() {
    std::vector<int64_t> change(plan_.steps.size() + 1);
    for (const Life& p : lives_) {
      change[static_cast<size_t>(p.first)] += p.bytes;
      change[static_cast<size_t>(p.last) + 1] -= p.bytes;
    }
    int64_t live = 0;
    for (const int64_t c : change) plan_.stats.live_bytes = std::max(plan_.stats.live_bytes, live += c);
  }

  void write_places() {
    plan_.written.assign(program_.inputs(), false);
    for (Block& b : blocks_) {
      if (b.fixed || !b.result) continue;
      const Aval& aval = plan_.aval(b.holds);
      ResultBlock block{aval, -1, nx::element_count(aval.shape.span()), bytes_of(aval), {}};
      if (b.donated) {
        block.donor = b.place.index;
        plan_.written[b.place.index] = plan_.overwrites = true;
        ++plan_.stats.donated;
      } else {
        b.place = {Space::result, static_cast<uint32_t>(plan_.results.size()), 0};
      }
      result_of_.push_back({&b, static_cast<uint32_t>(plan_.results.size())});
      plan_.results.push_back(std::move(block));
    }
    const auto settle = [&](PlanView& v) {
      if (v.place.space == Space::constant || v.place.space == Space::status) return;
      const int64_t block = block_of_[v.root];
      Place place = blocks_[static_cast<size_t>(block)].place;
      place.offset += v.place.offset;
      v.place = place;
    };
    for (PlanView& v : plan_.views) settle(v);
    for (Output& out : plan_.outputs) {
      const int64_t block = out.view.place.space == Space::constant ? -1 : block_of_[out.view.root];
      out.whole =
          out.view.contiguous && out.view.place.offset == 0 && block >= 0 && out.view.aval == plan_.aval(out.view.root);
      settle(out.view);
      // A result names its block, also when that is a donated input.
      for (const auto& [b, index] : result_of_)
        if (block >= 0 && b == &blocks_[static_cast<size_t>(block)])
          out.view.place = {Space::result, index, out.view.place.offset};
    }
    for (size_t i = 0; i < plan_.outputs.size(); ++i) {
      const auto same_bytes = [&](const Output& later) {
        return later.view.place.space == plan_.outputs[i].view.place.space &&
               later.view.place.index == plan_.outputs[i].view.place.index;
      };
      plan_.outputs[i].last =
          std::none_of(plan_.outputs.begin() + static_cast<int64_t>(i) + 1, plan_.outputs.end(), same_bytes);
    }
  }

  Plan::Impl& plan_;
  const Program& program_;
  std::vector<int64_t> last_use_;  // by root value: step, or never
  std::vector<int64_t> block_of_;  // by root value
  std::vector<Block> blocks_;
  std::vector<Life> lives_;                           // by piece of the arena
  std::vector<std::pair<uint32_t, uint32_t>> pairs_;  // of the step at hand
  std::vector<int64_t> taken_;                        // blocks that it wrote over
  std::vector<std::pair<const Block*, uint32_t>> result_of_;
};

}  // namespace

void place(Plan::Impl& plan) { Placing(plan).run(); }

}  // namespace tolk
