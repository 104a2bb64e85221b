#include "raven/vega/mask.hpp"

#include <string_view>

namespace vega {

struct Mask::Node {
  virtual ~Node() = default;
  virtual bool matches(const LeafInfo& leaf) const = 0;
};

namespace {

template <class F>
Mask make(F f) {
  struct Fn final : Mask::Node {
    F f;
    explicit Fn(F function) : f(std::move(function)) {}
    bool matches(const LeafInfo& leaf) const override { return f(leaf); }
  };
  return Mask(std::make_shared<Fn>(std::move(f)));
}

/// Patterns are written by the program, not read from files: plain recursion per star.
bool glob_match(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.starts_with("**")) {
    std::string_view rest = pattern.substr(2);
    for (size_t i = 0; i <= text.size(); ++i)
      if (glob_match(rest, text.substr(i))) return true;
    return false;
  }
  if (pattern.front() == '*') {
    for (size_t i = 0;; ++i) {
      if (glob_match(pattern.substr(1), text.substr(i))) return true;
      if (i == text.size() || text[i] == '.') return false;
    }
  }
  return !text.empty() && pattern.front() == text.front() && glob_match(pattern.substr(1), text.substr(1));
}

}  // namespace

bool Mask::operator()(const LeafInfo& leaf) const { return node_->matches(leaf); }
Mask Mask::allow_empty() const {
  Mask same = *this;
  same.allows_empty_ = true;
  return same;
}
Mask operator!(const Mask& a) {
  const Mask mask = make([a](const LeafInfo& leaf) { return !a(leaf); });
  return a.allows_empty() ? mask.allow_empty() : mask;
}
Mask operator&&(const Mask& a, const Mask& b) {
  const Mask mask = make([a, b](const LeafInfo& leaf) { return a(leaf) && b(leaf); });
  return a.allows_empty() || b.allows_empty() ? mask.allow_empty() : mask;
}
Mask operator||(const Mask& a, const Mask& b) {
  const Mask mask = make([a, b](const LeafInfo& leaf) { return a(leaf) || b(leaf); });
  return a.allows_empty() || b.allows_empty() ? mask.allow_empty() : mask;
}

namespace mask {
Mask all() {
  return make([](const LeafInfo&) { return true; });
}
Mask none() {
  return make([](const LeafInfo&) { return false; }).allow_empty();
}
Mask ndim_ge(int n) {
  return make([n](const LeafInfo& leaf) { return leaf.shape.size() >= n; });
}
Mask path(std::string glob) {
  return make([glob = std::move(glob)](const LeafInfo& leaf) { return glob_match(glob, leaf.path); });
}
}  // namespace mask

}  // namespace vega
