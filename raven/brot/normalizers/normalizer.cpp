#include "raven/brot/normalizers/normalizer.hpp"

#include <array>

#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/core/error.hpp"

namespace brot {

CustomNormalizer::~CustomNormalizer() = default;

namespace normalizers {

Sequence::Sequence(std::initializer_list<Normalizer> list) : normalizers(list) {}
Sequence::Sequence(std::vector<Normalizer> list) : normalizers(std::move(list)) {}

namespace {

using unicode::Change;

void normal_form(AlignedText& text, unicode::Form form) {
  thread_local std::vector<Change> script;
  script.clear();
  if (unicode::normalize(text.text(), form, script, text.profile())) text.apply(script);
}

void lowercase(AlignedText& text) {
  const std::string_view view = text.text();
  const char* const start = view.data();
  const char* const end = start + view.size();
  const char* at = start;
  while (at != end) {
    const char* before = at;
    const char32_t c = unicode::next_scalar(at);
    if (c < 0x80 ? c >= 'A' && c <= 'Z' : unicode::changes_when_lowercased(c)) {
      at = before;
      break;
    }
  }
  if (at == end) return;
  AlignedText::Edit edit(text);
  size_t run = 0;
  while (at != end) {
    const char* before = at;
    const char32_t c = unicode::next_scalar(at);
    if (c < 0x80 ? !(c >= 'A' && c <= 'Z') : !unicode::changes_when_lowercased(c)) continue;
    edit.copy(run, size_t(before - start));
    run = size_t(at - start);
    const Span span = text.span_of_byte(size_t(before - start));
    if (c < 0x80) {
      edit.put(c + 32, span);
    } else {
      for (const char32_t lower : unicode::to_lowercase(c)) edit.put(lower, span);
    }
  }
  edit.copy(run, view.size());
  edit.commit();
}

// ASCII text of the Bert normalizer in one pass: what each byte becomes, 0 when it is dropped.
using AsciiMap = std::array<char, 128>;
AsciiMap bert_ascii(const BertNormalizer& options) {
  AsciiMap map{};
  for (int c = 0; c < 128; ++c) {
    char result = char(c);
    if (options.clean_text) {
      if (c == '\t' || c == '\n' || c == '\r') {
        result = ' ';
      } else if (c < 0x20 || c == 0x7F) {
        result = 0;
      }
    }
    if (options.lowercase && c >= 'A' && c <= 'Z') result = char(c + 32);
    map[size_t(c)] = result;
  }
  return map;
}

void apply(const BertNormalizer& options, AlignedText& text) {
  const std::string_view view = text.text();
  if (unicode::is_ascii(view)) {
    const AsciiMap map = bert_ascii(options);
    size_t at = 0;
    while (at < view.size() && map[size_t(view[at])] == view[at] && view[at] != 0) ++at;
    if (at == view.size()) return;
    if (!options.clean_text && view.find('\0') != std::string_view::npos) return lowercase(text);
    AlignedText::Edit edit(text);
    edit.map_ascii(at, map.data());
    edit.commit();
    return;
  }
  if (options.clean_text) {
    unicode::for_profile(text.profile(), [&]<UnicodeProfile profile>() {
      text.filter([](char32_t c) {
        return c < 0x80 ? (c >= 0x20 && c != 0x7F) || c == '\t' || c == '\n' || c == '\r'
                        : c != 0xFFFD && !unicode::is_control_bert<profile>(c);
      });
    });
    text.map([](char32_t c) { return unicode::is_white_space(c) ? U' ' : c; });
  }
  if (options.handle_chinese_chars) {
    const std::string_view cleaned = text.text();
    const char* const start = cleaned.data();
    const char* const end = start + cleaned.size();
    bool any = false;
    for (const char* at = start; at != end && !any;) any = unicode::is_cjk_bert(unicode::next_scalar(at));
    if (any) {
      AlignedText::Edit edit(text);
      size_t run = 0;
      for (const char* at = start; at != end;) {
        const size_t before = size_t(at - start);
        if (!unicode::is_cjk_bert(unicode::next_scalar(at))) continue;
        const size_t after = size_t(at - start);
        const Span span = text.span_of_byte(before);
        edit.copy(run, before);
        edit.put(std::string_view(" "), span);
        edit.put(cleaned.substr(before, after - before), span);
        edit.put(std::string_view(" "), span);
        run = after;
      }
      edit.copy(run, cleaned.size());
      edit.commit();
    }
  }
  if (options.strip_accents.value_or(options.lowercase)) {
    normal_form(text, unicode::Form::nfd);
    unicode::for_profile(text.profile(), [&]<UnicodeProfile profile>() {
      text.filter([](char32_t c) { return c < 0x300 || !unicode::is_mark_nonspacing<profile>(c); });
    });
  }
  if (options.lowercase) lowercase(text);
}

void apply(const Strip& options, AlignedText& text) {
  const std::string_view view = text.text();
  const char* begin = view.data();
  const char* end = begin + view.size();
  if (options.strip_left) {
    while (begin != end) {
      const char* next = begin;
      if (!unicode::is_white_space(unicode::next_scalar(next))) break;
      begin = next;
    }
  }
  if (options.strip_right) {
    while (begin != end) {
      const char32_t c = unicode::previous_scalar(end);
      if (!unicode::is_white_space(c)) break;
      end -= unicode::encoded_length(c);
    }
  }
  if (size_t(end - begin) == view.size()) return;
  AlignedText::Edit edit(text);
  edit.copy(size_t(begin - view.data()), size_t(end - view.data()));
  edit.commit();
}

void apply(const StripAccents&, AlignedText& text) {
  unicode::for_profile(text.profile(), [&]<UnicodeProfile profile>() {
    text.filter([](char32_t c) { return c < 0x300 || !unicode::is_combining_mark<profile>(c); });
  });
}
void apply(const NFC&, AlignedText& text) { normal_form(text, unicode::Form::nfc); }
void apply(const NFD&, AlignedText& text) { normal_form(text, unicode::Form::nfd); }
void apply(const NFKC&, AlignedText& text) { normal_form(text, unicode::Form::nfkc); }
void apply(const NFKD&, AlignedText& text) { normal_form(text, unicode::Form::nfkd); }
void apply(const Lowercase&, AlignedText& text) { lowercase(text); }

void apply(const Nmt&, AlignedText& text) {
  text.filter([](char32_t c) {
    return !((c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F);
  });
  text.map([](char32_t c) {
    const bool space = c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                       c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
    return space ? U' ' : c;
  });
}

// HuggingFace's way: a whole grapheme cluster shorter than six bytes is replaced when any prefix of it is in the map,
// by the value of the shortest one; otherwise each of its characters on its own. The edit script follows it too, odd
// cases included: a deletion is charged to the scalar before.
void apply(const Precompiled& options, AlignedText& text) {
  thread_local std::vector<Change> script;
  script.clear();
  bool modified = false;
  const std::string_view view = text.text();
  const auto replace = [&](std::string_view old_part, std::string_view new_part) {
    modified = true;
    const auto old_count = int32_t(unicode::count_scalars(old_part)),
               new_count = int32_t(unicode::count_scalars(new_part));
    for (const char* at = new_part.data(); at != new_part.data() + new_part.size();)
      script.push_back({unicode::next_scalar(at), 0});
    const int32_t difference = new_count - old_count;
    for (int32_t i = 0; i < difference; ++i) script[script.size() - 1 - size_t(i)].change = 1;
    if (difference < 0 && !script.empty()) script.back().change += difference;
  };
  for (size_t at = 0; at < view.size();) {
    const size_t end = unicode::grapheme_end(view, at);
    const std::string_view cluster = view.substr(at, end - at);
    at = end;
    if (cluster.size() < 6) {
      if (const auto match = options.charsmap.shortest(cluster)) {
        replace(cluster, match->replacement);
        continue;
      }
    }
    for (size_t i = 0; i < cluster.size();) {
      const std::string_view part = cluster.substr(i, unicode::length_of_lead(static_cast<unsigned char>(cluster[i])));
      i += part.size();
      if (const auto match = options.charsmap.shortest(part)) {
        replace(part, match->replacement);
      } else {
        const char* scalar = part.data();
        script.push_back({unicode::next_scalar(scalar), 0});
      }
    }
  }
  if (modified) text.apply(script);
}

void apply(const SpmCharsMap& options, AlignedText& text) {
  const std::string_view view = text.text();
  struct Part {
    std::string_view text;
    size_t length;
  };
  const auto next = [&](size_t at) {
    if (const size_t kept = options.kept.longest(view.substr(at))) return Part{view.substr(at, kept), kept};
    if (const auto match = options.charsmap.longest(view.substr(at))) return Part{match->replacement, match->length};
    const size_t length = unicode::length_of_lead(static_cast<unsigned char>(view[at]));
    return Part{view.substr(at, length), length};
  };
  size_t at = 0;
  if (options.remove_extra_whitespaces) {
    while (at < view.size()) {
      const Part part = next(at);
      if (part.text != " ") break;
      at += part.length;
    }
  }
  static constexpr std::string_view metaspace = "\xE2\x96\x81";
  const std::string_view space = options.escape_whitespaces ? metaspace : " ";
  // What is written, with the old bytes that each part stands for; spaces at the end are taken back before anything is
  // committed.
  constexpr uint32_t nothing = ~uint32_t{0};
  struct Written {
    std::string_view text;
    Span span;
    uint32_t kept = nothing;  // the run of old bytes that begins here is taken over, spans included
  };
  std::vector<Written> out;
  out.reserve(view.size() / 3 + 8);
  const bool any = at < view.size();
  const Span start = any ? text.span(at, at + next(at).length) : Span{};
  if (any && options.add_dummy_prefix && !options.treat_whitespace_as_suffix) out.push_back({space, start});
  bool after_space = options.remove_extra_whitespaces;
  // Bytes that are kept and no space run on to the next other one; what stands before a byte beyond ASCII may join it.
  std::array<bool, 256> plain{};
  for (unsigned byte = 0; byte < 128; ++byte)
    plain[byte] = byte != ' ' && options.charsmap.keeps(static_cast<unsigned char>(byte)) &&
                  !options.kept.begins(static_cast<unsigned char>(byte));
  const auto is_plain = [&](size_t position) { return plain[static_cast<unsigned char>(view[position])]; };
  while (at < view.size()) {
    size_t run = at;
    while (run < view.size() && is_plain(run)) ++run;
    if (run < view.size() && run > at && static_cast<unsigned char>(view[run]) >= 0x80) --run;
    if (run > at) {
      out.push_back({view.substr(at, run - at), {0, 0}, uint32_t(at)});
      after_space = false;
      at = run;
      continue;
    }
    const Part part = next(at);
    const Span span = text.span(at, at + part.length);
    std::string_view rest = part.text;
    while (after_space && rest.starts_with(' ')) rest.remove_prefix(1);
    if (!rest.empty()) {
      for (size_t i = 0; i < rest.size();) {
        const size_t end = std::min(rest.find(' ', i), rest.size());
        if (i < end) out.push_back({rest.substr(i, end - i), span});
        if (end < rest.size()) out.push_back({space, span});
        i = end + 1;
      }
      after_space = rest.ends_with(' ');
    }
    at += part.length;
    if (!options.remove_extra_whitespaces) after_space = false;
  }
  const auto last_span = [&](const Written& part) {
    const size_t end = part.kept + part.text.size();
    return part.kept == nothing ? part.span : text.span(end - 1, end);
  };
  if (options.remove_extra_whitespaces)
    while (!out.empty() && out.back().text == space) out.pop_back();
  if (any && options.add_dummy_prefix && options.treat_whitespace_as_suffix)
    out.push_back({space, out.empty() ? start : last_span(out.back())});
  AlignedText::Edit edit(text);
  for (const Written& part : out) {
    if (part.kept == nothing)
      edit.put(part.text, part.span);
    else
      edit.copy(part.kept, part.kept + part.text.size());
  }
  edit.commit();
}

void apply(const Replace& options, AlignedText& text) {
  const std::string_view view = text.text();
  std::optional<AlignedText::Edit> edit;
  size_t run = 0;
  options.pattern.for_each_match(view, [&](size_t begin, size_t end) {
    if (!edit) edit.emplace(text);
    edit->copy(run, begin);
    edit->put(options.content, edit->inserted_at(end));
    run = end;
  });
  if (!edit) return;
  edit->copy(run, view.size());
  edit->commit();
}

void apply(const Prepend& options, AlignedText& text) { text.prepend(options.prepend); }

void apply(const ByteLevel&, AlignedText& text) {
  const std::string_view view = text.text();
  AlignedText::Edit edit(text);
  for (size_t at = 0; at < view.size(); ++at)
    edit.put(byte_alphabet::text_of(static_cast<unsigned char>(view[at])), text.span_of_byte(at));
  edit.commit();
}

void apply(const Sequence& options, AlignedText& text) {
  for (const Normalizer& normalizer : options.normalizers) normalizer.apply(text);
}
void apply(const Custom& options, AlignedText& text) {
  options.implementation->apply(text);
  expect_utf8("brot.CustomNormalizer", "the normalized text", text.text());
}

}  // namespace
}  // namespace normalizers

std::shared_ptr<const Normalizer::Kind> Normalizer::checked(Kind kind) {
  if (const auto* replace = std::get_if<normalizers::Replace>(&kind))
    expect_utf8("brot.normalizers.Replace", "content", replace->content);
  if (const auto* prepend = std::get_if<normalizers::Prepend>(&kind))
    expect_utf8("brot.normalizers.Prepend", "prepend", prepend->prepend);
  if (const auto* custom = std::get_if<normalizers::Custom>(&kind); custom && !custom->implementation)
    throw Error(ErrorCode::argument, "brot.normalizers.Custom", "implementation: got null");
  return std::make_shared<const Kind>(std::move(kind));
}

void Normalizer::apply(AlignedText& text) const {
  std::visit([&](const auto& kind) { normalizers::apply(kind, text); }, *kind_);
}

Normalizer Normalizer::with_profile(UnicodeProfile profile) const {
  if (const auto* replace = std::get_if<normalizers::Replace>(&*kind_))
    return normalizers::Replace{replace->pattern.with_profile(profile), replace->content};
  if (const auto* sequence = std::get_if<normalizers::Sequence>(&*kind_)) {
    std::vector<Normalizer> list;
    for (const Normalizer& one : sequence->normalizers) list.push_back(one.with_profile(profile));
    return normalizers::Sequence(std::move(list));
  }
  return *this;
}

std::string Normalizer::normalized(std::string_view text, UnicodeProfile profile) const {
  std::string repaired;
  if (!unicode::is_valid(text)) text = repaired = unicode::replace_invalid(text);
  AlignedText aligned;
  aligned.assign(text, 0, false, profile);
  apply(aligned);
  return std::string(aligned.text());
}

}  // namespace brot
