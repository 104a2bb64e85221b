#include "tolk/code/support.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <limits>
#include <map>

#include "tolk/loop/support.hpp"

namespace code_test {

Guarded::Guarded(size_t bytes, bool at_start) : size_(bytes) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t inside = (bytes + page - 1) / page * page;
  mapped_ = inside + 2 * page;
  mapping_ = ::mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto* first = static_cast<std::byte*>(mapping_) + page;
  if (inside != 0) ::mprotect(first, inside, PROT_READ | PROT_WRITE);
  data_ = at_start ? first : first + (inside - bytes);
}
Guarded::~Guarded() { ::munmap(mapping_, mapped_); }

std::vector<raven::CpuLevel> levels() {
  std::vector<raven::CpuLevel> all;
  for (const auto level : {raven::CpuLevel::portable, raven::CpuLevel::v3, raven::CpuLevel::v4})
    if (level <= raven::cpu_info().best) all.push_back(level);
  return all;
}

namespace {

template <class T>
std::vector<T> special_values() {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return {};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {T(0),
            T(-0.0),
            T(1),
            T(-1),
            T(0.5),
            T(-0.5),
            T(1.5),
            T(2.5),
            T(-2.5),
            T(3),
            T(-7),
            T(0.75),
            T(1e-3),
            T(-1e-3),
            Limits::infinity(),
            -Limits::infinity(),
            Limits::quiet_NaN(),
            Limits::max(),
            Limits::lowest(),
            Limits::min(),
            -Limits::min(),
            Limits::denorm_min(),
            -Limits::denorm_min(),
            Limits::epsilon(),
            T(2147483647.0),
            T(-2147483648.0),
            T(4294967295.0),
            T(9.2233720368547758e18),
            T(-9.2233720368547758e18),
            T(1.8446744073709552e19),
            T(255),
            T(256),
            T(254.999),
            T(8388608.5),
            T(4503599627370496.5),
            T(1e5),
            T(3e4),
            T(88.5),
            T(-103.5),
            T(709.5),
            T(-745),
            T(1e10),
            T(-1e10),
            T(1e-30),
            T(0.99999994),
            T(-0.9966)};
  } else {
    return {T(0),
            T(1),
            T(2),
            T(3),
            T(7),
            T(31),
            T(32),
            T(63),
            T(64),
            T(100),
            T(200),
            Limits::max(),
            Limits::min(),
            static_cast<T>(Limits::max() - 1),
            static_cast<T>(Limits::min() + 1),
            static_cast<T>(-1),
            static_cast<T>(-2),
            static_cast<T>(-7),
            static_cast<T>(0x80),
            static_cast<T>(0x8000000000000001)};
  }
}

template <class T>
std::vector<T> some_values(int64_t count, uint64_t seed) {
  loop_test::Random random{seed * 77 + 5};
  const std::vector<T> special = special_values<T>();
  std::vector<T> all;
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t bits = random.bits();
    const auto place = static_cast<size_t>(i) + static_cast<size_t>(seed) * 13;
    if (!special.empty() && bits % 4 != 0) {
      all.push_back(special[(place + (bits >> 8) % 3) % special.size()]);
    } else if constexpr (std::is_floating_point_v<T>) {
      if (bits % 8 == 0) {
        T value;
        const uint64_t pattern = random.bits();
        std::memcpy(&value, &pattern, sizeof value);
        all.push_back(value);
      } else {
        all.push_back(static_cast<T>(random.real() * 20));
      }
    } else {
      all.push_back(static_cast<T>(random.bits()));
    }
  }
  return all;
}

bool is_nan(Type type, const std::byte* at) {
  if (type == Type::f32) {
    float x;
    std::memcpy(&x, at, sizeof x);
    return x != x;
  }
  double x;
  std::memcpy(&x, at, sizeof x);
  return type == Type::f64 && x != x;
}

std::string text_of(Type type, const std::byte* at) {
  if (type == Type::f32) return std::to_string(*reinterpret_cast<const float*>(at));
  if (type == Type::f64) return std::to_string(*reinterpret_cast<const double*>(at));
  uint64_t bits = 0;
  std::memcpy(&bits, at, static_cast<size_t>(size_of(type)));
  return std::to_string(bits);
}
std::string hex_of(Type type, const std::byte* at) {
  uint64_t bits = 0;
  std::memcpy(&bits, at, static_cast<size_t>(size_of(type)));
  char text[32];
  std::snprintf(text, sizeof text, " (%llx)", static_cast<unsigned long long>(bits));
  return text_of(type, at) + text;
}

}  // namespace

