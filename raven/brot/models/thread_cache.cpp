#include "raven/brot/models/thread_cache.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

namespace brot {

uint64_t next_model_generation() {
  static std::atomic<uint64_t> counter{0};
  return ++counter;
}

namespace {
struct Owned {
  uint64_t generation = 0;
  WordCache cache;
};
constexpr size_t kept = 4;
thread_local std::unique_ptr<Owned> recent[kept];
}  // namespace

WordCache& thread_word_cache(uint64_t generation) {
  if (recent[0] && recent[0]->generation == generation) return recent[0]->cache;
  for (size_t i = 1; i < kept; ++i) {
    if (recent[i] && recent[i]->generation == generation) {
      std::swap(recent[0], recent[i]);
      return recent[0]->cache;
    }
  }
  std::rotate(recent, recent + kept - 1, recent + kept);
  if (!recent[0]) recent[0] = std::make_unique<Owned>();
  recent[0]->generation = generation;
  recent[0]->cache.clear();
  return recent[0]->cache;
}

}  // namespace brot
