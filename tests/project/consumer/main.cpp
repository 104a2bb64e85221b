// A user's program: threads, memory, an exception that crosses the library's border by its type, and arrays.
#include <atomic>
#include <cstdio>

#include "raven/base/allocator.hpp"
#include "raven/base/error.hpp"
#include "raven/base/file.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx.hpp"

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
  nx::Array a = nx::arange(6, {.dtype = nx::f32}).reshape({2, 3});
  a.at(0, 0) = 7;
  const nx::Array b = a + nx::array({10, 20, 30});
  std::printf("%s %s\n", b.repr().c_str(), nx::sum(b, 1).str().c_str());
  try {
    nx::add(a, nx::zeros({4}));
  } catch (const nx::ShapeError& error) {
    std::printf("%s: %s\n", error.kind(), error.what());
  }
}
