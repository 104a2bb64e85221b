#pragma once
// Caches of pieces, one per thread and model.
#include "raven/brot/models/word_cache.hpp"

namespace brot {

/// A number that no other model of this process has.
uint64_t next_model_generation();
/// This thread's cache for the model. A few models may alternate on one thread; each keeps its cache.
WordCache& thread_word_cache(uint64_t generation);

}  // namespace brot
