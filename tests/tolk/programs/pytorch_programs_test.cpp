// Programs whose f64 results and gradients PyTorch has computed (tests/golden/tolk/pytorch_programs.py): compiled, they
// are within the bounds that the script derived. Our own parts share sources; this is the judge that shares none.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <sstream>

#include "gtest/gtest.h"
#include "raven/base/file.hpp"
#include "raven/rune.hpp"
#include "raven/tolk.hpp"

namespace {

using nx::Array;
using Arrays = std::vector<Array>;

uint64_t splitmix64(uint64_t z) {
  z += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
uint64_t word(uint64_t seed, size_t i) { return splitmix64(seed << 32 | i); }
Array reals(uint64_t seed, const nx::Shape& shape, double scale = 1, double shift = 0) {
  std::vector<double> values(static_cast<size_t>(nx::element_count(shape.span())));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = shift + scale * (static_cast<double>(word(seed, i) >> 11) * 0x1p-52 - 1);
  return nx::array(values, shape);
}
Array integers(uint64_t seed, const nx::Shape& shape, uint64_t bound) {
  std::vector<int64_t> values(static_cast<size_t>(nx::element_count(shape.span())));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(word(seed, i) % bound);
  return nx::array(values, shape);
}
Array permutation(uint64_t seed, const nx::Shape& shape, size_t bound) {
  std::vector<int64_t> values(bound);
  std::iota(values.begin(), values.end(), 0);
  std::sort(values.begin(), values.end(), [&](int64_t a, int64_t b) {
    return word(seed, static_cast<size_t>(a)) < word(seed, static_cast<size_t>(b));
  });
  values.resize(static_cast<size_t>(shape[0]));
  return nx::array(values, shape);
}

struct Expected {
  size_t offset = 0, count = 0, stride = 1;
  double tolerance = 0;
};
struct Golden {
  nx::Program program;
  Arrays inputs;
  std::vector<Expected> outputs, gradients;
};

/// One block of the file.
Golden read_block(std::istream& file) {
  Golden golden;
  std::vector<std::string> recipes;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "in") {
      recipes.push_back(line.substr(3));
    } else if (word == "out" || word == "grad") {
      Expected e;
      words >> e.offset >> e.count >> e.stride >> e.tolerance;
      (word == "out" ? golden.outputs : golden.gradients).push_back(e);
    } else {
      std::string text = line + "\n";
      while (line != "}" && std::getline(file, line)) text += line + "\n";
      golden.program = nx::Program::parse(text);
      break;
    }
  }
  for (size_t i = 0; i < recipes.size(); ++i) {
    std::istringstream words(recipes[i]);
    std::string kind;
    uint64_t seed = 0, bound = 0;
    double scale = 0, shift = 0;
    words >> kind >> seed;
    const nx::Shape& shape = golden.program.aval(static_cast<nx::Program::Id>(i)).shape;
    if (kind == "f64") {
      words >> scale >> shift;
      golden.inputs.push_back(reals(seed, shape, scale, shift));
    } else {
      words >> bound;
      golden.inputs.push_back(kind == "i64" ? integers(seed, shape, bound) : permutation(seed, shape, bound));
    }
  }
  return golden;
}

Arrays run(const nx::Program& program, const Arrays& inputs) {
  Arrays results(program.outputs().size());
  tolk::compile(program)->run(inputs, results);
  return results;
}

/// Σ w·y over the floating results, by the floating inputs.
Arrays gradients(const Golden& golden) {
  Arrays floats, others;
  for (const Array& x : golden.inputs) (nx::is_float(x.dtype()) ? floats : others).push_back(x);
  const auto loss = [&](const Arrays& a, const Arrays& b) {
    Arrays inputs;
    size_t next_float = 0, next_other = 0;
    for (const Array& x : golden.inputs) inputs.push_back(nx::is_float(x.dtype()) ? a[next_float++] : b[next_other++]);
    Array total = nx::zeros({});
    uint64_t seed = 1000;
    for (const Array& y : nx::eval(golden.program, inputs)) {
      if (nx::is_float(y.dtype())) total = total + nx::sum(y * reals(seed, y.shape()));
      ++seed;
    }
    return total;
  };
  const nx::Program program = rune::make_program(rune::grad(loss), floats, others);
  Arrays inputs = floats;
  inputs.insert(inputs.end(), others.begin(), others.end());
  return run(program, inputs);
}

/// The largest error in units of the tolerance.
double worst(const Array& got, const Expected& expected, const std::vector<double>& numbers) {
  const std::vector<double> values = nx::reshape(nx::contiguous(got), {got.size()}).astype(nx::f64).to_vector<double>();
  EXPECT_EQ((values.size() + expected.stride - 1) / expected.stride, expected.count);
  double largest = 0;
  for (size_t i = 0; i < expected.count; ++i) {
    const double error = std::abs(values.at(i * expected.stride) - numbers.at(expected.offset + i));
    if (error == 0) continue;
    largest = std::isfinite(error) && expected.tolerance > 0 ? std::max(largest, error / expected.tolerance) : INFINITY;
  }
  return largest;
}

TEST(PytorchPrograms, CompiledResultsAndGradientsAreWithinTheirBounds) {
  const std::string folder = RAVEN_SOURCE_DIR "/tests/golden/tolk/";
  const std::string blob = raven::read_file(folder + "pytorch_programs.bin");
  std::vector<double> numbers(blob.size() / sizeof(double));
  std::memcpy(numbers.data(), blob.data(), blob.size());
  std::istringstream file(raven::read_file(folder + "pytorch_programs.txt"));
  std::string line;
  int programs = 0;
  size_t compared = 0;
  double largest = 0;
  while (std::getline(file, line)) {
    if (!line.starts_with("program ")) continue;
    ++programs;
    const Golden golden = read_block(file);
    SCOPED_TRACE(line + "\n" + golden.program.print());
    const Arrays outputs = run(golden.program, golden.inputs), slopes = gradients(golden);
    ASSERT_EQ(outputs.size(), golden.outputs.size());
    ASSERT_EQ(slopes.size(), golden.gradients.size());
    for (size_t i = 0; i < outputs.size() + slopes.size(); ++i) {
      const bool is_output = i < outputs.size();
      const size_t k = is_output ? i : i - outputs.size();
      const Expected& expected = is_output ? golden.outputs[k] : golden.gradients[k];
      const double error = worst(is_output ? outputs[k] : slopes[k], expected, numbers);
      EXPECT_LE(error, 1) << (is_output ? "result " : "gradient ") << k;
      largest = std::max(largest, error);
      compared += expected.count;
    }
  }
  EXPECT_EQ(programs, 500);
  std::printf("%d programs, %zu numbers, the largest error is %.2f of its bound\n", programs, compared, largest);
}

}  // namespace
