#pragma once
// The sizes from which the compiler does something else. Not installed.
//
// They are fixed constants: a program and a target have one plan, never one of the day's measurement. Tests lower them,
// so that small programs reach what large ones do: any values that keep what is said here give the same bits.
#include <cstdint>
#include <memory>

#include "raven/base/export.hpp"

namespace nx {
class Program;
}

namespace tolk {

class Plan;
struct CompileOpts;

struct Limits {
  // ---- beside the caches
  int64_t streamed_bytes = 4 << 20;    ///< of a result from which stores go past the caches
  int64_t far_row_bytes = 1024;        ///< of a row, read at a place that only the data knows, that is fetched ahead
  int64_t far_table_bytes = 1 << 20;   ///< of the table that such rows are in
  int64_t cached_bytes = 32 << 10;     ///< of an operand that a reduction may read in any direction
  int64_t kept_row_bytes = 256 << 10;  ///< of what a task keeps of a row between two runs over it

  // ---- tasks
  double task_nanoseconds = 20'000;  ///< estimated, that are worth a thread
  int64_t map_elements = 4096;       ///< of a task of a map over several loops, at least
  /// Of a run that one task takes: a power of two of blocks of 1,024. Runs are cut when there are fewer than
  /// `run_rows`.
  int64_t run_segment = 64 << 10;
  int64_t run_rows = 16;
  /// Rows that one task takes of columns, from the most to the least: powers of two, at least two blocks of 16.
  int64_t column_segment = 1024, least_column_segment = 64;
  int64_t column_tile = 512, least_column_tile = 64;  ///< columns of a task: powers of two, at least 2
  int64_t column_elements = 32 << 10;                 ///< below which columns are not cut for want of tasks
  int64_t column_tasks = 8;                           ///< wanted of them
  int64_t down_tasks = 32;                            ///< wanted of rows whose columns are summed on the way
  int64_t combined_columns = 64;                      ///< of a task that combines segments: at least 2
  int64_t scatter_columns = 64;                       ///< of a task of a scatter come in multiples of it
  int64_t scatter_sum = 1024;  ///< columns of a row that several updates go to, added up at a time
  double scatter_scans = 30;   ///< a task of a scatter writes for so many times as long as it reads all indices

  // ---- kernels
  int64_t transposed_elements = 4096;  ///< from which a copy out of order is a call
  int expression_nodes = 300;          ///< of one root, counted as a tree
  int expression_loads = 40;
  uint64_t members = 24, buffers = 60;  ///< of a kernel

  // ---- plans
  int64_t recomputed_bytes = 1 << 20;  ///< alive at once, from which values are made again rather than kept
  int64_t moved_bytes = 64 << 10;  ///< that a joined launch may keep alive for longer

  friend bool operator==(const Limits&, const Limits&) = default;
};

/// `compile` under other limits. Tests only: compile_cached knows no limits but the constants above, so no plan made
/// here is ever shared; code is found again by the text of its kernel, which says all that limits decide.
RAVEN_API std::shared_ptr<const Plan> compile(const nx::Program& program, const CompileOpts& options,
                                              const Limits& limits);

}  // namespace tolk
