#include "raven/tolk/code/internal/machine_code.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <mutex>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"
#include "raven/tolk/code/internal/debugger.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/internal/settings.hpp"

namespace tolk {
namespace {

/// One line a kernel for `perf report`, which looks for this file by its name.
void tell_perf(const void* address, size_t size, const std::string& name) {
  if (!flag_from_environment("TOLK_PERF", false)) return;
  static constinit std::mutex mutex;
  const std::lock_guard lock(mutex);
  const std::string path(raven::Message() << "/tmp/perf-" << ::getpid() << ".map");
  // In a directory of everybody: no link is followed.
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return;
  ::dprintf(descriptor, "%zx %zx tolk.%s\n", reinterpret_cast<size_t>(address), size, name.c_str());
  ::close(descriptor);
}

class MachineCode final : public Code {
 public:
  MachineCode(std::string name, const Image& image, Origin origin)
      : Code(std::move(name), origin), mapped_(lead + image.bytes.size()) {
    size_ = image.bytes.size();
    mapping_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping_ == MAP_FAILED) throw raven::MemoryError("tolk.compile", mapped_);
    unsigned char* code = static_cast<unsigned char*>(mapping_) + lead;
    std::memcpy(code, image.bytes.data(), size_);
    if (::mprotect(mapping_, mapped_, PROT_READ | PROT_EXEC) != 0) {
      ::munmap(mapping_, mapped_);
      throw raven::MemoryError("tolk.compile", mapped_, "the system refuses executable memory");
    }
    entry_ = reinterpret_cast<Entry*>(code + image.entry);
    tell_perf(code, size_, name_);
    debugger_ = tell_debugger(code, size_, name_);
  }
  ~MachineCode() override {
    debugger_.reset();
    ::munmap(mapping_, mapped_);
  }

 private:
  /// Bytes before the code, which keep its alignment: UBSan's check of calls through pointers reads some of them.
  static constexpr size_t lead = 64;
  size_t mapped_;
  void* mapping_;
  std::unique_ptr<DebuggerEntry> debugger_;
};

class InterpretedCode final : public Code {
 public:
  explicit InterpretedCode(const loop::Kernel& kernel)
      : Code(kernel.name, Origin::interpreted), kernel_(kernel), params_(kernel.params().size()) {
    for (const loop::Node& node : kernel.nodes)
      if (node.code == loop::Code::dim) dims_ = std::max(dims_, static_cast<size_t>(node.immediate) + 1);
  }

 private:
  // The kernel declares how long its parameters are, and the interpreter holds it to that.
  void interpret(void* const* buffers, const int64_t* dims, int64_t begin, int64_t end) const override {
    std::vector<loop::Buffer> all(params_);
    for (size_t i = 0; i < params_; ++i) all[i] = {buffers[i], std::numeric_limits<int64_t>::max()};
    const std::string fault = loop::interpret(kernel_, all, {dims, dims_}, begin, end);
    if (!fault.empty()) throw VerifyError("tolk.run", raven::Message() << fault << "\n" << loop::print(kernel_));
  }

  loop::Kernel kernel_;
  size_t params_ = 0, dims_ = 0;
};

}  // namespace

Code::~Code() = default;
void Code::interpret(void* const*, const int64_t*, int64_t, int64_t) const {
  throw VerifyError("tolk.run", "code without an entry");
}

std::shared_ptr<const Code> map_code(const std::string& name, const Image& image, Code::Origin origin) {
  return std::make_shared<MachineCode>(name, image, origin);
}
std::shared_ptr<const Code> interpreted_code(const loop::Kernel& kernel) {
  return std::make_shared<InterpretedCode>(kernel);
}

}  // namespace tolk
