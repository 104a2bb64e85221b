// A fuzz target without libFuzzer: each file of the folder given, each beginning of it, and each of its bytes with one
// bit flipped, in order.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

size_t runs = 0;

/// In a block of its own size, so that a sanitizer sees a read past the end.
void run(const std::vector<uint8_t>& input, size_t size) {
  const auto exact = std::make_unique<uint8_t[]>(size);
  std::copy_n(input.begin(), size, exact.get());
  LLVMFuzzerTestOneInput(exact.get(), size);
  ++runs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]), 2;
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::vector<uint8_t> input{std::istreambuf_iterator<char>(file), {}};
    std::printf("%s: %zu bytes\n", entry.path().filename().c_str(), input.size());
    std::fflush(stdout);
    run(input, input.size());
    for (size_t size = 0; size < input.size(); ++size) run(input, size);
    for (size_t at = 0; at < input.size(); ++at) {
      input[at] ^= static_cast<uint8_t>(1u << at % 8);
      run(input, input.size());
      input[at] ^= static_cast<uint8_t>(1u << at % 8);
    }
    ++files;
  }
  std::printf("%zu inputs from %zu files\n", runs, files);
  return files > 0 ? 0 : 1;
}
