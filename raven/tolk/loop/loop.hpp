#pragma once
// LoopIR: one kernel as loops over scalars. It names no CPU; a schedule is what its loops look like.
//
// A kernel is a list of nodes in program order; a node's id is its position. Values are in single assignment, storage
// is not: parameters (buffers of the call), locals (arrays of the thread) and registers (variables). Semantics are
// those of scalars executed in order. What makes code vectors of it is `lanes`:
//
//   lanes a b width w    for i = a … b − 1. The iterations do not depend on each other, but for registers of width w:
//   lane
//                        k = (i − a) mod w owns element k, so a register folds elements a + k, a + k + w, … in that
//                        order. A back end runs w iterations at a time and masks the rest.
//
//   in lanes             may stand: values, loads, stores, get and set, check, and loops whose bounds are the same for
//                        all lanes. A register declared in lanes has width 1 and is each lane's own; of those declared
//                        before, the ones of width w are set and read, a scalar variable is only read. Two iterations
//                        never store to one element, and what an iteration loads is not stored by another one.
//   out of lanes         a register of width 1 is a scalar variable; wider ones are only declared, halved, and used in
//                        lanes of that width.
//
// A failed check reports the first one in scalar order. What the kernel stored by then is unspecified.
//
// Integers wrap. Booleans are 0 or 1, one byte in memory. Numerics: exactly one IEEE operation per node, nothing
// contracted or reordered; NaN payloads are not part of the contract. Elements are addressed by i64 index, never beyond
// the count that the storage declares; an index of a false `load_if` or `store_if` may be anything.
//
// Params and locals stand outside of blocks. Blocks nest up to 64 deep, no lanes in lanes.
//
// This library knows neither nx nor base: the LLVM back end links it too.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Whoever links a copy of this library that others must not see defines it as nothing.
#ifndef TOLK_LOOP_API
#define TOLK_LOOP_API __attribute__((visibility("default")))
#endif

namespace tolk::loop {

/// Element types; the names and meaning of nx's dtypes.
enum class Type : uint8_t { none, b1, u8, u32, u64, i32, i64, f32, f64 };
inline constexpr int type_count = 9;
TOLK_LOOP_API std::string_view name_of(Type type);
/// Bytes of an element in memory.
TOLK_LOOP_API int size_of(Type type);
/// Rows of a local that `turn` writes to, and the side of the square that it moves: at most a cache line.
inline constexpr int turn_rows = 16;
TOLK_LOOP_API int turn_side(Type type);
constexpr bool is_real(Type t) { return t == Type::f32 || t == Type::f64; }
constexpr bool is_signed(Type t) { return t == Type::i32 || t == Type::i64; }

enum class Code : uint8_t {
#define DECLARE(name, ...) name,
#define VALUE DECLARE
#define READ DECLARE
#define STATEMENT DECLARE
#define BLOCK DECLARE
#include "raven/tolk/loop/code.def"
};

enum class Kind : uint8_t { declaration, value, read, statement, block };
struct CodeInfo {
  std::string_view text;
  Kind kind;
  uint8_t operands;
  bool predicate;  ///< eq ne lt le
};
TOLK_LOOP_API const CodeInfo& info(Code code);

using Id = uint32_t;
inline constexpr Id no_id = ~0u;

enum class Access : uint8_t { read, write, both };

struct Node {
  Code code = Code::end;
  Type type = Type::none;  ///< of the value, or of the elements of storage. Blocks: i64 (when: none)
  Id operand[4] = {no_id, no_id, no_id, no_id};
  /// constant: the bits, zero-extended; param: Access; local: count; reg: width; dim: which; loop: step; lanes: width;
  /// store, store_if: 1 asks for a store past the caches; check: site; turn: elements from row to row.
  int64_t immediate = 0;
  friend bool operator==(const Node&, const Node&) = default;
};

struct TOLK_LOOP_API Kernel {
  std::string name;  ///< letters, digits and _
  std::vector<Node> nodes;

