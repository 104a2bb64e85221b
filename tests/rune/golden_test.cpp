// Values and gradients of composites and of indexing against PyTorch in f64 (tests/golden/nx/composites.py). A case
// holds the inputs and the cotangent of the result; its outputs are the result and one gradient per floating input.
#include <algorithm>
#include <cstdio>
#include <map>

#include "gtest/gtest.h"
#include "nx/golden_nx.hpp"
#include "raven/rune.hpp"

namespace {

using nx::Array;
using Arrays = std::vector<Array>;

nx::Reduction reduction_of(const golden::Case& item) {
  const std::string& name = item.attr("reduction");
  return name == "mean" ? nx::Reduction::mean : name == "sum" ? nx::Reduction::sum : nx::Reduction::none;
}
std::optional<double> scale_of(const golden::Case& item) {
  return item.has("scale") ? std::optional(item.real("scale")) : std::nullopt;
}

/// x[items] by the items of the case.
Array get_item(const golden::Case& item, const Arrays& a) {
  golden::Operands in(item);
  std::copy(a.begin(), a.end(), in.arrays.begin());
  return golden::find_public("index")(item, in)[0];
}

struct Row {
  const char* name;
  Array (*call)(const golden::Case& item, const Arrays& a);
};
#define ROW(name, ...)                                            \
  {name, [](const golden::Case& item, const Arrays& a) -> Array { \
     static_cast<void>(item);                                     \
     return __VA_ARGS__;                                          \
   }}

const Row rows[] = {
    ROW("softmax", nx::softmax(a[0], item.integer("axis"))),
    ROW("logsumexp", nx::logsumexp(a[0], item.integer("axis"))),
    ROW("layer_norm", nx::layer_norm(a[0], a[1], a[2], {.eps = item.real("eps")})),
    ROW("cross_entropy",
        nx::cross_entropy(a[0], a[1],
                          {.reduction = reduction_of(item), .ignore_index = item.integer("ignore_index", -100)})),
    ROW("sdpa", nx::sdpa(a[0], a[1], a[2], {.scale = scale_of(item), .causal = item.integer("causal") != 0})),
    ROW("gelu",
        nx::gelu(a[0], item.attr("approximate") == "tanh" ? nx::GeluApproximate::tanh : nx::GeluApproximate::none)),
    ROW("linear", nx::linear(a[0], a[1], a.size() > 2 ? a[2] : Array{})),
    ROW("embedding", nx::embedding(a[1], a[0])),
    ROW("index_grad", get_item(item, a)),
    ROW("take_along_axis_grad", nx::take_along_axis(a[0], a[1], item.integer("axis"))),
    ROW("sort_grad", nx::sort(a[0], {.axis = item.integer("axis")})),
};

/// Empty when value and gradients agree; else what differs.
std::string differs(const Row& row, const golden::Case& item) {
  const golden::Operands in(item);
  const Arrays inputs(in.arrays.begin(), in.arrays.end() - 1);
  Arrays floating;
  for (const Array& x : inputs)
    if (nx::is_float(x.dtype())) floating.push_back(x);
  const auto f = [&](const Arrays& traced) {
    Arrays a = inputs;
    size_t at = 0;
    for (Array& x : a)
      if (nx::is_float(x.dtype())) x = traced[at++];
    return row.call(item, a);
  };
  auto [value, pullback] = rune::vjp(f, floating);
  const auto [gradients] = pullback(in.arrays.back());
  Arrays results{value};
  results.insert(results.end(), gradients.begin(), gradients.end());
  if (results.size() != item.outputs.size()) return "another number of results";
  for (size_t i = 0; i < results.size(); ++i)
    if (const std::string difference = golden::judge(item.outputs[i], results[i]); !difference.empty())
      return (i == 0 ? "value: " : "gradient " + std::to_string(i - 1) + ": ") + difference;
  return {};
}

TEST(Golden, ValuesAndGradientsAgreeWithPyTorch) {
  const golden::File file = golden::read(std::string(RAVEN_SOURCE_DIR) + "/tests/golden/nx", "composites");
  std::map<std::string, int> ran, missing;
  for (const golden::Case& item : file.cases) {
    const Row* row = nullptr;
    for (const Row& r : rows)
      if (item.op == r.name) row = &r;
    if (!row) {
      ++missing[item.op];
      continue;
    }
    ++ran[item.op];
    EXPECT_EQ(differs(*row, item), "") << "composites.cases:" << item.line << " " << item.op;
  }
  for (const auto& [op, count] : ran) std::printf("  %-22s %d\n", op.c_str(), count);
  std::printf("golden composites (%s): %zu cases\n", file.peer.c_str(), file.cases.size());
  for (const auto& [op, count] : missing) EXPECT_EQ(op, "log_softmax") << count << " cases have no row";
}

}  // namespace
