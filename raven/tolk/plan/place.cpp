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

class Placing {
 public:
  explicit Placing(Plan::Impl& plan)
      : plan_(plan), program_(plan.program), last_use_(program_.values(), -1), block_of_(program_.values(), -1) {}

  void run() {
    find_last_uses();
    make_blocks();
    adopt_donors();
    place_blocks();
    write_places();
  }

 private:
  std::span<PlanView> operands(const Step& s) { return {plan_.views.data() + s.first_view, s.inputs}; }
  std::span<PlanView> results(const Step& s) { return {plan_.views.data() + s.first_view + s.inputs, s.outputs}; }

  void find_last_uses() {
    for (size_t k = 0; k < plan_.steps.size(); ++k) {
      for (const PlanView& v : operands(plan_.steps[k])) last_use_[v.root] = static_cast<int64_t>(k);
      // A result that nobody reads is written all the same.
      for (const PlanView& v : results(plan_.steps[k])) last_use_[v.root] = static_cast<int64_t>(k);
    }
    for (const Output& out : plan_.outputs) last_use_[out.view.root] = never;
  }

  int64_t new_block(Id root, Block block) {
    block.holds = root;
    block.bytes = bytes_of(program_.aval(root));
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
    for (size_t k = 0; k < plan_.steps.size(); ++k) {
      Step& s = plan_.steps[k];
      for (const PlanView& out : results(s)) {
        const int64_t taken = &out == results(s).data() ? operand_to_take(s, static_cast<int64_t>(k)) : -1;
        if (taken >= 0) {
          Block& b = blocks_[static_cast<size_t>(taken)];
          if (b.holds < program_.inputs()) b.taken_at = static_cast<int64_t>(k);
          b.holds = out.root;
          b.last = last_use_[out.root];
          block_of_[out.root] = taken;
          s.in_place = true;
          ++plan_.stats.in_place;
        } else {
          Block b;
          b.first = static_cast<int64_t>(k);
          new_block(out.root, b);
        }
      }
    }
    for (Block& b : blocks_) b.result = !b.fixed && b.last == never && (b.first >= 0 || b.holds >= program_.inputs());
    return_donors();
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
      Step& first = plan_.steps[static_cast<size_t>(values.taken_at)];
      first.in_place = false;
      --plan_.stats.in_place;
    }
  }

  /// The block of an operand whose place result 0 of step k may take, or −1.
  int64_t operand_to_take(const Step& s, int64_t k) {
    const bool elementwise = nx::has_flag(s.op, nx::op_flag::elementwise) || s.op == Op::Cast;
    if (!elementwise && !nx::has_flag(s.op, nx::op_flag::in_place)) return -1;
    const PlanView& out = results(s)[0];
    int64_t best = -1;
    for (size_t i = 0; i < s.inputs; ++i) {
      if (!elementwise && i > 0) break;
      const PlanView& in = operands(s)[i];
      const int64_t block = block_of_[in.root];
      if (block < 0 || blocks_[static_cast<size_t>(block)].fixed) continue;
      const bool same_bytes = in.contiguous && in.aval.shape == out.aval.shape &&
                              nx::item_size(in.aval.dtype) == nx::item_size(out.aval.dtype) && in.place.offset == 0 &&
                              blocks_[static_cast<size_t>(block)].bytes == bytes_of(out.aval);
      if (!same_bytes || last_use_[in.root] != k || bytes_of(out.aval) == 0) continue;
      bool alone = true;
      for (size_t j = 0; j < s.inputs; ++j) {
        const PlanView& other = operands(s)[j];
        if (j == i || block_of_[other.root] != block) continue;
        // The same elements read at the same time are fine for an elementwise loop.
        alone = alone && elementwise && other.place.offset == 0 && other.contiguous && other.aval == in.aval;
      }
      if (!alone) continue;
      // A donated input serves best where the result leaves the program.
      const auto serves = [&](int64_t b) {
        return blocks_[static_cast<size_t>(b)].donated && last_use_[out.root] == never;
      };
      if (best < 0 || (serves(block) && !serves(best))) best = block;
    }
    return best;
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

  /// Largest first, each at the lowest offset that is free during its life.
  void place_blocks() {
    struct Piece {
      int64_t bytes, first, last;
      int64_t* offset;
      size_t order;
    };
    std::vector<Piece> pieces;
    for (Block& b : blocks_) {
      if (b.fixed || b.donated) continue;
      if (b.result) continue;
      b.place = {Space::arena, 0, 0};
      pieces.push_back({aligned(b.bytes), b.first, b.last, &b.place.offset, pieces.size()});
    }
    for (size_t k = 0; k < plan_.steps.size(); ++k) {
      Step& s = plan_.steps[k];
      if (s.scratch_bytes > 0)
        pieces.push_back({aligned(s.scratch_bytes), static_cast<int64_t>(k), static_cast<int64_t>(k), &s.scratch_offset,
                          pieces.size()});
    }
    measure_live(pieces);
    std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
      return a.bytes != b.bytes ? a.bytes > b.bytes : a.order < b.order;
    });
    std::vector<const Piece*> met;
    for (size_t i = 0; i < pieces.size(); ++i) {
      Piece& mine = pieces[i];
      if (mine.bytes == 0) continue;
      met.clear();
      for (size_t j = 0; j < i; ++j)
        if (pieces[j].bytes > 0 && pieces[j].first <= mine.last && mine.first <= pieces[j].last)
          met.push_back(&pieces[j]);
      std::sort(met.begin(), met.end(), [](const Piece* a, const Piece* b) { return *a->offset < *b->offset; });
      // The smallest gap that fits.
      int64_t best = -1, best_gap = INT64_MAX, end = 0;
      for (const Piece* other : met) {
        const int64_t gap = *other->offset - end;
        if (gap >= mine.bytes && gap < best_gap) best = end, best_gap = gap;
        end = std::max(end, *other->offset + other->bytes);
      }
      *mine.offset = best >= 0 ? best : end;
      plan_.stats.arena_bytes = std::max(plan_.stats.arena_bytes, *mine.offset + mine.bytes);
    }
  }

  template <class Pieces>
  void measure_live(const Pieces& pieces) {
    std::vector<int64_t> change(plan_.steps.size() + 1);
    for (const auto& p : pieces) {
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
      const Aval& aval = program_.aval(b.holds);
      ResultBlock block{aval, -1, nx::contiguous_strides(aval.shape.span()), nx::element_count(aval.shape.span()),
                        bytes_of(aval)};
      if (b.donated) {
        block.donor = b.place.index;
        plan_.written[b.place.index] = true;
        ++plan_.stats.donated;
      } else {
        b.place = {Space::result, static_cast<uint32_t>(plan_.results.size()), 0};
      }
      result_of_.push_back({&b, static_cast<uint32_t>(plan_.results.size())});
      plan_.results.push_back(std::move(block));
    }
    const auto settle = [&](PlanView& v) {
      if (v.place.space == Space::constant) return;
      const int64_t block = block_of_[v.root];
      Place place = blocks_[static_cast<size_t>(block)].place;
      place.offset += v.place.offset;
      v.place = place;
    };
    for (PlanView& v : plan_.views) settle(v);
    for (Output& out : plan_.outputs) {
      const int64_t block = out.view.place.space == Space::constant ? -1 : block_of_[out.view.root];
      out.whole = out.view.contiguous && out.view.place.offset == 0 && block >= 0 &&
                  out.view.aval == program_.aval(out.view.root);
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
  std::vector<std::pair<const Block*, uint32_t>> result_of_;
};

}  // namespace

void place(Plan::Impl& plan) { Placing(plan).run(); }

}  // namespace tolk
