#include "raven/nx/dtype.hpp"

#include <cmath>
#include <limits>

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

namespace {

template <class T>
FloatInfo float_info() {
  using Limits = std::numeric_limits<T>;
  FloatInfo info{};
  info.bits = 8 * static_cast<int>(sizeof(T));
  info.nmant = Limits::digits - 1;
  info.nexp = info.bits - Limits::digits;
  info.eps = Limits::epsilon();
  info.epsneg = info.eps / 2;
  info.max = Limits::max();
  info.min = Limits::lowest();
  info.tiny = Limits::min();
  info.smallest_subnormal = Limits::denorm_min();
  info.precision = Limits::digits10;
  info.resolution = std::pow(10.0, -info.precision);
  return info;
}

constexpr int kind_rank(DType dtype) { return static_cast<int>(kind_of(dtype)); }
constexpr bool keeps_every_value(DType from, DType to) {
  if (from == to || is_bool(from)) return true;
  if (kind_rank(from) > kind_rank(to)) return false;
  if (kind_of(from) == kind_of(to)) return item_size(from) <= item_size(to);
  // NumPy counts 64-bit integers as safe in f64.
  return item_size(from) < item_size(to) || to == DType::f64;
}
static_assert(DTypeKind::boolean < DTypeKind::unsigned_integer && DTypeKind::unsigned_integer < DTypeKind::signed_integer &&
              DTypeKind::signed_integer < DTypeKind::real);

}  // namespace

FloatInfo finfo(DType dtype) {
  if (!is_float(dtype))
    throw DTypeError("nx.finfo", raven::Message("got ") << dtype_name(dtype) << ", expected a floating dtype; use iinfo");
  return dtype == DType::f32 ? float_info<float>() : float_info<double>();
}

IntegerInfo iinfo(DType dtype) {
  if (!is_integer(dtype))
    throw DTypeError("nx.iinfo", raven::Message("got ") << dtype_name(dtype) << ", expected an integer dtype; use finfo");
  const int bits = 8 * static_cast<int>(item_size(dtype));
  if (!is_signed(dtype)) return {bits, 0, UINT64_MAX >> (64 - bits)};
  return {bits, INT64_MIN >> (64 - bits), static_cast<uint64_t>(INT64_MAX) >> (64 - bits)};
}

bool can_cast(DType from, DType to, Casting casting) noexcept {
  switch (casting) {
    case Casting::no:
    case Casting::equiv: return from == to;
    case Casting::safe: return keeps_every_value(from, to);
    case Casting::same_kind: return keeps_every_value(from, to) || kind_rank(from) <= kind_rank(to);
    case Casting::unsafe: return true;
  }
  return false;
}

DType default_float() noexcept { return thread_default_float; }

DefaultDtype::DefaultDtype(DType dtype) : previous_(thread_default_float) {
  if (!is_float(dtype))
    throw DTypeError("nx.DefaultDtype", raven::Message("expected a floating dtype, got ") << dtype_name(dtype));
  thread_default_float = dtype;
}
DefaultDtype::~DefaultDtype() { thread_default_float = previous_; }

}  // namespace nx
