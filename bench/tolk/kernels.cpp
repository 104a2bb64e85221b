#include "bench/tolk/kernels.hpp"

#include "bench/kaun/gpt_step.hpp"
#include "bench/tolk/compiled.hpp"
#include "bench/tolk/functions.hpp"
#include "bench/tolk/step_figures.hpp"

namespace raven::bench {
namespace {

using nx::Array;
using nx::Shape;

constexpr double mebi = 1024.0 * 1024.0;
constexpr int64_t rows_of_16M = 16384, columns_of_16M = 1024;
const Shape matrix_16M = {rows_of_16M, columns_of_16M};
constexpr double stream_16M = 64 * mebi;  // one pass over 16 Mi floats

constexpr int64_t vocabulary = 50257, width = 768, layers = 12, positions = 1024, ids = 32768, labels = 512;
constexpr double table_bytes = 4.0 * vocabulary * width, row_bytes = 4.0 * ids * width;
// Of `ids` draws among `vocabulary` rows, 1 − e^(−ids/vocabulary) = 48 % of the rows are read.
constexpr double read_of_table = 0.479 * table_bytes;
constexpr double logits_bytes = 4.0 * labels * vocabulary;

Array positive(const Shape& shape) { return (hashed(shape) + 1) / 2; }

/// The 148 parameters of GPT-2 124M.
std::vector<Shape> gpt2_shapes() {
  std::vector<Shape> shapes = {{vocabulary, width}, {positions, width}};
  for (int64_t layer = 0; layer < layers; ++layer)
    for (const Shape& shape :
         {Shape{width}, Shape{width}, Shape{3 * width, width}, Shape{3 * width}, Shape{width, width}, Shape{width},
          Shape{width}, Shape{width}, Shape{4 * width, width}, Shape{4 * width}, Shape{width, 4 * width}, Shape{width}})
      shapes.push_back(shape);
  shapes.insert(shapes.end(), {Shape{width}, Shape{width}});
  return shapes;
}
double gpt2_bytes() {
  double bytes = 0;
  for (const Shape& shape : gpt2_shapes()) bytes += 4.0 * static_cast<double>(nx::element_count(shape.span()));
  return bytes;
}
using Leaves = std::vector<Array>;
Leaves gpt2_leaves(uint32_t seed, double scale) {
  Leaves leaves;
  for (const Shape& shape : gpt2_shapes()) leaves.push_back(hashed(shape, seed++) * scale);
  return leaves;
}

/// One update, parameters and moments given up; the gradients stay.
Run adamw_gpt2() {
  using State = vega::State<Leaves>;
  const auto optimizer = std::make_shared<const vega::Transform>(
      vega::chain(vega::clip_by_global_norm(1.0), vega::adamw({.lr = 1e-3, .weight_decay = 0.1})));
  const auto step = [optimizer](const Leaves& gradients, Leaves parameters, State state) {
    std::tie(parameters, state) = optimizer->update(gradients, std::move(state), std::move(parameters));
    return std::tuple{std::move(parameters), std::move(state)};
  };
  Leaves parameters = gpt2_leaves(1, 0.02);
  const Leaves gradients = gpt2_leaves(1001, 0.001);
  State state = optimizer->init(parameters);
  const auto reference = [=] { return checksums(std::get<0>(step(gradients, parameters, state))); };
  const auto jitted = rune::jit(step, {.name = "adamw"});
  // The reference's handles would keep the arrays from being given up: it runs now.
  const Checksums expected = reference();
  Run run = repeat([=, parameters = std::move(parameters), state = std::move(state)]() mutable -> const Leaves& {
    std::tie(parameters, state) = jitted(gradients, std::move(parameters), std::move(state));
    return parameters;
  });
  run.reference = [expected] { return expected; };
  run.launches = launches_of(jitted);
  return run;
}

Run gpt_char_step() {
  GptStep step;
  const auto eager = step.function();
  const auto jitted = rune::jit(eager, {.name = "train step"});
  Run run = repeat([step, jitted]() mutable { return step(jitted); });
  run.reference = [step, eager]() mutable { return checksums(GptStep(step)(eager)); };
  run.launches = launches_of(jitted);
  run.figures = gpt_step_figures;
  return run;
}

}  // namespace

std::vector<Row> kernel_rows() {
  const auto memory = [](double bytes, Traffic traffic) { return Work{Bound::memory, bytes, traffic}; };
  // Eager and compiled: the faster counts.
  const auto peers = [](const std::string& name) {
    return std::vector<std::pair<std::string, std::vector<std::string>>>{{"pytorch", {name, name + "_compiled"}},
                                                                         {"jax", {name}}};
  };
  struct Least {
    const char* name;
    Work work;
  };
  const Least table[] = {
      // Two reads and one write of 16 Mi floats.
      {"map_gelu_16M", memory(3 * stream_16M, Traffic::triad)},
      {"map_bias_relu_residual_16M", memory(3 * stream_16M, Traffic::triad)},
      // x and g read, y and dx written.
      {"dropout_16M", memory(4 * stream_16M, Traffic::copy)},
      {"softmax_16384x1024", memory(2 * stream_16M, Traffic::copy)},
      {"layer_norm_16384x1024", memory(2 * stream_16M, Traffic::copy)},
      // x and g read once (a row stays in the cache), dx written.
      {"layer_norm_grad_16384x1024", memory(3 * stream_16M, Traffic::triad)},
      {"sum_all_4096", memory(stream_16M, Traffic::read)},
      {"sum_axis0_4096", memory(stream_16M, Traffic::read)},
      {"sum_axis1_4096", memory(stream_16M, Traffic::read)},
      {"argmax_axis1_4096", memory(stream_16M, Traffic::read)},
      // x.T · 2, written in C order.
      {"transpose_4096", memory(2 * stream_16M, Traffic::copy)},
      // 32,768 ids into GPT-2's table: rows read and written, their gradient read, the table's written.
      {"embedding_32768x768", memory(read_of_table + 2 * row_bytes + table_bytes, Traffic::copy)},
      // Logits read once (a row of 201 KB stays in the cache), their gradient written.
      {"cross_entropy_512x50257", memory(2 * logits_bytes, Traffic::copy)},
      // g read for the norm; then g, p, m and v read, p, m and v written.
      {"adamw_gpt2", memory(8 * gpt2_bytes(), Traffic::copy)},
  };
  std::vector<Row> rows;
  for (const Least& least : table) rows.push_back({least.name, {2}, least.work, peers(least.name)});
  rows.push_back({"gpt_char_step",
                  {1, 2},
                  {Bound::compute, 3.96e9},
                  {{"pytorch", {"gpt_char_step", "gpt_char_step_compiled"}}},
                  /*equal_threads=*/false});
  return rows;
}

Bodies kernel_bodies() {
  const auto reduction = [](auto f) { return [f] { return compiled(f, positive({4096, 4096})); }; };
  return {
      {"map_gelu_16M", [] { return compiled(map_gelu, hashed(matrix_16M, 1), hashed(matrix_16M, 2)); }},
      {"map_bias_relu_residual_16M",
       [] {
         return compiled(bias_relu_residual, hashed(matrix_16M, 1), hashed({columns_of_16M}, 2), hashed(matrix_16M, 3));
       }},
      {"dropout_16M",
       [] { return compiled(dropout_both, hashed(matrix_16M, 1), nx::random::key(1), hashed(matrix_16M, 2)); }},
      {"softmax_16384x1024", [] { return compiled(softmax, hashed(matrix_16M)); }},
      {"layer_norm_16384x1024",
       [] {
         return compiled(layer_norm, hashed(matrix_16M, 1), hashed({columns_of_16M}, 2), hashed({columns_of_16M}, 3));
       }},
      {"layer_norm_grad_16384x1024",
       [] {
         return compiled(layer_norm_grad, hashed(matrix_16M, 1), hashed({columns_of_16M}, 2),
                         hashed({columns_of_16M}, 3), hashed(matrix_16M, 4));
       }},
      {"sum_all_4096", reduction([](const Array& x) { return nx::sum(x); })},
      {"sum_axis0_4096", reduction([](const Array& x) { return nx::sum(x, 0); })},
      {"sum_axis1_4096", reduction([](const Array& x) { return nx::sum(x, 1); })},
      {"argmax_axis1_4096", reduction([](const Array& x) { return nx::argmax(x, 1); })},
      {"transpose_4096", reduction([](const Array& x) { return x.T() * 2; })},
      {"embedding_32768x768",
       [] {
         return compiled(embedding_both, hashed({vocabulary, width}, 1), hashed_integers({ids}, vocabulary, 2),
                         hashed({ids, width}, 3));
       }},
      {"cross_entropy_512x50257",
       [] {
         return compiled(cross_entropy_both, hashed({labels, vocabulary}, 1), hashed_integers({labels}, vocabulary, 2));
       }},
      {"adamw_gpt2", adamw_gpt2},
      {"gpt_char_step", gpt_char_step},
  };
}

}  // namespace raven::bench
