#pragma once
// What the environment says about compiling, read once for each program. Not installed.
#include <string>
#include <string_view>
#include <vector>

#include "raven/base/export.hpp"

namespace tolk {

/// Everything here belongs to the key of a shared plan: a variable that changes makes a plan anew.
struct RAVEN_API Settings {
  bool kernels = true;                                 ///< TOLK_KERNELS
  bool verify = false;                                 ///< TOLK_VERIFY
  int debug = 0;                                       ///< TOLK_DEBUG
  bool interpret = false;                              ///< TOLK_BACKEND=interpret
  std::string dump{};                                  ///< TOLK_DUMP; empty: nothing is written
  std::vector<std::string> passes_off{}, rules_off{};  ///< TOLK_DISABLE_PASSES, TOLK_DISABLE_RULES; sorted

  bool runs(std::string_view pass) const;
  friend bool operator==(const Settings&, const Settings&) = default;

  /// Throws nx::ValueError naming the variable, its value and what it may be.
  static Settings from_environment();
};

/// TOLK_KERNELS and the like: "0" or "1". Throws nx::ValueError for anything else.
bool flag_from_environment(const char* name, bool otherwise);

}  // namespace tolk
