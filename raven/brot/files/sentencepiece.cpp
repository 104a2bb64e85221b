#include "raven/brot/files/sentencepiece.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <unordered_set>

#include "raven/base/file.hpp"
#include "raven/brot/files/config.hpp"
#include "raven/brot/files/unused_pieces.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/unigram.hpp"
#include "raven/brot/models/word_models.hpp"

namespace brot {

namespace {

constexpr std::string_view metaspace = "\xE2\x96\x81";

/// Fields of a protocol buffer, one after the other.
class Reader {
 public:
  Reader(std::string_view bytes, std::string_view name, uint64_t base) : bytes_(bytes), name_(name), base_(base) {}
  struct Field {
    uint32_t number;
    uint32_t wire;           // 0 varint, 1 eight bytes, 2 bytes, 5 four bytes
    uint64_t value;          // of numbers
    std::string_view bytes;  // of strings and messages
    uint64_t offset;         // of `bytes`
  };
  bool next(Field& field) {
    if (at_ == bytes_.size()) return false;
    const uint64_t key = varint();
    field = {uint32_t(key >> 3), uint32_t(key & 7), 0, {}, 0};
    if (field.number == 0 || key >> 3 > 0x1FFFFFFF) fail("a field has no number");
    switch (field.wire) {
      case 0: field.value = varint(); break;
      case 1: field.value = fixed(8); break;
      case 5: field.value = fixed(4); break;
      case 2: {
        const uint64_t size = varint();
        if (size > bytes_.size() - at_) fail("a field is longer than the file");
        field.offset = base_ + at_;
        field.bytes = bytes_.substr(at_, size_t(size));
        at_ += size_t(size);
        break;
      }
      default: fail("unknown kind of field");
    }
    return true;
  }
  Reader message(const Field& field) const {
    if (field.wire != 2) fail("expected a message");
    return Reader(field.bytes, name_, field.offset);
  }
  std::string text(const Field& field) const {
    if (field.wire != 2) fail("expected a text");
    return std::string(field.bytes);
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorCode::format, "brot.SentencePieceModel", raven::Message() << name_ << ": " << what,
                raven::Message() << "byte " << base_ + at_);
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == bytes_.size()) fail("the file ends inside a number");
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= uint64_t(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    fail("a number is longer than ten bytes");
  }
  uint64_t fixed(size_t size) {
    if (bytes_.size() - at_ < size) fail("the file ends inside a number");
    uint64_t value = 0;
    std::memcpy(&value, bytes_.data() + at_, size);
    at_ += size;
    return value;
  }
  std::string_view bytes_, name_;
  uint64_t base_;
  size_t at_ = 0;
};

float float_of(uint64_t bits) {
  const auto word = uint32_t(bits);
  float value;
  std::memcpy(&value, &word, 4);
  return value;
}

SentencePieceModel::Piece read_piece(Reader reader) {
  SentencePieceModel::Piece piece;
  Reader::Field field;
  while (reader.next(field)) {
    if (field.number == 1) piece.text = reader.text(field);
    if (field.number == 2) piece.score = float_of(field.value);
    if (field.number == 3 && field.value >= 1 && field.value <= 6)
      piece.type = SentencePieceModel::PieceType(field.value);
  }
  return piece;
}

using Type = SentencePieceModel::PieceType;

/// Ranks from scores: the highest score merges first, equal scores from the left.
std::vector<uint32_t> ranks_by_score(const std::vector<SentencePieceModel::Piece>& pieces) {
  std::vector<uint32_t> order;
  for (uint32_t id = 0; id < pieces.size(); ++id)
    if (pieces[id].type == Type::normal || pieces[id].type == Type::user_defined || pieces[id].type == Type::unused)
      order.push_back(id);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return pieces[a].score != pieces[b].score ? pieces[a].score > pieces[b].score : a < b;
  });
  std::vector<uint32_t> ranks(pieces.size(), Vocabulary::none);
  uint32_t rank = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && pieces[order[i]].score != pieces[order[i - 1]].score) ++rank;
    ranks[order[i]] = rank;
  }
  return ranks;
}

