#pragma once
// Scaled dot-product attention, tile by tile. Not installed.
//
//   S = q·kᵀ·scale, masked;  o = softmax(S)·v;  lse[i] = log Σ_j exp S[i][j]
//
// Neither S nor its softmax ever exists as a whole: a tile of 64 keys meets a few queries at a time, with the online
// softmax (running maximum m, running sum l, o rescaled when m grows). The order of key tiles is fixed and each output
// belongs to one task, so that the bits depend on the shape alone: not on threads, nor on the width of the registers.
#include <cstddef>
#include <cstdint>

namespace nx::cpu {

/// [batch, heads, rows, columns] with any strides, in elements.
struct AttentionOperand {
  std::byte* data = nullptr;
  int64_t batch = 0, head = 0, row = 0, column = 0;
};

struct AttentionArgs {
  AttentionOperand q, k, v;
  AttentionOperand o, lse;      ///< results of the forward pass, operands of the backward pass
  AttentionOperand g, g_lse;    ///< cotangents of o and lse; g_lse.data may be null: nothing flowed into lse
  AttentionOperand dq, dk, dv;  ///< results of the backward pass
  int64_t batch = 0, heads = 0, queries = 0, keys = 0;
  int64_t width = 0;        ///< of a query and a key
  int64_t value_width = 0;  ///< of a value
  double scale = 1;
  bool causal = false;
  int64_t offset = 0;  ///< causal: query i sees the keys j ≤ i + offset

  /// How many keys, from the first, query i sees.
  int64_t visible(int64_t i) const {
    if (!causal) return keys;
    const int64_t n = i + offset + 1;
    return n < 0 ? 0 : n > keys ? keys : n;
  }
};

inline constexpr int64_t attention_keys = 64;          ///< keys of a tile
inline constexpr int64_t attention_queries = 192;      ///< queries of a forward task
inline constexpr int64_t attention_grad_queries = 64;  ///< queries of a backward tile

/// Which results a backward task computes: all of one head's, dk and dv of one tile of keys, or dq of one tile of
/// queries. The last two repeat the probabilities, so they are for fewer heads than keep all threads busy.
enum class AttentionGradPart : uint8_t { head, keys, queries };

/// Tasks [begin, end), with `scratch` for one of them at a time.
struct AttentionLoops {
  void (*forward)(const AttentionArgs& args, int64_t begin, int64_t end, std::byte* scratch) = nullptr;
  void (*backward)(const AttentionArgs& args, AttentionGradPart part, int64_t begin, int64_t end,
                   std::byte* scratch) = nullptr;
};

// Scratch of one task in elements, the same at every level.
constexpr int64_t attention_round(int64_t n) { return (n + 15) / 16 * 16; }
/// Keys transposed, values copied, scores of some rows, running maxima and sums.
constexpr int64_t attention_scratch(const AttentionArgs& a) {
  return attention_keys * (a.width + attention_round(a.value_width) + 16) + (attention_queries + 16) * 17;
}
/// Keys and values transposed, P and dS of a tile, Σ g·o, copies of the rows of q, k and g.
constexpr int64_t attention_grad_scratch(const AttentionArgs& a) {
  return attention_keys * (a.width + a.value_width + 2 * attention_grad_queries + 16) +
         attention_keys * (2 * attention_round(a.width) + attention_round(a.value_width));
}

}  // namespace nx::cpu
