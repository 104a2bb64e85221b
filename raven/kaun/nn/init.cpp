#include "raven/kaun/nn/init.hpp"

#include "raven/nx/api/math.hpp"

namespace kaun::init {

Array uniform(Rng& rng, const nx::Shape& shape, double low, double high, nx::DType dtype) {
  return nx::random::uniform(rng.next_key(), shape, {.low = low, .high = high, .dtype = dtype});
}
Array normal(Rng& rng, const nx::Shape& shape, double mean, double deviation, nx::DType dtype) {
  return nx::random::normal(rng.next_key(), shape, {.dtype = dtype}) * deviation + mean;
}

}  // namespace kaun::init
