#include "raven/nx/program.hpp"

#include <algorithm>
#include <cstring>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/hash.hpp"
#include "raven/nx/internal/impl.hpp"

namespace nx {

namespace {

constexpr const char* name = "nx.Program";

std::span<const std::byte> bytes_of(const Array& contiguous) {
  return {detail::impl_of(contiguous)->data, static_cast<size_t>(contiguous.nbytes())};
}

bool same_bits(const Array& a, const Array& b) {
  return a.header() == b.header() ||
         (aval_of(a) == aval_of(b) &&
          (a.size() == 0 || std::memcmp(bytes_of(a).data(), bytes_of(b).data(), bytes_of(a).size()) == 0));
}

bool same_equation(const Program::Equation& a, const Program::Equation& b) {
  return a.op == b.op && a.operands == b.operands && a.results == b.results &&
         attrs_equal(a.op, a.attrs.get(), b.attrs.get());
}

// ---- hashing: one chain of 64 bits, run with two seeds
// ---------------------------------------------------------------

uint64_t hash_aval(uint64_t h, const Aval& aval) {
  h = detail::mix(h, static_cast<uint64_t>(aval.dtype));
  h = detail::mix(h, static_cast<uint64_t>(aval.shape.size()));
  for (const int64_t extent : aval.shape) h = detail::mix(h, static_cast<uint64_t>(extent));
  return h;
}

uint64_t hash_bytes(uint64_t h, std::span<const std::byte> bytes) {
  h = detail::mix(h, bytes.size());
  while (!bytes.empty()) {
    uint64_t word = 0;
    const size_t n = bytes.size() < sizeof word ? bytes.size() : sizeof word;
    std::memcpy(&word, bytes.data(), n);
    h = detail::mix(h, word);
    bytes = bytes.subspan(n);
  }
  return h;
}

uint64_t hash_program(const Program& program, uint64_t seed) {
  uint64_t h = detail::mix(seed, program.inputs());
  for (Program::Id i = 0; i < program.inputs(); ++i) h = hash_aval(h, program.aval(i));
  h = detail::mix(h, program.constants().size());
  for (const Array& constant : program.constants()) h = hash_bytes(hash_aval(h, aval_of(constant)), bytes_of(constant));
  h = detail::mix(h, program.equations().size());
  for (const Program::Equation& e : program.equations()) {
    h = attrs_hash(e.op, e.attrs.get(), h);
    h = detail::mix(h, e.operands.size());
    for (const Program::Id id : e.operands) h = detail::mix(h, id);
  }
  h = detail::mix(h, program.outputs().size());
  for (const Program::Id id : program.outputs()) h = detail::mix(h, id);
  return h;
}

}  // namespace

Program::Hash Program::hash() const { return {hash_program(*this, 1), hash_program(*this, 2)}; }

bool operator==(const Program& a, const Program& b) {
  if (&a == &b) return true;
  if (a.inputs_ != b.inputs_ || a.constants_.size() != b.constants_.size() ||
      a.equations_.size() != b.equations_.size() || a.outputs_ != b.outputs_ || a.avals_ != b.avals_)
    return false;
  for (size_t i = 0; i < a.equations_.size(); ++i)
    if (!same_equation(a.equations_[i], b.equations_[i])) return false;
  for (size_t i = 0; i < a.constants_.size(); ++i)
    if (!same_bits(a.constants_[i], b.constants_[i])) return false;
  return true;
}

void Program::verify() const {
  Id next = inputs_;
  for (const Array& constant : constants_) {
    if (next >= values() || !constant.defined() || constant.is_traced() || aval_of(constant) != avals_[next])
      throw ValueError(name, raven::Message("constant %")
                                 << next << " is not a plain array of the type it is declared with");
    ++next;
  }
  for (const Equation& e : equations_) {
    std::vector<Aval> in, out(e.results);
    for (const Id id : e.operands) {
      if (id >= next)
        throw ValueError(name, raven::Message(op_info(e.op).name)
                                   << " uses %" << id << " before it is defined (next is %" << next << ")");
      in.push_back(avals_[id]);
    }
    infer(e.op, in, e.attrs.get(), out);
    for (const Aval& aval : out) {
      if (next >= values() || avals_[next] != aval)
        throw ValueError(name, raven::Message("%") << next << " of " << op_info(e.op).name
                                                   << " is declared with another type than " << aval);
      ++next;
    }
  }
  if (next != values()) throw ValueError(name, raven::Message("%") << next << " is declared but never defined");
  for (const Id id : outputs_)
    if (id >= next) throw ValueError(name, raven::Message("output %") << id << " is never defined");
}

void Program::check_arguments(const char* caller, std::span<const Aval> arguments) const {
  if (arguments.size() != inputs_)
    throw ValueError(caller, raven::Message("got ") << arguments.size() << " arguments, expected " << inputs_);
  for (Id i = 0; i < inputs_; ++i) {
    const Aval &got = arguments[i], &expected = avals_[i];
    if (got.dtype != expected.dtype)
      throw DTypeError(caller, raven::Message("argument ")
                                   << i << " is " << got << ", expected " << expected
                                   << "; use .astype(nx::" << dtype_name(expected.dtype) << ")");
    if (got.shape != expected.shape)
      throw ShapeError(caller, raven::Message("argument ") << i << " is " << got << ", expected " << expected);
  }
}

// ---- building
// --------------------------------------------------------------------------------------------------------

ProgramBuilder::Id ProgramBuilder::input(const Aval& aval) {
  avals_.push_back(aval);
  kinds_.push_back(Kind::input);
  return static_cast<Id>(avals_.size() - 1);
}

ProgramBuilder::Id ProgramBuilder::constant(const Array& value) {
  if (!value.defined()) throw ValueError(name, "a constant is an empty handle (Array{}), which holds no array");
  if (value.is_traced())
    throw TracerError(name, raven::Message("a traced value ")
                                << aval_of(value) << " cannot be a constant of a program; pass it as an argument");
  constants_.push_back(detail::contiguous_array(value));
  avals_.push_back(aval_of(value));
  kinds_.push_back(Kind::constant);
  return static_cast<Id>(avals_.size() - 1);
}

void ProgramBuilder::require_id(Id id) const {
  if (id >= avals_.size()) throw ValueError(name, raven::Message("%") << id << " is not defined yet");
}

ProgramBuilder::Id ProgramBuilder::equation(Op op, std::span<const Id> operands, const Attrs& attrs) {
  std::vector<Aval> in;
  for (const Id id : operands) {
    require_id(id);
    in.push_back(avals_[id]);
  }
  std::vector<Aval> out(static_cast<size_t>(result_count(op, attrs, operands.size())));
  infer(op, in, attrs, out);
  const Id first = static_cast<Id>(avals_.size());
  equations_.push_back(
      {op, AttrsBox(op, attrs), {operands.begin(), operands.end()}, first, static_cast<uint32_t>(out.size())});
  for (Aval& aval : out) {
    avals_.push_back(std::move(aval));
    kinds_.push_back(Kind::result);
  }
  return first;
}

Array ProgramBuilder::take_constant(Id constant) {
  require_id(constant);
  if (kinds_[constant] != Kind::constant) throw ValueError(name, raven::Message("%") << constant << " is no constant");
  const auto at = std::count(kinds_.begin(), kinds_.begin() + constant, Kind::constant);
  Array value = std::move(constants_[static_cast<size_t>(at)]);
  constants_.erase(constants_.begin() + at);
  kinds_[constant] = Kind::input;
  return value;
}

Program ProgramBuilder::build(std::span<const Id> outputs) {
  for (const Id id : outputs) require_id(id);
  Program program;
  // Inputs, then constants, then results, each in the order of their making.
  std::vector<Id> renumbered(avals_.size());
  for (const Kind kind : {Kind::input, Kind::constant, Kind::result}) {
    for (size_t i = 0; i < avals_.size(); ++i) {
      if (kinds_[i] != kind) continue;
      renumbered[i] = static_cast<Id>(program.avals_.size());
      program.avals_.push_back(avals_[i]);
    }
    if (kind == Kind::input) program.inputs_ = static_cast<Id>(program.avals_.size());
  }
  program.constants_ = std::move(constants_);
  program.equations_ = std::move(equations_);
  for (Program::Equation& e : program.equations_) {
    for (Id& id : e.operands) id = renumbered[id];
    if (e.results > 0) e.first_result = renumbered[e.first_result];
  }
  for (const Id id : outputs) program.outputs_.push_back(renumbered[id]);
  *this = ProgramBuilder();
  return program;
}

// ---- evaluation
// ------------------------------------------------------------------------------------------------------

std::vector<Array> eval(const Program& program, std::span<const Array> arguments) {
  std::vector<Aval> avals;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].defined())
      throw ValueError("nx.eval", raven::Message("argument ")
                                      << i << " is an empty handle (Array{}), which holds no array");
    avals.push_back(aval_of(arguments[i]));
  }
  program.check_arguments("nx.eval", avals);

  using Id = Program::Id;
  std::vector<Array> values(arguments.begin(), arguments.end());
  values.insert(values.end(), program.constants().begin(), program.constants().end());
  values.resize(program.values());
  constexpr size_t unused = SIZE_MAX, output = SIZE_MAX - 1;
  std::vector<size_t> last_use(values.size(), unused);
  for (size_t k = 0; k < program.equations().size(); ++k)
    for (const Id id : program.equations()[k].operands) last_use[id] = k;
  for (const Id id : program.outputs()) last_use[id] = output;

  std::vector<Operand> operands;
  for (size_t k = 0; k < program.equations().size(); ++k) {
    const Program::Equation& e = program.equations()[k];
    operands.clear();
    for (size_t i = 0; i < e.operands.size(); ++i) {
      const Id id = e.operands[i];
      // A handle given twice to one op must stay whole while it is consumed.
      bool consumable = last_use[id] == k;
      for (size_t j = 0; j < e.operands.size(); ++j) consumable = consumable && (j == i || e.operands[j] != id);
      operands.push_back(consumable ? Operand(std::move(values[id])) : Operand(values[id]));
    }
    apply(e.op, operands, e.attrs.get(), std::span(values).subspan(e.results > 0 ? e.first_result : 0, e.results));
    for (const Id id : e.operands)
      if (last_use[id] == k) values[id] = Array{};
    for (Id id = e.first_result; id < e.first_result + e.results; ++id)
      if (last_use[id] == unused) values[id] = Array{};
  }
  std::vector<Array> results;
  for (const Id id : program.outputs()) results.push_back(values[id]);
  return results;
}

Executable::~Executable() = default;

std::vector<Array> call(std::shared_ptr<const Program> program, std::span<const Array> arguments,
                        std::shared_ptr<const Executable> executable) {
  CallAttrs attrs;
  attrs.program = std::move(program);
  attrs.executable = std::move(executable);
  const std::vector<Operand> operands(arguments.begin(), arguments.end());
  std::vector<Array> results(static_cast<size_t>(result_count(Op::Call, attrs, 0)));
  apply(Op::Call, operands, attrs, results);
  return results;
}

}  // namespace nx
