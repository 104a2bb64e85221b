// Reading `tokenizer.json`, the forms of older releases included.
#include <algorithm>
#include <bit>
#include <charconv>

#include "raven/brot/core/core.hpp"
#include "raven/brot/files/base64.hpp"
#include "raven/brot/files/spm_models.hpp"
#include "raven/brot/files/tokenizer_json.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/unigram.hpp"
#include "raven/brot/models/word_models.hpp"

namespace brot::files {

namespace {

using json::Type;

constexpr std::string_view operation = "brot.Tokenizer.from_json";

/// A value with the way to it, for messages.
class Field {
 public:
  Field(json::Value value, const Field* parent, std::string_view name)
      : value_(value), parent_(parent), name_(name), profile_(parent ? parent->profile_ : UnicodeProfile::hf) {}
  const json::Value& value() const { return value_; }
  bool given() const { return value_.present() && !value_.is_null(); }
  /// Of the patterns in here.
  UnicodeProfile profile() const { return profile_; }
  void set_profile(UnicodeProfile profile) { profile_ = profile; }

  std::string pointer() const {
    if (!parent_) return std::string(name_);
    return parent_->pointer() + "/" + std::string(name_);
  }
  [[noreturn]] void fail(std::string_view message, ErrorCode code = ErrorCode::format) const {
    size_t offset = value_.offset();
    for (const Field* at = this; !at->value_.present() && at->parent_; at = at->parent_)
      offset = at->parent_->value_.offset();
    const std::string where = pointer();
    throw Error(code, operation, raven::Message() << (where.empty() ? std::string("/") : where) << ": " << message,
                raven::Message() << "byte " << uint64_t(offset));
  }
  Field operator[](std::string_view key) const { return Field(value_[key], this, key); }

  void expect(Type type, std::string_view what) const {
    if (!value_.is(type))
      fail(raven::Message() << (value_.present() ? "got another kind of value" : "missing") << ", expected " << what);
  }
  std::string_view text() const {
    expect(Type::string, "a string");
    return value_.text();
  }
  std::string text_or(std::string_view fallback) const { return std::string(given() ? text() : fallback); }
  std::optional<std::string> optional_text() const {
    return given() ? std::optional<std::string>(text()) : std::nullopt;
  }
  bool boolean_or(bool fallback) const {
    if (!given()) return fallback;
    expect(Type::boolean, "true or false");
    return value_.boolean();
  }
  uint64_t integer(uint64_t limit = ~uint32_t{0}) const {
    expect(Type::number, "a number");
    const std::string_view digits = value_.text();
    uint64_t number = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (result.ec != std::errc() || result.ptr != digits.data() + digits.size() || number > limit)
      fail(raven::Message() << "got " << digits << ", expected a whole number from 0 to " << limit);
    return number;
  }
  uint64_t integer_or(uint64_t fallback, uint64_t limit = ~uint32_t{0}) const {
    return given() ? integer(limit) : fallback;
  }
  double number() const {
    expect(Type::number, "a number");
    return value_.number();
  }
  char32_t character(std::optional<char32_t> fallback = std::nullopt) const {
    if (!given() && fallback) return *fallback;
    const std::string_view string = text();
    if (string.empty()) fail("got an empty string, expected one character");
    const char* at = string.data();
    const char32_t c = unicode::next_scalar(at);
    if (at != string.data() + string.size()) fail(raven::Message() << "got `" << string << "`, expected one character");
    return c;
  }
  template <class F>
  void for_each(F&& visit) const {
    size_t index = 0;
    for (const json::Value element : value_) {
      const std::string name = value_.is(Type::object) ? std::string(element.key()) : std::to_string(index);
      visit(Field(element, this, name));
      ++index;
    }
  }

