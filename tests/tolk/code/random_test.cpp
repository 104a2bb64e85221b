// Random kernels: blocks in blocks, lanes of any width, registers, guarded and gathered elements. The interpreter,
// lanes forwards and backwards, says what they mean.
#include <cstdlib>

#include "tolk/code/support.hpp"
#include "tolk/loop/support.hpp"

namespace code_test {
namespace {

constexpr int64_t elements = 90;  // of every array

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_{seed}, b_("random_" + std::to_string(seed)) {}

  Kernel kernel() {
    const Id n = b_.index(elements);
    for (const Type type : types) {
      inputs_.push_back(b_.param(type, Access::read, n));
      outputs_.push_back(b_.param(type, Access::both, n));
      locals_.push_back(b_.local(type, elements));
      registers_.push_back({b_.reg(type, 1, constant(type)), 1, false});
      const int64_t width = int64_t{1} << (1 + pick(6));
      registers_.push_back({b_.reg(type, width, constant(type)), width, false});
    }
    const size_t shared = registers_.size();
    scope_.push_back({b_.dim(0), b_.task_begin(), b_.task_end()});
    const Id i = b_.lanes(b_.index(0), n, 16);  // locals begin uninitialised
    for (const Id local : locals_) b_.store(local, i, constant(b_.type_of(local)));
    b_.end();
    body(0);
    for (size_t k = 0; k < shared; ++k) {
      const Register& reg = registers_[k];
      b_.store(outputs_[k / 2], b_.index(static_cast<int64_t>(k % 2)),
               reg.width == 1 ? b_.get(reg.id) : b_.halve(LoopCode::halve_max, reg.id));
    }
    return b_.finish();
  }

 private:
  static constexpr Type types[] = {Type::f32, Type::f64, Type::i64, Type::i32, Type::u8, Type::b1};
  struct Register {
    Id id;
    int64_t width;
    bool own;  ///< declared in the lanes that are open
  };

  uint64_t pick(uint64_t count) { return random_.bits() % count; }
  bool chance(uint64_t in) { return pick(in) == 0; }

  Id constant(Type type) {
    if (type == Type::b1) return b_.truth(chance(2));
    if (is_real(type)) return b_.real(type, static_cast<double>(static_cast<int64_t>(pick(41)) - 20) / 4);
    const auto bits = static_cast<uint64_t>(static_cast<int64_t>(pick(21)) - (is_signed(type) ? 10 : 0));
    return b_.constant(type, size_of(type) == 4 ? bits & 0xffffffff : bits);
  }
  /// Some value of this type that is in scope, or a new one made of those.
  Id value(Type type, int depth = 0) {
    std::vector<Id> have;
    for (const auto& level : scope_)
      for (const Id id : level)
        if (b_.type_of(id) == type) have.push_back(id);
    if (depth > 2 || chance(3)) return have.empty() || chance(4) ? constant(type) : have[pick(have.size())];
    const auto again = [&](Type other) { return value(other, depth + 1); };
    switch (pick(7)) {
      case 0: return b_.select(again(Type::b1), again(type), again(type));
      case 1: return b_.cast(type, again(any_type()));
      case 2: return load(type);
      case 3: return get(type);
      default: break;
    }
    if (type == Type::b1) {
      const Type data = any_type();
      static constexpr LoopCode predicates[] = {LoopCode::eq, LoopCode::ne, LoopCode::lt, LoopCode::le};
      return b_.binary(predicates[pick(4)], again(data), again(data));
    }
    static constexpr LoopCode both[] = {LoopCode::add, LoopCode::sub, LoopCode::mul, LoopCode::maximum,
                                        LoopCode::minimum};
    static constexpr LoopCode reals[] = {LoopCode::div, LoopCode::exp, LoopCode::tanh, LoopCode::floor, LoopCode::sqrt};
    static constexpr LoopCode integers[] = {LoopCode::idiv, LoopCode::rem, LoopCode::bit_xor, LoopCode::shr,
                                            LoopCode::shl};
    const LoopCode code = chance(2) ? both[pick(5)] : is_real(type) ? reals[pick(5)] : integers[pick(5)];
    return info(code).operands == 1 ? b_.unary(code, again(type)) : b_.binary(code, again(type), again(type));
  }
  Type any_type() { return types[pick(6)]; }
  size_t number_of(Type type) {
    for (size_t k = 0; k < inputs_.size(); ++k)
      if (b_.type_of(inputs_[k]) == type) return k;
    return 0;
  }
  /// Inside the arrays, whatever the value is.
  Id index() {
    if (lanes_ != no_id && chance(2)) {
      switch (pick(3)) {
        case 0: return lanes_;
        case 1: return b_.sub(b_.index(elements - 1), lanes_);
        default:
          return b_.binary(LoopCode::rem, b_.mul(lanes_, b_.index(static_cast<int64_t>(pick(5)))), b_.index(elements));
      }
    }
    const Id small = b_.binary(LoopCode::rem, value(Type::i64, 2), b_.index(elements));
    return b_.binary(LoopCode::bit_and, b_.index(63), small);
  }
  Id load(Type type) {
    const size_t k = number_of(type);
    // Between iterations nothing is shared: outputs and locals only at the lane's own element.
    const bool own = lanes_ != no_id && chance(3);
    const Id storage = own                            ? (chance(2) ? outputs_[k] : locals_[k])
                       : lanes_ == no_id && chance(2) ? locals_[k]
                                                      : inputs_[k];
    const Id at = own ? lanes_ : index();
    if (!chance(3)) return b_.load(storage, at);
    const Id inside = b_.binary(LoopCode::lt, at, b_.index(static_cast<int64_t>(pick(elements))));
    return b_.load_if(storage, b_.select(inside, at, b_.index(int64_t{1} << 50)), inside, constant(type));
  }
  /// Whether the rules let a register be read or set here.
  bool usable(const Register& reg, bool set) const {
    if (lanes_ == no_id) return reg.width == 1;
    return reg.own || reg.width == width_ || (reg.width == 1 && !set);
  }
  Id get(Type type) {
    std::vector<Id> have;
    for (const Register& reg : registers_)
      if (b_.type_of(reg.id) == type && usable(reg, false)) have.push_back(reg.id);
    return have.empty() ? constant(type) : b_.get(have[pick(have.size())]);
  }

