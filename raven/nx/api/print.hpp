#pragma once
// Arrays as text, letter for letter as NumPy 2.4 prints them.
#include <string>
#include <string_view>

#include "raven/nx/array.hpp"

namespace nx {

/// How many digits a real shows: all have `precision`; as many as make it unique; at most `precision`; the same, but all
/// alike.
enum class FloatMode : uint8_t { fixed, unique, maxprec, maxprec_equal };
/// How numbers are laid out. NumPy: set_printoptions.
struct PrintOptions {
  int precision = 8;         ///< digits after the point, at most
  int64_t threshold = 1000;  ///< arrays with more elements are summarised
  int64_t edgeitems = 3;     ///< what a summary shows at each end of an axis
  int linewidth = 75;        ///< characters of a line
  bool suppress = false;     ///< no exponents for small numbers
  char sign = '-';           ///< of positive numbers: '-' none, '+', or ' ' for its place
  FloatMode floatmode = FloatMode::maxprec;
  std::string nanstr = "nan", infstr = "inf";
};
/// The options of this thread.
RAVEN_API PrintOptions get_printoptions();
RAVEN_API void set_printoptions(const PrintOptions& options);
/// Other options while it lives. NumPy: printoptions.
class RAVEN_API PrintOptionsScope {
 public:
  explicit PrintOptionsScope(const PrintOptions& options) : previous_(get_printoptions()) { set_printoptions(options); }
  ~PrintOptionsScope() { set_printoptions(previous_); }
  PrintOptionsScope(const PrintOptionsScope&) = delete;
  PrintOptionsScope& operator=(const PrintOptionsScope&) = delete;

 private:
  PrintOptions previous_;
};

/// `[1. 2.]`; traced values print as `Traced<f32[2,3]>`. NumPy: str.
RAVEN_API std::string str(const Array& x);
/// `array([1., 2.], dtype=float32)`. NumPy: repr.
RAVEN_API std::string repr(const Array& x);

namespace detail {
RAVEN_API std::string dims_text(const Dims& dims);
template <class Stream>
Stream& write_text(Stream& stream, std::string_view text) {
  stream.write(text.data(), static_cast<ptrdiff_t>(text.size()));
  return stream;
}
}  // namespace detail

/// Any standard stream; prints str(x).
template <class Stream>
  requires requires(Stream& stream) { stream.rdbuf(); }
Stream& operator<<(Stream& stream, const Array& x) {
  return detail::write_text(stream, str(x));
}
/// Shapes print as `(2, 3)`, dtypes as `f32`.
template <class Stream>
  requires requires(Stream& stream) { stream.rdbuf(); }
Stream& operator<<(Stream& stream, const Dims& dims) {
  return detail::write_text(stream, detail::dims_text(dims));
}
template <class Stream>
  requires requires(Stream& stream) { stream.rdbuf(); }
Stream& operator<<(Stream& stream, DType dtype) {
  return detail::write_text(stream, dtype_name(dtype));
}

}  // namespace nx
