#include "tolk/kernels/run_schedule.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "gtest/gtest.h"
#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/impl.hpp"
#include "tolk/programs/random_programs.hpp"

namespace tolk_test {

using nx::Array;
using nx::Program;
using Id = Program::Id;
using tolk::Launch;
using tolk::LaunchBuffer;
using tolk::Schedule;

namespace {

std::vector<std::byte> raw(const Array& x) {
  const Array dense = nx::detail::contiguous_array(x);
  std::vector<std::byte> bytes(static_cast<size_t>(dense.nbytes()));
  if (!bytes.empty()) std::memcpy(bytes.data(), nx::detail::impl_of(dense)->data, bytes.size());
  return bytes;
}

class Runner {
 public:
  Runner(const Schedule& schedule, const RunOpts& options)
      : schedule_(schedule),
        program_(schedule.program),
        options_(options),
        bytes_(program_.values()),
        made_by_(program_.values()),
        last_use_(program_.values()) {
    for (const Program::Equation& e : program_.equations())
      for (Id i = 0; i < e.results; ++i) made_by_[e.first_result + i] = &e;
  }

  std::vector<Array> run(const std::vector<Array>& inputs) {
    for (Id i = 0; i < program_.inputs(); ++i) bytes_[i] = raw(inputs[i]);
    for (size_t i = 0; i < program_.constants().size(); ++i)
      bytes_[program_.inputs() + i] = raw(program_.constants()[i]);
    for (const nx::Aval& aval : schedule_.temporaries)
      temporaries_.emplace_back(static_cast<size_t>(nx::element_count(aval.shape.span()) * nx::item_size(aval.dtype)),
                                std::byte{0xFF});
    find_last_uses();
    for (size_t s = 0; s < schedule_.steps.size(); ++s) {
      const tolk::ScheduleStep& step = schedule_.steps[s];
      if (step.is_launch)
        launch(schedule_.launches[step.index], s);
      else
        call(program_.equations()[step.index]);
    }
    std::vector<Array> outputs;
    for (const Id id : program_.outputs()) outputs.push_back(array_of(id));
    return outputs;
  }

 private:
  Id holder(Id id) const {
    while (!bytes_[id] && made_by_[id] && nx::has_flag(made_by_[id]->op, nx::op_flag::view))
      id = made_by_[id]->operands[0];
    return id;
  }
  Id last_holder(Id id) const {
    while (made_by_[id] && nx::has_flag(made_by_[id]->op, nx::op_flag::view)) id = made_by_[id]->operands[0];
    return id;
  }
  /// By the value at the end of views, whoever holds the bytes: the last step that may read it.
  void find_last_uses() {
    for (size_t s = 0; s < schedule_.steps.size(); ++s) {
      const tolk::ScheduleStep& step = schedule_.steps[s];
      const auto use = [&](Id id) { last_use_[id] = last_use_[last_holder(id)] = s; };
      if (step.is_launch)
        for (const LaunchBuffer& b : schedule_.launches[step.index].buffers) {
          if (b.kind == LaunchBuffer::Kind::value) use(b.index);
        }
      else
        for (const Id id : program_.equations()[step.index].operands) use(id);
    }
    for (const Id id : program_.outputs())
      for (Id at = id;; at = made_by_[at]->operands[0]) {
        last_use_[at] = SIZE_MAX;
        if (!made_by_[at] || !nx::has_flag(made_by_[at]->op, nx::op_flag::view)) break;
      }
  }

  /// The axes of a value as its bytes have them, the outermost first; empty: in C order.
  nx::Dims axes_in_memory(Id id) const {
    if (id >= schedule_.layouts.size()) return {};
    const nx::Dims strides = schedule_.layouts[id];
    nx::Dims axes = strides;
    for (int i = 0; i < axes.size(); ++i) axes[i] = i;
    std::sort(axes.begin(), axes.end(),
              [&](int64_t a, int64_t b) { return strides[static_cast<int>(a)] > strides[static_cast<int>(b)]; });
    return axes;
  }

