#include "raven/nx/gateway.hpp"

#include <cstring>
#include <vector>

#include "raven/base/interrupt.hpp"
#include "raven/base/message.hpp"
#include "raven/nx/composite.hpp"
#include "raven/nx/cpu/map.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/nx/internal/views.hpp"

namespace nx {

using detail::Impl;
using detail::impl_of;
namespace array_flag = detail::array_flag;

[[gnu::cold, gnu::noinline]] void detail::undefined_operand(const char* name, size_t index) {
  throw ValueError(name, raven::Message("argument ") << index << " is an empty handle (Array{}), which holds no array");
}
using detail::undefined_operand;

namespace {

thread_local constinit Interpreter* innermost = nullptr;
constinit uint64_t last_tag = 0;

constexpr int max_map_operands = 3;
constexpr size_t few = 8;  // operands and results that need no heap

[[gnu::cold, gnu::noinline]] void leaked(const char* name, const Array& x) {
  throw LeakedTracerError(
      name, raven::Message("a traced value ") << aval_of(x)
                                              << " is used outside the transformation that made it (or on another "
                                                 "thread); return it from the transformed function instead");
}

bool is_active(uint64_t tag) {
  for (Interpreter* i = innermost; i; i = i->parent())
    if (i->tag() == tag) return true;
  return false;
}

void check_operands(const OpInfo& info, std::span<const Operand> in) {
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i].is_scalar()) continue;
    if (!in[i].array().defined()) undefined_operand(info.public_name, i);
    const Impl* impl = impl_of(in[i].array());
    if ((impl->flags & array_flag::tracer) && !is_active(impl->tag)) leaked(info.public_name, in[i].array());
  }
}

/// Select's condition is never cast: a number is no truth value.
void check_condition(Op op, const char* name, size_t index, const Array& x) {
  if (op == Op::Select && index == 0)
    throw DTypeError(name, raven::Message("the condition is ") << dtype_name(x.dtype()) << ", expected b1; compare it with 0");
}

// ---- eager elementwise -----------------------------------------------------------------------------------------------

/// The result may take this operand's buffer.
bool reusable(const Operand& o, DType out_dtype) {
  if (!o.consumable()) return false;
  const Impl* impl = impl_of(o.array());
  return impl->dtype == out_dtype && (impl->flags & array_flag::contiguous) && detail::uniquely_owned(impl);
}

Array new_like(const Impl* like, DType dtype) {
  Impl* out = detail::new_impl(dtype, like->rank);
  std::memcpy(out->dims, like->dims, sizeof(int64_t) * like->rank);
  Array handle(out);
  detail::allocate_data(out);
  return handle;
}

/// Axes by descending stride, those of equal strides in their order.
void axes_in_memory(const Impl* impl, int* order) {
  const int64_t* strides = detail::strides_of(impl);
  for (int i = 0; i < impl->rank; ++i) {
    int at = i;
    while (at > 0 && strides[order[at - 1]] < strides[i]) order[at] = order[at - 1], --at;
    order[at] = i;
  }
}

/// Dense, with the axes in this order, the outermost first.
Array new_in_order(DType dtype, const Shape& shape, const int* order) {
  Shape permuted = shape;
  for (int k = 0; k < shape.size(); ++k) permuted[k] = shape[order[k]];
  const Array base = detail::empty_array(dtype, permuted.span());
  const Dims base_strides = base.strides();
  Dims strides = shape;
  for (int k = 0; k < shape.size(); ++k) strides[order[k]] = base_strides[k];
  return detail::view_of(base, shape.span(), strides.span(), 0);
}

/// Result i of attention and of its gradient lies in the order of operand i, rows innermost: heads that are columns of
/// a product become its columns again without a copy.
Array new_attention_result(const Aval& aval, const Impl* like) {
  const int rank = aval.shape.size();
  if (like == nullptr || like->rank != rank || rank == 0 || (like->flags & array_flag::contiguous))
    return detail::empty_array(aval.dtype, aval.shape.span());
  int order[Dims::max_size];
  axes_in_memory(like, order);
  if (order[rank - 1] != rank - 1) return detail::empty_array(aval.dtype, aval.shape.span());
  return new_in_order(aval.dtype, aval.shape, order);
}

