#include "raven/rune/record.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/rune/error.hpp"

namespace rune {

using Id = nx::ProgramBuilder::Id;

Recorder::Recorder(const char* name) : name_(name) {}
Recorder::~Recorder() = default;

Array Recorder::input(const nx::Aval& aval) { return nx::make_tracer(*this, builder_.input(aval), aval); }

Array Recorder::value_of(const Array&) { return {}; }

Id Recorder::id_of(const Array& x) {
  if (nx::tracer_tag(x) == tag()) return nx::tracer_id(x);
  if (x.is_traced())
    throw nx::TracerError(name_, raven::Message("the function captures a traced value ")
                                     << nx::aval_of(x) << " of an enclosing transformation; pass it as an argument");
  const auto [at, is_new] = captured_at_.try_emplace(x.header(), captured_.size());
  if (is_new) captured_.push_back({x, builder_.constant(x)});
  return captured_[at->second].id;
}

void Recorder::before_write(const char* function, const Array& target) {
  throw SideEffectError(function, raven::Message("inside ")
                                      << name_ << " the array " << nx::aval_of(target)
                                      << " from outside the function is written to, which would happen once only, while "
                                         "tracing; pass it as an argument and return it, or write x = x + y");
}

void Recorder::process(nx::Op op, std::span<const nx::Operand> in, const nx::Attrs& attrs, std::span<Array> out) {
  std::vector<Id> operands;
  for (const nx::Operand& o : in) operands.push_back(id_of(o.array()));
  const Id first = builder_.equation(op, operands, attrs);
  for (size_t i = 0; i < out.size(); ++i) {
    const Id id = first + static_cast<Id>(i);
    out[i] = nx::make_tracer(*this, id, builder_.aval(id));
  }
}

nx::Program Recorder::finish(std::span<const Array> outputs) {
  std::vector<Id> ids;
  for (const Array& x : outputs) ids.push_back(id_of(x));
  captured_.clear();
  captured_at_.clear();
  return builder_.build(ids);
}

Recorder::Capturing Recorder::finish_capturing(std::vector<Array> outputs) {
  std::vector<Id> ids;
  for (const Array& x : outputs) ids.push_back(id_of(x));
  outputs.clear();
  Capturing out;
  for (Captured& c : captured_) {
    // This handle, and the builder's constant where that is the array itself.
    const int32_t mine = c.array.is_contiguous() ? 2 : 1;
    if (__atomic_load_n(&c.array.header()->refs, __ATOMIC_ACQUIRE) == mine) continue;
    builder_.take_constant(c.id);
    out.captures.push_back(std::move(c.array));
  }
  captured_.clear();
  captured_at_.clear();
  out.program = builder_.build(ids);
  return out;
}

}  // namespace rune
