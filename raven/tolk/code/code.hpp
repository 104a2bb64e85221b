#pragma once
// Kernels ready to run. A kernel becomes machine code once per process, level and text; across processes the code comes
// from the disk cache. LLVM is opened only when neither has it.
//
// The environment (docs: table of variables) chooses:
//   TOLK_BACKEND=interpret   kernels run through loop::interpret: slow, every access checked
//   TOLK_BACKEND=<path>      the shared object of the LLVM back end, when it is not where it was built or installed
//   TOLK_CACHE=0 | <dir>     no disk cache, or this directory instead of raven::cache_dir("tolk")
//   TOLK_PERF=1              names of kernels in /tmp/perf-<pid>.map
//   TOLK_GDB=1               names of kernels for debuggers
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "raven/base/cpu.hpp"
#include "raven/base/export.hpp"
#include "raven/tolk/loop/loop.hpp"

namespace tolk {

/// One kernel as code. Immutable, shared by threads and plans; the code lives as long as somebody holds it.
class RAVEN_API Code {
 public:
  /// The kernel ABI: buffers by parameter, dims by number, the tasks begin … end − 1, `scratch` of scratch_bytes()
  /// aligned to 64 and used by this call alone.
  using Entry = void(void* const* buffers, const int64_t* dims, int64_t begin, int64_t end, void* scratch);
  enum class Origin : uint8_t { compiled, disk, interpreted };

  virtual ~Code();
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  /// Interpreted code throws VerifyError for an access out of bounds; machine code throws nothing.
  void run(void* const* buffers, const int64_t* dims, int64_t begin, int64_t end, void* scratch) const {
    if (entry_ != nullptr) return entry_(buffers, dims, begin, end, scratch);
    interpret(buffers, dims, begin, end);
  }
  /// Null when interpreted.
  Entry* entry() const noexcept { return entry_; }
  /// Bytes of machine code and its constants.
  size_t size() const noexcept { return size_; }
  Origin origin() const noexcept { return origin_; }
  const std::string& name() const noexcept { return name_; }

 protected:
  Code(std::string name, Origin origin) : name_(std::move(name)), origin_(origin) {}
  virtual void interpret(void* const* buffers, const int64_t* dims, int64_t begin, int64_t end) const;

  std::string name_;
  Entry* entry_ = nullptr;
  size_t size_ = 0;
  Origin origin_;
};

/// Code of each kernel, in order; kernels with one text share it. Those that are new to the process and to the disk are
/// compiled in parallel by threads of their own.
/// Throws BackendError when the LLVM back end is needed and missing (saying what to install or to set), or refuses a
/// kernel (with its text).
RAVEN_API std::vector<std::shared_ptr<const Code>> compile_kernels(std::span<const loop::Kernel* const> kernels,
                                                                   raven::CpuLevel level = raven::cpu_level());

}  // namespace tolk
