#pragma once
// Names of compiled kernels for debuggers: the JIT interface of GDB, which LLDB reads too.
#include <cstddef>
#include <memory>
#include <string>

namespace tolk {

/// While it lives debuggers know a function `tolk.<name>` at this address.
class DebuggerEntry {
 public:
  virtual ~DebuggerEntry() = default;
};
/// Null unless TOLK_GDB=1.
std::unique_ptr<DebuggerEntry> tell_debugger(const void* address, size_t size, const std::string& name);

}  // namespace tolk
