#include "tolk/programs/kernels.hpp"

#include <algorithm>
#include <cstring>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/tolk/code/code.hpp"
#include "tolk/programs/guarded.hpp"
#include "tolk/programs/random_programs.hpp"

namespace tolk_test {

using nx::Array;
using nx::Program;
using raven::Message;
using Id = Program::Id;
using tolk::Launch;
using tolk::LaunchBuffer;

namespace {

class Runner {
 public:
  Runner(const tolk::Schedule& schedule, const KernelRun& options)
      : schedule_(schedule), program_(schedule.program), options_(options), values_(program_.values()) {
    bytes_.resize(program_.values());
    made_by_.resize(program_.values());
    for (const Program::Equation& e : program_.equations())
      for (Id i = 0; i < e.results; ++i) made_by_[e.first_result + i] = &e;
    if (options.level) {
      std::vector<const tolk::loop::Kernel*> kernels;
      for (const Launch& launch : schedule.launches) kernels.push_back(&launch.kernel);
      code_ = tolk::compile_kernels(kernels, *options.level);
    }
  }

  std::vector<Array> run(const std::vector<Array>& inputs) {
    for (Id i = 0; i < program_.inputs(); ++i) values_[i] = inputs[i];
    for (size_t i = 0; i < program_.constants().size(); ++i) values_[program_.inputs() + i] = program_.constants()[i];
    for (const nx::Aval& aval : schedule_.temporaries) temporaries_.push_back(memory(aval));
    for (const tolk::ScheduleStep& step : schedule_.steps) {
      if (step.is_launch)
        launch(step.index);
      else
        call(program_.equations()[step.index]);
    }
    std::vector<Array> outputs;
    for (const Id id : program_.outputs()) outputs.push_back(array_of(id));
    return outputs;
  }

 private:
  static int64_t count(const nx::Aval& aval) { return nx::element_count(aval.shape.span()); }
  Guarded memory(const nx::Aval& aval) const {
    return Guarded(static_cast<size_t>(count(aval) * nx::item_size(aval.dtype)), options_.guard_at_end);
  }
  bool is_view(Id id) const { return made_by_[id] && nx::has_flag(made_by_[id]->op, nx::op_flag::view); }

  /// What calls read and outputs are: copied from the bytes that launches wrote, or a view of another value.
  Array array_of(Id id) {
    if (values_[id].defined()) return values_[id];
    const nx::Aval& aval = program_.aval(id);
    if (bytes_[id]) {
      const auto from = [&]<class T>(T) {
        return nx::array(
            std::span<const T>(reinterpret_cast<const T*>(bytes_[id]->data()), static_cast<size_t>(count(aval))),
            aval.shape);
      };
      switch (aval.dtype) {
        case nx::DType::b1: return from(uint8_t{}).astype(nx::b1);
        case nx::DType::u8: return from(uint8_t{});
        case nx::DType::u32: return from(uint32_t{});
        case nx::DType::u64: return from(uint64_t{});
        case nx::DType::i32: return from(int32_t{});
        case nx::DType::i64: return from(int64_t{});
        case nx::DType::f32: return from(float{});
        case nx::DType::f64: return from(double{});
      }
    }
    if (count(aval) == 0) return nx::zeros(aval.shape, {.dtype = aval.dtype});
    const Program::Equation* e = made_by_[id];
    if (e && e->op == nx::Op::Full) return nx::apply(e->op, {}, e->attrs.get());
    if (!is_view(id))
      throw raven::Error("run_kernels", Message() << "value %" << id << " is read, but nobody wrote it");
    return nx::apply(e->op, {array_of(e->operands[0])}, e->attrs.get());
  }

  void call(const Program::Equation& e) {
    std::vector<Array> in, out(e.results);
    for (const Id id : e.operands) in.push_back(array_of(id));
    const std::vector<nx::Operand> operands(in.begin(), in.end());
    nx::apply(e.op, operands, e.attrs.get(), out);
    for (Id i = 0; i < e.results; ++i) values_[e.first_result + i] = out[i];
  }

