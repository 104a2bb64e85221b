#pragma once
// Inside a Plan. Not installed.
#include <atomic>
#include <cstddef>
#include <mutex>

#include "raven/nx/cpu/kernel.hpp"
#include "raven/nx/cpu/levels.hpp"
#include "raven/tolk/code/code.hpp"
#include "raven/tolk/kernels/limits.hpp"
#include "raven/tolk/kernels/schedule.hpp"
#include "raven/tolk/plan.hpp"

namespace tolk {

using nx::Aval;
using nx::Dims;
using nx::Op;
using nx::Program;
using Id = Program::Id;

/// Where bytes live: at `offset` in the arena, in input or constant `index`, or in the fresh result `index`. In the
/// arena, `index` names the piece that holds them. Status words of a launch live on the stack of who runs it.
enum class Space : uint8_t { arena, input, constant, result, status };
struct Place {
  Space space = Space::arena;
  uint32_t index = 0;
  int64_t offset = 0;
};
/// A part of the arena, used by values one after the other or as scratch.
struct ArenaPiece {
  int64_t offset = 0, bytes = 0;
};

/// An operand or result of a step: a value of the program where it lies, or a temporary of the schedule, whose id
/// follows the program's.
struct PlanView {
  Id value = 0;
  Id root = 0;  ///< the value whose bytes it shows: itself unless it is a view
  Place place;
  Aval aval;
  Dims strides;
  bool contiguous = true;
  loop::Access access = loop::Access::read;  ///< `both`: a later step adds to what an earlier one began
  bool reads() const { return access != loop::Access::write && place.space != Space::status; }
  bool writes() const { return access != loop::Access::read && place.space != Space::status; }
};

/// A generated kernel.
struct PlanKernel {
  loop::Kernel kernel;
  size_t parameters = 0;
  int64_t scratch_bytes = 0;  ///< of each thread
  std::shared_ptr<const Code> code;
};
/// One launch of the schedule: a kernel over its own buffers.
struct Segment {
  uint32_t launch = 0;      ///< of Schedule::launches
  uint32_t first_view = 0;  ///< one view per parameter
  uint32_t first_dim = 0;   ///< in Impl::dims
  int32_t status = -1;      ///< parameter that takes the status words
  int64_t tasks = 0, grain = 1, task_align = 1;
  int64_t flops = 0, bytes = 0;
  std::vector<InPlacePair> in_place;
  std::vector<CheckSite> sites;
};
/// What one call of the code computes.
struct Piece {
  uint32_t segment = 0;
  int64_t begin = 0, end = 0;
};
/// Launches of one kernel that run together.
struct Batch {
  uint32_t kernel = 0;
  std::vector<Segment> segments;
  std::vector<Piece> pieces;     ///< all tasks of all segments
  std::vector<uint32_t> chunks;  ///< first piece of each piece of work for a thread, then the number of pieces
  bool checked = false;          ///< some segment has sites
};

struct Step {
  enum class Kind : uint8_t {
    kernel,  ///< a call of nx's kernel
    flat,    ///< an elementwise loop over n elements, strides 0 or 1
    rows,    ///< a small elementwise loop with up to two axes outside
    reduce_rows,
    reduce_columns,  ///< a small reduction in one piece
    launch,          ///< generated kernels
  };
  Op op{};
  Kind kind = Kind::kernel;
  bool checked = false;   ///< indices are looked at first
  uint16_t in_place = 0;  ///< results that take the place of an operand
  uint32_t first_view = 0;
  uint32_t views = 0;
  uint32_t inputs = 0, outputs = 0;  ///< of a call: operands, then results
  uint32_t batch = 0;                ///< of a launch
  nx::AttrsBox attrs;
  nx::cpu::Kernel* kernel = nullptr;
  int64_t scratch_bytes = 0;
  uint32_t scratch = 0;  ///< piece of the arena
  // flat and rows: the innermost axis
  nx::cpu::MapLoop* loop = nullptr;
  int64_t strides[3] = {}, items[3] = {};
  int64_t out_item = 0, size = 0, cost = 0;
  bool serial = false;  ///< flat: too small for a second thread
  // rows: the axes outside, slowest first, with steps in bytes of the result and the operands
  int64_t outer[2] = {1, 1};
  int64_t outer_step[2][4] = {};
  // reductions: `size` elements each, `width` results; or `outer[0]` rows
  const nx::cpu::ReduceLoops* reduce = nullptr;
  int64_t width = 0;
};

/// A result of the program, seen in the bytes it lies in.
struct Output {
  PlanView view;
  bool whole = false;   ///< it is the value that these bytes hold, in C order
  bool direct = false;  ///< the handle of its result block is all there is to give
  bool last = false;    ///< no later output of the program lies in the same bytes
};
/// A block of bytes that becomes results: fresh, or a donated input's.
struct ResultBlock {
  Aval aval;           ///< of the value in it at the end
  int64_t donor = -1;  ///< the donated input, or −1
  int64_t size = 0, bytes = 0;
  nx::detail::Impl pattern{};  ///< the record of a fresh one, but for its data
};

/// Scratch of launches: one block per thread that may run a piece at once.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { release(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  /// `bytes` for each of `count` threads; nothing may be in use.
  void reserve(int count, int64_t bytes);
  /// The same in memory of somebody else's.
  void borrow(std::vector<std::byte*> blocks, int64_t bytes);
  std::byte* block(int index) const { return blocks_[static_cast<size_t>(index)]; }
  /// A block that no other thread has, given back by its index.
  int take();
  void give_back(int index) { used_[static_cast<size_t>(index)].store(false, std::memory_order_release); }

