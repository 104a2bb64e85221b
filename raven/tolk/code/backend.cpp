#include "raven/tolk/code/internal/backend.hpp"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <mutex>
#include <string>

#include <raven_tolk_llvm_build_id.h>
#include "raven/base/env.hpp"
#include "raven/base/message.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/llvm/backend.h"

// Weak: a fully static program links without them.
#pragma weak dlopen
#pragma weak dlsym
#pragma weak dlerror
#pragma weak dladdr

namespace tolk {
namespace {

constexpr std::string_view operation = "tolk.compile";
constexpr std::string_view file_name = "raven_tolk_llvm.so";
constexpr std::string_view remedy =
    "install LLVM 19 (Debian: llvm-19-dev) and build Raven with -DRAVEN_LLVM=ON, or set TOLK_BACKEND to the path of "
    "raven_tolk_llvm.so of this build, or to `interpret` (slow)";

std::string directory_of(const std::string& path) { return path.substr(0, path.find_last_of('/') + 1); }

/// Whether no dynamic linker started this program: then dlopen is missing, or there and without a working library.
bool is_static() {
  const auto asks_for_linker = [](dl_phdr_info* program, size_t, void*) {
    for (int i = 0; i < program->dlpi_phnum; ++i)
      if (program->dlpi_phdr[i].p_type == PT_INTERP) return 1;
    return -1;  // the first object is the program; the others do not count
  };
  const bool missing = &dlopen == nullptr || &dlsym == nullptr || &dlerror == nullptr || &dladdr == nullptr;
  return missing || ::dl_iterate_phdr(asks_for_linker, nullptr) != 1;
}

/// Where the shared object may be: beside the library or program that holds this code, then where it was installed,
/// then where it was built.
std::vector<std::string> candidates() {
  std::vector<std::string> paths;
  const auto add = [&](const std::string& directory) {
    if (!directory.empty()) paths.push_back(directory + (directory.ends_with('/') ? "" : "/") + std::string(file_name));
  };
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&backend_build_id), &info) != 0 && info.dli_fname != nullptr &&
      info.dli_fname[0] == '/')
    add(directory_of(info.dli_fname));
  char program[4096];
  const ssize_t length = ::readlink("/proc/self/exe", program, sizeof program);
  if (length > 0 && length < static_cast<ssize_t>(sizeof program)) {
    const std::string directory = directory_of(std::string(program, static_cast<size_t>(length)));
    add(directory);
    add(directory + "../lib");
  }
  add(RAVEN_TOLK_INSTALL_DIR);
  add(RAVEN_TOLK_BUILD_DIR);
  return paths;
}

/// Null, with the reason in `why`.
const raven_tolk_backend* try_open(const std::string& path, std::string& why) {
  void* handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    why = reason != nullptr ? reason : "dlopen failed";
    return nullptr;
  }
  auto* function = reinterpret_cast<raven_tolk_backend_function*>(dlsym(handle, RAVEN_TOLK_BACKEND_SYMBOL));
  const raven_tolk_backend* table = function != nullptr ? function() : nullptr;
  if (table == nullptr || table->abi != RAVEN_TOLK_BACKEND_ABI) {
    why = path + ": not a back end of this version";
    return nullptr;
  }
  if (backend_build_id() != table->build_id) {
    why = raven::Message() << path << ": built from other sources (" << table->build_id << ", expected "
                           << backend_build_id() << ")";
    return nullptr;
  }
  return table;
}

const raven_tolk_backend* open_table() {
  if (is_static()) {
    throw BackendError(operation,
                       "a fully static program cannot open the LLVM back end; link without -static, fill the disk "
                       "cache with a dynamic build of the program, or set TOLK_BACKEND=interpret (slow)");
  }
  std::string why;
  if (const auto path = raven::env::get("TOLK_BACKEND")) {
    if (const raven_tolk_backend* table = try_open(*path, why)) return table;
    throw BackendError(operation, raven::Message() << "TOLK_BACKEND: " << why << "; " << remedy);
  }
  std::string tried;
  for (const std::string& path : candidates()) {
    if (::access(path.c_str(), F_OK) != 0) continue;
    if (const raven_tolk_backend* table = try_open(path, why)) return table;
    tried += why + "; ";
  }
  throw BackendError(operation, raven::Message()
                                    << "the LLVM back end " << file_name << " is missing; " << tried << remedy);
}

/// Opened once; a failure is tried again, the environment may have changed.
const raven_tolk_backend& table() {
  static constinit std::mutex mutex;
  static constinit const raven_tolk_backend* opened = nullptr;
  const std::lock_guard lock(mutex);
  if (opened == nullptr) opened = open_table();
  return *opened;
}

}  // namespace

std::string_view backend_build_id() noexcept { return RAVEN_TOLK_LLVM_BUILD_ID; }

void open_backend() { table(); }

Image compile_text(std::string_view text, raven::CpuLevel level) {
  raven_tolk_code result{};
  const raven_tolk_backend& backend = table();
  backend.compile(text.data(), text.size(), raven::cpu_level_name(level), &result);
  Image image;
  std::string error;
  if (result.error != nullptr)
    error = result.error;
  else
    image.bytes.assign(result.bytes, result.bytes + result.size), image.entry = result.entry;
  backend.release(&result);
  if (!error.empty())
    throw BackendError(operation, raven::Message() << "the LLVM back end refuses a kernel: " << error << "\n" << text);
  return image;
}

}  // namespace tolk
