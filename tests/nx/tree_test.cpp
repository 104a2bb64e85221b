#include "raven/nx/tree.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "raven/nx.hpp"
#include "raven/nx/tree_structure.hpp"

namespace {

using nx::Array;
namespace tree = nx::tree;
using Paths = std::vector<std::string>;

enum class Mode { fast, exact };

struct Linear {
  Array weight, bias, count;
  int64_t features = 0;
  Mode mode = Mode::fast;
  NX_TREE(Linear, weight, NX_AS(bias, "b"))
  NX_TREE_BUFFERS(Linear, count)
  NX_TREE_STATIC(Linear, features, mode)
};
struct Scaled : Linear {
  Array scale;
  std::string label;
  NX_TREE_BASE(Scaled, Linear, scale)
  NX_TREE_STATIC(Scaled, label)
};
struct Alias : Scaled {
  Array running;
  NX_TREE_BASE(Alias, Scaled)
  NX_TREE_BUFFERS(Alias, running)
};
struct Containers {
  std::map<std::string, Array> ordered;
  std::unordered_map<std::string, Array> unordered;
  std::variant<Array, std::pair<Array, Array>, std::monostate> either;
  std::optional<Array> maybe;
  std::shared_ptr<Linear> shared;
  std::tuple<Array, std::array<Array, 2>> tuple;
  NX_TREE(Containers, ordered, unordered, either, maybe, shared, tuple)
};

Array one() { return nx::ones({1}); }

TEST(Tree, BasesComeFirstAndKeepTheirRoles) {
  const Alias x{{{one(), one(), one(), 3, Mode::exact}, one(), "left"}, one()};
  EXPECT_EQ(tree::paths(x), (Paths{"weight", "b", "count", "scale", "running"}));
  std::vector<tree::Role> roles;
  for (const tree::LeafInfo& info : tree::infos(x)) roles.push_back(info.role);
  using enum tree::Role;
  EXPECT_EQ(roles, (std::vector<tree::Role>{param, param, buffer, param, buffer}));
  const Alias y = tree::map([](const Array& leaf) { return leaf + 1; }, x);
  EXPECT_EQ(y.running.item<double>(), 2);
  EXPECT_EQ(y.weight.item<double>(), 2);
  EXPECT_EQ(x.weight.item<double>(), 1);
  EXPECT_EQ(y.label, "left");
}

Containers containers() {
  Containers c;
  c.ordered = {{"b", one()}, {"a", one()}};
  for (const char* key : {"zeta", "alpha", "mid", "beta"}) c.unordered[key] = one();
  c.either = std::pair{one(), Array{}};
  c.maybe = one();
  c.shared = std::make_shared<Linear>(Linear{one(), one(), Array{}, 2});
  c.tuple = {one(), {one(), one()}};
  return c;
}

TEST(Tree, ContainersInOneOrder) {
  Containers c = containers();
  EXPECT_EQ(tree::paths(c), (Paths{"ordered.a", "ordered.b", "unordered.alpha", "unordered.beta", "unordered.mid", "unordered.zeta",
                                   "either.0", "either.1", "maybe", "shared.weight", "shared.b", "shared.count", "tuple.0", "tuple.1.0",
                                   "tuple.1.1"}));
  c.either = std::monostate{};
  c.maybe.reset();
  c.shared.reset();
  EXPECT_EQ(tree::leaves(c).size(), 9u);
}

TEST(Tree, ASharedPointerIsAValue) {
  const Containers c = containers();
  const Containers doubled = tree::map([](const Array& leaf) { return leaf * 2; }, c);
  EXPECT_EQ(doubled.shared->weight.item<double>(), 2);
  EXPECT_EQ(c.shared->weight.item<double>(), 1);
  EXPECT_EQ(c.unordered.at("mid").item<double>(), 1);
  const Containers back = tree::unflatten(doubled, tree::leaves(c));
  EXPECT_EQ(back.shared->weight.item<double>(), 1);
  EXPECT_EQ(doubled.shared->weight.item<double>(), 2);
}

struct Convolution {
  Array weight;
  int64_t stride[2] = {1, 1};
  char tag[4] = "ab";
  NX_TREE(Convolution, weight)
  NX_TREE_STATIC(Convolution, stride, tag)
};

TEST(Tree, StaticFieldsOfAllBasesAndOfArraysAreStructure) {
  const Alias x{{{one(), one(), one(), 3, Mode::exact}, one(), "left"}, one()};
  Alias y = x;
  EXPECT_TRUE(tree::structure(x) == tree::structure(y));
  y.features = 4;  // of the base of the base
  EXPECT_FALSE(tree::structure(x) == tree::structure(y));
  const Convolution c{one()};
  EXPECT_EQ(tree::structure(c).str(), "Convolution{weight: *, stride = [1, 1, ], tag = \"ab\", }");
  Convolution d = c;
  d.stride[1] = 2;
  EXPECT_FALSE(tree::structure(c) == tree::structure(d));
  d = c;
  d.tag[2] = 'c', d.tag[3] = 'd';  // no zero at the end
  EXPECT_EQ(tree::structure(d).str(), "Convolution{weight: *, stride = [1, 1, ], tag = \"abcd\", }");
}

TEST(Tree, StructurePrintsComparesAndHashes) {
  const Scaled x{{one(), Array{}, one(), 3, Mode::exact}, one(), "le\"ft"};
  const tree::Structure structure = tree::structure(x);
  EXPECT_EQ(structure.str(), "Scaled{weight: *, b: -, count (buffer): *, scale: *, features = 3, mode = 1, label = \"le\\\"ft\", }");
  // The values of leaves do not matter, everything else does.
  EXPECT_TRUE(tree::structure(tree::map([](const Array& leaf) { return leaf + 1; }, x)) == structure);
  Scaled other = x;
  other.features = 4;
  EXPECT_FALSE(tree::structure(other) == structure);
  EXPECT_NE(tree::structure(other).hash(), structure.hash());
  other = x;
  other.bias = one();
  EXPECT_FALSE(tree::structure(other) == structure);
  other = x;
  other.label = "right";
  EXPECT_FALSE(tree::structure(other) == structure);

  Containers c = containers();
  const tree::Structure before = tree::structure(c);
  EXPECT_EQ(before.hash(), tree::structure(containers()).hash());
  c.either = one();
  EXPECT_FALSE(tree::structure(c) == before);
  c = containers();
  c.maybe.reset();
  EXPECT_FALSE(tree::structure(c) == before);
  c = containers();
  c.unordered["new"] = one();
  EXPECT_FALSE(tree::structure(c) == before);
}

TEST(Tree, StaticFieldsAreExact) {
  const auto text = [](const auto& value) {
    std::string out;
    tree::detail::append_static(out, value);
    return out;
  };
  EXPECT_NE(text(0.1), text(0.1f));
  EXPECT_NE(text(0.0), text(-0.0));
  EXPECT_EQ(text(std::vector<int>{1, 2}), "[1, 2, ]");
  EXPECT_EQ(text(std::vector<bool>{true, false}), "[1, 0, ]");
  EXPECT_EQ(text(nx::Shape{2, 3}), "[2, 3, ]");
  EXPECT_EQ(text(std::optional<int>{}), "-");
  EXPECT_EQ(text(std::pair{std::string("a"), 2u}), "(\"a\", 2, )");
  EXPECT_EQ(text(nx::f32), std::to_string(static_cast<int>(nx::f32)));
}

TEST(Tree, MismatchesNameTheFirstDifference) {
  try {
    tree::map2([](const Array& a, const Array& b) { return a + b; }, std::vector<Array>{one(), one()}, std::vector<Array>{one()});
    FAIL();
  } catch (const nx::TreeMismatchError& error) {
    EXPECT_EQ(error.path(), "1");
    EXPECT_EQ(std::string(error.what()), "nx.tree.map2: at '1': the trees differ: 2 leaves and 1; first difference: '1' and '(end)'");
  }
}

}  // namespace
