#pragma once
// Random numbers of models that draw: the same for the same seed and draw on every machine.
#include <cstdint>

namespace brot {

/// splitmix64.
class Random {
 public:
  explicit Random(uint64_t state) : state_(state) {}
  /// The numbers of one piece: those of the model's seed and of the piece's place among all (TokenSink::draws).
  Random(uint64_t seed, uint64_t draw) : state_(Random(seed).next() ^ Random(~draw).next()) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  /// In [0, 1).
  double uniform() { return double(next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

}  // namespace brot
