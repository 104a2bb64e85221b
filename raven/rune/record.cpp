#include "raven/rune/record.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"

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
  for (const Captured& c : captured_)
    if (c.array.header() == x.header()) return c.id;
  captured_.push_back({x, builder_.constant(x)});
  return captured_.back().id;
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
  return builder_.build(ids);
}

}  // namespace rune
