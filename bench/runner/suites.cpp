#include "bench/runner/suites.hpp"

namespace raven::bench {

std::span<const Suite> suites() {
  static constexpr Suite list[] = {{"calibrate", calibrate_cases},
                                   {"base", base_cases},
                                   {"nx", nx_cases},
                                   {"rune", rune_cases},
                                   {"tolk", tolk_cases},
                                   {"kaun", kaun_cases}};
  return list;
}

}  // namespace raven::bench
