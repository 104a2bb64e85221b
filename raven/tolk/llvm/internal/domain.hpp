#pragma once
// vmath's value domain over LLVM IR: one source, the same bits as nx's kernels. What each operation means is written
// once, in raven/vmath/domain.hpp.
#include <llvm/IR/IntrinsicsX86.h>

#include "raven/tolk/llvm/internal/ir.hpp"
#include "raven/vmath/domain.hpp"

namespace tolk::backend {

enum class Kind { f32, f64, i32, i64, mask };
constexpr bool is_real(Kind kind) { return kind == Kind::f32 || kind == Kind::f64; }

/// A value of one kind; all values of a domain have the same number of lanes.
template <Kind kind>
struct Lane {
  Ir* ir = nullptr;
  llvm::Value* v = nullptr;
};

#define TOLK_ARITHMETIC(symbol, on_reals, on_integers)                                         \
  template <Kind kind>                                                                         \
  Lane<kind> operator symbol(Lane<kind> x, Lane<kind> y) {                                     \
    return {x.ir, is_real(kind) ? x.ir->b.on_reals(x.v, y.v) : x.ir->b.on_integers(x.v, y.v)}; \
  }
TOLK_ARITHMETIC(+, CreateFAdd, CreateAdd)
TOLK_ARITHMETIC(-, CreateFSub, CreateSub)
TOLK_ARITHMETIC(*, CreateFMul, CreateMul)
TOLK_ARITHMETIC(/, CreateFDiv, CreateSDiv)
#undef TOLK_ARITHMETIC
#define TOLK_BITWISE(symbol, operation)                    \
  template <Kind kind>                                     \
    requires(!is_real(kind))                               \
  Lane<kind> operator symbol(Lane<kind> x, Lane<kind> y) { \
    return {x.ir, x.ir->b.operation(x.v, y.v)};            \
  }
TOLK_BITWISE(&, CreateAnd)
TOLK_BITWISE(|, CreateOr)
TOLK_BITWISE(^, CreateXor)
#undef TOLK_BITWISE
#define TOLK_COMPARE(symbol, on_reals, on_integers)                                            \
  template <Kind kind>                                                                         \
  Lane<Kind::mask> operator symbol(Lane<kind> x, Lane<kind> y) {                               \
    return {x.ir, is_real(kind) ? x.ir->b.on_reals(x.v, y.v) : x.ir->b.on_integers(x.v, y.v)}; \
  }
TOLK_COMPARE(==, CreateFCmpOEQ, CreateICmpEQ)
TOLK_COMPARE(!=, CreateFCmpUNE, CreateICmpNE)
TOLK_COMPARE(<, CreateFCmpOLT, CreateICmpSLT)
TOLK_COMPARE(<=, CreateFCmpOLE, CreateICmpSLE)
TOLK_COMPARE(>, CreateFCmpOGT, CreateICmpSGT)
TOLK_COMPARE(>=, CreateFCmpOGE, CreateICmpSGE)
#undef TOLK_COMPARE
template <Kind kind>
Lane<kind> operator-(Lane<kind> x) {
  return {x.ir, is_real(kind) ? x.ir->b.CreateFNeg(x.v) : x.ir->b.CreateNeg(x.v)};
}
template <Kind kind>
  requires(!is_real(kind))
Lane<kind> operator~(Lane<kind> x) {
  return {x.ir, x.ir->b.CreateNot(x.v)};
}
inline Lane<Kind::mask> operator!(Lane<Kind::mask> x) { return {x.ir, x.ir->b.CreateNot(x.v)}; }

/// The domain with `lanes` lanes of every type; 0: scalars.
struct Domain {
  using F32 = Lane<Kind::f32>;
  using F64 = Lane<Kind::f64>;
  using I32 = Lane<Kind::i32>;
  using I64 = Lane<Kind::i64>;
  using M32 = Lane<Kind::mask>;
  using M64 = Lane<Kind::mask>;
  Ir& ir;
  int lanes;

  llvm::Type* type(Kind kind) const {
    llvm::IRBuilder<>& b = ir.b;
    llvm::Type* const elements[] = {b.getFloatTy(), b.getDoubleTy(), b.getInt32Ty(), b.getInt64Ty(), b.getInt1Ty()};
    return ir.with_lanes(elements[static_cast<int>(kind)], lanes);
  }
  F32 f32(float c) { return {&ir, ir.real(type(Kind::f32), c)}; }
  F64 f64(double c) { return {&ir, ir.real(type(Kind::f64), c)}; }
  I32 i32(int32_t c) { return {&ir, ir.whole(type(Kind::i32), c)}; }
  I64 i64(int64_t c) { return {&ir, ir.whole(type(Kind::i64), c)}; }

