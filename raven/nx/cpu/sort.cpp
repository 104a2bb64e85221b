// Sort: keys become unsigned integers whose order is theirs, then a stable radix sort (insertion sort when short) moves
// (key, position) pairs, and every operand is read in the order of the positions. The same at every CPU level.
#include <algorithm>
#include <bit>

#include "raven/nx/cpu/kernel_rules.hpp"

namespace nx::cpu::kernel {

namespace {

struct Item {
  uint64_t key;
  int64_t at;
};
constexpr int64_t insertion_limit = 48;

/// Order of the integers = order of the values: −0 equals +0, every NaN is the largest value.
template <class T>
uint64_t ordered(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    if (value != value) return UINT64_MAX >> (64 - 8 * sizeof(T));
    const Bits bits = std::bit_cast<Bits>(value == 0 ? T(0) : value);
    constexpr Bits sign = Bits(1) << (8 * sizeof(T) - 1);
    return (bits & sign) ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | sign);
  } else if constexpr (std::is_signed_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<U>(static_cast<U>(value) ^ (U(1) << (8 * sizeof(T) - 1)));
  } else {
    return value;
  }
}

template <class T>
void load_keys(Item* items, const std::byte* row, int64_t n, int64_t stride, bool descending, const Item* order) {
  const T* a = reinterpret_cast<const T*>(row);
  constexpr uint64_t all = UINT64_MAX >> (64 - 8 * sizeof(T));
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = order ? order[i].at : i;
    const T value = a[at * stride];
    uint64_t key = ordered(value);
    if (descending && value == value) key = all - key;  // a number's key is never 0, so NaN stays alone at the top
    items[i] = {key, at};
  }
}

/// Sorts items by key, stable; the result is in `items`.
void sort_items(Item* items, Item* other, int64_t n, int bytes) {
  if (n <= insertion_limit) {
    for (int64_t i = 1; i < n; ++i) {
      const Item item = items[i];
      int64_t j = i;
      for (; j > 0 && items[j - 1].key > item.key; --j) items[j] = items[j - 1];
      items[j] = item;
    }
    return;
  }
  int64_t counts[8][256] = {};
  for (int64_t i = 0; i < n; ++i)
    for (int b = 0; b < bytes; ++b) ++counts[b][items[i].key >> (8 * b) & 255];
  Item *from = items, *to = other;
  for (int b = 0; b < bytes; ++b) {
    int64_t* count = counts[b];
    // A digit that all keys share moves nothing.
    if (count[from[0].key >> (8 * b) & 255] == n) continue;
    int64_t sum = 0;
    for (int d = 0; d < 256; ++d) {
      const int64_t c = count[d];
      count[d] = sum;
      sum += c;
    }
    for (int64_t i = 0; i < n; ++i) to[count[from[i].key >> (8 * b) & 255]++] = from[i];
    std::swap(from, to);
  }
  if (from != items) std::copy_n(from, n, items);
}

template <class T>
void write_row(std::byte* out, const std::byte* in, const Item* items, int64_t n, int64_t out_stride, int64_t in_stride) {
  T* to = reinterpret_cast<T*>(out);
  const T* from = reinterpret_cast<const T*>(in);
  for (int64_t i = 0; i < n; ++i) to[i * out_stride] = from[items[i].at * in_stride];
}

}  // namespace

size_t sort_scratch(const KernelCall& call) {
  return 2 * sizeof(Item) * static_cast<size_t>(call.in[0].shape[call.as<SortAttrs>().axis]);
}

void Sort(const KernelCall& call) {
  const auto& a = call.as<SortAttrs>();
  const View& first = call.in[0];
  if (first.size == 0) return;
  const int64_t n = first.shape[a.axis];
  auto* items = static_cast<Item*>(call.scratch);
  Item* other = items + n;
  int64_t position[Dims::max_size] = {};
  const auto offset = [&](const View& v) {
    int64_t at = 0;
    for (int d = 0; d < v.rank; ++d) at += position[d] * v.strides[d];
    return at * item_size(v.dtype);
  };
  for (int64_t row = 0; row < first.size / n; ++row) {
    // The last key first: stable sorts by the others keep its order among equals.
    for (int64_t k = a.num_keys - 1; k >= 0; --k) {
      const View& key = call.in[static_cast<size_t>(k)];
      const std::byte* data = key.data + offset(key);
      const Item* order = nullptr;
      if (k != a.num_keys - 1) {
        std::copy_n(items, n, other);
        order = other;
      }
      switch (key.dtype) {
#define RAVEN_DTYPE(name, type, bytes, kind, numpy) \
  case DType::name: load_keys<type>(items, data, n, key.strides[a.axis], a.descending, order); break;
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
      }
      sort_items(items, other, n, static_cast<int>(item_size(key.dtype)));
    }
    for (size_t o = 0; o < call.in.size(); ++o) {
      const View &in = call.in[o], &out = call.out[o];
      std::byte* to = out.data + offset(out);
      const std::byte* from = in.data + offset(in);
      const int64_t out_stride = out.strides[a.axis], in_stride = in.strides[a.axis];
      switch (item_size(in.dtype)) {
        case 1: write_row<uint8_t>(to, from, items, n, out_stride, in_stride); break;
        case 4: write_row<uint32_t>(to, from, items, n, out_stride, in_stride); break;
        default: write_row<uint64_t>(to, from, items, n, out_stride, in_stride);
      }
    }
    for (int d = first.rank - 1; d >= 0; --d) {
      if (d == a.axis) continue;
      if (++position[d] < first.shape[d]) break;
      position[d] = 0;
    }
  }
}

}  // namespace nx::cpu::kernel
