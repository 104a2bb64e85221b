#pragma once
// Element types and the promotion lattice (JAX's with 64-bit types enabled).
#include <concepts>
#include <cstdint>
#include <string_view>

#include "raven/base/export.hpp"

namespace nx {

/// Element type of an array. `b1` is a byte holding 0 or 1.
enum class DType : uint8_t {
#define RAVEN_DTYPE(name, type, bytes, kind, numpy) name,
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
};
inline constexpr int dtype_count = 0
#define RAVEN_DTYPE(name, type, bytes, kind, numpy) +1
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
    ;

#define RAVEN_DTYPE(name, type, bytes, kind, numpy) inline constexpr DType name = DType::name;
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
inline constexpr DType float32 = f32, float64 = f64, int32 = i32, int64 = i64, uint8 = u8, uint32 = u32, uint64 = u64;

enum class DTypeKind : uint8_t { boolean, unsigned_integer, signed_integer, real };

namespace detail {
struct DTypeInfo {
  std::string_view name, numpy_name;
  uint8_t bytes;
  DTypeKind kind;
};
inline constexpr DTypeInfo dtype_info[] = {
#define RAVEN_DTYPE(name, type, bytes, kind, numpy) {#name, numpy, bytes, DTypeKind::kind},
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
};
template <class T>
struct DTypeOf {};
#define RAVEN_DTYPE(name, type, bytes, kind, numpy)   \
  template <>                                         \
  struct DTypeOf<type> {                              \
    static constexpr DType value = DType::name;       \
  };
#include "raven/nx/dtype.def"
#undef RAVEN_DTYPE
}  // namespace detail

/// The dtype of a C++ element type, e.g. `dtype_of<float> == f32`.
template <class T>
  requires requires { detail::DTypeOf<T>::value; }
inline constexpr DType dtype_of = detail::DTypeOf<T>::value;
template <class T>
concept Element = requires { detail::DTypeOf<T>::value; };

/// Bytes of one element.
constexpr int64_t item_size(DType dtype) { return detail::dtype_info[static_cast<int>(dtype)].bytes; }
constexpr DTypeKind kind_of(DType dtype) { return detail::dtype_info[static_cast<int>(dtype)].kind; }
constexpr bool is_float(DType dtype) { return kind_of(dtype) == DTypeKind::real; }
constexpr bool is_bool(DType dtype) { return dtype == DType::b1; }
constexpr bool is_signed(DType dtype) { return kind_of(dtype) == DTypeKind::signed_integer; }
constexpr bool is_integer(DType dtype) {
  return kind_of(dtype) == DTypeKind::signed_integer || kind_of(dtype) == DTypeKind::unsigned_integer;
}
/// Short name: `f32`.
constexpr std::string_view dtype_name(DType dtype) { return detail::dtype_info[static_cast<int>(dtype)].name; }
/// NumPy's name: `float32`.
constexpr std::string_view numpy_name(DType dtype) { return detail::dtype_info[static_cast<int>(dtype)].numpy_name; }
/// Reads a short name, NumPy's name or an array-protocol code such as `<f4`. Throws DTypeError.
RAVEN_API DType parse_dtype(std::string_view text);

/// Result dtype of two strong operands (nx guide, "dtypes"): bool < int < float; an integer array never widens a float.
RAVEN_API DType promote_types(DType a, DType b);

/// Facts of a floating dtype. NumPy: finfo.
struct FloatInfo {
  int bits, nmant, nexp;             ///< bits of all, of the mantissa without its leading 1, of the exponent
  double eps, epsneg;                ///< the distance from 1 to the next larger, and next smaller, number
  double max, min;                   ///< the largest finite number and its negative
  double tiny, smallest_subnormal;   ///< the least normal, and the least, positive number
  double resolution;                 ///< 10^−precision
  int precision;                     ///< decimal digits that survive
};
/// Throws DTypeError for a dtype that is not floating.
RAVEN_API FloatInfo finfo(DType dtype);
/// Facts of an integer dtype. NumPy: iinfo.
struct IntegerInfo {
  int bits;
  int64_t min;
  uint64_t max;
};
/// Throws DTypeError for a dtype that is not an integer.
RAVEN_API IntegerInfo iinfo(DType dtype);

/// What a cast may lose: nothing (no and equiv: not even the dtype changes; safe: every value is kept), width (same_kind),
/// anything (unsafe).
enum class Casting : uint8_t { no, equiv, safe, same_kind, unsafe };
/// Whether values of `from` may become `to` under that rule. NumPy: can_cast.
RAVEN_API bool can_cast(DType from, DType to, Casting casting = Casting::safe) noexcept;

/// The dtype of floating results and creations that name none: f64, unless a DefaultDtype scope says otherwise.
RAVEN_API DType default_float() noexcept;
/// Changes this thread's default float while it lives: `nx::DefaultDtype guard{nx::f32};`
class RAVEN_API DefaultDtype {
 public:
  explicit DefaultDtype(DType dtype);
  ~DefaultDtype();
  DefaultDtype(const DefaultDtype&) = delete;
  DefaultDtype& operator=(const DefaultDtype&) = delete;

 private:
  DType previous_;
};

}  // namespace nx
