#include "raven/nx/api/print.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "raven/base/message.hpp"
#include "raven/nx/aval.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/impl.hpp"

namespace nx {

namespace {

// A pointer, so that no thread-local destructor runs before a static array is printed.
thread_local constinit PrintOptions* thread_options = nullptr;

// ---- one real --------------------------------------------------------------------------------------------------------

/// Shortest digits that read back to the same number of its own width: d₀.d₁d₂… · 10^exponent.
struct Digits {
  std::string digits;
  int exponent = 0;
};
Digits shortest(double x, bool single) {
  char text[64];
  const auto end = single ? std::to_chars(text, text + sizeof text, std::fabs(static_cast<float>(x)), std::chars_format::scientific).ptr
                          : std::to_chars(text, text + sizeof text, std::fabs(x), std::chars_format::scientific).ptr;
  Digits d;
  const char* p = text;
  for (; p != end && *p != 'e'; ++p)
    if (*p != '.') d.digits += *p;
  if (p != end) {
    ++p;
    if (*p == '+') ++p;
    std::from_chars(p, end, d.exponent);
  }
  return d;
}

/// A printed number in parts: sign and whole digits, digits after the point, exponent digits with their sign.
struct Parts {
  std::string whole, fraction, exponent;
};
struct Style {
  int precision = -1;       ///< at most so many digits after the point; −1: no bound
  bool unique = true;       ///< no more digits than the number needs
  bool keep_zeros = false;  ///< else trailing zeros are dropped
  bool plus = false;
  int minimum = 0;          ///< at least so many digits after the point, those beyond the unique ones of the exact value
};
std::string sign_of(double x, bool plus) { return std::signbit(x) ? "-" : plus ? "+" : ""; }
void finish_fraction(std::string& fraction, const Style& style) {
  if (style.keep_zeros) {
    if (style.precision > static_cast<int>(fraction.size())) fraction.resize(static_cast<size_t>(style.precision), '0');
  } else {
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  }
}

/// |x| from its exact value, halves to even.
std::string rounded(double x, std::chars_format format, int precision) {
  std::string text(static_cast<size_t>(precision < 0 ? 0 : precision) + 340, '\0');  // 309 digits before the point
  text.resize(static_cast<size_t>(std::to_chars(text.data(), text.data() + text.size(), std::fabs(x), format, precision).ptr - text.data()));
  return text;
}

Parts positional(double x, bool single, const Style& style) {
  Parts parts{sign_of(x, style.plus), {}, {}};
  const Digits d = shortest(x, single);
  const int count = static_cast<int>(d.digits.size()), fraction = std::max(0, count - 1 - d.exponent);
  if (!style.unique || (style.precision >= 0 && fraction > style.precision) || fraction < style.minimum) {
    const std::string all = rounded(x, std::chars_format::fixed, style.precision);
    const size_t point = all.find('.');
    parts.whole += all.substr(0, point);
    if (point != std::string::npos) parts.fraction = all.substr(point + 1);
  } else if (d.exponent < 0) {
    parts.whole += "0";
    parts.fraction = std::string(static_cast<size_t>(-d.exponent - 1), '0') + d.digits;
  } else {
    std::string digits = d.digits;
    if (count < d.exponent + 1) digits.resize(static_cast<size_t>(d.exponent) + 1, '0');
    parts.whole += digits.substr(0, static_cast<size_t>(d.exponent) + 1);
    parts.fraction = digits.substr(static_cast<size_t>(d.exponent) + 1);
  }
  finish_fraction(parts.fraction, style);
  return parts;
}

Parts scientific(double x, bool single, const Style& style) {
  Parts parts{sign_of(x, style.plus), {}, {}};
  Digits d = shortest(x, single);
  const int fraction = static_cast<int>(d.digits.size()) - 1;
  if (!style.unique || (style.precision >= 0 && fraction > style.precision) || fraction < style.minimum) {
    const std::string all = rounded(x, std::chars_format::scientific, style.precision);
    const size_t e = all.find('e');
    d.digits.clear();
    for (char c : all.substr(0, e))
      if (c != '.') d.digits += c;
    const char* p = all.data() + e + 1;
    if (*p == '+') ++p;
    std::from_chars(p, all.data() + all.size(), d.exponent);
  }
  parts.whole += d.digits[0];
  parts.fraction = d.digits.substr(1);
  finish_fraction(parts.fraction, style);
  std::string magnitude = std::to_string(std::abs(d.exponent));
  if (magnitude.size() < 2) magnitude.insert(0, "0");
  parts.exponent = (d.exponent < 0 ? "-" : "+") + magnitude;
  return parts;
}

// ---- elements of an array --------------------------------------------------------------------------------------------

std::string left_padded(std::string text, size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

/// Layout common to all shown reals.
class RealFormat {
 public:
  RealFormat(const std::vector<double>& data, bool single, const PrintOptions& o) : options_(o), single_(single) {
    precision_ = o.floatmode == FloatMode::unique ? -1 : o.precision;
    plus_ = o.sign == '+';
    double largest = 0, least = INFINITY;
    bool any_finite = false, any_negative = false, all_finite = true, negative_infinity = false;
    for (double x : data) {
      if (!std::isfinite(x)) {
        all_finite = false;
        negative_infinity = negative_infinity || x < 0;
        continue;
      }
      any_finite = true;
      any_negative = any_negative || std::signbit(x);
      if (x != 0) largest = std::max(largest, std::fabs(x)), least = std::min(least, std::fabs(x));
    }
    if (largest > 0) {
      const double ratio = single ? static_cast<double>(static_cast<float>(largest) / static_cast<float>(least)) : largest / least;
      exponential_ = largest >= (single ? 1e6 : 1e8) || (!o.suppress && (least < (single ? static_cast<double>(1e-4f) : 1e-4) || ratio > 1000));
    }
    const bool fixed = o.floatmode == FloatMode::fixed;
    if (any_finite) {
      size_t whole = 0, fraction = 0, exponent = 0;
      const Style first{precision_, exponential_ || !fixed, fixed, plus_};
      for (double x : data) {
        if (!std::isfinite(x)) continue;
        const Parts p = exponential_ ? scientific(x, single, first) : positional(x, single, first);
        whole = std::max(whole, p.whole.size());
        fraction = std::max(fraction, p.fraction.size());
        exponent = std::max(exponent, p.exponent.size());
      }
      pad_left_ = whole;
      if (exponential_) {
        exponent_size_ = exponent - 1;
        style_ = {static_cast<int>(fraction), true, true, plus_, static_cast<int>(fraction)};
        pad_right_ = exponent_size_ + 2 + fraction;
      } else {
        pad_right_ = fraction;
        const bool equal = fixed || o.floatmode == FloatMode::maxprec_equal;
        style_ = {equal ? static_cast<int>(fraction) : precision_, !fixed, equal, plus_, equal ? static_cast<int>(fraction) : 0};
      }
      if (o.sign == ' ' && !any_negative) ++pad_left_;
    } else if (o.sign == ' ') {
      ++pad_left_;
    }
    if (!all_finite) {
      const size_t offset = pad_right_ + 1;
      const size_t nan = o.nanstr.size(), inf = o.infstr.size() + (o.sign != '-' || negative_infinity);
      pad_left_ = std::max({pad_left_, nan > offset ? nan - offset : 0, inf > offset ? inf - offset : 0});
    }
  }

  std::string operator()(double x) const {
    if (!std::isfinite(x)) {
      const std::string sign = std::isnan(x) ? (plus_ ? "+" : "") : x < 0 ? "-" : plus_ ? "+" : "";
      return left_padded(sign + (std::isnan(x) ? options_.nanstr : options_.infstr), pad_left_ + pad_right_ + 1);
    }
    if (exponential_) {
      Parts p = scientific(x, single_, style_);
      while (p.exponent.size() < exponent_size_ + 1) p.exponent.insert(1, "0");
      return left_padded(p.whole, pad_left_) + "." + p.fraction + "e" + p.exponent;
    }
    Parts p = positional(x, single_, style_);
    if (p.fraction.size() < pad_right_) p.fraction.resize(pad_right_, ' ');
    return left_padded(p.whole, pad_left_) + "." + p.fraction;
  }

 private:
  const PrintOptions& options_;
  bool single_, exponential_ = false, plus_ = false;
  int precision_ = -1;
  Style style_;
  size_t pad_left_ = 0, pad_right_ = 0, exponent_size_ = 0;
};

/// Reads elements and knows how they are laid out.
class Elements {
 public:
  Elements(const Array& x, const std::vector<int64_t>& shown, const PrintOptions& o) : data_(detail::impl_of(x)->data), dtype_(x.dtype()), zero_d_(x.ndim() == 0) {
    if (is_float(dtype_)) {
      std::vector<double> values;
      for (int64_t at : shown) values.push_back(real(at));
      reals_.emplace_back(values, dtype_ == DType::f32, o);
    } else if (!is_bool(dtype_)) {
      // The widest of the largest and the least, each with the sign that it shows.
      char sign = o.sign;
      bool any_negative = false;
      for (int64_t at : shown) any_negative = any_negative || integer(at)[0] == '-';
      if (sign == ' ' && any_negative) sign = '-';
      sign_ = sign == '-' ? "" : std::string(1, sign);
      for (int64_t at : shown) width_ = std::max(width_, signed_integer(at).size());
    }
  }
  std::string operator()(int64_t at) const {
    if (is_float(dtype_)) return reals_[0](real(at));
    if (is_bool(dtype_)) return reinterpret_cast<const uint8_t*>(data_)[at] ? (zero_d_ ? "True" : " True") : "False";
    return left_padded(signed_integer(at), width_);
  }
  double real(int64_t at) const {
    return dtype_ == DType::f32 ? static_cast<double>(reinterpret_cast<const float*>(data_)[at]) : reinterpret_cast<const double*>(data_)[at];
  }
  std::string integer(int64_t at) const {
    switch (dtype_) {
      case DType::u8: return std::to_string(reinterpret_cast<const uint8_t*>(data_)[at]);
      case DType::u32: return std::to_string(reinterpret_cast<const uint32_t*>(data_)[at]);
      case DType::u64: return std::to_string(reinterpret_cast<const uint64_t*>(data_)[at]);
      case DType::i32: return std::to_string(reinterpret_cast<const int32_t*>(data_)[at]);
      default: return std::to_string(reinterpret_cast<const int64_t*>(data_)[at]);
    }
  }

 private:
  std::string signed_integer(int64_t at) const {
    const std::string text = integer(at);
    return text[0] == '-' ? text : sign_ + text;
  }
  const std::byte* data_;
  DType dtype_;
  bool zero_d_;
  std::vector<RealFormat> reals_;
  std::string sign_;
  size_t width_ = 0;
};

// ---- brackets and lines ----------------------------------------------------------------------------------------------

struct Layout {
  const Array& x;
  const Elements* elements;
  const PrintOptions& options;
  std::string separator;
  bool summarise;
  int64_t linewidth;

  /// Visits the indices of an axis that are shown; calls gap() where elements are left out.
  template <class Item, class Gap>
  void axis_items(int axis, Item&& item, Gap&& gap) const {
    const int64_t n = x.header()->dims[axis], edge = options.edgeitems;
    if (!summarise || 2 * edge >= n) {
      for (int64_t i = 0; i < n; ++i) item(i, i + 1 == n);
      return;
    }
    for (int64_t i = 0; i < edge; ++i) item(i, false);
    gap();
    for (int64_t i = n - edge; i < n; ++i) item(i, i + 1 == n);
  }
  /// Offsets of all elements that are shown.
  void collect(int axis, int64_t offset, std::vector<int64_t>& shown) const {
    if (axis == x.ndim()) {
      shown.push_back(offset);
      return;
    }
    const int64_t stride = detail::strides_of(x.header())[axis];
    axis_items(axis, [&](int64_t i, bool) { collect(axis + 1, offset + i * stride, shown); }, [] {});
  }
  static std::string stripped(const std::string& text) {
    size_t n = text.size();
    while (n > 0 && text[n - 1] == ' ') --n;
    return text.substr(0, n);
  }
  /// The text of one axis, starting after `indent`, in a line of `width` characters.
  std::string lines(int axis, int64_t offset, const std::string& indent, int64_t width) const {
    if (axis == x.ndim()) return (*elements)(offset);
    const int64_t stride = detail::strides_of(x.header())[axis];
    const int left = x.ndim() - axis;
    std::string text;
    if (left == 1) {
      const int64_t element_width = width - std::max<int64_t>(static_cast<int64_t>(stripped(separator).size()), 1);
      std::string line = indent;
      const auto extend = [&](const std::string& word) {
        if (static_cast<int64_t>(line.size() + word.size()) > element_width && line.size() > indent.size()) {
          text += stripped(line) + "\n";
          line = indent;
        }
        line += word;
      };
      axis_items(
          axis,
          [&](int64_t i, bool last) {
            extend((*elements)(offset + i * stride));
            if (!last) line += separator;
          },
          [&] {
            extend("...");
            line += separator;
          });
      text += line;
    } else {
      const std::string between = stripped(separator) + std::string(static_cast<size_t>(left - 1), '\n');
      axis_items(
          axis,
          [&](int64_t i, bool last) {
            text += indent + lines(axis + 1, offset + i * stride, indent + " ", width - 1);
            if (!last) text += between;
          },
          [&] { text += indent + "..." + between; });
    }
    return "[" + text.substr(std::min(indent.size(), text.size())) + "]";
  }
};

std::string array_to_string(const Array& x, const std::string& separator, size_t prefix, size_t suffix) {
  if (x.size() == 0) return "[]";
  const PrintOptions options = get_printoptions();
  Layout layout{x, nullptr, options, separator, x.size() > options.threshold,
                static_cast<int64_t>(options.linewidth) - static_cast<int64_t>(suffix)};
  std::vector<int64_t> shown;
  layout.collect(0, 0, shown);
  const Elements elements(x, shown, options);
  layout.elements = &elements;
  return layout.lines(0, 0, std::string(prefix + 1, ' '), layout.linewidth);
}

std::string traced(const Array& x) {
  return (raven::Message("Traced<") << aval_of(x) << ">").str();
}

/// A number alone, as NumPy's scalars print: positional from 1e-4 to 1e16 (f32: 1e6).
std::string scalar_text(const Array& x) {
  const Elements elements(x, {}, PrintOptions());
  if (is_bool(x.dtype())) return elements(0);
  if (!is_float(x.dtype())) return elements.integer(0);
  const double v = elements.real(0);
  const bool single = x.dtype() == DType::f32;
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  const double magnitude = std::fabs(v);
  if (magnitude == 0 || (magnitude < (single ? 1e6 : 1e16) && magnitude >= 1e-4)) {
    const Parts p = positional(v, single, Style{});
    return p.whole + "." + (p.fraction.empty() ? "0" : p.fraction);
  }
  const Parts p = scientific(v, single, Style{});
  return p.whole + (p.fraction.empty() ? "" : "." + p.fraction) + "e" + p.exponent;
}

}  // namespace

PrintOptions get_printoptions() { return thread_options ? *thread_options : PrintOptions(); }
void set_printoptions(const PrintOptions& options) {
  if (options.sign != '-' && options.sign != '+' && options.sign != ' ')
    throw ValueError("nx.set_printoptions", raven::Message("sign: got '") << options.sign << "', expected '-', '+' or ' '");
  if (options.precision < 0 || options.edgeitems < 0)
    throw ValueError("nx.set_printoptions", "precision and edgeitems must not be negative");
  if (thread_options)
    *thread_options = options;
  else
    thread_options = new PrintOptions(options);
}

std::string detail::dims_text(const Dims& dims) { return (raven::Message() << dims).str(); }

std::string str(const Array& x) {
  if (!x.defined()) return "Array{}";
  if (x.is_traced()) return traced(x);
  return x.ndim() == 0 ? scalar_text(x) : array_to_string(x, " ", 0, 0);
}

std::string repr(const Array& x) {
  if (!x.defined()) return "Array{}";
  if (x.is_traced()) return traced(x);
  const PrintOptions options = get_printoptions();
  const std::string prefix = "array(";
  std::string text = prefix + array_to_string(x, ", ", prefix.size(), 1);
  std::string extras;
  if ((x.size() == 0 && x.shape() != Shape{0}) || x.size() > options.threshold)
    extras = (raven::Message("shape=") << x.shape()).str();
  const DType dtype = x.dtype();
  if (x.size() == 0 || (dtype != f64 && dtype != i64 && dtype != b1))
    extras += (extras.empty() ? "dtype=" : ", dtype=") + std::string(detail::dtype_info[static_cast<int>(dtype)].numpy_name);
  if (extras.empty()) return text + ")";
  extras += ")";
  text += ",";
  const size_t line = text.size() - (text.rfind('\n') + 1);
  const bool wrap = line + extras.size() + 1 > static_cast<size_t>(std::max(options.linewidth, 0));
  return text + (wrap ? "\n" + std::string(prefix.size(), ' ') : " ") + extras;
}

std::string Array::str() const { return nx::str(*this); }
std::string Array::repr() const { return nx::repr(*this); }

}  // namespace nx
