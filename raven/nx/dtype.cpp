#include "raven/nx/dtype.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"

namespace nx {

namespace {

constexpr DType promote(DType a, DType b) {
  if (a == b) return a;
  const DTypeKind ka = kind_of(a), kb = kind_of(b);
  if (ka == DTypeKind::boolean) return b;
  if (kb == DTypeKind::boolean) return a;
  if (is_float(a) != is_float(b)) return is_float(a) ? a : b;
  if (ka == kb) return item_size(a) > item_size(b) ? a : b;
  // uN ∨ iM = signed of max(M, 2N) bits; u64 with a signed type has none and becomes f64.
  const DType u = ka == DTypeKind::unsigned_integer ? a : b, s = ka == DTypeKind::unsigned_integer ? b : a;
  if (u == DType::u64) return DType::f64;
  const int64_t bytes = item_size(s) > 2 * item_size(u) ? item_size(s) : 2 * item_size(u);
  return bytes > 4 ? DType::i64 : DType::i32;
}

struct PromotionTable {
  DType row[dtype_count][dtype_count];
};
constexpr PromotionTable make_table() {
  PromotionTable table{};
  for (int i = 0; i < dtype_count; ++i)
    for (int j = 0; j < dtype_count; ++j) table.row[i][j] = promote(static_cast<DType>(i), static_cast<DType>(j));
  return table;
}
constexpr PromotionTable promotion = make_table();

thread_local constinit DType thread_default_float = DType::f64;

}  // namespace

DType promote_types(DType a, DType b) { return promotion.row[static_cast<int>(a)][static_cast<int>(b)]; }

DType parse_dtype(std::string_view text) {
  for (int i = 0; i < dtype_count; ++i)
    if (text == detail::dtype_info[i].name || text == detail::dtype_info[i].numpy_name) return static_cast<DType>(i);
  struct Code {
    std::string_view code;
    DType dtype;
  };
  static constexpr Code codes[] = {{"|b1", b1}, {"|u1", u8}, {"<u4", u32}, {"<u8", u64},
                                   {"<i4", i32}, {"<i8", i64}, {"<f4", f32}, {"<f8", f64}};
  for (const Code& c : codes)
    if (text == c.code) return c.dtype;
  throw DTypeError("nx.parse_dtype", raven::Message("unknown dtype '") << text << "'; known: b1 u8 u32 u64 i32 i64 f32 f64 and NumPy's names");
}

DType default_float() noexcept { return thread_default_float; }

DefaultDtype::DefaultDtype(DType dtype) : previous_(thread_default_float) {
  if (!is_float(dtype))
    throw DTypeError("nx.DefaultDtype", raven::Message("expected a floating dtype, got ") << dtype_name(dtype));
  thread_default_float = dtype;
}
DefaultDtype::~DefaultDtype() { thread_default_float = previous_; }

}  // namespace nx