std::shared_ptr<const BPE> bpe_of(const SentencePieceModel& model, bool unique_ranks) {
  std::vector<Vocabulary::Entry> entries, mergeable;
  for (uint32_t id = 0; id < model.pieces.size(); ++id) {
    const auto& piece = model.pieces[id];
    entries.emplace_back(piece.text, id);
    if (piece.type == Type::normal || piece.type == Type::user_defined || piece.type == Type::unused)
      mergeable.emplace_back(piece.text, id);
  }
  const std::vector<uint32_t> ranks = ranks_by_score(model.pieces);
  auto merges = BPE::derive_merges(Vocabulary::build(mergeable), &ranks);
  if (unique_ranks)  // transformers numbers them by score, then by the parts' ids
    std::sort(merges.begin(), merges.end(), [](const auto& a, const auto& b) {
      return a.rank != b.rank ? a.rank < b.rank : a.left != b.left ? a.left < b.left : a.right < b.right;
    });
  if (unique_ranks)
    for (uint32_t i = 0; i < merges.size(); ++i) merges[i].rank = i;
  BpeOptions options;
  options.byte_fallback = model.byte_fallback;
  options.fuse_unk = true;
  if (const auto unk = model.unk_id()) options.unk_token = model.pieces[*unk].text;
  return BPE::make_ranked(entries, merges, options);
}

Decoder piece_decoder(bool strip) {
  decoders::Sequence chain{decoders::Replace{Pattern::literal(std::string(metaspace)), " "}, decoders::ByteFallback{},
                           decoders::Fuse{}};
  if (strip) chain.decoders.emplace_back(decoders::Strip{U' ', 1, 0});
  return chain;
}

