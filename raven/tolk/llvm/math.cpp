// The functions of reals: raven/vmath over the builder domain, in pieces of one register.
#include "raven/tolk/llvm/internal/math.hpp"

#include "raven/tolk/llvm/internal/domain.hpp"
#include "raven/vmath/vmath.hpp"

namespace tolk::backend {
namespace {

using llvm::Value;

/// A function of one or two reals, as code of the domain that ends in a value.
struct Function {
  Value* (*single)(Domain&, Value*, Value*);
  Value* (*wide)(Domain&, Value*, Value*);
};

#define TOLK_FUNCTION(code, function, ...)                                                        \
  case loop::Code::code: {                                                                        \
    static constexpr Function row = {[](Domain& d, Value* a, [[maybe_unused]] Value* b) {         \
                                       const Domain::F32 x{&d.ir, a};                             \
                                       [[maybe_unused]] const Domain::F32 y{&d.ir, b};            \
                                       return vmath::function(d, x __VA_OPT__(, ) __VA_ARGS__).v; \
                                     },                                                           \
                                     [](Domain& d, Value* a, [[maybe_unused]] Value* b) {         \
                                       const Domain::F64 x{&d.ir, a};                             \
                                       [[maybe_unused]] const Domain::F64 y{&d.ir, b};            \
                                       return vmath::function(d, x __VA_OPT__(, ) __VA_ARGS__).v; \
                                     }};                                                          \
    return &row;                                                                                  \
  }

const Function* function_of(loop::Code code) {
  switch (code) {
    TOLK_FUNCTION(rsqrt, rsqrt)
    TOLK_FUNCTION(exp, exp)
    TOLK_FUNCTION(exp2, exp2)
    TOLK_FUNCTION(expm1, expm1)
    TOLK_FUNCTION(log, log)
    TOLK_FUNCTION(log2, log2)
    TOLK_FUNCTION(log10, log10)
    TOLK_FUNCTION(log1p, log1p)
    TOLK_FUNCTION(sin, sin)
    TOLK_FUNCTION(cos, cos)
    TOLK_FUNCTION(tanh, tanh)
    TOLK_FUNCTION(sigmoid, sigmoid)
    TOLK_FUNCTION(erf, erf)
    TOLK_FUNCTION(erfinv, erfinv)
    TOLK_FUNCTION(gelu, gelu)
    TOLK_FUNCTION(gelu_tanh, gelu_tanh)
    TOLK_FUNCTION(gelu_gradient, gelu_gradient)
    TOLK_FUNCTION(gelu_tanh_gradient, gelu_tanh_gradient)
    TOLK_FUNCTION(pow, pow, y)
    default: return nullptr;
  }
}

}  // namespace

Value* real_function(Ir& ir, loop::Code code, Value* a, Value* b) {
  const Function* function = function_of(code);
  if (function == nullptr) return nullptr;
  const bool single = a->getType()->getScalarType()->isFloatTy();
  const int register_lanes = vector_bytes(ir.level) / (single ? 4 : 8);
  Value* const arguments[] = {a, b};
  const size_t count = b == nullptr ? 1 : 2;
  return ir.by_pieces(std::span(arguments, count), register_lanes, [&](std::span<Value* const> part) {
    Domain domain{ir, lanes_of(part[0])};
    return (single ? function->single : function->wide)(domain, part[0], count == 2 ? part[1] : nullptr);
  });
}

}  // namespace tolk::backend
