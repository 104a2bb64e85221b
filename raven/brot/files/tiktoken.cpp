#include "raven/brot/files/tiktoken.hpp"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <set>

#include "raven/base/file.hpp"
#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/files/base64.hpp"
#include "raven/brot/files/json.hpp"
#include "raven/brot/files/tiktoken_patterns.hpp"
#include "raven/brot/models/bpe.hpp"

namespace brot {

namespace {

/// Text cut by the pattern, as bytes.
PreTokenizer split_bytes(const Pattern& pattern) {
  return pre_tokenizers::Sequence{
      pre_tokenizers::Split{pattern, SplitBehavior::Isolated, false},
      pre_tokenizers::ByteLevel{.add_prefix_space = false, .trim_offsets = true, .use_regex = false}};
}

/// All components around a byte-level vocabulary whose ids order the merges.
Tokenizer assemble(Vocabulary::Source tokens, const Pattern& pattern,
                   const std::vector<std::pair<std::string, uint32_t>>& specials) {
  const std::vector<Vocabulary::Entry> others(specials.begin(), specials.end());
  Tokenizer tokenizer(BPE::make_by_text(std::move(tokens), others, {.ignore_merges = true}));
  uint32_t last = Vocabulary::none;
  tokenizer.model().vocabulary().for_each([&](std::string_view, uint32_t id) {
    if (id == last)
      throw Error(ErrorCode::vocabulary, "brot.Tiktoken", raven::Message() << "two tokens have the rank " << id);
    last = id;
  });
  tokenizer.set_pre_tokenizer(split_bytes(pattern));
  tokenizer.set_decoder(decoders::ByteLevel{});
  std::vector<AddedToken> added;
  for (const auto& [text, id] : specials) added.emplace_back(text, true);
  tokenizer.add_special_tokens(added);
  return tokenizer;
}

}  // namespace

Tiktoken Tiktoken::from_file(const std::string& path, std::string_view encoding) {
  const raven::MappedFile file(path, "brot.Tiktoken.from_file");
  return from_text(file.text(), definition(encoding));
}

Tiktoken Tiktoken::from_text(std::string_view lines, TiktokenDefinition definition) {
  Vocabulary::Source tokens;
  tokens.arena.resize(files::most_bytes_of_base64(lines) + Vocabulary::arena_padding);
  tokens.texts.reserve(lines.size() / 8);  // a short line; more are rare
  size_t used = 0, number = 0;
  while (!lines.empty()) {
    ++number;
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const size_t space = line.find(' ');
    const std::string_view digits = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    uint32_t rank = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
    const std::string_view base64 = line.substr(0, std::min(space, line.size()));
    const auto size = files::write_base64(base64, tokens.arena.data() + used);
    if (!size || digits.empty() || result.ec != std::errc() || result.ptr != digits.data() + digits.size() ||
        rank > 1u << 28)
      throw Error(ErrorCode::format, "brot.Tiktoken",
                  raven::Message() << "got `" << line.substr(0, 60) << "`, expected base64, a space and a rank",
                  raven::Message() << "line " << uint64_t(number));
    tokens.texts.push_back({uint32_t(used), uint32_t(*size), rank});
    used += *size;
  }
  tokens.arena.resize(used);
  const Pattern pattern = Pattern::regex(definition.pattern, RegexDialect::tiktoken);
  Tokenizer tokenizer = assemble(std::move(tokens), pattern, definition.special_tokens);
  return Tiktoken(std::move(tokenizer), std::move(definition));
}

Tiktoken Tiktoken::from_ranks(const std::vector<std::pair<std::string, uint32_t>>& ranks,
                              TiktokenDefinition definition) {
  const Pattern pattern = Pattern::regex(definition.pattern, RegexDialect::tiktoken);
  const std::vector<Vocabulary::Entry> entries(ranks.begin(), ranks.end());
  Tokenizer tokenizer = assemble(Vocabulary::Source::copy_of(entries), pattern, definition.special_tokens);
  return Tiktoken(std::move(tokenizer), std::move(definition));
}

std::string Tiktoken::to_text() const {
  std::string lines, bytes;
  for (const auto& [token, id] : tokenizer_.model().vocabulary().entries()) {
    if (tokenizer_.added_tokens().contains(id)) continue;
    bytes.clear();
    byte_alphabet::append_bytes(token, bytes);
    lines += files::encode_base64(bytes) + " " + std::to_string(id) + "\n";
  }
  return lines;
}

Tokenizer Tiktoken::to_tokenizer(std::string_view pattern) const {
  const auto known = pattern.empty() ? oniguruma_pattern(definition_.pattern) : pattern;
  if (!known)
    throw Error(ErrorCode::unsupported, "brot.Tiktoken.to_tokenizer",
                raven::Message() << "the pattern `" << definition_.pattern
                                 << "` is not a known one; give its form in Oniguruma's dialect");
  Tokenizer tokenizer = tokenizer_;
  tokenizer.set_pre_tokenizer(split_bytes(Pattern::regex(std::string(*known))));
  return tokenizer;
}

namespace {

/// The pattern by which a tokenizer cuts text before it becomes bytes; null when it does something else.
const Pattern* split_pattern(const Tokenizer& tokenizer) {
  if (tokenizer.normalizer() || !tokenizer.pre_tokenizer()) return nullptr;
  const auto* chain = std::get_if<pre_tokenizers::Sequence>(&tokenizer.pre_tokenizer()->kind());
  if (!chain || chain->pretokenizers.size() != 2) return nullptr;
  const auto* split = std::get_if<pre_tokenizers::Split>(&chain->pretokenizers[0].kind());
  const auto* bytes = std::get_if<pre_tokenizers::ByteLevel>(&chain->pretokenizers[1].kind());
  if (!split || split->behavior != SplitBehavior::Isolated || split->invert || !split->pattern.is_regex())
    return nullptr;
  return bytes && !bytes->add_prefix_space && !bytes->use_regex ? &split->pattern : nullptr;
}

}  // namespace

Tiktoken Tiktoken::from_tokenizer(const Tokenizer& tokenizer, std::string name, std::string pattern) {
  const auto refuse = [](std::string_view what) {
    throw Error(ErrorCode::unsupported, "brot.Tiktoken.from_tokenizer", what);
  };
  const auto* bpe = dynamic_cast<const BPE*>(&tokenizer.model());
  if (!bpe) refuse("the model is not BPE");
  const auto* bytes =
      tokenizer.pre_tokenizer() ? std::get_if<pre_tokenizers::ByteLevel>(&tokenizer.pre_tokenizer()->kind()) : nullptr;
  if (pattern.empty()) {
    if (const Pattern* split = split_pattern(tokenizer)) {
      const auto known = split->dialect() == RegexDialect::tiktoken ? std::optional<std::string_view>(split->text())
                                                                    : tiktoken_pattern(split->text());
      if (!known)
        refuse(raven::Message() << "the pattern `" << split->text()
                                << "` is not a known one; give its form in tiktoken's dialect");
      pattern = *known;
    } else if (bytes && bytes->use_regex && !bytes->add_prefix_space && !tokenizer.normalizer()) {
      pattern = Tiktoken::definition("gpt2").pattern;
    } else {
      refuse("the text is not just cut by a pattern and turned into bytes");
    }
  }
  // tiktoken merges by the ids of what comes about.
  uint32_t last = 0;
  std::string text;
  for (const auto& [left, right] : bpe->merges()) {
    text.assign(bpe->vocabulary().text(left)).append(bpe->vocabulary().text(right));
    const uint32_t id = bpe->vocabulary().find(text);
    if (id < last) refuse(raven::Message() << "the merges are not in the order of ids: `" << text << "` has id " << id);
    last = id;
  }
  std::vector<std::pair<std::string, uint32_t>> ranks;
  TiktokenDefinition definition{std::move(name), std::move(pattern), {}};
  for (const auto& [id, token] : tokenizer.added_tokens()) definition.special_tokens.emplace_back(token.content, id);
  for (const auto& [token, id] : bpe->vocabulary().entries()) {
    if (tokenizer.added_tokens().contains(id)) continue;
    std::string of_bytes;
    if (!byte_alphabet::append_bytes(token, of_bytes))
      refuse(raven::Message() << "token `" << token << "` is no bytes");
    ranks.emplace_back(std::move(of_bytes), id);
  }
  return from_ranks(ranks, std::move(definition));
}

std::vector<uint32_t> Tiktoken::encode_ordinary(std::string_view text) const {
  const Encoding encoding = tokenizer_.encode(
      text, {.add_special_tokens = false, .fields = EncodeFields::ids, .encode_special_tokens = true});
  return {encoding.ids().begin(), encoding.ids().end()};
}

std::vector<uint32_t> Tiktoken::encode_with_special(std::string_view text) const { return tokenizer_.encode_ids(text); }

std::vector<uint32_t> Tiktoken::encode(std::string_view text, const std::vector<std::string>& allowed,
                                       bool disallow_others) const {
  const auto is_allowed = [&](const std::string& token) {
    return std::find(allowed.begin(), allowed.end(), token) != allowed.end();
  };
  if (disallow_others)
    for (const auto& [token, id] : definition_.special_tokens)
      if (!is_allowed(token) && text.find(token) != std::string_view::npos)
        throw Error(ErrorCode::argument, "brot.Tiktoken.encode",
                    raven::Message() << "the text contains the special token `" << token
                                     << "`, which is not allowed; allow it, or use encode_ordinary");
  // Where each allowed token comes next; looked up anew only once the text has moved past it, so that all in all each
  // token's search passes over the text once.
  struct Next {
    std::string_view token;
    uint32_t id;
    size_t at;
  };
  std::vector<Next> nexts;
  for (const auto& [token, id] : definition_.special_tokens)
    if (is_allowed(token) && !token.empty()) nexts.push_back({token, id, text.find(token)});
  std::vector<uint32_t> ids;
  for (size_t begin = 0;;) {
    // The leftmost token; of several there the one listed first.
    const Next* first = nullptr;
    for (Next& next : nexts) {
      if (next.at < begin) next.at = text.find(next.token, begin);
      if (next.at != std::string_view::npos && (!first || next.at < first->at)) first = &next;
    }
    const std::vector<uint32_t> part =
        encode_ordinary(text.substr(begin, first ? first->at - begin : std::string_view::npos));
    ids.insert(ids.end(), part.begin(), part.end());
    if (!first) return ids;
    ids.push_back(first->id);
    begin = first->at + first->token.size();
  }
}

std::string Tiktoken::decode(std::span<const uint32_t> ids, Errors errors) const {
  if (errors == Errors::replace) return tokenizer_.decode(ids, {.skip_special_tokens = false});
  const std::string bytes = decode_bytes(ids);
  const size_t invalid = unicode::find_invalid(bytes);
  if (invalid == bytes.size()) return bytes;
  if (errors == Errors::strict)
    throw Error(ErrorCode::invalid_text, "brot.Tiktoken.decode", "the bytes of the ids are not UTF-8",
                raven::Message() << "byte " << uint64_t(invalid));
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    const unicode::Decoded decoded = unicode::decode(bytes, at);
    if (decoded.valid) text.append(bytes, at, decoded.length);
    at += decoded.length;
  }
  return text;
}