/// When every full-size operand has the same dense, permuted strides the result takes them too (NumPy's K order).
Array new_keeping_order(DType dtype, const Shape& shape, std::span<const Impl* const> operands) {
  const Impl* model = nullptr;
  for (const Impl* impl : operands) {
    if (impl->rank != shape.size() || std::memcmp(impl->dims, shape.data(), sizeof(int64_t) * impl->rank) != 0) continue;
    if (impl->flags & array_flag::contiguous) return detail::empty_array(dtype, shape.span());
    if (model && std::memcmp(detail::strides_of(model), detail::strides_of(impl), sizeof(int64_t) * impl->rank) != 0)
      return detail::empty_array(dtype, shape.span());
    model = impl;
  }
  if (!model) return detail::empty_array(dtype, shape.span());
  int order[Dims::max_size];
  axes_in_memory(model, order);
  const int64_t* strides = detail::strides_of(model);
  int64_t expected = 1;  // they must be dense
  for (int k = model->rank - 1; k >= 0; --k) {
    if (shape[order[k]] != 1 && strides[order[k]] != expected) return detail::empty_array(dtype, shape.span());
    expected *= shape[order[k]];
  }
  return new_in_order(dtype, shape, order);
}

[[gnu::noinline]] Array eager_elementwise_general(Op op, const OpInfo& info, std::span<const Operand> in,
                                                  const Attrs& attrs) {
  check_operands(info, in);
  const char* name = info.public_name;
  const DType dtype = detail::compute_dtype(op, name, in);
  const DType out_dtype = (info.flags & op_flag::predicate) ? DType::b1 : dtype;
  const Shape shape = detail::broadcast_shape(name, in);
  const auto n = in.size();

  const Impl* operands[max_map_operands];
  Array temporary[max_map_operands];  // casts and scalars, which live during the call
  for (size_t i = 0; i < n; ++i) {
    const DType wanted = op == Op::Select && i == 0 ? DType::b1 : dtype;
    if (in[i].is_scalar()) {
      temporary[i] = detail::empty_array(wanted, {});
      detail::write_scalar(name, in[i].scalar(), wanted, impl_of(temporary[i])->data);
    } else if (in[i].array().dtype() != wanted) {
      check_condition(op, name, i, in[i].array());
      CastAttrs cast;
      cast.dtype = wanted;
      temporary[i] = apply(Op::Cast, {in[i].array()}, cast);
    }
    operands[i] = impl_of(temporary[i].defined() ? temporary[i] : in[i].array());
  }
  const auto same_shape = [&](const Impl* impl) {
    return impl->rank == shape.size() && std::memcmp(impl->dims, shape.data(), sizeof(int64_t) * impl->rank) == 0;
  };
  Array out;
  for (size_t i = 0; i < n && !out.defined(); ++i) {
    if (!same_shape(operands[i])) continue;
    if (temporary[i].defined() && reusable(Operand(std::move(temporary[i])), out_dtype))
      out = std::move(temporary[i]);
    else if (!temporary[i].defined() && !in[i].is_scalar() && reusable(in[i], out_dtype))
      out = std::move(in[i].consume());
  }
  if (!out.defined()) out = new_keeping_order(out_dtype, shape, std::span<const Impl* const>(operands, n));

  // Operands as views of the result's shape, stride 0 along broadcast axes.
  int64_t stride_room[max_map_operands][Dims::max_size];
  cpu::View views[max_map_operands];
  const int rank = shape.size();
  for (size_t i = 0; i < n; ++i) {
    const Impl* impl = operands[i];
    const int shift = rank - impl->rank;
    for (int a = 0; a < rank; ++a) {
      const int own = a - shift;
      stride_room[i][a] = own < 0 || (detail::shape_of(impl)[own] == 1 && shape[a] != 1) ? 0 : detail::strides_of(impl)[own];
    }
    views[i] = cpu::View(impl);
    views[i].shape = detail::shape_of(impl_of(out));
    views[i].strides = stride_room[i];
    views[i].rank = rank;
    views[i].size = out.size();
  }
  cpu::MapLoop* loop = cpu::map_loop(op, std::span<const cpu::View>(views, n), out_dtype);
  cpu::run_map(loop, cpu::View(impl_of(out)), std::span<const cpu::View>(views, n), attrs, cpu::map_cost(op));
  return out;
}

