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