 private:
  json::Value value_;
  const Field* parent_;
  std::string_view name_;
  UnicodeProfile profile_;
};

Pattern read_pattern(const Field& field) {
  if (field.value().is(Type::string)) return Pattern::literal(std::string(field.value().text()));
  field.expect(Type::object, "{\"String\": …} or {\"Regex\": …}");
  const Field literal = field["String"], regex = field["Regex"], foreign = field["Tiktoken"];  // of the compiled form
  if (literal.given()) return Pattern::literal(std::string(literal.text()));
  const std::string text(foreign.given() ? foreign.text() : regex.text());
  try {
    return Pattern::regex(text, foreign.given() ? RegexDialect::tiktoken : RegexDialect::oniguruma, field.profile());
  } catch (const raven::Error& error) {
    regex.fail(error.what());
  }
}

SplitBehavior read_behavior(const Field& field, SplitBehavior fallback) {
  if (!field.given()) return fallback;
  static constexpr std::pair<std::string_view, SplitBehavior> names[] = {
      {"Removed", SplitBehavior::Removed},
      {"Isolated", SplitBehavior::Isolated},
      {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
      {"MergedWithNext", SplitBehavior::MergedWithNext},
      {"Contiguous", SplitBehavior::Contiguous},
      {"removed", SplitBehavior::Removed},
      {"isolated", SplitBehavior::Isolated},
      {"merged_with_previous", SplitBehavior::MergedWithPrevious},
      {"merged_with_next", SplitBehavior::MergedWithNext},
      {"contiguous", SplitBehavior::Contiguous}};
  for (const auto& [name, behavior] : names)
    if (field.text() == name) return behavior;
  field.fail(raven::Message() << "unknown behavior `" << field.text() << "`");
}

PrependScheme read_prepend_scheme(const Field& component) {
  const Field scheme = component["prepend_scheme"], legacy = component["add_prefix_space"];
  PrependScheme result = PrependScheme::always;
  if (scheme.given()) {
    const std::string_view name = scheme.text();
    if (name == "first")
      result = PrependScheme::first;
    else if (name == "never")
      result = PrependScheme::never;
    else if (name != "always")
      scheme.fail(raven::Message() << "got `" << name << "`, expected always, first or never");
  }
  if (legacy.given() && !legacy.boolean_or(true)) {
    if (scheme.given() && result != PrependScheme::never)
      legacy.fail("add_prefix_space is false, but prepend_scheme is not never");
    result = PrependScheme::never;
  }
  return result;
}

/// The type of a component: its tag, or what its keys say.
std::string type_of(const Field& field, std::initializer_list<std::pair<std::string_view, std::string_view>> by_key) {
  field.expect(Type::object, "an object");
  if (field["type"].given()) return std::string(field["type"].text());
  for (const auto& [key, type] : by_key)
    if (field.value()[key].present()) return std::string(type);
  field.fail("missing the key `type`");
}

template <class T, class Read>
std::vector<T> read_list(const Field& field, Read&& read) {
  field.expect(Type::array, "a list");
  std::vector<T> list;
  field.for_each([&](const Field& element) { list.push_back(read(element)); });
  return list;
}

// ----------------------------------------------------------------------------------------------------------
// normalizers

CharsMap charsmap_of(const Field& field) {
  const Field map = field["precompiled_charsmap"];
  if (!map.given()) return {};
  auto decoded = decode_base64(map.text());
  if (!decoded) map.fail("not base64");
  return CharsMap(std::move(*decoded));
}

normalizers::SpmCharsMap spm_charsmap_of(const Field& field) {
  std::vector<std::string> kept;
  field["kept"].for_each([&](const Field& text) { kept.emplace_back(text.text()); });
  return {charsmap_of(field),
          field["add_dummy_prefix"].boolean_or(true),
          field["remove_extra_whitespaces"].boolean_or(true),
          field["escape_whitespaces"].boolean_or(true),
          field["treat_whitespace_as_suffix"].boolean_or(false),
          KeptTexts(std::move(kept))};
}

Normalizer normalizer_of(const Field& field) {
  using namespace normalizers;
  const std::string type = type_of(field, {{"handle_chinese_chars", "BertNormalizer"},
                                           {"strip_left", "Strip"},
                                           {"normalizers", "Sequence"},
                                           {"precompiled_charsmap", "Precompiled"},
                                           {"pattern", "Replace"},
                                           {"prepend", "Prepend"}});
  if (type == "BertNormalizer") {
    BertNormalizer result;
    result.clean_text = field["clean_text"].boolean_or(true);
    result.handle_chinese_chars = field["handle_chinese_chars"].boolean_or(true);
    if (field["strip_accents"].given()) result.strip_accents = field["strip_accents"].boolean_or(true);
    result.lowercase = field["lowercase"].boolean_or(true);
    return result;
  }
  if (type == "Strip") return Strip{field["strip_left"].boolean_or(true), field["strip_right"].boolean_or(true)};
  if (type == "StripAccents") return StripAccents{};
  if (type == "NFC") return NFC{};
  if (type == "NFD") return NFD{};
  if (type == "NFKC") return NFKC{};
  if (type == "NFKD") return NFKD{};
  if (type == "Lowercase") return Lowercase{};
  if (type == "Nmt") return Nmt{};
  if (type == "ByteLevel") return ByteLevel{};
  if (type == "Prepend") return Prepend{std::string(field["prepend"].text())};
  if (type == "Replace") return Replace{read_pattern(field["pattern"]), std::string(field["content"].text())};
  if (type == "Sequence") return Sequence(read_list<Normalizer>(field["normalizers"], normalizer_of));
  if (type == "Precompiled") return Precompiled{charsmap_of(field)};
  if (type == "SpmCharsMap") return spm_charsmap_of(field);
  field["type"].fail(raven::Message() << "unknown normalizer `" << type << "`");
}

// ------------------------------------------------------------------------------------------------------ pre-tokenizers

PreTokenizer pre_tokenizer_of(const Field& field) {
  using namespace pre_tokenizers;
  const std::string type = type_of(field, {{"pretokenizers", "Sequence"},
                                           {"individual_digits", "Digits"},
                                           {"delimiter", "CharDelimiterSplit"},
                                           {"replacement", "Metaspace"},
                                           {"str_rep", "Metaspace"},
                                           {"pattern", "Split"},
                                           {"behavior", "Punctuation"},
                                           {"add_prefix_space", "ByteLevel"}});
  if (type == "BertPreTokenizer") return BertPreTokenizer{};
  if (type == "ByteLevel")
    return ByteLevel{field["add_prefix_space"].boolean_or(true), field["trim_offsets"].boolean_or(true),
                     field["use_regex"].boolean_or(true)};
  if (type == "CharDelimiterSplit" || type == "Delimiter") return CharDelimiterSplit{field["delimiter"].character()};
  if (type == "Digits") return Digits{field["individual_digits"].boolean_or(false)};
  if (type == "FixedLength") return FixedLength{size_t(field["length"].integer_or(5))};
  if (type == "Metaspace")
    return Metaspace{field["replacement"].character(U'\u2581'), read_prepend_scheme(field),
                     field["split"].boolean_or(true)};
  if (type == "Punctuation") return Punctuation{read_behavior(field["behavior"], SplitBehavior::Isolated)};
  if (type == "Split")
    return Split{read_pattern(field["pattern"]), read_behavior(field["behavior"], SplitBehavior::Removed),
                 field["invert"].boolean_or(false)};
  if (type == "UnicodeScripts") return UnicodeScripts{};
  if (type == "Whitespace") return Whitespace{};
  if (type == "WhitespaceSplit") return WhitespaceSplit{};
  if (type == "Sequence") return Sequence(read_list<PreTokenizer>(field["pretokenizers"], pre_tokenizer_of));
  field["type"].fail(raven::Message() << "unknown pre-tokenizer `" << type << "`");
}

// ----------------------------------------------------------------------------------------------------- post-processors

post_processors::Special read_special(const Field& field) {
  field.expect(Type::array, "a token and its id");
  if (field.value().size() != 2) field.fail("expected a token and its id");
  post_processors::Special special;
  size_t index = 0;
  field.for_each([&](const Field& element) {
    if (index++ == 0)
      special.first = element.text();
    else
      special.second = uint32_t(element.integer());
  });
  return special;
}

std::vector<post_processors::TemplatePiece> read_template(const Field& field) {
  using post_processors::TemplatePiece;
  if (!field.given()) return {};
  if (field.value().is(Type::string)) return post_processors::TemplateProcessing::parse(field.value().text());
  return read_list<TemplatePiece>(field, [](const Field& piece) {
    const Field sequence = piece["Sequence"], special = piece["SpecialToken"];
    if (sequence.given()) {
      const std::string_view id = sequence["id"].text();
      if (id != "A" && id != "B") sequence["id"].fail(raven::Message() << "got `" << id << "`, expected A or B");
      return TemplatePiece{id == "A" ? TemplatePiece::Kind::sequence_a : TemplatePiece::Kind::sequence_b,
                           {},
                           uint32_t(sequence["type_id"].integer_or(0))};
    }
    if (!special.given()) piece.fail("expected Sequence or SpecialToken");
    return TemplatePiece{TemplatePiece::Kind::special, std::string(special["id"].text()),
                         uint32_t(special["type_id"].integer_or(0))};
  });
}

PostProcessor post_processor_of(const Field& field) {
  using namespace post_processors;
  const std::string type =
      type_of(field, {{"processors", "Sequence"},
                      {"single", "TemplateProcessing"},
                      {"trim_offsets", field.value()["sep"].present() ? "RobertaProcessing" : "ByteLevel"},
                      {"sep", "BertProcessing"}});
  if (type == "BertProcessing") return BertProcessing{read_special(field["sep"]), read_special(field["cls"])};
  if (type == "RobertaProcessing")
    return RobertaProcessing{read_special(field["sep"]), read_special(field["cls"]),
                             field["trim_offsets"].boolean_or(true), field["add_prefix_space"].boolean_or(true)};
  if (type == "ByteLevel")
    return ByteLevel{field["add_prefix_space"].boolean_or(true), field["trim_offsets"].boolean_or(true),
                     field["use_regex"].boolean_or(true)};
  if (type == "TemplateProcessing") {
    for (const std::string_view form : {"single", "pair"})
      if (!field[form].given()) field[form].fail("missing, expected a template");
    TemplateProcessing result{read_template(field["single"]), read_template(field["pair"]), {}};
    const Field specials = field["special_tokens"];
    specials.for_each([&](const Field& special) {
      TemplateSpecial one;
      one.id = special["id"].text_or(special.value().key());
      special["ids"].for_each([&](const Field& id) { one.ids.push_back(uint32_t(id.integer())); });
      special["tokens"].for_each([&](const Field& token) { one.tokens.emplace_back(token.text()); });
      result.special_tokens.push_back(std::move(one));
    });
    try {
      result.check();
    } catch (const Error& error) {
      field.fail(error.what());
    }
    return result;
  }
  if (type == "Sequence") return Sequence(read_list<PostProcessor>(field["processors"], post_processor_of));
  field["type"].fail(raven::Message() << "unknown post-processor `" << type << "`");
}

// ------------------------------------------------------------------------------------------------------------ decoders

Decoder decoder_of(const Field& field) {
  using namespace decoders;
  const std::string type = type_of(field, {{"decoders", "Sequence"},
                                           {"suffix", "BPEDecoder"},
                                           {"prefix", "WordPiece"},
                                           {"word_delimiter_token", "CTC"},
                                           {"replacement", "Metaspace"},
                                           {"pattern", "Replace"},
                                           {"start", "Strip"},
                                           {"trim_offsets", "ByteLevel"}});
  if (type == "BPEDecoder" || type == "BPE") return BPEDecoder{field["suffix"].text_or("</w>")};
  if (type == "ByteLevel")
    return ByteLevel{field["add_prefix_space"].boolean_or(true), field["trim_offsets"].boolean_or(true),
                     field["use_regex"].boolean_or(true)};
  if (type == "ByteFallback") return ByteFallback{};
  if (type == "CTC")
    return CTC{field["pad_token"].text_or("<pad>"), field["word_delimiter_token"].text_or("|"),
               field["cleanup"].boolean_or(true)};
  if (type == "Fuse") return Fuse{};
  if (type == "Metaspace")
    return Metaspace{field["replacement"].character(U'\u2581'), read_prepend_scheme(field),
                     field["split"].boolean_or(true)};
  if (type == "Replace") return Replace{read_pattern(field["pattern"]), std::string(field["content"].text())};
  if (type == "Strip")
    return Strip{field["content"].character(U' '), size_t(field["start"].integer_or(0)),
                 size_t(field["stop"].integer_or(0))};
  if (type == "Spm") {
    Spm result;
    field["controls"].for_each([&](const Field& control) { result.controls.emplace(control.text()); });
    result.unk_piece = field["unk_piece"].text();
    result.unk_surface = field["unk_surface"].text();
    result.bytes = field["bytes"].boolean_or(false);
    result.strip_first = field["strip_first"].boolean_or(true);
    result.strip_all = field["strip_all"].boolean_or(true);
    if (const Field denormalizer = field["denormalizer"]; denormalizer.given())
      result.denormalizer = spm_charsmap_of(denormalizer);
    return result;
  }
  if (type == "WordPiece") return decoders::WordPiece{field["prefix"].text_or("##"), field["cleanup"].boolean_or(true)};
  if (type == "Sequence") return Sequence(read_list<Decoder>(field["decoders"], decoder_of));
  field["type"].fail(raven::Message() << "unknown decoder `" << type << "`");
}

// -------------------------------------------------------------------------------------------------------------- models

/// The tokens and ids of a vocabulary; those that the document keeps as a list are not copied.
class VocabularyField {
 public:
  explicit VocabularyField(const Field& field) {
    field.expect(Type::object, "an object of tokens and ids");
    if (const json::Flat* flat = field.value().flat()) {
      entries_ = flat->numbers;
      for (const auto& [text, id] : entries_)
        if (id == Vocabulary::none) fail_id(Field({}, &field, text));
      return;
    }
    own_.reserve(field.value().size());
    for (const json::Value id : field.value()) {
      const std::string_view digits = id.text();
      uint32_t number = 0;
      const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (!id.is(Type::number) || result.ec != std::errc() || result.ptr != digits.data() + digits.size())
        Field(id, &field, id.key()).integer();  // fails with the reason
      if (number == Vocabulary::none) fail_id(Field(id, &field, id.key()));
      own_.emplace_back(id.key(), number);
    }
    entries_ = own_;
  }
  VocabularyField(const VocabularyField&) = delete;
  VocabularyField& operator=(const VocabularyField&) = delete;
  operator std::span<const Vocabulary::Entry>() const { return entries_; }

 private:
  [[noreturn]] static void fail_id(const Field& token) {
    token.fail(raven::Message() << "got the id " << Vocabulary::none << ", expected at most " << Vocabulary::none - 1,
               ErrorCode::vocabulary);
  }
  TableVector<Vocabulary::Entry> own_;
  std::span<const Vocabulary::Entry> entries_;
};

ModelPtr bpe_of(const Field& field, const TableReader* tables) {
  BpeOptions options;
  if (field["dropout"].given()) options.dropout = float(field["dropout"].number());
  options.unk_token = field["unk_token"].optional_text();
  options.continuing_subword_prefix = field["continuing_subword_prefix"].optional_text();
  options.end_of_word_suffix = field["end_of_word_suffix"].optional_text();
  options.fuse_unk = field["fuse_unk"].boolean_or(false);
  options.byte_fallback = field["byte_fallback"].boolean_or(false);
  options.ignore_merges = field["ignore_merges"].boolean_or(false);
  if (tables) return BPE::read(*tables, std::move(options));
  const Field list = field["merges"];
  TableVector<BPE::MergeView> merges;
  merges.reserve(list.value().size());
  list.expect(Type::array, "a list of merges");
  size_t index = 0;
  const auto add = [&](std::string_view text, auto&& fail) {
    if (text.starts_with("#version")) return;
    const size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos)
      fail(raven::Message() << "merge " << uint64_t(index) << " `" << text << "`: expected two tokens and one space");
    merges.emplace_back(text.substr(0, space), text.substr(space + 1));
  };
  if (const json::Flat* flat = list.value().flat()) {
    if (!flat->pairs.empty()) return BPE::make(VocabularyField(field["vocab"]), flat->pairs, std::move(options));
    for (const std::string_view text : flat->strings) {
      ++index;
      add(text, [&](std::string_view what) { list.fail(what); });
    }
    return BPE::make(VocabularyField(field["vocab"]), merges, std::move(options));
  }
  for (const json::Value merge : list.value()) {
    const auto fail = [&](std::string_view what) {
      const std::string name = std::to_string(index);
      Field(merge, &list, name).fail(what);
    };
    ++index;
    if (merge.is(Type::string)) {
      add(merge.text(), fail);
    } else {
      if (!merge.is(Type::array) || merge.size() != 2) fail("expected a pair of tokens");
      auto part = merge.begin();
      const json::Value left = *part;
      const json::Value right = *++part;
      if (!left.is(Type::string) || !right.is(Type::string)) fail("expected a pair of tokens");
      merges.emplace_back(left.text(), right.text());
    }
  }
  return BPE::make(VocabularyField(field["vocab"]), merges, std::move(options));
}

ModelPtr unigram_of(const Field& field) {
  std::vector<ScoredPiece> pieces;
  const Field vocab = field["vocab"];
  vocab.expect(Type::array, "a list of pieces and scores");
  pieces.reserve(vocab.value().size());
  const Field native = field["native_matchable"];  // of the compiled form
  for (const json::Value entry : vocab.value()) {
    auto part = entry.begin();
    if (!entry.is(Type::array) || entry.size() != 2)
      Field(entry, &vocab, std::to_string(pieces.size())).fail("expected a piece and its score");
    const json::Value piece = *part;
    const json::Value score = *++part;
    if (!piece.is(Type::string) || !score.is(Type::number))
      Field(entry, &vocab, std::to_string(pieces.size())).fail("expected a piece and its score");
    if (native.given())  // the bits of a float
      pieces.emplace_back(std::string(piece.text()),
                          std::bit_cast<float>(uint32_t(Field(score, &vocab, "").integer())));
    else
      pieces.emplace_back(std::string(piece.text()), score.serde_number());
  }
  Unigram::Options options;
  if (field["unk_id"].given()) options.unk_id = size_t(field["unk_id"].integer());
  options.byte_fallback = field["byte_fallback"].boolean_or(false);
  if (native.given()) {
    if (native.text().size() != pieces.size()) native.fail("expected a digit for each piece");
    options.native_matchable.emplace();
    for (const char flag : native.text()) options.native_matchable->push_back(flag == '1');
  }
  return Unigram::make(std::move(pieces), options);
}

ModelPtr model_of(const Field& field, const TableReader* tables);

/// The models that only the compiled form has; null for other types.
ModelPtr spm_model_of(const Field& field, std::string_view type, const TableReader* tables) {
  const auto unknown = [&](size_t size) {
    const Field id = field["unk_id"];
    if (id.given() && id.integer() >= size) id.fail("no such piece");
    return id.given() ? std::optional<uint32_t>(uint32_t(id.integer())) : std::nullopt;
  };
  if (type == "SpmSymbols") {
    const auto symbols =
        read_list<std::string>(field["symbols"], [](const Field& one) { return std::string(one.text()); });
    const Field inner = field["model"];
    inner.expect(Type::object, "an object");
    const std::string_view kind = inner["type"].text();
    if (kind != "BPE" && kind != "SpmUnusedBpe") inner["type"].fail("expected BPE or SpmUnusedBpe");
    return std::make_shared<SpmSymbols>(model_of(inner, tables), symbols);
  }
  if (type == "SpmWords") {
    const VocabularyField vocab(field["vocab"]);
    const std::span<const Vocabulary::Entry> entries = vocab;
    return std::make_shared<SpmWords>(entries, unknown(entries.size()));
  }
  if (type == "SpmUnusedBpe") {
    const Field list = field["pieces"];
    list.expect(Type::array, "a list of pieces");
    std::vector<SpmUnusedBpe::Piece> pieces;
    list.for_each([&](const Field& piece) {
      if (!piece.value().is(Type::array) || piece.value().size() != 3) piece.fail("expected a piece, its rank and use");
      auto part = piece.value().begin();
      const Field text(*part, &piece, "0"), rank(*++part, &piece, "1"), unused(*++part, &piece, "2");
      pieces.push_back({std::string(text.text()), uint32_t(rank.integer()), unused.boolean_or(false)});
    });
    const auto unk = unknown(pieces.size());
    return std::make_shared<SpmUnusedBpe>(std::move(pieces), field["byte_fallback"].boolean_or(false), unk);
  }
  return nullptr;
}

ModelPtr model_of(const Field& field, const TableReader* tables) {
  field.expect(Type::object, "an object");
  std::string type;
  if (field["type"].given()) {
    type = field["type"].text();
  } else if (field["merges"].given()) {
    type = "BPE";
  } else if (field["vocab"].value().is(Type::array)) {
    type = "Unigram";
  } else {
    type = field["max_input_chars_per_word"].given() ? "WordPiece" : "WordLevel";
  }
  if (type == "BPE") return bpe_of(field, tables);
  if (type == "Unigram") return unigram_of(field);
  if (type == "WordPiece")
    return WordPiece::make(VocabularyField(field["vocab"]),
                           {field["unk_token"].text_or("[UNK]"), field["continuing_subword_prefix"].text_or("##"),
                            size_t(field["max_input_chars_per_word"].integer_or(100))});
  if (type == "WordLevel")
    return WordLevel::make(VocabularyField(field["vocab"]), {field["unk_token"].text_or("<unk>")});
  if (type == "Bytes") {
    std::vector<std::string> specials;
    field["specials"].for_each([&](const Field& special) { specials.emplace_back(special.text()); });
    return ByteModel::make(uint32_t(field["offset"].integer_or(0)), specials);
  }
  if (ModelPtr model = spm_model_of(field, type, tables)) return model;
  field["type"].fail(raven::Message() << "unknown model `" << type << "`");
}

// ------------------------------------------------------------------------------------------------------------ the rest

Direction read_direction(const Field& field) {
  if (!field.given() || field.text() == "Right") return Direction::right;
  if (field.text() == "Left") return Direction::left;
  field.fail(raven::Message() << "got `" << field.text() << "`, expected Left or Right");
}

Truncation truncation_of(const Field& field) {
  Truncation result;
  result.max_length = size_t(field["max_length"].integer_or(512, ~uint64_t{0} >> 1));
  result.stride = size_t(field["stride"].integer_or(0));
  result.direction = read_direction(field["direction"]);
  const std::string strategy = field["strategy"].text_or("LongestFirst");
  if (strategy == "OnlyFirst")
    result.strategy = TruncationStrategy::OnlyFirst;
  else if (strategy == "OnlySecond")
    result.strategy = TruncationStrategy::OnlySecond;
  else if (strategy != "LongestFirst")
    field["strategy"].fail(raven::Message() << "unknown strategy `" << strategy << "`");
  return result;
}

Padding padding_of(const Field& field) {
  Padding result;
  const Field strategy = field["strategy"];
  if (strategy.value().is(Type::object))
    result.fixed = size_t(strategy["Fixed"].integer());
  else if (strategy.given() && strategy.text() != "BatchLongest")
    strategy.fail("expected BatchLongest or {\"Fixed\": n}");
  result.direction = read_direction(field["direction"]);
  if (field["pad_to_multiple_of"].given()) result.pad_to_multiple_of = size_t(field["pad_to_multiple_of"].integer());
  result.pad_id = uint32_t(field["pad_id"].integer_or(0));
  result.pad_type_id = uint32_t(field["pad_type_id"].integer_or(0));
  result.pad_token = field["pad_token"].text_or("[PAD]");
  return result;
}

}  // namespace

Normalizer read_normalizer(const json::Value& value) { return normalizer_of(Field(value, nullptr, "")); }
PreTokenizer read_pre_tokenizer(const json::Value& value) { return pre_tokenizer_of(Field(value, nullptr, "")); }
PostProcessor read_post_processor(const json::Value& value) { return post_processor_of(Field(value, nullptr, "")); }
Decoder read_decoder(const json::Value& value) { return decoder_of(Field(value, nullptr, "")); }
ModelPtr read_model(const json::Value& value) { return model_of(Field(value, nullptr, ""), nullptr); }

Tokenizer read_tokenizer(std::string_view text, std::string_view name, LoadOptions options, const TableReader* tables) {
  static constexpr std::string_view flat_keys[] = {"vocab", "merges"};
  const json::Document document = json::Document::parse(text, name, flat_keys);
  Field root(document.root(), nullptr, "");
  root.expect(Type::object, "an object");
  static constexpr std::string_view keys[] = {"version",    "truncation",     "padding",        "added_tokens",
                                              "normalizer", "pre_tokenizer",  "post_processor", "decoder",
                                              "model",      "unicode_profile"};
  if (options.strict)
    root.for_each([&](const Field& member) {
      if (std::find(std::begin(keys), std::end(keys), member.value().key()) == std::end(keys))
        member.fail("unknown key");
    });
  if (const Field version = root["version"]; version.given() && version.text() != "1.0")
    version.fail(raven::Message() << "got version `" << version.text() << "`, expected `1.0`");
  if (const Field profile = root["unicode_profile"]; profile.given()) {
    if (profile.text() != "hf" && profile.text() != "latest")
      profile.fail(raven::Message() << "got `" << profile.text() << "`, expected hf or latest");
    root.set_profile(profile.text() == "latest" ? UnicodeProfile::latest : UnicodeProfile::hf);
  }
  const Field model = root["model"];
  if (!model.given()) model.fail("missing: a tokenizer needs a model");
  Tokenizer tokenizer(model_of(model, tables));
  tokenizer.set_unicode_profile(root.profile());
  if (const Field field = root["normalizer"]; field.given()) tokenizer.set_normalizer(normalizer_of(field));
  if (const Field field = root["pre_tokenizer"]; field.given()) tokenizer.set_pre_tokenizer(pre_tokenizer_of(field));
  if (const Field field = root["post_processor"]; field.given()) tokenizer.set_post_processor(post_processor_of(field));
  if (const Field field = root["decoder"]; field.given()) tokenizer.set_decoder(decoder_of(field));
  std::vector<AddedToken> added;
  std::vector<uint32_t> ids;
  root["added_tokens"].for_each([&](const Field& field) {
    AddedToken token;
    token.content = field["content"].text();
    token.special = field["special"].boolean_or(false);
    token.single_word = field["single_word"].boolean_or(false);
    token.lstrip = field["lstrip"].boolean_or(false);
    token.rstrip = field["rstrip"].boolean_or(false);
    token.normalized = field["normalized"].boolean_or(!token.special);
    ids.push_back(uint32_t(field["id"].integer()));
    added.push_back(std::move(token));
  });
  tokenizer.add_tokens(added);
  for (size_t i = 0; i < added.size(); ++i) {
    const auto id = tokenizer.token_to_id(added[i].content);
    if (id && *id != ids[i])
      raven::warn(raven::Message() << name << ": added token `" << added[i].content << "` has id " << *id
                                   << ", the file says " << ids[i]);
  }
  if (const Field field = root["truncation"]; field.given()) tokenizer.set_truncation(truncation_of(field));
  if (const Field field = root["padding"]; field.given()) tokenizer.set_padding(padding_of(field));
  return tokenizer;
}

}  // namespace brot::files
