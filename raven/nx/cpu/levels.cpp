#include "raven/nx/cpu/levels.hpp"

namespace nx::cpu {

namespace {

#define NX_FILL(level)                 \
  void fill_##level(LevelTable& t) {   \
    level::fill_arithmetic(t);         \
    level::fill_integer(t);            \
    level::fill_math(t);               \
    level::fill_cast(t);               \
    level::fill_move(t);               \
    level::fill_reduce(t);             \
    level::fill_rows(t);               \
    level::fill_activation(t);         \
    level::fill_normalization(t);      \
    level::fill_loss(t);               \
    level::fill_attention_forward(t);  \
    level::fill_attention_backward(t); \
    level::fill_arg(t);                \
    level::fill_random(t);             \
  }
NX_FILL(portable)
#if defined(__x86_64__)
NX_FILL(v3)
NX_FILL(v4)
#endif
#undef NX_FILL

// Filled at first use; several threads may fill the same values at once, the flag publishes them.
constinit LevelTable tables[3];
constinit int ready[3];
constinit const LevelTable* in_use = nullptr;

}  // namespace

const LevelTable& level_table(raven::CpuLevel level) {
  const int i = static_cast<int>(level);
  if (!__atomic_load_n(&ready[i], __ATOMIC_ACQUIRE)) {
    static constinit int lock = 0;
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
    }
    if (!ready[i]) {
#if defined(__x86_64__)
      if (level == raven::CpuLevel::v3) fill_v3(tables[i]);
      if (level == raven::CpuLevel::v4) fill_v4(tables[i]);
#endif
      if (level == raven::CpuLevel::portable) fill_portable(tables[i]);
      __atomic_store_n(&ready[i], 1, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
  }
  return tables[i];
}

RAVEN_API const LevelTable& loops() {
  const LevelTable* table = __atomic_load_n(&in_use, __ATOMIC_ACQUIRE);
  if (!table) {
    table = &level_table(raven::cpu_level());
    __atomic_store_n(&in_use, table, __ATOMIC_RELEASE);
  }
  return *table;
}

}  // namespace nx::cpu
