#include "raven/brot/post_processors/post_processor.hpp"

#include <algorithm>
#include <charconv>

#include "raven/brot/core/error.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

CustomPostProcessor::~CustomPostProcessor() = default;

namespace post_processors {

Sequence::Sequence(std::initializer_list<PostProcessor> list) : processors(list) {}
Sequence::Sequence(std::vector<PostProcessor> list) : processors(std::move(list)) {}

// ----------------------------------------------------------------------------------------------------------- templates

std::vector<TemplatePiece> TemplateProcessing::parse(std::string_view text) {
  std::vector<TemplatePiece> pieces;
  const auto fail = [&](std::string_view piece) {
    throw Error(ErrorCode::argument, "brot.TemplateProcessing",
                raven::Message() << "piece `" << piece << "`: expected $A, $B, $<type id> or a special token, with :<type id>");
  };
  const auto number = [&](std::string_view digits, std::string_view piece) {
    uint32_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || result.ec != std::errc() || result.ptr != digits.data() + digits.size()) fail(piece);
    return value;
  };
  size_t at = 0;
  while (at < text.size()) {
    const size_t begin = text.find_first_not_of(" \t\n\r", at);
    if (begin == std::string_view::npos) break;
    const size_t end = std::min(text.find_first_of(" \t\n\r", begin), text.size());
    at = end;
    const std::string_view piece = text.substr(begin, end - begin);
    std::string_view name = piece;
    TemplatePiece parsed{TemplatePiece::Kind::special, {}, 0};
    if (const size_t colon = piece.rfind(':'); colon != std::string_view::npos && colon > 0) {
      if (piece.find(':') != colon) fail(piece);
      name = piece.substr(0, colon);
      parsed.type_id = number(piece.substr(colon + 1), piece);
    }
    if (name[0] == '$') {
      parsed.kind = TemplatePiece::Kind::sequence_a;
      const std::string_view sequence = name.substr(1);
      if (sequence == "B" || sequence == "b") {
        parsed.kind = TemplatePiece::Kind::sequence_b;
      } else if (!(sequence.empty() || sequence == "A" || sequence == "a")) {
        parsed.type_id = number(sequence, piece);
      }
    } else {
      parsed.special = name;
    }
    pieces.push_back(std::move(parsed));
  }
  return pieces;
}

