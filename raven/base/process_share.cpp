// Sources: sched_getaffinity(2); cgroup v2 cpu.max ("quota period" or "max period" in µs, a limit binds all groups
// below); cgroup v1 cpu.cfs_quota_us and cpu.cfs_period_us (quota −1: none); memory.max and memory.limit_in_bytes.
#include "raven/base/internal/process_share.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

namespace raven {
namespace {

// Kernel files are short; an absent one reads as empty.
std::string read_short(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  char text[4096];
  const ssize_t size = ::read(descriptor, text, sizeof text);
  ::close(descriptor);
  return {text, static_cast<size_t>(std::max<ssize_t>(size, 0))};
}

bool read_number(std::string_view& text, double& number) {
  const size_t start = text.find_first_not_of(" \t\n");
  if (start == std::string_view::npos) return false;
  int64_t value = 0;
  const auto result = std::from_chars(text.data() + start, text.data() + text.size(), value);
  if (result.ec != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(result.ptr - text.data()));
  number = static_cast<double>(value);
  return true;
}

// The group's path for a controller list such as "0::/user.slice" or "4:cpu,cpuacct:/docker/x".
std::string group_path(std::string_view table, std::string_view controller) {
  while (!table.empty()) {
    const std::string_view line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(line.size() + 1, table.size()));
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string list = "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    const bool match = controller.empty() ? list == ",," : list.find("," + std::string(controller) + ",") != list.npos;
    if (match) return std::string(line.substr(second + 1));
  }
  return {};
}

// Calls visit(directory, unified) for the process's group of `controller` and every group above it.
template <class Visit>
void for_each_group(std::string_view controller, Visit visit) {
  const std::string table = read_short("/proc/self/cgroup");
  for (const bool unified : {true, false}) {
    std::string group = group_path(table, unified ? "" : controller);
    const std::string root = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + std::string(controller);
    for (;;) {
      while (!group.empty() && group.back() == '/') group.pop_back();
      visit(root + group, unified);
      if (group.empty()) break;
      group.resize(group.find_last_of('/') == group.npos ? 0 : group.find_last_of('/'));
    }
  }
}

double quota_cpus() {
  double cpus = 1e9;
  for_each_group("cpu", [&](const std::string& directory, bool unified) {
    const std::string text =
        unified ? read_short(directory + "/cpu.max")
                : read_short(directory + "/cpu.cfs_quota_us") + " " + read_short(directory + "/cpu.cfs_period_us");
    std::string_view rest = text;
    double quota = 0, period = 0;
    if (read_number(rest, quota) && read_number(rest, period) && quota > 0 && period > 0) {
      cpus = std::min(cpus, quota / period);
    }
  });
  return cpus;
}

int64_t memory_limit() {
  double bytes = 9e18;
  for_each_group("memory", [&](const std::string& directory, bool unified) {
    const std::string text = read_short(directory + (unified ? "/memory.max" : "/memory.limit_in_bytes"));
    std::string_view rest = text;
    double limit = 0;
    if (read_number(rest, limit) && limit > 0) bytes = std::min(bytes, limit);
  });
  return bytes < 9e18 ? static_cast<int64_t>(bytes) : std::numeric_limits<int64_t>::max();
}

int affinity_cpus() {
  cpu_set_t set;  // 1,024 CPUs; the call fails on larger machines, where the count of online CPUs serves
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(CPU_COUNT(&set), 1);
  return static_cast<int>(std::max<long>(::sysconf(_SC_NPROCESSORS_ONLN), 1));
}

int count_cpus() {
  const int affinity = affinity_cpus();
  try {
    return std::max(static_cast<int>(std::lround(std::min<double>(affinity, quota_cpus()))), 1);
  } catch (...) {
    return affinity;  // out of memory for a path
  }
}

}  // namespace

int usable_cpus() noexcept {
  static const int count = count_cpus();
  return count;
}

int64_t cgroup_memory_bytes() noexcept {
  try {
    return memory_limit();
  } catch (...) {  // out of memory for a path
    return std::numeric_limits<int64_t>::max();
  }
}

}  // namespace raven
