// raven-sample: one static file that writes text with the demo's checkpoint.
//   raven-sample PATH [characters] [temperature] [seed]
#include <cstdio>

#include "demo.hpp"
#include "number.hpp"

int main(int count, char** arguments) {
  if (count < 2 || count > 5) {
    std::fputs("usage: raven-sample PATH [characters] [temperature] [seed]\n", stderr);
    return 2;
  }
  try {
    const auto [model, vocabulary] = demo::load_model(arguments[1]);
    kaun::GenerateOpts options{.max_new_tokens = 400, .temperature = 0.8, .seed = 1};
    if (count > 2) options.max_new_tokens = demo::number<int64_t>("characters", arguments[2], 1, 100'000'000);
    if (count > 3) options.temperature = demo::number<double>("temperature", arguments[3], 0, 1e6);
    if (count > 4) options.seed = demo::number<uint64_t>("seed", arguments[4], 0, UINT64_MAX);
    demo::print_line(demo::write_text(model, vocabulary, options));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "raven-sample: %s\n", error.what());
    return 1;
  }
}
