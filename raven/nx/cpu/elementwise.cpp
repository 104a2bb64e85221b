// Kernels of elementwise ops: the map driver over the level's loop.
#include "raven/nx/cpu/kernel_rules.hpp"
#include "raven/nx/cpu/map.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/elementwise.hpp"

namespace nx::cpu::kernel {

namespace {
void map(Op op, const KernelCall& call) {
  run_map(map_loop(op, call.in, call.out[0].dtype), call.out[0], call.in, *call.attrs, map_cost(op));
}
}  // namespace

#define NX_MAP(name) \
  void name(const KernelCall& call) { map(Op::name, call); }
NX_MAP(Cast)
NX_MAP(Neg)
NX_MAP(Exp)
NX_MAP(Add)
NX_MAP(Sub)
NX_MAP(Mul)
NX_MAP(Div)
NX_MAP(Maximum)
NX_MAP(Eq)
NX_MAP(Select)
NX_MAP(Abs)
NX_MAP(Sign)
NX_MAP(Not)
NX_MAP(Sqrt)
NX_MAP(Rsqrt)
NX_MAP(Exp2)
NX_MAP(Expm1)
NX_MAP(Log)
NX_MAP(Log2)
NX_MAP(Log10)
NX_MAP(Log1p)
NX_MAP(Sin)
NX_MAP(Cos)
NX_MAP(Tanh)
NX_MAP(Logistic)
NX_MAP(Erf)
NX_MAP(ErfInv)
NX_MAP(Round)
NX_MAP(IDiv)
NX_MAP(Rem)
NX_MAP(Pow)
NX_MAP(Minimum)
NX_MAP(Bitwise)
NX_MAP(Shl)
NX_MAP(Shr)
NX_MAP(Ne)
NX_MAP(Lt)
NX_MAP(Le)
#undef NX_MAP

void Full(const KernelCall& call) {
  const auto& a = call.as<FullAttrs>();
  alignas(8) std::byte value[8];
  detail::write_scalar("nx.full", a.value, a.dtype, value);  // infer checked that it fits
  const View& out = call.out[0];
  const int64_t zero[Dims::max_size] = {};
  View in = out;
  in.data = value;
  in.strides = zero;
  in.contiguous = false;
  detail::copy_view(out, in);
}

}  // namespace nx::cpu::kernel