  /// Bytes in C order of a value that is read. A view of a value has that value's bytes.
  tolk::loop::Buffer read_buffer(Id id) {
    const int64_t elements = count(program_.aval(id));
    Id holder = id;
    while (!bytes_[holder] && !values_[holder].defined() && is_view(holder)) holder = made_by_[holder]->operands[0];
    if (!bytes_[holder]) {
      const Array x = nx::contiguous(array_of(holder));
      bytes_[holder] = memory(program_.aval(holder));
      const Array flat = nx::reshape(x, {x.size()});
      const std::vector<uint8_t> raw =
          x.size() == 0 ? std::vector<uint8_t>() : nx::ravel(nx::bitcast(flat, nx::u8)).to_vector<uint8_t>();
      std::memcpy(bytes_[holder]->data(), raw.data(), raw.size());
    }
    return {bytes_[holder]->data(), elements};
  }

  void launch(uint32_t index) {
    const Launch& launch = schedule_.launches[index];
    std::vector<tolk::loop::Buffer> buffers;
    std::vector<int64_t> status(2 * launch.sites.size() + 2);
    for (const LaunchBuffer& b : launch.buffers) {
      switch (b.kind) {
        case LaunchBuffer::Kind::status:
          buffers.push_back({status.data(), static_cast<int64_t>(2 * launch.sites.size())});
          break;
        case LaunchBuffer::Kind::temporary:
          buffers.push_back({temporaries_[b.index].data(), count(schedule_.temporaries[b.index])});
          break;
        case LaunchBuffer::Kind::value:
          if (b.access == tolk::loop::Access::read) {
            buffers.push_back(read_buffer(b.index));
          } else {
            if (!bytes_[b.index]) bytes_[b.index] = memory(program_.aval(b.index));
            buffers.push_back({bytes_[b.index]->data(), count(program_.aval(b.index))});
          }
          break;
      }
    }
    for (const auto& [begin, end] : pieces(launch)) run_piece(index, buffers, begin, end);
    for (size_t i = 0; i < launch.sites.size(); ++i)
      if (status[2 * i] != 0)
        throw nx::IndexError("tolk", Message() << "index " << status[2 * i + 1] << " axis " << launch.sites[i].axis
                                               << " of size " << launch.sites[i].extent);
  }

  void run_piece(uint32_t index, const std::vector<tolk::loop::Buffer>& buffers, int64_t begin, int64_t end) {
    const Launch& launch = schedule_.launches[index];
    if (!options_.level) {
      const std::string error = tolk::loop::interpret(launch.kernel, buffers, launch.dims, begin, end);
      if (!error.empty()) throw raven::Error("run_kernels", Message() << error << "\n" << print(launch.kernel));
      return;
    }
    std::vector<void*> pointers;
    for (const tolk::loop::Buffer& b : buffers) pointers.push_back(b.data);
    const int64_t scratch_bytes = launch.kernel.scratch_bytes();
    // Scratch is a multiple of 64 and starts on a page, so it is guarded on both sides as it is.
    const Guarded scratch(static_cast<size_t>((scratch_bytes + 63) / 64 * 64), options_.guard_at_end);
    const tolk::Code& code = *code_[index];
    const int signal = fault_of([&] { code.run(pointers.data(), launch.dims.data(), begin, end, scratch.data()); });
    if (signal != 0)
      throw raven::Error("run_kernels", Message() << "machine code dies of signal " << signal << " in tasks " << begin
                                                  << " to " << end << "\n"
                                                  << print(launch.kernel));
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

  const tolk::Schedule& schedule_;
  const Program& program_;
  const KernelRun& options_;
  std::vector<Array> values_;                  ///< inputs, constants, results of calls
  std::vector<std::optional<Guarded>> bytes_;  ///< what launches read and write
  std::vector<const Program::Equation*> made_by_;
  std::vector<Guarded> temporaries_;
  std::vector<std::shared_ptr<const tolk::Code>> code_;
};

}  // namespace

std::vector<Array> run_kernels(const tolk::Schedule& schedule, const std::vector<Array>& inputs,
                               const KernelRun& options) {
  return Runner(schedule, options).run(inputs);
}

}  // namespace tolk_test
