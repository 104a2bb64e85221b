#include "raven/tolk/llvm/internal/ir.hpp"

#include <vector>

namespace tolk::backend {

llvm::Type* Ir::type(Type type, int lanes) {
  switch (type) {
    case Type::f32: return with_lanes(b.getFloatTy(), lanes);
    case Type::f64: return with_lanes(b.getDoubleTy(), lanes);
    case Type::b1: return with_lanes(b.getInt1Ty(), lanes);
    default: return with_lanes(b.getIntNTy(static_cast<unsigned>(loop::size_of(type)) * 8), lanes);
  }
}

llvm::Constant* Ir::iota(int bits, int lanes, int64_t step) {
  llvm::IntegerType* element = b.getIntNTy(static_cast<unsigned>(bits));
  std::vector<llvm::Constant*> values;
  for (uint64_t k = 0; k < static_cast<uint64_t>(lanes); ++k)  // wraps, as indices do
    values.push_back(whole(element, static_cast<int64_t>(k * static_cast<uint64_t>(step))));
  return llvm::ConstantVector::get(values);
}

llvm::Value* Ir::splat(llvm::Value* scalar, int lanes) {
  if (lanes == 0 || scalar->getType()->isVectorTy()) return scalar;
  return b.CreateVectorSplat(static_cast<unsigned>(lanes), scalar);
}

llvm::Value* Ir::any(llvm::Value* mask) {
  const int lanes = lanes_of(mask);
  if (lanes == 0) return mask;
  return b.CreateICmpNE(b.CreateBitCast(mask, b.getIntNTy(static_cast<unsigned>(lanes))),
                        b.getIntN(static_cast<unsigned>(lanes), 0));
}

llvm::Value* Ir::first_lane(llvm::Value* mask) {
  llvm::Value* bits = b.CreateBitCast(mask, b.getIntNTy(static_cast<unsigned>(lanes_of(mask))));
  llvm::Value* first = b.CreateIntrinsic(llvm::Intrinsic::cttz, {bits->getType()}, {bits, b.getTrue()});
  return b.CreateZExtOrTrunc(first, b.getInt32Ty());
}

llvm::AllocaInst* Ir::stack(llvm::Type* type) {
  llvm::BasicBlock& entry = b.GetInsertBlock()->getParent()->getEntryBlock();
  llvm::IRBuilder<> at(&entry, entry.begin());
  return at.CreateAlloca(type);
}

llvm::Value* Ir::lanes(llvm::Value* vector, int from, int count) {
  std::vector<int> which(static_cast<size_t>(count));
  for (int k = 0; k < count; ++k) which[static_cast<size_t>(k)] = from + k;
  return b.CreateShuffleVector(vector, which);
}

llvm::Value* Ir::join(std::span<llvm::Value* const> parts) {
  if (parts.size() == 1) return parts[0];
  const size_t half = parts.size() / 2;
  llvm::Value *low = join(parts.first(half)), *high = join(parts.subspan(half));
  const int low_lanes = lanes_of(low), high_lanes = lanes_of(high);
  std::vector<int> which(static_cast<size_t>(low_lanes + high_lanes));
  for (size_t k = 0; k < which.size(); ++k) which[k] = static_cast<int>(k);
  return b.CreateShuffleVector(low, high, which);
}

llvm::Value* Ir::by_pieces(std::span<llvm::Value* const> arguments, int piece,
                           const std::function<llvm::Value*(std::span<llvm::Value* const>)>& f) {
  const int count = lanes_of(arguments[0]);
  if (count <= piece) return f(arguments);
  std::vector<llvm::Value*> results;
  for (int from = 0; from < count; from += piece) {  // lanes are a power of two, and so is a piece
    std::vector<llvm::Value*> part;
    for (llvm::Value* argument : arguments) part.push_back(lanes(argument, from, piece));
    results.push_back(f(part));
  }
  return join(results);
}

llvm::Value* Ir::by_lanes(llvm::Function* function, std::span<llvm::Value* const> arguments) {
  const int count = lanes_of(arguments[0]);
  const std::vector<llvm::Value*> scalars(arguments.begin(), arguments.end());
  if (count == 0) return b.CreateCall(function, scalars);
  std::vector<llvm::AllocaInst*> inputs;
  for (llvm::Value* argument : arguments) {
    inputs.push_back(stack(argument->getType()));
    b.CreateStore(argument, inputs.back());
  }
  llvm::Type *element = function->getReturnType(), *all = with_lanes(element, count);
  llvm::AllocaInst* results = stack(all);
  repeat(b.getInt64(static_cast<uint64_t>(count)), [&](llvm::Value* k) {
    std::vector<llvm::Value*> lane;
    for (size_t i = 0; i < inputs.size(); ++i) {
      llvm::Type* type = arguments[i]->getType()->getScalarType();
      lane.push_back(b.CreateLoad(type, b.CreateGEP(type, inputs[i], k)));
    }
    b.CreateStore(b.CreateCall(function, lane), b.CreateGEP(element, results, k));
  });
  return b.CreateLoad(all, results);
}

llvm::Function* Ir::helper(const char* name, llvm::FunctionType* type,
                           const std::function<void(llvm::Function*)>& body) {
  if (llvm::Function* made = module.getFunction(name)) return made;
  llvm::Function* function = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module);
  prepare(function);
  const llvm::IRBuilderBase::InsertPointGuard guard(b);
  b.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "entry", function));
  body(function);
  return function;
}

void Ir::prepare(llvm::Function* function) {
  static constexpr const char* cpu[] = {"x86-64", "x86-64-v3", "x86-64-v4"};
  static constexpr const char* width[] = {"128", "256", "512"};
  function->setDoesNotThrow();
  function->addFnAttr("target-cpu", cpu[static_cast<int>(level)]);
  function->addFnAttr("tune-cpu", "generic");
  function->addFnAttr("prefer-vector-width", width[static_cast<int>(level)]);
  function->addFnAttr("min-legal-vector-width", width[static_cast<int>(level)]);
}

}  // namespace tolk::backend