  Array array_of(Id id) {
    const nx::Aval& aval = program_.aval(id);
    if (bytes_[id] || nx::element_count(aval.shape.span()) == 0) {
      const nx::Dims axes = axes_in_memory(id);
      nx::Shape shape = aval.shape;
      nx::Dims back = axes;
      for (int i = 0; i < axes.size(); ++i) {
        shape[i] = aval.shape[static_cast<int>(axes[i])];
        back[static_cast<int>(axes[i])] = i;
      }
      Array x = nx::detail::zeroed_array(aval.dtype, shape);
      if (bytes_[id] && !bytes_[id]->empty())
        std::memcpy(nx::detail::impl_of(x)->data, bytes_[id]->data(), bytes_[id]->size());
      return back.size() == 0 ? x : nx::transpose(x, back);
    }
    const Program::Equation& e = *made_by_[id];
    if (e.op == nx::Op::Full) return nx::apply(e.op, {}, e.attrs.get());
    if (!nx::has_flag(e.op, nx::op_flag::view)) {
      ADD_FAILURE() << "value %" << id << " is read, but nobody wrote it";
      return nx::detail::zeroed_array(aval.dtype, aval.shape);
    }
    return nx::apply(e.op, {array_of(e.operands[0])}, e.attrs.get());
  }

  void call(const Program::Equation& e) {
    std::vector<Array> in, out(e.results);
    for (const Id id : e.operands) in.push_back(array_of(id));
    const std::vector<nx::Operand> operands(in.begin(), in.end());
    nx::apply(e.op, operands, e.attrs.get(), out);
    for (Id i = 0; i < e.results; ++i) {
      const Id id = e.first_result + i;
      const nx::Dims axes = axes_in_memory(id);
      bytes_[id] = raw(axes.size() == 0 ? out[i] : nx::transpose(out[i], axes));
    }
  }

  void launch(const Launch& launch, size_t step) {
    std::vector<tolk::loop::Buffer> buffers(launch.buffers.size());
    std::vector<int64_t> status(2 * launch.sites.size());
    std::vector<bool> placed(launch.buffers.size());
    std::vector<std::pair<Id, Id>> taken;
    const auto count = [&](Id id) { return nx::element_count(program_.aval(id).shape.span()); };
    if (options_.in_place)
      for (const tolk::InPlacePair& pair : launch.in_place) {
        const Id in = launch.buffers[pair.input].index, out = launch.buffers[pair.output].index;
        const bool dies = last_use_[in] == step && last_use_[last_holder(in)] == step && !bytes_[out] && bytes_[in];
        if (!dies || placed[pair.input] || placed[pair.output]) continue;
        placed[pair.input] = placed[pair.output] = true;
        for (const uint16_t at : {pair.input, pair.output}) buffers[at] = {bytes_[in]->data(), count(in)};
        taken.push_back({in, out});
      }
    for (size_t i = 0; i < buffers.size(); ++i) {
      if (placed[i]) continue;
      const LaunchBuffer& b = launch.buffers[i];
      switch (b.kind) {
        case LaunchBuffer::Kind::status: buffers[i] = {status.data(), static_cast<int64_t>(status.size())}; break;
        case LaunchBuffer::Kind::temporary:
          buffers[i] = {temporaries_[b.index].data(), nx::element_count(schedule_.temporaries[b.index].shape.span())};
          break;
        case LaunchBuffer::Kind::value:
          if (b.access == tolk::loop::Access::read) {
            const Id id = holder(b.index);
            if (!bytes_[id]) {
              EXPECT_EQ(count(b.index), 0) << "value %" << b.index << " is loaded, but nobody wrote it";
              buffers[i] = {};
            } else {
              buffers[i] = {bytes_[id]->data(), count(b.index)};
            }
          } else {
            if (!bytes_[b.index])
              bytes_[b.index].emplace(static_cast<size_t>(count(b.index) * nx::item_size(program_.aval(b.index).dtype)),
                                      std::byte{0xFF});
            buffers[i] = {bytes_[b.index]->data(), count(b.index)};
          }
          break;
      }
    }
    EXPECT_EQ(launch.kernel.params().size(), buffers.size());
    for (const auto& [begin, end] : pieces(launch)) {
      const std::string error =
          tolk::loop::interpret(launch.kernel, buffers, launch.dims, begin, end, options_.backwards);
      if (!error.empty()) {
        ADD_FAILURE() << error << "\n" << tolk::loop::print(launch.kernel);
        return;
      }
    }
    for (const auto& [in, out] : taken) bytes_[out] = std::move(bytes_[in]), bytes_[in].reset();
    for (size_t i = 0; i < launch.sites.size(); ++i)
      if (status[2 * i] != 0)
        throw nx::IndexError("tolk", raven::Message("index ") << status[2 * i + 1] << " axis " << launch.sites[i].axis
                                                              << " of size " << launch.sites[i].extent);
  }

