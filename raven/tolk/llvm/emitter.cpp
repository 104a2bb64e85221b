// One pass over the nodes. What depends on the lane is a vector, what does not a scalar (analysis.hpp); registers are
// values in single assignment with phis at loops.
//
//   lanes a b   main: whole vectors while W iterations are left;  tail: the rest, under a mask. Before stores past the
//               caches the tail runs first too, over a head: the elements before their boundary
//
// The body is emitted twice; where the bounds are constants and a part has nothing to do, once. A check that fails in
// the first lane reports. In a later lane, earlier ones may still fail another check, which scalar order would meet
// first: the tail runs once more with those lanes alone, and what was found is reported after it.
#include "raven/tolk/llvm/internal/emitter.hpp"

#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "raven/tolk/llvm/internal/analysis.hpp"
#include "raven/tolk/llvm/internal/math.hpp"
#include "raven/tolk/llvm/internal/memory.hpp"

namespace tolk::backend {
namespace {

using llvm::BasicBlock;
using llvm::PHINode;
using llvm::Value;
using loop::Code;
using loop::Kernel;
using loop::Kind;
using loop::no_id;
using loop::Node;

class Emitter {
 public:
  Emitter(Ir& ir, const Kernel& kernel)
      : ir_(ir),
        b_(ir.b),
        kernel_(kernel),
        analysis_(kernel, vector_bytes(ir.level)),
        scalar_(kernel.nodes.size()),
        vector_(kernel.nodes.size()),
        register_(kernel.nodes.size()) {}

  void run();

 private:
  /// Lanes that are being emitted.
  struct Region {
    Id block = no_id;
    int lanes = 0;  ///< 0: scalars
    Active active;
    BasicBlock* before = nullptr;  ///< splats of values from outside go to its end
    std::map<Id, Value*> splats;
    // Where a failed check goes on; see `check`.
    Value* index = nullptr;        ///< of the first lane
    std::vector<Value*> at_start;  ///< the registers that the block changes
    BasicBlock* retry = nullptr;
    PHINode *retry_index = nullptr, *retry_count = nullptr;
    std::vector<PHINode*> retry_registers;
    BasicBlock* report = nullptr;
  };

  const Node& node(Id id) const { return kernel_.nodes[id]; }
  Value* scalar(Id id) const { return scalar_[id]; }
  Value* wide(Id id);
  bool varies(Id id) const { return region_.lanes != 0 && analysis_.shape[id] != Shape::uniform; }

  void emit(Id from, Id to);
  void emit_value(Id id);
  void emit_compute(Id id);
  Value* mask_of_one_lane(Id id);
  uint64_t divisor(Id id, Id block) const;
  Value* elements_to_boundary(Id block, Value* first);
  /// Lane numbers, and −1 for none. As bytes where they fit: the mask of a v4 register is then one comparison.
  llvm::IntegerType* lane_number() const {
    return ir_.level == Level::v4 && region_.lanes <= 128 ? b_.getInt8Ty() : b_.getInt32Ty();
  }
  void emit_declaration(Id id);
  Value* halve(Id id);
  void emit_load(Id id);
  void emit_store(Id id);
  void emit_check(Id id);
  void emit_turn(Id id);
  void emit_fetch(Id id);
  void emit_loop(Id id);
  void emit_lanes(Id id);
  void emit_when(Id id);
  void report(Value* site, Value* value);

  llvm::Type* in_memory(Type type) { return type == Type::b1 ? b_.getInt8Ty() : ir_.type(type, 0); }
  Value* to_memory(Value* value, Type type);
  Value* from_memory(Value* value, Type type);
  Value* element_address(Id storage, Value* index) {
    return b_.CreateGEP(in_memory(node(storage).type), scalar(storage), index);
  }
  Elements elements(Id storage, Id index);

  /// Phis of registers at the head of a block, each with the value it has on the way in.
  std::vector<PHINode*> open_registers(const std::vector<Id>& registers, BasicBlock* from);
  std::vector<Value*> values_of(const std::vector<Id>& registers) const;
  void set_registers(const std::vector<Id>& registers, const std::vector<Value*>& values);
  static void add(const std::vector<PHINode*>& phis, const std::vector<Value*>& values, BasicBlock* from) {
    for (size_t i = 0; i < phis.size(); ++i) phis[i]->addIncoming(values[i], from);
  }
  std::vector<PHINode*> phis_of(const std::vector<Value*>& like);