  template <Kind k>
  Lane<k> fma(Lane<k> x, Lane<k> y, Lane<k> z) {
    return {&ir, ir.fma(x.v, y.v, z.v)};
  }
  template <Kind k>
  Lane<k> sqrt(Lane<k> x) {
    return unary(llvm::Intrinsic::sqrt, x);
  }
  template <Kind k>
  Lane<k> abs(Lane<k> x) {
    if constexpr (is_real(k))
      return unary(llvm::Intrinsic::fabs, x);
    else
      return select(x < Lane<k>{&ir, ir.whole(x.v, 0)}, -x, x);
  }
  template <Kind k>
  Lane<k> copysign(Lane<k> magnitude, Lane<k> sign) {
    return {&ir, ir.b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, magnitude.v, sign.v)};
  }
  template <Kind k>
  Lane<k> min(Lane<k> x, Lane<k> y) {
    return select(x < y, x, y);
  }
  template <Kind k>
  Lane<k> max(Lane<k> x, Lane<k> y) {
    return select(x > y, x, y);
  }
  template <Kind k>
  Lane<k> select(M32 m, Lane<k> x, Lane<k> y) {
    return {&ir, ir.b.CreateSelect(m.v, x.v, y.v)};
  }
  M64 widen(M32 m) { return m; }
  M32 narrow(M64 m) { return m; }
  I32 bits(F32 x) { return {&ir, ir.b.CreateBitCast(x.v, type(Kind::i32))}; }
  I64 bits(F64 x) { return {&ir, ir.b.CreateBitCast(x.v, type(Kind::i64))}; }
  F32 real(I32 x) { return {&ir, ir.b.CreateBitCast(x.v, type(Kind::f32))}; }
  F64 real(I64 x) { return {&ir, ir.b.CreateBitCast(x.v, type(Kind::f64))}; }
  template <Kind k>
  Lane<k> shl(Lane<k> x, int n) {
    return {&ir, ir.b.CreateShl(x.v, ir.whole(x.v, n))};
  }
  template <Kind k>
  Lane<k> shr(Lane<k> x, int n) {
    return {&ir, ir.b.CreateLShr(x.v, ir.whole(x.v, n))};
  }
  template <Kind k>
  Lane<k> sar(Lane<k> x, int n) {
    return {&ir, ir.b.CreateAShr(x.v, ir.whole(x.v, n))};
  }
  F64 to_f64(F32 x) { return {&ir, ir.b.CreateFPExt(x.v, type(Kind::f64))}; }
  F32 to_f32(F64 x) { return {&ir, ir.b.CreateFPTrunc(x.v, type(Kind::f32))}; }
  I64 to_i64(I32 x) { return {&ir, ir.b.CreateSExt(x.v, type(Kind::i64))}; }
  I32 to_i32(I64 x) { return {&ir, ir.b.CreateTrunc(x.v, type(Kind::i32))}; }

  /// p · 2^k, rounded once: one instruction at v4, the formula of vmath's `scale` elsewhere.
  template <Kind k, Kind exponent>
  Lane<k> scaled(Lane<k> p, Lane<exponent> n) {
    constexpr bool single = k == Kind::f32;
    const int whole_register = single ? 16 : 8;
    if (ir.level == Level::v4 && lanes >= whole_register) {
      llvm::Value* const parts[] = {p.v, ir.b.CreateSIToFP(n.v, p.v->getType())};
      return {&ir, ir.by_pieces(parts, whole_register, [&](std::span<llvm::Value* const> part) {
                return scale_register(part[0], part[1], single);
              })};
    }
    constexpr int mantissa_bits = single ? 23 : 52;
    const Lane<exponent> half = sar(n, 1), bias{&ir, ir.whole(n.v, single ? 127 : 1023)};
    return (p * real(shl(half + bias, mantissa_bits))) * real(shl(n - half + bias, mantissa_bits));
  }

  /// A load in each lane; sixteen entries fill two registers of v4, from which one instruction chooses.
  template <int size>
  F64 lookup(const double (&table)[size], I32 index) {
    if (size == 16 && ir.level == Level::v4 && lanes >= 8) {
      const auto half = [&](int first) {
        return llvm::ConstantDataVector::get(ir.module.getContext(), llvm::ArrayRef<double>(table + first, 8));
      };
      llvm::Value* const index64 = to_i64(index).v;
      return {&ir, ir.by_pieces(std::span(&index64, 1), 8, [&](std::span<llvm::Value* const> part) -> llvm::Value* {
                return ir.b.CreateIntrinsic(half(0)->getType(), llvm::Intrinsic::x86_avx512_vpermi2var_pd_512,
                                            {half(0), part[0], half(8)});
              })};
    }
    llvm::Constant* data = llvm::ConstantDataArray::get(ir.module.getContext(), llvm::ArrayRef<double>(table));
    auto* array = new llvm::GlobalVariable(ir.module, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data);
    llvm::Value* address = ir.b.CreateGEP(ir.b.getDoubleTy(), array, index.v);
    if (lanes == 0) return {&ir, ir.b.CreateLoad(ir.b.getDoubleTy(), address)};
    return {&ir, ir.b.CreateMaskedGather(type(Kind::f64), address, llvm::Align(8))};
  }
  template <int count, class Body>
  void unroll(Body body) {
    [&]<int... i>(std::integer_sequence<int, i...>) {
      (body(std::integral_constant<int, i>{}), ...);
    }(std::make_integer_sequence<int, count>{});
  }
  template <Kind k, class Slow>
  Lane<k> rare(M32 m, Lane<k> fast, Slow slow) {
    return {&ir, ir.rare(m.v, fast.v, [&] { return slow().v; })};
  }

 private:
  template <Kind k>
  Lane<k> unary(llvm::Intrinsic::ID intrinsic, Lane<k> x) {
    return {&ir, ir.b.CreateUnaryIntrinsic(intrinsic, x.v)};
  }
  llvm::Value* scale_register(llvm::Value* p, llvm::Value* n, bool single) {
    const auto id =
        single ? llvm::Intrinsic::x86_avx512_mask_scalef_ps_512 : llvm::Intrinsic::x86_avx512_mask_scalef_pd_512;
    llvm::Constant* every = llvm::Constant::getAllOnesValue(single ? ir.b.getInt16Ty() : ir.b.getInt8Ty());
    constexpr int current_rounding = 4;
    return ir.b.CreateIntrinsic(p->getType(), id, {p, n, p, every, ir.b.getInt32(current_rounding)});
  }
};
static_assert(vmath::Domain<Domain>);

}  // namespace tolk::backend