/// Same dtype, same shape, contiguous — or one array and one weak scalar of no higher category: no views, no temporaries.
inline Array eager_elementwise(Op op, const OpInfo& info, std::span<const Operand> in, const Attrs& attrs) {
  if (in.size() > 2 || (in.size() == 2 && in[0].is_scalar() && in[1].is_scalar()) || (in.size() == 1 && in[0].is_scalar()))
    return eager_elementwise_general(op, info, in, attrs);
  const bool scalar_first = in.size() == 2 && in[0].is_scalar();
  const bool has_scalar = scalar_first || (in.size() == 2 && in[1].is_scalar());
  // An array of one element on the left takes the place of a number when the other one gives the shape.
  const auto one_element = [](const Operand& o) { return o.array().defined() && impl_of(o.array())->size == 1; };
  const bool swapped = !has_scalar && in.size() == 2 && one_element(in[0]) && in[1].array().defined() &&
                       impl_of(in[1].array())->size != 1;
  const size_t main_at = scalar_first || swapped ? 1 : 0;
  const Operand& main = in[main_at];
  if (!main.array().defined()) return eager_elementwise_general(op, info, in, attrs);
  const Impl* x = impl_of(main.array());
  const uint32_t kind = is_float(x->dtype) ? op_flag::F : is_bool(x->dtype) ? op_flag::B : op_flag::I;
  if ((x->flags & (array_flag::contiguous | array_flag::tracer)) != array_flag::contiguous || !(info.flags & kind))
    return eager_elementwise_general(op, info, in, attrs);

  const std::byte* pointers[2] = {x->data, nullptr};
  int64_t strides[2] = {1, 1};
  alignas(8) std::byte immediate[8];
  if (has_scalar) {
    const Scalar& s = scalar_first ? in[0].scalar() : in[1].scalar();
    const bool real = s.kind == Scalar::Kind::real;
    if (is_bool(x->dtype) || (real && !is_float(x->dtype))) return eager_elementwise_general(op, info, in, attrs);
    detail::write_scalar(info.public_name, s, x->dtype, immediate);
    const int at = scalar_first ? 0 : 1;
    pointers[1 - at] = x->data;
    pointers[at] = immediate;
    strides[at] = 0;
  } else if (in.size() == 2) {
    const Operand& other = in[1 - main_at];
    if (!other.array().defined()) return eager_elementwise_general(op, info, in, attrs);
    const Impl* y = impl_of(other.array());
    if (x->dtype != y->dtype || (y->flags & (array_flag::contiguous | array_flag::tracer)) != array_flag::contiguous)
      return eager_elementwise_general(op, info, in, attrs);
    bool same = x->rank == y->rank;
    for (int i = 0; same && i < x->rank; ++i) same = x->dims[i] == y->dims[i];
    if (!same && !(y->size == 1 && y->rank <= x->rank)) return eager_elementwise_general(op, info, in, attrs);
    pointers[main_at] = x->data;
    pointers[1 - main_at] = y->data;
    strides[1 - main_at] = same ? 1 : 0;
  }
  const DType out_dtype = (info.flags & op_flag::predicate) ? DType::b1 : x->dtype;
  const int64_t item = item_size(x->dtype);
  const int64_t items[2] = {item, item};
  const int64_t n = x->size;
  Array out;
  if (reusable(main, out_dtype))
    out = std::move(main.consume());
  else if (!has_scalar && in.size() == 2 && strides[0] == strides[1] && reusable(in[1 - main_at], out_dtype))
    out = std::move(in[1 - main_at].consume());
  else
    out = new_like(x, out_dtype);
  cpu::MapLoop* loop = cpu::loops().map[static_cast<int>(op)][static_cast<int>(x->dtype)];
  cpu::run_flat(loop, impl_of(out)->data, pointers, strides, items, static_cast<int>(in.size()), item_size(out_dtype), n,
                attrs, cpu::map_cost(op));
  return out;
}

