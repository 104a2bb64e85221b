#pragma once
// What readers and writers of safetensors files share. Not installed.
#include <string>
#include <string_view>
#include <vector>

#include "raven/nx/dtype.hpp"

namespace nx::io::format {

inline constexpr const char* save_name = "nx.io.save_safetensors";
inline constexpr const char* load_name = "nx.io.load_safetensors";
inline constexpr std::string_view metadata_key = "__metadata__";
inline constexpr std::string_view index_suffix = ".index.json";
inline constexpr uint64_t max_header = 100'000'000;
inline constexpr uint64_t prefix = 8;  // bytes of the header's length

/// A dtype of the format; `supported` ones have an nx::DType.
struct FormatDType {
  std::string_view name;
  uint8_t bits;
  bool supported;
  DType dtype;
};
inline constexpr FormatDType dtypes[] = {
    {"BOOL", 8, true, DType::b1},      {"U8", 8, true, DType::u8},        {"U32", 32, true, DType::u32},
    {"U64", 64, true, DType::u64},     {"I32", 32, true, DType::i32},     {"I64", 64, true, DType::i64},
    {"F32", 32, true, DType::f32},     {"F64", 64, true, DType::f64},     {"I8", 8, false, DType::f64},
    {"I16", 16, false, DType::f64},    {"U16", 16, false, DType::f64},    {"F16", 16, false, DType::f64},
    {"BF16", 16, false, DType::f64},   {"F8_E4M3", 8, false, DType::f64}, {"F8_E5M2", 8, false, DType::f64},
    {"F8_E8M0", 8, false, DType::f64}, {"F6_E2M3", 6, false, DType::f64}, {"F6_E3M2", 6, false, DType::f64},
    {"F4", 4, false, DType::f64},      {"C64", 64, false, DType::f64},
};

/// Text from outside inside a message: shortened, without control characters.
std::string quoted(std::string_view text);

/// One entry of the weight_map of an index: which file of the folder holds a tensor.
struct IndexEntry {
  std::string name, file;
  uint64_t offset;  ///< of the name in the index, for messages
};
/// The weight_map of an index, in its order. Throws FormatError naming `path` for text that is none, for a tensor named
/// twice, and for a file that is not beside the index.
std::vector<IndexEntry> parse_index(std::string_view text, std::string_view path);

}  // namespace nx::io::format
