#include "raven/nx/internal/elementwise.hpp"

#include <cstring>
#include <limits>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/impl.hpp"

namespace nx::detail {

namespace {

constexpr int category(DType dtype) { return is_bool(dtype) ? 0 : is_integer(dtype) ? 1 : 2; }
constexpr int category(const Scalar& s) {
  return s.kind == Scalar::Kind::boolean ? 0 : s.kind == Scalar::Kind::real ? 2 : 1;
}
DType default_of(int category) { return category == 0 ? DType::b1 : category == 1 ? DType::i64 : default_float(); }

const char* kind_list(uint32_t flags) {
  const bool b = flags & op_flag::B, i = flags & op_flag::I, f = flags & op_flag::F;
  if (b && i && !f) return "bool or an integer dtype";
  if (i && f && !b) return "an integer or floating dtype";
  if (i && !f) return "an integer dtype";
  if (f && !i) return "a floating dtype";
  return "another dtype";
}

template <class T>
void store(std::byte* out, T value) { std::memcpy(out, &value, sizeof value); }

template <class T>
void write_integer(const char* name, const Scalar& s, DType dtype, std::byte* out) {
  const bool big = s.kind == Scalar::Kind::unsigned_integer;
  bool fits;
  if constexpr (std::is_signed_v<T>)
    fits = !big && s.integer >= std::numeric_limits<T>::min() && s.integer <= std::numeric_limits<T>::max();
  else
    fits = big ? sizeof(T) == 8
               : s.integer >= 0 && static_cast<uint64_t>(s.integer) <= std::numeric_limits<T>::max();
  if (!fits) {
    raven::Message m("value ");
    if (big)
      m << static_cast<uint64_t>(s.integer);
    else
      m << s.integer;
    m << " does not fit " << dtype_name(dtype) << " (" << std::numeric_limits<T>::min() << ".."
      << std::numeric_limits<T>::max() << "); cast the array to a wider dtype first";
    throw OverflowError(name, m);
  }
  store(out, static_cast<T>(s.integer));
}

}  // namespace

DType compute_dtype(Op op, const char* name, std::span<const Operand> in) {
  const uint32_t flags = op_info(op).flags;
  const size_t first = op == Op::Select ? 1 : 0;
  DType dtype = DType::b1;
  bool have_array = false;
  int weak = -1;
  for (size_t i = first; i < in.size(); ++i) {
    if (in[i].is_scalar()) {
      const int c = category(in[i].scalar());
      weak = c > weak ? c : weak;
    } else {
      const DType d = in[i].array().dtype();
      dtype = have_array ? promote_types(dtype, d) : d;
      have_array = true;
    }
  }
  if (!have_array)
    dtype = default_of(weak);
  else if (weak > category(dtype))
    dtype = default_of(weak);
  const uint32_t kind = is_bool(dtype) ? op_flag::B : is_integer(dtype) ? op_flag::I : op_flag::F;
  if (flags & kind) return dtype;
  // Integers and bools given to a floating function become the default float; bools given to an integer-or-float one i64.
  if ((flags & op_flag::F) && !(flags & op_flag::I)) return default_float();
  throw DTypeError(name, raven::Message("got ") << dtype_name(dtype) << ", expected " << kind_list(flags)
                                                << "; cast with .astype(…)");
}

Shape broadcast_shape(const char* name, std::span<const Operand> in) {
  int rank = 0;
  for (const Operand& o : in)
    if (!o.is_scalar() && o.array().ndim() > rank) rank = o.array().ndim();
  Shape shape = Dims::filled(rank, 1);
  for (const Operand& o : in) {
    if (o.is_scalar()) continue;
    const auto other = shape_span(o.array());
    const int shift = rank - static_cast<int>(other.size());
    for (int i = 0; i < static_cast<int>(other.size()); ++i) {
      int64_t& extent = shape[shift + i];
      const int64_t mine = other[static_cast<size_t>(i)];
      if (extent == 1)
        extent = mine;
      else if (mine != 1 && mine != extent) {
        raven::Message m("shapes ");
        bool comma = false;
        for (const Operand& p : in) {
          if (p.is_scalar()) continue;
          m << (comma ? " and " : "") << Dims(shape_span(p.array()));
          comma = true;
        }
        m << " cannot be broadcast: axis " << (shift + i - rank) << " has sizes " << extent << " and " << mine;
        throw ShapeError(name, m);
      }
    }
  }
  return shape;
}

RAVEN_API void write_scalar(const char* name, const Scalar& s, DType dtype, std::byte* out) {
  const bool real = s.kind == Scalar::Kind::real;
  const double value = real ? s.real
                            : s.kind == Scalar::Kind::unsigned_integer ? static_cast<double>(static_cast<uint64_t>(s.integer))
                                                                       : static_cast<double>(s.integer);
  if (real && !is_float(dtype)) {
    if (is_bool(dtype)) return store(out, static_cast<uint8_t>(value != 0));
    throw DTypeError(name, raven::Message("the real number ") << value << " cannot become " << dtype_name(dtype));
  }
  switch (dtype) {
    case DType::b1: return store(out, static_cast<uint8_t>(s.integer != 0));
    case DType::u8: return write_integer<uint8_t>(name, s, dtype, out);
    case DType::u32: return write_integer<uint32_t>(name, s, dtype, out);
    case DType::u64: return write_integer<uint64_t>(name, s, dtype, out);
    case DType::i32: return write_integer<int32_t>(name, s, dtype, out);
    case DType::i64: return write_integer<int64_t>(name, s, dtype, out);
    case DType::f32:
      if (s.kind == Scalar::Kind::integer) return store(out, static_cast<float>(s.integer));
      if (s.kind == Scalar::Kind::unsigned_integer) return store(out, static_cast<float>(static_cast<uint64_t>(s.integer)));
      return store(out, static_cast<float>(value));
    case DType::f64: return store(out, value);
  }
}

}  // namespace nx::detail
