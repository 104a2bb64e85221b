#pragma once
// Inside a Plan. Not installed.
#include <atomic>
#include <cstddef>
#include <mutex>

#include "raven/nx/cpu/kernel.hpp"
#include "raven/nx/cpu/levels.hpp"
#include "raven/tolk/plan.hpp"

namespace tolk {

using nx::Aval;
using nx::Dims;
using nx::Op;
using nx::Program;
using Id = Program::Id;

/// Where bytes live: at `offset` in the arena, in input or constant `index`, or in the fresh result `index`.
enum class Space : uint8_t { arena, input, constant, result };
struct Place {
  Space space = Space::arena;
  uint32_t index = 0;
  int64_t offset = 0;
};

/// An operand or result of a step: a value of the program where it lies.
struct PlanView {
  Id value = 0;
  Id root = 0;  ///< the value whose bytes it shows: itself unless it is a view
  Place place;
  Aval aval;
  Dims strides;
  bool contiguous = true;
};

struct Step {
  enum class Kind : uint8_t {
    kernel,  ///< a call of nx's kernel
    flat,    ///< an elementwise loop over n elements, strides 0 or 1
    rows,    ///< a small elementwise loop with up to two axes outside
    reduce_rows,
    reduce_columns,  ///< a small reduction in one piece
  };
  Op op;
  Kind kind = Kind::kernel;
  bool checked = false;   ///< indices are looked at first
  bool in_place = false;  ///< result 0 takes the place of an operand
  uint32_t first_view = 0;
  uint16_t inputs = 0, outputs = 0;  ///< views: operands, then results
  nx::AttrsBox attrs;
  nx::cpu::Kernel* kernel = nullptr;
  int64_t scratch_bytes = 0, scratch_offset = 0;
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
  bool whole = false;  ///< it is the value that these bytes hold, in C order
  bool last = false;   ///< no later output of the program lies in the same bytes
};
/// A block of bytes that becomes results: fresh, or a donated input's.
struct ResultBlock {
  Aval aval;           ///< of the value in it at the end
  int64_t donor = -1;  ///< the donated input, or −1
  Dims strides;        ///< in C order
  int64_t size = 0, bytes = 0;
};

/// Views with addresses, an arena, and the handles of one running call.
struct Frame {
  explicit Frame(const Plan::Impl& plan);
  ~Frame();
  Frame(const Frame&) = delete;

  std::vector<nx::cpu::View> views;
  std::byte* arena = nullptr;
  size_t arena_bytes = 0;
  std::vector<nx::Array> inputs;   ///< those that are copied, or given up by the caller
  std::vector<nx::Array> results;  ///< one per block
  std::vector<std::byte*> input_base, result_base;
};

struct Plan::Impl {
  Program program;
  CompileOpts options;
  PlanStats stats;
  std::vector<PlanView> views;
  std::vector<Step> steps;
  std::vector<Output> outputs;
  std::vector<ResultBlock> results;
  std::vector<nx::Array> constants;  ///< the program's, then one element each of numbers
  std::vector<bool> written;         ///< by input: the plan overwrites it

  /// Views of inputs and results, whose addresses change with each call.
  struct Patch {
    uint32_t view;
    uint32_t index;
    int64_t offset;
  };
  std::vector<Patch> input_patches, result_patches;

  mutable std::mutex mutex;  ///< guards idle
  mutable std::vector<std::unique_ptr<Frame>> idle;

  std::unique_ptr<Frame> take_frame() const;
  void give_back(std::unique_ptr<Frame> frame) const;
};

/// The view that a kernel gets; shape and strides stay in `view`.
nx::cpu::View kernel_view(const PlanView& view, std::byte* data);
/// A value's bytes; the first and one past the last byte that a view reads, from its space's start.
inline int64_t bytes_of(const Aval& aval) { return nx::element_count(aval.shape.span()) * nx::item_size(aval.dtype); }
std::pair<int64_t, int64_t> byte_range(const PlanView& view);

/// Lowering: steps, views without places, outputs, constants.
void lower(Plan::Impl& plan);
/// Placing: in-place results, donated inputs, arena offsets.
void place(Plan::Impl& plan);
/// Kernels and patches, once every view has its place.
void bind(Plan::Impl& plan);

}  // namespace tolk