/// A model around user-defined symbols, which stay whole.
class AroundSymbols final : public Model {
 public:
  AroundSymbols(ModelPtr inner, const std::vector<std::pair<std::string, uint32_t>>& symbols)
      : inner_(std::move(inner)), bpe_(dynamic_cast<const BPE*>(inner_.get())) {
    vocabulary_ = inner_->vocabulary();
    matcher_.build(symbols);
  }
  ModelType type() const noexcept override { return ModelType::custom; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override {
    size_t open = 0;
    for (auto match = matcher_.find(piece, 0); match; match = matcher_.find(piece, match->end)) {
      if (open < match->begin) tokenize_gap(piece.substr(open, match->begin - open), base + uint32_t(open), sink);
      sink.add(match->value, base + uint32_t(match->begin), base + uint32_t(match->end));
      open = match->end;
    }
    if (open < piece.size()) tokenize_gap(piece.substr(open), base + uint32_t(open), sink);
  }

 private:
  void tokenize_gap(std::string_view piece, uint32_t base, TokenSink& sink) const {
    if (bpe_)
      bpe_->tokenize_metaspace(piece, base, sink);
    else
      inner_->tokenize(piece, base, sink);
  }
  ModelPtr inner_;
  const BPE* bpe_;  // `inner_`, when it is one
  TokenMatcher matcher_;
};

/// Whole words, each with the ▁ before it; unknown neighbours are one token.
class Words final : public Model {
 public:
  Words(const SentencePieceModel& model) : unknown_(model.unk_id()) {
    std::vector<Vocabulary::Entry> entries;
    for (uint32_t id = 0; id < model.pieces.size(); ++id) entries.emplace_back(model.pieces[id].text, id);
    vocabulary_ = Vocabulary::build(entries);
  }
  ModelType type() const noexcept override { return ModelType::custom; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override {
    bool after_unknown = false;
    for (size_t begin = 0; begin < piece.size();) {
      const size_t end = std::min(piece.find(metaspace, begin + 1), piece.size());
      uint32_t id = vocabulary_.find(piece.substr(begin, end - begin));
      const bool unknown = id == Vocabulary::none;
      if (unknown && !unknown_)
        throw Error(ErrorCode::unknown_token, "brot.SentencePieceModel",
                    "a word is unknown and there is no unknown piece");
      if (unknown) id = *unknown_;
      if (unknown && after_unknown) {
        if (sink.want_spans) sink.spans.back().end = base + uint32_t(end);
      } else {
        sink.add(id, base + uint32_t(begin), base + uint32_t(end));
      }
      after_unknown = unknown;
      begin = end;
    }
  }

 private:
  std::optional<uint32_t> unknown_;
};

std::vector<AddedToken> control_tokens(const SentencePieceModel& model) {
  std::vector<AddedToken> added;
  for (const auto& piece : model.pieces)
    if (piece.type == Type::control || piece.type == Type::unknown) added.emplace_back(piece.text, true);
  return added;
}

}  // namespace

SentencePieceModel SentencePieceModel::parse(std::string_view bytes, std::string_view name) {
  SentencePieceModel model;
  Reader reader(bytes, name, 0);
  Reader::Field field;
  while (reader.next(field)) {
    if (field.number == 1) model.pieces.push_back(read_piece(reader.message(field)));
    if (field.number == 2) {
      Reader trainer = reader.message(field);
      Reader::Field option;
      while (trainer.next(option)) {
        if (option.number == 3 && option.value >= 1 && option.value <= 4) model.algorithm = Algorithm(option.value);
        if (option.number == 24) model.treat_whitespace_as_suffix = option.value != 0;
        if (option.number == 35) model.byte_fallback = option.value != 0;
      }
    }
    if (field.number == 3) {
      Reader normalizer = reader.message(field);
      Reader::Field option;
      while (normalizer.next(option)) {
        if (option.number == 2) model.charsmap = normalizer.text(option);
        if (option.number == 3) model.add_dummy_prefix = option.value != 0;
        if (option.number == 4) model.remove_extra_whitespaces = option.value != 0;
        if (option.number == 5) model.escape_whitespaces = option.value != 0;
      }
    }
    if (field.number == 4) {
      Reader tests = reader.message(field);
      Reader::Field sample;
      while (tests.next(sample)) {
        if (sample.number != 1) continue;
        Reader parts = tests.message(sample);
        Reader::Field part;
        auto& test = model.self_test.emplace_back();
        while (parts.next(part)) {
          if (part.number == 1) test.first = parts.text(part);
          if (part.number == 2) test.second = parts.text(part);
        }
      }
    }
  }
  if (model.pieces.empty())
    throw Error(ErrorCode::format, "brot.SentencePieceModel", raven::Message() << name << ": no pieces in the file",
                "byte 0");
  return model;
}

SentencePieceModel SentencePieceModel::from_file(const std::string& path) {
  const raven::MappedFile file(path, "brot.SentencePieceModel.from_file");
  return parse(file.text(), path);
}

void SentencePieceModel::set_vocabulary(const std::vector<std::string>& texts) {
  if (algorithm != Algorithm::unigram && algorithm != Algorithm::bpe)
    throw Error(ErrorCode::unsupported, "brot.SentencePieceModel.set_vocabulary",
                "only unigram and bpe models can be restricted");
  const std::unordered_set<std::string_view> kept(texts.begin(), texts.end());
  for (Piece& piece : pieces) {
    if (piece.type != PieceType::normal && piece.type != PieceType::unused) continue;
    const bool character =
        !piece.text.empty() && unicode::length_of_lead(static_cast<unsigned char>(piece.text[0])) == piece.text.size();
    piece.excluded = !character && !kept.contains(piece.text);
    if (!piece.excluded) piece.type = PieceType::normal;
  }
}

void SentencePieceModel::load_vocabulary(const std::string& path, int64_t threshold) {
  const std::string source = raven::read_file(path, "brot.SentencePieceModel.load_vocabulary");
  std::vector<std::string> texts;
  std::string_view lines = source;
  for (size_t number = 1; !lines.empty(); ++number) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const size_t tab = line.find('\t');
    int64_t count = 1;
    if (tab != std::string_view::npos) {
      const std::string_view digits = line.substr(tab + 1);
      const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), count);
      if (digits.empty() || result.ec != std::errc() || result.ptr != digits.data() + digits.size())
        throw Error(
            ErrorCode::format, "brot.SentencePieceModel.load_vocabulary",
            raven::Message() << path << ": got `" << line.substr(0, 60) << "`, expected a piece, a tab and a count",
            raven::Message() << "line " << uint64_t(number));
    }
    if (count >= threshold) texts.emplace_back(line.substr(0, tab));
  }
  set_vocabulary(texts);
}

void SentencePieceModel::reset_vocabulary() {
  for (Piece& piece : pieces) piece.excluded = false;
}

std::optional<uint32_t> SentencePieceModel::unk_id() const {
  for (uint32_t id = 0; id < pieces.size(); ++id)
    if (pieces[id].type == PieceType::unknown) return id;
  return std::nullopt;
}