  void body(int depth) {
    scope_.emplace_back();
    const size_t registers = registers_.size();
    const uint64_t count = 1 + pick(4);
    for (uint64_t k = 0; k < count; ++k) statement(depth);
    registers_.resize(registers);
    scope_.pop_back();
  }
  void statement(int depth) {
    const bool inside = lanes_ != no_id;
    switch (pick(10)) {
      case 0:
      case 1: scope_.back().push_back(value(any_type())); return;
      case 2: {
        const size_t k = pick(outputs_.size());
        const Type type = b_.type_of(outputs_[k]);
        const Id storage = chance(2) ? outputs_[k] : locals_[k], at = inside ? lanes_ : index();
        if (chance(3))
          b_.store_if(storage, at, value(type), value(Type::b1), chance(3));
        else
          b_.store(storage, at, value(type), chance(3));
        return;
      }
      case 3:
      case 4: {
        std::vector<Id> have;
        for (const Register& reg : registers_)
          if (usable(reg, true)) have.push_back(reg.id);
        if (have.empty()) return;
        const Id reg = have[pick(have.size())];
        b_.set(reg, value(b_.type_of(reg)));
        return;
      }
      case 5: {
        if (!inside) return;
        const Type type = any_type();
        registers_.push_back({b_.reg(type, 1, value(type)), 1, true});
        return;
      }
      case 6:
        if (depth > 2) return;
        if (inside || chance(2)) {
          scope_.push_back({b_.loop(b_.index(static_cast<int64_t>(pick(3))), b_.index(static_cast<int64_t>(pick(9))),
                                    1 + static_cast<int64_t>(pick(3)))});
        } else {
          b_.when(value(Type::b1));
          scope_.push_back({});
        }
        body(depth + 1);
        scope_.pop_back();
        b_.end();
        return;
      case 7:
      case 8: {
        if (inside || depth > 2) return;
        const Id from = b_.index(static_cast<int64_t>(pick(5)));
        const Id to = chance(2) ? b_.dim(0) : b_.index(static_cast<int64_t>(pick(elements)));
        width_ = int64_t{1} << pick(7);
        lanes_ = b_.lanes(from, to, width_);
        scope_.push_back({lanes_});
        body(depth + 1);
        scope_.pop_back();
        b_.end();
        lanes_ = no_id;
        return;
      }
      default: {
        if (inside) return;
        static constexpr LoopCode halves[] = {LoopCode::halve_sum, LoopCode::halve_prod, LoopCode::halve_max,
                                              LoopCode::halve_min};
        scope_.back().push_back(b_.halve(halves[pick(4)], registers_[1 + 2 * pick(6)].id));
      }
    }
  }

  loop_test::Random random_;
  Builder b_;
  std::vector<Id> inputs_, outputs_, locals_;  ///< by type
  std::vector<Register> registers_;            ///< those of each type first: one lane, several lanes
  std::vector<std::vector<Id>> scope_;
  Id lanes_ = no_id;
  int64_t width_ = 0;  ///< of the lanes that are open
};

TEST(Random, CompiledIsInterpreted) {
  const char* more = std::getenv("RAVEN_TEST_LONG");
  const uint64_t count = more != nullptr ? 3000 : 40;
  for (uint64_t seed = 1; seed <= count && !::testing::Test::HasFailure(); ++seed) {
    const Kernel kernel = Generator(seed).kernel();
    for (const int64_t n : {0, 3, 32, 77}) {
      std::vector<Argument> arguments;
      for (size_t k = 0; k < kernel.params().size(); ++k)
        arguments.push_back(values(kernel.nodes[kernel.params()[k]].type, elements, seed + k));
      check(kernel, arguments, {n}, {static_cast<int64_t>(seed % 3), 5});
      // The iterations are independent, or the comparison would mean nothing.
      std::vector<Argument> backwards = arguments;
      std::vector<Buffer> buffers;
      for (Argument& one : backwards) buffers.push_back({one.bytes.data(), one.count()});
      const int64_t dims[] = {n};
      ASSERT_EQ(interpret(kernel, buffers, dims, static_cast<int64_t>(seed % 3), 5, true), "");
      const auto forwards = expected(kernel, arguments, {n}, {static_cast<int64_t>(seed % 3), 5});
      for (size_t k = 0; k < backwards.size(); ++k) ASSERT_TRUE(same(backwards[k], forwards[k])) << print(kernel);
    }
  }
}

}  // namespace
}  // namespace code_test
