// A user's program: threads, memory and an exception that crosses the library's border by its type.
#include <atomic>
#include <cstdio>

#include "raven/base/allocator.hpp"
#include "raven/base/error.hpp"
#include "raven/base/file.hpp"
#include "raven/base/thread_pool.hpp"
#if __has_include("raven/nx.hpp")
#include "raven/nx.hpp"
#endif

int main() {
  std::atomic<int64_t> sum{0};
  raven::parallel_for(1000, 10, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) sum += i;
  });
  raven::Allocator::deallocate(raven::Allocator::allocate(1 << 22), 1 << 22);
  try {
    raven::read_file("/nowhere/at/all");
  } catch (const raven::IoError& error) {
    std::printf("%ld %s\n", static_cast<long>(sum.load()), error.kind());
  }
}