Tokenizer SentencePieceModel::native() const {
  ModelPtr model;
  if (algorithm == Algorithm::unigram) {
    // A user-defined piece always wins: it scores as well as its length in pieces of the best score, nearly.
    float largest = -std::numeric_limits<float>::max(), smallest = std::numeric_limits<float>::max();
    for (const Piece& piece : pieces) {
      if (piece.type != PieceType::normal) continue;
      largest = std::max(largest, piece.score);
      smallest = std::min(smallest, piece.score);
    }
    std::vector<ScoredPiece> scored;
    std::vector<uint8_t> matchable;
    for (const Piece& piece : pieces) {
      const bool user = piece.type == PieceType::user_defined;
      float score = piece.score;
      if (user) score = float(piece.text.size()) * largest - 0.1f;
      if (piece.type != PieceType::normal && !user) score = smallest;  // must not lower the score of unknown characters
      scored.emplace_back(piece.text, double(score));
      matchable.push_back((piece.type == PieceType::normal && !piece.excluded) || user);
    }
    Unigram::Options options;
    if (const auto unk = unk_id()) options.unk_id = *unk;
    options.byte_fallback = byte_fallback;
    options.native_matchable = std::move(matchable);
    model = Unigram::make(std::move(scored), std::move(options));
  } else if (algorithm == Algorithm::bpe) {
    std::vector<std::pair<std::string, uint32_t>> symbols;
    for (uint32_t id = 0; id < pieces.size(); ++id)
      if (pieces[id].type == PieceType::user_defined) symbols.emplace_back(pieces[id].text, id);
    const bool has_unused = std::any_of(pieces.begin(), pieces.end(), [](const Piece& piece) {
      return piece.type == PieceType::unused || piece.excluded;
    });
    if (has_unused)
      model = std::make_shared<UnusedPiecesBpe>(*this, ranks_by_score(pieces));
    else
      model = bpe_of(*this, false);
    if (!symbols.empty()) model = std::make_shared<AroundSymbols>(model, symbols);
  } else if (algorithm == Algorithm::word) {
    model = std::make_shared<Words>(*this);
  } else {
    // Characters: BPE that never merges.
    std::vector<Vocabulary::Entry> entries;
    for (uint32_t id = 0; id < pieces.size(); ++id) entries.emplace_back(pieces[id].text, id);
    BpeOptions options;
    options.byte_fallback = byte_fallback;
    options.fuse_unk = true;
    if (const auto unk = unk_id()) options.unk_token = pieces[*unk].text;
    model = BPE::make_ranked(entries, {}, options);
  }
  Tokenizer tokenizer(std::move(model));
  tokenizer.set_normalizer(normalizers::SpmCharsMap{CharsMap(charsmap), add_dummy_prefix, remove_extra_whitespaces,
                                                    escape_whitespaces, treat_whitespace_as_suffix});
  tokenizer.set_decoder(piece_decoder(add_dummy_prefix));
  for (const auto& [input, expected] : self_test) {
    std::string found;
    const Encoding encoding = tokenizer.encode(input, {.add_special_tokens = false});
    for (const std::string_view token : encoding.tokens()) found.append(found.empty() ? "" : " ").append(token);
    if (found != expected)
      throw Error(ErrorCode::vocabulary, "brot.SentencePieceModel.native",
                  raven::Message() << "the file's self test fails for `" << input << "`: got `" << found
                                   << "`, expected `" << expected << "`");
  }
  return tokenizer;
}

Tokenizer SentencePieceModel::convert() const {
  if (algorithm == Algorithm::bpe) {
    Tokenizer tokenizer(bpe_of(*this, true));
    normalizers::Sequence chain;
    if (add_dummy_prefix) chain.normalizers.emplace_back(normalizers::Prepend{std::string(metaspace)});
    chain.normalizers.emplace_back(normalizers::Replace{Pattern::literal(" "), std::string(metaspace)});
    tokenizer.set_normalizer(chain);
    tokenizer.set_decoder(piece_decoder(add_dummy_prefix));
    tokenizer.add_special_tokens(control_tokens(*this));
    return tokenizer;
  }
  if (algorithm != Algorithm::unigram)
    throw Error(ErrorCode::unsupported, "brot.SentencePieceModel.convert",
                "only unigram and bpe models have a counterpart; use native()");
  std::vector<ScoredPiece> scored;
  for (const Piece& piece : pieces) scored.emplace_back(piece.text, double(piece.score));
  Unigram::Options options;
  if (const auto unk = unk_id()) options.unk_id = *unk;
  options.byte_fallback = byte_fallback;
  Tokenizer tokenizer(Unigram::make(std::move(scored), std::move(options)));
  normalizers::Sequence chain;
  if (!charsmap.empty()) chain.normalizers.emplace_back(normalizers::Precompiled{CharsMap(charsmap)});
  if (remove_extra_whitespaces) chain.normalizers.emplace_back(normalizers::Strip{false, true});
  chain.normalizers.emplace_back(normalizers::Replace{Pattern::regex(" {2,}"), std::string(metaspace)});
  tokenizer.set_normalizer(chain);
  const PrependScheme scheme = add_dummy_prefix ? PrependScheme::always : PrependScheme::never;
  tokenizer.set_pre_tokenizer(pre_tokenizers::Metaspace{.prepend_scheme = scheme});
  tokenizer.set_decoder(byte_fallback ? piece_decoder(add_dummy_prefix)
                                      : Decoder(decoders::Metaspace{.prepend_scheme = scheme}));
  tokenizer.add_special_tokens(control_tokens(*this));
  return tokenizer;
}

