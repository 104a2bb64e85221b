#pragma once
// Memory that ends, or starts, at a page that nobody may touch, and calls that come back from touching it. Sanitizers
// do not see machine code made at run time; this does.
#include <sys/mman.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace tolk_test {

/// `bytes` filled with 0xFF between two forbidden pages: right before the second, or right after the first.
class Guarded {
 public:
  Guarded(size_t bytes, bool at_end) : bytes_(bytes) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t whole = (bytes + page - 1) / page * page;
    mapped_ = whole + 2 * page;
    void* region = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) throw raven::Error("guarded", "out of memory");
    region_ = static_cast<std::byte*>(region);
    if (whole > 0) mprotect(region_ + page, whole, PROT_READ | PROT_WRITE);
    data_ = region_ + page + (at_end ? whole - bytes : 0);
    std::memset(data_, 0xFF, bytes);
  }
  Guarded(Guarded&& other) noexcept { *this = std::move(other); }
  Guarded& operator=(Guarded&& other) noexcept {
    std::swap(region_, other.region_);
    std::swap(data_, other.data_);
    std::swap(mapped_, other.mapped_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Guarded() {
    if (region_) munmap(region_, mapped_);
  }
  std::byte* data() const { return data_; }
  size_t size() const { return bytes_; }

 private:
  std::byte *region_ = nullptr, *data_ = nullptr;
  size_t mapped_ = 0, bytes_ = 0;
};

namespace guarded_detail {
inline thread_local sigjmp_buf* return_to = nullptr;
inline void on_fault(int signal) {
  if (return_to) siglongjmp(*return_to, signal);
  std::signal(signal, SIG_DFL);
}
}  // namespace guarded_detail

/// Runs `call`, which owns nothing; the signal that it died of, or 0.
template <class Call>
int fault_of(const Call& call) {
  struct sigaction action = {}, before_segv, before_bus, before_ill;
  action.sa_handler = guarded_detail::on_fault;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &action, &before_segv);
  sigaction(SIGBUS, &action, &before_bus);
  sigaction(SIGILL, &action, &before_ill);
  sigjmp_buf here;
  const int signal = sigsetjmp(here, 1);
  if (signal == 0) {
    guarded_detail::return_to = &here;
    call();
  }
  guarded_detail::return_to = nullptr;
  sigaction(SIGSEGV, &before_segv, nullptr);
  sigaction(SIGBUS, &before_bus, nullptr);
  sigaction(SIGILL, &before_ill, nullptr);
  return signal;
}

}  // namespace tolk_test
