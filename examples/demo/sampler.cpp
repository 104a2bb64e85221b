// raven-sample: one static file that writes text with the demo's checkpoint.
//   raven-sample PATH [characters] [temperature] [seed]
#include <cstdio>
#include <cstdlib>

#include "demo.hpp"

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("usage: raven-sample PATH [characters] [temperature] [seed]\n", stderr);
    return 2;
  }
  try {
    const auto [model, vocabulary] = demo::load_model(arguments[1]);
    kaun::GenerateOpts options{.max_new_tokens = 400, .temperature = 0.8, .seed = 1};
    if (count > 2) options.max_new_tokens = std::atoll(arguments[2]);
    if (count > 3) options.temperature = std::atof(arguments[3]);
    if (count > 4) options.seed = std::strtoull(arguments[4], nullptr, 10);
    std::puts(demo::write_text(model, vocabulary, options).c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "raven-sample: %s\n", error.what());
    return 1;
  }
}
