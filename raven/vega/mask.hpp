#pragma once
// Which leaves a transform touches.
#include <memory>
#include <string>

#include "raven/nx/tree.hpp"

namespace vega {

using LeafInfo = nx::tree::LeafInfo;

/// A predicate over leaves; combine with !, && and ||, which allow what one of their operands allows.
class RAVEN_API Mask {
 public:
  struct Node;
  explicit Mask(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  bool operator()(const LeafInfo& leaf) const;
  /// The same predicate, which may match no leaf of a model: a transform refuses others then, for a path may be
  /// misspelt.
  Mask allow_empty() const;
  bool allows_empty() const { return allows_empty_; }

 private:
  std::shared_ptr<const Node> node_;
  bool allows_empty_ = false;
};
RAVEN_API Mask operator!(const Mask& a);
RAVEN_API Mask operator&&(const Mask& a, const Mask& b);
RAVEN_API Mask operator||(const Mask& a, const Mask& b);

namespace mask {
RAVEN_API Mask all();
/// No leaf: allowed to be empty.
RAVEN_API Mask none();
/// Leaves of rank ≥ n: weights and embeddings without biases and norms for n = 2.
RAVEN_API Mask ndim_ge(int n);
/// Paths matching a glob: `*` within one name, `**` across names.
RAVEN_API Mask path(std::string glob);
}  // namespace mask

}  // namespace vega
