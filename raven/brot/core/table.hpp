#pragma once
// An immutable array that was built in memory or lies in a mapped file. Internal to brot.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "raven/base/allocator.hpp"

namespace brot {

/// Takes the memory of large arrays from raven::Allocator: huge pages, which lookups in no order gain from, and blocks
/// used again.
template <class T>
struct TableAllocator {
  using value_type = T;
  TableAllocator() = default;
  template <class U>
  TableAllocator(const TableAllocator<U>&) noexcept {}
  T* allocate(size_t count) { return static_cast<T*>(raven::Allocator::allocate(count * sizeof(T))); }
  void deallocate(T* block, size_t count) noexcept { raven::Allocator::deallocate(block, count * sizeof(T)); }
  bool operator==(const TableAllocator&) const noexcept { return true; }
};
template <class T>
using TableVector = std::vector<T, TableAllocator<T>>;

/// Copies share the elements.
template <class T>
class Table {
 public:
  Table() = default;
  Table(std::vector<T> elements) : Table(std::make_shared<const std::vector<T>>(std::move(elements))) {}
  Table(TableVector<T> elements) : Table(std::make_shared<const TableVector<T>>(std::move(elements))) {}
  template <class Container>
    requires requires(const Container& c) { c.data(); }
  Table(std::shared_ptr<Container> elements) : data_(elements->data()), size_(elements->size()) {
    owner_ = std::move(elements);
  }
  /// Elements that live as long as `owner`.
  Table(std::span<const T> elements, std::shared_ptr<const void> owner)
      : owner_(std::move(owner)), data_(elements.data()), size_(elements.size()) {}

  const T* data() const noexcept { return data_; }
  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const T& operator[](size_t index) const noexcept { return data_[index]; }
  const T* begin() const noexcept { return data_; }
  const T* end() const noexcept { return data_ + size_; }
  const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

 private:
  std::shared_ptr<const void> owner_;
  const T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace brot
