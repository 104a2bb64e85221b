#include "raven/kaun/models/gpt.hpp"

#include "raven/base/message.hpp"
#include "raven/kaun/internal/require.hpp"
#include "raven/kaun/io/json.hpp"
#include "raven/kaun/nn/init.hpp"
#include "raven/nx.hpp"

namespace kaun::models {

namespace {
constexpr const char* integer_keys[] = {"vocab_size", "context", "width", "layers", "heads"};
// Of a file's configuration: layers are made before their tensors are looked up.
constexpr int64_t largest_depth = 1 << 14;

/// A zero of that shape without elements of its own.
Array unset(const nx::Shape& shape) { return nx::broadcast_to(nx::zeros({}, {.dtype = nx::f32}), shape); }
Linear unset_linear(int64_t in, int64_t out) {
  Linear linear;
  linear.weight = unset({out, in});
  linear.bias = unset({out});
  return linear;
}
LayerNorm unset_norm(int64_t features) {
  LayerNorm norm;
  norm.weight = unset({features});
  norm.bias = unset({features});
  return norm;
}
}  // namespace

std::string GptConfig::to_json() const {
  const int64_t values[] = {vocab_size, context, width, layers, heads};
  raven::Message m("{");
  for (int i = 0; i < 5; ++i) m << "\"" << integer_keys[i] << "\": " << values[i] << ", ";
  m << "\"dropout\": " << dropout << "}";
  return m.str();
}

GptConfig GptConfig::from_json(std::string_view text, const std::string& where) {
  const io::FlatObject object = io::parse_flat_object(text, where);
  GptConfig c;
  int64_t* members[] = {&c.vocab_size, &c.context, &c.width, &c.layers, &c.heads};
  for (int i = 0; i < 5; ++i) {
    const double value = object.number(integer_keys[i]);
    if (!(value >= 1 && value <= 1 << 30) || value != static_cast<double>(static_cast<int64_t>(value)))
      throw raven::FormatError("kaun.GptConfig", where, 0,
                               raven::Message("config '")
                                   << integer_keys[i] << "' is " << value << ", expected a positive integer");
    *members[i] = static_cast<int64_t>(value);
  }
  if (c.layers > largest_depth)
    throw raven::FormatError("kaun.GptConfig", where, 0,
                             raven::Message("config 'layers' is ")
                                 << c.layers << ", expected at most " << largest_depth);
  if (c.width % c.heads != 0)
    throw raven::FormatError("kaun.GptConfig", where, 0,
                             raven::Message("config 'width' ")
                                 << c.width << " is not a multiple of 'heads' " << c.heads);
  c.dropout = object.number("dropout");
  if (!(c.dropout >= 0 && c.dropout <= 1))
    throw raven::FormatError("kaun.GptConfig", where, 0,
                             raven::Message("config 'dropout' is ") << c.dropout << ", expected a number in [0, 1]");
  return c;
}

namespace {
void require_config(const char* name, const GptConfig& c) {
  if (c.vocab_size < 1 || c.context < 1 || c.width < 1 || c.layers < 1 || c.heads < 1)
    throw nx::ValueError(name, raven::Message("every size must be at least 1: ") << c.to_json());
  if (c.width % c.heads != 0)
    throw nx::ValueError(name, raven::Message("width ") << c.width << " is not a multiple of heads " << c.heads);
  detail::require_probability(name, "dropout", c.dropout);
}
}  // namespace

Gpt::Gpt(const GptConfig& c, Rng& rng) : config(c) {
  require_config("kaun.Gpt", c);
  wte.weight = init::normal(rng, {c.vocab_size, c.width}, 0, 0.02, nx::f32);
  wpe.weight = init::normal(rng, {c.context, c.width}, 0, 0.02, nx::f32);
  for (int64_t i = 0; i < c.layers; ++i)
    h.emplace_back(TransformerOpts{.width = c.width, .heads = c.heads, .layers = c.layers, .dropout = c.dropout}, rng);
  ln_f = LayerNorm(c.width);
}

Gpt Gpt::shaped(const GptConfig& config) {
  require_config("kaun.Gpt.shaped", config);
  const int64_t width = config.width;
  Gpt model;
  model.config = config;
  model.wte.weight = unset({config.vocab_size, width});
  model.wpe.weight = unset({config.context, width});
  for (int64_t i = 0; i < config.layers; ++i) {
    TransformerBlock& block = model.h.emplace_back();
    block.ln_1 = unset_norm(width);
    block.attn.c_attn = unset_linear(width, 3 * width);
    block.attn.c_proj = unset_linear(width, width);
    block.attn.heads = config.heads;
    block.attn.p = config.dropout;
    block.ln_2 = unset_norm(width);
    block.mlp.c_fc = unset_linear(width, 4 * width);
    block.mlp.c_proj = unset_linear(4 * width, width);
    block.mlp.p = config.dropout;
  }
  model.ln_f = unset_norm(width);
  return model;
}

Array Gpt::operator()(const Array& ids) const {
  Ctx cx = Ctx::evaluation();
  return (*this)(ids, cx);
}

Array Gpt::operator()(const Array& ids, Ctx& cx) const {
  if (ids.ndim() != 2)
    throw nx::ShapeError("kaun.Gpt", raven::Message("ids have shape ") << ids.shape() << ", expected (batch, time)");
  const int64_t time = ids.shape(1);
  if (time > config.context)
    throw nx::ShapeError("kaun.Gpt", raven::Message("ids have ")
                                         << time << " positions, the context is " << config.context);
  // Positions are the first rows of wpe: a slice, not a lookup.
  const Array positions = nx::slice(wpe.weight, {0, 0}, {time, config.width}, {1, 1});
  Array x = dropout(wte(ids) + positions, config.dropout, cx);
  for (const TransformerBlock& block : h) x = block(x, cx);
  return wte.attend(ln_f(x));
}

}  // namespace kaun::models
