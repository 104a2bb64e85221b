#pragma once
// An immutable array that was built in memory or lies in a mapped file. Internal to brot.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace brot {

/// Copies share the elements.
template <class T>
class Table {
 public:
  Table() = default;
  Table(std::vector<T> elements) : Table(std::make_shared<const std::vector<T>>(std::move(elements))) {}
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
