// From kernels to code: what the process has, what the disk has, what must be compiled.
#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "raven/base/env.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/tolk/code/code.hpp"
#include "raven/tolk/code/internal/backend.hpp"
#include "raven/tolk/code/internal/disk_cache.hpp"
#include "raven/tolk/code/internal/machine_code.hpp"

namespace tolk {
namespace {

/// The code of this process by key, as long as somebody holds it.
class Registry {
 public:
  std::shared_ptr<const Code> find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto at = codes_.find(key);
    return at == codes_.end() ? nullptr : at->second.lock();
  }
  /// `code`, or what another thread has put in meanwhile.
  std::shared_ptr<const Code> add(const std::string& key, std::shared_ptr<const Code> code) {
    const std::lock_guard lock(mutex_);
    std::weak_ptr<const Code>& place = codes_[key];
    if (auto other = place.lock()) return other;
    place = code;
    if (codes_.size() > limit_) {
      std::erase_if(codes_, [](const auto& entry) { return entry.second.expired(); });
      limit_ = std::max<size_t>(256, 2 * codes_.size());
    }
    return code;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const Code>> codes_;
  size_t limit_ = 256;
};

Registry& registry() {
  static auto* const all = new Registry;  // leaked: plans may outlive static destructors
  return *all;
}

/// A kernel that this process does not have yet, and where its code is wanted.
struct Job {
  std::string key, name;
  size_t text_at = 0;  ///< where in the key the kernel's text begins
  std::shared_ptr<const Code> code;
};

/// Runs `body(i)` for i = 0 … count − 1 on threads of its own: LLVM's memory and depth stay off the pool.
template <class Body>
void on_threads(size_t count, Body body) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr fault;
  const auto work = [&] {
    for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      try {
        body(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!fault) fault = std::current_exception();
        next = count;
      }
    }
  };
  const size_t threads = std::min(count, static_cast<size_t>(std::max(1, raven::num_threads())));
  std::vector<std::thread> others;
  try {
    others.reserve(threads);
    for (size_t i = 1; i < threads; ++i) others.emplace_back(work);
  } catch (const std::exception&) {
    // The system has no more threads, or no more memory for one: fewer, then.
  }
  work();
  for (std::thread& other : others) other.join();
  if (fault) std::rethrow_exception(fault);
}

}  // namespace

std::vector<std::shared_ptr<const Code>> compile_kernels(std::span<const loop::Kernel* const> kernels,
                                                         raven::CpuLevel level) {
  std::vector<std::shared_ptr<const Code>> result;
  if (raven::env::get("TOLK_BACKEND") == "interpret") {
    for (const loop::Kernel* kernel : kernels) result.push_back(interpreted_code(*kernel));
    return result;
  }
  const std::string prefix = std::string(backend_build_id()) + "\n" + raven::cpu_level_name(level) + "\n";
  std::vector<Job> jobs;
  std::map<std::string, size_t> job_of;
  constexpr size_t none = ~size_t{0};
  std::vector<size_t> wanted;
  for (const loop::Kernel* kernel : kernels) {
    std::string key = prefix + loop::print(*kernel);
    wanted.push_back(none);
    result.push_back(registry().find(key));
    if (result.back() != nullptr) continue;
    const auto [at, is_new] = job_of.try_emplace(key, jobs.size());
    wanted.back() = at->second;
    if (is_new) jobs.push_back({std::move(key), kernel->name, prefix.size(), nullptr});
  }
  if (jobs.empty()) return result;

  const DiskCache cache = DiskCache::from_environment();
  std::vector<Job*> missing;
  for (Job& job : jobs) {
    if (const auto image = cache.find(job.key))
      job.code = registry().add(job.key, map_code(job.name, *image, Code::Origin::disk));
    else
      missing.push_back(&job);
  }
  if (!missing.empty()) open_backend();
  on_threads(missing.size(), [&](size_t i) {
    Job& job = *missing[i];
    const Image image = compile_text(std::string_view(job.key).substr(job.text_at), level);
    cache.put(job.key, image);
    job.code = registry().add(job.key, map_code(job.name, image, Code::Origin::compiled));
  });
  for (size_t i = 0; i < result.size(); ++i)
    if (wanted[i] != none) result[i] = jobs[wanted[i]].code;
  return result;
}

}  // namespace tolk
