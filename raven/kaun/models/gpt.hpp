#pragma once
// GPT with GPT-2's architecture, names and initialisation; the output head is the transposed token embedding.
#include <string>
#include <vector>

#include "raven/kaun/io/checkpoint.hpp"
#include "raven/kaun/nn/transformer.hpp"

namespace kaun::models {

struct GptConfig {
  int64_t vocab_size = 0, context = 0, width = 0, layers = 0, heads = 0;
  double dropout = 0;
  friend bool operator==(const GptConfig&, const GptConfig&) = default;
  /// The configuration as a JSON object, and back. Throws raven::FormatError naming `where` and the fault.
  std::string to_json() const;
  static GptConfig from_json(std::string_view text, const std::string& where);

  // A tree without leaves: the sizes belong to the structure of every model that holds them.
  static constexpr int nx_tree_count = 0;
  template <class Self, class Visit>
  static void nx_tree_fields(Self&, Visit&&) {}
  NX_TREE_STATIC(GptConfig, vocab_size, context, width, layers, heads, dropout)
};

/// Logits [B, T, vocab_size] of token ids [B, T], T ≤ context.
struct RAVEN_API Gpt {
  Embedding wte, wpe;
  std::vector<TransformerBlock> h;
  LayerNorm ln_f;
  GptConfig config;
  Gpt() = default;
  Gpt(const GptConfig& config, Rng& rng);
  /// Every array in place as zeros that take no memory: what a checkpoint is loaded into.
  static Gpt shaped(const GptConfig& config);
  /// Evaluation.
  Array operator()(const Array& ids) const;
  Array operator()(const Array& ids, Ctx& cx) const;
  /// A second name in files, of an array that the model has once.
  static constexpr TiedName tied_names[] = {{"lm_head.weight", "wte.weight"}};
  NX_TREE(Gpt, wte, wpe, h, ln_f)
  NX_TREE_STATIC(Gpt, config)
};

}  // namespace kaun::models
