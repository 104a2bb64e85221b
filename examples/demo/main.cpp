// raven-demo: see usage in options.cpp.
#include <cstdio>

#include "demo.hpp"

int main(int count, char** arguments) {
  try {
    const demo::Options options = demo::parse_options(count, arguments);
    if (options.help) {
      std::fputs(demo::usage, stdout);
      return 0;
    }
    if (options.sample.empty()) return demo::train(options);
    const auto [model, vocabulary] = demo::load_model(options.sample);
    demo::print_line(demo::write_text(model, vocabulary,
                                      {.max_new_tokens = options.tokens,
                                       .temperature = options.temperature,
                                       .top_k = options.top_k,
                                       .seed = options.seed}));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "raven-demo: %s\n", error.what());
    return 1;
  }
}
