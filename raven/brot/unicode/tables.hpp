#pragma once
// The generated Unicode data (tables.generated.cpp) and its layout. The hot table is walked directly; the cold streams
// are unpacked once, at first use, by their readers (see stream.hpp).
#include <cstddef>
#include <cstdint>

#include "raven/base/export.hpp"

namespace brot::unicode::tables {

// One 32-bit word per code point: category in bits 0–4, then flags, then the grapheme classes. Numbers are the versions
// of UnicodeProfile::hf; in the words of `latest` all are 17.
inline constexpr uint32_t category_mask = 31;
inline constexpr uint32_t white_space = 1u << 5;         // 17
inline constexpr uint32_t numeric = 1u << 6;             // 17
inline constexpr uint32_t punctuation_bert = 1u << 7;    // 8
inline constexpr uint32_t control_bert = 1u << 8;        // 8
inline constexpr uint32_t mark_nonspacing = 1u << 9;     // 8
inline constexpr uint32_t combining_mark = 1u << 10;     // 9
inline constexpr uint32_t word = 1u << 11;               // 16
inline constexpr uint32_t word_onig = 1u << 12;          // 16
inline constexpr uint32_t lowercase_changes = 1u << 13;  // 17
inline constexpr uint32_t nonstarter = 1u << 14;         // 9: combining class is not 0
inline constexpr uint32_t nfc_slow = 1u << 15;           // 9: quick check of NFC is "no" or "maybe"
inline constexpr uint32_t nfd_slow = 1u << 16;
inline constexpr uint32_t nfkc_slow = 1u << 17;
inline constexpr uint32_t nfkd_slow = 1u << 18;
inline constexpr uint32_t grapheme_shift = 19;  // 17: four bits, Grapheme_Cluster_Break
inline constexpr uint32_t extended_pictographic = 1u << 23;
inline constexpr uint32_t conjunct_shift = 24;  // 17: two bits, Indic_Conjunct_Break

// code point → block of 128 → class → word
RAVEN_API extern const uint16_t property_index[];
RAVEN_API extern const uint8_t property_classes[];
RAVEN_API extern const uint32_t property_values[];

/// Bytes of one packed table; numbers are little-endian base-128.
struct Stream {
  const uint8_t* bytes;
  size_t size;
};

// A partition of all code points is a sequence of (length, class) pairs, a mapping one of (gap to the former code
// point, flags + 4 · count, zigzag(scalar − code point) count times).

// The words of UnicodeProfile::latest: a partition into classes, and the word of each.
extern const Stream latest_properties;
extern const uint32_t latest_property_values[];

// Mappings of both profiles: full, Unicode 17.
extern const Stream lowercase;
extern const Stream uppercase;
extern const Stream titlecase;

struct ScriptName {
  const char* name;
  const char* alias;
};
extern const ScriptName script_names[];

/// A binary property: (gap, length) pairs.
struct NamedSet {
  const char* name;
  Stream stream;
};

/// What the profiles have in two versions; numbers: hf, latest.
struct Version {
  Stream categories;           // partition; 16, 17
  Stream scripts;              // partition; 16, 17: of patterns
  Stream component_scripts;    // partition; 9, 17: of UnicodeScripts
  Stream combining_classes;    // partition; 9, 17
  Stream decompositions;       // mapping; 9, 17; flag 1: compatibility, flag 2: excluded from composition
  Stream folding_simple;       // mapping; 16, 17; C and S
  Stream folding_full;         // mapping; 16, 17; F
  const NamedSet* named_sets;  // 16, 17; named_set_count of them
  uint32_t script_count;       // how many of script_names there are
};
extern const Version versions[2];  // by UnicodeProfile
extern const uint32_t named_set_count;

}  // namespace brot::unicode::tables
