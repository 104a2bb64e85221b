// Runs for tests. Sanitizers do not see generated code, so the pages do: every value lies alone, at the border of
// memory that nobody may touch.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "raven/base/error.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

namespace {

using nx::Array;
using nx::detail::impl_of;

/// Pages for `bytes`, with one before and one behind that cannot be touched.
class GuardedBlock {
 public:
  GuardedBlock(int64_t bytes, Guard guard) {
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE)), wanted = static_cast<size_t>(bytes);
    inner_ = (wanted + page - 1) / page * page;
    mapped_ = inner_ + 2 * page;
    void* start = ::mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) throw raven::MemoryError("tolk.Plan.run_guarded", mapped_);
    start_ = static_cast<std::byte*>(start);
    first_ = start_ + page;
    protect(PROT_READ | PROT_WRITE);
    if (inner_ > 0) std::memset(first_, 0xFF, inner_);
    data_ = guard == Guard::end ? first_ + inner_ - wanted : first_;
  }
  ~GuardedBlock() { ::munmap(start_, mapped_); }
  GuardedBlock(const GuardedBlock&) = delete;

  std::byte* data() const { return data_; }
  void make_read_only() { protect(PROT_READ); }

 private:
  void protect(int access) {
    if (inner_ > 0 && ::mprotect(first_, inner_, access) != 0)
      throw raven::MemoryError("tolk.Plan.run_guarded", inner_);
  }
  std::byte *start_ = nullptr, *first_ = nullptr, *data_ = nullptr;
  size_t inner_ = 0, mapped_ = 0;
};

class GuardedRun {
 public:
  GuardedRun(const Plan::Impl& plan, Guard guard) : plan_(plan), guard_(guard), frame_(plan, false) {}

  void run(std::span<const Array> arguments, std::span<Array> results) {
    place_inputs(arguments);
    place_arena();
    for (size_t k = 0; k < plan_.steps.size(); ++k) {
      const Step& s = plan_.steps[k];
      if (s.kind == Step::Kind::launch) lend_scratch(plan_.kernels[plan_.batches[s.batch].kernel].scratch_bytes);
      run_step(plan_, k, frame_);
    }
    for (size_t i = 0; i < results.size(); ++i) results[i] = copy_out(plan_.outputs[i].view);
  }

 private:
  std::byte* block(int64_t bytes) {
    blocks_.push_back(std::make_unique<GuardedBlock>(bytes, guard_));
    return blocks_.back()->data();
  }
  std::byte* copy_in(const Array& x, bool read_only) {
    std::byte* data = block(x.nbytes());
    const Array dense = nx::detail::contiguous_array(x);
    if (x.nbytes() > 0) std::memcpy(data, impl_of(dense)->data, static_cast<size_t>(x.nbytes()));
    if (read_only) blocks_.back()->make_read_only();
    return data;
  }

  void place_inputs(std::span<const Array> arguments) {
    for (size_t i = 0; i < arguments.size(); ++i) frame_.input_base[i] = copy_in(arguments[i], !plan_.written[i]);
    for (size_t i = 0; i < plan_.results.size(); ++i) {
      const int64_t donor = plan_.results[i].donor;
      frame_.result_base[i] =
          donor >= 0 ? frame_.input_base[static_cast<size_t>(donor)] : block(plan_.results[i].bytes);
    }
    frame_.patch(plan_);
  }
  void place_arena() {
    std::vector<std::byte*> pieces, constants;
    for (const ArenaPiece& piece : plan_.pieces) pieces.push_back(block(piece.bytes));
    for (const Array& constant : plan_.constants) constants.push_back(copy_in(constant, true));
    for (size_t i = 0; i < plan_.views.size(); ++i) {
      const Place& place = plan_.views[i].place;
      std::byte* at = nullptr;
      if (place.space == Space::arena) at = pieces[place.index] + (place.offset - plan_.pieces[place.index].offset);
      if (place.space == Space::constant) at = constants[place.index] + place.offset;
      if (!at) continue;
      frame_.addresses[i] = at;
      frame_.views[i].data = at;
    }
    for (size_t k = 0; k < plan_.steps.size(); ++k)
      if (plan_.steps[k].kind == Step::Kind::kernel && plan_.steps[k].scratch_bytes > 0)
        frame_.scratch_of[k] = scratch(plan_.steps[k].scratch_bytes);
    constants_ = std::move(constants);
    pieces_ = std::move(pieces);
  }
  /// Aligned to 64, as kernels may ask: behind an odd size there is a gap.
  std::byte* scratch(int64_t bytes) { return block((bytes + 63) / 64 * 64); }
  void lend_scratch(int64_t bytes) {
    if (bytes == 0) return;
    std::vector<std::byte*> lent;
    for (int i = 0; i < raven::num_threads(); ++i) lent.push_back(scratch(bytes));
    frame_.scratch.borrow(std::move(lent), plan_.scratch_bytes);
  }

  Array copy_out(const PlanView& v) const {
    std::byte* base = nullptr;
    switch (v.place.space) {
      case Space::arena: base = pieces_[v.place.index] - plan_.pieces[v.place.index].offset; break;
      case Space::input: base = frame_.input_base[v.place.index]; break;
      case Space::constant: base = constants_[v.place.index]; break;
      case Space::result: base = frame_.result_base[v.place.index]; break;
      case Space::status: break;
    }
    Array out = nx::detail::empty_array(v.aval.dtype, v.aval.shape.span());
    nx::detail::copy_view(nx::cpu::View(impl_of(out)), kernel_view(v, base + v.place.offset));
    return out;
  }

  const Plan::Impl& plan_;
  Guard guard_;
  std::vector<std::unique_ptr<GuardedBlock>> blocks_;
  std::vector<std::byte*> constants_, pieces_;
  Frame frame_;
};

}  // namespace

void Plan::run_guarded(std::span<const Array> arguments, std::span<Array> results, Guard guard) const {
  check_arguments(*impl_, plain_arguments(arguments), results.size());
  GuardedRun(*impl_, guard).run(arguments, results);
}

}  // namespace tolk
