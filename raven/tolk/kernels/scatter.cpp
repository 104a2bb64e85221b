// Scatters of whole rows into a table of one number, as the gradient of an embedding is. A task owns a tile of columns
// and walks all updates in their order, so equal indices combine as eager scatters do, and nothing is shared.
#include <algorithm>
#include <cstring>
#include <optional>

#include "raven/nx/internal/elementwise.hpp"
#include "raven/tolk/kernels/kinds.hpp"

namespace tolk::kernels {

namespace {

using loop::Access;
using loop::Code;

constexpr int64_t tasks_wanted = 4, narrow_tile = 64;

std::optional<Code> code_of(nx::ScatterKind kind) {
  switch (kind) {
    case nx::ScatterKind::set: return std::nullopt;
    case nx::ScatterKind::add: return Code::add;
    case nx::ScatterKind::mul: return Code::mul;
    case nx::ScatterKind::min: return Code::minimum;
    case nx::ScatterKind::max: return Code::maximum;
  }
  return std::nullopt;
}

/// The bits of a value that is one number everywhere.
uint64_t bits_of(const nx::FullAttrs& full) {
  uint64_t bits = 0;
  std::byte bytes[sizeof bits] = {};
  nx::detail::write_scalar("tolk.compile", full.value, full.dtype, bytes);
  std::memcpy(&bits, bytes, sizeof bits);
  return bits;
}

}  // namespace

bool scatters_rows(const Values& values, const Program::Equation& e) {
  if (e.op != Op::Scatter) return false;
  const auto& a = e.attrs.as<nx::ScatterAttrs>();
  const Aval &table = values.program.aval(e.operands[0]), &index = values.program.aval(e.operands[1]);
  const Program::Equation* full = values.made_by(e.operands[0]);
  if (!full || full->op != Op::Full || a.axes.size() != 1 || a.axes[0] != 0 || a.mode == nx::IndexMode::wrap)
    return false;
  if (index.dtype == nx::DType::u64) return false;  // beyond i64 there is no index
  for (int i = 0; i < table.shape.size(); ++i)
    if (a.slice_sizes[i] != (i == 0 ? 1 : table.shape[i])) return false;
  return count_of(table) > 0 && count_of(index) > 0;
}

Launch make_scatter(const Values& values, uint32_t equation) {
  const Program& program = values.program;
  const Program::Equation& e = program.equations()[equation];
  const auto& a = e.attrs.as<nx::ScatterAttrs>();
  const Aval& table = program.aval(e.first_result);
  const Aval& index = program.aval(e.operands[1]);
  const int64_t rows = table.shape[0], width = count_of(table) / rows, updates = count_of(index);
  const int64_t tile = std::max(narrow_tile, (width / tasks_wanted + narrow_tile - 1) / narrow_tile * narrow_tile);
  const int64_t tasks = (width + tile - 1) / tile;
  const loop::Type type = type_of(table.dtype);
  const int64_t lanes = 64 / loop::size_of(type);

  Launch launch;
  loop::Builder b("scatter_rows");
  const loop::Id ids = b.param(type_of(index.dtype), Access::read, updates);
  const loop::Id from = b.param(type, Access::read, updates * width);
  const loop::Id to = b.param(type, Access::both, rows * width);
  launch.buffers = {{LaunchBuffer::Kind::value, e.operands[1], Access::read},
                    {LaunchBuffer::Kind::value, e.operands[2], Access::read},
                    {LaunchBuffer::Kind::value, e.first_result, Access::both}};
  loop::Id status = loop::no_id;
  if (a.mode == nx::IndexMode::raise) {
    status = b.param(loop::Type::i64, Access::both, 2);
    launch.buffers.push_back({LaunchBuffer::Kind::status, 0, Access::both});
    launch.sites.push_back({equation, 0, rows});
  }
  const loop::Id number = b.constant(type, bits_of(values.made_by(e.operands[0])->attrs.as<nx::FullAttrs>()));
  const loop::Id zero = b.index(0), extent = b.index(rows);

  const loop::Id task = b.loop(b.task_begin(), b.task_end());
  const loop::Id left = b.mul(task, b.index(tile));
  loop::Id right = b.add(left, b.index(tile));
  if (width % tile != 0) right = b.binary(Code::minimum, right, b.index(width));
  const loop::Id row = b.loop(zero, extent);
  const loop::Id start = b.mul(row, b.index(width));
  const loop::Id j = b.lanes(left, right, lanes);
  b.store(to, b.add(start, j), number);
  b.end();
  b.end();

  const loop::Id i = b.loop(zero, b.index(updates));
  const loop::Id given = b.cast(loop::Type::i64, b.load(ids, i));
  loop::Id id = given;
  if (a.wrap_negative) id = b.select(b.binary(Code::lt, id, zero), b.add(id, extent), id);
  const loop::Id inside = b.binary(Code::bit_and, b.binary(Code::le, zero, id), b.binary(Code::lt, id, extent));
  switch (a.mode) {
    case nx::IndexMode::raise: b.check(inside, given, status, 0); break;
    case nx::IndexMode::clip: id = b.binary(Code::maximum, zero, b.binary(Code::minimum, id, b.index(rows - 1))); break;
    default: b.when(inside);
  }
  const loop::Id target = b.mul(id, b.index(width)), source = b.mul(i, b.index(width));
  const loop::Id k = b.lanes(left, right, lanes);
  const loop::Id at = b.add(target, k);
  loop::Id value = b.load(from, b.add(source, k));
  if (const auto code = code_of(a.kind)) value = b.binary(*code, b.load(to, at), value);
  b.store(to, at, value);
  b.end();
  if (a.mode == nx::IndexMode::drop) b.end();
  b.end();
  b.end();

  launch.kernel = b.finish();
  launch.tasks = tasks;
  launch.equations = {equation};
  launch.flops = updates * width;
  launch.bytes = (rows + 3 * updates) * width * loop::size_of(type);
  return launch;
}

}  // namespace tolk::kernels
