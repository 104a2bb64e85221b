#include "raven/brot/core/cut_points.hpp"

#include <algorithm>

#include "raven/brot/core/core.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

namespace norm = normalizers;
namespace pre = pre_tokenizers;

/// True for normalizers whose results on both sides of a cut before a space do not depend on the other side: they work
/// on characters, or compose and reorder, which never crosses a space.
bool cuts_at_spaces(const Normalizer& normalizer) {
  const auto& kind = normalizer.kind();
  if (const auto* sequence = std::get_if<norm::Sequence>(&kind))
    return std::all_of(sequence->normalizers.begin(), sequence->normalizers.end(), cuts_at_spaces);
  if (const auto* strip = std::get_if<norm::Strip>(&kind)) return !strip->strip_left;
  return std::holds_alternative<norm::BertNormalizer>(kind) || std::holds_alternative<norm::StripAccents>(kind) ||
         std::holds_alternative<norm::NFC>(kind) || std::holds_alternative<norm::NFD>(kind) ||
         std::holds_alternative<norm::NFKC>(kind) || std::holds_alternative<norm::NFKD>(kind) ||
         std::holds_alternative<norm::Lowercase>(kind) || std::holds_alternative<norm::Nmt>(kind);
}

/// True for pre-tokenizers that always cut before a space and look at nothing behind a cut.
bool cuts_at_spaces(const PreTokenizer& pre_tokenizer) {
  const auto& kind = pre_tokenizer.kind();
  if (const auto* metaspace = std::get_if<pre::Metaspace>(&kind)) return metaspace->split;
  return std::holds_alternative<pre::BertPreTokenizer>(kind) || std::holds_alternative<pre::Whitespace>(kind) ||
         std::holds_alternative<pre::WhitespaceSplit>(kind);
}

bool is_printable_ascii(char c) { return c > ' ' && c < 0x7F; }

bool is_space_before(std::string_view text, size_t position) {
  return unicode::is_white_space(unicode::previous_scalar(text.data() + position));
}

/// Behind a single line feed between two characters that are not White_Space: every known pattern ends a match there,
/// also where the text ends there. A match may go on with a slash.
bool behind_line(std::string_view text, size_t position) {
  if (position < 2 || position >= text.size() || text[position] == '/') return false;
  const char* next = text.data() + position;
  return !is_space_before(text, position - 1) && !unicode::is_white_space(unicode::next_scalar(next));
}

}  // namespace

// Known patterns take a space only as the first character of a match, and look ahead only from White_Space.
CutRule cut_rule_of(const TokenizerCore& core) {
  if (!core.pre_tokenizer || (core.normalizer && !cuts_at_spaces(*core.normalizer))) return CutRule::none;
  if (core.single_pattern && core.single_pattern->cuts_text())
    return core.normalizer ? CutRule::spaces : CutRule::scanned;
  return !core.fused_bytes && cuts_at_spaces(*core.pre_tokenizer) ? CutRule::spaces : CutRule::none;
}

size_t find_cut(std::string_view text, size_t from, CutRule rule) {
  if (rule == CutRule::none) return text.size();
  for (size_t at = std::max<size_t>(from, 1); at < text.size(); ++at) {
    if (text[at] == ' ') {
      if (rule == CutRule::scanned ? !is_space_before(text, at) : is_printable_ascii(text[at - 1])) return at;
    } else if (rule == CutRule::scanned && text[at - 1] == '\n' && behind_line(text, at)) {
      return at;
    }
  }
  return text.size();
}

}  // namespace brot