Argument zeros(Type type, int64_t count) {
  return {type, std::vector<std::byte>(static_cast<size_t>(count * size_of(type)))};
}

Argument values(Type type, int64_t count, uint64_t seed) {
  switch (type) {
    case Type::b1: {
      std::vector<uint8_t> bits = some_values<uint8_t>(count, seed);
      for (uint8_t& bit : bits) bit = bit >> 1 & 1;
      return argument(type, bits);
    }
    case Type::u8: return argument(type, some_values<uint8_t>(count, seed));
    case Type::u32: return argument(type, some_values<uint32_t>(count, seed));
    case Type::u64: return argument(type, some_values<uint64_t>(count, seed));
    case Type::i32: return argument(type, some_values<int32_t>(count, seed));
    case Type::i64: return argument(type, some_values<int64_t>(count, seed));
    case Type::f32: return argument(type, some_values<float>(count, seed));
    default: return argument(type, some_values<double>(count, seed));
  }
}

::testing::AssertionResult same(const Argument& got, const Argument& expected) {
  const size_t size = static_cast<size_t>(size_of(expected.type));
  for (size_t at = 0; at < expected.bytes.size(); at += size) {
    const std::byte *a = got.bytes.data() + at, *b = expected.bytes.data() + at;
    if (std::memcmp(a, b, size) == 0 || (is_nan(expected.type, a) && is_nan(expected.type, b))) continue;
    return ::testing::AssertionFailure() << "element " << at / size << ": " << hex_of(expected.type, a) << ", expected "
                                         << hex_of(expected.type, b);
  }
  return ::testing::AssertionSuccess();
}

std::shared_ptr<const Compiled> code_of(const Kernel& kernel, raven::CpuLevel level) {
  static std::map<std::pair<std::string, raven::CpuLevel>, std::shared_ptr<const Compiled>> made;
  std::shared_ptr<const Compiled>& code = made[{print(kernel), level}];
  const Kernel* const kernels[] = {&kernel};
  if (code == nullptr) code = tolk::compile_kernels(kernels, level).front();
  return code;
}

std::vector<Argument> call(const Compiled& code, const Kernel& kernel, const std::vector<Argument>& arguments,
                           const std::vector<int64_t>& dims, std::pair<int64_t, int64_t> tasks, bool at_start) {
  std::vector<std::unique_ptr<Guarded>> memory;
  std::vector<void*> buffers;
  for (const Argument& one : arguments) {
    memory.push_back(std::make_unique<Guarded>(one.bytes.size(), at_start));
    if (!one.bytes.empty()) std::memcpy(memory.back()->data(), one.bytes.data(), one.bytes.size());
    buffers.push_back(memory.back()->data());
  }
  // Scratch begins and ends at a guard page when its size allows the alignment.
  const auto scratch_bytes = static_cast<size_t>(kernel.scratch_bytes());
  const Guarded scratch((scratch_bytes + 63) / 64 * 64, at_start);
  if (scratch_bytes != 0) std::memset(scratch.data(), 0xff, scratch_bytes);
  code.run(buffers.data(), dims.data(), tasks.first, tasks.second, scratch.data());
  std::vector<Argument> results = arguments;
  for (size_t i = 0; i < results.size(); ++i)
    if (!results[i].bytes.empty()) std::memcpy(results[i].bytes.data(), memory[i]->data(), results[i].bytes.size());
  return results;
}

std::vector<Argument> expected(const Kernel& kernel, const std::vector<Argument>& arguments,
                               const std::vector<int64_t>& dims, std::pair<int64_t, int64_t> tasks) {
  std::vector<Argument> results = arguments;
  std::vector<Buffer> buffers;
  for (Argument& one : results) buffers.push_back({one.bytes.data(), one.count()});
  EXPECT_EQ(interpret(kernel, buffers, dims, tasks.first, tasks.second), "");
  return results;
}

void check(const Kernel& kernel, const std::vector<Argument>& arguments, const std::vector<int64_t>& dims,
           std::pair<int64_t, int64_t> tasks) {
  const std::vector<Argument> right = expected(kernel, arguments, dims, tasks);
  for (const raven::CpuLevel level : levels()) {
    const auto code = code_of(kernel, level);
    for (const bool at_start : {false, true}) {
      const std::vector<Argument> got = call(*code, kernel, arguments, dims, tasks, at_start);
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_TRUE(same(got[i], right[i])) << "argument " << i << " at " << raven::cpu_level_name(level) << "\n"
                                            << print(kernel);
      }
    }
  }
}

}  // namespace code_test
