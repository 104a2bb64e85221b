#pragma once
// The LLVM back end, opened when the first kernel must be compiled.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "raven/base/cpu.hpp"
#include "raven/base/export.hpp"

namespace tolk {

struct Image {
  std::vector<unsigned char> bytes;
  size_t entry = 0;
};

/// Names the code that this build's back end makes: a digest of its sources and the version of LLVM.
std::string_view backend_build_id() noexcept;

/// Opens the back end unless it is open. Throws BackendError that says what to install or to set.
void open_backend();
/// Compiles the text of a kernel; called by many threads. Throws BackendError with the reason and the text.
RAVEN_API Image compile_text(std::string_view text, raven::CpuLevel level);

}  // namespace tolk
