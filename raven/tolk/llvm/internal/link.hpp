#pragma once
// An object file of the code generator as one block of position-independent bytes.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tolk::backend {

/// What an image's address must be a multiple of.
inline constexpr size_t image_alignment = 64;

struct Image {
  std::vector<unsigned char> bytes;  ///< code, then constants
  size_t entry = 0;                  ///< offset of the function asked for
  std::string error;                 ///< empty, or what cannot be linked
};

/// Lays out the sections that are loaded and applies their relocations. Whatever needs an address from outside (an
/// undefined symbol, an absolute address) or writable data is an error that names it.
Image link(std::string_view object, std::string_view function);

}  // namespace tolk::backend