// ---------------------------------------------------------------------------------------------------------------- GGUF

namespace {

constexpr std::string_view gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view llama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view o200k =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Names of `tokenizer.ggml.pre` and their patterns.
constexpr std::pair<std::string_view, std::string_view> patterns[] = {
    {"", gpt2},           {"default", gpt2},           {"gpt-2", gpt2},       {"phi-2", gpt2},  {"llama-bpe", llama3},
    {"llama3", llama3},   {"llama-v3", llama3},        {"smaug-bpe", llama3}, {"dbrx", llama3}, {"qwen2", qwen2},
    {"stablelm2", qwen2}, {"deepseek-r1-qwen", qwen2}, {"gpt-4o", o200k},     {"llama4", o200k}};

}  // namespace

Tokenizer read_gguf_vocabulary(const GgufVocabulary& gguf) {
  const auto fail = [](std::string_view what) { throw Error(ErrorCode::format, "brot.read_gguf_vocabulary", what); };
  const size_t size = gguf.tokens.size();
  if (size == 0) fail("tokenizer.ggml.tokens is empty");
  if (!gguf.token_types.empty() && gguf.token_types.size() != size)
    fail(raven::Message() << "got " << gguf.token_types.size() << " token types for " << size << " tokens");
  if (!gguf.scores.empty() && gguf.scores.size() != size)
    fail(raven::Message() << "got " << gguf.scores.size() << " scores for " << size << " tokens");
  const auto type_of = [&](size_t id) {
    const int32_t type = gguf.token_types.empty() ? 1 : gguf.token_types[id];
    return type >= 1 && type <= 6 ? Type(type) : Type::normal;
  };
  std::optional<Tokenizer> tokenizer;
  if (gguf.model == "gpt2") {
    const auto pattern =
        std::find_if(std::begin(patterns), std::end(patterns), [&](const auto& one) { return one.first == gguf.pre; });
    if (pattern == std::end(patterns)) fail(raven::Message() << "unknown tokenizer.ggml.pre `" << gguf.pre << "`");
    std::vector<Vocabulary::Entry> entries;
    for (uint32_t id = 0; id < size; ++id) entries.emplace_back(gguf.tokens[id], id);
    std::vector<BPE::MergeView> merges;
    for (const std::string& merge : gguf.merges) {
      const size_t space = merge.find(' ', 1);
      if (space == std::string::npos)
        fail(raven::Message() << "merge `" << merge << "`: expected two tokens and a space");
      merges.emplace_back(std::string_view(merge).substr(0, space), std::string_view(merge).substr(space + 1));
    }
    BpeOptions options;
    options.ignore_merges = pattern->second == llama3;
    tokenizer.emplace(BPE::make(entries, merges, options));
    tokenizer->set_pre_tokenizer(pre_tokenizers::Sequence{
        pre_tokenizers::Split{Pattern::regex(std::string(pattern->second)), SplitBehavior::Isolated, false},
        pre_tokenizers::ByteLevel{false, true, false}});
    tokenizer->set_decoder(decoders::ByteLevel{});
  } else if (gguf.model == "llama" || gguf.model == "t5") {
    SentencePieceModel model;
    model.algorithm = gguf.model == "t5" ? SentencePieceModel::Algorithm::unigram : SentencePieceModel::Algorithm::bpe;
    for (size_t id = 0; id < size; ++id) {
      model.pieces.push_back({gguf.tokens[id], gguf.scores.empty() ? 0 : gguf.scores[id], type_of(id)});
      model.byte_fallback = model.byte_fallback || type_of(id) == Type::byte;
    }
    if (!model.unk_id() && gguf.unknown_token_id && *gguf.unknown_token_id < size)
      model.pieces[*gguf.unknown_token_id].type = Type::unknown;
    model.charsmap.assign(gguf.precompiled_charsmap.begin(), gguf.precompiled_charsmap.end());
    model.add_dummy_prefix = gguf.add_space_prefix;
    model.remove_extra_whitespaces = gguf.model == "t5";
    tokenizer.emplace(model.native());
  } else if (gguf.model == "bert") {
    // Words begin with ▁; the pieces inside words are bare.
    std::vector<std::string> texts;
    texts.reserve(size);
    std::vector<Vocabulary::Entry> entries;
    for (size_t id = 0; id < size; ++id) {
      const std::string& token = gguf.tokens[id];
      if (type_of(id) == Type::control || token.starts_with('['))
        texts.push_back(token);
      else
        texts.push_back(token.starts_with(metaspace) ? token.substr(metaspace.size()) : "##" + token);
    }
    for (uint32_t id = 0; id < size; ++id) entries.emplace_back(texts[id], id);
    tokenizer.emplace(WordPiece::make(entries, {}));
    tokenizer->set_normalizer(normalizers::BertNormalizer{});
    tokenizer->set_pre_tokenizer(pre_tokenizers::BertPreTokenizer{});
    tokenizer->set_decoder(decoders::WordPiece{});
  } else {
    fail(raven::Message() << "unknown tokenizer.ggml.model `" << gguf.model << "`");
  }
  std::vector<AddedToken> controls, user;
  for (size_t id = 0; id < size; ++id) {
    if (type_of(id) == Type::control || type_of(id) == Type::unknown) controls.emplace_back(gguf.tokens[id], true);
    if (type_of(id) == Type::user_defined) {
      user.emplace_back(gguf.tokens[id]);
      user.back().normalized = false;
    }
  }
  tokenizer->add_special_tokens(controls);
  tokenizer->add_tokens(user);
  const auto text_of = [&](std::optional<uint32_t> id) {
    return id && *id < size ? std::optional<std::string>(gguf.tokens[*id]) : std::nullopt;
  };
  TokenizerConfig config;
  config.bos_token = text_of(gguf.bos_token_id);
  config.eos_token = text_of(gguf.eos_token_id);
  config.unk_token = text_of(gguf.unknown_token_id);
  config.pad_token = text_of(gguf.padding_token_id);
  config.add_bos_token = gguf.add_bos_token;
  config.add_eos_token = gguf.add_eos_token;
  if (!gguf.chat_template.empty()) config.chat_templates["default"] = gguf.chat_template;
  std::vector<post_processors::TemplatePiece> single, pair;
  std::vector<post_processors::TemplateSpecial> specials;
  using Kind = post_processors::TemplatePiece::Kind;
  const auto special = [&](std::optional<uint32_t> id, uint32_t type, std::vector<post_processors::TemplatePiece>& to) {
    if (!id || *id >= size) return;
    to.push_back({Kind::special, gguf.tokens[*id], type});
    specials.push_back({gguf.tokens[*id], {*id}, {gguf.tokens[*id]}});
  };
  for (const uint32_t side : {0u, 1u}) {
    std::vector<post_processors::TemplatePiece> part;
    if (gguf.add_bos_token) special(gguf.bos_token_id, side, part);
    part.push_back({side == 0 ? Kind::sequence_a : Kind::sequence_b, {}, side});
    if (gguf.add_eos_token) special(gguf.eos_token_id, side, part);
    if (side == 0) single = part;
    pair.insert(pair.end(), part.begin(), part.end());
  }
  if (gguf.add_bos_token || gguf.add_eos_token) {
    std::sort(specials.begin(), specials.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    specials.erase(
        std::unique(specials.begin(), specials.end(), [](const auto& a, const auto& b) { return a.id == b.id; }),
        specials.end());
    tokenizer->set_post_processor(post_processors::TemplateProcessing{single, pair, specials});
  }
  tokenizer->set_config(std::move(config));
  return *tokenizer;
}

}  // namespace brot
