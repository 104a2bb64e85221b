#include "raven/base/interrupt.hpp"

#include "raven/base/thread_pool.hpp"

#include <csignal>

#include <atomic>
#include <mutex>

#include "raven/base/error.hpp"

namespace raven {
namespace {

constinit std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler stores to it");

constexpr int handled[] = {SIGINT, SIGTERM};
constinit std::mutex scope_mutex;
constinit int scopes = 0;
constinit struct sigaction former[2] = {};

void on_signal(int number) {
  if (!flag.exchange(true, std::memory_order_relaxed)) return;
  // Nobody polled since the first one: die as if no scope existed (the raised signal is delivered on return).
  ::signal(number, SIG_DFL);
  ::raise(number);
}

}  // namespace

InterruptScope::InterruptScope() {
  const std::lock_guard lock(scope_mutex);
  if (scopes++ > 0) return;
  flag.store(false, std::memory_order_relaxed);
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 2; ++i) ::sigaction(handled[i], &action, &former[i]);
}

InterruptScope::~InterruptScope() {
  const std::lock_guard lock(scope_mutex);
  if (--scopes > 0) return;
  for (int i = 0; i < 2; ++i) ::sigaction(handled[i], &former[i], nullptr);
}

bool interrupted() noexcept {
  return flag.load(std::memory_order_relaxed);
}
void poll_interrupt() {
  if (interrupted() && !StepScope::active()) throw Interrupted();
}
void check_interrupt() {
  if (interrupted()) throw Interrupted();
}
void set_interrupted(bool value) noexcept {
  flag.store(value, std::memory_order_relaxed);
}

}  // namespace raven
