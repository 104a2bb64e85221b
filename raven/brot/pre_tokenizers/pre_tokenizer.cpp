#include "raven/brot/pre_tokenizers/pre_tokenizer.hpp"

#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/core/error.hpp"
#include "raven/brot/regex/scanners.hpp"

namespace brot {

CustomPreTokenizer::~CustomPreTokenizer() = default;

namespace pre_tokenizers {

Sequence::Sequence(std::initializer_list<PreTokenizer> list) : pretokenizers(list) {}
Sequence::Sequence(std::vector<PreTokenizer> list) : pretokenizers(std::move(list)) {}

namespace {

/// A pattern of the library's own, compiled once for each profile.
template <std::string_view (*text)()>
const Pattern& constant_pattern(UnicodeProfile profile) {
  return unicode::for_profile(profile, []<UnicodeProfile which>() -> const Pattern& {
    static const Pattern pattern = Pattern::regex(std::string(text()), RegexDialect::oniguruma, which);
    return pattern;
  });
}
std::string_view gpt2_text() {
  return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
}

}  // namespace

const Pattern& gpt2_pattern(UnicodeProfile profile) { return constant_pattern<gpt2_text>(profile); }

namespace {

void split_by(Pieces& pieces, const Pattern& pattern, SplitBehavior behavior, bool invert) {
  pieces.split(behavior, [&](std::string_view view, std::vector<Pieces::Part>& parts) {
    uint32_t open = 0;
    pattern.for_each_match(view, [&](size_t begin, size_t end) {
      if (open < begin) parts.push_back({open, uint32_t(begin), invert});
      parts.push_back({uint32_t(begin), uint32_t(end), !invert});
      open = uint32_t(end);
    });
    if (open < view.size()) parts.push_back({open, uint32_t(view.size()), invert});
  });
}

/// Adds `text` in front of pieces that `wants` it.
template <class Wants>
void prepend_to_pieces(Pieces& pieces, std::string_view text, Wants&& wants) {
  bool any = false;
  for (const Piece& piece : pieces.list) any = any || (piece.token == Piece::none && wants(piece));
  if (!any) return;
  const std::string_view view = pieces.text.text();
  pieces.rewrite([&](AlignedText::Edit& edit, uint32_t begin, uint32_t end) {
    if (begin == end || !wants(Piece{begin, end, Piece::none})) return edit.copy(begin, end);
    const size_t first = unicode::length_of_lead(static_cast<unsigned char>(view[begin]));
    const Span span = pieces.text.span_of_byte(begin);
    edit.put(text, span);
    edit.put(view.substr(begin, first), span);
    edit.copy(begin + first, end);
  });
}

void split_byte_level(const ByteLevel& options, Pieces& pieces) {
  if (options.add_prefix_space)
    prepend_to_pieces(pieces, " ", [&](const Piece& piece) {
      const std::string_view view = pieces.view(piece);
      return !view.empty() && view[0] != ' ';
    });
  if (options.use_regex) split_by(pieces, gpt2_pattern(pieces.text.profile()), SplitBehavior::Isolated, false);
}

template <UnicodeProfile profile>
void split_bert(Pieces& pieces) {
  // Both splits in one pass: White_Space is dropped, punctuation stands alone.
  pieces.split(SplitBehavior::Removed, [](std::string_view view, std::vector<Pieces::Part>& parts) {
    const char* const start = view.data();
    const char* const end = start + view.size();
    uint32_t open = 0;
    for (const char* at = start; at != end;) {
      const uint32_t before = uint32_t(at - start);
      const char32_t c = unicode::next_scalar(at);
      const uint32_t after = uint32_t(at - start);
      const bool space = unicode::is_white_space(c);
      if (!space && !unicode::is_punctuation_bert<profile>(c)) continue;
      if (open < before) parts.push_back({open, before, false});
      if (!space) parts.push_back({before, after, false});
      open = after;
    }
    if (open < view.size()) parts.push_back({open, uint32_t(view.size()), false});
  });
}

void apply(const BertPreTokenizer&, Pieces& pieces) {
  unicode::for_profile(pieces.text.profile(), [&]<UnicodeProfile profile>() { split_bert<profile>(pieces); });
}

void apply(const ByteLevel& options, Pieces& pieces) {
  split_byte_level(options, pieces);
  const std::string_view view = pieces.text.text();
  pieces.rewrite([&](AlignedText::Edit& edit, uint32_t begin, uint32_t end) {
    for (uint32_t at = begin; at < end; ++at)
      edit.put(byte_alphabet::text_of(static_cast<unsigned char>(view[at])), pieces.text.span_of_byte(at));
  });
}

void apply(const CharDelimiterSplit& options, Pieces& pieces) {
  pieces.split_at(SplitBehavior::Removed, [&](char32_t c) { return c == options.delimiter; });
}

void apply(const Digits& options, Pieces& pieces) {
  pieces.split_at(options.individual_digits ? SplitBehavior::Isolated : SplitBehavior::Contiguous, unicode::is_numeric);
}

void apply(const FixedLength& options, Pieces& pieces) {
  if (options.length == 0)
    throw Error(ErrorCode::argument, "brot.FixedLength", "length: got 0, expected at least 1");
  pieces.split(SplitBehavior::Isolated, [&](std::string_view view, std::vector<Pieces::Part>& parts) {
    for (size_t at = 0; at < view.size();) {
      const size_t begin = at;
      for (size_t i = 0; i < options.length && at < view.size(); ++i)
        at += unicode::length_of_lead(static_cast<unsigned char>(view[at]));
      parts.push_back({uint32_t(begin), uint32_t(at), false});
    }
  });
}

void apply(const Metaspace& options, Pieces& pieces) {
  std::string replacement;
  unicode::append(replacement, options.replacement);
  if (pieces.text.text().find(' ') != std::string_view::npos) {
    const std::string_view view = pieces.text.text();
    pieces.rewrite([&](AlignedText::Edit& edit, uint32_t begin, uint32_t end) {
      for (;;) {
        const size_t space = std::min<size_t>(view.substr(0, end).find(' ', begin), end);
        edit.copy(begin, space);
        if (space == end) break;
        edit.put(replacement, pieces.text.span_of_byte(space));
        begin = uint32_t(space) + 1;
      }
    });
  }
  if (options.prepend_scheme != PrependScheme::never) {
    prepend_to_pieces(pieces, replacement, [&](const Piece& piece) {
      const std::string_view view = pieces.view(piece);
      if (view.empty() || view.starts_with(replacement)) return false;
      return options.prepend_scheme == PrependScheme::always || pieces.text.span_of_byte(piece.begin).begin == 0;
    });
  }
  if (options.split) split_by(pieces, Pattern::literal(replacement), SplitBehavior::MergedWithNext, false);
}

void apply(const Punctuation& options, Pieces& pieces) {
  unicode::for_profile(pieces.text.profile(), [&]<UnicodeProfile profile>() {
    pieces.split_at(options.behavior, unicode::is_punctuation_bert<profile>);
  });
}

void apply(const Split& options, Pieces& pieces) { split_by(pieces, options.pattern, options.behavior, options.invert); }

void apply(const UnicodeScripts&, Pieces& pieces) {
  static const uint8_t han = unicode::script_of_name("Han"), hiragana = unicode::script_of_name("Hiragana"),
                       katakana = unicode::script_of_name("Katakana");
  constexpr int any = -1, unset = -2;
  const UnicodeProfile profile = pieces.text.profile();
  pieces.split(SplitBehavior::Removed, [profile](std::string_view view, std::vector<Pieces::Part>& parts) {
    int last = unset;
    uint32_t open = 0;
    const char* const start = view.data();
    const char* const end = start + view.size();
    bool opened = false;  // text before the first character with a script is dropped
    for (const char* at = start; at != end;) {
      const uint32_t before = uint32_t(at - start);
      const char32_t c = unicode::next_scalar(at);
      int script = unicode::script(c, profile);
      if (c == 0x30FC || script == hiragana || script == katakana) script = han;
      if (c == U' ' || script == 0) script = any;  // 0: no script
      if (script == any) continue;
      if (script != last) {
        if (opened) parts.push_back({open, before, false});
        open = before;
        opened = true;
      }
      last = script;
    }
    if (opened) parts.push_back({open, uint32_t(view.size()), false});
  });
}

template <UnicodeProfile profile>
void split_words(Pieces& pieces) {
  pieces.split(SplitBehavior::Removed, [](std::string_view view, std::vector<Pieces::Part>& parts) {
    enum Class { space, word, other };
    Class current = space;
    uint32_t open = 0;
    const char* const start = view.data();
    const char* const end = start + view.size();
    for (const char* at = start; at != end;) {
      const uint32_t before = uint32_t(at - start);
      const char32_t c = unicode::next_scalar(at);
      const Class next = unicode::is_word<profile>(c) ? word : unicode::is_white_space(c) ? space : other;
      if (next == current) continue;
      if (current != space) parts.push_back({open, before, false});
      open = before;
      current = next;
    }
    if (current != space) parts.push_back({open, uint32_t(view.size()), false});
  });
}

void apply(const Whitespace&, Pieces& pieces) {
  unicode::for_profile(pieces.text.profile(), [&]<UnicodeProfile profile>() { split_words<profile>(pieces); });
}

void apply(const WhitespaceSplit&, Pieces& pieces) { pieces.split_at(SplitBehavior::Removed, unicode::is_white_space); }

void apply(const Sequence& options, Pieces& pieces) {
  for (const PreTokenizer& one : options.pretokenizers) one.apply(pieces);
}
void apply(const Custom& options, Pieces& pieces) {
  options.implementation->apply(pieces);
  const std::string_view text = pieces.text.text();
  expect_utf8("brot.CustomPreTokenizer", "the text", text);
  const auto between_characters = [&](size_t at) {
    return at == text.size() || (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80);
  };
  for (const Piece& piece : pieces.list)
    if (piece.begin > piece.end || !between_characters(piece.begin) || !between_characters(piece.end))
      throw Error(ErrorCode::argument, "brot.CustomPreTokenizer",
                  raven::Message() << "got a piece from byte " << piece.begin << " to " << piece.end
                                   << ", expected bounds between characters of the text of " << text.size());
}

}  // namespace
}  // namespace pre_tokenizers

std::shared_ptr<const PreTokenizer::Kind> PreTokenizer::checked(Kind kind) {
  if (const auto* custom = std::get_if<pre_tokenizers::Custom>(&kind); custom && !custom->implementation)
    throw Error(ErrorCode::argument, "brot.pre_tokenizers.Custom", "implementation: got null");
  return std::make_shared<const Kind>(std::move(kind));
}

void PreTokenizer::apply(Pieces& pieces) const {
  std::visit([&](const auto& kind) { pre_tokenizers::apply(kind, pieces); }, *kind_);
}

PreTokenizer PreTokenizer::with_profile(UnicodeProfile profile) const {
  if (const auto* split = std::get_if<pre_tokenizers::Split>(&*kind_))
    return pre_tokenizers::Split{split->pattern.with_profile(profile), split->behavior, split->invert};
  if (const auto* sequence = std::get_if<pre_tokenizers::Sequence>(&*kind_)) {
    std::vector<PreTokenizer> list;
    for (const PreTokenizer& one : sequence->pretokenizers) list.push_back(one.with_profile(profile));
    return pre_tokenizers::Sequence(std::move(list));
  }
  return *this;
}

void PreTokenizer::apply_before_byte_mapping(Pieces& pieces) const {
  if (const auto* sequence = std::get_if<pre_tokenizers::Sequence>(&*kind_)) {
    for (size_t i = 0; i + 1 < sequence->pretokenizers.size(); ++i) sequence->pretokenizers[i].apply(pieces);
    sequence->pretokenizers.back().apply_before_byte_mapping(pieces);
  } else {
    pre_tokenizers::split_byte_level(std::get<pre_tokenizers::ByteLevel>(*kind_), pieces);
  }
}

bool PreTokenizer::ends_in_byte_level() const {
  if (std::holds_alternative<pre_tokenizers::ByteLevel>(*kind_)) return true;
  const auto* sequence = std::get_if<pre_tokenizers::Sequence>(&*kind_);
  return sequence && !sequence->pretokenizers.empty() && sequence->pretokenizers.back().ends_in_byte_level();
}

const Pattern* PreTokenizer::single_byte_level_pattern(UnicodeProfile profile) const {
  if (const auto* byte_level = std::get_if<pre_tokenizers::ByteLevel>(&*kind_))
    return byte_level->use_regex && !byte_level->add_prefix_space ? &pre_tokenizers::gpt2_pattern(profile) : nullptr;
  const auto* sequence = std::get_if<pre_tokenizers::Sequence>(&*kind_);
  if (!sequence || sequence->pretokenizers.size() < 2) return nullptr;
  const auto* byte_level = std::get_if<pre_tokenizers::ByteLevel>(&sequence->pretokenizers.back().kind());
  if (!byte_level || byte_level->add_prefix_space) return nullptr;
  const std::span steps(sequence->pretokenizers.data(), sequence->pretokenizers.size() - 1);
  if (byte_level->use_regex) {
    const auto* digits = std::get_if<pre_tokenizers::Digits>(&steps[0].kind());
    if (!digits || !digits->individual_digits || steps.size() != 1) return nullptr;
    return &pre_tokenizers::constant_pattern<regex::starcoder_at_once>(profile);
  }
  std::vector<std::string_view> splits;
  for (const PreTokenizer& step : steps) {
    const auto* split = std::get_if<pre_tokenizers::Split>(&step.kind());
    if (!split || !split->pattern.is_regex() || split->behavior != SplitBehavior::Isolated) return nullptr;
    if (steps.size() == 1) return &split->pattern;
    if (split->pattern.dialect() != RegexDialect::oniguruma) return nullptr;
    splits.push_back(split->pattern.text());
  }
  using pre_tokenizers::constant_pattern;
  return regex::are_deepseek3(splits) ? &constant_pattern<regex::deepseek3_at_once>(profile) : nullptr;
}

bool PreTokenizer::needs_offsets() const {
  if (const auto* metaspace = std::get_if<pre_tokenizers::Metaspace>(&*kind_))
    return metaspace->prepend_scheme == PrependScheme::first;
  if (const auto* sequence = std::get_if<pre_tokenizers::Sequence>(&*kind_)) {
    for (const PreTokenizer& one : sequence->pretokenizers)
      if (one.needs_offsets()) return true;
    return false;
  }
  return std::holds_alternative<pre_tokenizers::Custom>(*kind_);
}

}  // namespace brot
