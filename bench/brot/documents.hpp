#pragma once
// Documents of 64 KB, whole characters, as all benches of brot cut their texts.
#include <algorithm>
#include <string_view>
#include <vector>

inline std::vector<std::string_view> documents_of(std::string_view text) {
  constexpr size_t document_bytes = 65536;
  std::vector<std::string_view> documents;
  while (!text.empty()) {
    size_t end = std::min(document_bytes, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    documents.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return documents;
}
