#pragma once
// Names of `tokenizer.ggml.pre` and what llama.cpp does under them. Internal to brot.
#include <span>
#include <string_view>

namespace brot {

struct GgufPattern {
  std::string_view name;
  std::string_view splits[6];  ///< Oniguruma; text is cut by one after the other, up to the first empty one
  bool ignore_merges;
  bool add_bos;  ///< unless the file says so
};

/// Null when the name is not known.
const GgufPattern* find_gguf_pattern(std::string_view name);
/// All, for tests.
std::span<const GgufPattern> all_gguf_patterns();

}  // namespace brot