// ---- eager, every other op -------------------------------------------------------------------------------------------

/// `count` elements, on the stack while few.
template <class T>
class Few {
 public:
  explicit Few(size_t count) : size_(count) {
    if (count > few) heap_.resize(count);
  }
  std::span<T> span() { return {size_ > few ? heap_.data() : local_, size_}; }

 private:
  size_t size_;
  T local_[few];
  std::vector<T> heap_;
};

void eager(Op op, const OpInfo& info, std::span<const Operand> in, const Attrs& attrs, std::span<Array> out) {
  check_operands(info, in);
  for (size_t i = 0; i < in.size(); ++i)
    if (in[i].is_scalar())
      throw ValueError(info.public_name, raven::Message("argument ") << i << " is a number, expected an array");
  Few<Aval> avals(in.size()), results(out.size());
  for (size_t i = 0; i < in.size(); ++i) avals.span()[i] = aval_of(in[i].array());
  infer(op, avals.span(), attrs, results.span());

  if (is_higher_order(op)) {
    // No kernel: the ops of its Program run through the gateway one by one.
    std::vector<Array> arguments;
    for (const Operand& o : in) arguments.push_back(o.array());
    return decompose(op, arguments, attrs, out);
  }
  if (info.flags & op_flag::view) {
    out[0] = detail::make_view(op, in[0].array(), attrs, results.span()[0]);
    return;
  }
  Few<cpu::View> in_views(in.size()), out_views(out.size());
  for (size_t i = 0; i < in.size(); ++i) in_views.span()[i] = cpu::View(impl_of(in[i].array()));
  // Results are held apart from `out`, whose handles may be operands.
  if (info.flags & op_flag::checked) cpu::check_indices(op, in_views.span(), attrs);
  Few<Array> made(out.size());
  const bool in_place = (info.flags & op_flag::in_place) && reusable(in[0], results.span()[0].dtype) &&
                        avals.span()[0].shape == results.span()[0].shape;
  for (size_t i = 0; i < out.size(); ++i) {
    const Aval& aval = results.span()[i];
    if (i == 0 && in_place) {
      out_views.span()[0] = in_views.span()[0];
      continue;
    }
    if (op == Op::Sdpa || op == Op::SdpaGrad)
      made.span()[i] = new_attention_result(aval, i < in.size() ? impl_of(in[i].array()) : nullptr);
    else
      made.span()[i] = detail::empty_array(aval.dtype, aval.shape.span());
    out_views.span()[i] = cpu::View(impl_of(made.span()[i]));
  }
  cpu::KernelCall call{in_views.span(), out_views.span(), &attrs, nullptr};
  const size_t scratch = cpu::scratch_bytes(op, call);
  if (scratch > 0) call.scratch = raven::Allocator::allocate(scratch);
  // Nothing fails from here on: an operand is given up only now.
  if (in_place) made.span()[0] = std::move(in[0].consume());
  cpu::kernel_of(op)(call);
  if (scratch > 0) raven::Allocator::deallocate(call.scratch, scratch);
  for (size_t i = 0; i < out.size(); ++i) out[i] = std::move(made.span()[i]);
}

// ---- under an interpreter --------------------------------------------------------------------------------------------