 private:
  void release();
  std::vector<std::byte*> blocks_;
  std::byte* owned_ = nullptr;
  int64_t bytes_ = 0;
  std::vector<std::atomic<bool>> used_;
};

/// Views with addresses, an arena, and the handles of one running call.
struct Frame {
  Frame(const Plan::Impl& plan, bool with_arena);
  ~Frame();
  Frame(const Frame&) = delete;
  /// Addresses of inputs and results, by input_base and result_base, into the views.
  void patch(const Plan::Impl& plan);

  std::vector<void*> addresses;      ///< by view
  std::vector<nx::cpu::View> views;  ///< those that nx's kernels are called with; others are empty
  std::byte* arena = nullptr;
  size_t arena_bytes = 0;
  std::vector<std::byte*> scratch_of;  ///< by step: scratch of nx's kernel
  Scratch scratch;
  std::vector<nx::Array> inputs;   ///< those that are copied, or given up by the caller
  std::vector<nx::Array> results;  ///< one per block
  std::vector<std::byte*> input_base, result_base;
};

struct Plan::Impl {
  ~Impl();

  Program program;  ///< as it was scheduled
  CompileOpts options;
  Limits limits;
  PlanStats stats;
  std::vector<Aval> temporaries;
  std::vector<std::string> reasons;  ///< Schedule::explain
  std::vector<PlanView> views;
  std::vector<Step> steps;
  std::vector<PlanKernel> kernels;
  std::vector<Batch> batches;
  std::vector<int64_t> dims;
  std::vector<ArenaPiece> pieces;
  std::vector<Output> outputs;
  std::vector<ResultBlock> results;
  std::vector<nx::Array> constants;  ///< the program's, then one element each of numbers
  std::vector<bool> written;         ///< by input: the plan overwrites it
  bool overwrites = false;           ///< some input
  int64_t scratch_bytes = 0;         ///< the most that a launch needs of each thread
  bool check_launches = false;       ///< each launch is compared with the interpreter
  bool timed = false;                ///< each run reports what its steps took

  /// Views of inputs and results, whose addresses change with each call.
  struct Patch {
    uint32_t view;
    uint32_t index;
    int64_t offset;
    bool call;  ///< the view is one of nx's kernel
  };
  std::vector<Patch> input_patches, result_patches;

  mutable std::mutex mutex;  ///< guards idle
  mutable std::vector<std::unique_ptr<Frame>> idle;

  std::unique_ptr<Frame> take_frame() const;
  void give_back(std::unique_ptr<Frame> frame) const;

  /// Values of the program and temporaries.
  size_t roots() const { return program.values() + temporaries.size(); }
  const Aval& aval(Id root) const {
    return root < program.values() ? program.aval(root) : temporaries[root - program.values()];
  }
  std::span<PlanView> views_of(const Step& s) { return {views.data() + s.first_view, s.views}; }
  std::span<const PlanView> views_of(const Step& s) const { return {views.data() + s.first_view, s.views}; }
};

/// The view that a kernel gets; shape and strides stay in `view`.
nx::cpu::View kernel_view(const PlanView& view, std::byte* data);
/// A value's bytes; the first and one past the last byte that a view reads, from its space's start.
inline int64_t bytes_of(const Aval& aval) { return nx::element_count(aval.shape.span()) * nx::item_size(aval.dtype); }
std::pair<int64_t, int64_t> byte_range(const PlanView& view);

/// The schedule of a plan without generated kernels: every equation is a call.
Schedule call_everything(const Program& program);
/// Lowering: steps, views without places, outputs, constants.
void lower(Plan::Impl& plan, Schedule schedule);
/// Launches of one kernel that do not wait for each other become one step.
void batch_launches(Plan::Impl& plan);
/// Placing: in-place results, donated inputs, arena offsets.
void place(Plan::Impl& plan);
/// Code, chunks and patches, once every view has its place.
void bind(Plan::Impl& plan);
/// All of them, in this order.
std::unique_ptr<Plan::Impl> make_plan(Schedule schedule, const CompileOpts& options, const Limits& limits = {});

/// Throws what Plan::run says of arguments that do not fit.
void check_arguments(const Plan::Impl& plan, std::span<const PlanArgument> arguments, size_t results);
std::vector<PlanArgument> plain_arguments(std::span<const nx::Array> arguments);
/// Step k. Throws nx::IndexError for a failed check.
void run_step(const Plan::Impl& plan, size_t k, Frame& frame);
/// Launches of one kernel, their pieces spread over the threads.
void run_batch(const Plan::Impl& plan, const Batch& batch, Frame& frame);
/// The same, compared with the interpreter. Throws VerifyError for a difference.
void check_batch(const Plan::Impl& plan, const Batch& batch, Frame& frame);
/// Runs all steps; what each took.
std::vector<StepTime> time_steps(const Plan::Impl& plan, Frame& frame);
/// Writes it to the log.
void report_steps(const Plan::Impl& plan, std::span<const StepTime> times);

}  // namespace tolk
