#pragma once
// The only reader of CPUID: which kernels this machine can run.
#include <cstdint>
#include <string>

#include "raven/base/export.hpp"

namespace raven {

/// Levels of kernels, each compiled apart. `portable` runs on any CPU; v3 = AVX2+FMA+F16C; v4 = AVX-512 F/BW/DQ/VL/CD.
enum class CpuLevel : uint8_t { portable, v3, v4 };

struct CpuInfo {
  std::string vendor, model;
  CpuLevel best = CpuLevel::portable;                       ///< what CPU and operating system (XCR0) support
  bool bf16 = false, vnni = false;                          ///< AVX512-BF16, AVX512-VNNI
  int64_t l1_data = 32 << 10, l2 = 1 << 20, l3 = 32 << 20;  ///< bytes; L3 as shared
  int logical_cpus = 1;
};
/// Read once per process.
RAVEN_API const CpuInfo& cpu_info();

/// The level in use: `cpu_info().best`, lowered by RAVEN_CPU=portable|v3|v4. A level that the CPU lacks or an unknown
/// word warns once and is ignored.
RAVEN_API CpuLevel cpu_level();
RAVEN_API const char* cpu_level_name(CpuLevel level) noexcept;

}  // namespace raven
