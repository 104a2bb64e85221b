// What a level has no instruction for: fma and rounding at the portable level, the remainder of reals at every level.
//
// raven/vmath/fma_software.hpp holds the proofs; here are the same steps over IR. Both are exact, so they agree.
#include <vector>

#include "raven/tolk/llvm/internal/domain.hpp"

namespace tolk::backend {
namespace {

using llvm::Value;
using F64 = Domain::F64;
using I64 = Domain::I64;

/// x + y rounded to odd.
F64 add_to_odd(Domain& d, F64 x, F64 y) {
  const F64 sum = x + y, part = sum - x;
  const F64 error = (x - (sum - part)) + (y - part);
  const I64 bits = d.bits(sum), one = d.i64(1), infinity = d.i64(0x7ff0000000000000);
  const I64 away = d.sar(bits ^ d.bits(error), 63) | one;  // +1 when the error points away from zero, else −1
  const auto inexact = (error != d.f64(0)) & ((bits & infinity) != infinity) & ((bits & one) == d.i64(0));
  return d.real(bits + d.select(inexact, away, d.i64(0)));
}

/// Integers of one width with the operators of the formulas below.
struct Int {
  llvm::IRBuilder<>* b;
  Value* v;
  Int constant(uint64_t c) const { return {b, llvm::ConstantInt::get(v->getType(), c)}; }
  Int select(Int then, Int otherwise) const { return {b, b->CreateSelect(v, then.v, otherwise.v)}; }
  Int to(int bits) const { return {b, b->CreateZExtOrTrunc(v, b->getIntNTy(static_cast<unsigned>(bits)))}; }
  friend Int operator+(Int x, Int y) { return {x.b, x.b->CreateAdd(x.v, y.v)}; }
  friend Int operator-(Int x, Int y) { return {x.b, x.b->CreateSub(x.v, y.v)}; }
  friend Int operator*(Int x, Int y) { return {x.b, x.b->CreateMul(x.v, y.v)}; }
  friend Int operator%(Int x, Int y) { return {x.b, x.b->CreateURem(x.v, y.v)}; }
  friend Int operator&(Int x, Int y) { return {x.b, x.b->CreateAnd(x.v, y.v)}; }
  friend Int operator|(Int x, Int y) { return {x.b, x.b->CreateOr(x.v, y.v)}; }
  friend Int operator^(Int x, Int y) { return {x.b, x.b->CreateXor(x.v, y.v)}; }
  friend Int operator<<(Int x, Int n) { return {x.b, x.b->CreateShl(x.v, n.v)}; }
  friend Int operator>>(Int x, Int n) { return {x.b, x.b->CreateLShr(x.v, n.v)}; }
  friend Int operator==(Int x, Int y) { return {x.b, x.b->CreateICmpEQ(x.v, y.v)}; }
  friend Int operator!=(Int x, Int y) { return {x.b, x.b->CreateICmpNE(x.v, y.v)}; }
  friend Int operator<(Int x, Int y) { return {x.b, x.b->CreateICmpSLT(x.v, y.v)}; }  // signed
  friend Int operator>(Int x, Int y) { return {x.b, x.b->CreateICmpSGT(x.v, y.v)}; }  // signed
  Int below(Int y) const { return {b, b->CreateICmpULT(v, y.v)}; }                    // unsigned
  Int leading_zeros() const {
    return {b, b->CreateIntrinsic(llvm::Intrinsic::ctlz, {v->getType()}, {v, b->getFalse()})};
  }
};
Int smaller(Int x, Int y) { return (x < y).select(x, y); }
Int larger(Int x, Int y) { return (x > y).select(x, y); }

constexpr uint64_t fraction_bits = (uint64_t{1} << 52) - 1, implicit_bit = uint64_t{1} << 52;

/// The exponent field, and the fraction with its implicit bit, of a finite f64.
Int field_of(Int bits) { return (bits >> bits.constant(52)) & bits.constant(2047); }
Int fraction_of(Int bits) {
  const Int low = bits & bits.constant(fraction_bits);
  return (field_of(bits) == bits.constant(0)).select(low, low | bits.constant(implicit_bit));
}
Int exponent_of(Int bits) {
  const Int field = field_of(bits);
  return (field == bits.constant(0)).select(bits.constant(1), field);
}

/// a·b + c of f64 scalars in integers of 128 bits: right for every input. No branches: a case that does not apply
/// computes something in range and is dropped at the end.
void fma_exact_body(Ir& ir, llvm::Function* function) {
  llvm::IRBuilder<>& b = ir.b;
  Value *a = function->getArg(0), *multiplier = function->getArg(1), *c = function->getArg(2);
  const auto bits_of = [&](Value* x) { return Int{&b, b.CreateBitCast(x, b.getInt64Ty())}; };
  const Int abits = bits_of(a), bbits = bits_of(multiplier), cbits = bits_of(c);
  const auto number = [&](int64_t n) { return abits.constant(static_cast<uint64_t>(n)); };
  // A term that is shifted right leaves a sticky bit.
  const auto shift_sticky = [&](Int w, Int n) {
    const Int by = smaller(n, number(127)).to(128), kept = w >> by;
    const Int lost = {&b, b.CreateZExt(((kept << by) != w).v, b.getInt128Ty())};
    return kept | lost;
  };
  const auto bit_length = [&](Int w) { return number(128) - w.leading_zeros().to(64); };

  // Both terms as integer · 2^exponent with the leading bit at 125.
  Int product = fraction_of(abits).to(128) * fraction_of(bbits).to(128), addend = fraction_of(cbits).to(128);
  const Int product_shift = number(126) - bit_length(product), addend_shift = number(126) - bit_length(addend);
  const Int product_exponent = exponent_of(abits) + exponent_of(bbits) - number(2 * 1075) - product_shift;
  const Int no_addend = addend == addend.constant(0);
  const Int addend_exponent = no_addend.select(product_exponent, exponent_of(cbits) - number(1075) - addend_shift);
  product = product << product_shift.to(128), addend = addend << addend_shift.to(128);
  const Int ahead = product_exponent - addend_exponent, none = number(0);
  product = shift_sticky(product, larger(none - ahead, none));
  addend = shift_sticky(addend, larger(ahead, none));
  const Int exponent = larger(product_exponent, addend_exponent);

  const Int sign_of_product = (abits ^ bbits) >> number(63);
  const Int subtract = ((abits ^ bbits ^ cbits) >> number(63)) != none, swapped = product.below(addend);
  const Int difference = swapped.select(addend - product, product - addend);
  const Int sum = subtract.select(difference, product + addend);
  const Int negative = (subtract & swapped).select(sign_of_product ^ number(1), sign_of_product);

  // Round at the last bit of a double with this leading bit, or at 2^−1074.
  const Int last = larger(exponent + bit_length(sum) - number(53), number(-1074));
  const Int drop = last - exponent, one = sum.constant(1);
  const Int down = smaller(larger(drop, number(1)), number(127)).to(128);
  const Int cut = sum >> down, rest = sum - (cut << down), half = one << (down - one);
  const Int up = half.below(rest) | ((rest == half) & ((cut & one) == one));
  const Int rounded = cut + up.to(128);
  const Int exact = sum << smaller(larger(none - drop, none), number(127)).to(128);
  const Int kept = (drop > none).select((drop > number(127)).select(sum.constant(0), rounded), exact);
  const Int fraction = kept.to(64), carried = (fraction >> number(53)) != none;
  const Int significand = carried.select(fraction >> number(1), fraction);
  const Int biased = carried.select(last + number(1), last) + number(1075);
  const Int normal = (biased << number(52)) + (significand - number(static_cast<int64_t>(implicit_bit)));
  const Int infinity = number(int64_t{2047} << 52);
  const Int finite =
      ((significand >> number(52)) == none).select(significand, (biased > number(2046)).select(infinity, normal));
  Int result = finite | (negative << number(63));

  result = (sum == sum.constant(0)).select(none, result);  // x − x is +0 when rounding to nearest
  const Int c_special = field_of(cbits) == number(2047);
  result = c_special.select(bits_of(b.CreateFAdd(c, c)), result);
  const Int no_product = (field_of(abits) == number(2047)) | (field_of(bbits) == number(2047)) |
                         (fraction_of(abits) == none) | (fraction_of(bbits) == none);
  // NaN, infinity or an exact zero product: no rounding.
  result = no_product.select(bits_of(b.CreateFAdd(b.CreateFMul(a, multiplier), c)), result);
  b.CreateRet(b.CreateBitCast(result.v, b.getDoubleTy()));
}

llvm::Function* fma_exact(Ir& ir) {
  llvm::Type* real = ir.b.getDoubleTy();
  return ir.helper("fma_exact", llvm::FunctionType::get(real, {real, real, real}, false),
                   [&](llvm::Function* function) { fma_exact_body(ir, function); });
}

constexpr int single_lanes = 4, double_lanes = 2;  // of a portable register

llvm::Function* fma_single(Ir& ir) {
  llvm::Type* real = ir.with_lanes(ir.b.getFloatTy(), single_lanes);
  return ir.helper("fma_single", llvm::FunctionType::get(real, {real, real, real}, false), [&](llvm::Function* f) {
    Domain d{ir, single_lanes};
    const auto wide = [&](unsigned i) { return d.to_f64(Domain::F32{&ir, f->getArg(i)}); };
    const F64 product = wide(0) * wide(1);
    ir.b.CreateRet(d.to_f32(add_to_odd(d, product, wide(2))).v);
  });
}

llvm::Function* fma_double(Ir& ir) {
  llvm::Type* real = ir.with_lanes(ir.b.getDoubleTy(), double_lanes);
  llvm::Function* exact = fma_exact(ir);
  return ir.helper("fma_double", llvm::FunctionType::get(real, {real, real, real}, false), [&](llvm::Function* f) {
    Domain d{ir, double_lanes};
    const F64 a{&ir, f->getArg(0)}, b{&ir, f->getArg(1)}, c{&ir, f->getArg(2)};
    const auto exponent = [&](F64 x) { return d.shr(d.bits(x), 52) & d.i64(2047); };
    const I64 ea = exponent(a), eb = exponent(b), ec = exponent(c), low = d.i64(574), high = d.i64(1472);
    const auto unsafe = (ea < low) | (ea > high) | (eb < low) | (eb > high) | (ec > d.i64(1922));
    const auto zero = (a == d.f64(0)) | (b == d.f64(0));
    const auto slow = unsafe & !(zero & (ea < d.i64(2047)) & (eb < d.i64(2047)));
    const F64 splitter = d.f64(134217729.0);  // 2^27 + 1
    const F64 a_scaled = a * splitter, a_high = a_scaled - (a_scaled - a), a_low = a - a_high;
    const F64 b_scaled = b * splitter, b_high = b_scaled - (b_scaled - b), b_low = b - b_high;
    const F64 product = a * b;
    const F64 product_tail = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low);
    const F64 tail_sum = c + product_tail, tail_part = tail_sum - c;
    const F64 tail_error = (c - (tail_sum - tail_part)) + (product_tail - tail_part);
    const F64 sum = product + tail_sum, sum_part = sum - product;
    const F64 sum_error = (product - (sum - sum_part)) + (tail_sum - sum_part);
    const F64 fast = d.select(zero, product + c, sum + add_to_odd(d, tail_error, sum_error));
    Value* result = ir.rare(slow.v, fast.v, [&] {
      Value* const arguments[] = {a.v, b.v, c.v};
      return ir.by_lanes(exact, arguments);
    });
    ir.b.CreateRet(result);
  });
}

/// x % y of f64 scalars. The fraction of x is carried over the distance of the exponents eleven bits at a time, modulo
/// the fraction of y; every step is exact.
void remainder_body(Ir& ir, llvm::Function* function) {
  llvm::IRBuilder<>& b = ir.b;
  Value *x = function->getArg(0), *y = function->getArg(1);
  const auto bits_of = [&](Value* v) { return Int{&b, b.CreateBitCast(v, b.getInt64Ty())}; };
  const Int bits = bits_of(x);
  const auto number = [&](uint64_t n) { return bits.constant(n); };
  const Int sign = bits & number(uint64_t{1} << 63), ax = bits ^ sign;
  const Int ay = bits_of(y) & number(~uint64_t{0} >> 1), infinity = number(uint64_t{2047} << 52), none = number(0);
  const auto leave_if = [&](Int condition, Value* result) {
    llvm::BasicBlock *leave = ir.block("leave"), *go_on = ir.block("go_on");
    b.CreateCondBr(condition.v, leave, go_on);
    b.SetInsertPoint(leave);
    b.CreateRet(result);
    b.SetInsertPoint(go_on);
  };
  const Int no_result = (ay == none) | infinity.below(ay) | infinity.below(ax + number(1));
  leave_if(no_result, llvm::ConstantFP::getNaN(b.getDoubleTy()));
  leave_if(ax.below(ay), x);

  const Int modulus = fraction_of(ay), first = fraction_of(ax) % modulus, apart = exponent_of(ax) - exponent_of(ay);
  llvm::BasicBlock *from = b.GetInsertBlock(), *head = ir.block("head"), *body = ir.block("body"),
                   *done = ir.block("done");
  b.CreateBr(head);
  b.SetInsertPoint(head);
  llvm::PHINode *kept = b.CreatePHI(b.getInt64Ty(), 2), *left = b.CreatePHI(b.getInt64Ty(), 2);
  kept->addIncoming(first.v, from);
  left->addIncoming(apart.v, from);
  const Int rest{&b, kept}, distance{&b, left};
  b.CreateCondBr((distance != none).v, body, done);
  b.SetInsertPoint(body);
  const Int step = smaller(distance, number(11));
  kept->addIncoming(((rest << step) % modulus).v, body);
  left->addIncoming((distance - step).v, body);
  b.CreateBr(head);

  b.SetInsertPoint(done);
  const Int shift = rest.leading_zeros() - number(11), exponent = exponent_of(ay) - shift;
  const Int normal = (rest << shift) - number(implicit_bit) + (exponent << number(52));
  const Int subnormal = rest << smaller(exponent_of(ay) - number(1), number(63));
  const Int magnitude = (rest == none).select(none, (exponent > none).select(normal, subnormal));
  b.CreateRet(b.CreateBitCast((magnitude | sign).v, b.getDoubleTy()));
}

llvm::Function* remainder_function(Ir& ir) {
  llvm::Type* real = ir.b.getDoubleTy();
  return ir.helper("remainder", llvm::FunctionType::get(real, {real, real}, false),
                   [&](llvm::Function* function) { remainder_body(ir, function); });
}

}  // namespace

