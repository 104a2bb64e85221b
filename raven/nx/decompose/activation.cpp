// The kernels keep the relative accuracy of the lower tail (raven/vmath/activation.hpp), which no chain of primitives
// does: decomposed, results there are right to a few eps·|x| absolute only.
#include "raven/nx/api/math.hpp"
#include "raven/nx/decompose/decompose.hpp"

namespace nx::decompose_rule {

namespace {
constexpr double root_half = 0.70710678118654752440, root_two_over_pi = 0.79788456080286535588;
constexpr double inverse_root_two_pi = 0.39894228040143267794, cubic = 0.044715;
bool by_tanh(const Call& call) { return call.as<GeluAttrs>().approximate == GeluApproximate::tanh; }
Array tanh_of(const Array& x) { return tanh((x + cubic * (x * x * x)) * root_two_over_pi); }
}  // namespace

/// x·(1 + erf(x/√2))/2, or x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2
void Gelu(const Call& call) {
  const Array& x = call.in[0];
  call.out[0] = x * ((by_tanh(call) ? tanh_of(x) : erf(x * root_half)) + 1) * 0.5;
}

/// g·(Φ(x) + x·φ(x)), φ the normal density; or with t the tangent above g·((1 + t) + x·(1 − t²)·√(2/π)·(1 +
/// 0.134145·x²))/2
void GeluGrad(const Call& call) {
  const Array &x = call.in[0], &g = call.in[1];
  if (by_tanh(call)) {
    const Array t = tanh_of(x);
    const Array slope = (x * x * (3 * cubic) + 1) * root_two_over_pi;
    call.out[0] = ((t + 1) + x * (1 - t * t) * slope) * 0.5 * g;
  } else {
    call.out[0] = ((erf(x * root_half) + 1) * 0.5 + x * exp(x * x * -0.5) * inverse_root_two_pi) * g;
  }
}

}  // namespace nx::decompose_rule