void TemplateProcessing::check() {
  std::sort(special_tokens.begin(), special_tokens.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  const auto has_kind = [&](TemplatePiece::Kind kind) {
    return std::any_of(pair.begin(), pair.end(), [&](const TemplatePiece& piece) { return piece.kind == kind; });
  };
  if (!pair.empty() && !(has_kind(TemplatePiece::Kind::sequence_a) && has_kind(TemplatePiece::Kind::sequence_b)))
    throw Error(ErrorCode::argument, "brot.TemplateProcessing", "the template for pairs must use $A and $B");
  for (const auto* list : {&single, &pair})
    for (const TemplatePiece& piece : *list) {
      if (piece.kind != TemplatePiece::Kind::special) continue;
      if (std::none_of(special_tokens.begin(), special_tokens.end(), [&](const auto& one) { return one.id == piece.special; }))
        throw Error(ErrorCode::argument, "brot.TemplateProcessing",
                    raven::Message() << "special token `" << piece.special << "` is used but not defined in special_tokens");
    }
  for (const TemplateSpecial& special : special_tokens)
    if (special.ids.size() != special.tokens.size())
      throw Error(ErrorCode::argument, "brot.TemplateProcessing",
                  raven::Message() << "special token `" << special.id << "`: got " << special.ids.size() << " ids and "
                                   << special.tokens.size() << " tokens");
}

TemplateProcessing TemplateProcessing::from_strings(std::string_view single, std::string_view pair,
                                                    std::vector<TemplateSpecial> specials) {
  TemplateProcessing result{parse(single), parse(pair), std::move(specials)};
  if (result.single.empty()) result.single = parse("$A");
  if (result.pair.empty()) result.pair = parse("$A:0 $B:1");
  result.check();
  return result;
}

namespace {

using Access = EncodingAccess;

/// An encoding of special tokens.
Encoding specials(std::vector<uint32_t> ids, const std::vector<std::string>& tokens, uint32_t type_id, EncodeFields fields,
                  const std::shared_ptr<const TokenNames>& names) {
  Encoding result;
  const size_t count = ids.size();
  Access::ids(result) = std::move(ids);
  if (has(fields, EncodeFields::types)) Access::type_ids(result).assign(count, type_id);
  if (has(fields, EncodeFields::words)) Access::words(result).assign(count, Encoding::no_word);
  if (has(fields, EncodeFields::offsets)) Access::offsets(result).assign(count, Span{});
  if (has(fields, EncodeFields::masks)) {
    Access::special(result).assign(count, 1);
    Access::attention(result).assign(count, 1);
  }
  Access::names(result) = names;
  for (size_t i = 0; i < count; ++i)
    if (!names || names->name_of(Access::ids(result)[i]) != tokens[i])
      Access::surfaces(result).emplace_back(uint32_t(i), tokens[i]);
  return result;
}

/// `before`, the tokens of `encoding` and `after` as one; overflowing windows get the same.
Encoding wrap(Encoding encoding, size_t sequence, const std::vector<Special>& before, const std::vector<Special>& after,
              uint32_t type_id, EncodeFields fields) {
  std::vector<Encoding> overflowing = std::move(Access::overflowing(encoding));
  Access::overflowing(encoding).clear();
  const auto names = Access::names(encoding);
  const auto make = [&](const std::vector<Special>& list) {
    std::vector<uint32_t> ids;
    std::vector<std::string> tokens;
    for (const auto& [token, id] : list) {
      ids.push_back(id);
      tokens.push_back(token);
    }
    return specials(std::move(ids), tokens, type_id, fields, names);
  };
  const size_t length = encoding.size();
  Encoding result = make(before);
  result.merge_with(encoding, false);
  result.merge_with(make(after), false);
  Access::clear_sequences(result);
  Access::set_sequence(result, sequence, before.size(), before.size() + length);
  for (Encoding& overflow : overflowing)
    Access::overflowing(result).push_back(wrap(std::move(overflow), sequence, before, after, type_id, fields));
  return result;
}

void trim(Encoding& encoding, bool add_prefix_space) {
  for (Encoding& overflow : Access::overflowing(encoding)) trim(overflow, add_prefix_space);
  std::vector<Span>& offsets = Access::offsets(encoding);
  if (offsets.size() != encoding.size()) return;
  const auto is_space = [](char32_t c) { return c == 0x120 || unicode::is_white_space(c); };
  for (size_t i = 0; i < offsets.size(); ++i) {
    const std::string_view token = encoding.token(i);
    uint32_t leading = 0, trailing = 0;
    for (const char* at = token.data(); at != token.data() + token.size() && is_space(unicode::next_scalar(at));) ++leading;
    for (const char* end = token.data() + token.size(); end != token.data();) {
      const char32_t c = unicode::previous_scalar(end);
      if (!is_space(c)) break;
      end -= unicode::encoded_length(c);
      ++trailing;
    }
    Span& span = offsets[i];
    if (leading > 0) {
      // A single space in front of the text may be the one that was added.
      const bool first = i == 0 || span.begin == 0;
      if (first && add_prefix_space && leading == 1) leading = 0;
      span.begin = std::min(span.begin + leading, span.end);
    }
    if (trailing > 0 && span.end >= trailing) span.end = std::max(span.end - trailing, span.begin);
  }
}

std::vector<Encoding> apply(const BertProcessing& options, std::vector<Encoding> list, bool add, EncodeFields fields) {
  if (!add) return list;
  for (size_t i = 0; i < list.size(); ++i)
    list[i] = i == 0 ? wrap(std::move(list[i]), 0, {options.cls}, {options.sep}, 0, fields)
                     : wrap(std::move(list[i]), i, {}, {options.sep}, 1, fields);
  return list;
}

std::vector<Encoding> apply(const RobertaProcessing& options, std::vector<Encoding> list, bool add, EncodeFields fields) {
  if (options.trim_offsets)
    for (Encoding& one : list) trim(one, options.add_prefix_space);
  for (Encoding& one : list) Access::set_type_ids(one, 0, fields);
  if (!add) return list;
  for (size_t i = 0; i < list.size(); ++i) {
    list[i] = i == 0 ? wrap(std::move(list[i]), 0, {options.cls}, {options.sep}, 0, fields)
                     : wrap(std::move(list[i]), i, {options.sep}, {options.sep}, 0, fields);
    for (Encoding& overflow : Access::overflowing(list[i])) Access::set_type_ids(overflow, 0, fields);
  }
  return list;
}

std::vector<Encoding> apply(const ByteLevel& options, std::vector<Encoding> list, bool, EncodeFields) {
  if (options.trim_offsets)
    for (Encoding& one : list) trim(one, options.add_prefix_space);
  return list;
}

std::vector<Encoding> apply(const TemplateProcessing& options, std::vector<Encoding> list, bool add, EncodeFields fields) {
  std::vector<Encoding> result;
  const auto names = list.empty() ? nullptr : Access::names(list[0]);
  const std::vector<TemplatePiece>& pieces = list.size() > 1 ? options.pair : options.single;
  if (pieces.empty())
    throw Error(ErrorCode::argument, "brot.TemplateProcessing",
                list.size() > 1 ? "pair: the template is empty, expected one to encode two texts"
                                : "single: the template is empty, expected one to encode a text");
  for (const TemplatePiece& piece : pieces) {
    if (piece.kind != TemplatePiece::Kind::special) {
      const size_t index = piece.kind == TemplatePiece::Kind::sequence_a ? 0 : 1;
      if (index >= list.size()) continue;
      Encoding& sequence = list[index];
      Access::set_type_ids(sequence, piece.type_id, fields);
      Access::set_sequence(sequence, index);
      result.push_back(sequence);
    } else if (add) {
      const auto special = std::find_if(options.special_tokens.begin(), options.special_tokens.end(),
                                        [&](const TemplateSpecial& one) { return one.id == piece.special; });
      if (special != options.special_tokens.end())
        result.push_back(specials(special->ids, special->tokens, piece.type_id, fields, names));
    }
  }
  return result;
}

std::vector<Encoding> apply(const Sequence& options, std::vector<Encoding> list, bool add, EncodeFields fields) {
  for (const PostProcessor& one : options.processors) list = one.apply(std::move(list), add, fields);
  return list;
}

std::vector<Encoding> apply(const Custom& options, std::vector<Encoding> list, bool add, EncodeFields) {
  return options.implementation->apply(std::move(list), add);
}

size_t added(const BertProcessing&, bool is_pair) { return is_pair ? 3 : 2; }
size_t added(const RobertaProcessing&, bool is_pair) { return is_pair ? 4 : 2; }
size_t added(const ByteLevel&, bool) { return 0; }
size_t added(const TemplateProcessing& options, bool is_pair) {
  size_t count = 0;
  for (const TemplatePiece& piece : is_pair ? options.pair : options.single)
    for (const TemplateSpecial& special : options.special_tokens)
      if (piece.kind == TemplatePiece::Kind::special && special.id == piece.special) count += special.ids.size();
  return count;
}
size_t added(const Sequence& options, bool is_pair) {
  size_t count = 0;
  for (const PostProcessor& one : options.processors) count += one.added_tokens(is_pair);
  return count;
}
size_t added(const Custom& options, bool is_pair) { return options.implementation->added_tokens(is_pair); }

}  // namespace
}  // namespace post_processors

