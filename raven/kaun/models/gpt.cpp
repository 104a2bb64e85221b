#include "raven/kaun/models/gpt.hpp"

#include "raven/base/message.hpp"
#include "raven/kaun/io/json.hpp"
#include "raven/kaun/nn/init.hpp"
#include "raven/nx.hpp"

namespace kaun::models {

namespace {
constexpr const char* integer_keys[] = {"vocab_size", "context", "width", "layers", "heads"};
}

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
                               raven::Message("config '") << integer_keys[i] << "' is " << value << ", expected a positive integer");
    *members[i] = static_cast<int64_t>(value);
  }
  c.dropout = object.number("dropout");
  return c;
}

Gpt::Gpt(const GptConfig& c, Rng& rng) : config(c) {
  if (c.vocab_size < 1 || c.context < 1 || c.width < 1 || c.layers < 1)
    throw nx::ValueError("kaun.Gpt", raven::Message("every size must be at least 1: ") << c.to_json());
  wte.weight = init::normal(rng, {c.vocab_size, c.width}, 0, 0.02, nx::f32);
  wpe.weight = init::normal(rng, {c.context, c.width}, 0, 0.02, nx::f32);
  for (int64_t i = 0; i < c.layers; ++i)
    h.emplace_back(TransformerOpts{.width = c.width, .heads = c.heads, .layers = c.layers, .dropout = c.dropout}, rng);
  ln_f = LayerNorm(c.width);
}

Gpt Gpt::shaped(const GptConfig& config) {
  Rng rng(0);
  return Gpt(config, rng);
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
    throw nx::ShapeError("kaun.Gpt", raven::Message("ids have ") << time << " positions, the context is " << config.context);
  // Positions are the first rows of wpe: a slice, not a lookup.
  const Array positions = nx::slice(wpe.weight, {0, 0}, {time, config.width}, {1, 1});
  Array x = dropout(wte(ids) + positions, config.dropout, cx);
  for (const TransformerBlock& block : h) x = block(x, cx);
  return wte.attend(ln_f(x));
}

}  // namespace kaun::models
