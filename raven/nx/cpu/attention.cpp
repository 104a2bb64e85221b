// Kernels of attention: operands as (batch, head, row, column), tasks handed to the loops of the CPU level.
#include "raven/nx/cpu/attention.hpp"

#include <algorithm>

#include "raven/base/thread_pool.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/levels.hpp"

namespace nx::cpu::kernel {

namespace {

constexpr int64_t scratch_limit = int64_t{8} << 20;  // of all chunks together
constexpr int64_t chunk_flop = int64_t{1} << 20;     // work under this is not worth handing out

/// [batch, heads, rows, columns]; lse and its cotangent have no columns.
AttentionOperand operand(const View& x) {
  return {x.data, x.strides[0], x.strides[1], x.strides[2], x.rank == 4 ? x.strides[3] : 0};
}

AttentionArgs make_args(const KernelCall& call) {
  const auto& attrs = call.as<SdpaAttrs>();
  const View &q = call.in[0], &k = call.in[1], &v = call.in[2];
  AttentionArgs a;
  a.q = operand(q), a.k = operand(k), a.v = operand(v);
  a.batch = q.shape[0], a.heads = q.shape[1], a.queries = q.shape[2], a.keys = k.shape[2];
  a.width = q.shape[3], a.value_width = v.shape[3];
  a.scale = attrs.scale, a.causal = attrs.causal, a.offset = attrs.offset;
  return a;
}

/// How tasks are joined into chunks, each with scratch of its own. A function of the shape alone.
struct Cut {
  int64_t tasks, grain, chunks;
  size_t slice;  ///< bytes
};
Cut make_cut(int64_t tasks, int64_t flop, int64_t slice_elements, DType dtype) {
  Cut c;
  c.tasks = tasks;
  c.slice = static_cast<size_t>((slice_elements * item_size(dtype) + 63) / 64 * 64);
  const int64_t most = std::clamp<int64_t>(scratch_limit / static_cast<int64_t>(c.slice), 1, 64);
  const int64_t task_flop = std::max<int64_t>(flop / std::max<int64_t>(tasks, 1), 1);
  c.grain = std::max((tasks + most - 1) / most, (chunk_flop + task_flop - 1) / task_flop);
  c.chunks = (tasks + c.grain - 1) / c.grain;
  return c;
}
template <class Loop>
void run(const Cut& c, void* scratch, Loop&& loop) {
  raven::parallel_for(c.tasks, c.grain, [&](int64_t begin, int64_t end) {
    // A caller that runs everything at once uses the first slice for all tasks.
    loop(begin, end, static_cast<std::byte*>(scratch) + static_cast<size_t>(begin / c.grain) * c.slice);
  });
}

int64_t tiles(int64_t n, int64_t tile) { return (n + tile - 1) / tile; }
int64_t flop(const AttentionArgs& a) { return 2 * a.batch * a.heads * a.queries * a.keys * (a.width + a.value_width); }

Cut forward_cut(const AttentionArgs& a, DType dtype) {
  return make_cut(a.batch * a.heads * tiles(a.queries, attention_queries), flop(a), attention_scratch(a), dtype);
}

/// One task per head repeats no probability; fewer heads than this leave threads idle at the end, so dk, dv and dq are
/// computed apart.
constexpr int64_t enough_heads = 8;
Cut backward_cut(const AttentionArgs& a, AttentionGradPart part, DType dtype) {
  const int64_t members = a.batch * a.heads;
  const int64_t tasks = part == AttentionGradPart::head   ? members
                        : part == AttentionGradPart::keys ? members * tiles(a.keys, attention_keys)
                                                          : members * tiles(a.queries, attention_grad_queries);
  return make_cut(tasks, flop(a) * 2, attention_grad_scratch(a), dtype);
}

}  // namespace

size_t sdpa_scratch(const KernelCall& call) {
  const Cut c = forward_cut(make_args(call), call.out[0].dtype);
  return static_cast<size_t>(c.chunks) * c.slice;
}

void Sdpa(const KernelCall& call) {
  AttentionArgs a = make_args(call);
  a.o = operand(call.out[0]), a.lse = operand(call.out[1]);
  const AttentionLoops& loops = cpu::loops().attention[static_cast<int>(call.out[0].dtype)];
  run(forward_cut(a, call.out[0].dtype), call.scratch,
      [&](int64_t begin, int64_t end, std::byte* scratch) { loops.forward(a, begin, end, scratch); });
}

size_t sdpa_grad_scratch(const KernelCall& call) {
  const AttentionArgs a = make_args(call);
  size_t bytes = 0;
  for (auto part : {AttentionGradPart::head, AttentionGradPart::keys, AttentionGradPart::queries}) {
    if ((part == AttentionGradPart::head) != (a.batch * a.heads >= enough_heads)) continue;
    const Cut c = backward_cut(a, part, call.out[0].dtype);
    bytes = std::max(bytes, static_cast<size_t>(c.chunks) * c.slice);
  }
  return bytes;
}

void SdpaGrad(const KernelCall& call) {
  AttentionArgs a = make_args(call);
  a.o = operand(call.in[3]), a.lse = operand(call.in[4]), a.g = operand(call.in[5]);
  if (call.in.size() > 6) a.g_lse = operand(call.in[6]);
  a.dq = operand(call.out[0]), a.dk = operand(call.out[1]), a.dv = operand(call.out[2]);
  const DType dtype = call.out[0].dtype;
  const AttentionLoops& loops = cpu::loops().attention[static_cast<int>(dtype)];
  const auto compute = [&](AttentionGradPart part) {
    run(backward_cut(a, part, dtype), call.scratch,
        [&](int64_t begin, int64_t end, std::byte* scratch) { loops.backward(a, part, begin, end, scratch); });
  };
  if (a.batch * a.heads >= enough_heads) {
    compute(AttentionGradPart::head);
  } else {
    compute(AttentionGradPart::keys);
    compute(AttentionGradPart::queries);
  }
}

}  // namespace nx::cpu::kernel
