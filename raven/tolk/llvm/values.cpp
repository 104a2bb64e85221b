// What each VALUE code is in IR; the formulas are those of raven/nx/cpu/kernels.
#include "raven/tolk/llvm/internal/math.hpp"

namespace tolk::backend {
namespace {

using llvm::Value;
using loop::Code;

/// Operands and type of one node, and the builder.
struct Node {
  Ir& ir;
  llvm::IRBuilder<>& b;
  Type type;  ///< of the data operands
  Value *x, *y, *z;

  bool real() const { return loop::is_real(type); }
  bool truth() const { return type == Type::b1; }
  bool is_signed() const { return loop::is_signed(type); }
  Value* zero() const { return llvm::Constant::getNullValue(x->getType()); }
  Value* whole(int64_t c) const { return ir.whole(x, c); }
  int bits() const { return loop::size_of(type) * 8; }
};

/// −1, 0 or 1; NaN stays.
Value* sign(const Node& n) {
  llvm::IRBuilder<>& b = n.b;
  if (!n.real()) {
    llvm::Type* type = n.x->getType();
    Value* above = b.CreateZExt(n.is_signed() ? b.CreateICmpSGT(n.x, n.zero()) : b.CreateICmpNE(n.x, n.zero()), type);
    return n.is_signed() ? b.CreateSub(above, b.CreateZExt(b.CreateICmpSLT(n.x, n.zero()), type)) : above;
  }
  Value *one = n.ir.real(n.x, 1), *zero = n.ir.real(n.x, 0);
  Value* above = b.CreateSelect(b.CreateFCmpOGT(n.x, zero), one, zero);
  Value* below = b.CreateSelect(b.CreateFCmpOLT(n.x, zero), one, zero);
  return b.CreateSelect(b.CreateFCmpUNO(n.x, n.x), n.x, b.CreateFSub(above, below));
}

/// The larger (smaller) operand; NaN in either is the result. The inner select is one instruction.
Value* extreme(const Node& n, bool largest) {
  llvm::IRBuilder<>& b = n.b;
  if (n.truth()) return largest ? b.CreateOr(n.x, n.y) : b.CreateAnd(n.x, n.y);
  if (!n.real()) {
    const auto id = n.is_signed() ? (largest ? llvm::Intrinsic::smax : llvm::Intrinsic::smin)
                                  : (largest ? llvm::Intrinsic::umax : llvm::Intrinsic::umin);
    return b.CreateBinaryIntrinsic(id, n.x, n.y);
  }
  Value* ordered = largest ? b.CreateFCmpOGT(n.x, n.y) : b.CreateFCmpOLT(n.x, n.y);
  return b.CreateSelect(b.CreateFCmpUNO(n.x, n.x), n.x, b.CreateSelect(ordered, n.x, n.y));
}

/// Truncated quotient or remainder of integers. No divisor reaches the instruction that would trap.
Value* divide(const Node& n, bool quotient) {
  llvm::IRBuilder<>& b = n.b;
  Value* by_zero = b.CreateICmpEQ(n.y, n.zero());
  if (!n.is_signed()) {
    Value* divisor = b.CreateSelect(by_zero, n.whole(1), n.y);
    Value* result = quotient ? b.CreateUDiv(n.x, divisor) : b.CreateURem(n.x, divisor);
    return b.CreateSelect(by_zero, n.zero(), result);
  }
  Value* by_minus_one = b.CreateICmpEQ(n.y, n.whole(-1));
  Value* divisor = b.CreateSelect(b.CreateOr(by_zero, by_minus_one), n.whole(1), n.y);
  Value* usual = quotient ? b.CreateSDiv(n.x, divisor) : b.CreateSRem(n.x, divisor);
  Value* result = b.CreateSelect(by_minus_one, quotient ? b.CreateNeg(n.x) : n.zero(), usual);
  return b.CreateSelect(by_zero, n.zero(), result);
}

/// By squaring, modulo 2^n; a negative exponent gives the truncated true value.
Value* integer_power(const Node& n) {
  llvm::IRBuilder<>& b = n.b;
  Value *one = n.whole(1), *negative = b.CreateICmpSLT(n.y, n.zero());
  Value* exponent = n.is_signed() ? b.CreateSelect(negative, n.zero(), n.y) : n.y;
  llvm::BasicBlock *from = b.GetInsertBlock(), *head = n.ir.block("square"), *done = n.ir.block("squared");
  b.CreateBr(head);
  b.SetInsertPoint(head);
  const auto carried = [&](Value* first) {
    llvm::PHINode* phi = b.CreatePHI(n.x->getType(), 2);
    phi->addIncoming(first, from);
    return phi;
  };
  llvm::PHINode *result = carried(one), *power = carried(n.x), *left = carried(exponent);
  Value* odd = b.CreateICmpNE(b.CreateAnd(left, one), n.zero());
  Value* product = b.CreateSelect(odd, b.CreateMul(result, power), result);
  Value* next = b.CreateLShr(left, one);
  result->addIncoming(product, head);
  power->addIncoming(b.CreateMul(power, power), head);
  left->addIncoming(next, head);
  b.CreateCondBr(n.ir.any(b.CreateICmpNE(next, n.zero())), head, done);
  b.SetInsertPoint(done);
  if (!n.is_signed()) return product;
  Value* minus_one = n.whole(-1);
  Value* alternating = b.CreateSelect(b.CreateICmpEQ(b.CreateAnd(n.y, one), n.zero()), one, minus_one);
  Value* other = b.CreateSelect(b.CreateICmpEQ(n.x, minus_one), alternating, n.zero());
  return b.CreateSelect(negative, b.CreateSelect(b.CreateICmpEQ(n.x, one), one, other), product);
}

/// A count outside [0, width) shifts everything out: 0, or the sign fill of a right shift.
Value* shift(const Node& n, bool left) {
  llvm::IRBuilder<>& b = n.b;
  Value* inside = b.CreateICmpULT(n.y, n.whole(n.bits()));
  Value* count = b.CreateAnd(n.y, n.whole(n.bits() - 1));
  if (left) return b.CreateSelect(inside, b.CreateShl(n.x, count), n.zero());
  if (!n.is_signed()) return b.CreateSelect(inside, b.CreateLShr(n.x, count), n.zero());
  return b.CreateAShr(n.x, b.CreateSelect(inside, count, n.whole(n.bits() - 1)));
}

/// Real → integer truncates and saturates, NaN → 0; integers wrap; to b1: ≠ 0.
Value* cast(const Node& n, Type to) {
  llvm::IRBuilder<>& b = n.b;
  llvm::Type* type = n.ir.type(to, lanes_of(n.x));
  if (n.type == to) return n.x;
  if (to == Type::b1) {
    return n.real() ? b.CreateFCmpUNE(n.x, n.ir.real(n.x, 0)) : b.CreateICmpNE(n.x, n.zero());
  }
  if (loop::is_real(to)) {
    if (n.real()) return to == Type::f64 ? b.CreateFPExt(n.x, type) : b.CreateFPTrunc(n.x, type);
    return n.is_signed() ? b.CreateSIToFP(n.x, type) : b.CreateUIToFP(n.x, type);
  }
  if (!n.real()) return n.is_signed() ? b.CreateSExtOrTrunc(n.x, type) : b.CreateZExtOrTrunc(n.x, type);
  // The least value ≥ 2^digits bounds the range from above, the least integer is a real itself. Lanes outside are
  // replaced: what the instruction gives for them is not used.
  const int bits = loop::size_of(to) * 8;
  const bool with_sign = loop::is_signed(to);
  const double above = with_sign ? 0x1p63 / static_cast<double>(uint64_t{1} << (64 - bits))
                                 : 2 * static_cast<double>(uint64_t{1} << (bits - 1));
  const double least = with_sign ? -above : 0;
  const uint64_t top = (~uint64_t{0} >> (64 - bits)) >> (with_sign ? 1 : 0);
  Value* inside = b.CreateAnd(b.CreateFCmpOGT(n.x, n.ir.real(n.x, least)), b.CreateFCmpOLT(n.x, n.ir.real(n.x, above)));
  Value* harmless = b.CreateSelect(inside, n.x, n.ir.real(n.x, 0));
  Value* usual = with_sign ? b.CreateFPToSI(harmless, type) : b.CreateFPToUI(harmless, type);
  Value* highest = llvm::ConstantInt::get(type, top);
  Value* lowest = with_sign ? llvm::ConstantInt::get(type, uint64_t{1} << (bits - 1)) : llvm::ConstantInt::get(type, 0);
  Value* nothing = llvm::Constant::getNullValue(type);
  Value* limit = b.CreateSelect(b.CreateFCmpOGE(n.x, n.ir.real(n.x, above)), highest, nothing);
  limit = b.CreateSelect(b.CreateFCmpOLE(n.x, n.ir.real(n.x, least)), lowest, limit);
  return b.CreateSelect(inside, usual, limit);
}

Value* predicate(const Node& n, Code code) {
  using P = llvm::CmpInst::Predicate;
  const bool s = n.is_signed();
  switch (code) {
    case Code::eq: return n.b.CreateCmp(n.real() ? P::FCMP_OEQ : P::ICMP_EQ, n.x, n.y);
    case Code::ne: return n.b.CreateCmp(n.real() ? P::FCMP_UNE : P::ICMP_NE, n.x, n.y);
    case Code::lt: return n.b.CreateCmp(n.real() ? P::FCMP_OLT : s ? P::ICMP_SLT : P::ICMP_ULT, n.x, n.y);
    default: return n.b.CreateCmp(n.real() ? P::FCMP_OLE : s ? P::ICMP_SLE : P::ICMP_ULE, n.x, n.y);
  }
}

}  // namespace

Value* compute(Ir& ir, Code code, Type from, Type to, Value* x, Value* y, Value* z) {
  const Node n{ir, ir.b, from, x, y, z};
  llvm::IRBuilder<>& b = ir.b;
  switch (code) {
    case Code::neg: return n.real() ? b.CreateFNeg(x) : b.CreateNeg(x);
    case Code::abs:
      if (n.real()) return b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x);
      return n.is_signed() ? b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, x, b.getFalse()) : x;
    case Code::sign: return sign(n);
    case Code::bit_not: return b.CreateNot(x);
    case Code::sqrt: return b.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, x);
    case Code::floor: return ir.round(llvm::Intrinsic::floor, x);
    case Code::ceil: return ir.round(llvm::Intrinsic::ceil, x);
    case Code::trunc: return ir.round(llvm::Intrinsic::trunc, x);
    case Code::round_even: return ir.round(llvm::Intrinsic::rint, x);
    case Code::popcount: return b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, x);
    case Code::trailing_zeros: return b.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, x, b.getFalse());
    case Code::add: return n.real() ? b.CreateFAdd(x, y) : n.truth() ? b.CreateOr(x, y) : b.CreateAdd(x, y);
    case Code::sub: return n.real() ? b.CreateFSub(x, y) : b.CreateSub(x, y);
    case Code::mul: return n.real() ? b.CreateFMul(x, y) : n.truth() ? b.CreateAnd(x, y) : b.CreateMul(x, y);
    case Code::div: return b.CreateFDiv(x, y);
    case Code::idiv: return divide(n, true);
    case Code::rem: return n.real() ? ir.remainder(x, y) : divide(n, false);
    case Code::pow: return n.real() ? real_function(ir, code, x, y) : integer_power(n);
    case Code::maximum: return extreme(n, true);
    case Code::minimum: return extreme(n, false);
    case Code::bit_and: return b.CreateAnd(x, y);
    case Code::bit_or: return b.CreateOr(x, y);
    case Code::bit_xor: return b.CreateXor(x, y);
    case Code::shl: return shift(n, true);
    case Code::shr: return shift(n, false);
    case Code::eq:
    case Code::ne:
    case Code::lt:
    case Code::le: return predicate(n, code);
    case Code::select: return b.CreateSelect(x, y, z);
    case Code::cast: return cast(n, to);
    case Code::bitcast: return b.CreateBitCast(x, ir.type(to, lanes_of(x)));
    default: return real_function(ir, code, x, y);
  }
}

}  // namespace tolk::backend
