// Compiles and runs a few kernels and says where their code came from: `<compiled> <disk> <interpreted> <libLLVM
// opened> <sum>`. Arguments: how many kernels; a number that they depend on.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>

#include "raven/tolk/code/code.hpp"

namespace {

tolk::loop::Kernel kernel_of(int which) {
  using namespace tolk::loop;
  Builder b("add_" + std::to_string(which));
  const Id x = b.param(Type::f64, Access::both, 40), i = b.lanes(b.index(0), b.index(40), 8);
  b.store(x, i, b.add(b.load(x, i), b.real(Type::f64, which)));
  b.end();
  return b.finish();
}

bool is_open(const char* library) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find(library) != line.npos) return true;
  return false;
}

}  // namespace

int main(int argc, char** argv) try {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1, first = argc > 2 ? std::atoi(argv[2]) : 1;
  std::vector<tolk::loop::Kernel> kernels;
  for (int i = 0; i < count; ++i) kernels.push_back(kernel_of(first + i));
  std::vector<const tolk::loop::Kernel*> pointers;
  for (const auto& kernel : kernels) pointers.push_back(&kernel);
  double x[40] = {};
  int origins[3] = {};
  for (const auto& code : tolk::compile_kernels(pointers, raven::CpuLevel::portable)) {
    void* const buffers[] = {x};
    code->run(buffers, nullptr, 0, 1, nullptr);
    ++origins[static_cast<int>(code->origin())];
  }
  std::printf("%d %d %d %d %g\n", origins[0], origins[1], origins[2], is_open("libLLVM"), x[39]);
} catch (const std::exception& fault) {
  std::printf("%s\n", fault.what());
  return 1;
}
