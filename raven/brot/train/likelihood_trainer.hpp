#pragma once
// Training of WordPiece by likelihood.
#include <string>
#include <vector>

#include "raven/brot/train/trainers.hpp"

namespace brot {

/// The tokens by id. Merges the pair with the greatest count(ab) / (count(a) · count(b)) until there are vocab_size
/// tokens or no pair occurs min_frequency times.
std::vector<std::string> train_by_likelihood(const BpeTrainer& options, const WordCounts& words);

}  // namespace brot
