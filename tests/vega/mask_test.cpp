// Masks over leaves.
#include "vega/support.hpp"

namespace vega::test {
namespace {

LeafInfo leaf(std::string path, const nx::Shape& shape) { return {std::move(path), shape, nx::f32, tree::Role::param}; }

TEST(Mask, RankAndConstants) {
  EXPECT_TRUE(mask::all()(leaf("x", {})));
  EXPECT_FALSE(mask::none()(leaf("x", {3})));
  EXPECT_FALSE(mask::ndim_ge(2)(leaf("h.0.ln_1.weight", {3})));
  EXPECT_TRUE(mask::ndim_ge(2)(leaf("wte.weight", {3, 4})));
  EXPECT_TRUE(mask::ndim_ge(0)(leaf("scale", {})));
}

TEST(Mask, Globs) {
  struct Row {
    const char *glob, *path;
    bool matches;
  };
  for (const Row& row : {Row{"h.0.weight", "h.0.weight", true},
                         {"h.0.weight", "h.0.weights", false},
                         {"h.*.weight", "h.11.weight", true},
                         {"h.*.weight", "h.1.attn.weight", false},
                         {"h.**", "h.1.attn.weight", true},
                         {"h.**", "h", false},
                         {"**.bias", "h.1.attn.bias", true},
                         {"**.bias", "h.1.attn.biases", false},
                         {"**", "anything.at.all", true},
                         {"", "", true},
                         {"", "x", false},
                         {"*", "x", true},
                         {"*", "x.y", false},
                         {"h.*.ln_*.*", "h.3.ln_2.weight", true}})
    EXPECT_EQ(mask::path(row.glob)(leaf(row.path, {1})), row.matches) << row.glob << " on " << row.path;
}

TEST(Mask, Logic) {
  const Mask matrices = mask::ndim_ge(2), head = mask::path("head.**");
  const LeafInfo weight = leaf("head.weight", {2, 2}), bias = leaf("head.bias", {2}),
                 other = leaf("body.weight", {2, 2});
  const Mask both = matrices && head, either = matrices || head, rest = !either;
  EXPECT_TRUE(both(weight));
  EXPECT_FALSE(both(bias));
  EXPECT_FALSE(both(other));
  EXPECT_TRUE(either(bias));
  EXPECT_TRUE(either(other));
  EXPECT_FALSE(rest(bias));
  EXPECT_TRUE(rest(leaf("body.bias", {2})));
}

}  // namespace
}  // namespace vega::test
