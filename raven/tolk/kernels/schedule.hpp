#pragma once
// A Program cut into launches of generated kernels and calls of nx's kernels. Not installed.
//
// Forming kernels (form.cpp) decides which values get bytes of their own; what lies between is computed where it is
// used, twice if it must. The plan (raven/tolk/plan/) gives the values places and runs the launches.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "raven/nx/program.hpp"
#include "raven/tolk/kernels/limits.hpp"
#include "raven/tolk/loop/loop.hpp"

namespace tolk {

/// One parameter of a kernel: a value of the program in bytes of its own, in C order unless Schedule::layouts says
/// otherwise, or a temporary.
struct LaunchBuffer {
  enum class Kind : uint8_t {
    value,      ///< of the program. A view is the bytes of the value it shows, unless a launch before wrote it itself
    temporary,  ///< Schedule::temporaries[index]
    status,     ///< i64, two elements per site of this launch, zero before it
  };
  Kind kind = Kind::value;
  uint32_t index = 0;
  loop::Access access = loop::Access::read;
};

/// An output may take the bytes of an input of the same size: each element is read in no later iteration than the one
/// that writes it.
struct InPlacePair {
  uint16_t input = 0, output = 0;  ///< positions in Launch::buffers
};

/// Where an index is checked inside a kernel: what IndexError says.
struct CheckSite {
  nx::Program::Id equation = 0;  ///< position in Program::equations()
  int64_t axis = 0, extent = 0;
};

struct Launch {
  loop::Kernel kernel;
  std::vector<LaunchBuffer> buffers;  ///< one per parameter, in order
  std::vector<int64_t> dims;
  int64_t tasks = 0;       ///< the kernel runs for 0 … tasks − 1, in any cut
  int64_t grain = 1;       ///< tasks that are worth a thread (about 20 µs)
  int64_t task_align = 1;  ///< cuts fall on multiples of it
  std::vector<InPlacePair> in_place;
  std::vector<CheckSite> sites;
  std::vector<uint32_t> equations;  ///< computed here, for reports
  int64_t flops = 0, bytes = 0;     ///< read and written once, for the roofline report
};

/// What runs one after the other. Nobody writes values without elements, nor numbers (Op::Full) that only calls read.
struct ScheduleStep {
  bool is_launch = false;
  uint32_t index = 0;  ///< of Schedule::launches, or of the program's equation that nx's kernel computes
};

struct Schedule {
  /// The program that was scheduled: composites that kernels replace are decomposed.
  nx::Program program;
  std::vector<Launch> launches;
  std::vector<ScheduleStep> steps;
  /// Strides of results of calls, by value; empty where they lie in C order. No entry: all do.
  std::vector<nx::Dims> layouts;
  std::vector<nx::Aval> temporaries;
  /// Why a value has bytes of its own or an equation is a call: one line each, "reason: …" from the closed list.
  std::vector<std::string> explain;
};

/// What a schedule depends on besides the program: fixed constants per target, never a measurement.
struct ScheduleTarget {
  int vector_bytes = 64;
  std::vector<bool> donated{};  ///< by input: its bytes may become a result's. Shorter lists mean false
  Limits limits{};
  std::vector<std::string> passes_off{}, rules_off{};  ///< left out: of optional_passes(), and rules of `simplify`
  bool runs(std::string_view pass) const;
};

/// Throws tolk::Error for a program with calls left in it.
Schedule form_kernels(const nx::Program& program, const ScheduleTarget& target);

}  // namespace tolk