Value* Ir::fma(Value* x, Value* y, Value* z) {
  if (level != Level::portable) return b.CreateIntrinsic(llvm::Intrinsic::fma, {x->getType()}, {x, y, z});
  const bool single = x->getType()->getScalarType()->isFloatTy();
  llvm::Function* function = single ? fma_single(*this) : fma_double(*this);
  const int piece = single ? single_lanes : double_lanes, count = lanes_of(x);
  std::vector<Value*> arguments{x, y, z};
  if (count >= piece) {
    return by_pieces(arguments, piece, [&](std::span<Value* const> part) {
      return b.CreateCall(function, std::vector<Value*>(part.begin(), part.end()));
    });
  }
  // Fewer lanes than the register has: the others hold zeros.
  llvm::Type* all = with_lanes(x->getType()->getScalarType(), piece);
  for (Value*& argument : arguments) {
    if (count == 0) {
      argument = b.CreateInsertElement(llvm::Constant::getNullValue(all), argument, uint64_t{0});
    } else {
      std::vector<int> which(static_cast<size_t>(piece));
      for (int k = 0; k < piece; ++k) which[static_cast<size_t>(k)] = k < count ? k : count;
      argument = b.CreateShuffleVector(argument, llvm::Constant::getNullValue(argument->getType()), which);
    }
  }
  Value* result = b.CreateCall(function, arguments);
  return count == 0 ? b.CreateExtractElement(result, uint64_t{0}) : lanes(result, 0, count);
}

