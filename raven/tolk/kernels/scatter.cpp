// Scatters of whole rows into a table of one number, as the gradient of an embedding is. A task owns some rows of the
// table: it sorts the updates that go there by row (counting, so each row's stay in their order), then writes each row
// once. Equal indices combine as eager scatters do, and nothing is shared.
#include <algorithm>
#include <cstring>
#include <optional>

#include "raven/nx/internal/elementwise.hpp"
#include "raven/tolk/kernels/kinds.hpp"

namespace tolk::kernels {

namespace {

using loop::Access;
using loop::Code;

constexpr int64_t tasks_wanted = 4, most_tasks = 64;
constexpr int64_t most_updates = 1 << 22;  // each thread has room for their numbers
constexpr int64_t fetch_ahead = 2;         // updates: their rows lie anywhere, so no prefetcher finds the next one

/// How a table is cut into tasks: rows, and columns too where rows are few.
struct Tiles {
  int64_t rows, columns;  ///< of one task
  int64_t down, across;   ///< how many
};
Tiles tiles_of(int64_t rows, int64_t width, int64_t updates, int64_t item, const Limits& limits) {
  // Each task reads all indices: that takes a small part of the time (2 ns an index, 8 bytes a ns).
  const double bytes = static_cast<double>((rows + updates) * width * item), scan = 2.0 * static_cast<double>(updates);
  const auto affordable = static_cast<int64_t>(bytes / 8 / limits.scatter_scans / scan);
  Tiles t;
  t.rows = (rows - 1) / std::min(rows, std::clamp<int64_t>(affordable, 1, most_tasks)) + 1;
  t.down = (rows - 1) / t.rows + 1;
  const int64_t cuts = (tasks_wanted - 1) / t.down + 1;
  t.columns = ((width - 1) / cuts / limits.scatter_columns + 1) * limits.scatter_columns;
  t.across = (width - 1) / t.columns + 1;
  return t;
}

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
  return count_of(table) > 0 && count_of(index) > 0 && count_of(index) <= most_updates;
}

Launch make_scatter(const Values& values, uint32_t equation, bool read_later) {
  const Program& program = values.program;
  const Program::Equation& e = program.equations()[equation];
  const auto& a = e.attrs.as<nx::ScatterAttrs>();
  const Aval& table = program.aval(e.first_result);
  const Aval& index = program.aval(e.operands[1]);
  const int64_t rows = table.shape[0], width = count_of(table) / rows, updates = count_of(index);
  const loop::Type type = type_of(table.dtype), i32 = loop::Type::i32;
  const Tiles tiles = tiles_of(rows, width, updates, loop::size_of(type), values.limits);
  const int64_t lanes = 64 / loop::size_of(type);
  const bool stream = !read_later && bytes_of(table) >= values.limits.streamed_bytes;

  Launch launch;
  loop::Builder b("scatter_rows");
  const loop::Id ids = b.param(type_of(index.dtype), Access::read, updates);
  const loop::Id from = b.param(type, Access::read, updates * width);
  const loop::Id to = b.param(type, Access::write, rows * width);
  launch.buffers = {{LaunchBuffer::Kind::value, e.operands[1], Access::read},
                    {LaunchBuffer::Kind::value, e.operands[2], Access::read},
                    {LaunchBuffer::Kind::value, e.first_result, Access::write}};
  loop::Id status = loop::no_id;
  if (a.mode == nx::IndexMode::raise) {
    status = b.param(loop::Type::i64, Access::both, 2);
    launch.buffers.push_back({LaunchBuffer::Kind::status, 0, Access::both});
    launch.sites.push_back({equation, 0, rows});
  }
  // Updates of row k of the task: order[at[k]] … order[at[k + 1] − 1]; until they are in place, one further up.
  const loop::Id at = b.local(i32, tiles.rows + 2), order = b.local(i32, updates);
  const loop::Id sum = b.local(type, std::min(tiles.columns, values.limits.scatter_sum));
  const loop::Id zero = b.index(0), one = b.index(1), two = b.index(2), extent = b.index(rows);
  const loop::Id nobody = b.constant(i32, 0), somebody = b.constant(i32, 1);
  const loop::Id number = b.constant(type, bits_of(values.made_by(e.operands[0])->attrs.as<nx::FullAttrs>()));
  const auto end_of = [&](loop::Id begin, int64_t length, int64_t limit) {
    const loop::Id end = b.add(begin, b.index(length));
    return limit % length == 0 ? end : b.binary(Code::minimum, end, b.index(limit));
  };

  const loop::Id task = b.loop(b.task_begin(), b.task_end());
  const loop::Id top = b.mul(b.binary(Code::idiv, task, b.index(tiles.across)), b.index(tiles.rows));
  const loop::Id bottom = end_of(top, tiles.rows, rows);
  const loop::Id left = b.mul(b.binary(Code::rem, task, b.index(tiles.across)), b.index(tiles.columns));
  const loop::Id right = end_of(left, tiles.columns, width);
  const loop::Id row_count = b.sub(bottom, top);

  // Every update whose row is the task's.
  const auto each_update = [&](bool checked, const auto& body) {
    const loop::Id i = b.loop(zero, b.index(updates));
    const loop::Id given = b.cast(loop::Type::i64, b.load(ids, i));
    loop::Id id = given;
    if (a.wrap_negative) {
      const loop::Id negative = b.binary(Code::lt, id, zero), from_end = b.add(id, extent);
      id = b.select(negative, from_end, id);
    }
    if (a.mode == nx::IndexMode::raise && checked) {
      const loop::Id low = b.binary(Code::le, zero, id);
      b.check(b.binary(Code::bit_and, low, b.binary(Code::lt, id, extent)), given, status, 0);
    }
    if (a.mode == nx::IndexMode::clip) {
      const loop::Id below = b.binary(Code::minimum, id, b.index(rows - 1));
      id = b.binary(Code::maximum, zero, below);
    }
    const loop::Id low = b.binary(Code::le, top, id);
    b.when(b.binary(Code::bit_and, low, b.binary(Code::lt, id, bottom)));
    body(i, b.sub(id, top));
    b.end();
    b.end();
  };
  const loop::Id z = b.lanes(zero, b.add(row_count, two), 16);
  b.store(at, z, nobody);
  b.end();
  each_update(true, [&](loop::Id, loop::Id row) {
    const loop::Id place = b.add(row, two);
    const loop::Id so_far = b.load(at, place);
    b.store(at, place, b.add(so_far, somebody));
  });
  const loop::Id k = b.loop(one, row_count);
  const loop::Id next = b.add(k, one), before = b.load(at, k);
  b.store(at, next, b.add(before, b.load(at, next)));
  b.end();
  each_update(false, [&](loop::Id i, loop::Id row) {
    const loop::Id place = b.add(row, one), position = b.load(at, place);
    const loop::Id slot = b.cast(loop::Type::i64, position), update = b.cast(i32, i);
    b.store(order, slot, update);
    b.store(at, place, b.add(position, somebody));
  });

  const std::optional<Code> combine = code_of(a.kind);
  const loop::Id row = b.loop(top, bottom);
  const loop::Id target = b.mul(row, b.index(width)), own = b.sub(row, top);
  const loop::Id begin = b.cast(loop::Type::i64, b.load(at, own));
  const loop::Id end = b.cast(loop::Type::i64, b.load(at, b.add(own, one)));
  const loop::Id count = b.sub(end, begin);
  const auto source = [&](loop::Id position) {
    return b.mul(b.cast(loop::Type::i64, b.load(order, position)), b.index(width));
  };
  // Where the row begins that is read two updates later; anything behind the last one.
  const auto later = [&](loop::Id position) {
    const loop::Id next = b.add(position, b.index(fetch_ahead));
    return source(b.binary(Code::minimum, next, b.index(updates - 1)));
  };
  const auto write_row = [&](loop::Id condition, const auto& start, const auto& value) {
    b.when(condition);
    const auto first = start();
    const loop::Id j = b.lanes(left, right, lanes);
    const loop::Id place = b.add(target, j);
    b.store(to, place, value(first, j), stream);
    b.end();
    b.end();
  };
  const auto combined = [&](loop::Id x, loop::Id y) { return combine ? b.binary(*combine, x, y) : y; };
  const auto nothing = [&] { return loop::no_id; };
  write_row(b.binary(Code::eq, count, zero), nothing, [&](loop::Id, loop::Id) { return number; });
  // One update, or only the last one counts.
  write_row(
      combine ? b.binary(Code::eq, count, one) : b.binary(Code::lt, zero, count),
      [&] {
        const loop::Id last = b.sub(end, one), first = source(last);
        return std::pair(first, later(last));
      },
      [&](const auto& first_and_ahead, loop::Id j) {
        b.fetch(from, b.add(first_and_ahead.second, j));
        return combined(number, b.load(from, b.add(first_and_ahead.first, j)));
      });
  if (combine) {
    b.when(b.binary(Code::lt, one, count));
    const loop::Id c = b.loop(left, right, values.limits.scatter_sum);
    loop::Id stop = b.add(c, b.index(values.limits.scatter_sum));
    stop = b.binary(Code::minimum, stop, right);
    const auto sweep = [&](loop::Id position, const auto& value) {
      const loop::Id first = source(position), ahead = later(position);
      const loop::Id j = b.lanes(c, stop, lanes), slot = b.sub(j, c);
      b.fetch(from, b.add(ahead, j));
      const loop::Id so_far = value(slot);
      b.store(sum, slot, combined(so_far, b.load(from, b.add(first, j))));
      b.end();
    };
    sweep(begin, [&](loop::Id) { return number; });
    const loop::Id position = b.loop(b.add(begin, one), end);
    sweep(position, [&](loop::Id slot) { return b.load(sum, slot); });
    b.end();
    const loop::Id j = b.lanes(c, stop, lanes);
    const loop::Id place = b.add(target, j);
    b.store(to, place, b.load(sum, b.sub(j, c)), stream);
    b.end();
    b.end();
    b.end();
  }
  b.end();
  b.end();

  launch.kernel = b.finish();
  launch.tasks = tiles.down * tiles.across;
  launch.equations = {equation};
  launch.flops = updates * width;
  launch.bytes = (rows + updates) * width * loop::size_of(type);
  return launch;
}

}  // namespace tolk::kernels
