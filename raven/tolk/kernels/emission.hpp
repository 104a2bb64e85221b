#pragma once
// A kernel under construction: nodes of a body become LoopIR where the loops they depend on are open. Not installed.
#include "raven/tolk/kernels/body.hpp"
#include "raven/tolk/kernels/schedule.hpp"

namespace tolk::kernels {

/// What forming a kernel depends on besides its body.
struct Context {
  const Values& values;
  const ScheduleTarget& target;
  std::vector<bool> read_later;  ///< by value: some step of the program reads its bytes
};

/// Nodes that `targets` are made of, operands first, down to reductions and to what `given` says is there.
std::vector<uint32_t> closure(const Body& body, std::span<const uint32_t> targets, const std::vector<bool>& given = {});

class Emission {
 public:
  /// Parameters for what `nodes` load. `symbolic`: the element count of every whole buffer is dims[0], not a constant.
  Emission(const Body& body, const Context& context, const char* kind, std::span<const uint32_t> nodes,
           bool symbolic = false);

  loop::Builder& b() { return builder_; }
  const Body& body() const { return body_; }

  /// Everything emitted from here on is forgotten by `leave`: its block closes.
  void enter();
  void leave();
  /// The value of a loop index; addresses that move with it follow.
  void bind(uint16_t atom, loop::Id id);
  /// Indices of `loops` whose C-order position is `position`.
  void bind_all(std::span<const uint16_t> loops, loop::Id position);
  /// The same for neighbouring loops that are run as one: addresses that move as over one are not taken apart.
  void bind_joined(std::span<const uint16_t> loops, loop::Id position);

  /// Addresses among those that `bind` keeps up to date.
  void follow(std::span<const uint32_t> nodes, std::span<const Body::Store> stores);
  /// Emits, in order, those of `nodes` that can be: their loops are open and what they are made of is there.
  /// `checked`: false where values are only guessed at, and a bad index is no error.
  void emit(std::span<const uint32_t> nodes, bool checked = true);
  bool has(uint32_t node) const { return ids_[node] != loop::no_id; }
  loop::Id value(uint32_t node) const { return ids_[node]; }
  /// Says what a node is, until `leave`.
  void give(uint32_t node, loop::Id id);
  loop::Id address(uint32_t affine);

  /// The parameter of a value that is written; it may be read too.
  void declare_output(Id value, bool reread = false);
  void declare_temporary(uint32_t index, loop::Type type, loop::Id count, loop::Access access);
  loop::Id output(Id value) const;
  loop::Id temporary(uint32_t index) const;
  void store(const Body::Store& store, bool reread = false);

  /// Lanes of a loop that computes `nodes`: as many as fill a vector with the widest type among them.
  int64_t width(std::span<const uint32_t> nodes, uint64_t varying) const;

  /// The launch: kernel, buffers and sites; the rest is the caller's.
  Launch finish();

 private:
  bool takes_input(const Body::Store& store) const;
  void move(uint32_t affine, loop::Id by);
  void declare(const LaunchBuffer& buffer, loop::Type type, loop::Id count);
  void declare_value(Id value, loop::Type type, loop::Access access);

  const Body& body_;
  const Context& context_;
  loop::Builder builder_;
  bool symbolic_;
  std::vector<loop::Id> ids_;      // by node
  std::vector<loop::Id> partial_;  // by affine: the sum over open loops
  std::vector<bool> followed_;     // by affine
  uint64_t open_ = 0;
  struct Undo {
    enum class Kind : uint8_t { node, partial, atom, scope } kind;
    uint32_t index;
    loop::Id before;
  };
  std::vector<Undo> undo_;
  std::vector<LaunchBuffer> buffers_;
  std::vector<loop::Id> params_;
  std::vector<CheckSite> sites_;
  std::vector<uint32_t> site_of_;  // by node
};

/// Whether every access is element i of loop `atom` of a whole value, or one number: any extent would do.
bool goes_by_elements(const Body& body, const Context& context, uint16_t atom);
/// Estimates over the whole launch.
void estimate(Launch& launch, const Body& body, const Context& context, int64_t tasks);
/// Inputs whose bytes an output may take: read only at the index, and no later than, it is written.
void find_in_place(Launch& launch, const Body& body, const Context& context);

}  // namespace tolk::kernels
