#include "raven/tolk/kernels/reduction.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace tolk::kernels {

using loop::Code;
using loop::Id;
using loop::Type;

Id neutral(loop::Builder& b, Code code, Type type) {
  const bool real = loop::is_real(type);
  const uint64_t ones = ~uint64_t{0} >> (64 - 8 * loop::size_of(type));
  const uint64_t sign = uint64_t{1} << (8 * loop::size_of(type) - 1);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  switch (code) {
    case Code::add: return real ? b.real(type, -0.0) : b.constant(type, 0);
    case Code::mul: return real ? b.real(type, 1) : b.constant(type, 1);
    case Code::maximum: return real ? b.real(type, -infinity) : b.constant(type, loop::is_signed(type) ? sign : 0);
    default:
      if (real) return b.real(type, infinity);
      return b.constant(type, type == Type::b1 ? 1 : loop::is_signed(type) ? ones ^ sign : ones);
  }
}

namespace {
Code halving(Code code) {
  switch (code) {
    case Code::add: return Code::halve_sum;
    case Code::mul: return Code::halve_prod;
    case Code::maximum: return Code::halve_max;
    default: return Code::halve_min;
  }
}
}  // namespace

Tree::Tree(loop::Builder& b, Code code, Type type, int64_t count, int64_t lanes)
    : b_(b),
      code_(code),
      lanes_(lanes),
      stack_(b.local(type, lanes * (std::bit_width(static_cast<uint64_t>(count)) + 1))) {}

Id Tree::at(Id level, Id lane) { return lanes_ == 1 ? level : b_.add(b_.mul(level, b_.index(lanes_)), lane); }

void Tree::push(Id index, Id value, Id lane) {
  // `index` values stand in as many levels as it has ones; as many of them are complete as it ends in ones.
  const Id depth = b_.unary(Code::popcount, index);
  const Id merges = b_.unary(Code::trailing_zeros, b_.add(index, b_.index(1)));
  const Id top = b_.reg(b_.type_of(value), 1, value);
  const Id level = b_.loop(b_.index(0), merges);
  const Id below = b_.load(stack_, at(b_.sub(b_.sub(depth, b_.index(1)), level), lane));
  b_.set(top, b_.binary(code_, below, b_.get(top)));
  b_.end();
  b_.store(stack_, at(b_.sub(depth, merges), lane), b_.get(top));
}

Id Tree::value(Id count, Id lane) {
  const Id depth = b_.unary(Code::popcount, count);
  const Id last = b_.load(stack_, at(b_.sub(depth, b_.index(1)), lane));
  int64_t known;
  if (b_.is_index(depth, known) && known == 1) return last;
  const Id top = b_.reg(b_.type_of(last), 1, last);
  const Id level = b_.loop(b_.index(1), depth);
  const Id below = b_.load(stack_, at(b_.sub(b_.sub(depth, b_.index(1)), level), lane));
  b_.set(top, b_.binary(code_, below, b_.get(top)));
  b_.end();
  return b_.get(top);
}

std::vector<uint32_t> nodes_of(std::span<const Body::Store> stores) {
  std::vector<uint32_t> nodes;
  for (const Body::Store& s : stores) nodes.push_back(s.node);
  return nodes;
}
std::vector<uint32_t> merged(std::vector<uint32_t> a, std::span<const uint32_t> b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

Parts::Parts(const Body& of) : body(of) {
  for (uint32_t id = 0; id < of.nodes.size(); ++id)
    if (of.nodes[id].kind == Node::Kind::reduce) (of.nodes[id].reduces_down() ? down : reduces).push_back(id);
  for (const Body::Store& s : of.stores)
    (s.extent == Extent::full ? full : s.extent == Extent::kept ? kept : column).push_back(s);
}
std::vector<uint32_t> Parts::operands() const {
  std::vector<uint32_t> list;
  for (const uint32_t r : reduces) list.push_back(body.nodes[r].operand[0]);
  return list;
}

RunBlock::RunBlock(Emission& e, std::span<const uint32_t> reduces, int64_t most)
    : e_(e),
      reduces_(reduces),
      // Partials beyond the elements are neutral: halving them does nothing.
      lanes_(most >= run_partials ? run_partials : static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(most)))) {}

Id RunBlock::open(Id from, Id to) {
  loop::Builder& b = e_.b();
  for (const uint32_t r : reduces_) {
    const Node& n = e_.body().nodes[r];
    partials_.push_back(b.reg(n.type, lanes_, neutral(b, n.code, n.type)));
  }
  const Id i = b.lanes(from, to, lanes_);
  e_.enter();
  return i;
}

std::vector<Id> RunBlock::close() {
  loop::Builder& b = e_.b();
  for (size_t k = 0; k < reduces_.size(); ++k) {
    const Node& n = e_.body().nodes[reduces_[k]];
    b.set(partials_[k], b.binary(n.code, b.get(partials_[k]), e_.value(n.operand[0])));
  }
  e_.leave();
  b.end();
  std::vector<Id> values;
  for (size_t k = 0; k < reduces_.size(); ++k)
    values.push_back(b.halve(halving(e_.body().nodes[reduces_[k]].code), partials_[k]));
  return values;
}

}  // namespace tolk::kernels
