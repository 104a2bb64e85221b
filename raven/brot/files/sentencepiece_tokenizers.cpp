// SentencePiece's models as tokenizers: in its own ways, and of HuggingFace's components.
#include <algorithm>
#include <limits>

#include "raven/brot/files/config.hpp"
#include "raven/brot/files/sentencepiece.hpp"
#include "raven/brot/files/spm_models.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/unigram.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

using Type = SentencePieceModel::PieceType;

constexpr std::string_view metaspace = "\xE2\x96\x81";

/// Pieces that were made by hand may be anything.
void check(const SentencePieceModel& model) {
  for (size_t id = 0; id < model.pieces.size(); ++id)
    if (!unicode::is_valid(model.pieces[id].text))
      throw Error(ErrorCode::vocabulary, "brot.SentencePieceModel",
                  raven::Message() << "piece " << id << " is no UTF-8");
}

bool can_merge(const SentencePieceModel::Piece& piece) {
  return piece.type == Type::normal || piece.type == Type::user_defined || piece.type == Type::unused;
}

/// Ranks from scores: the highest score merges first, equal scores from the left.
std::vector<uint32_t> ranks_by_score(const std::vector<SentencePieceModel::Piece>& pieces) {
  std::vector<uint32_t> order;
  for (uint32_t id = 0; id < pieces.size(); ++id)
    if (can_merge(pieces[id])) order.push_back(id);
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

ModelPtr bpe_of(const SentencePieceModel& model, bool unique_ranks) {
  std::vector<Vocabulary::Entry> entries, mergeable;
  for (uint32_t id = 0; id < model.pieces.size(); ++id) {
    const auto& piece = model.pieces[id];
    entries.emplace_back(piece.text, id);
    if (can_merge(piece)) mergeable.emplace_back(piece.text, id);
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

std::vector<std::string> user_defined(const SentencePieceModel& model) {
  std::vector<std::string> symbols;
  for (const auto& piece : model.pieces)
    if (piece.type == Type::user_defined) symbols.push_back(piece.text);
  return symbols;
}

ModelPtr native_unigram(const SentencePieceModel& model) {
  // A user-defined piece always wins: it scores as well as its length in pieces of the best score, nearly.
  float largest = -std::numeric_limits<float>::max(), smallest = std::numeric_limits<float>::max();
  for (const auto& piece : model.pieces) {
    if (piece.type != Type::normal) continue;
    largest = std::max(largest, piece.score);
    smallest = std::min(smallest, piece.score);
  }
  std::vector<ScoredPiece> scored;
  std::vector<uint8_t> matchable;
  for (const auto& piece : model.pieces) {
    const bool user = piece.type == Type::user_defined;
    float score = piece.score;
    if (user) score = float(piece.text.size()) * largest - 0.1f;
    if (piece.type != Type::normal && !user) score = smallest;  // must not lower the score of unknown characters
    scored.emplace_back(piece.text, double(score));
    matchable.push_back((piece.type == Type::normal && !piece.excluded) || user);
  }
  Unigram::Options options;
  if (const auto unk = model.unk_id()) options.unk_id = *unk;
  options.byte_fallback = model.byte_fallback;
  options.native_matchable = std::move(matchable);
  return Unigram::make(std::move(scored), std::move(options));
}

ModelPtr native_bpe(const SentencePieceModel& model) {
  const auto is_unused = [](const auto& piece) { return piece.type == Type::unused || piece.excluded; };
  ModelPtr result;
  if (std::any_of(model.pieces.begin(), model.pieces.end(), is_unused)) {
    const std::vector<uint32_t> ranks = ranks_by_score(model.pieces);
    std::vector<SpmUnusedBpe::Piece> pieces;
    for (size_t id = 0; id < model.pieces.size(); ++id)
      pieces.push_back({model.pieces[id].text, ranks[id], is_unused(model.pieces[id])});
    result = std::make_shared<SpmUnusedBpe>(std::move(pieces), model.byte_fallback, model.unk_id());
  } else {
    result = bpe_of(model, false);
  }
  std::vector<std::string> symbols = user_defined(model);
  return symbols.empty() ? result : std::make_shared<SpmSymbols>(result, std::move(symbols));
}

ModelPtr native_model(const SentencePieceModel& model) {
  using Algorithm = SentencePieceModel::Algorithm;
  if (model.algorithm == Algorithm::unigram) return native_unigram(model);
  if (model.algorithm == Algorithm::bpe) return native_bpe(model);
  std::vector<Vocabulary::Entry> entries;
  for (uint32_t id = 0; id < model.pieces.size(); ++id) entries.emplace_back(model.pieces[id].text, id);
  if (model.algorithm == Algorithm::word) return std::make_shared<SpmWords>(entries, model.unk_id());
  // Characters: BPE that never merges.
  BpeOptions options;
  options.byte_fallback = model.byte_fallback;
  options.fuse_unk = true;
  if (const auto unk = model.unk_id()) options.unk_token = model.pieces[*unk].text;
  return BPE::make_ranked(entries, {}, options);
}

decoders::Spm native_decoder(const SentencePieceModel& model) {
  decoders::Spm decoder;
  for (const auto& piece : model.pieces) {
    if (piece.type == Type::control) decoder.controls.insert(piece.text);
    decoder.bytes = decoder.bytes || piece.type == Type::byte;
  }
  if (const auto unk = model.unk_id()) decoder.unk_piece = model.pieces[*unk].text;
  decoder.unk_surface = model.unk_surface;
  decoder.strip_first = model.normalization.add_dummy_prefix || model.normalization.remove_extra_whitespaces;
  decoder.strip_all = model.normalization.remove_extra_whitespaces;
  if (model.denormalization && !model.denormalization->charsmap.empty()) {
    const auto& rules = *model.denormalization;
    decoder.denormalizer = normalizers::SpmCharsMap{CharsMap(rules.charsmap), rules.add_dummy_prefix,
                                                    rules.remove_extra_whitespaces, rules.escape_whitespaces};
  }
  return decoder;
}

/// The tokens that have a role, where the model has them as such.
TokenizerConfig roles_of(const SentencePieceModel& model) {
  TokenizerConfig config;
  const auto control = [&](const std::string& text) {
    for (const auto& piece : model.pieces)
      if (piece.type == Type::control && piece.text == text) return std::optional<std::string>(text);
    return std::optional<std::string>();
  };
  config.bos_token = control(model.bos_piece);
  config.eos_token = control(model.eos_piece);
  config.pad_token = control(model.pad_piece);
  if (const auto unk = model.unk_id()) config.unk_token = model.pieces[*unk].text;
  return config;
}

Decoder piece_decoder(bool strip) {
  decoders::Sequence chain{decoders::Replace{Pattern::literal(std::string(metaspace)), " "}, decoders::ByteFallback{},
                           decoders::Fuse{}};
  if (strip) chain.decoders.emplace_back(decoders::Strip{U' ', 1, 0});
  return chain;
}

Tokenizer converted_bpe(const SentencePieceModel& model) {
  Tokenizer tokenizer(bpe_of(model, true));
  const bool prefix = model.normalization.add_dummy_prefix;
  normalizers::Sequence chain;
  if (prefix) chain.normalizers.emplace_back(normalizers::Prepend{std::string(metaspace)});
  chain.normalizers.emplace_back(normalizers::Replace{Pattern::literal(" "), std::string(metaspace)});
  tokenizer.set_normalizer(chain);
  tokenizer.set_decoder(piece_decoder(prefix));
  return tokenizer;
}

Tokenizer converted_unigram(const SentencePieceModel& model) {
  std::vector<ScoredPiece> scored;
  for (const auto& piece : model.pieces) scored.emplace_back(piece.text, double(piece.score));
  Unigram::Options options;
  if (const auto unk = model.unk_id()) options.unk_id = *unk;
  options.byte_fallback = model.byte_fallback;
  Tokenizer tokenizer(Unigram::make(std::move(scored), std::move(options)));
  normalizers::Sequence chain;
  if (!model.normalization.charsmap.empty())
    chain.normalizers.emplace_back(normalizers::Precompiled{CharsMap(model.normalization.charsmap)});
  chain.normalizers.emplace_back(normalizers::Strip{false, true});
  chain.normalizers.emplace_back(normalizers::Replace{Pattern::regex(" {2,}"), std::string(metaspace)});
  tokenizer.set_normalizer(chain);
  const bool prefix = model.normalization.add_dummy_prefix;
  const PrependScheme scheme = prefix ? PrependScheme::always : PrependScheme::never;
  tokenizer.set_pre_tokenizer(pre_tokenizers::Metaspace{.prepend_scheme = scheme});
  tokenizer.set_decoder(model.byte_fallback ? piece_decoder(prefix)
                                            : Decoder(decoders::Metaspace{.prepend_scheme = scheme}));
  return tokenizer;
}

}  // namespace

Tokenizer SentencePieceModel::native() const {
  check(*this);
  Tokenizer tokenizer(native_model(*this));
  tokenizer.set_normalizer(normalizers::SpmCharsMap{
      CharsMap(normalization.charsmap), normalization.add_dummy_prefix, normalization.remove_extra_whitespaces,
      normalization.escape_whitespaces, treat_whitespace_as_suffix, KeptTexts(user_defined(*this))});
  tokenizer.set_decoder(native_decoder(*this));
  tokenizer.set_config(roles_of(*this));
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
  if (algorithm != Algorithm::bpe && algorithm != Algorithm::unigram)
    throw Error(ErrorCode::unsupported, "brot.SentencePieceModel.convert",
                "only unigram and bpe models have a counterpart; use native()");
  check(*this);
  Tokenizer tokenizer = algorithm == Algorithm::bpe ? converted_bpe(*this) : converted_unigram(*this);
  std::vector<AddedToken> added;
  for (const Piece& piece : pieces) {
    if (piece.type != PieceType::control && piece.type != PieceType::unknown && piece.type != PieceType::user_defined)
      continue;
    added.emplace_back(piece.text, piece.type != PieceType::user_defined);
    added.back().normalized = false;
  }
  tokenizer.add_tokens(added);
  tokenizer.set_config(roles_of(*this));
  return tokenizer;
}

}  // namespace brot
