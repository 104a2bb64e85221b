#pragma once
// Which versions of Unicode a tokenizer follows.
#include <cstdint>
#include <utility>

namespace brot {

/// The versions of Unicode behind normal forms, classes of characters and patterns.
enum class UnicodeProfile : uint8_t {
  hf,      ///< those that HuggingFace tokenizers mix, from 8 to 17: the same ids
  latest,  ///< 17 for everything
};

namespace unicode {

/// Calls `f.operator()<profile>()`: what walks over text chooses its tables once.
template <class F>
decltype(auto) for_profile(UnicodeProfile profile, F&& f) {
  if (profile == UnicodeProfile::latest) return std::forward<F>(f).template operator()<UnicodeProfile::latest>();
  return std::forward<F>(f).template operator()<UnicodeProfile::hf>();
}

}  // namespace unicode
}  // namespace brot