std::vector<std::string> Tiktoken::decode_tokens_bytes(std::span<const uint32_t> ids) const {
  std::vector<std::string> parts;
  parts.reserve(ids.size());
  for (const uint32_t id : ids)
    if (tokenizer_.id_to_token(id)) parts.push_back(tokenizer_.decode_bytes({&id, 1}));
  return parts;
}

std::pair<std::string, std::vector<uint32_t>> Tiktoken::decode_with_offsets(std::span<const uint32_t> ids) const {
  std::pair<std::string, std::vector<uint32_t>> result;
  auto& [text, offsets] = result;
  uint32_t characters = 0;
  for (const std::string& part : decode_tokens_bytes(ids)) {
    const bool inside = !part.empty() && (static_cast<unsigned char>(part[0]) & 0xC0) == 0x80;
    offsets.push_back(characters - (inside && characters > 0));
    characters += uint32_t(unicode::count_scalars(part));
    text.append(part);
  }
  if (const size_t invalid = unicode::find_invalid(text); invalid != text.size())
    throw Error(ErrorCode::invalid_text, "brot.Tiktoken.decode_with_offsets", "the bytes of the ids are not UTF-8",
                raven::Message() << "byte " << uint64_t(invalid));
  return result;
}

uint32_t Tiktoken::encode_single_token(std::string_view bytes) const {
  for (const auto& [token, id] : definition_.special_tokens)
    if (token == bytes) return id;
  std::string text;
  byte_alphabet::append_text(bytes, text);
  const uint32_t id = tokenizer_.model().vocabulary().find(text);
  if (id == Vocabulary::none)
    throw Error(ErrorCode::unknown_token, "brot.Tiktoken.encode_single_token", "these bytes are not one token");
  return id;
}

