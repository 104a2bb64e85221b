#pragma once
// Indexing as NumPy: `x(0, s(1, 5), _, newaxis, ellipsis, rows, {1, 3})` reads, `x.at(…) = v` rebinds this handle only,
// `x.at(…).set(v)` is pure. Plain integers and slices give views; index arrays and masks copy.
#include <concepts>
#include <initializer_list>
#include <string_view>

#include "raven/nx/gateway.hpp"

namespace nx {

struct None {};
struct NewAxis {};
struct Ellipsis {};
/// No bound of a slice.
inline constexpr None none{};
/// A new axis of extent 1.
inline constexpr NewAxis newaxis{};
/// All axes that no other item names; at most once.
inline constexpr Ellipsis ellipsis{};

/// start:stop:step with NumPy's clamping; each may be absent.
struct Slice {
  int64_t start = 0, stop = 0, step = 1;
  bool has_start = false, has_stop = false;
};
/// A bound of a slice: an integer or `none`.
struct Bound {
  template <std::integral T>
  constexpr Bound(T v) : value(detail::saturated(v)), given(true) {}
  constexpr Bound(None) {}
  int64_t value = 0;
  bool given = false;
};
/// The whole axis.
inline constexpr Slice _{};
/// `s(1, 5)` is 1:5, `s(5)` is :5, `s(none, none, -1)` is ::-1.
constexpr Slice s(Bound stop) { return {0, stop.value, 1, false, stop.given}; }
constexpr Slice s(Bound start, Bound stop, Bound step = 1) {
  return {start.value, stop.value, step.given ? step.value : 1, start.given, stop.given};
}
/// `"1:-1:2"_s`. Throws ValueError for other text.
RAVEN_API Slice parse_slice(std::string_view text);
inline namespace literals {
inline Slice operator""_s(const char* text, size_t size) { return parse_slice({text, size}); }
}  // namespace literals

/// One item of an index. Lives only during the call.
class RAVEN_API Index {
 public:
  enum class Kind : uint8_t { integer, slice, newaxis, ellipsis, array };
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Index(T index) : kind_(Kind::integer), integer_(detail::saturated(index)) {}
  Index(const Slice& slice) : kind_(Kind::slice), slice_(slice) {}
  Index(NewAxis) : kind_(Kind::newaxis) {}
  Index(Ellipsis) : kind_(Kind::ellipsis) {}
  /// Integers of any shape, or a b1 mask, which stands for its nonzero().
  Index(const Array& array) : kind_(Kind::array), array_(array) {}
  Index(std::initializer_list<int64_t> indices);
  /// A mask: `x({true, false, true})`.
  template <std::same_as<bool> T>
  Index(std::initializer_list<T> mask) : Index(std::span<const T>(mask.begin(), mask.size())) {}

  Kind kind() const noexcept { return kind_; }
  int64_t integer() const noexcept { return integer_; }
  const Slice& slice() const noexcept { return slice_; }
  const Array& array() const noexcept { return array_; }

 private:
  explicit Index(std::span<const bool> mask);

  Kind kind_;
  int64_t integer_ = 0;
  Slice slice_;
  Array array_;
};

/// x at an index given as a list.
RAVEN_API Array get_item(const Array& x, std::span<const Index* const> items);
/// x with the indexed part combined with `value`; broadcasts the value to it. Consumes a movable x in place.
RAVEN_API Array set_item(Array x, std::span<const Index* const> items, ScatterKind kind, const Operand& value);

/// What `x.at(…)` gives: assignments rebind x, named functions give a new array. Equal indices: the last value is set; all
/// are added, subtracted, multiplied, compared; division and powers happen once, as NumPy's x[i] /= v and x[i] **= v. Use
/// it in the expression that made it.
class RAVEN_API AtReference {
 public:
  AtReference(Array& target, std::initializer_list<const Index*> items) : target_(target), count_(static_cast<int>(items.size())) {
    int i = 0;
    for (const Index* item : items) items_[i++] = item;
  }
  AtReference(const AtReference&) = delete;

  void operator=(const Operand& value) && { assign(ScatterKind::set, value); }
  void operator=(const AtReference& other) && { assign(ScatterKind::set, other.get()); }
  void operator+=(const Operand& value) && { assign(ScatterKind::add, value); }
  void operator-=(const Operand& value) &&;
  void operator*=(const Operand& value) && { assign(ScatterKind::mul, value); }
  void operator/=(const Operand& value) &&;

  Array get() const { return get_item(target_, items()); }
  Array set(const Operand& value) const { return set_item(target_, items(), ScatterKind::set, value); }
  Array add(const Operand& value) const { return set_item(target_, items(), ScatterKind::add, value); }
  Array sub(const Operand& value) const;
  Array mul(const Operand& value) const { return set_item(target_, items(), ScatterKind::mul, value); }
  Array div(const Operand& value) const;
  Array pow(const Operand& value) const;
  Array min(const Operand& value) const { return set_item(target_, items(), ScatterKind::min, value); }
  Array max(const Operand& value) const { return set_item(target_, items(), ScatterKind::max, value); }

 private:
  std::span<const Index* const> items() const { return {items_, static_cast<size_t>(count_)}; }
  void assign(ScatterKind kind, const Operand& value);
  Array negated(const Operand& value) const;
  Array combined(const Operand& value, const char* function, Array (*compute)(const Operand&, const Operand&)) const;
  Array& target_;
  int count_;
  const Index* items_[8];
};

/// Walks along axis 0: what `for (Array row : x)` holds. Keeps x's data as it was when the walk began.
class RowIterator {
 public:
  RowIterator(const Array& x, int64_t row) : x_(x), row_(row) {}
  Array operator*() const { return x_(row_); }
  RowIterator& operator++() {
    ++row_;
    return *this;
  }
  bool operator==(const RowIterator& other) const { return row_ == other.row_; }

 private:
  Array x_;
  int64_t row_;
};

#define NX_INDEX_FORMS(form)                                                                                           \
  form(1, (const Index& a), (&a)) form(2, (const Index& a, const Index& b), (&a, &b))                                 \
  form(3, (const Index& a, const Index& b, const Index& c), (&a, &b, &c))                                             \
  form(4, (const Index& a, const Index& b, const Index& c, const Index& d), (&a, &b, &c, &d))                         \
  form(5, (const Index& a, const Index& b, const Index& c, const Index& d, const Index& e), (&a, &b, &c, &d, &e))     \
  form(6, (const Index& a, const Index& b, const Index& c, const Index& d, const Index& e, const Index& f),           \
       (&a, &b, &c, &d, &e, &f))                                                                                      \
  form(7, (const Index& a, const Index& b, const Index& c, const Index& d, const Index& e, const Index& f, const Index& g), \
       (&a, &b, &c, &d, &e, &f, &g))                                                                                  \
  form(8, (const Index& a, const Index& b, const Index& c, const Index& d, const Index& e, const Index& f, const Index& g, const Index& h), \
       (&a, &b, &c, &d, &e, &f, &g, &h))
#define NX_LIST(...) {__VA_ARGS__}
#define NX_INDEX_FORM(count, parameters, pointers)                       \
  inline Array Array::operator() parameters const {                      \
    const Index* const items[] = NX_LIST pointers;                       \
    return get_item(*this, items);                                       \
  }                                                                      \
  inline AtReference Array::at parameters& { return AtReference(*this, NX_LIST pointers); }
NX_INDEX_FORMS(NX_INDEX_FORM)
#undef NX_INDEX_FORM
#undef NX_LIST
#undef NX_INDEX_FORMS

}  // namespace nx
