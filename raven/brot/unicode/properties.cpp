// The newest properties, case, scripts and the ideograph ranges.
#include "raven/brot/unicode/stream.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::unicode {

namespace {

Mapping map_scalar(const MappingTable& table, char32_t c) {
  const MappingTable::Entry* entry = table.find(c);
  if (!entry) return {{c, 0, 0}, 1};
  Mapping mapping{{0, 0, 0}, entry->size};
  std::copy_n(table.scalars(*entry), entry->size, mapping.scalars);
  return mapping;
}

const Partition& script_runs(UnicodeProfile profile) {
  static const Partition runs[] = {Partition(tables::versions[0].component_scripts),
                                   Partition(tables::versions[1].component_scripts)};
  return runs[size_t(profile)];
}

// All of script_names: `latest` knows every one.
uint32_t script_total() { return tables::versions[size_t(UnicodeProfile::latest)].script_count; }

}  // namespace

// One byte for each code point, filled at first use: nobody pays for it who does not ask for `latest`.
Properties latest_properties(char32_t scalar) noexcept {
  static const std::vector<uint8_t> classes = [] {
    std::vector<uint8_t> out(0x110000);
    const Partition runs(tables::latest_properties);
    for (size_t i = 0; i < runs.size(); ++i)
      std::fill(out.begin() + runs.begin(i), out.begin() + runs.end(i), runs.value(i));
    return out;
  }();
  return Properties(scalar > 0x10FFFF ? 0 : tables::latest_property_values[classes[scalar]]);
}

bool is_cjk_bert(char32_t c) noexcept {
  static constexpr char32_t ranges[][2] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                                           {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
                                           {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  if (c < 0x3400) return false;
  for (const auto& range : ranges) {
    if (c <= range[1]) return c >= range[0];
  }
  return false;
}

Mapping to_lowercase(char32_t c) noexcept {
  if (c < 0x80) return {{c + (c - 'A' < 26 ? 32 : 0), 0, 0}, 1};
  if (!changes_when_lowercased(c)) return {{c, 0, 0}, 1};
  static const MappingTable table(tables::lowercase);
  return map_scalar(table, c);
}

Mapping to_uppercase(char32_t c) noexcept {
  if (c < 0x80) return {{c - (c - 'a' < 26 ? 32 : 0), 0, 0}, 1};
  static const MappingTable table(tables::uppercase);
  return map_scalar(table, c);
}

Mapping to_titlecase(char32_t c) noexcept {
  if (c < 0x80) return to_uppercase(c);
  static const MappingTable table(tables::titlecase);
  return map_scalar(table, c);
}

uint8_t script(char32_t c, UnicodeProfile profile) noexcept {
  return script_runs(profile)[c <= 0x10FFFF ? c : 0x10FFFF];
}

std::string_view script_name(uint8_t script) noexcept {
  return tables::script_names[script < script_total() ? script : 0].name;
}

uint8_t script_of_name(std::string_view long_name) noexcept {
  for (uint32_t i = 0; i < script_total(); ++i) {
    if (long_name == tables::script_names[i].name) return uint8_t(i);
  }
  return 0;
}

}  // namespace brot::unicode