std::shared_ptr<const PostProcessor::Kind> PostProcessor::checked(Kind kind) {
  if (const auto* custom = std::get_if<post_processors::Custom>(&kind); custom && !custom->implementation)
    throw Error(ErrorCode::argument, "brot.post_processors.Custom", "implementation: got null");
  return std::make_shared<const Kind>(std::move(kind));
}

size_t PostProcessor::added_tokens(bool is_pair) const {
  return std::visit([&](const auto& kind) { return post_processors::added(kind, is_pair); }, *kind_);
}

std::vector<Encoding> PostProcessor::apply(std::vector<Encoding> encodings, bool add_special_tokens,
                                           EncodeFields fields) const {
  return std::visit(
      [&](const auto& kind) { return post_processors::apply(kind, std::move(encodings), add_special_tokens, fields); }, *kind_);
}

Encoding PostProcessor::process(std::vector<Encoding> encodings, bool add_special_tokens, EncodeFields fields) const {
  for (size_t i = 0; i < encodings.size(); ++i) {
    EncodingAccess::set_sequence(encodings[i], i);
    for (Encoding& overflow : EncodingAccess::overflowing(encodings[i])) EncodingAccess::set_sequence(overflow, i);
    EncodingAccess::set_type_ids(encodings[i], uint32_t(i), fields);
  }
  return Encoding::merge(apply(std::move(encodings), add_special_tokens, fields), false);
}

}  // namespace brot
