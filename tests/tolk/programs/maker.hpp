#pragma once
// Grows a program equation by equation. A recipe makes operands and attributes that fit an op and its first operand;
// whether the op takes them, infer says.
#include <set>

#include "tolk/programs/random_programs.hpp"

namespace tolk_test {

class Maker {
 public:
  using Id = nx::Program::Id;
  Maker(Dice& dice, int depth) : dice_(dice), depth_(depth) {}

  /// An equation of each wish, of values that depend on an input, and about so many others, in any order; inputs come
  /// as they are wanted. False when infer refused one of the wishes.
  bool grow(std::span<const Cell> wishes, int others);
  /// The same over given inputs: a program to be called.
  nx::Program called(const std::vector<nx::Aval>& inputs, int equations);
  /// Values become small: many equations take little time.
  void stay_small() { small_ = true; }
  /// Wishes are granted on inputs of their own: kernels of one equation, which many programs have in common.
  void stay_apart() { apart_ = true; }
  /// How many of a hundred arrays of indices that are checked are wrong.
  void take_wrong_indices(int percent) { wrong_percent_ = percent; }
  nx::Program build();
  /// By input: what it must hold, or an absent array.
  const std::vector<nx::Array>& input_values() const { return input_values_; }

  /// One equation of this op on this first operand (ops without operands: of this type). Throws what infer throws.
  void apply(nx::Op op, const nx::Aval& first);

 private:
  const nx::Aval& aval(Id id) const { return builder_.aval(id); }
  nx::Shape shape(Id id) const { return aval(id).shape; }
  /// A value that is there, the last ones more often.
  Id any();
  /// A value of this type: one that is there, a broadcast or a cast of one, a number, an input.
  Id like(nx::Aval wanted);
  /// The first operand: a value of this dtype and rank, or a new input.
  Id first_operand(nx::DType dtype, int rank);
  Id input(const nx::Aval& aval, const nx::Array& value = {});
  /// The shape of a new value.
  nx::Shape new_shape(int rank);
  /// A constant or an input of this value.
  Id given(const nx::Array& value);
  Id number(const nx::Aval& like);
  Id cast(Id x, nx::DType dtype);
  /// Indices into an axis of this extent, some of them outside unless `valid`.
  Id indices(const nx::Shape& shape, int64_t extent, bool valid);
  Id labels(int64_t count, int64_t classes);
  Id key();
  int axis_of(const nx::Shape& shape);
  nx::IndexMode index_mode();
  /// The first result of an equation on the way to another one.
  Id equation(nx::Op op, const std::vector<Id>& operands, const nx::Attrs& attrs = nx::no_attrs);
  /// One whose results may be used by anybody.
  Id add(nx::Op op, const std::vector<Id>& operands, const nx::Attrs& attrs = nx::no_attrs);
  void step();
  void call();
  bool grant(const Cell& wish);
  /// Of inputs, not of constants alone: nothing that is computed beforehand.
  bool varies(Id id) const { return id < varies_.size() && varies_[id]; }

  void elementwise(nx::Op op, Id x);
  void view(nx::Op op, Id x);
  void assemble(nx::Op op, Id x);
  void reduce(nx::Op op, Id x);
  void index(nx::Op op, Id x);
  void contract(nx::Op op, Id x);
  void composite(nx::Op op, Id x);
  void attention(nx::Op op, Id q);
  void heads_as_columns(Id x);
  void create(nx::Op op, const nx::Aval& result);

  Dice& dice_;
  int depth_;
  int wrong_percent_ = 1;
  bool may_add_inputs_ = true, small_ = false, apart_ = false, granting_ = false;
  nx::ProgramBuilder builder_;
  std::vector<Id> ids_;
  std::vector<bool> varies_;  // by id
  std::vector<Id> wished_;
  std::set<Id> used_;
  std::vector<nx::Array> input_values_;
};

}  // namespace tolk_test
