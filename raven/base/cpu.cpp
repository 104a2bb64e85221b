#include "raven/base/cpu.hpp"

#include <unistd.h>

#include <cstring>

#include "raven/base/env.hpp"
#include "raven/base/error.hpp"
#include "raven/base/message.hpp"
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace raven {
namespace {

#if defined(__x86_64__)
struct Leaf {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Leaf read_leaf(uint32_t leaf, uint32_t subleaf = 0) {
  Leaf result;
  __get_cpuid_count(leaf, subleaf, &result.eax, &result.ebx, &result.ecx, &result.edx);  // zeros when absent
  return result;
}

bool has(uint32_t word, int bit) {
  return (word >> bit & 1u) != 0;
}

// XCR0 says which registers the operating system saves on a context switch.
uint64_t read_xcr0() {
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

std::string brand_string() {
  char text[49] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    const Leaf part = read_leaf(0x80000002u + i);
    std::memcpy(text + 16 * i, &part, 16);
  }
  std::string brand(text);
  while (!brand.empty() && brand.back() == ' ') brand.pop_back();
  return brand.substr(brand.find_first_not_of(' ') == std::string::npos ? 0 : brand.find_first_not_of(' '));
}

// Deterministic cache parameters: leaf 4 on Intel, 0x8000001D on AMD, same layout (Intel SDM vol. 2, CPUID).
void read_caches(uint32_t leaf, CpuInfo& info) {
  for (uint32_t i = 0; i < 16; ++i) {
    const Leaf cache = read_leaf(leaf, i);
    const uint32_t type = cache.eax & 31u, level = cache.eax >> 5 & 7u;  // type: 0 end, 1 data, 2 code, 3 unified
    if (type == 0) break;
    if (type == 2) continue;
    const int64_t ways = (cache.ebx >> 22 & 0x3ffu) + 1, partitions = (cache.ebx >> 12 & 0x3ffu) + 1,
                  line = (cache.ebx & 0xfffu) + 1, sets = int64_t{cache.ecx} + 1;
    const int64_t bytes = ways * partitions * line * sets;
    if (level == 1) info.l1_data = bytes;
    if (level == 2) info.l2 = bytes;
    if (level == 3) info.l3 = bytes;
  }
}

void read_x86(CpuInfo& info) {
  const Leaf vendor = read_leaf(0);
  char name[13] = {};
  std::memcpy(name, &vendor.ebx, 4);
  std::memcpy(name + 4, &vendor.edx, 4);
  std::memcpy(name + 8, &vendor.ecx, 4);
  info.vendor = name;
  info.model = brand_string();

  const Leaf one = read_leaf(1), seven = read_leaf(7), seven_one = read_leaf(7, 1), extended = read_leaf(0x80000001u);
  const uint64_t saved = has(one.ecx, 27) ? read_xcr0() : 0;
  const bool saves_avx = (saved & 0x6) == 0x6;       // SSE and upper halves of ymm
  const bool saves_avx512 = (saved & 0xe6) == 0xe6;  // and opmask, upper zmm, zmm16–31
  const bool v3 = saves_avx && has(one.ecx, 12) /*FMA*/ && has(one.ecx, 22) /*MOVBE*/ && has(one.ecx, 28) /*AVX*/ &&
                  has(one.ecx, 29) /*F16C*/ && has(one.ecx, 23) /*POPCNT*/ && has(seven.ebx, 3) /*BMI1*/ &&
                  has(seven.ebx, 5) /*AVX2*/ && has(seven.ebx, 8) /*BMI2*/ && has(extended.ecx, 5) /*LZCNT*/;
  const bool v4 = v3 && saves_avx512 && has(seven.ebx, 16) /*F*/ && has(seven.ebx, 17) /*DQ*/ &&
                  has(seven.ebx, 28) /*CD*/ && has(seven.ebx, 30) /*BW*/ && has(seven.ebx, 31) /*VL*/;
  info.best = v4 ? CpuLevel::v4 : v3 ? CpuLevel::v3 : CpuLevel::portable;
  info.vnni = v4 && has(seven.ecx, 11);
  info.bf16 = v4 && has(seven_one.eax, 5);
  const bool amd = info.vendor == "AuthenticAMD" || info.vendor == "HygonGenuine";
  read_caches(amd ? 0x8000001du : 4u, info);
}
#endif

CpuInfo read_cpu() {
  CpuInfo info;
#if defined(__x86_64__)
  read_x86(info);
#endif
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  info.logical_cpus = online > 0 ? static_cast<int>(online) : 1;
  return info;
}

constexpr const char* level_names[] = {"portable", "v3", "v4"};

CpuLevel choose_level() {
  const CpuLevel best = cpu_info().best;
  const auto wanted = env::get("RAVEN_CPU");
  if (!wanted) return best;
  for (int i = 0; i < 3; ++i) {
    if (*wanted != level_names[i]) continue;
    if (i <= static_cast<int>(best)) return static_cast<CpuLevel>(i);
    warn(Message() << "RAVEN_CPU: got " << *wanted << ", this CPU has " << cpu_level_name(best) << " at most; using "
                   << cpu_level_name(best));
    return best;
  }
  warn(Message() << "RAVEN_CPU: got \"" << *wanted << "\", expected portable, v3 or v4; using "
                 << cpu_level_name(best));
  return best;
}

}  // namespace

const CpuInfo& cpu_info() {
  static const auto* const info = new CpuInfo(read_cpu());  // leaked: static destructors may still ask
  return *info;
}

CpuLevel cpu_level() {
  static const CpuLevel level = choose_level();
  return level;
}

const char* cpu_level_name(CpuLevel level) noexcept {
  return level_names[static_cast<int>(level)];
}

}  // namespace raven
