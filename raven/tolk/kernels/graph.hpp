#pragma once
// The values of one kernel as expressions of its loop indices, down to values that have bytes of their own. Not
// installed.
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "raven/nx/program.hpp"
#include "raven/tolk/kernels/affine.hpp"
#include "raven/tolk/kernels/layout.hpp"
#include "raven/tolk/kernels/limits.hpp"
#include "raven/tolk/loop/loop.hpp"

namespace tolk::kernels {

using nx::Aval;
using nx::Op;
using nx::Program;
using Id = Program::Id;

inline constexpr uint32_t none = ~0u;

inline loop::Type type_of(nx::DType dtype) { return static_cast<loop::Type>(static_cast<int>(dtype) + 1); }
inline int64_t count_of(const Aval& aval) { return nx::element_count(aval.shape.span()); }
inline int64_t bytes_of(const Aval& aval) { return count_of(aval) * nx::item_size(aval.dtype); }

/// What a kernel runs over: outer × reduced × inner elements in C order; what it keeps of a reduction are outer ×
/// inner. reduced = 1: a map. inner = 1: rows. Else columns.
struct Space {
  int64_t outer = 1, reduced = 1, inner = 1;
  int64_t full() const { return outer * reduced * inner; }
  int64_t kept() const { return outer * inner; }
  friend bool operator==(const Space&, const Space&) = default;
};
enum class Role : uint8_t { outer, reduced, inner };
/// What a value of a kernel has elements for.
enum class Extent : uint8_t {
  full,    ///< every index of the space
  kept,    ///< every index but the reduced ones
  column,  ///< reduced indices alone: what goes down the rows of a kernel that reduces along them
};

/// A program, and which of its values have bytes.
struct Values {
  Values(const Program& of, const Limits& within, bool layouts_by_reader = true);
  const Program& program;
  const Limits& limits;
  std::vector<uint32_t> equation;  ///< by value; none for inputs and constants
  /// By value: the group whose kernel writes its bytes; `written` for inputs, constants and results of calls; none for
  /// values that are computed where they are used.
  std::vector<uint32_t> group;
  static constexpr uint32_t written = ~0u - 1;
  std::vector<nx::Dims> layouts;  ///< by value: strides of what does not lie in C order

  const Program::Equation* made_by(Id id) const {
    return equation[id] == none ? nullptr : &program.equations()[equation[id]];
  }
  bool in_order(Id id) const { return layouts[id].size() == 0; }
  nx::Dims strides(Id id) const {
    return in_order(id) ? nx::contiguous_strides(program.aval(id).shape.span()) : layouts[id];
  }
  /// Where in its bytes an element of a value lies, counted in elements.
  Affine position(Id id, std::span<const Affine> index) const;
  /// The value whose bytes a loaded one is: its own, but for bits read as another type.
  Id holder(Id id) const {
    while (group[id] == none) id = made_by(id)->operands[0];
    return id;
  }
};

/// A value as the plan sees it: bytes of `root`, which is itself unless strides can show it as a view.
struct Shown {
  Id root = 0;
  nx::Dims strides;
};
std::vector<Shown> shown_values(const Values& values);

/// What an equation costs per element, in additions. A view, and a number, cost nothing.
int equation_cost(const Program::Equation& e);

/// One scalar of a kernel, in single assignment.
struct Node {
  enum class Kind : uint8_t {
    constant,  ///< bits
    index,     ///< i64: affine
    load,      ///< value `bits` at position `affine`, if `guard` (operand 0) holds, else `otherwise` 0
    apply,     ///< code of operands
    reduce,    ///< operand 0 over the reduced indices, or the outer ones (bits: 1); code: add, mul, maximum or minimum
    check,     ///< operand 2, once operand 0 is known to hold; operand 1 is reported. bits: equation; affine: axis
  };
  Kind kind = Kind::constant;
  loop::Code code = loop::Code::constant;
  loop::Type type = loop::Type::none;
  uint32_t operand[3] = {none, none, none};
  uint64_t bits = 0;
  uint32_t affine = none;
  bool reduces_down() const { return kind == Kind::reduce && bits == 1; }
  friend bool operator==(const Node&, const Node&) = default;
};

/// Why a value could not become part of a graph.
struct Failure {
  enum class Kind : uint8_t {
    nothing,
    cut,          ///< a loop must be cut in two
    materialise,  ///< `value` needs bytes of its own first
    apart,        ///< it does not fit here; a kernel of its own might do
  };
  Kind kind = Kind::nothing;
  Cut cut;
  Id value = 0;
  const char* reason = "";  ///< a code of the closed list
};

class Graph {
 public:
  /// The graph of group `index`.
  Graph(const Values& values, uint32_t index, const Space& space);

