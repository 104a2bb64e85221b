#include "tolk/programs/check.hpp"

#include <cstring>

#include "raven/base/message.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/error.hpp"
#include "raven/tolk.hpp"
#include "tolk/programs/kernels.hpp"

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

/// Formed kernels: interpreted, and as machine code of every level that this CPU has; the buffers at forbidden pages.
std::string kernel_disagreement(const RandomProgram& random, const Outcome& expected) {
  const tolk::Schedule schedule = tolk::form_kernels(tolk::inline_calls(random.program), {});
  struct Way {
    const char* name;
    KernelRun run;
  };
  std::vector<Way> ways = {{"interpreted kernels", {}}, {"interpreted kernels in pieces", {.cuts = 5}}};
  static constexpr std::pair<const char*, raven::CpuLevel> levels[] = {
      {"portable", raven::CpuLevel::portable}, {"v3", raven::CpuLevel::v3}, {"v4", raven::CpuLevel::v4}};
  for (const auto& [name, level] : levels) {
    if (level > raven::cpu_level()) continue;
    ways.push_back({name, {.level = level}});
    ways.push_back({name, {.level = level, .guard_at_end = false, .cuts = 7}});
  }
  for (const Way& way : ways) {
    const Outcome got = outcome_of([&] { return run_kernels(schedule, random.inputs, way.run); });
    if (const std::string what = difference(got, expected); !what.empty())
      return (Message() << "kernels, " << way.name << ": " << what).str();
  }
  return {};
}

std::string value_disagreement(const RandomProgram& random) {
  random.program.verify();
  const int threads = raven::num_threads();
  struct Restore {
    int threads;
    ~Restore() { raven::set_num_threads(threads); }
  } restore{threads};
  raven::set_num_threads(1);
  Outcome expected = outcome_of([&] { return nx::eval(random.program, random.inputs); });

  nx::Program program = random.program;
  for (const tolk::PassRow& pass : tolk::passes()) {
    program = pass.run(program);
    program.verify();
    const Outcome now = outcome_of([&] { return nx::eval(program, random.inputs); });
    // The equation with the wrong index may be dropped; from here on there is none.
    if (expected.index_error && !now.index_error) expected = now;
    if (const std::string what = difference(now, expected); !what.empty())
      return std::string("after pass ") + std::string(pass.name) + ": " + what;
    if (pass.run(program).equations().size() > program.equations().size())
      return std::string("pass ") + std::string(pass.name) + " adds equations to its own result";
  }
  if (const std::string what = kernel_disagreement({program, random.inputs, random.donated}, expected); !what.empty())
    return what;
  for (const bool donate : {false, true}) {
    const auto plan = tolk::compile(random.program, {.donated = donate ? random.donated : std::vector<bool>()});
    plan->verify();
    for (const int count : {1, 2}) {
      raven::set_num_threads(count);
      const Outcome got = outcome_of([&] { return run_plan(*plan, random, donate); });
      if (const std::string what = difference(got, expected); !what.empty())
        return (Message() << (donate ? "plan with donation" : "plan") << ", " << count << " threads: " << what << "\n"
                          << plan->print())
            .str();
    }
  }
  return {};
}

std::span<const Transformation> transformations() {
  static constexpr Transformation list[] = {
      {"value", [](const RandomProgram& program) { return std::optional(value_disagreement(program)); }},
      {"gradient", gradient_disagreement}};
  return list;
}

}  // namespace tolk_test
