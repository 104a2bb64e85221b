#include "demo.hpp"
#include "number.hpp"
#include "raven/base/message.hpp"

namespace demo {

const char* const usage =
    "raven-demo: trains a small GPT on text, one character a token, and writes like it\n"
    "  --data FILE        text to learn (default: the King James text, Debian packages bible-kjv and bible-kjv-text)\n"
    "  --steps N          training steps (default 2000)\n"
    "  --seed N           initial weights, batches and samples (default 1)\n"
    "  --out FOLDER       where gpt.safetensors and losses.csv go (default out)\n"
    "  --eager            run the training step op by op instead of compiled; the losses are the same, bit for bit\n"
    "  --sample PATH      no training: write text with a saved model\n"
    "of the text that is written, after training too:\n"
    "  --tokens N         characters to write (default 400)\n"
    "  --temperature X    0 picks the likeliest character each time (default 0.8)\n"
    "  --top-k N          draw among the N likeliest (default 0: all)\n";

Options parse_options(int count, char** arguments) {
  Options o;
  std::string_view of_training;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--help" || name == "-h") {
      o.help = true;
      return o;
    }
    if (name == "--data" || name == "--steps" || name == "--out" || name == "--eager") of_training = name;
    if (name == "--eager") {
      o.eager = true;
      continue;
    }
    const bool known = name == "--data" || name == "--steps" || name == "--seed" || name == "--out" ||
                       name == "--sample" || name == "--tokens" || name == "--temperature" || name == "--top-k";
    if (!known) throw nx::ValueError("arguments", raven::Message("unknown option '") << name << "'; see --help");
    if (i + 1 >= count)
      throw nx::ValueError("arguments", raven::Message("option '") << name << "' needs a value; see --help");
    const char* value = arguments[++i];
    if (*value == '\0') throw nx::ValueError("arguments", raven::Message("option '") << name << "' has an empty value");
    if (name == "--data") o.data = value;
    if (name == "--steps") o.steps = number<int64_t>("--steps", value, 1, 100'000'000);
    if (name == "--seed") o.seed = number<uint64_t>("--seed", value, 0, UINT64_MAX);
    if (name == "--out") o.out = value;
    if (name == "--sample") o.sample = value;
    if (name == "--tokens") o.tokens = number<int64_t>("--tokens", value, 1, 100'000'000);
    if (name == "--temperature") o.temperature = number<double>("--temperature", value, 0, 1e6);
    if (name == "--top-k") o.top_k = number<int64_t>("--top-k", value, 0, 1 << 30);
  }
  if (!o.sample.empty() && !of_training.empty())
    throw nx::ValueError("arguments", raven::Message("option '") << of_training << "' is of training; --sample trains nothing");
  return o;
}

}  // namespace demo
