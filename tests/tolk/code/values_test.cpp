// Every VALUE code on every type it has, at every level, for every tail: the bits of the interpreter. As vectors of one
// register, as scalars, and as vectors of many registers.
#include <algorithm>
#include <tuple>

#include "raven/tolk/loop/internal/rules.hpp"
#include "tolk/code/support.hpp"

namespace code_test {
namespace {

constexpr Type types[] = {Type::b1, Type::u8, Type::u32, Type::u64, Type::i32, Type::i64, Type::f32, Type::f64};

struct Case {
  Kernel kernel;
  std::vector<Type> inputs;
  Type output;
};

enum class How { lanes, scalars, wide };
constexpr int wide_lanes = 64;

/// out[i] = code(x[i], y[i], z[i]).
Case elementwise(LoopCode code, const std::string& name, std::vector<Type> inputs, Type output, How how) {
  Builder b(name);
  const Id n = b.dim(0);
  std::vector<Id> params;
  for (const Type type : inputs) params.push_back(b.param(type, Access::read, n));
  const Id out = b.param(output, Access::write, n);
  const Id last = b.reg(Type::i64, wide_lanes, b.index(0));
  const Id i = how == How::scalars ? b.loop(b.index(0), n) : b.lanes(b.index(0), n, how == How::wide ? wide_lanes : 16);
  if (how == How::wide) b.set(last, i);  // a register fixes the width
  Id v[3] = {};
  for (size_t k = 0; k < params.size(); ++k) v[k] = b.load(params[k], i);
  const Id value = code == LoopCode::select    ? b.select(v[0], v[1], v[2])
                   : code == LoopCode::cast    ? b.cast(output, v[0])
                   : code == LoopCode::bitcast ? b.bitcast(output, v[0])
                   : inputs.size() == 1        ? b.unary(code, v[0])
                                               : b.binary(code, v[0], v[1]);
  b.store(out, i, value);
  b.end();
  return {b.finish(), std::move(inputs), output};
}

std::string name_of_case(LoopCode code, Type from, Type to) {
  return std::string(info(code).text) + "_" + std::string(name_of(from)) + "_" + std::string(name_of(to));
}

std::vector<Case> all_cases(How how) {
  std::vector<Case> cases;
  for (int k = 0; k < detail::code_count; ++k) {
    const auto code = static_cast<LoopCode>(k);
    if (info(code).kind != Kind::value || info(code).operands == 0) continue;
    for (const Type type : types) {
      if (!detail::contains(detail::types_of(code), type)) continue;
      if (how == How::wide && !is_real(type)) continue;  // integers are not cut into registers
      if (code == LoopCode::cast || code == LoopCode::bitcast) {
        for (const Type to : types) {
          const bool fits =
              code == LoopCode::cast || (detail::contains(detail::types_of(code), to) && size_of(type) == size_of(to));
          if (to != type && fits) cases.push_back(elementwise(code, name_of_case(code, type, to), {type}, to, how));
        }
        continue;
      }
      std::vector<Type> inputs(info(code).operands, type);
      if (code == LoopCode::select) inputs[0] = Type::b1;
      const Type to = info(code).predicate ? Type::b1 : type;
      cases.push_back(elementwise(code, name_of_case(code, type, to), inputs, to, how));
    }
  }
  return cases;
}

std::vector<Argument> arguments_of(const Case& one, int64_t n, uint64_t seed) {
  std::vector<Argument> arguments;
  for (size_t k = 0; k < one.inputs.size(); ++k) arguments.push_back(values(one.inputs[k], n, seed + 5 * k));
  arguments.push_back(zeros(one.output, n));
  return arguments;
}

class Values : public ::testing::TestWithParam<std::tuple<raven::CpuLevel, How>> {};

TEST_P(Values, AreThoseOfTheInterpreter) {
  const auto [level, how] = GetParam();
  const std::vector<Case> cases = all_cases(how);
  EXPECT_GT(cases.size(), how == How::wide ? 90u : 250u);
  std::vector<const Kernel*> kernels;
  for (const Case& one : cases) kernels.push_back(&one.kernel);
  const auto codes = tolk::compile_kernels(kernels, level);
  for (size_t k = 0; k < cases.size(); ++k) {
    const Case& one = cases[k];
    const auto compare = [&](int64_t n, uint64_t seed, bool at_start) {
      const std::vector<Argument> arguments = arguments_of(one, n, seed);
      const std::vector<Argument> right = expected(one.kernel, arguments, {n}, {0, 1});
      const std::vector<Argument> got = call(*codes[k], one.kernel, arguments, {n}, {0, 1}, at_start);
      return same(got.back(), right.back()) << " of " << n << " (seed " << seed << "), " << one.kernel.name;
    };
    const std::vector<int64_t> odd = {0, 1, 5, 63, 64, 65, 67};
    for (int64_t n = 0; n <= 67; ++n) {
      if (how != How::lanes && std::find(odd.begin(), odd.end(), n) == odd.end()) continue;
      const ::testing::AssertionResult result = compare(n, static_cast<uint64_t>(n), n % 2 == 0);
      EXPECT_TRUE(result);
      if (!result) break;
    }
    for (uint64_t seed = 100; seed < 103; ++seed) {
      const ::testing::AssertionResult result = compare(403, seed, false);
      EXPECT_TRUE(result);
      if (!result) break;
    }
  }
}

std::string name_of_parameter(const ::testing::TestParamInfo<std::tuple<raven::CpuLevel, How>>& info) {
  static constexpr const char* names[] = {"lanes", "scalars", "wide"};
  const auto [level, how] = info.param;
  return std::string(raven::cpu_level_name(level)) + "_" + names[static_cast<int>(how)];
}
INSTANTIATE_TEST_SUITE_P(Level, Values,
                         ::testing::Combine(::testing::ValuesIn(levels()),
                                            ::testing::Values(How::lanes, How::scalars, How::wide)),
                         name_of_parameter);

}  // namespace
}  // namespace code_test