// --------------------------------------------------------------------------------------------------------- completions

/// All tokens but the special ones, ascending by their bytes.
struct Tiktoken::Table {
  std::once_flag once;
  std::string arena;
  std::vector<std::pair<std::string_view, uint32_t>> tokens;

  /// Calls `visit(bytes, id)` for each token that starts with `prefix`.
  template <class Visit>
  void for_each_with_prefix(std::string_view prefix, Visit&& visit) const {
    auto place = std::lower_bound(tokens.begin(), tokens.end(), prefix,
                                  [](const auto& token, std::string_view key) { return token.first < key; });
    for (; place != tokens.end() && place->first.starts_with(prefix); ++place) visit(place->first, place->second);
  }
};

Tiktoken::Tiktoken(Tokenizer tokenizer, TiktokenDefinition definition)
    : tokenizer_(std::move(tokenizer)), definition_(std::move(definition)), sorted_(std::make_shared<Table>()) {}

// The rule of the ranks on one piece, step by step. As the original does here, a piece that is a token is not looked
// up.
std::vector<uint32_t> Tiktoken::merge(std::string_view bytes) const {
  const Vocabulary& words = tokenizer_.model().vocabulary();
  std::vector<uint32_t> ends;
  for (uint32_t end = 1; end <= bytes.size(); ++end) ends.push_back(end);
  const auto id_of = [&](size_t begin, size_t end) {
    std::string text;
    byte_alphabet::append_text(bytes.substr(begin, end - begin), text);
    return words.find(text);
  };
  const auto begin_of = [&](size_t part) { return part == 0 ? 0 : ends[part - 1]; };
  for (;;) {
    uint32_t best = Vocabulary::none;
    size_t place = 0;
    for (size_t part = 0; part + 1 < ends.size(); ++part)
      if (const uint32_t id = id_of(begin_of(part), ends[part + 1]); id < best) best = id, place = part;
    if (best == Vocabulary::none) break;
    ends.erase(ends.begin() + ptrdiff_t(place));
  }
  std::vector<uint32_t> ids;
  for (size_t part = 0; part < ends.size(); ++part) ids.push_back(id_of(begin_of(part), ends[part]));
  return ids;
}