/// Weak scalars become Full, dtypes meet by Cast, shapes by Expand: each an op of the interpreter's own.
void lower_elementwise(Op op, const OpInfo& info, std::span<const Operand> in, std::span<Array> lowered,
                       std::span<Operand> operands) {
  const DType dtype = detail::compute_dtype(op, info.public_name, in);
  const Shape shape = detail::broadcast_shape(info.public_name, in);
  for (size_t i = 0; i < in.size(); ++i) {
    const DType wanted = op == Op::Select && i == 0 ? DType::b1 : dtype;
    if (in[i].is_scalar()) {
      alignas(8) std::byte checked[8];
      detail::write_scalar(info.public_name, in[i].scalar(), wanted, checked);
      FullAttrs full;
      full.shape = shape;
      full.dtype = wanted;
      full.value = in[i].scalar();
      lowered[i] = apply(Op::Full, {}, full);
      operands[i] = Operand(std::move(lowered[i]));
      continue;
    }
    const Array& x = in[i].array();
    if (x.dtype() == wanted && x.shape() == shape) {
      operands[i] = in[i];
      continue;
    }
    if (x.dtype() != wanted) check_condition(op, info.public_name, i, x);
    lowered[i] = x;
    if (x.dtype() != wanted) {
      CastAttrs cast;
      cast.dtype = wanted;
      lowered[i] = apply(Op::Cast, {lowered[i]}, cast);
    }
    if (x.shape() != shape) {
      ExpandAttrs expand;
      expand.shape = shape;
      for (int a = shape.size() - x.ndim(); a < shape.size(); ++a) expand.axes.push_back(a);
      lowered[i] = apply(Op::Expand, {lowered[i]}, expand);
    }
    operands[i] = Operand(std::move(lowered[i]));
  }
}

[[gnu::noinline]] void traced(Op op, const OpInfo& info, std::span<const Operand> in, const Attrs& attrs,
                              std::span<Array> out) {
  check_operands(info, in);
  Array lowered[max_map_operands];
  Operand operands[max_map_operands] = {0, 0, 0};
  if (info.flags & op_flag::elementwise) {
    lower_elementwise(op, info, in, lowered, operands);
    in = std::span<const Operand>(operands, in.size());
  }
  Interpreter* interpreter = innermost;
  const ParentScope scope(interpreter->parent());
  interpreter->process(op, in, attrs, out);
}

}  // namespace

void apply(Op op, std::span<const Operand> in, const Attrs& attrs, std::span<Array> out) {
  const OpInfo& info = op_info(op);
  if (raven::interrupted()) [[unlikely]] raven::poll_interrupt();
  if (innermost) [[unlikely]] return traced(op, info, in, attrs, out);
  try {
    if (info.flags & op_flag::elementwise)
      out[0] = eager_elementwise(op, info, in, attrs);
    else
      eager(op, info, in, attrs, out);
  } catch (raven::MemoryError& error) {
    if (error.op() == "nx.empty") error.rename(info.public_name);
    throw;
  }
}

Array apply(Op op, std::initializer_list<Operand> in, const Attrs& attrs) {
  Array out;
  apply(op, std::span<const Operand>(in.begin(), in.size()), attrs, std::span<Array>(&out, 1));
  return out;
}

// ---- interpreters ----------------------------------------------------------------------------------------------------

Interpreter::Interpreter() : tag_(__atomic_add_fetch(&last_tag, 1, __ATOMIC_RELAXED)) {}
Interpreter::~Interpreter() = default;
void Interpreter::before_write(const char*, const Array&) {}

void detail::announce_write(const char* name, const Array& target) {
  const Impl* impl = impl_of(target);
  if ((impl->flags & array_flag::tracer) || impl->id == born_under_interpreter) return;
  for (Interpreter* i = innermost; i; i = i->parent()) i->before_write(name, target);
}

Interpreter* current_interpreter() noexcept { return innermost; }

