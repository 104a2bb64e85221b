// kaun_losses N: the demo's first N losses from hashed weights and batches, as hexadecimal numbers, one a line. Run by
// bits_test.cpp with other CPU levels and threads.
#include <cstdio>
#include <cstdlib>

#include "kaun/hashed_gpt.hpp"

int main(int count, char** arguments) {
  const int64_t steps = count > 1 ? std::atoll(arguments[1]) : 20;
  const demo::Text text = kaun::test::king_james();
  const auto curve =
      kaun::test::train_hashed(kaun::test::hashed_gpt(kaun::test::demo_config()), text.train, demo::batch, steps);
  for (const double loss : curve.losses) std::printf("%a\n", loss);
}
