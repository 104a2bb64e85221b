// Running generated kernels: chunks over the threads, scratch for each, checks of indices.
#include <algorithm>
#include <cstdint>

#include "raven/base/message.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/error.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

// ---- scratch
// -------------------------------------------------------------------------------------------------------------

void Scratch::reserve(int count, int64_t bytes) {
  if (bytes <= bytes_ && static_cast<size_t>(count) <= blocks_.size()) return;
  release();
  const int64_t step = (bytes + 63) / 64 * 64;
  owned_ = static_cast<std::byte*>(raven::Allocator::allocate(static_cast<size_t>(count * step)));
  for (int i = 0; i < count; ++i) blocks_.push_back(owned_ + i * step);
  used_ = std::vector<std::atomic<bool>>(blocks_.size());
  bytes_ = step;
}
void Scratch::borrow(std::vector<std::byte*> blocks, int64_t bytes) {
  release();
  blocks_ = std::move(blocks);
  used_ = std::vector<std::atomic<bool>>(blocks_.size());
  bytes_ = bytes;
}
void Scratch::release() {
  if (owned_) raven::Allocator::deallocate(owned_, blocks_.size() * static_cast<size_t>(bytes_));
  owned_ = nullptr;
  blocks_.clear();
  bytes_ = 0;
}
int Scratch::take() {
  for (size_t i = 0;; i = i + 1 < used_.size() ? i + 1 : 0)
    if (!used_[i].load(std::memory_order_relaxed) && !used_[i].exchange(true, std::memory_order_acquire))
      return static_cast<int>(i);
}

namespace {

/// The first check of a launch that failed, in the order of its pieces: the same for any number of threads.
class Failure {
 public:
  void note(uint32_t piece, int64_t site, int64_t value) {
    const std::lock_guard lock(mutex_);
    if (piece >= piece_) return;
    piece_ = piece;
    site_ = site;
    value_ = value;
  }
  bool happened() const { return piece_ != UINT32_MAX; }
  uint32_t piece() const { return piece_; }
  int64_t site() const { return site_; }
  int64_t value() const { return value_; }

 private:
  std::mutex mutex_;
  uint32_t piece_ = UINT32_MAX;
  int64_t site_ = 0, value_ = 0;
};

/// What eager says of the same index, but for the position of an embedding's id, which the kernel does not keep.
[[gnu::cold, gnu::noinline]] void throw_index_error(const Plan::Impl& plan, const CheckSite& site, int64_t value) {
  const Program::Equation& e = plan.program.equations()[site.equation];
  int64_t room = site.extent;
  bool wraps = false;
  const auto many = [&](const auto& a) {
    room = site.extent - a.slice_sizes[static_cast<int>(site.axis)] + 1;
    wraps = a.wrap_negative;
  };
  switch (e.op) {
    case Op::Gather: many(e.attrs.as<nx::GatherAttrs>()); break;
    case Op::Scatter: many(e.attrs.as<nx::ScatterAttrs>()); break;
    case Op::GatherAxis: wraps = e.attrs.as<nx::GatherAxisAttrs>().wrap_negative; break;
    case Op::ScatterAxis: wraps = e.attrs.as<nx::ScatterAxisAttrs>().wrap_negative; break;
    default: break;
  }
  const std::string_view name = nx::op_info(e.op).public_name;
  if (e.op == Op::Embedding)
    throw nx::IndexError(name, raven::Message("id ")
                                   << value << " is outside [0, " << site.extent << "), the rows of the table");
  raven::Message m("index ");
  m << value << " is out of bounds for axis " << site.axis << " of size " << site.extent;
  if (room > 0) m << " (valid: " << (wraps ? -site.extent : 0) << ".." << room - 1 << ")";
  throw nx::IndexError(name, m);
}

/// Pieces from `first` on; `scratch` is this thread's.
class Runner {
 public:
  Runner(const Plan::Impl& plan, const Batch& batch, const Frame& frame)
      : plan_(plan), batch_(batch), code_(*plan.kernels[batch.kernel].code), addresses_(frame.addresses.data()) {}

  void run(uint32_t first, uint32_t last, void* scratch) {
    if (batch_.checked) return run_checked(first, last, scratch);
    for (uint32_t i = first; i < last; ++i) {
      const Piece& piece = batch_.pieces[i];
      const Segment& g = batch_.segments[piece.segment];
      code_.run(addresses_ + g.first_view, plan_.dims.data() + g.first_dim, piece.begin, piece.end, scratch);
    }
  }

  const Failure& failure() const { return failure_; }

 private:
  void run_checked(uint32_t first, uint32_t last, void* scratch) {
    const size_t parameters = plan_.kernels[batch_.kernel].parameters;
    std::vector<void*> buffers(parameters);
    std::vector<int64_t> status;
    for (uint32_t i = first; i < last; ++i) {
      const Piece& piece = batch_.pieces[i];
      const Segment& g = batch_.segments[piece.segment];
      std::copy_n(addresses_ + g.first_view, parameters, buffers.begin());
      status.assign(2 * g.sites.size(), 0);
      if (g.status >= 0) buffers[static_cast<size_t>(g.status)] = status.data();
      code_.run(buffers.data(), plan_.dims.data() + g.first_dim, piece.begin, piece.end, scratch);
      for (size_t site = 0; site < g.sites.size(); ++site) {
        if (status[2 * site] == 0) continue;
        failure_.note(i, static_cast<int64_t>(site), status[2 * site + 1]);
        return;
      }
    }
  }

  const Plan::Impl& plan_;
  const Batch& batch_;
  const Code& code_;
  void* const* addresses_;
  Failure failure_;
};

}  // namespace

void run_batch(const Plan::Impl& plan, const Batch& batch, Frame& frame) {
  Runner runner(plan, batch, frame);
  const int64_t scratch_bytes = plan.kernels[batch.kernel].scratch_bytes;
  const auto chunks = static_cast<int64_t>(batch.chunks.size()) - 1;
  if (chunks <= 1) {
    if (scratch_bytes > 0) frame.scratch.reserve(1, plan.scratch_bytes);
    runner.run(0, static_cast<uint32_t>(batch.pieces.size()), scratch_bytes > 0 ? frame.scratch.block(0) : nullptr);
  } else {
    if (scratch_bytes > 0) frame.scratch.reserve(raven::num_threads(), plan.scratch_bytes);
    // Threads keep apart: each starts in a part of its own. Neighbouring chunks at one time would share cache lines
    // where tasks are columns.
    const int64_t parts = std::min<int64_t>(raven::num_threads(), chunks), length = (chunks + parts - 1) / parts;
    raven::parallel_for(parts * length, 1, [&](int64_t turn, int64_t) {
      const auto chunk = static_cast<size_t>(turn % parts * length + turn / parts);
      if (chunk + 1 >= batch.chunks.size()) return;
      const int slot = scratch_bytes > 0 ? frame.scratch.take() : -1;
      runner.run(batch.chunks[chunk], batch.chunks[chunk + 1], slot >= 0 ? frame.scratch.block(slot) : nullptr);
      if (slot >= 0) frame.scratch.give_back(slot);
    });
  }
  if (const Failure& failure = runner.failure(); failure.happened()) {
    const Segment& g = batch.segments[batch.pieces[failure.piece()].segment];
    throw_index_error(plan, g.sites[static_cast<size_t>(failure.site())], failure.value());
  }
}

}  // namespace tolk
