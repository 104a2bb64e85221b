#include "raven/tolk/llvm/internal/memory.hpp"

#include <algorithm>
#include <vector>

namespace tolk::backend {
namespace {

using llvm::Value;

llvm::Align alignment_of(const Elements& e) { return llvm::Align(e.element->getPrimitiveSizeInBits() / 8); }

/// Whether the level has masked loads and stores of consecutive elements of this type.
bool masks_consecutive(const Ir& ir, const Elements& e) {
  return ir.level == Level::v4 || (ir.level == Level::v3 && alignment_of(e).value() >= 4);
}
/// Whether it gathers and scatters under a mask.
bool masks_scattered(const Ir& ir, const Elements& e) { return ir.level == Level::v4 && alignment_of(e).value() >= 4; }

Value* reversed(Ir& ir, Value* vector) {
  std::vector<int> which(static_cast<size_t>(lanes_of(vector)));
  for (size_t k = 0; k < which.size(); ++k) which[k] = static_cast<int>(which.size() - 1 - k);
  return ir.b.CreateShuffleVector(vector, which);
}

/// The address of the lowest lane of a run of consecutive elements, upwards or downwards.
Value* lowest_address(Ir& ir, const Elements& e, int lanes) {
  Value* index = e.stride > 0 ? e.index : ir.b.CreateSub(e.index, ir.b.getInt64(static_cast<uint64_t>(lanes - 1)));
  return ir.b.CreateGEP(e.element, e.base, index);
}

/// One address per lane.
Value* addresses(Ir& ir, const Elements& e, int lanes) {
  if (!e.strided) return ir.b.CreateGEP(e.element, e.base, e.index);
  return ir.b.CreateGEP(e.element, ir.b.CreateGEP(e.element, e.base, e.index), ir.iota(64, lanes, e.stride));
}

/// body(k, address of lane k's element) for the active lanes, in order.
template <class Body>
void one_by_one(Ir& ir, const Elements& e, int lanes, Active active, Body body) {
  llvm::IRBuilder<>& b = ir.b;
  llvm::AllocaInst *index = nullptr, *mask = nullptr;
  if (!e.strided) {
    index = ir.stack(e.index->getType());
    b.CreateStore(e.index, index);
  }
  const bool by_count = active.mask == nullptr || active.count != nullptr;
  if (!by_count) {
    llvm::Type* bytes = ir.with_lanes(b.getInt8Ty(), lanes);
    mask = ir.stack(bytes);
    b.CreateStore(b.CreateZExt(active.mask, bytes), mask);
  }
  Value* count = active.mask != nullptr && by_count ? active.count : b.getInt64(static_cast<uint64_t>(lanes));
  ir.repeat(count, [&](Value* k) {
    const auto run = [&] {
      Value* at = e.strided ? b.CreateAdd(e.index, b.CreateMul(k, b.getInt64(static_cast<uint64_t>(e.stride))))
                            : b.CreateLoad(b.getInt64Ty(), b.CreateGEP(b.getInt64Ty(), index, k));
      body(k, b.CreateGEP(e.element, e.base, at));
    };
    if (by_count) return run();
    Value* bit = b.CreateLoad(b.getInt8Ty(), b.CreateGEP(b.getInt8Ty(), mask, k));
    ir.when(b.CreateICmpNE(bit, b.getInt8(0)), run);
  });
}

/// To an aligned address past the caches, else as usual. The test is predicted: consecutive vectors all go one way.
void store_past_caches(Ir& ir, Value* value, Value* address, llvm::Align element) {
  llvm::IRBuilder<>& b = ir.b;
  const auto bytes = value->getType()->getPrimitiveSizeInBits() / 8;
  const auto aligned = std::min<uint64_t>(bytes, static_cast<uint64_t>(vector_bytes(ir.level)));
  llvm::BasicBlock *past = ir.block("past"), *usual = ir.block("usual"), *done = ir.block("stored");
  Value* low = b.CreateAnd(b.CreatePtrToInt(address, b.getInt64Ty()), b.getInt64(aligned - 1));
  b.CreateCondBr(b.CreateICmpEQ(low, b.getInt64(0)), past, usual);
  b.SetInsertPoint(past);
  llvm::StoreInst* store = b.CreateAlignedStore(value, address, llvm::Align(aligned));
  llvm::LLVMContext& context = ir.module.getContext();
  store->setMetadata(llvm::LLVMContext::MD_nontemporal,
                     llvm::MDNode::get(context, llvm::ConstantAsMetadata::get(b.getInt32(1))));
  b.CreateBr(done);
  b.SetInsertPoint(usual);
  b.CreateAlignedStore(value, address, element);
  b.CreateBr(done);
  b.SetInsertPoint(done);
}

/// A square of n registers of n lanes, in place: the blocks off the diagonal change places, at every size (Eklundh
/// 1972).
void transpose(Ir& ir, std::vector<Value*>& rows) {
  const int n = static_cast<int>(rows.size());
  for (int half = n / 2; half > 0; half /= 2) {
    std::vector<int> low, high;
    for (int k = 0; k < n; ++k) {
      low.push_back((k & half) == 0 ? k : n + k - half);
      high.push_back((k & half) == 0 ? k + half : n + k);
    }
    for (int r = 0; r < n; ++r) {
      if ((r & half) != 0) continue;
      Value *&upper = rows[static_cast<size_t>(r)], *&lower = rows[static_cast<size_t>(r + half)];
      Value* first = ir.b.CreateShuffleVector(upper, lower, low);
      lower = ir.b.CreateShuffleVector(upper, lower, high);
      upper = first;
    }
  }
}

}  // namespace

Value* load_lanes(Ir& ir, const Elements& e, int lanes, Active active, Value* otherwise) {
  llvm::IRBuilder<>& b = ir.b;
  llvm::Type* type = ir.with_lanes(e.element, lanes);
  const llvm::Align align = alignment_of(e);
  const bool consecutive = e.strided && (e.stride == 1 || e.stride == -1);
  if (consecutive && (active.mask == nullptr || masks_consecutive(ir, e))) {
    const auto in_order = [&](Value* vector) { return e.stride > 0 ? vector : reversed(ir, vector); };
    Value* address = lowest_address(ir, e, lanes);
    if (active.mask == nullptr) return in_order(b.CreateAlignedLoad(type, address, align));
    return in_order(b.CreateMaskedLoad(type, address, align, in_order(active.mask), in_order(otherwise)));
  }
  if (active.mask == nullptr || masks_scattered(ir, e))
    return b.CreateMaskedGather(type, addresses(ir, e, lanes), align, active.mask, otherwise);
  llvm::AllocaInst* result = ir.stack(type);
  b.CreateStore(otherwise, result);
  one_by_one(ir, e, lanes, active, [&](Value* k, Value* address) {
    b.CreateStore(b.CreateLoad(e.element, address), b.CreateGEP(e.element, result, k));
  });
  return b.CreateLoad(type, result);
}

void store_lanes(Ir& ir, const Elements& e, Value* value, Active active, bool past_caches) {
  llvm::IRBuilder<>& b = ir.b;
  const int lanes = lanes_of(value);
  const llvm::Align align = alignment_of(e);
  const bool consecutive = e.strided && (e.stride == 1 || e.stride == -1);
  if (consecutive && (active.mask == nullptr || masks_consecutive(ir, e))) {
    const auto in_order = [&](Value* vector) { return e.stride > 0 ? vector : reversed(ir, vector); };
    Value* address = lowest_address(ir, e, lanes);
    if (active.mask != nullptr) {
      b.CreateMaskedStore(in_order(value), address, align, in_order(active.mask));
    } else if (past_caches) {
      store_past_caches(ir, in_order(value), address, align);
    } else {
      b.CreateAlignedStore(in_order(value), address, align);
    }
    return;
  }
  const bool distinct = !e.strided || e.stride != 0;
  if (distinct && (active.mask == nullptr || masks_scattered(ir, e))) {
    b.CreateMaskedScatter(value, addresses(ir, e, lanes), align, active.mask);
    return;
  }
  llvm::AllocaInst* values = ir.stack(value->getType());
  b.CreateStore(value, values);
  one_by_one(ir, e, lanes, active, [&](Value* k, Value* address) {
    b.CreateStore(b.CreateLoad(e.element, b.CreateGEP(e.element, values, k)), address);
  });
}

void transpose_square(Ir& ir, const Square& square, int side) {
  llvm::IRBuilder<>& b = ir.b;
  const int size = static_cast<int>(square.element->getPrimitiveSizeInBits() / 8);
  const int n = std::min(side, vector_bytes(ir.level) / size);
  llvm::Type* row = ir.with_lanes(square.element, n);
  const llvm::Align align(static_cast<uint64_t>(size));
  const auto address = [&](Value* first, int64_t stride, int line, int column) {
    return b.CreateConstGEP1_64(square.element, first, static_cast<uint64_t>(line * stride + column));
  };
  for (int r = 0; r < side; r += n)
    for (int k = 0; k < side; k += n) {
      std::vector<Value*> rows;
      for (int i = 0; i < n; ++i)
        rows.push_back(b.CreateAlignedLoad(row, address(square.from, square.from_stride, r + i, k), align));
      transpose(ir, rows);
      for (int i = 0; i < n; ++i)
        b.CreateAlignedStore(rows[static_cast<size_t>(i)], address(square.to, square.to_stride, k + i, r), align);
    }
}

}  // namespace tolk::backend
