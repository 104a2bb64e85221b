#pragma once
// Order statistics of samples.
#include <span>
#include <vector>

namespace raven::bench {

/// The q-quantile, 0 ≤ q ≤ 1, linear between order statistics (NumPy's default). NaN for no samples.
double quantile(std::vector<double> samples, double q);
/// quantile(samples, 0.5).
double median(std::vector<double> samples);
/// exp of the mean logarithm of positive values; NaN for none.
double geometric_mean(std::span<const double> values);

}  // namespace raven::bench