Tiktoken::Unstable Tiktoken::encode_with_unstable(std::string_view text, const std::vector<std::string>& allowed,
                                                  bool disallow_others) const {
  Unstable result;
  result.stable = encode(text, allowed, disallow_others);
  std::vector<uint32_t>& ids = result.stable;

  // How many ids the last piece behind the last special token has.
  size_t open = 0;
  for (const std::string& token : allowed)
    if (const size_t at = token.empty() ? std::string_view::npos : text.rfind(token); at != std::string_view::npos)
      open = std::max(open, at + token.size());
  const Encoding tail = tokenizer_.encode(
      text.substr(open), {.add_special_tokens = false, .fields = EncodeFields::words, .encode_special_tokens = true});
  size_t last = 0;
  while (last < tail.size() && tail.word_ids()[tail.size() - 1 - last] == tail.word_ids().back()) ++last;
  if (last == 0) return result;
  // Where a split between White_Space may vanish, all of it is open.
  const auto all_space = [&](size_t from_end) {
    const std::string bytes = tokenizer_.decode_bytes({&ids[ids.size() - from_end], 1});
    return bytes.find_first_not_of(" \n\t") == std::string::npos;
  };
  if (all_space(last))
    while (last < ids.size() && all_space(last + 1)) ++last;
  const std::string bytes = tokenizer_.decode_bytes(std::span(ids).last(last));
  ids.resize(ids.size() - last);
  if (bytes.empty()) return result;

  std::call_once(sorted_->once, [&] {
    Table& table = *sorted_;
    std::vector<size_t> ends;
    for (const auto& [token, id] : tokenizer_.model().vocabulary().entries()) {
      if (tokenizer_.added_tokens().contains(id)) continue;
      byte_alphabet::append_bytes(token, table.arena);
      table.tokens.emplace_back(std::string_view(), id);
      ends.push_back(table.arena.size());
    }
    for (size_t i = 0; i < ends.size(); ++i) {
      const size_t begin = i == 0 ? 0 : ends[i - 1];
      table.tokens[i].first = std::string_view(table.arena).substr(begin, ends[i] - begin);
    }
    std::sort(table.tokens.begin(), table.tokens.end());
  });
  std::set<std::vector<uint32_t>> completions;
  // One token that holds all open bytes …
  sorted_->for_each_with_prefix(bytes, [&](std::string_view, uint32_t id) { completions.insert({id}); });
  // … or one that begins inside them and goes on: the whole is encoded anew, up to the id that covers the last open
  // byte.
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    sorted_->for_each_with_prefix(std::string_view(bytes).substr(cut), [&](std::string_view token, uint32_t) {
      const std::string whole = bytes.substr(0, cut) + std::string(token);
      std::vector<uint32_t> encoded = unicode::is_valid(whole) ? encode_ordinary(whole) : merge(whole);
      size_t kept = 0;
      for (size_t covered = 0; covered < bytes.size() && kept < encoded.size(); ++kept)
        covered += tokenizer_.decode_bytes({&encoded[kept], 1}).size();
      encoded.resize(kept);
      completions.insert(std::move(encoded));
    });
  }
  // White_Space at the end may be split from what is before it.
  size_t start = bytes.size() - 1;
  while (start > 0 && (static_cast<unsigned char>(bytes[start]) & 0xC0) == 0x80) --start;
  const unicode::Decoded character = unicode::decode(bytes, start);
  if (start > 0 && character.valid && start + character.length == bytes.size() &&
      unicode::is_white_space(character.scalar)) {
    std::vector<uint32_t> split = merge(std::string_view(bytes).substr(0, start));
    const std::vector<uint32_t> space = merge(std::string_view(bytes).substr(start));
    split.insert(split.end(), space.begin(), space.end());
    completions.insert(std::move(split));
  }
  result.completions.assign(completions.begin(), completions.end());
  return result;
}