  Ir& ir_;
  llvm::IRBuilder<>& b_;
  const Kernel& kernel_;
  const Analysis analysis_;
  llvm::Function* function_ = nullptr;
  BasicBlock* leave_ = nullptr;
  std::vector<Value*> scalar_, vector_;  ///< by node: the value, or lane 0's of an affine one; all lanes
  std::vector<Value*> register_;         ///< by node
  Region region_;
  // A check that failed in a later lane: whether there is one, its place in the status buffer, what to report.
  llvm::AllocaInst *failed_ = nullptr, *failed_site_ = nullptr, *failed_value_ = nullptr;
};

void Emitter::run() {
  llvm::Type *pointer = b_.getPtrTy(), *i64 = b_.getInt64Ty();
  auto* type = llvm::FunctionType::get(b_.getVoidTy(), {pointer, pointer, i64, i64, pointer}, false);
  function_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, entry_name, ir_.module);
  ir_.prepare(function_);
  BasicBlock* entry = BasicBlock::Create(ir_.module.getContext(), "entry", function_);
  b_.SetInsertPoint(entry);
  // What the call brings is read here, so that it may be used anywhere.
  int64_t buffers = 0;
  for (Id id = 0; id < kernel_.nodes.size(); ++id) {
    const Node& n = node(id);
    const auto read = [&](unsigned argument, int64_t at, llvm::Type* element) {
      return b_.CreateLoad(element,
                           b_.CreateConstGEP1_64(element, function_->getArg(argument), static_cast<uint64_t>(at)));
    };
    switch (n.code) {
      case Code::param: scalar_[id] = read(0, buffers++, pointer); break;
      case Code::dim: scalar_[id] = read(1, n.immediate, i64); break;
      case Code::task_begin: scalar_[id] = function_->getArg(2); break;
      case Code::task_end: scalar_[id] = function_->getArg(3); break;
      case Code::local:
        scalar_[id] = b_.CreateConstGEP1_64(b_.getInt8Ty(), function_->getArg(4),
                                            static_cast<uint64_t>(kernel_.local_offset(id)));
        break;
      case Code::constant: {
        llvm::Type* element = ir_.type(n.type, 0);
        const llvm::APInt bits(static_cast<unsigned>(element->getPrimitiveSizeInBits()),
                               static_cast<uint64_t>(n.immediate));
        scalar_[id] = loop::is_real(n.type) ? llvm::cast<llvm::Constant>(llvm::ConstantFP::get(
                                                  element, llvm::APFloat(element->getFltSemantics(), bits)))
                                            : llvm::ConstantInt::get(element, bits);
        break;
      }
      case Code::lanes:
        if (!analysis_.checks[id] || failed_ != nullptr) break;
        failed_ = b_.CreateAlloca(b_.getInt1Ty());
        failed_site_ = b_.CreateAlloca(pointer);
        failed_value_ = b_.CreateAlloca(i64);
        b_.CreateStore(b_.getFalse(), failed_);
        break;
      default: break;
    }
  }
  leave_ = ir_.block("leave");
  BasicBlock* body = ir_.block("body");
  b_.CreateBr(body);  // `stack` puts room into the entry block
  b_.SetInsertPoint(body);
  emit(0, static_cast<Id>(kernel_.nodes.size()));
  b_.CreateBr(leave_);
  b_.SetInsertPoint(leave_);
  if (analysis_.streams) b_.CreateIntrinsic(b_.getVoidTy(), llvm::Intrinsic::x86_sse_sfence, {});
  b_.CreateRetVoid();
}

void Emitter::emit(Id from, Id to) {
  for (Id id = from; id < to; ++id) {
    switch (node(id).code) {
      case Code::loop: emit_loop(id); break;
      case Code::lanes: emit_lanes(id); break;
      case Code::when: emit_when(id); break;
      default: emit_value(id); continue;
    }
    id = analysis_.end_of[id];
  }
}

void Emitter::emit_value(Id id) {
  const Node& n = node(id);
  switch (n.code) {
    case Code::param:
    case Code::local:
    case Code::constant:
    case Code::dim:
    case Code::task_begin:
    case Code::task_end: return;
    case Code::reg: return emit_declaration(id);
    case Code::get: (varies(id) ? vector_ : scalar_)[id] = register_[n.operand[0]]; return;
    case Code::set: {
      const Id reg = n.operand[0];
      if (region_.lanes == 0) {
        register_[reg] = scalar(n.operand[1]);
        return;
      }
      Value* value = wide(n.operand[1]);
      const bool own = analysis_.lanes[reg] == region_.block;
      if (!own && region_.active.mask != nullptr) value = b_.CreateSelect(region_.active.mask, value, register_[reg]);
      register_[reg] = value;
      return;
    }
    case Code::halve_sum:
    case Code::halve_prod:
    case Code::halve_max:
    case Code::halve_min: scalar_[id] = halve(id); return;
    case Code::load:
    case Code::load_if: return emit_load(id);
    case Code::store:
    case Code::store_if: return emit_store(id);
    case Code::check: return emit_check(id);
    case Code::turn: return emit_turn(id);
    case Code::fetch: return emit_fetch(id);
    case Code::end: return;
    default: return emit_compute(id);
  }
}

/// The value in all lanes. Splats of what was made before the lanes are made there once.
Value* Emitter::wide(Id id) {
  if (analysis_.shape[id] != Shape::uniform) return vector_[id];
  Value* value = scalar(id);
  if (llvm::isa<llvm::Constant>(value)) return ir_.splat(value, region_.lanes);
  if (analysis_.lanes[id] == region_.block) return ir_.splat(value, region_.lanes);
  Value*& splat = region_.splats[id];
  if (splat == nullptr) {
    const llvm::IRBuilderBase::InsertPointGuard guard(b_);
    b_.SetInsertPoint(region_.before->getTerminator());
    splat = ir_.splat(value, region_.lanes);
  }
  return splat;
}

void Emitter::emit_compute(Id id) {
  const Node& n = node(id);
  const int operands = info(n.code).operands;
  if (is_counter(analysis_, kernel_, id)) {
    llvm::Type* type = ir_.type(n.type, 0);
    const int bits = static_cast<int>(type->getPrimitiveSizeInBits());
    vector_[id] = b_.CreateAdd(ir_.splat(b_.CreateTrunc(scalar(n.operand[0]), type), region_.lanes),
                               ir_.iota(bits, region_.lanes, analysis_.stride[n.operand[0]]));
    return;
  }
  if (Value* mask = varies(id) ? mask_of_one_lane(id) : nullptr) {
    vector_[id] = mask;
    return;
  }
  Value* v[3] = {};
  const auto from = node(n.operand[n.code == Code::select ? 1 : 0]).type;
  const bool vectors = varies(id) && analysis_.shape[id] == Shape::varying;
  for (int i = 0; i < operands; ++i) v[i] = vectors ? wide(n.operand[i]) : scalar(n.operand[i]);
  Value* value = compute(ir_, n.code, from, n.type, v[0], v[1], v[2]);
  (vectors ? vector_ : scalar_)[id] = value;
  if (varies(id) && !vectors && analysis_.needs_vector[id])
    vector_[id] = b_.CreateAdd(ir_.splat(value, region_.lanes), ir_.iota(64, region_.lanes, analysis_.stride[id]));
}

/// Where the lane's own number, i₀ + k, is compared with one number u for being equal: k = u − i₀, in narrow lanes.
/// Null for anything else.
Value* Emitter::mask_of_one_lane(Id id) {
  const Node& n = node(id);
  if (n.code != Code::eq && n.code != Code::ne) return nullptr;
  for (int own = 0; own < 2; ++own) {
    const Id counts = n.operand[own], number = n.operand[1 - own];
    if (analysis_.shape[counts] != Shape::affine || analysis_.stride[counts] != 1) continue;
    if (analysis_.shape[number] != Shape::uniform) continue;
    Value* lane = b_.CreateSub(scalar(number), scalar(counts));
    Value* inside = b_.CreateICmpULT(lane, b_.getInt64(static_cast<uint64_t>(region_.lanes)));
    lane = b_.CreateTrunc(b_.CreateSelect(inside, lane, b_.getInt64(~uint64_t{0})), lane_number());
    Value *all = ir_.iota(static_cast<int>(lane_number()->getBitWidth()), region_.lanes),
          *one = ir_.splat(lane, region_.lanes);
    return n.code == Code::eq ? b_.CreateICmpEQ(all, one) : b_.CreateICmpNE(all, one);
  }
  return nullptr;
}

void Emitter::emit_declaration(Id id) {
  const Node& n = node(id);
  const bool own = region_.lanes != 0;
  const int lanes = own ? region_.lanes : n.immediate == 1 ? 0 : static_cast<int>(n.immediate);
  register_[id] = own ? wide(n.operand[0]) : ir_.splat(scalar(n.operand[0]), lanes);
}

Value* Emitter::halve(Id id) {
  const Node& n = node(id);
  const Code code = n.code == Code::halve_sum    ? Code::add
                    : n.code == Code::halve_prod ? Code::mul
                    : n.code == Code::halve_max  ? Code::maximum
                                                 : Code::minimum;
  Value* all = register_[n.operand[0]];
  while (lanes_of(all) > 2) {
    const int half = lanes_of(all) / 2;
    all = compute(ir_, code, n.type, n.type, ir_.lanes(all, 0, half), ir_.lanes(all, half, half), nullptr);
  }
  if (lanes_of(all) == 0) return all;
  return compute(ir_, code, n.type, n.type, b_.CreateExtractElement(all, uint64_t{0}),
                 b_.CreateExtractElement(all, uint64_t{1}), nullptr);
}

Value* Emitter::to_memory(Value* value, Type type) {
  return type == Type::b1 ? b_.CreateZExt(value, ir_.integers(8, value)) : value;
}
Value* Emitter::from_memory(Value* value, Type type) {
  return type == Type::b1 ? b_.CreateICmpNE(value, ir_.whole(value, 0)) : value;
}

Elements Emitter::elements(Id storage, Id index) {
  const bool strided = analysis_.shape[index] != Shape::varying;
  const int64_t stride = analysis_.shape[index] == Shape::affine ? analysis_.stride[index] : 0;
  return {scalar(storage), in_memory(node(storage).type), strided ? scalar(index) : vector_[index], strided, stride};
}

void Emitter::emit_load(Id id) {
  const Node& n = node(id);
  const Id storage = n.operand[0], index = n.operand[1];
  const bool guarded = n.code == Code::load_if;
  llvm::Type* element = in_memory(n.type);
  const llvm::Align align(static_cast<uint64_t>(loop::size_of(n.type)));
  const auto one = [&] { return b_.CreateAlignedLoad(element, element_address(storage, scalar(index)), align); };
  if (!varies(id)) {
    if (!guarded) {
      scalar_[id] = from_memory(one(), n.type);
      return;
    }
    Value* otherwise = to_memory(scalar(n.operand[3]), n.type);
    BasicBlock* from = b_.GetInsertBlock();
    Value* loaded = nullptr;
    BasicBlock* there = nullptr;
    ir_.when(scalar(n.operand[2]), [&] { loaded = one(), there = b_.GetInsertBlock(); });
    PHINode* value = b_.CreatePHI(element, 2);
    value->addIncoming(otherwise, from);
    value->addIncoming(loaded, there);
    scalar_[id] = from_memory(value, n.type);
    return;
  }
  Active active = region_.active;
  Value* otherwise = llvm::Constant::getNullValue(ir_.with_lanes(element, region_.lanes));
  if (guarded) {
    Value* mask = wide(n.operand[2]);
    active = {active.mask == nullptr ? mask : b_.CreateAnd(mask, active.mask), nullptr};
    otherwise = to_memory(wide(n.operand[3]), n.type);
  }
  vector_[id] = from_memory(load_lanes(ir_, elements(storage, index), region_.lanes, active, otherwise), n.type);
}

void Emitter::emit_store(Id id) {
  const Node& n = node(id);
  const Id storage = n.operand[0], index = n.operand[1], value = n.operand[2];
  const Type type = node(value).type;
  const llvm::Align align(static_cast<uint64_t>(loop::size_of(type)));
  const bool guarded = n.code == Code::store_if;
  if (!varies(id)) {
    const auto store = [&] {
      b_.CreateAlignedStore(to_memory(scalar(value), type), element_address(storage, scalar(index)), align);
    };
    if (guarded)
      ir_.when(scalar(n.operand[3]), store);
    else
      store();
    return;
  }
  Active active = region_.active;
  if (guarded) {
    Value* mask = wide(n.operand[3]);
    active = {active.mask == nullptr ? mask : b_.CreateAnd(mask, active.mask), nullptr};
  }
  store_lanes(ir_, elements(storage, index), to_memory(wide(value), type), active, n.immediate != 0);
}

void Emitter::emit_turn(Id id) {
  const Node& n = node(id);
  const Node& target = node(n.operand[2]);
  const Square square{element_address(n.operand[0], scalar(n.operand[1])), n.immediate,
                      element_address(n.operand[2], scalar(n.operand[3])), target.immediate / loop::turn_rows,
                      in_memory(target.type)};
  transpose_square(ir_, square, loop::turn_side(target.type));
}

/// Into the second-level cache. Lanes that go element by element ask for every line; scattered ones for none.
void Emitter::emit_fetch(Id id) {
  constexpr int64_t line = 64;
  const Id storage = node(id).operand[0], index = node(id).operand[1];
  int64_t bytes = 1;
  if (varies(id)) {
    if (analysis_.shape[index] != Shape::affine || analysis_.stride[index] != 1) return;
    bytes = region_.lanes * loop::size_of(node(storage).type);
  }
  Value* first = element_address(storage, scalar(index));
  for (int64_t at = 0; at < bytes; at += line) {
    Value* address = b_.CreateConstGEP1_64(b_.getInt8Ty(), first, static_cast<uint64_t>(at));
    b_.CreateIntrinsic(llvm::Intrinsic::prefetch, {address->getType()},
                       {address, b_.getInt32(0), b_.getInt32(2), b_.getInt32(1)});
  }
}

void Emitter::report(Value* site, Value* value) {
  b_.CreateStore(b_.getInt64(1), site);
  b_.CreateStore(value, b_.CreateConstGEP1_64(b_.getInt64Ty(), site, 1));
  b_.CreateBr(leave_);
}

void Emitter::emit_check(Id id) {
  const Node& n = node(id);
  Value* site = b_.CreateConstGEP1_64(b_.getInt64Ty(), scalar(n.operand[2]), static_cast<uint64_t>(2 * n.immediate));
  const bool lane_fails = varies(n.operand[0]);
  Value* bad = b_.CreateNot(lane_fails ? wide(n.operand[0]) : scalar(n.operand[0]));
  if (lane_fails && region_.active.mask != nullptr) bad = b_.CreateAnd(bad, region_.active.mask);
  BasicBlock *fail = ir_.block("fail"), *good = ir_.block("good");
  ir_.branch_rarely(ir_.any(bad), fail, good);
  b_.SetInsertPoint(fail);
  if (!lane_fails) {
    const Id value = n.operand[1];  // all lanes fail: the first one is lane 0
    const bool vector = varies(value) && analysis_.shape[value] == Shape::varying;
    report(site, vector ? b_.CreateExtractElement(vector_[value], uint64_t{0}) : scalar(value));
  } else {
    Value* lane = ir_.first_lane(bad);
    b_.CreateStore(b_.getTrue(), failed_);
    b_.CreateStore(site, failed_site_);
    b_.CreateStore(b_.CreateExtractElement(wide(n.operand[1]), lane), failed_value_);
    // The lanes before it, from the start of this vector, with nothing folded but what they had then.
    BasicBlock* here = b_.GetInsertBlock();
    region_.retry_index->addIncoming(region_.index, here);
    region_.retry_count->addIncoming(b_.CreateZExt(lane, b_.getInt64Ty()), here);
    add(region_.retry_registers, region_.at_start, here);
    b_.CreateCondBr(b_.CreateICmpEQ(lane, b_.getInt32(0)), region_.report, region_.retry);
  }
  b_.SetInsertPoint(good);
}

std::vector<PHINode*> Emitter::phis_of(const std::vector<Value*>& like) {
  std::vector<PHINode*> phis;
  for (Value* value : like) phis.push_back(b_.CreatePHI(value->getType(), 2));
  return phis;
}
std::vector<PHINode*> Emitter::open_registers(const std::vector<Id>& registers, BasicBlock* from) {
  const std::vector<Value*> before = values_of(registers);
  const std::vector<PHINode*> phis = phis_of(before);
  add(phis, before, from);
  set_registers(registers, {phis.begin(), phis.end()});
  return phis;
}
std::vector<Value*> Emitter::values_of(const std::vector<Id>& registers) const {
  std::vector<Value*> values;
  for (const Id reg : registers) values.push_back(register_[reg]);
  return values;
}
void Emitter::set_registers(const std::vector<Id>& registers, const std::vector<Value*>& values) {
  for (size_t i = 0; i < registers.size(); ++i) register_[registers[i]] = values[i];
}

/// The distance to the bound is compared, unsigned: no index near the ends of i64 wraps.
void Emitter::emit_loop(Id id) {
  const Node& n = node(id);
  const std::vector<Id>& registers = analysis_.changed[id];
  Value *first = scalar(n.operand[0]), *bound = scalar(n.operand[1]);
  BasicBlock *from = b_.GetInsertBlock(), *body = ir_.block("loop"), *done = ir_.block("done");
  const std::vector<Value*> before = values_of(registers);
  b_.CreateCondBr(b_.CreateICmpSLT(first, bound), body, done);
  b_.SetInsertPoint(body);
  PHINode* index = b_.CreatePHI(b_.getInt64Ty(), 2);
  index->addIncoming(first, from);
  const std::vector<PHINode*> carried = open_registers(registers, from);
  scalar_[id] = index;
  emit(id + 1, analysis_.end_of[id]);
  Value *step = b_.getInt64(static_cast<uint64_t>(n.immediate)), *next = b_.CreateAdd(index, step);
  Value* more = b_.CreateICmpUGT(b_.CreateSub(bound, index), step);
  BasicBlock* latch = b_.GetInsertBlock();
  const std::vector<Value*> after = values_of(registers);
  index->addIncoming(next, latch);
  add(carried, after, latch);
  b_.CreateCondBr(more, body, done);
  b_.SetInsertPoint(done);
  const std::vector<PHINode*> result = phis_of(before);
  add(result, before, from);
  add(result, after, latch);
  set_registers(registers, {result.begin(), result.end()});
}

void Emitter::emit_when(Id id) {
  const std::vector<Id>& registers = analysis_.changed[id];
  const std::vector<Value*> before = values_of(registers);
  BasicBlock* from = b_.GetInsertBlock();
  std::vector<Value*> after;
  BasicBlock* there = nullptr;
  ir_.when(scalar(node(id).operand[0]), [&] {
    emit(id + 1, analysis_.end_of[id]);
    after = values_of(registers), there = b_.GetInsertBlock();
  });
  const std::vector<PHINode*> result = phis_of(before);
  add(result, before, from);
  add(result, after, there);
  set_registers(registers, {result.begin(), result.end()});
}

/// A power of two that divides a value, that of `block`'s index at its start, as far as is known without running.
uint64_t Emitter::divisor(Id id, Id block) const {
  const Node& n = node(id);
  const auto of = [&](int i) { return divisor(n.operand[i], block); };
  if (id == block) return of(0);
  switch (n.code) {
    case Code::constant: {
      const auto bits = static_cast<uint64_t>(n.immediate);
      return bits == 0 ? uint64_t{1} << 32 : std::min(bits & (0 - bits), uint64_t{1} << 32);
    }
    case Code::add:
    case Code::sub: return std::min(of(0), of(1));
    case Code::mul: return std::min(of(0) * of(1), uint64_t{1} << 32);  // both at most 2^32: wraps to 0 for 2^64 alone
    default: return 1;
  }
}

/// How many elements from `first` on the vector stores past the caches would miss their alignment, fewer than there are
/// lanes; null where there are none such or they do not.
Value* Emitter::elements_to_boundary(Id block, Value* first) {
  for (Id id = block + 1; id < analysis_.end_of[block]; ++id) {
    const Node& n = node(id);
    if (n.code != Code::store || n.immediate == 0) continue;
    const Id storage = n.operand[0], index = n.operand[1];
    if (analysis_.shape[index] != Shape::affine || analysis_.stride[index] != 1) return nullptr;
    const auto size = static_cast<uint64_t>(loop::size_of(node(storage).type));
    // Of what one store takes: bytes beside wider elements fill less than a register.
    const uint64_t stored = static_cast<uint64_t>(analysis_.width[block]) * size;
    const auto boundary = std::min(stored, static_cast<uint64_t>(vector_bytes(ir_.level)));
    if (divisor(index, block) * size >= boundary) return nullptr;  // buffers begin at a boundary
    // The index of lane 0 of the first vector.
    const std::function<Value*(Id)> at_first = [&](Id i) -> Value* {
      if (i == block) return first;
      if (analysis_.lanes[i] != block) return scalar(i);
      const Node& m = node(i);
      if (m.code != Code::add && m.code != Code::sub && m.code != Code::mul) return nullptr;
      Value *a = at_first(m.operand[0]), *b = a != nullptr ? at_first(m.operand[1]) : nullptr;
      return b == nullptr ? nullptr : compute(ir_, m.code, m.type, m.type, a, b, nullptr);
    };
    Value* element = at_first(index);
    if (element == nullptr) return nullptr;
    Value* address = b_.CreatePtrToInt(element_address(storage, element), b_.getInt64Ty());
    Value* bytes = b_.CreateAnd(b_.CreateNeg(address), b_.getInt64(boundary - 1));
    return b_.CreateUDiv(bytes, b_.getInt64(size));
  }
  return nullptr;
}

void Emitter::emit_lanes(Id id) {
  const Node& n = node(id);
  const int lanes = analysis_.width[id];
  if (lanes == 0) {  // a scalar loop, whose immediate (the width) is its step: 1
    return emit_loop(id);
  }
  const std::vector<Id>& registers = analysis_.changed[id];
  llvm::Type* i64 = b_.getInt64Ty();
  Value *first = scalar(n.operand[0]), *bound = scalar(n.operand[1]),
        *group = b_.getInt64(static_cast<uint64_t>(lanes));
  // What constant bounds leave out.
  const auto *low = llvm::dyn_cast<llvm::ConstantInt>(first), *high = llvm::dyn_cast<llvm::ConstantInt>(bound);
  const bool known = low != nullptr && high != nullptr;
  const int64_t count = known ? std::max<int64_t>(0, high->getSExtValue() - low->getSExtValue()) : 0;
  const bool has_main = !known || count >= lanes;
  Value* head = has_main && registers.empty() && !analysis_.checks[id] ? elements_to_boundary(id, first) : nullptr;
  const bool has_tail = !known || count % lanes != 0 || analysis_.checks[id] || head != nullptr;

  const std::vector<Value*> before = values_of(registers);
  BasicBlock *from = b_.GetInsertBlock(), *main = ir_.block("main"), *rest = ir_.block("rest"),
             *tail = ir_.block("tail");
  BasicBlock* done = ir_.block("done");
  // Where the whole vectors begin: at the first element, or behind a head, which runs as the tail does.
  Value* start = first;
  BasicBlock* enter = from;
  PHINode* behind_head = nullptr;
  if (head != nullptr) {
    enter = ir_.block("enter");
    Value* fits = b_.CreateAnd(b_.CreateICmpSLT(first, bound), b_.CreateICmpULT(head, b_.CreateSub(bound, first)));
    b_.CreateCondBr(b_.CreateAnd(b_.CreateICmpNE(head, b_.getInt64(0)), fits), tail, enter);
    b_.SetInsertPoint(enter);
    behind_head = b_.CreatePHI(i64, 2);
    behind_head->addIncoming(first, from);
    start = behind_head;
  }
  Value* enough = b_.CreateAnd(b_.CreateICmpSLT(start, bound), b_.CreateICmpUGE(b_.CreateSub(bound, start), group));
  b_.CreateCondBr(has_main ? enough : b_.getFalse(), main, rest);

  Region outer = std::move(region_);
  region_ = {};
  region_.block = id, region_.lanes = lanes, region_.before = from;
  // The heads of the tail come first: checks of either part lead to it.
  b_.SetInsertPoint(rest);
  PHINode* rest_index = b_.CreatePHI(i64, 2);
  rest_index->addIncoming(start, enter);
  const std::vector<PHINode*> rest_registers = phis_of(before);
  add(rest_registers, before, enter);
  Value* left = b_.CreateSub(bound, rest_index);
  Value* some = b_.CreateICmpSLT(rest_index, bound);
  b_.CreateCondBr(has_tail ? some : b_.getFalse(), tail, done);
  b_.SetInsertPoint(tail);
  PHINode *tail_index = b_.CreatePHI(i64, 2), *tail_count = b_.CreatePHI(i64, 2);
  tail_index->addIncoming(rest_index, rest);
  tail_count->addIncoming(left, rest);
  if (head != nullptr) tail_index->addIncoming(first, from), tail_count->addIncoming(head, from);
  const std::vector<PHINode*> tail_registers = phis_of(before);
  add(tail_registers, {rest_registers.begin(), rest_registers.end()}, rest);
  region_.retry = tail, region_.retry_index = tail_index, region_.retry_count = tail_count;
  region_.retry_registers = tail_registers;
  if (analysis_.checks[id]) region_.report = ir_.block("report");

  const auto emit_body = [&](PHINode* index, const std::vector<PHINode*>& carried, Active active) {
    region_.active = active, region_.index = index;
    region_.at_start = {carried.begin(), carried.end()};
    set_registers(registers, region_.at_start);
    scalar_[id] = index;
    if (analysis_.needs_vector[id]) vector_[id] = b_.CreateAdd(ir_.splat(index, lanes), ir_.iota(64, lanes));
    emit(id + 1, analysis_.end_of[id]);
  };

  b_.SetInsertPoint(main);
  if (has_main) {
    PHINode* index = b_.CreatePHI(i64, 2);
    index->addIncoming(start, enter);
    const std::vector<PHINode*> carried = phis_of(before);
    add(carried, before, enter);
    emit_body(index, carried, {});
    Value* next = b_.CreateAdd(index, group);
    BasicBlock* latch = b_.GetInsertBlock();
    const std::vector<Value*> after = values_of(registers);
    index->addIncoming(next, latch), rest_index->addIncoming(next, latch);
    add(carried, after, latch), add(rest_registers, after, latch);
    b_.CreateCondBr(b_.CreateICmpUGE(b_.CreateSub(bound, next), group), main, rest);
  } else {
    b_.CreateUnreachable();
  }

  b_.SetInsertPoint(done);
  const std::vector<PHINode*> result = phis_of(before);
  add(result, {rest_registers.begin(), rest_registers.end()}, rest);

  b_.SetInsertPoint(tail);
  if (has_tail) {
    Value* bar = ir_.splat(b_.CreateTrunc(tail_count, lane_number()), lanes);
    Value* mask = b_.CreateICmpULT(ir_.iota(static_cast<int>(lane_number()->getBitWidth()), lanes), bar);
    emit_body(tail_index, tail_registers, {mask, tail_count});
    BasicBlock* end = b_.GetInsertBlock();
    add(result, values_of(registers), end);
    if (head != nullptr) {
      Value* next = b_.CreateAdd(tail_index, tail_count);
      behind_head->addIncoming(next, end);
      b_.CreateCondBr(b_.CreateICmpSLT(next, bound), enter, done);
    } else if (region_.report == nullptr) {
      b_.CreateBr(done);
    } else {
      ir_.branch_rarely(b_.CreateLoad(b_.getInt1Ty(), failed_), region_.report, done);
      b_.SetInsertPoint(region_.report);
      report(b_.CreateLoad(b_.getPtrTy(), failed_site_), b_.CreateLoad(i64, failed_value_));
    }
  } else {
    b_.CreateUnreachable();
  }
  region_ = std::move(outer);
  b_.SetInsertPoint(done);
  set_registers(registers, {result.begin(), result.end()});
}

}  // namespace

void emit(Ir& ir, const Kernel& kernel) { Emitter(ir, kernel).run(); }

}  // namespace tolk::backend
