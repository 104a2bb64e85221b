#pragma once
// What the parts of the emitter share: a module under construction, its instruction builder and the CPU level.
//
// A value is a scalar or a vector of `lanes` elements; every helper takes either. Booleans are i1.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include <functional>
#include <span>

#include "raven/tolk/loop/loop.hpp"

namespace tolk::backend {

using loop::Type;

/// raven::CpuLevel, which this library does not know.
enum class Level { portable, v3, v4 };
constexpr int vector_bytes(Level level) { return level == Level::v4 ? 64 : level == Level::v3 ? 32 : 16; }

/// Lanes of a vector type; 0 of a scalar.
inline int lanes_of(const llvm::Type* type) {
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  return vector == nullptr ? 0 : static_cast<int>(vector->getNumElements());
}
inline int lanes_of(const llvm::Value* value) { return lanes_of(value->getType()); }

class Ir {
 public:
  Ir(llvm::Module& module, Level level) : module(module), level(level), b(module.getContext()) {}

  llvm::Module& module;
  const Level level;
  llvm::IRBuilder<> b;

  /// The type of values in registers; `lanes` 0: a scalar.
  llvm::Type* type(Type type, int lanes);
  llvm::Type* with_lanes(llvm::Type* element, int lanes) {
    return lanes == 0 ? element : llvm::FixedVectorType::get(element, static_cast<unsigned>(lanes));
  }
  /// An integer type, or a vector of it, as `like` has lanes.
  llvm::Type* integers(int bits, const llvm::Value* like) { return with_lanes(b.getIntNTy(bits), lanes_of(like)); }
  /// The constant in each lane of a type.
  llvm::Constant* whole(llvm::Type* type, int64_t c) {
    return llvm::ConstantInt::get(type, static_cast<uint64_t>(c), true);
  }
  llvm::Constant* whole(const llvm::Value* like, int64_t c) { return whole(like->getType(), c); }
  llvm::Constant* real(llvm::Type* type, double c) { return llvm::ConstantFP::get(type, c); }
  llvm::Constant* real(const llvm::Value* like, double c) { return real(like->getType(), c); }
  /// 0, 1, … lanes − 1.
  llvm::Constant* iota(int bits, int lanes, int64_t step = 1);
  /// A scalar in each of `lanes` lanes; a vector stays.
  llvm::Value* splat(llvm::Value* scalar, int lanes);

  /// Whether a lane is true, as a scalar i1.
  llvm::Value* any(llvm::Value* mask);
  /// The first true lane of a mask that has one, as i32.
  llvm::Value* first_lane(llvm::Value* mask);
  /// Room on the stack, made once per call of the function.
  llvm::AllocaInst* stack(llvm::Type* type);
  llvm::BasicBlock* block(const char* name) {
    return llvm::BasicBlock::Create(module.getContext(), name, b.GetInsertBlock()->getParent());
  }
  /// A branch whose true side is hardly ever taken: it is laid out behind the rest.
  void branch_rarely(llvm::Value* condition, llvm::BasicBlock* rare, llvm::BasicBlock* usual) {
    b.CreateCondBr(condition, rare, usual, llvm::MDBuilder(module.getContext()).createUnlikelyBranchWeights());
  }
  /// select(mask, slow(), fast), where slow() runs only if some lane is in the mask.
  template <class Slow>
  llvm::Value* rare(llvm::Value* mask, llvm::Value* fast, Slow slow) {
    llvm::BasicBlock *from = b.GetInsertBlock(), *slow_block = block("rare"), *join = block("usual");
    branch_rarely(any(mask), slow_block, join);
    b.SetInsertPoint(slow_block);
    llvm::Value* chosen = b.CreateSelect(mask, slow(), fast);
    llvm::BasicBlock* slow_end = b.GetInsertBlock();
    b.CreateBr(join);
    b.SetInsertPoint(join);
    llvm::PHINode* result = b.CreatePHI(fast->getType(), 2);
    result->addIncoming(fast, from);
    result->addIncoming(chosen, slow_end);
    return result;
  }
  /// for k = 0 … count − 1: body(k). `count` is an i64 and at least 1.
  template <class Body>
  void repeat(llvm::Value* count, Body body) {
    llvm::BasicBlock *from = b.GetInsertBlock(), *head = block("repeat"), *done = block("done");
    b.CreateBr(head);
    b.SetInsertPoint(head);
    llvm::PHINode* k = b.CreatePHI(b.getInt64Ty(), 2);
    k->addIncoming(b.getInt64(0), from);
    body(k);
    llvm::Value* next = b.CreateAdd(k, b.getInt64(1));
    k->addIncoming(next, b.GetInsertBlock());
    b.CreateCondBr(b.CreateICmpULT(next, count), head, done);
    b.SetInsertPoint(done);
  }
  /// Runs body if the condition holds.
  template <class Body>
  void when(llvm::Value* condition, Body body) {
    llvm::BasicBlock *then = block("then"), *done = block("after");
    b.CreateCondBr(condition, then, done);
    b.SetInsertPoint(then);
    body();
    b.CreateBr(done);
    b.SetInsertPoint(done);
  }

  /// Applies `f` to pieces of at most `piece` lanes of the arguments and joins the results.
  llvm::Value* by_pieces(std::span<llvm::Value* const> arguments, int piece,
                         const std::function<llvm::Value*(std::span<llvm::Value* const>)>& f);
  /// Calls a function of scalars for one lane after the other.
  llvm::Value* by_lanes(llvm::Function* function, std::span<llvm::Value* const> arguments);
  llvm::Value* join(std::span<llvm::Value* const> parts);
  llvm::Value* lanes(llvm::Value* vector, int from, int count);

  /// Exact a·b + c with one rounding.
  llvm::Value* fma(llvm::Value* a, llvm::Value* b, llvm::Value* c);
  /// floor, ceil, trunc or rint by `intrinsic`; where no instruction does it, from arithmetic.
  llvm::Value* round(llvm::Intrinsic::ID intrinsic, llvm::Value* a);
  /// fmod of f32 or f64.
  llvm::Value* remainder(llvm::Value* a, llvm::Value* b);

  /// The functions that the module has for its own use, by name; made by `body` at the first call.
  llvm::Function* helper(const char* name, llvm::FunctionType* type, const std::function<void(llvm::Function*)>& body);
  /// The attributes that code generation depends on.
  void prepare(llvm::Function* function);
};

}  // namespace tolk::backend
