#include "raven/brot/core/pieces.hpp"

#include <algorithm>

namespace brot {

// Each behaviour is one pass over the parts; runs of matches are told apart by whether the part before was a match too.
void Pieces::regroup(uint32_t base, SplitBehavior behavior) {
  const size_t first = next_.size();
  const auto open = [&](const Part& part) { next_.push_back({base + part.begin, base + part.end, Piece::none}); };
  switch (behavior) {
    case SplitBehavior::Removed:
      for (const Part& part : parts_)
        if (!part.match) open(part);
      break;
    case SplitBehavior::Isolated:
      for (const Part& part : parts_) open(part);
      break;
    case SplitBehavior::Contiguous: {
      bool previous = false;
      for (const Part& part : parts_) {
        if (part.match == previous && next_.size() > first) {
          next_.back().end = base + part.end;
        } else {
          open(part);
        }
        previous = part.match;
      }
      break;
    }
    case SplitBehavior::MergedWithPrevious: {
      bool previous = false;
      for (const Part& part : parts_) {
        if (part.match && !previous && next_.size() > first) {
          next_.back().end = base + part.end;
        } else {
          open(part);
        }
        previous = part.match;
      }
      break;
    }
    case SplitBehavior::MergedWithNext: {
      bool previous = false;
      for (size_t i = parts_.size(); i-- > 0;) {
        const Part& part = parts_[i];
        if (part.match && !previous && next_.size() > first) {
          next_.back().begin = base + part.begin;
        } else {
          open(part);
        }
        previous = part.match;
      }
      std::reverse(next_.begin() + ptrdiff_t(first), next_.end());
      break;
    }
  }
  next_.erase(std::remove_if(next_.begin() + ptrdiff_t(first), next_.end(),
                             [](const Piece& piece) { return piece.begin == piece.end; }),
              next_.end());
}

}  // namespace brot