  std::vector<std::pair<int64_t, int64_t>> pieces(const Launch& launch) const {
    std::vector<std::pair<int64_t, int64_t>> list;
    if (options_.cuts == 0) return {{0, launch.tasks}};
    Dice dice(options_.cuts);
    for (int64_t at = 0; at < launch.tasks;) {
      const int64_t most = std::max<int64_t>(1, launch.tasks / launch.task_align / 3);
      const int64_t next = std::min(launch.tasks, at + launch.task_align * dice.in(1, most));
      list.push_back({at, next});
      at = next;
    }
    for (size_t i = list.size(); i > 1; --i)
      std::swap(list[i - 1], list[static_cast<size_t>(dice.in(0, static_cast<int64_t>(i) - 1))]);
    return list;
  }

  const Schedule& schedule_;
  const Program& program_;
  const RunOpts& options_;
  std::vector<std::optional<std::vector<std::byte>>> bytes_;
  std::vector<const Program::Equation*> made_by_;
  std::vector<size_t> last_use_;
  std::vector<std::vector<std::byte>> temporaries_;
};

}  // namespace

std::vector<Array> run_schedule(const Schedule& schedule, const std::vector<Array>& inputs, const RunOpts& options) {
  return Runner(schedule, options).run(inputs);
}

void expect_equal(const Array& got, const Array& expected) {
  ASSERT_EQ(got.dtype(), expected.dtype());
  ASSERT_EQ(got.shape(), expected.shape());
  const std::vector<std::byte> a = raw(got), b = raw(expected);
  const auto item = static_cast<size_t>(nx::item_size(got.dtype()));
  const auto is_nan = [&](const std::byte* p) {
    float single = 0;
    double wide = 0;
    if (got.dtype() == nx::f32) std::memcpy(&single, p, 4);
    if (got.dtype() == nx::f64) std::memcpy(&wide, p, 8);
    return single != single || wide != wide;
  };
  for (size_t i = 0; i + item <= a.size(); i += item) {
    if (std::memcmp(a.data() + i, b.data() + i, item) == 0) continue;
    if (is_nan(a.data() + i) && is_nan(b.data() + i)) continue;
    const Array flat_got = nx::ravel(got), flat_expected = nx::ravel(expected);
    const int64_t at = static_cast<int64_t>(i / item);
    ADD_FAILURE() << "element " << at << " of " << a.size() / item << ": got "
                  << nx::astype(flat_got(at), nx::f64).item<double>() << ", expected "
                  << nx::astype(flat_expected(at), nx::f64).item<double>();
    return;
  }
}

std::string describe(const Schedule& schedule) {
  std::string text = schedule.program.print();
  for (const tolk::ScheduleStep& step : schedule.steps) {
    if (!step.is_launch) {
      text += "call of equation " + std::to_string(step.index) + "\n";
      continue;
    }
    const Launch& launch = schedule.launches[step.index];
    text += "launch of " + std::to_string(launch.tasks) + " tasks:";
    for (const LaunchBuffer& b : launch.buffers)
      text += (b.kind == LaunchBuffer::Kind::value       ? " %"
               : b.kind == LaunchBuffer::Kind::temporary ? " temporary "
                                                         : " status ") +
              std::to_string(b.index);
    text += "\n" + tolk::loop::print(launch.kernel);
  }
  for (const std::string& line : schedule.explain) text += line + "\n";
  return text;
}

Schedule check_schedule(const Program& program, const std::vector<Array>& inputs) {
  Schedule schedule = tolk::form_kernels(program, {});
  schedule.program.verify();
  const std::vector<Array> expected = nx::eval(program, inputs);
  const RunOpts ways[] = {{}, {.backwards = true, .cuts = 7}, {.cuts = 3, .in_place = true}};
  for (const RunOpts& way : ways) {
    // Narrower vectors, other loops.
    if (way.cuts != 0) schedule = tolk::form_kernels(program, {.vector_bytes = way.backwards ? 32 : 16});
    const std::vector<Array> got = run_schedule(schedule, inputs, way);
    EXPECT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size() && !testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE("output " + std::to_string(i) + (way.backwards ? ", backwards" : way.in_place ? ", in place" : ""));
      expect_equal(got[i], expected[i]);
    }
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << describe(schedule);
      break;
    }
  }
  return tolk::form_kernels(program, {});
}

}  // namespace tolk_test
