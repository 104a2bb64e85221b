// Derivatives of random programs.
#include "raven/nx/error.hpp"
#include "raven/rune.hpp"
#include "tolk/programs/check.hpp"

namespace tolk_test {

using nx::Array;
using Arrays = std::vector<Array>;

namespace {

/// The program as a function of its floating inputs and the others.
struct Split {
  const RandomProgram* random;
  Arrays floats, others;

  explicit Split(const RandomProgram& program) : random(&program) {
    for (const Array& x : program.inputs) (nx::is_float(x.dtype()) ? floats : others).push_back(x);
  }
  auto function() const {
    return [random = random](const Arrays& a, const Arrays& b) {
      Arrays inputs;
      size_t next_float = 0, next_other = 0;
      for (const Array& x : random->inputs)
        inputs.push_back(nx::is_float(x.dtype()) ? a[next_float++] : b[next_other++]);
      return nx::eval(random->program, inputs);
    };
  }
  /// Σ w·y over the floating results, each with weights of its own.
  template <class F>
  static auto loss_of(F function) {
    return [function](const Arrays& a, const Arrays& b) {
      Array total = nx::zeros({});
      uint64_t seed = 1;
      for (const Array& y : function(a, b)) {
        if (!nx::is_float(y.dtype())) continue;
        Dice dice(seed++);
        std::vector<double> weights(static_cast<size_t>(y.size()));
        for (double& w : weights) w = static_cast<double>(dice.in(-8, 8)) / 4;
        total = total + nx::sum(y.astype(nx::f64) * nx::array(weights, y.shape()));
      }
      return total;
    };
  }
  /// The gradient op by op, or nothing: an op without a derivative, no floating input.
  std::optional<Arrays> eager() const {
    if (floats.empty()) return std::nullopt;
    try {
      return rune::grad(loss_of(function()))(floats, others);
    } catch (const nx::IndexError&) {
      return std::nullopt;
    } catch (const rune::NonDifferentiableError&) {
      return std::nullopt;
    }
  }
};

}  // namespace

std::optional<RandomProgram> gradient_of(const RandomProgram& random) {
  const Split split(random);
  if (!split.eager()) return std::nullopt;
  RandomProgram out;
  out.program = rune::make_program(rune::grad(Split::loss_of(split.function())), split.floats, split.others);
  for (const Arrays* list : {&split.floats, &split.others})
    for (const Array& x : *list) out.inputs.push_back(x);
  out.donated.assign(out.inputs.size(), false);
  for (size_t i = 0; i < out.donated.size(); i += 2) out.donated[i] = true;
  return out;
}

std::optional<std::string> gradient_disagreement(const RandomProgram& random) {
  const Split split(random);
  const std::optional<Arrays> expected = split.eager();
  if (!expected) return std::nullopt;
  const auto said = [](const char* name, const std::string& what) {
    return what.empty() ? what : std::string(name) + ": " + what;
  };
  const std::optional<RandomProgram> gradient = gradient_of(random);
  std::string what =
      said("the gradient's program", difference(nx::eval(gradient->program, gradient->inputs), *expected));
  if (what.empty()) what = said("jit(grad f)", value_disagreement(*gradient));
  if (!what.empty()) return what + "\n" + gradient->program.print();
  const auto compiled = rune::jit(split.function());
  what = said("jit(f)", difference(compiled(split.floats, split.others), split.function()(split.floats, split.others)));
  if (!what.empty()) return what;
  return said("grad(jit f)", difference(rune::grad(Split::loss_of(compiled))(split.floats, split.others), *expected));
}

}  // namespace tolk_test
