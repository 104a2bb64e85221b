// Contractions: batch, free and contracted axes of both operands brought into the form that gemm takes, without copies
// where strides allow.
#include "raven/nx/cpu/contract.hpp"

#include "raven/nx/cpu/gemm.hpp"
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/internal/copy.hpp"

namespace nx::cpu {

namespace {

/// One axis seen by up to three operands (strides of A, B, C; 0 where an operand lacks it).
struct Axis {
  int64_t extent, a, b, c;
};
struct AxisList {
  int count = 0;
  Axis axis[Dims::max_size];
  /// Adds inside the former ones, merged with the innermost when every operand steps through both alike.
  void push(const Axis& x) {
    if (x.extent == 1) return;
    if (count > 0) {
      Axis& last = axis[count - 1];
      if (last.a == x.a * x.extent && last.b == x.b * x.extent && last.c == x.c * x.extent) {
        last = {last.extent * x.extent, x.a, x.b, x.c};
        return;
      }
    }
    axis[count++] = x;
  }
  /// Takes the innermost axis away (extent 1 when there is none).
  Axis pop() { return count > 0 ? axis[--count] : Axis{1, 0, 0, 0}; }
  int64_t size() const {
    int64_t n = 1;
    for (int i = 0; i < count; ++i) n *= axis[i].extent;
    return n;
  }
};

/// The contracted axes of one operand step evenly.
bool contract_merges(const View& x, const Dims& contract) {
  int64_t expected = 0;
  bool innermost = true;  // whose step is free; 0 for a broadcast axis
  for (int i = contract.size() - 1; i >= 0; --i) {
    const auto axis = contract[i];
    if (x.shape[axis] == 1) continue;
    if (!innermost && x.strides[axis] != expected) return false;
    expected = x.strides[axis] * x.shape[axis];
    innermost = false;
  }
  return true;
}
size_t copy_bytes(const View& x, const Dims& contract) {
  return contract_merges(x, contract) ? 0 : (static_cast<size_t>(x.size * item_size(x.dtype)) + 63) / 64 * 64;
}

/// Strides of x's axes in a contiguous copy whose contracted axes come last, in their order.
Dims copy_layout(const View& x, const Dims& contract) {
  Dims strides = Dims::filled(x.rank, 0);
  int64_t step = 1;
  for (int i = contract.size() - 1; i >= 0; --i) {
    strides[static_cast<int>(contract[i])] = step;
    step *= x.shape[contract[i]];
  }
  for (int i = x.rank - 1; i >= 0; --i) {
    if (contract.contains(i)) continue;
    strides[i] = step;
    step *= x.shape[i];
  }
  return strides;
}

struct Problem {
  GemmArgs gemm;
  AxisList outer;  ///< axes that neither gemm's batch nor its m and n could take
};

GemmElement element_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return GemmElement::f32;
    case DType::f64: return GemmElement::f64;
    case DType::b1: return GemmElement::b1;
    default:
      return item_size(dtype) == 1 ? GemmElement::i8 : item_size(dtype) == 4 ? GemmElement::i32 : GemmElement::i64;
  }
}

