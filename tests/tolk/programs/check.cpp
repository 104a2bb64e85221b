#include "tolk/programs/check.hpp"

#include <cstdlib>
#include <cstring>

#include "raven/base/message.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/error.hpp"
#include "raven/tolk.hpp"

namespace tolk_test {

using nx::Array;
using raven::Message;
using Arrays = std::vector<Array>;

namespace {

std::vector<uint8_t> bytes_of(const Array& x) {
  const Array flat = nx::contiguous(nx::reshape(x, {x.size()}));
  std::vector<uint8_t> bytes(static_cast<size_t>(flat.nbytes()));
  if (bytes.empty()) return bytes;
  return nx::is_bool(x.dtype()) ? nx::bitcast(flat, nx::u8).to_vector<uint8_t>()
                                : nx::ravel(nx::bitcast(flat, nx::u8)).to_vector<uint8_t>();
}

template <class T>
bool is_nan(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value != value;
}
bool same_element(nx::DType dtype, const uint8_t* a, const uint8_t* b) {
  if (std::memcmp(a, b, static_cast<size_t>(nx::item_size(dtype))) == 0) return true;
  if (dtype == nx::f32) return is_nan<float>(a) && is_nan<float>(b);
  if (dtype == nx::f64) return is_nan<double>(a) && is_nan<double>(b);
  return false;
}
std::string hex(const uint8_t* bytes, int64_t count) {
  std::string text;
  static constexpr char digits[] = "0123456789abcdef";
  for (int64_t i = count - 1; i >= 0; --i) text += {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
  return text;
}

/// What a way of computing gave: arrays, or the message of an IndexError.
struct Outcome {
  Arrays arrays;
  std::optional<std::string> index_error;
};
template <class Compute>
Outcome outcome_of(const Compute& compute) {
  try {
    return {compute(), {}};
  } catch (const nx::IndexError& error) {
    return {{}, error.what()};
  }
}
std::string difference(const Outcome& got, const Outcome& expected) {
  if (got.index_error.has_value() == expected.index_error.has_value())
    return got.index_error ? "" : tolk_test::difference(got.arrays, expected.arrays);
  return got.index_error ? "throws " + *got.index_error : "does not throw " + *expected.index_error;
}

/// The same values in memory of their own (a single element may share it).
Array copy_of(const Array& x) {
  if (x.ndim() == 0) return x;
  nx::Dims axes;
  for (int i = 0; i < x.ndim(); ++i) axes.push_back(i);
  return nx::contiguous(nx::flip(nx::contiguous(nx::flip(x, nx::Axes(axes))), nx::Axes(axes)));
}

Arrays run_plan(const tolk::Plan& plan, const RandomProgram& program, bool donate) {
  Arrays inputs = program.inputs;
  // Somebody else holds program.inputs: copies are given up.
  if (donate)
    for (size_t i = 0; i < inputs.size(); ++i)
      if (program.donated[i] && i % 2 == 0) inputs[i] = copy_of(inputs[i]);
  std::vector<tolk::PlanArgument> arguments;
  for (size_t i = 0; i < inputs.size(); ++i) arguments.push_back({&inputs[i], donate && program.donated[i]});
  Arrays results(program.program.outputs().size());
  plan.run(arguments, results, nullptr, true);
  return results;
}

}  // namespace

std::string difference(std::span<const Array> got, std::span<const Array> expected) {
  if (got.size() != expected.size()) return (Message() << got.size() << " results, expected " << expected.size()).str();
  for (size_t i = 0; i < got.size(); ++i) {
    const nx::Aval mine = nx::aval_of(got[i]), wanted = nx::aval_of(expected[i]);
    if (!(mine == wanted)) return (Message() << "result " << i << " is " << mine << ", expected " << wanted).str();
    const std::vector<uint8_t> a = bytes_of(got[i]), b = bytes_of(expected[i]);
    const int64_t item = nx::item_size(wanted.dtype), count = nx::element_count(wanted.shape.span());
    int64_t wrong = 0, first = -1;
    for (int64_t e = 0; e < count; ++e)
      if (!same_element(wanted.dtype, &a[static_cast<size_t>(e * item)], &b[static_cast<size_t>(e * item)])) {
        if (wrong++ == 0) first = e;
      }
    if (wrong > 0)
      return (Message() << "result " << i << " (" << wanted << ") differs in " << wrong
                        << " elements, first in element " << first << ": bits "
                        << hex(&a[static_cast<size_t>(first * item)], item) << ", expected "
                        << hex(&b[static_cast<size_t>(first * item)], item))
          .str();
  }
  return {};
}

namespace {

std::shared_ptr<const tolk::Plan> compile(const RandomProgram& random, const Way& way) {
  const char* set = std::getenv("TOLK_BACKEND");
  const std::string before = set ? set : "";
  if (way.interpreted) setenv("TOLK_BACKEND", "interpret", 1);
  const struct Restore {
    const std::string& before;
    ~Restore() {
      if (before.empty())
        unsetenv("TOLK_BACKEND");
      else
        setenv("TOLK_BACKEND", before.c_str(), 1);
    }
  } restore{before};
  auto plan = tolk::compile(
      random.program,
      {.donated = way.donate ? random.donated : std::vector<bool>(), .kernels = way.kernels, .level = way.level},
      way.limits);
  plan->verify();
  // Code lives as long as a plan that has it: kernels that later programs have too are not compiled again.
  constexpr size_t kept = 1000;
  static std::vector<std::shared_ptr<const tolk::Plan>> last(kept);
  static size_t next = 0;
  return last[next++ % kept] = std::move(plan);
}

/// Every value between two pages that nobody may touch: a plan that reads or writes beyond one dies here.
std::string guarded_disagreement(const tolk::Plan& plan, const RandomProgram& random, tolk::Guard guard,
                                 const Outcome& expected) {
  const Outcome got = outcome_of([&] {
    Arrays results(random.program.outputs().size());
    plan.run_guarded(random.inputs, results, guard);
    return results;
  });
  const std::string what = difference(got, expected);
  return what.empty() ? what : (guard == tolk::Guard::end ? "guarded behind: " : "guarded before: ") + what;
}

std::string plan_disagreement(const RandomProgram& random, const Way& way, const Outcome& expected) {
  raven::set_num_threads(1);
  const auto plan = compile(random, way);
  const auto said = [&](const std::string& what) { return way.name + ": " + what + "\n" + plan->print(); };
  for (const int threads : {1, 2}) {
    raven::set_num_threads(threads);
    const Outcome got = outcome_of([&] { return run_plan(*plan, random, way.donate); });
    if (const std::string what = difference(got, expected); !what.empty())
      return said((Message() << threads << " threads: " << what).str());
  }
  for (const tolk::Guard guard : way.guards)
    if (const std::string what = guarded_disagreement(*plan, random, guard, expected); !what.empty()) return said(what);
  return {};
}

/// What is computed after each pass; `expected` follows where a pass drops the equation with a wrong index.
std::string pass_disagreement(const RandomProgram& random, Outcome& expected) {
  nx::Program program = random.program;
  for (const tolk::PassRow& pass : tolk::passes()) {
    program = pass.run(program);
    program.verify();
    const Outcome now = outcome_of([&] { return nx::eval(program, random.inputs); });
    if (expected.index_error && !now.index_error) expected = now;
    if (const std::string what = difference(now, expected); !what.empty())
      return std::string("after pass ") + std::string(pass.name) + ": " + what;
    if (pass.run(program).equations().size() > program.equations().size())
      return std::string("pass ") + std::string(pass.name) + " adds equations to its own result";
  }
  return {};
}

}  // namespace

Verdict check_values(const RandomProgram& random, const Ways& ways) {
  random.program.verify();
  const struct Restore {
    int threads = raven::num_threads();
    ~Restore() { raven::set_num_threads(threads); }
  } restore;
  raven::set_num_threads(1);
  Outcome expected = outcome_of([&] { return nx::eval(random.program, random.inputs); });
  std::string what = pass_disagreement(random, expected);
  for (const Way& way : ways.list)
    if (what.empty()) what = plan_disagreement(random, way, expected);
  return {what, !expected.index_error};
}

std::span<const Transformation> transformations() {
  static constexpr Transformation list[] = {
      {"value",
       [](const RandomProgram& program, const Ways& ways) { return std::optional(check_values(program, ways)); }},
      {"grad", check_gradient},
      {"jvp", check_direction}};
  return list;
}

}  // namespace tolk_test