InterpreterScope::InterpreterScope(Interpreter* interpreter) noexcept : previous_(innermost) {
  if (interpreter) interpreter->parent_ = innermost;
  innermost = interpreter;
}
InterpreterScope::~InterpreterScope() { innermost = previous_; }

ParentScope::ParentScope(Interpreter* interpreter) noexcept : previous_(innermost) { innermost = interpreter; }
ParentScope::~ParentScope() { innermost = previous_; }

// ---- tracers ---------------------------------------------------------------------------------------------------------

namespace {
Array tracer_with_dims(const Interpreter& interpreter, uint32_t id, DType dtype, std::span<const int64_t> shape) {
  Impl* impl = detail::new_impl(dtype, static_cast<int>(shape.size()));
  detail::copy_dims(impl->dims, {shape.data(), shape.size()});
  int64_t size = 1;
  for (int i = impl->rank - 1; i >= 0; --i) {
    detail::strides_of(impl)[i] = size;
    size *= shape[static_cast<size_t>(i)];
  }
  impl->size = size;
  impl->flags |= array_flag::tracer | array_flag::contiguous;
  impl->tag = interpreter.tag();
  impl->id = id;
  return Array(impl);
}
}  // namespace

Array make_tracer(const Interpreter& interpreter, uint32_t id, const Aval& aval, Array value) {
  Array tracer = tracer_with_dims(interpreter, id, aval.dtype, aval.shape.span());
  impl_of(tracer)->value = value.take();
  return tracer;
}
Array make_tracer(const Interpreter& interpreter, uint32_t id, Array value) {
  Array tracer = tracer_with_dims(interpreter, id, value.dtype(), detail::shape_span(value));
  impl_of(tracer)->value = value.take();
  return tracer;
}

uint64_t tracer_tag(const Array& x) noexcept { return x.defined() ? impl_of(x)->tag : 0; }
uint32_t tracer_id(const Array& x) noexcept { return impl_of(x)->id; }
const Array& tracer_value(const Array& tracer) noexcept {
  // An Array is exactly one pointer to its header.
  static_assert(sizeof(Array) == sizeof(detail::Header*));
  return *reinterpret_cast<const Array*>(&impl_of(tracer)->value);
}

Array take_tracer_value(Array& tracer) noexcept {
  Impl* impl = impl_of(tracer);
  if (__atomic_load_n(&impl->refs, __ATOMIC_ACQUIRE) != 1) return tracer_value(tracer);
  Array value(impl->value);
  impl->value = nullptr;
  tracer = Array{};
  return value;
}

#if defined(RAVEN_SANITIZED)
void detail::check_shortcut(Op op, const Array& x, const Attrs& attrs, const Array& out) {
  const Aval in = aval_of(x);
  Aval expected;
  infer(op, std::span<const Aval>(&in, 1), attrs, std::span<Aval>(&expected, 1));
  if (!(expected == aval_of(out)))
    throw std::logic_error((raven::Message("a shortcut of ") << op_info(op).name << " gives " << aval_of(out) << ", infer says "
                                                             << expected)
                               .str());
}
#endif

Aval aval_of(const Array& x) { return Aval{x.dtype(), x.shape()}; }

Array concrete(const Array& x, const char* what) {
  const auto name = [&] { return std::string("nx.") + what; };
  if (!x.defined()) undefined_operand(name().c_str(), 0);
  Array value = x;
  while (value.is_traced()) {
    Interpreter* owner = innermost;
    while (owner && owner->tag() != impl_of(value)->tag) owner = owner->parent();
    if (!owner) leaked(name().c_str(), value);
    Array next = owner->value_of(value);
    if (!next.defined())
      throw TracerError(name(), raven::Message("a traced value ")
                                    << aval_of(value) << " has no number yet (inside " << owner->name()
                                    << "); return it, or mark the argument static");
    value = std::move(next);
  }
  return value;
}

}  // namespace nx
