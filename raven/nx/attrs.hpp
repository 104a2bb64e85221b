#pragma once
// Attributes: one plain struct per op. Each lists its members once in `fields()`, from which equality, hash, printing,
// parsing and copying come (raven/nx/attrs.cpp).
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "raven/nx/dims.hpp"
#include "raven/nx/dtype.hpp"
#include "raven/nx/op.hpp"

namespace nx {

class Program;
class Executable;

/// Base of all attribute structs; the op says which one it is.
struct Attrs {};

/// A weak C++ number: only its category counts, never its width.
struct Scalar {
  enum class Kind : uint8_t { boolean, integer, unsigned_integer, real };
  Kind kind = Kind::integer;
  union {
    int64_t integer = 0;  ///< boolean and integer; unsigned_integer holds a uint64 above INT64_MAX as its bits
    double real;
  };
  static Scalar from(bool v) { Scalar s; s.kind = Kind::boolean; s.integer = v; return s; }
  static Scalar from(int64_t v) { Scalar s; s.integer = v; return s; }
  static Scalar from(uint64_t v) {
    Scalar s;
    s.kind = v > INT64_MAX ? Kind::unsigned_integer : Kind::integer;
    s.integer = static_cast<int64_t>(v);
    return s;
  }
  static Scalar from(double v) { Scalar s; s.kind = Kind::real; s.real = v; return s; }
  /// Equality of kind and bits.
  friend bool operator==(const Scalar& a, const Scalar& b) { return a.kind == b.kind && a.integer == b.integer; }
};

#define NX_FIELDS(...) \
  template <class Self, class Visitor> \
  static void fields([[maybe_unused]] Self& self, [[maybe_unused]] Visitor&& visit) { __VA_ARGS__ }
#define NX_FIELD(member) visit(#member, self.member);

struct NoAttrs : Attrs {
  NX_FIELDS()
};
inline constexpr NoAttrs no_attrs{};

/// Every element is `value` (converted to dtype).
struct FullAttrs : Attrs {
  Shape shape;
  DType dtype = DType::f64;
  Scalar value;
  NX_FIELDS(NX_FIELD(shape) NX_FIELD(dtype) NX_FIELD(value))
};
struct CastAttrs : Attrs {
  DType dtype = DType::f64;
  NX_FIELDS(NX_FIELD(dtype))
};
enum class RoundKind : uint8_t { floor, ceil, trunc, even };
/// To an integer: down, up, towards zero, to the nearest (halves to even).
struct RoundAttrs : Attrs {
  RoundKind mode = RoundKind::even;
  NX_FIELDS(NX_FIELD(mode))
};
enum class BitwiseKind : uint8_t { bit_and, bit_or, bit_xor };
/// Bit by bit; of bools the logical function.
struct BitwiseAttrs : Attrs {
  BitwiseKind kind = BitwiseKind::bit_and;
  NX_FIELDS(NX_FIELD(kind))
};
/// What one element of RandomBits is made of the pair (hi, lo) of a Threefry block: hi ^ lo, hi << 32 | lo, or the pair
/// itself as a trailing axis of 2.
enum class RandomBitsKind : uint8_t { u32, u64, pair };
/// Threefry-2x32-20 in counter mode. Operands: keys u32[…, 2] and a start counter u64[]; element i of each key uses
/// counter start + i. Result: […, shape] (and 2 for pairs).
struct RandomBitsAttrs : Attrs {
  Shape shape;
  RandomBitsKind kind = RandomBitsKind::u32;
  NX_FIELDS(NX_FIELD(shape) NX_FIELD(kind))
};
enum class ReduceKind : uint8_t { sum, prod, max, min };
/// Reduces `axes` (ascending) away; `dtype` is the result's and may only be wider than the operand's.
struct ReduceAttrs : Attrs {
  ReduceKind kind = ReduceKind::sum;
  Dims axes;
  DType dtype = DType::f64;
  NX_FIELDS(NX_FIELD(kind) NX_FIELD(axes) NX_FIELD(dtype))
};
/// The index of the first largest (smallest) element along `axis`; the first NaN wins.
struct ArgReduceAttrs : Attrs {
  ReduceKind kind = ReduceKind::max;
  int64_t axis = 0;
  NX_FIELDS(NX_FIELD(kind) NX_FIELD(axis))
};
/// Every element is its index along `axis`.
struct IotaAttrs : Attrs {
  Shape shape;
  DType dtype = DType::i64;
  int64_t axis = 0;
  NX_FIELDS(NX_FIELD(shape) NX_FIELD(dtype) NX_FIELD(axis))
};
/// Distinct axes, ascending.
struct AxesAttrs : Attrs {
  Dims axes;
  NX_FIELDS(NX_FIELD(axes))
};
/// Per axis `low` elements before, `high` after (negative: cropped) and `interior` ≥ 0 between neighbours.
struct PadAttrs : Attrs {
  Dims low, high, interior;
  NX_FIELDS(NX_FIELD(low) NX_FIELD(high) NX_FIELD(interior))
};
/// Reshape to `shape`: same element count, no −1.
struct ShapeAttrs : Attrs {
  Shape shape;
  NX_FIELDS(NX_FIELD(shape))
};
/// Result axis i is operand axis `permutation[i]`.
struct PermuteAttrs : Attrs {
  Dims permutation;
  NX_FIELDS(NX_FIELD(permutation))
};
/// Broadcast to `shape`: operand axis i becomes result axis `axes[i]` (ascending), whose extent is equal or was 1.
struct ExpandAttrs : Attrs {
  Shape shape;
  Dims axes;
  NX_FIELDS(NX_FIELD(shape) NX_FIELD(axes))
};
/// x[start:stop:step] per axis, 0 ≤ start ≤ stop ≤ extent, step ≥ 1.
struct SliceAttrs : Attrs {
  Dims starts, stops, steps;
  NX_FIELDS(NX_FIELD(starts) NX_FIELD(stops) NX_FIELD(steps))
};
enum class UpdateKind : uint8_t { set, add };
/// Operand 0 with the slice set to (or increased by) operand 1. The partner of Slice.
struct SliceUpdateAttrs : Attrs {
  Dims starts, stops, steps;
  UpdateKind kind = UpdateKind::set;
  NX_FIELDS(NX_FIELD(starts) NX_FIELD(stops) NX_FIELD(steps) NX_FIELD(kind))
};
/// What an index outside its axis does: IndexError (compiled code reports it the same way), the nearest valid one, modulo
/// the extent, or nothing (a gather reads 0, a scatter leaves the place).
enum class IndexMode : uint8_t { raise, clip, wrap, drop };
/// (x, index₀ …) → index shape + slice_sizes. Index k, of one shape with the others, moves the slice along `axes[k]`;
/// slice_sizes has one entry per axis of x. wrap_negative adds the extent to negative indices first.
struct GatherAttrs : Attrs {
  Dims axes, slice_sizes;
  IndexMode mode = IndexMode::raise;
  bool wrap_negative = false;
  NX_FIELDS(NX_FIELD(axes) NX_FIELD(slice_sizes) NX_FIELD(mode) NX_FIELD(wrap_negative))
};
enum class ScatterKind : uint8_t { set, add, mul, min, max };
/// (x, index₀ …, updates) → x with each slice combined with its update, in C order: the last of equal indices is set.
struct ScatterAttrs : Attrs {
  Dims axes, slice_sizes;
  ScatterKind kind = ScatterKind::set;
  IndexMode mode = IndexMode::raise;
  bool wrap_negative = false;
  NX_FIELDS(NX_FIELD(axes) NX_FIELD(slice_sizes) NX_FIELD(kind) NX_FIELD(mode) NX_FIELD(wrap_negative))
};
/// (x, index) of equal rank and extents but along `axis` → index's shape: x[…, index[…, j, …], …].
struct GatherAxisAttrs : Attrs {
  int64_t axis = 0;
  IndexMode mode = IndexMode::raise;
  bool wrap_negative = false;
  NX_FIELDS(NX_FIELD(axis) NX_FIELD(mode) NX_FIELD(wrap_negative))
};
/// (x, index, updates) → x with x[…, index[…, j, …], …] combined with updates[…, j, …].
struct ScatterAxisAttrs : Attrs {
  int64_t axis = 0;
  ScatterKind kind = ScatterKind::set;
  IndexMode mode = IndexMode::raise;
  bool wrap_negative = false;
  NX_FIELDS(NX_FIELD(axis) NX_FIELD(kind) NX_FIELD(mode) NX_FIELD(wrap_negative))
};
/// All operands in the stable order of the first `num_keys` along `axis`; NaN last in both directions, −0 equals +0, ties
/// keep their order also when descending.
struct SortAttrs : Attrs {
  int64_t axis = 0;
  int64_t num_keys = 1;
  bool descending = false;
  bool stable = true;
  NX_FIELDS(NX_FIELD(axis) NX_FIELD(num_keys) NX_FIELD(descending) NX_FIELD(stable))
};
/// Result axes: batch, free of the left operand, free of the right, each in operand order.
struct DotGeneralAttrs : Attrs {
  Dims lhs_contract, rhs_contract, lhs_batch, rhs_batch;
  NX_FIELDS(NX_FIELD(lhs_contract) NX_FIELD(rhs_contract) NX_FIELD(lhs_batch) NX_FIELD(rhs_batch))
};
/// One axis, not negative.
struct AxisAttrs : Attrs {
  int64_t axis = 0;
  NX_FIELDS(NX_FIELD(axis))
};
/// Runs a Program (raven/nx/program.hpp), compared by its content. Never null in a valid call.
struct CallAttrs : Attrs {
  std::shared_ptr<const Program> program;
  /// The program compiled: what eager calls run instead of the program's ops one by one. Null: none. Not compared.
  std::shared_ptr<const Executable> executable;
  NX_FIELDS(NX_FIELD(program))
};

// Attributes of composites.

enum class GeluApproximate : uint8_t { none, tanh };
struct GeluAttrs : Attrs {
  GeluApproximate approximate = GeluApproximate::none;
  NX_FIELDS(NX_FIELD(approximate))
};
/// Over the last axis.
struct LayerNormAttrs : Attrs {
  double eps = 1e-5;
  NX_FIELDS(NX_FIELD(eps))
};
/// affine: a weight is given, and dw and db are wanted.
struct LayerNormGradAttrs : Attrs {
  bool affine = true;
  NX_FIELDS(NX_FIELD(affine))
};
/// Rows whose label is `ignore_index` have no loss and no gradient.
struct CrossEntropyAttrs : Attrs {
  int64_t ignore_index = -100;
  NX_FIELDS(NX_FIELD(ignore_index))
};
/// Rows of the table.
struct EmbeddingGradAttrs : Attrs {
  int64_t rows = 0;
  NX_FIELDS(NX_FIELD(rows))
};
/// The part of the elements that becomes 0; the rest is divided by 1 − rate.
struct DropoutAttrs : Attrs {
  double rate = 0;
  NX_FIELDS(NX_FIELD(rate))
};
/// Scores are q·kᵀ·scale; causal: query i sees the keys j ≤ i + offset.
struct SdpaAttrs : Attrs {
  double scale = 1;
  bool causal = false;
  int64_t offset = 0;
  NX_FIELDS(NX_FIELD(scale) NX_FIELD(causal) NX_FIELD(offset))
};

#undef NX_FIELDS
#undef NX_FIELD

namespace detail {
template <Op op>
struct AttrsOfOp;
#define PRIMITIVE(name, public_name, attrs, ...) \
  template <>                                    \
  struct AttrsOfOp<Op::name> {                   \
    using type = attrs;                          \
  };
#define HIGHER_ORDER PRIMITIVE
#define COMPOSITE PRIMITIVE
#include "raven/nx/op.def"
}  // namespace detail
/// The attribute struct of an op: `AttrsOf<Op::Slice>`.
template <Op op>
using AttrsOf = typename detail::AttrsOfOp<op>::type;

/// Same members, floats compared by bits.
RAVEN_API bool attrs_equal(Op op, const Attrs& a, const Attrs& b);
/// Mixes all members into `seed` (64 bit, exact, independent of addresses).
RAVEN_API uint64_t attrs_hash(Op op, const Attrs& attrs, uint64_t seed);
/// `{axes=(0,), kind=sum}`; empty for no members. Read back by attrs_parse.
RAVEN_API std::string attrs_print(Op op, const Attrs& attrs);

/// Owning copy of an op's attributes.
class RAVEN_API AttrsBox {
 public:
  AttrsBox() noexcept = default;
  AttrsBox(Op op, const Attrs& attrs);
  AttrsBox(const AttrsBox& other);
  AttrsBox(AttrsBox&& other) noexcept
      : attrs_(std::exchange(other.attrs_, nullptr)), op_(other.op_) {}
  AttrsBox& operator=(AttrsBox other) noexcept {
    std::swap(attrs_, other.attrs_);
    std::swap(op_, other.op_);
    return *this;
  }
  ~AttrsBox() {
    if (attrs_) release();
  }
  bool has_value() const noexcept { return attrs_ != nullptr; }
  const Attrs& get() const noexcept { return attrs_ ? *attrs_ : static_cast<const Attrs&>(no_attrs); }
  template <class A>
  const A& as() const noexcept {
    return static_cast<const A&>(get());
  }
  /// Reads what attrs_print wrote. Throws ValueError naming the text.
  static AttrsBox parse(Op op, std::string_view text);

 private:
  void release() noexcept;
  Attrs* attrs_ = nullptr;  // null for ops without attributes
  Op op_ = Op::before_primitives;
};

}  // namespace nx
