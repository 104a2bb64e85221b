#include "raven/base/internal/large_pool.hpp"

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <utility>

namespace raven {
namespace {

constexpr size_t page = 4096;

void* map(size_t bytes) {
  void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return address == MAP_FAILED ? nullptr : address;
}

// `bytes` is a multiple of the page size.
void* map_aligned(size_t bytes) {
  if (bytes < huge_page) return map(bytes);
  auto* start = static_cast<char*>(map(bytes + huge_page));
  if (start == nullptr) return nullptr;
  const size_t head = (huge_page - reinterpret_cast<uintptr_t>(start) % huge_page) % huge_page;
  if (head > 0) ::munmap(start, head);
  if (head < huge_page) ::munmap(start + head + bytes, huge_page - head);
#if defined(MADV_HUGEPAGE)
  ::madvise(start + head, bytes, MADV_HUGEPAGE);  // only advice: a kernel without huge pages refuses
#endif
  return start + head;
}

}  // namespace

size_t LargePool::size_bucket(size_t bytes) {
  const size_t pages = bytes / page;  // at least 256
  const int shift = std::bit_width(pages) - 4;
  return (static_cast<size_t>(shift) * 8 + (pages >> shift) - 8) % size_buckets;
}

LargePool::Block** LargePool::use_bucket(void* address) {
  const uintptr_t number = reinterpret_cast<uintptr_t>(address) / page;
  return &in_use_[(number ^ number >> 9) % use_buckets];
}

void LargePool::keep(Block* block) {
  Block*& chain = kept_[size_bucket(block->bytes)];
  block->next = chain;
  chain = block;
  block->older = newest_;
  block->newer = nullptr;
  (newest_ != nullptr ? newest_->newer : oldest_) = block;
  newest_ = block;
  kept_bytes_ += block->bytes;
}

void LargePool::forget(Block* block) {
  Block** link = &kept_[size_bucket(block->bytes)];
  while (*link != block) link = &(*link)->next;
  *link = block->next;
  (block->newer != nullptr ? block->newer->older : newest_) = block->older;
  (block->older != nullptr ? block->older->newer : oldest_) = block->newer;
  kept_bytes_ -= block->bytes;
}

LargePool::Block* LargePool::take_kept(size_t bytes) {
  const size_t most = bytes + bytes / 4;
  const size_t last = size_bucket(most);
  for (size_t bucket = size_bucket(bytes); bucket <= last; ++bucket) {
    for (Block* block = kept_[bucket]; block != nullptr; block = block->next) {
      if (block->bytes < bytes || block->bytes > most) continue;
      forget(block);
      return block;
    }
  }
  return nullptr;
}

void* LargePool::take(size_t bytes, bool& zeroed) noexcept {
  bytes = (bytes + page - 1) / page * page;
  const auto use = [this](Block* block) {
    Block** bucket = use_bucket(block->address);
    block->next = *bucket;
    *bucket = block;
    return block->address;
  };
  {
    const std::lock_guard lock(mutex_);
    if (Block* block = take_kept(bytes)) {
      zeroed = false;
      return use(block);
    }
  }
  auto* block = static_cast<Block*>(std::malloc(sizeof(Block)));
  if (block == nullptr) return nullptr;
  *block = {map_aligned(bytes), bytes, nullptr, nullptr, nullptr};
  if (block->address == nullptr) {
    std::free(block);
    return nullptr;
  }
  zeroed = true;
  const std::lock_guard lock(mutex_);
  return use(block);
}

void LargePool::give(void* address, size_t limit) noexcept {
  {
    const std::lock_guard lock(mutex_);
    Block** link = use_bucket(address);
    while ((*link)->address != address) link = &(*link)->next;
    keep(std::exchange(*link, (*link)->next));
    if (kept_bytes_ <= limit) return;
  }
  unmap_beyond(limit);
}

void LargePool::unmap_beyond(size_t limit) noexcept {
  Block* surplus = nullptr;
  {
    const std::lock_guard lock(mutex_);
    while (kept_bytes_ > limit) {
      Block* block = oldest_;
      forget(block);
      block->next = surplus;
      surplus = block;
    }
  }
  while (surplus != nullptr) {
    Block* block = std::exchange(surplus, surplus->next);
    ::munmap(block->address, block->bytes);
    std::free(block);
  }
}

void LargePool::clear() noexcept {
  unmap_beyond(0);
}

int64_t LargePool::cached_bytes() noexcept {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(kept_bytes_);
}

}  // namespace raven
