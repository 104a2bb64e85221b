// Derivatives of random programs.
#include "raven/nx/error.hpp"
#include "raven/rune.hpp"
#include "tolk/programs/check.hpp"

namespace tolk_test {

using nx::Array;
using Arrays = std::vector<Array>;

namespace {

/// Some numbers of this type, tame ones.
Array numbers(const nx::Aval& aval, uint64_t seed) {
  Dice dice(seed);
  std::vector<double> values(static_cast<size_t>(nx::element_count(aval.shape.span())));
  for (double& x : values) x = static_cast<double>(dice.in(-8, 8)) / 4;
  return nx::array(values, aval.shape).astype(aval.dtype);
}

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
  /// One number of this type for each element of the outputs of floating dtype.
  Arrays weights() const {
    Arrays list;
    for (const nx::Program::Id id : random->program.outputs())
      if (const nx::Aval& aval = random->program.aval(id); nx::is_float(aval.dtype))
        list.push_back(numbers(aval, list.size() + 1));
    return list;
  }
  Arrays tangents() const {
    Arrays list;
    for (const Array& x : floats) list.push_back(numbers(nx::aval_of(x), list.size() + 1));
    return list;
  }
};

/// (floats, others, weights) ↦ Σ w·y, its derivative by the floats, all y.
template <class F>
auto gradient(F function) {
  return [function](const Arrays& floats, const Arrays& others, const Arrays& weights) {
    const auto loss = [&](const Arrays& a) {
      Arrays outputs = function(a, others);
      Array total = nx::zeros({});
      size_t next = 0;
      for (const Array& y : outputs)
        if (nx::is_float(y.dtype())) total = total + nx::sum(y * weights[next++]).astype(nx::f64);
      return rune::with_aux(total, std::move(outputs));
    };
    auto [value, derivative, outputs] = rune::value_and_grad(loss)(floats);
    Arrays all = {value};
    all.insert(all.end(), derivative.begin(), derivative.end());
    all.insert(all.end(), outputs.begin(), outputs.end());
    return all;
  };
}

/// (floats, others, tangents) ↦ all y, all ẏ.
template <class F>
auto direction(F function) {
  return [function](const Arrays& floats, const Arrays& others, const Arrays& tangents) {
    auto [outputs, changes] =
        rune::jvp([&](const Arrays& a) { return function(a, others); }, std::tuple(floats), std::tuple(tangents));
    outputs.insert(outputs.end(), changes.begin(), changes.end());
    return outputs;
  };
}

/// What `derivative` gives op by op; nothing where there is none.
template <class D>
std::optional<Arrays> op_by_op(const Split& split, const D& derivative, const Arrays& third) {
  if (split.floats.empty()) return std::nullopt;
  try {
    return derivative(split.floats, split.others, third);
  } catch (const nx::IndexError&) {
    return std::nullopt;
  }
}

template <class D>
RandomProgram program_of(const Split& split, const D& derivative, const Arrays& third) {
  RandomProgram out;
  out.program = rune::make_program(derivative, split.floats, split.others, third);
  for (const Arrays* list : {&split.floats, &split.others, &third})
    for (const Array& x : *list) out.inputs.push_back(x);
  out.donated.assign(out.inputs.size(), false);
  for (size_t i = 0; i < out.donated.size(); i += 2) out.donated[i] = true;
  return out;
}

/// `derive` makes a derivative of a function; `name` is what it is called.
template <class Derive>
std::optional<Verdict> check_derivative(const Split& split, const std::string& name, const Arrays& third,
                                        const Ways& ways, const Derive& derive) {
  const std::optional<Arrays> expected = op_by_op(split, derive(split.function()), third);
  if (!expected) return std::nullopt;
  const auto said = [](const std::string& where, const std::string& what) {
    return what.empty() ? what : where + ": " + what;
  };
  const RandomProgram derivative = program_of(split, derive(split.function()), third);
  std::string what =
      said("the program of " + name + " f", difference(nx::eval(derivative.program, derivative.inputs), *expected));
  if (what.empty()) what = said("jit(" + name + " f)", check_values(derivative, ways).disagreement);
  if (!what.empty()) return Verdict{what + "\n" + derivative.program.print()};
  if (!ways.jitted) return Verdict{};
  const auto compiled = rune::jit(split.function());
  what = said("jit(f)", difference(compiled(split.floats, split.others), split.function()(split.floats, split.others)));
  if (what.empty())
    what = said(name + "(jit f)", difference(derive(compiled)(split.floats, split.others, third), *expected));
  return Verdict{what};
}

}  // namespace

std::optional<RandomProgram> gradient_of(const RandomProgram& random) {
  const Split split(random);
  const Arrays weights = split.weights();
  const auto derivative = gradient(split.function());
  if (!op_by_op(split, derivative, weights)) return std::nullopt;
  return program_of(split, derivative, weights);
}

std::optional<Verdict> check_gradient(const RandomProgram& random, const Ways& ways) {
  const Split split(random);
  return check_derivative(split, "grad", split.weights(), ways, [](auto f) { return gradient(f); });
}
std::optional<Verdict> check_direction(const RandomProgram& random, const Ways& ways) {
  const Split split(random);
  return check_derivative(split, "jvp", split.tangents(), ways, [](auto f) { return direction(f); });
}

}  // namespace tolk_test
