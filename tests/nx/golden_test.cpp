// nx against the committed results of NumPy, JAX and PyTorch (tests/golden/nx). Prints the number of cases and, for
// each op, how many ran per dtype and layout.
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "gtest/gtest.h"
#include "nx/golden_nx.hpp"

namespace {

const std::string folder = std::string(RAVEN_SOURCE_DIR) + "/tests/golden/nx";

// dtype that a case is counted under: its first array operand's, else its `dtype` attribute's, else its result's.
std::string dtype_of_case(const golden::Case& item) {
  for (const golden::Input& input : item.inputs)
    if (input.kind == golden::Input::Kind::array) return input.array.dtype;
  if (item.has("dtype")) return item.attr("dtype");
  return item.outputs.empty() ? "-" : item.outputs[0].array.dtype;
}

std::string layout_of_case(const golden::Case& item) {
  return item.has("layout") ? item.attr("layout") : "contiguous";
}

// Names that the golden files know and nx does not have yet, one a line, "#" starts a comment.
std::set<std::string> pending_names() {
  std::ifstream file(std::string(RAVEN_SOURCE_DIR) + "/tests/nx/golden_pending.txt");
  std::set<std::string> names;
  std::string line;
  while (std::getline(file, line)) {
    line = line.substr(0, line.find('#'));
    line.erase(line.find_last_not_of(' ') + 1);
    if (!line.empty()) names.insert(line);
  }
  return names;
}

using Counts = std::map<std::string, std::map<std::string, int>>;

void print_table(const Counts& by_dtype, const Counts& by_layout) {
  for (const auto& [op, counts] : by_dtype) {
    std::printf("  %-18s", op.c_str());
    for (const auto& [dtype, count] : counts) std::printf(" %s:%d", dtype.c_str(), count);
    std::printf("  |");
    for (const auto& [layout, count] : by_layout.at(op)) std::printf(" %s:%d", layout.c_str(), count);
    std::printf("\n");
  }
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, EveryCaseAgreesWithThePeer) {
  golden::File file = golden::read(folder, GetParam());
  Counts by_dtype, by_layout;
  std::map<std::string, int> failed, uncovered;
  int passed = 0, shown = 0;
  for (const golden::Case& item : file.cases) {
    golden::Verdict verdict = golden::run(item);
    if (verdict.kind == golden::Verdict::Kind::uncovered) {
      ++uncovered[verdict.reason];
      continue;
    }
    ++by_dtype[item.op][dtype_of_case(item)];
    ++by_layout[item.op][layout_of_case(item)];
    if (verdict.kind == golden::Verdict::Kind::passed) {
      ++passed;
      continue;
    }
    // A few of each op, so that one broken op does not hide the others.
    if (++failed[item.op] <= 3 && ++shown <= 60)
      std::printf("FAILED %s.cases:%d: %s %s %s: %s\n", GetParam(), item.line, item.op.c_str(),
                  dtype_of_case(item).c_str(), layout_of_case(item).c_str(), verdict.reason.c_str());
  }
  print_table(by_dtype, by_layout);
  std::printf("golden %s (%s): %d of %zu cases pass\n", GetParam(), file.peer.c_str(), passed, file.cases.size());
  for (const auto& [op, count] : failed) ADD_FAILURE() << op << ": " << count << " cases differ from " << file.peer;
  const std::set<std::string> pending = pending_names();
  for (const auto& [name, count] : uncovered) {
    if (pending.count(name))
      std::printf("  not run: %d cases need %s, which golden_pending.txt lists\n", count, name.c_str());
    else
      ADD_FAILURE() << count << " cases need " << name
                    << ", which nx does not have and golden_pending.txt does not list";
  }
}

INSTANTIATE_TEST_SUITE_P(Nx, Golden,
                         testing::Values("unary", "cast", "binary", "reduce", "movement", "selection", "contraction",
                                         "public_elementwise", "public_reduce", "public_movement", "indexing",
                                         "printing", "promotion", "random_jax"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
