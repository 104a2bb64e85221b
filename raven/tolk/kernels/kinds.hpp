#pragma once
// The kinds of kernels, one file each. Not installed.
#include "raven/tolk/kernels/emission.hpp"

namespace tolk::kernels {

enum class KernelKind : uint8_t {
  map,       ///< no reduction
  rows,      ///< a task reads whole rows
  long_run,  ///< few rows, so long that they are cut into segments
  columns,   ///< over other axes than the last
};
KernelKind kind_of(const Space& space, const Limits& limits);

/// Whether the kind computes all members of the graph.
bool fits(const Graph& graph);
/// The launches that compute a body's stores, appended to the schedule: one, or two where segments are combined.
void make_launches(const Body& body, const Context& context, Schedule& schedule);

Launch make_map(const Body& body, const Context& context);
/// Appends a launch, or two where sums down the columns are combined.
void make_rows(const Body& body, const Context& context, Schedule& schedule);
/// Whether those sums can go along with the rows.
bool sums_down_fit(const Body& body, const Limits& limits);

/// Loads of a map that go element by element along another loop than the one in lanes.
struct Across {
  uint16_t atom = 0;
  std::vector<uint32_t> loads;
};
Across find_across(const Body& body, uint16_t lanes_atom);
Launch make_transposing(const Body& body, const Context& context, uint16_t lanes_atom, const Across& across);

/// Whether an equation is a scatter that make_scatter computes, once its operands have bytes in C order.
bool scatters_rows(const Values& values, const Program::Equation& equation);
/// `read_later`: some step of the program reads the bytes.
Launch make_scatter(const Values& values, uint32_t equation, bool read_later);

/// Whether a body is one run whose kernel does not depend on how long it is: equal ones are launched together.
bool serves_any_run(const Body& body, const Context& context);
void make_long_runs(const Body& body, const Context& context, Schedule& schedule);
void make_columns(const Body& body, const Context& context, Schedule& schedule);

}  // namespace tolk::kernels
