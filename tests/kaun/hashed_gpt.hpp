#pragma once
// Weights and batches from an integer hash, as tests/golden/kaun/gpt_pytorch.py defines them: both programs start from
// the same numbers without a file between them.
#include <cstdint>
#include <vector>

#include "examples/demo/demo.hpp"

namespace kaun::test {

uint64_t splitmix64(uint64_t z);

/// Tensor t (its place among the leaves), element e: u = (splitmix64(t << 40 | e) >> 40)·2⁻²³ − 1, weight = u·std·√3.
/// std 0.02, residual projections 0.02/√(2·layers); biases 0, LayerNorm weights 1.
models::Gpt hashed_gpt(const models::GptConfig& config);

/// Row r of step s starts at splitmix64(s·rows + r) mod (tokens − context − 1).
std::vector<int64_t> hashed_starts(int64_t tokens, int64_t context, int64_t rows, int64_t step);

struct Curve {
  std::vector<double> losses;  ///< before each update
  std::vector<double> norms;   ///< of the gradient, before clipping
  models::Gpt model;           ///< after the last update
};
/// The demo's optimizer and schedule on hashed batches.
Curve train_hashed(models::Gpt model, const data::TokenDataset& data, int64_t rows, int64_t steps);

/// The demo's configuration, and the training part of the King James text.
models::GptConfig demo_config();
demo::Text king_james();
/// The configuration and tokens of tests/golden/kaun/tiny_gpt.py.
models::GptConfig tiny_config();
data::TokenDataset tiny_text();

}  // namespace kaun::test