  /// Buffers of a call, in order.
  std::vector<Id> params() const;
  /// Bytes of scratch a thread needs: every local at a multiple of 64, in order of declaration. `offset` by local.
  int64_t scratch_bytes() const;
  int64_t local_offset(Id local) const;
};

/// The text of a kernel: one node a line, constants inside the lines that use them, blocks indented. Complete: two
/// kernels with one text are the same kernel.
TOLK_LOOP_API std::string print(const Kernel& kernel);

struct ParseResult {
  Kernel kernel;
  std::string error;  ///< empty, or "line 3: …" that says what and why
};
/// Reads what `print` wrote. Any bytes may come; memory stays within a small multiple of the text.
TOLK_LOOP_API ParseResult parse(std::string_view text);

/// What is wrong with a kernel: types, scopes, blocks, the rules of lanes, constant indices out of bounds. Empty:
/// nothing.
TOLK_LOOP_API std::string verify(const Kernel& kernel);

/// One buffer of a call.
struct Buffer {
  void* data = nullptr;
  int64_t count = 0;  ///< elements
};
/// Runs a verified kernel one scalar at a time, every access checked against the count of its storage, uninitialised
/// locals poisoned. `backwards` runs the iterations of each group of `width` lanes in reverse order. Returns an error
/// text for an access out of bounds, else nothing; a failed `check` is not an error.
TOLK_LOOP_API std::string interpret(const Kernel& kernel, std::span<const Buffer> buffers,
                                    std::span<const int64_t> dims, int64_t begin, int64_t end, bool backwards = false);

/// Builds a kernel. Pure values, and loads of params that are read only, are made once where the first one is in scope.
/// Constants fold, by the interpreter's evaluator; so do select, load_if, store_if and check of a constant mask, and of
/// integers x + 0, x − 0, x · 1, x · 0, x / 1, shifts by 0, and the same for bits. Every function returns the node's
/// id. Calls inside the arguments of another run in an order that C++ leaves open: name the values first where two of
/// them append nodes, or the text differs between compilers.
class TOLK_LOOP_API Builder {
 public:
  explicit Builder(std::string name);
  ~Builder();
  Builder(const Builder&) = delete;

  // storage
  Id param(Type type, Access access, Id count);
  Id param(Type type, Access access, int64_t count) { return param(type, access, index(count)); }
  Id param(Type type, Access access, int count) { return param(type, access, index(count)); }
  Id local(Type type, int64_t count);
  Id reg(Type type, int64_t width, Id first);

  // values
  Id constant(Type type, uint64_t bits);
  Id index(int64_t value);
  Id real(Type type, double value);  ///< f32 or f64
  Id truth(bool value);
  Id dim(int which);
  Id task_begin();
  Id task_end();
  Id unary(Code code, Id a);
  Id binary(Code code, Id a, Id b);
  Id add(Id a, Id b) { return binary(Code::add, a, b); }
  Id sub(Id a, Id b) { return binary(Code::sub, a, b); }
  Id mul(Id a, Id b) { return binary(Code::mul, a, b); }
  Id select(Id mask, Id a, Id b);
  Id cast(Type type, Id a);
  Id bitcast(Type type, Id a);

  // reads
  Id load(Id storage, Id index);
  Id load_if(Id storage, Id index, Id mask, Id otherwise);
  Id get(Id reg);
  Id halve(Code code, Id reg);

  // statements
  void store(Id storage, Id index, Id value, bool stream = false);
  void store_if(Id storage, Id index, Id value, Id mask, bool stream = false);
  void set(Id reg, Id value);
  void check(Id mask, Id value, Id status, int64_t site);
  void fetch(Id storage, Id index);
  void turn(Id from, Id from_index, int64_t stride, Id to, Id to_index);

  // blocks: the index; closed by end()
  Id loop(Id from, Id to, int64_t step = 1);
  Id lanes(Id from, Id to, int64_t width);
  void when(Id condition);
  void end();

  Type type_of(Id id) const;
  /// The value of a constant i64; false if it is none.
  bool is_index(Id id, int64_t& value) const;

  /// The kernel, verified: throws std::logic_error with the text of `verify`, for a bug of the caller.
  Kernel finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tolk::loop
