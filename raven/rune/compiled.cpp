#include "raven/rune/internal/compiled.hpp"

#include <chrono>

#include "raven/base/message.hpp"
#include "raven/rune/error.hpp"
#include "raven/rune/record.hpp"
#include "raven/rune/tape.hpp"
#include "raven/tolk/error.hpp"

namespace rune::detail {

using nx::Program;
using Id = Program::Id;

CompiledProgram::CompiledProgram(std::shared_ptr<const Program> program, std::vector<bool> donated,
                                 CompileChoice choice)
    : program_(std::move(program)), donated_(std::move(donated)), choice_(std::move(choice)) {}

void CompiledProgram::compile() const {
  const auto start = std::chrono::steady_clock::now();
  bool shared = false;
  const auto attempt = [&](bool kernels) {
    plan_ = tolk::compile_cached(*program_, {.donated = donated_, .kernels = kernels}, &shared);
  };
  bool falls_back = false;  // fell_back_ when all is done: an exception leaves the next call as if there had been none
  try {
    attempt(choice_.kernels);
  } catch (const tolk::Error& error) {
    {
      const std::lock_guard lock(mutex_);
      fault_ = error.what();
    }
    if (!choice_.fall_back)
      throw CompileError("rune.jit", raven::Message(choice_.where) << " does not compile: " << error.what()
                                                                   << "; use {.fallback = rune::Fallback::eager}");
    falls_back = true;
  }
  if (falls_back) {
    // Calls alone may still do; what does not compile at all is evaluated.
    try {
      attempt(false);
    } catch (const tolk::Error&) {
    }
  } else {
    const std::lock_guard lock(mutex_);
    fault_.clear();  // of an attempt before
  }
  fell_back_ = falls_back;
  CompileCounts& counts = *choice_.counts;
  ++(shared ? counts.shared : counts.compiles);
  if (!shared) counts.nanoseconds += std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
  done_.store(true, std::memory_order_release);
}

const tolk::Plan* CompiledProgram::plan() const {
  std::call_once(once_, [this] { compile(); });
  return plan_.get();
}

std::string CompiledProgram::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void CompiledProgram::run(std::span<const Array> arguments, std::span<Array> results) const {
  std::vector<tolk::PlanArgument> plain;
  plain.reserve(arguments.size());
  for (const Array& x : arguments) plain.push_back({const_cast<Array*>(&x), false});
  run(plain, results);
}

void CompiledProgram::run(std::span<const tolk::PlanArgument> arguments, std::span<Array> results) const {
  const tolk::Plan* compiled = plan();
  CompileCounts& counts = *choice_.counts;
  if (fell_back_) ++counts.fallbacks;
  if (compiled) {
    tolk::RunReport report;
    compiled->run(arguments, results, &report);
    if (report.donations_taken + report.donations_missed + report.input_copies > 0) {
      counts.donations += report.donations_taken;
      counts.donations_missed += report.donations_missed;
      counts.input_copies += report.input_copies;
    }
    return;
  }
  std::vector<Array> plain;
  for (const tolk::PlanArgument& a : arguments) plain.push_back(*a.array);
  std::vector<Array> made = nx::eval(*program_, plain);
  for (size_t i = 0; i < made.size(); ++i) results[i] = std::move(made[i]);
}

namespace {

/// One program of the call and its pullback, with the number of equations of the forward pass.
struct Joint {
  Program program;
  size_t forward_equations, results;
  std::vector<bool> flows;  ///< by argument: it is wanted and a cotangent reaches it
};

Joint trace_derivative(const Program& program, const std::vector<bool>& wanted) {
  Recorder recorder("rune::grad of a compiled call");
  Tape tape;
  Joint joint;
  std::vector<Array> arguments, outputs, cotangents, gradients;
  for (Id i = 0; i < program.inputs(); ++i) arguments.push_back(recorder.input(program.aval(i)));
  const nx::InterpreterScope recording(&recorder);
  std::vector<Array> watched = arguments;
  for (size_t i = 0; i < watched.size(); ++i)
    if (wanted[i]) watched[i] = tape.watch(arguments[i]);
  {
    const nx::InterpreterScope taping(&tape);
    outputs = nx::eval(program, watched);
  }
  joint.forward_equations = recorder.equations();
  joint.results = outputs.size();
  for (const Array& y : outputs)
    cotangents.push_back(nx::is_float(y.dtype()) ? recorder.input(nx::aval_of(y)) : Array{});
  gradients = tape.backward(outputs, cotangents, true);
  for (Array& y : outputs) y = tape.lower(y);
  joint.flows.assign(arguments.size(), false);
  size_t at = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!wanted[i]) continue;
    Array& g = gradients[at++];
    joint.flows[i] = g.defined();
    if (g.defined()) outputs.push_back(std::move(g));
  }
  joint.program = recorder.finish(outputs);
  return joint;
}

