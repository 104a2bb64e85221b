#include "raven/rune/tape.hpp"

#include "raven/base/interrupt.hpp"
#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/composite.hpp"
#include "raven/rune/error.hpp"
#include "raven/rune/internal/compiled.hpp"
#include "raven/rune/vjp/rules.hpp"

namespace rune {

using nx::Array;
using nx::Aval;
using nx::Op;
using nx::Operand;
using vjp_rule::Keep;
using vjp_rule::Pull;
using vjp_rule::Rule;

/// One recorded op. Its operands and results are ids; kept values and shapes lie in shared arrays, freed from the back.
struct Record {
  Op op;
  uint32_t operands, results;
  uint32_t first_id;      ///< operand ids (−1: constant), then result ids, in `ids`
  uint32_t first_saved;   ///< `saved_count` handles in `saved`: one per operand and result; the residuals of a compiled call
  uint32_t first_shape;   ///< operands shapes in `shapes`, when kept
  uint32_t first_attrs;   ///< index in `attrs`, or none
  uint64_t needed;
  nx::DType operand_dtype;
  uint32_t saved_count;
};

struct Tape::Records {
  std::vector<Record> ops;
  std::vector<int32_t> ids;
  std::vector<Array> saved;
  std::vector<nx::Shape> shapes;
  std::vector<nx::AttrsBox> attrs;
  std::vector<Aval> avals;  ///< of results of ops with more than one, by their place in `ids`
  int32_t next_id = 0;
  int watched = 0;
  bool consumed = false;
};

namespace {
constexpr uint32_t none = ~0u;
}

Tape::Tape(const char* name) : records_(std::make_unique<Records>()), name_(name) {}
Tape::~Tape() = default;

int Tape::watched() const { return records_->watched; }

Array Tape::watch(const Array& value) {
  Records& r = *records_;
  ++r.watched;
  return nx::make_tracer(*this, static_cast<uint32_t>(r.next_id++), value);
}

bool Tape::follows(const Array& x) const { return nx::tracer_tag(x) == tag(); }
Array Tape::lower(const Array& x) const { return x.defined() && follows(x) ? nx::tracer_value(x) : x; }
Array Tape::value_of(const Array& tracer) { return nx::tracer_value(tracer); }

void Tape::process(Op op, std::span<const Operand> in, const nx::Attrs& attrs, std::span<Array> out) {
  const Rule& rule = vjp_rule::rule_of(op);
  constexpr size_t few = 8;
  uint64_t needed = 0;  // of the first 64; the ids tell of the others
  bool any = false, any_needed = false;
  for (size_t i = 0; i < in.size(); ++i)
    if (follows(in[i].array())) {
      any = true;
      if (!nx::is_float(in[i].array().dtype())) continue;
      any_needed = true;
      if (i < 64) needed |= uint64_t{1} << i;
    }
  if (!any) return nx::apply(op, in, attrs, out);

  if (op == Op::Call)
    if (const auto* callee = dynamic_cast<const detail::CompiledProgram*>(static_cast<const nx::CallAttrs&>(attrs).executable.get()))
      return process_call(*callee, in, out);
  if (rule.decompose) {
    std::vector<Array> operands;
    for (const Operand& o : in) operands.push_back(o.array());
    const nx::ParentScope here(this);
    return nx::decompose(op, operands, attrs, out);
  }

  // Operands as the parent sees them. An in-place op may consume the value of a tracer that nobody else holds.
  Operand few_lowered[few] = {0, 0, 0, 0, 0, 0, 0, 0};
  std::vector<Operand> many_lowered;
  if (in.size() > few) many_lowered.assign(in.size(), Operand(0));
  Operand* lowered = in.size() > few ? many_lowered.data() : few_lowered;
  Array taken;
  const nx::DType operand_dtype = in[0].array().dtype();
  const bool differentiable = rule.pull != nullptr && any_needed;
  const Keep keep = differentiable && rule.keep ? rule.keep(needed, attrs) : Keep{};
  // Ids and shapes are read before an operand's handle may be emptied, values before the parent may consume them.
  Records& r = *records_;
  const auto first_saved = static_cast<uint32_t>(r.saved.size());
  const auto first_shape = static_cast<uint32_t>(r.shapes.size());
  const auto first_id = static_cast<uint32_t>(r.ids.size());
  if (differentiable) {
    for (const Operand& o : in)
      r.ids.push_back(follows(o.array()) ? static_cast<int32_t>(nx::tracer_id(o.array())) : -1);
    if (keep.shapes)
      for (const Operand& o : in) r.shapes.push_back(o.array().shape());
  }
  for (size_t i = 0; i < in.size(); ++i) {
    const Array& x = in[i].array();
    if (!follows(x)) {
      lowered[i] = in[i];
    } else if (i == 0 && nx::has_flag(op, nx::op_flag::in_place) && in[i].consumable() && !(keep.values & 1)) {
      taken = nx::take_tracer_value(in[i].consume());
      lowered[i] = Operand(std::move(taken));
    } else {
      lowered[i] = Operand(nx::tracer_value(x));
    }
  }
  if (differentiable)
    for (size_t i = 0; i < in.size(); ++i) {
      const bool kept = i < 32 ? (keep.values >> i & 1) != 0 : keep.values == ~0u;
      r.saved.push_back(kept ? lowered[i].array() : Array{});
    }
  try {
    nx::apply(op, std::span<const Operand>(lowered, in.size()), attrs, out);
  } catch (...) {
    r.saved.resize(first_saved);
    r.shapes.resize(first_shape);
    r.ids.resize(first_id);
    throw;
  }
  if (!differentiable) return;
  for (size_t i = 0; i < out.size(); ++i) {
    r.saved.push_back(keep.results >> i & 1 ? out[i] : Array{});
    const bool real = nx::is_float(out[i].dtype());
    r.ids.push_back(real ? r.next_id : -1);
    if (out.size() > 1) r.avals.push_back(nx::aval_of(out[i]));
    if (real) out[i] = nx::make_tracer(*this, static_cast<uint32_t>(r.next_id++), std::move(out[i]));
  }
  uint32_t first_attrs = none;
  nx::AttrsBox box(op, attrs);
  if (box.has_value()) {
    first_attrs = static_cast<uint32_t>(r.attrs.size());
    r.attrs.push_back(std::move(box));
  }
  r.ops.push_back({op, static_cast<uint32_t>(in.size()), static_cast<uint32_t>(out.size()), first_id, first_saved,
                   keep.shapes ? first_shape : none, first_attrs, needed, operand_dtype,
                   static_cast<uint32_t>(in.size() + out.size())});
}

void Tape::process_call(const detail::CompiledProgram& callee, std::span<const Operand> in, std::span<Array> out) {
  std::vector<bool> wanted(in.size());
  std::vector<Array> primals;
  for (size_t i = 0; i < in.size(); ++i) {
    wanted[i] = follows(in[i].array());
    primals.push_back(lower(in[i].array()));
  }
  const auto derivative = callee.derivative(wanted);
  std::vector<Array> results = nx::call(derivative->forward->program(), primals, derivative->forward);

  Records& r = *records_;
  const auto first_id = static_cast<uint32_t>(r.ids.size()), first_saved = static_cast<uint32_t>(r.saved.size());
  for (size_t i = 0; i < in.size(); ++i)
    r.ids.push_back(derivative->flows[i] ? static_cast<int32_t>(nx::tracer_id(in[i].array())) : -1);
  const nx::DType operand_dtype = in[0].array().dtype();
  for (size_t i = 0; i < out.size(); ++i) {
    const bool real = nx::is_float(results[i].dtype());
    r.ids.push_back(real ? r.next_id : -1);
    if (out.size() > 1) r.avals.push_back(nx::aval_of(results[i]));
    out[i] = real ? nx::make_tracer(*this, static_cast<uint32_t>(r.next_id++), std::move(results[i])) : std::move(results[i]);
  }
  for (size_t i = out.size(); i < results.size(); ++i) r.saved.push_back(std::move(results[i]));
  nx::CallAttrs attrs;
  attrs.program = derivative->backward->program();
  attrs.executable = derivative->backward;
  r.attrs.emplace_back(Op::Call, attrs);
  r.ops.push_back({Op::Call, static_cast<uint32_t>(in.size()), static_cast<uint32_t>(out.size()), first_id, first_saved, none,
                   static_cast<uint32_t>(r.attrs.size() - 1), 0, operand_dtype,
                   static_cast<uint32_t>(results.size() - out.size())});
}

namespace {
/// Accumulates in place where the slot is the only owner.
void accumulate(Array& slot, Array cotangent) {
  slot = slot.defined() ? nx::add(std::move(slot), cotangent) : std::move(cotangent);
}
}  // namespace

struct vjp_rule::PullAccess {
  static void fill(Pull& p, const Record& record, const nx::Attrs& attrs, const Array* saved, const nx::Shape* shapes,
                   std::span<Array> cotangents, std::span<const Aval> avals, const int32_t* ids, Array* slots) {
    p.attrs_ = &attrs;
    p.operands_ = record.operands;
    p.needed_ = record.needed;
    p.operand_dtype_ = record.operand_dtype;
    p.saved_ = saved;
    p.shapes_ = shapes;
    p.cotangents_ = cotangents;
    p.result_avals_ = avals;
    p.ids_ = ids;
    p.saved_count_ = record.saved_count;
    p.slots_ = slots;
  }
};

const Array& Pull::ct(int i) {
  Array& g = cotangents_[static_cast<size_t>(i)];
  if (!g.defined()) {
    const Aval& aval = result_avals_[static_cast<size_t>(i)];
    g = nx::zeros(aval.shape, {.dtype = aval.dtype});
  }
  return g;
}
void Pull::emit(int i, Array cotangent) { accumulate(slots_[ids_[i]], std::move(cotangent)); }
void Pull::emit_region(int i, const nx::Dims& starts, const nx::Dims& stops, const nx::Dims& steps, const Array& cotangent) {
  Array& slot = slots_[ids_[i]];
  if (!slot.defined()) slot = nx::zeros(shape(i), {.dtype = cotangent.dtype()});
  slot = nx::slice_update(std::move(slot), cotangent, starts, stops, steps, true);
}

std::vector<Array> Tape::backward(std::span<const Array> outputs, std::span<const Array> cotangents, bool consume) {
  Records& r = *records_;
  if (r.consumed)
    throw Error("rune.vjp",
                "this pullback was called with std::move, which freed what it kept; call it as "
                "pullback(cotangent) while it is needed, or make it again with rune::vjp");
  r.consumed = consume;
  std::vector<Array> slots(static_cast<size_t>(r.next_id));
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].defined() && cotangents[i].defined() && follows(outputs[i]))
      accumulate(slots[nx::tracer_id(outputs[i])], cotangents[i]);

  std::vector<Array> flowing;
  size_t avals_left = r.avals.size();
  for (size_t k = r.ops.size(); k-- > 0;) {
    const Record& record = r.ops[k];
    const int32_t* ids = r.ids.data() + record.first_id;
    if (record.results > 1) avals_left -= record.results;
    flowing.assign(record.results, Array{});
    bool any = false;
    for (int i = 0; i < static_cast<int>(record.results); ++i) {
      const int32_t id = ids[record.operands + i];
      if (id < 0 || !slots[static_cast<size_t>(id)].defined()) continue;
      flowing[static_cast<size_t>(i)] = std::move(slots[static_cast<size_t>(id)]);
      any = true;
    }
    if (any) {
      if (raven::interrupted()) raven::poll_interrupt();
      Pull pull;
      static const nx::NoAttrs no_attributes{};
      vjp_rule::PullAccess::fill(
          pull, record, record.first_attrs == none ? static_cast<const nx::Attrs&>(no_attributes) : r.attrs[record.first_attrs].get(),
          r.saved.data() + record.first_saved, record.first_shape == none ? nullptr : r.shapes.data() + record.first_shape,
          flowing, std::span<const Aval>(r.avals).subspan(record.results > 1 ? avals_left : 0), ids, slots.data());
      vjp_rule::rule_of(record.op).pull(pull);
    }
    if (consume)
      for (uint32_t i = 0; i < record.saved_count; ++i) r.saved[record.first_saved + i] = Array{};
  }
  slots.resize(static_cast<size_t>(r.watched));
  return slots;
}

}  // namespace rune