  /// A member: a value of this group.
  struct Member {
    Id value;
    Extent extent;
    uint32_t node;
    uint32_t access;
  };
  /// Adds a value as a member; loops are cut as that needs. When it fails the graph is as it was, but for nodes that
  /// nobody uses.
  Failure add(Id value, Extent extent);
  const std::vector<Member>& members() const { return members_; }
  /// The same members over another space, if they fit.
  std::optional<Graph> over(const Space& space) const;
  /// A member that nobody has read yet is none after all.
  void remove(Id value);
  const Member* member(Id value) const;
  /// Values loaded for a node, through nodes that are not in `seen` yet.
  std::vector<Id> loads_of(uint32_t node, std::vector<bool>& seen) const;

  const Space& space() const { return space_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  /// How many loops over the reduced indices come before a node's value is known.
  int level(uint32_t node) const { return levels_[node]; }
  const std::vector<Affine>& affines() const { return affines_; }
  const std::vector<Atom>& atoms() const { return atoms_; }
  const std::vector<uint16_t>& order(Role role) const { return order_[static_cast<size_t>(role)]; }

  // ---- for the rules (expressions.cpp)
  static constexpr uint32_t pending = none - 1;
  struct Request {
    Id value;
    uint32_t access, guard;
    friend bool operator==(const Request&, const Request&) = default;
  };
  const Values& values() const { return *values_; }
  const Aval& aval(Id id) const { return values_->program.aval(id); }
  /// The node of an operand, or `pending`: the rule returns `pending` too and is called again.
  uint32_t operand(Id value, uint32_t access, uint32_t guard);
  /// Gives the request up; returns `pending`.
  uint32_t fail(const Failure& failure);
  uint32_t fail(const Cut& cut, Id materialise, const char* reason);

  std::vector<Affine> index_of(uint32_t access) const;
  uint32_t access_of(std::span<const Affine> index);
  uint32_t constant(loop::Type type, uint64_t bits) {
    return add_node({Node::Kind::constant, loop::Code::constant, type, {none, none, none}, bits, none});
  }
  uint32_t integer(loop::Type type, int64_t value);
  uint32_t index(const Affine& affine);
  uint32_t apply(loop::Code code, loop::Type type, uint32_t a, uint32_t b = none, uint32_t c = none);
  uint32_t add_node(const Node& node);
  /// low ≤ a < high as a condition: a node, `always` or `never`.
  static constexpr uint32_t always = none, never = none - 2;
  uint32_t inside(const Affine& a, int64_t low, int64_t high);
  /// Both, where `always` is nothing.
  uint32_t both(uint32_t guard, uint32_t condition);
  /// An atom that is `node`, in 0 … extent − 1.
  Affine dynamic(uint32_t node, int64_t extent);
  /// Whether a value has bytes that another step writes.
  bool apart(Id value) const { return values_->group[value] != none && values_->group[value] != index_; }
  /// The element at a position in the bytes of a value.
  uint32_t load(Id value, const Affine& position, uint32_t guard);
  loop::Type type(uint32_t node) const { return nodes_[node].type; }

 private:
  void start();
  void cut(const Cut& cut);
  Failure build(const Request& request, uint32_t& node);
  Failure try_add(Id value, Extent extent);
  bool identity(const nx::Shape& shape, Extent extent, uint32_t& access, Failure& failure);
  uint32_t visit(const Request& request);
  uint32_t reduce(const Request& request, Extent extent);
  uint32_t intern(const Affine& affine);

  struct Hasher {
    size_t operator()(const Node& n) const;
    size_t operator()(const Request& r) const;
    size_t operator()(const Affine& a) const;
    size_t operator()(const std::vector<uint32_t>& v) const;
  };

  const Values* values_;
  uint32_t index_;
  Space space_;
  std::vector<int64_t> extents_[3];  // by role, as cut so far
  std::vector<Member> members_;

  std::vector<Atom> atoms_;
  std::vector<uint16_t> order_[3];
  Affine index_of_extent_[3];  // C-order position among the value's elements
  std::vector<Affine> affines_;
  std::vector<std::vector<uint32_t>> accesses_;
  std::vector<Node> nodes_;
  std::vector<int> levels_;
  std::vector<Id> loaded_;
  size_t weight_ = 0;
  std::unordered_map<Affine, uint32_t, Hasher> affine_at_;
  std::unordered_map<std::vector<uint32_t>, uint32_t, Hasher> access_at_;
  std::unordered_map<Node, uint32_t, Hasher> node_at_;
  std::unordered_map<Request, uint32_t, Hasher> memo_;
  std::unordered_map<uint32_t, uint16_t> dynamic_at_;  // by node

  std::vector<Request> missing_;
  Failure failure_;
  Id adding_ = none;  // the member being added: part of the group already
  Extent adding_extent_ = Extent::full;
};

/// The rule of an op: the node of a value at an index.
using Rule = uint32_t(Graph& graph, const Graph::Request& request, const Program::Equation& equation);
/// Null for ops that no kernel computes.
Rule* rule_of(Op op);
/// Whether kernels compute this equation.
bool generated(const Program::Equation& equation);

/// What a node costs, in additions.
int cost_of(loop::Code code);
/// What it adds to the text of machine code, whose compiler takes more than twice as long for twice as much.
constexpr int weight_of(int cost) { return cost >= 32 ? 48 : cost >= 16 ? 8 : 1; }

}  // namespace tolk::kernels
