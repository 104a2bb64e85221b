// The ways in which a program can be compiled and run, and which of them one program takes.
#include "tolk/programs/check.hpp"

namespace tolk_test {

using raven::CpuLevel;
using tolk::Guard;
using tolk::Limits;

namespace {

std::vector<CpuLevel> levels() {
  std::vector<CpuLevel> list;
  for (const CpuLevel level : {CpuLevel::portable, CpuLevel::v3, CpuLevel::v4})
    if (level <= raven::cpu_level()) list.push_back(level);
  return list;
}

/// Each limit lowered with this chance: streams with heads, rows fetched ahead, cut runs and columns, many tasks, at
/// sizes that take no time. What only makes kernels smaller makes more of them, and is rarer.
Limits low_limits(Dice& dice, int percent) {
  Limits limits;
  const auto low = [&](auto& limit, const std::vector<int64_t>& values) {
    const int64_t value = dice.pick(values);
    if (dice.chance(percent)) limit = static_cast<std::remove_reference_t<decltype(limit)>>(value);
  };
  low(limits.streamed_bytes, {1, 64, 300});
  low(limits.far_row_bytes, {1, 40});
  low(limits.far_table_bytes, {1, 100});
  low(limits.cached_bytes, {1, 200});
  low(limits.kept_row_bytes, {0, 100, 1000});
  low(limits.task_nanoseconds, {1, 30});
  low(limits.map_elements, {1, 24, 64});
  low(limits.run_segment, {1024, 2048});
  low(limits.run_rows, {1, 1000});
  low(limits.column_segment, {32, 64, 128});
  low(limits.least_column_segment, {32});
  low(limits.column_tile, {8, 16, 64});
  low(limits.least_column_tile, {8});
  low(limits.column_elements, {1, 100});
  low(limits.column_tasks, {2, 100});
  low(limits.down_tasks, {1, 4});
  low(limits.combined_columns, {2, 8, 24});
  low(limits.scatter_columns, {1, 8});
  low(limits.scatter_sum, {1, 7, 16});
  if (dice.chance(percent)) limits.scatter_scans = 1e-3;
  low(limits.transposed_elements, {1, 100});
  low(limits.moved_bytes, {0, 200});
  low(limits.recomputed_bytes, {0, 100});
  percent /= 4;
  low(limits.expression_nodes, {60, 150});
  low(limits.expression_loads, {2, 5});
  low(limits.members, {1, 3});
  low(limits.buffers, {4, 10});
  return limits;
}

std::string name_of(const Way& way) {
  std::string name = way.interpreted ? "interpreted kernels" : way.kernels ? "machine code" : "calls alone";
  if (way.kernels) name += std::string(", ") + std::string(raven::cpu_level_name(way.level));
  if (way.limits != Limits()) name += ", low limits";
  if (way.donate) name += ", with donation";
  return name;
}

}  // namespace

Ways all_ways() {
  Ways ways;
  Dice dice(1);
  std::vector<Way> kinds = {{.interpreted = true}, {.kernels = false}};
  for (const CpuLevel level : levels()) kinds.push_back({.level = level});
  for (const Limits& limits : {Limits(), low_limits(dice, 100)})
    for (const bool donate : {false, true})
      for (Way way : kinds) {
        way.limits = limits;
        way.donate = donate;
        way.guards = {Guard::end, Guard::start};
        way.name = name_of(way);
        ways.list.push_back(way);
      }
  return ways;
}

Ways ways_of(uint64_t seed) {
  Dice dice(seed);
  Way way;
  const std::vector<CpuLevel> available = levels();
  // The portable level takes twice as long to compile.
  way.level = dice.chance(30) ? available.back() : dice.pick(available);
  if (dice.chance(65)) way.limits = low_limits(dice, 65);
  way.donate = dice.chance(50);
  way.guards = {dice.chance(50) ? Guard::end : Guard::start};
  Ways ways;
  ways.list = {way};
  way.donate = dice.chance(50);
  if (dice.chance(25)) {
    way.interpreted = true;
    ways.list.push_back(way);
  }
  if (dice.chance(15)) {
    way.interpreted = way.kernels = false;
    ways.list.push_back(way);
  }
  ways.jitted = dice.chance(20);
  for (Way& w : ways.list) w.name = name_of(w);
  return ways;
}

Ways ways_for(const RandomProgram& program) {
  Ways ways = all_ways();
  if (program.ways)
    for (const Way& way : ways_of(*program.ways).list) ways.list.push_back(way);
  return ways;
}

}  // namespace tolk_test