Problem make_problem(const View& a, const View& b, const View& c, const DotGeneralAttrs& d) {
  AxisList batch, m, n;
  int at = 0;
  for (int i = 0; i < d.lhs_batch.size(); ++i, ++at) {
    const auto l = d.lhs_batch[i], r = d.rhs_batch[i];
    batch.push({a.shape[l], a.strides[l], b.strides[r], c.strides[at]});
  }
  for (int i = 0; i < a.rank; ++i)
    if (!d.lhs_batch.contains(i) && !d.lhs_contract.contains(i)) m.push({a.shape[i], a.strides[i], 0, c.strides[at++]});
  for (int i = 0; i < b.rank; ++i)
    if (!d.rhs_batch.contains(i) && !d.rhs_contract.contains(i)) n.push({b.shape[i], 0, b.strides[i], c.strides[at++]});
  Problem p;
  GemmArgs& g = p.gemm;
  g.element = element_of(a.dtype);
  g.k = 1;
  for (int i = 0; i < d.lhs_contract.size(); ++i) {
    const auto l = d.lhs_contract[i], r = d.rhs_contract[i];
    g.k *= a.shape[l];
    if (a.shape[l] != 1) g.a_col = a.strides[l], g.b_row = b.strides[r];
  }
  const Axis mi = m.pop(), ni = n.pop(), bi = batch.pop();
  g.m = mi.extent, g.a_row = mi.a, g.c_row = mi.c;
  g.n = ni.extent, g.b_col = ni.b, g.c_col = ni.extent == 1 ? 1 : ni.c;
  g.batch = bi.extent, g.a_batch = bi.a, g.b_batch = bi.b, g.c_batch = bi.c;
  for (const AxisList* list : {&batch, &m, &n})
    for (int i = 0; i < list->count; ++i) p.outer.axis[p.outer.count++] = list->axis[i];
  if (g.m == 1) g.c_row = g.n;
  g.a = a.data, g.b = b.data, g.c = c.data;
  return p;
}

}  // namespace

size_t contract_scratch(const View& left, const View& right, const View& out, const DotGeneralAttrs& d) {
  View a = left, b = right;
  const size_t copies = copy_bytes(a, d.lhs_contract) + copy_bytes(b, d.rhs_contract);
  const Dims a_strides = copy_layout(a, d.lhs_contract), b_strides = copy_layout(b, d.rhs_contract);
  if (copy_bytes(a, d.lhs_contract) > 0) a.strides = a_strides.data();
  if (copy_bytes(b, d.rhs_contract) > 0) b.strides = b_strides.data();
  return copies + gemm_scratch_bytes(make_problem(a, b, out, d).gemm);
}

void contract(const View& left, const View& right, const View& out, const DotGeneralAttrs& d, const void* bias,
              void* scratch_bytes) {
  if (out.size == 0) return;
  View operand[2] = {left, right};
  const Dims* contract[2] = {&d.lhs_contract, &d.rhs_contract};
  Dims strides[2];
  auto* scratch = static_cast<std::byte*>(scratch_bytes);
  for (int i = 0; i < 2; ++i) {
    const size_t bytes = copy_bytes(operand[i], *contract[i]);
    if (bytes == 0) continue;
    strides[i] = copy_layout(operand[i], *contract[i]);
    View copy = operand[i];
    copy.data = scratch;
    copy.strides = strides[i].data();
    detail::copy_view(copy, operand[i]);
    operand[i] = copy;
    scratch += bytes;
  }
  const Problem p = make_problem(operand[0], operand[1], out, d);
  const int64_t item = item_size(out.dtype), total = p.outer.size();
  for (int64_t o = 0; o < total; ++o) {
    GemmArgs g = p.gemm;
    int64_t rest = o, offset[3] = {};
    for (int i = p.outer.count - 1; i >= 0; --i) {
      const Axis& x = p.outer.axis[i];
      const int64_t index = rest % x.extent;
      rest /= x.extent;
      offset[0] += index * x.a, offset[1] += index * x.b, offset[2] += index * x.c;
    }
    g.a = static_cast<const std::byte*>(g.a) + offset[0] * item;
    g.b = static_cast<const std::byte*>(g.b) + offset[1] * item;
    g.c = static_cast<std::byte*>(g.c) + offset[2] * item;
    g.bias = bias;
    gemm(g, scratch);
  }
}

namespace kernel {

size_t dot_general_scratch(const KernelCall& call) {
  return contract_scratch(call.in[0], call.in[1], call.out[0], call.as<DotGeneralAttrs>());
}
void DotGeneral(const KernelCall& call) {
  contract(call.in[0], call.in[1], call.out[0], call.as<DotGeneralAttrs>(), nullptr, call.scratch);
}

}  // namespace kernel
}  // namespace nx::cpu
