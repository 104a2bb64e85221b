// One kernel for each rule that a kernel can break.
#include "tolk/loop/kernels.hpp"
#include "tolk/loop/support.hpp"

namespace {

using namespace loop_test;

std::string fault_of(const std::string& lines) {
  const ParseResult result = parse("kernel broken\n" + lines);
  EXPECT_EQ(result.error, "") << lines;
  const std::string fault = verify(result.kernel);
  // Only what is wrong: the node's text stands before it.
  const size_t at = fault.rfind("): ");
  return at == fault.npos ? fault : fault.substr(at + 3);
}

TEST(Verify, AcceptsWhatIsRight) {
  for (const Kernel& kernel :
       {map(), sum(Type::f32), sum(Type::f64), softmax(), column_sum(), gather(), shift(), turned(Type::f64)})
    EXPECT_EQ(verify(kernel), "") << print(kernel);
}

TEST(Verify, SaysWhichNode) {
  EXPECT_EQ(verify(parse("kernel k\n%0 = dim 0\n%1 = add.i64 %0 1\n%2 = get.i64 %1\n").kernel),
            "node 3 (%2 = get.i64 %1): operand 1 is no reg");
}

TEST(Verify, Names) {
  EXPECT_EQ(verify({"", {}}), "name: letters, digits and _ only");
  EXPECT_EQ(verify({"a-b", {}}), "name: letters, digits and _ only");
  EXPECT_EQ(verify({"a_B9", {}}), "");
}

// ---- what the parser would not let through
std::string fault_of_nodes(std::vector<Node> nodes) {
  const std::string fault = verify({"broken", std::move(nodes)});
  const size_t at = fault.rfind("): ");
  return at == fault.npos ? fault : fault.substr(at + 3);
}
constexpr Node one = {Code::constant, Type::i64, {no_id, no_id, no_id, no_id}, 1};
constexpr Node half = {Code::constant, Type::f32, {no_id, no_id, no_id, no_id}, 0x3f000000};
constexpr Node yes = {Code::constant, Type::b1, {no_id, no_id, no_id, no_id}, 1};
constexpr Node node(Code code, Type type, std::initializer_list<Id> operands, int64_t immediate = 0) {
  Node made{code, type};
  int i = 0;
  for (const Id operand : operands) made.operand[i++] = operand;
  made.immediate = immediate;
  return made;
}

TEST(Verify, CodesAndTypes) {
  EXPECT_EQ(fault_of_nodes({{static_cast<Code>(200), Type::i64}}), "node 0: no such code or type");
  EXPECT_EQ(fault_of_nodes({{Code::dim, static_cast<Type>(9)}}), "node 0: no such code or type");
  EXPECT_EQ(fault_of_nodes({one, node(Code::add, Type::i64, {0})}), "takes 2 operands");
  EXPECT_EQ(fault_of_nodes({one, node(Code::neg, Type::i64, {0, 0})}), "takes 1 operands");
  EXPECT_EQ(fault_of_nodes({node(Code::neg, Type::i64, {0})}), "operand 1 does not stand before it");
  EXPECT_EQ(fault_of_nodes({node(Code::neg, Type::i64, {77})}), "operand 1 does not stand before it");
  EXPECT_EQ(fault_of_nodes({one, half, node(Code::add, Type::i64, {0, 1})}), "operand 2 has type f32, not i64");
  EXPECT_EQ(fault_of_nodes({one, half, node(Code::lt, Type::b1, {0, 1})}), "operand 2 has type f32, not i64");
  EXPECT_EQ(fault_of_nodes({one, node(Code::lt, Type::i64, {0, 0})}), "has type i64, not b1");
  EXPECT_EQ(fault_of_nodes({one, node(Code::select, Type::i64, {0, 0, 0})}), "operand 1 has type i64, not b1");
  EXPECT_EQ(fault_of_nodes({one, node(Code::exp, Type::i64, {0})}), "does not exist for type i64");
  EXPECT_EQ(fault_of_nodes({half, node(Code::popcount, Type::f32, {0})}), "does not exist for type f32");
  EXPECT_EQ(fault_of_nodes({yes, node(Code::sub, Type::b1, {0, 0})}), "does not exist for type b1");
  EXPECT_EQ(fault_of_nodes({half, node(Code::bit_and, Type::f32, {0, 0})}), "does not exist for type f32");
  EXPECT_EQ(fault_of_nodes({yes, node(Code::bitcast, Type::u8, {0})}), "does not exist for type b1");
  EXPECT_EQ(fault_of_nodes({one, node(Code::bitcast, Type::f32, {0})}), "types of different sizes");
  EXPECT_EQ(fault_of_nodes({node(Code::dim, Type::i32, {})}), "does not exist for type i32");
  EXPECT_EQ(fault_of_nodes({one, node(Code::param, Type::none, {0})}), "does not exist for type none");
  EXPECT_EQ(fault_of_nodes({half, node(Code::loop, Type::i64, {0, 0}, 1)}), "operand 1 has type f32, not i64");
  EXPECT_EQ(fault_of_nodes({one, node(Code::when, Type::none, {0})}), "operand 1 has type i64, not b1");
  EXPECT_EQ(fault_of_nodes({yes, node(Code::when, Type::i64, {0})}), "has type i64, not none");
  EXPECT_EQ(fault_of_nodes({one, node(Code::loop, Type::i32, {0, 0}, 1)}), "has type i32, not i64");
  EXPECT_EQ(fault_of_nodes({yes, node(Code::when, Type::none, {0}), node(Code::neg, Type::i64, {1})}),
            "operand 1 has no value");
}

TEST(Verify, Immediates) {
  EXPECT_EQ(fault_of_nodes({one, node(Code::param, Type::i64, {0}, 3)}), "no such access");
  EXPECT_EQ(fault_of_nodes({one, node(Code::neg, Type::i64, {0}, 1)}), "takes no immediate");
  EXPECT_EQ(fault_of_nodes({node(Code::constant, Type::u8, {}, 256)}), "bits beyond the type");
  EXPECT_EQ(fault_of_nodes({node(Code::constant, Type::b1, {}, 2)}), "bits beyond the type");
  EXPECT_EQ(fault_of_nodes({node(Code::constant, Type::f32, {}, int64_t{1} << 32)}), "bits beyond the type");
  EXPECT_EQ(fault_of("%0 = dim -1"), "no such dimension");
  EXPECT_EQ(fault_of("%0 = local.f32 -1"), "count outside 0 … 2^32");
  EXPECT_EQ(fault_of("%0 = local.f32 4294967297"), "count outside 0 … 2^32");
  EXPECT_EQ(fault_of("%0 = loop 0 1 step 0\nend"), "step below 1");
  EXPECT_EQ(fault_of("%0 = lanes 0 1 width 12\nend"), "width is not a power of two up to 1024");
  EXPECT_EQ(fault_of("%0 = lanes 0 1 width 2048\nend"), "width is not a power of two up to 1024");
  EXPECT_EQ(fault_of("%0 = reg.f32 0.0 width 0"), "width is not a power of two up to 1024");
  EXPECT_EQ(fault_of("%0 = reg.f32 0.0 width -4"), "width is not a power of two up to 1024");
  EXPECT_EQ(fault_of("%0 = param.i64 2 write\ncheck true 0 %0 site -1"), "no such site");
  Kernel kernel = map();
  for (Node& node : kernel.nodes)
    if (node.code == Code::store) node.immediate = 2;
  EXPECT_NE(verify(kernel).find("): stream is neither 0 nor 1"), std::string::npos);
}

TEST(Verify, Blocks) {
  EXPECT_EQ(fault_of("%0 = loop 0 1"
                     "\nend\n%1 = add.i64 %0 1"),
            "operand 1 is used outside its block");
  EXPECT_EQ(fault_of("%0 = loop 0 1\n%1 = add.i64 %0 1\nend\n%2 = loop 0 1\n%3 = add.i64 %1 1\nend"),
            "operand 1 is used outside its block");
  EXPECT_EQ(fault_of("when true\n%0 = param.f32 4 read\nend"), "stands inside a block");
  EXPECT_EQ(fault_of("%0 = loop 0 1\n%1 = local.f32 4\nend"), "stands inside a block");
  EXPECT_EQ(fault_of_nodes({node(Code::end, Type::none, {})}), "closes no block");
  EXPECT_EQ(fault_of_nodes({yes, node(Code::when, Type::none, {0})}), "a block is not closed");
  std::vector<Node> deep = {yes};
  for (int i = 0; i < 65; ++i) deep.push_back(node(Code::when, Type::none, {0}));
  for (int i = 0; i < 65; ++i) deep.push_back({Code::end});
  EXPECT_EQ(fault_of_nodes(deep), "opens more than 64 blocks");
  deep.erase(deep.begin() + 1), deep.pop_back();
  EXPECT_EQ(fault_of_nodes(deep), "");
}

TEST(Verify, Storage) {
  EXPECT_EQ(fault_of("%0 = param.f32 4 write\n%1 = load.f32 %0 0"), "reads a param that is write only");
  EXPECT_EQ(fault_of("%0 = param.f32 4 write\n%1 = load_if.f32 %0 0 true 1.0"), "reads a param that is write only");
  EXPECT_EQ(fault_of("%0 = param.f32 4 read\nstore.f32 %0 0 1.0"), "writes to a param that is read only");
  EXPECT_EQ(fault_of("%0 = param.f32 4 read\nstore_if.f32 %0 0 1.0 true"), "writes to a param that is read only");
  EXPECT_EQ(fault_of("%0 = param.i64 4 read\ncheck true 0 %0 site 0"), "writes to a param that is read only");
  EXPECT_EQ(fault_of("%0 = param.i64 4 write\ncheck true 0 %0 site 2"), "site outside the status");
  EXPECT_EQ(fault_of("%0 = param.i64 4 write\ncheck true 0 %0 site 1"), "");
  EXPECT_EQ(fault_of("%0 = local.i64 4\ncheck true 0 %0 site 0"), "operand 3 is no param");
  EXPECT_EQ(fault_of("%0 = param.f32 4 read\n%1 = load.f32 %0 4"), "index 4 outside 4 elements");
  EXPECT_EQ(fault_of("%0 = local.f32 4\nstore.f32 %0 -1 1.0"), "index -1 outside 4 elements");
  EXPECT_EQ(fault_of("%0 = local.f32 4\nstore_if.f32 %0 -1 1.0 false"), "");
  EXPECT_EQ(fault_of("%0 = dim 0\n%1 = param.f32 %0 read\n%2 = load.f32 %1 4"), "");
  EXPECT_EQ(fault_of("%0 = param.f32 -1 read"), "count is negative");
  EXPECT_EQ(fault_of("%0 = dim 0\n%1 = load.i64 %0 0"), "operand 1 is neither param nor local");
  EXPECT_EQ(fault_of("%0 = reg.f32 1.0\n%1 = load.f32 %0 0"), "operand 1 is neither param nor local");
  EXPECT_EQ(fault_of("%0 = local.f32 4\n%1 = get.f32 %0"), "operand 1 is no reg");
  EXPECT_EQ(fault_of("%0 = reg.f32 1.0\n%1 = add.f32 %0 1.0"), "operand 1 is storage, not a value");
}

TEST(Verify, Fetch) {
  EXPECT_EQ(fault_of("%0 = param.f32 4 read\nfetch.f32 %0 -99"), "");
  EXPECT_EQ(fault_of("%0 = local.f32 4\n%1 = lanes 0 4 width 4\nfetch.f32 %0 %1\nend"), "");
  EXPECT_EQ(fault_of("%0 = param.f32 4 write\nfetch.f32 %0 0"), "reads a param that is write only");
}

TEST(Verify, Turn) {
  const std::string start = "%0 = param.f32 99 read\n%1 = param.f32 99 write\n%2 = local.f32 32\n%3 = local.f32 33\n";
  EXPECT_EQ(fault_of(start + "turn.f32 %0 1 %2 0 stride 4"), "");
  EXPECT_EQ(fault_of(start + "turn.f32 %2 1 %2 0 stride 4"), "operand 3 is not another local");
  EXPECT_EQ(fault_of(start + "turn.f32 %2 1 %1 0 stride 4"), "operand 3 is not another local");
  EXPECT_EQ(fault_of(start + "turn.f32 %1 1 %2 0 stride 4"), "reads a param that is write only");
  EXPECT_EQ(fault_of(start + "turn.f32 %0 1 %3 0 stride 4"), "operand 3 is not 16 rows");
  EXPECT_EQ(fault_of(start + "%4 = lanes 0 4 width 4\nturn.f32 %0 1 %2 0 stride 4\nend"), "stands inside lanes");
}

TEST(Verify, Lanes) {
  const std::string lanes = "%0 = lanes 0 9 width 16\n", wide = "%0 = reg.f32 0.0 width 64\n";
  EXPECT_EQ(fault_of(lanes + "%1 = lanes 0 1 width 4\nend\nend"), "stands inside lanes");
  EXPECT_EQ(fault_of(lanes + "when true\nend\nend"), "stands inside lanes");
  EXPECT_EQ(fault_of(lanes + "%1 = loop 0 1\n%2 = lanes 0 1 width 4\nend\nend\nend"), "stands inside lanes");
  EXPECT_EQ(fault_of(lanes + "%1 = reg.f32 0.0 width 2\nend"), "declared inside lanes with a width");
  EXPECT_EQ(fault_of(wide + "%1 = get.f32 %0"), "register of width 64 used outside lanes");
  EXPECT_EQ(fault_of(wide + "set.f32 %0 1.0"), "register of width 64 used outside lanes");
  EXPECT_EQ(fault_of(wide + "%1 = lanes 0 9 width 64\n%2 = halve_sum.f32 %0\nend"), "halves a register inside lanes");
  EXPECT_EQ(fault_of(wide + "%1 = lanes 0 9 width 16\n%2 = get.f32 %0\nend"),
            "register of width 64 in lanes of width 16");
  EXPECT_EQ(fault_of(wide + "%1 = lanes 0 9 width 64\nset.f32 %0 1.0\nend\n%2 = halve_max.f32 %0"), "");
  const std::string scalar = "%0 = reg.f32 0.0\n";
  EXPECT_EQ(fault_of(scalar + "%1 = lanes 0 9 width 4\nset.f32 %0 1.0\nend"),
            "register of width 1 in lanes of width 4");
  EXPECT_EQ(fault_of(scalar + "%1 = lanes 0 9 width 4\n%2 = get.f32 %0\nend"), "");
  EXPECT_EQ(fault_of(scalar + "%1 = lanes 0 9 width 1\nset.f32 %0 1.0\nend"), "");
  EXPECT_EQ(fault_of(lanes + "%1 = reg.f32 0.0\nset.f32 %1 1.0\nend"), "");
}

TEST(Verify, LoopsInLanesHaveTheSameBounds) {
  const std::string head = "%0 = param.i64 99 read\n%1 = reg.i64 3\n%2 = reg.i64 3 width 8\n%3 = lanes 0 9 width 8\n";
  const std::string differ = "bounds differ between lanes";
  EXPECT_EQ(fault_of(head + "%4 = loop 0 %3\nend\nend"), differ);
  EXPECT_EQ(fault_of(head + "%4 = add.i64 %3 1\n%5 = loop %4 9\nend\nend"), differ);
  EXPECT_EQ(fault_of(head + "%4 = load.i64 %0 %3\n%5 = loop 0 %4\nend\nend"), differ);
  EXPECT_EQ(fault_of(head + "%4 = load.i64 %0 5\n%5 = loop 0 %4\nend\nend"), "");
  EXPECT_EQ(fault_of(head + "%4 = get.i64 %1\n%5 = loop 0 %4\nend\nend"), "");
  EXPECT_EQ(fault_of(head + "%4 = get.i64 %2\n%5 = loop 0 %4\nend\nend"), differ);
  EXPECT_EQ(fault_of(head + "%4 = reg.i64 3\n%5 = get.i64 %4\n%6 = loop 0 %5\nend\nend"), differ);
  EXPECT_EQ(fault_of(head + "%4 = loop 0 7\n%5 = loop %4 9\nend\nend\nend"), "");
}

}  // namespace