Tokenizer read_tekken(std::string_view source, std::string_view name) {
  const json::Document document = json::Document::parse(source, name);
  const auto fail = [&](const json::Value& at, std::string_view what) {
    throw Error(ErrorCode::format, "brot.read_tekken", raven::Message() << name << ": " << what,
                raven::Message() << "byte " << uint64_t(at.offset()));
  };
  const json::Value config = document.root()["config"], vocab = document.root()["vocab"];
  if (!config["pattern"].is(json::Type::string) || !vocab.is(json::Type::array))
    fail(document.root(), "expected config.pattern and vocab");
  const auto whole = [&](const json::Value& value, double fallback) {
    const double number = value.is(json::Type::number) ? value.number() : fallback;
    if (!(number >= 0 && number < 1u << 28)) fail(value, "a number is out of range");
    return uint32_t(number);
  };
  const uint32_t special_count = whole(config["default_num_special_tokens"], 1000);
  const uint32_t size = whole(config["default_vocab_size"], double(vocab.size()) + special_count);
  if (size < special_count) fail(config, "default_vocab_size is smaller than default_num_special_tokens");
  Vocabulary::Source tokens;
  for (const json::Value entry : vocab) {
    const uint32_t rank = whole(entry["rank"], double(tokens.texts.size()));
    if (rank >= size - special_count) continue;
    const std::string_view base64 = entry["token_bytes"].text();
    const size_t begin = tokens.arena.size();
    tokens.arena.resize(begin + files::most_bytes_of_base64(base64));
    const auto bytes = files::write_base64(base64, tokens.arena.data() + begin);
    if (!bytes) fail(entry, "token_bytes is not base64");
    tokens.arena.resize(begin + *bytes);
    tokens.texts.push_back({uint32_t(begin), uint32_t(*bytes), rank + special_count});
  }
  std::vector<std::pair<std::string, uint32_t>> specials;
  for (const json::Value special : document.root()["special_tokens"])
    specials.emplace_back(std::string(special["token_str"].text()), whole(special["rank"], double(specials.size())));
  if (specials.empty()) {
    static constexpr std::string_view names[] = {"<unk>",
                                                 "<s>",
                                                 "</s>",
                                                 "[INST]",
                                                 "[/INST]",
                                                 "[AVAILABLE_TOOLS]",
                                                 "[/AVAILABLE_TOOLS]",
                                                 "[TOOL_RESULTS]",
                                                 "[/TOOL_RESULTS]",
                                                 "[TOOL_CALLS]",
                                                 "[IMG]",
                                                 "<pad>",
                                                 "[IMG_BREAK]",
                                                 "[IMG_END]",
                                                 "[PREFIX]",
                                                 "[MIDDLE]",
                                                 "[SUFFIX]",
                                                 "[SYSTEM_PROMPT]",
                                                 "[/SYSTEM_PROMPT]",
                                                 "[TOOL_CONTENT]"};
    for (const std::string_view text : names) specials.emplace_back(std::string(text), uint32_t(specials.size()));
  }
  for (uint32_t id = uint32_t(specials.size()); id < special_count; ++id)
    specials.emplace_back("<SPECIAL_" + std::to_string(id) + ">", id);
  return assemble(std::move(tokens), Pattern::regex(std::string(config["pattern"].text()), RegexDialect::tiktoken),
                  specials);
}

}  // namespace brot