std::shared_ptr<const CompiledProgram> compiled(Program program, const CompileChoice& choice) {
  return std::make_shared<const CompiledProgram>(std::make_shared<const Program>(std::move(program)),
                                                 std::vector<bool>{}, choice);
}

/// Cuts the joint program. What the backward half reads of the forward one becomes a residual; numbers everywhere and
/// indices are made anew.
CallDerivative cut(const Joint& joint, size_t arguments, std::vector<bool> wanted, const CompileChoice& choice) {
  const Program& p = joint.program;
  constexpr Id none = ~Id{0};
  const auto equations = p.equations();
  // Values of the forward half: arguments, constants and the results of its equations; cotangents are inputs after the
  // arguments.
  std::vector<bool> of_forward(p.values());
  for (Id i = 0; i < p.values(); ++i)
    of_forward[i] = i < arguments || (i >= p.inputs() && i < p.inputs() + p.constants().size());
  for (size_t k = 0; k < joint.forward_equations; ++k)
    for (Id i = 0; i < equations[k].results; ++i) of_forward[equations[k].first_result + i] = true;
  std::vector<size_t> maker(p.values(), SIZE_MAX);
  for (size_t k = 0; k < equations.size(); ++k)
    for (Id i = 0; i < equations[k].results; ++i) maker[equations[k].first_result + i] = k;

  std::vector<Id> residuals;
  nx::ProgramBuilder backward;
  std::vector<Id> in_backward(p.values(), none);
  const auto is_constant = [&](Id id) { return id >= p.inputs() && id < p.inputs() + p.constants().size(); };
  const auto is_remade = [&](Id id) {
    return maker[id] != SIZE_MAX &&
           (equations[maker[id]].op == nx::Op::Full || equations[maker[id]].op == nx::Op::Iota);
  };
  const auto need = [&](Id id) {
    if (!of_forward[id] || in_backward[id] != none) return;
    if (is_constant(id)) {
      in_backward[id] = backward.constant(p.constants()[id - p.inputs()]);
    } else if (is_remade(id)) {
      in_backward[id] = backward.equation(equations[maker[id]].op, {}, equations[maker[id]].attrs.get());
    } else {
      residuals.push_back(id);
      in_backward[id] = backward.input(p.aval(id));
    }
  };
  for (size_t k = joint.forward_equations; k < equations.size(); ++k)
    for (const Id id : equations[k].operands) need(id);
  for (size_t i = joint.results; i < p.outputs().size(); ++i) need(p.outputs()[i]);
  for (Id i = static_cast<Id>(arguments); i < p.inputs(); ++i) in_backward[i] = backward.input(p.aval(i));
  std::vector<Id> operands, outputs;
  for (size_t k = joint.forward_equations; k < equations.size(); ++k) {
    operands.clear();
    for (const Id id : equations[k].operands) operands.push_back(in_backward[id]);
    const Id first = backward.equation(equations[k].op, operands, equations[k].attrs.get());
    for (Id i = 0; i < equations[k].results; ++i) in_backward[equations[k].first_result + i] = first + i;
  }
  for (size_t i = joint.results; i < p.outputs().size(); ++i) outputs.push_back(in_backward[p.outputs()[i]]);
  CallDerivative d;
  d.wanted = std::move(wanted);
  d.flows = joint.flows;
  d.backward = compiled(backward.build(outputs), choice);

  nx::ProgramBuilder forward;
  std::vector<Id> in_forward(p.values(), none);
  for (Id i = 0; i < arguments; ++i) in_forward[i] = forward.input(p.aval(i));
  for (size_t i = 0; i < p.constants().size(); ++i) in_forward[p.inputs() + i] = forward.constant(p.constants()[i]);
  for (size_t k = 0; k < joint.forward_equations; ++k) {
    operands.clear();
    for (const Id id : equations[k].operands) operands.push_back(in_forward[id]);
    const Id first = forward.equation(equations[k].op, operands, equations[k].attrs.get());
    for (Id i = 0; i < equations[k].results; ++i) in_forward[equations[k].first_result + i] = first + i;
  }
  outputs.clear();
  for (size_t i = 0; i < joint.results; ++i) outputs.push_back(in_forward[p.outputs()[i]]);
  for (const Id id : residuals) outputs.push_back(in_forward[id]);
  d.forward = compiled(forward.build(outputs), choice);
  return d;
}

}  // namespace

std::shared_ptr<const CallDerivative> CompiledProgram::derivative(const std::vector<bool>& wanted) const {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& d : derivatives_)
      if (d->wanted == wanted) return d;
  }
  auto made = std::make_shared<const CallDerivative>(
      cut(trace_derivative(*program_, wanted), program_->inputs(), wanted, choice_));
  const std::lock_guard lock(mutex_);
  for (const auto& d : derivatives_)
    if (d->wanted == wanted) return d;  // another thread's
  derivatives_.push_back(made);
  return made;
}

std::vector<std::shared_ptr<const CallDerivative>> CompiledProgram::derivatives() const {
  const std::lock_guard lock(mutex_);
  return derivatives_;
}

}  // namespace rune::detail