Value* Ir::round(llvm::Intrinsic::ID intrinsic, Value* a) {
  if (level != Level::portable) return b.CreateUnaryIntrinsic(intrinsic, a);
  // Adding and subtracting 2^23 (2^52) rounds to even; larger values are whole. What went past a is taken back.
  const bool single = a->getType()->getScalarType()->isFloatTy();
  Value *magnitude = b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a), *magic = real(a, single ? 0x1p23 : 0x1p52);
  Value *one = real(a, 1), *zero = real(a, 0), *even = b.CreateFSub(b.CreateFAdd(magnitude, magic), magic);
  Value* past = even;
  if (intrinsic == llvm::Intrinsic::trunc) {
    past = b.CreateFSub(even, b.CreateSelect(b.CreateFCmpOGT(even, magnitude), one, zero));
  } else if (intrinsic != llvm::Intrinsic::rint) {
    const bool down = intrinsic == llvm::Intrinsic::floor;
    Value* whole_number = b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, even, a);
    Value* wrong = down ? b.CreateFCmpOGT(whole_number, a) : b.CreateFCmpOLT(whole_number, a);
    Value* correction = b.CreateSelect(wrong, one, zero);
    past = down ? b.CreateFSub(whole_number, correction) : b.CreateFAdd(whole_number, correction);
  }
  Value* rounded = b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, past, a);
  return b.CreateSelect(b.CreateFCmpOLT(magnitude, magic), rounded, a);
}

Value* Ir::remainder(Value* x, Value* y) {
  llvm::Type *given = x->getType(), *wide = with_lanes(b.getDoubleTy(), lanes_of(x));
  const bool single = given->getScalarType()->isFloatTy();
  Value* const arguments[] = {single ? b.CreateFPExt(x, wide) : x, single ? b.CreateFPExt(y, wide) : y};
  Value* result = by_lanes(remainder_function(*this), arguments);
  return single ? b.CreateFPTrunc(result, given) : result;  // exact: no smaller than the last place of x or y
}

}  // namespace tolk::backend
