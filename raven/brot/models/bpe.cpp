#include "raven/brot/models/bpe.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <mutex>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "raven/base/thread_pool.hpp"
#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/core/error.hpp"
#include "raven/brot/files/tables.hpp"
#include "raven/brot/models/merge_table.hpp"
#include "raven/brot/models/random.hpp"
#include "raven/brot/models/seams.hpp"
#include "raven/brot/models/thread_cache.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

Model::~Model() = default;

namespace {

constexpr uint32_t none = Vocabulary::none;
constexpr size_t short_limit = 96;  // symbols up to which the linear search for the best pair wins

/// One symbol of a piece that is being merged.
struct Symbol {
  uint32_t id;
  uint32_t length;  // bytes it counts for in offsets
};

/// Work space of one thread; vectors keep their capacity.
struct Scratch {
  std::vector<Symbol> symbols;
  std::vector<uint64_t> dead;
  std::vector<uint32_t> found;
  struct Candidate {
    uint32_t rank, position, left, right, id;
  };
  std::vector<Candidate> heap, skipped;
  std::vector<int32_t> previous, next;
};

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  return scratch;
}

/// What becomes of two neighbours: (rank, id), or `none` twice.
struct Outcome {
  uint32_t rank = none, id = none;
};

/// Merges as a list of pairs.
struct PairsOfIds {
  const MergeTable& merges;
  const std::vector<Symbol>& symbols;
  Outcome operator()(size_t left, size_t right) const {
    const MergeTable::Merge* merge = merges.find(symbols[left].id, symbols[right].id);
    return merge ? Outcome{merge->rank, merge->id} : Outcome{};
  }
};

/// tiktoken's rule: neighbours whose text together is a token; its id is the rank. Symbols stand where their first
/// byte does.
struct PairsOfText {
  const Vocabulary& tokens;
  const HashFilter& filter;
  const char* text;
  const std::vector<Symbol>& symbols;
  Outcome operator()(size_t left, size_t right) const {
    const std::string_view both(text + left, right + symbols[right].length - left);
    const uint64_t hash = hash_bytes(both);
    if (!filter.may_have(hash)) return {};
    const uint32_t id = tokens.find(both, hash);
    return {id, id};
  }
};

}  // namespace

struct BPE::Impl {
  uint64_t generation = next_model_generation();
  mutable MergeTable merges;  // with `by_text` derived when it is asked for
  uint32_t unknown = none;    // id of unk_token
  uint32_t ascii[128];        // ids of plain ASCII characters
  uint32_t byte_tokens[256];  // ids of <0xHH>
  bool decorated = false;     // prefix or suffix in use
  Table<uint32_t> lengths;    // bytes of each token's text

  // ByteLevel: the vocabulary mapped back to bytes.
  bool byte_level = false;
  uint32_t bytes[256];
  // Any two neighbours whose bytes together are in `byte_vocabulary` are merged, that of the smallest id first.
  bool by_text = false;
  mutable HashFilter text_filter;
  mutable std::once_flag merges_once;

  // Built when the first piece needs them.
  mutable std::once_flag once;
  mutable Table<uint32_t> byte_lengths;
  mutable Vocabulary byte_vocabulary;
  mutable std::once_flag effective_once;
  mutable EffectiveMerges effective;
  mutable bool wholes = false;  // what follows is there
  mutable bool backtracking = false;
  mutable bool cut_before_metaspace[256] = {};
  mutable bool cuttable = false;
  mutable std::once_flag trie_once;
  mutable std::atomic<bool> trie_built{false};
  mutable std::atomic<uint64_t> long_bytes{0};  // of long pieces that were encoded without it
  mutable TokenTrie trie;
  mutable std::once_flag seams_once;
  mutable std::atomic<bool> seams_built{false};
  mutable std::atomic<uint64_t> wide_bytes{0};  // of 0x80 and above that were merged without them
  mutable Seams seams;

  void prepare(const BPE& model) const;
  bool has_wholes(const BPE& model) const {
    return !decorated && !lengths.empty() && model.options_.dropout.value_or(0) <= 0;
  }
  const EffectiveMerges& effective_merges(const BPE& model) const;
  const TokenTrie& token_trie(const BPE& model) const;
  bool backtrack(const BPE& model, std::string_view piece, Scratch& scratch) const;
  void map_to_bytes(const Vocabulary& words) const;
  const MergeTable& merge_table() const;
  const Seams* seams_for(std::string_view piece) const;
  void merge_bytes(const BPE& model, std::string_view piece, Scratch& scratch) const;
  bool start_symbols(const BPE& model, std::string_view piece, std::vector<Symbol>& symbols) const;
};

BPE::BPE() : impl_(std::make_unique<Impl>()) {}
BPE::~BPE() = default;

// ------------------------------------------------------------------------------------------------------ construction

BPE::Builder& BPE::Builder::vocab(std::vector<std::pair<std::string, uint32_t>> vocab) {
  vocab_ = std::move(vocab);
  return *this;
}
BPE::Builder& BPE::Builder::merges(std::vector<Merge> merges) {
  merges_ = std::move(merges);
  return *this;
}
BPE::Builder& BPE::Builder::options(BpeOptions options) {
  options_ = std::move(options);
  return *this;
}
BPE::Builder& BPE::Builder::unk_token(std::string token) {
  options_.unk_token = std::move(token);
  return *this;
}
BPE::Builder& BPE::Builder::dropout(float probability) {
  options_.dropout = probability;
  return *this;
}
BPE::Builder& BPE::Builder::continuing_subword_prefix(std::string prefix) {
  options_.continuing_subword_prefix = std::move(prefix);
  return *this;
}
BPE::Builder& BPE::Builder::end_of_word_suffix(std::string suffix) {
  options_.end_of_word_suffix = std::move(suffix);
  return *this;
}
BPE::Builder& BPE::Builder::fuse_unk(bool value) {
  options_.fuse_unk = value;
  return *this;
}
BPE::Builder& BPE::Builder::byte_fallback(bool value) {
  options_.byte_fallback = value;
  return *this;
}
BPE::Builder& BPE::Builder::ignore_merges(bool value) {
  options_.ignore_merges = value;
  return *this;
}
BPE::Builder& BPE::Builder::cache_capacity(size_t pieces) {
  options_.cache_capacity = pieces;
  return *this;
}
std::shared_ptr<const BPE> BPE::Builder::build() const {
  std::vector<Vocabulary::Entry> entries(vocab_.begin(), vocab_.end());
  std::vector<MergeView> merges(merges_.begin(), merges_.end());
  const auto model = make(entries, merges, options_);
  model->vocabulary().expect_utf8("brot.BPE");
  return model;
}

namespace {

std::string_view without_prefix(std::string_view token, size_t prefix) {
  return token.size() >= prefix ? token.substr(prefix) : std::string_view();
}

// Writes the merges [begin, end) as ids. The first one that names a token the vocabulary lacks, or merges.size().
size_t look_up_merges(const Vocabulary& words, std::span<const BPE::MergeView> merges, size_t begin, size_t end,
                      size_t prefix, std::span<BPE::RankedMerge> out) {
  // The vocabulary exceeds the caches: hashes are worked out some merges ahead, so that what the lookup reads one after
  // the other is on its way: the slot, then the place of the text, then the text.
  constexpr size_t ahead = 32;
  struct Hashes {
    uint64_t left, right;
  } hashes[ahead] = {};
  const auto announce = [&](size_t rank) {
    Hashes& next = hashes[rank % ahead];
    next = {hash_bytes(merges[rank].first), hash_bytes(merges[rank].second)};
    words.prefetch_slot(next.left);
    words.prefetch_slot(next.right);
  };
  for (size_t rank = begin; rank < std::min(begin + ahead, end); ++rank) announce(rank);
  uint32_t expected = 0;  // merged tokens mostly stand in the order of their merges
  std::string joined;
  for (size_t rank = begin; rank < end; ++rank) {
    const auto [left, right] = merges[rank];
    const Hashes hash = hashes[rank % ahead];
    if (rank + ahead < end) announce(rank + ahead);
    const Hashes later = hashes[(rank + 20) % ahead], soon = hashes[(rank + 10) % ahead];
    words.prefetch_place(later.left);
    words.prefetch_place(later.right);
    words.prefetch_text(soon.left);
    words.prefetch_text(soon.right);
    const uint32_t a = words.find(left, hash.left), b = words.find(right, hash.right);
    const std::string_view tail = without_prefix(right, prefix), guess = words.text(expected);
    uint32_t id = expected;
    if (!guess.data() || guess.size() != left.size() + tail.size() || !guess.starts_with(left) ||
        !guess.ends_with(tail)) {
      joined.assign(left);
      joined.append(tail);
      id = words.find(joined);
    }
    if (a == none || b == none || id == none) return rank;
    expected = id + 1;
    out[rank] = {a, b, uint32_t(rank), id};
  }
  return merges.size();
}

}  // namespace

std::shared_ptr<const BPE> BPE::make(std::span<const Vocabulary::Entry> vocab, std::span<const MergeView> merges,
                                     BpeOptions options) {
  if (options.dropout && !(*options.dropout >= 0 && *options.dropout <= 1))
    throw Error(
        ErrorCode::argument, "brot.BPE",
        raven::Message() << "dropout: got " << double(*options.dropout) << ", expected a probability in [0, 1]");
  std::shared_ptr<BPE> model(new BPE());
  model->vocabulary_ = Vocabulary::build(vocab);
  const Vocabulary& words = model->vocabulary_;
  const std::string prefix = options.continuing_subword_prefix.value_or("");
  model->options_ = std::move(options);

  TableVector<RankedMerge> table(merges.size());
  std::atomic<size_t> first_wrong{merges.size()};
  raven::parallel_for(int64_t(merges.size()), 16384, [&](int64_t begin, int64_t end) {
    const size_t wrong = look_up_merges(words, merges, size_t(begin), size_t(end), prefix.size(), table);
    for (size_t first = first_wrong; wrong < first && !first_wrong.compare_exchange_weak(first, wrong);) {
    }
  });
  if (const size_t rank = first_wrong; rank < merges.size()) {
    const auto [left, right] = merges[rank];
    const std::string joined = std::string(left) + std::string(without_prefix(right, prefix.size()));
    const std::string_view missing = words.find(left) == none ? left : words.find(right) == none ? right : joined;
    throw Error(
        ErrorCode::vocabulary, "brot.BPE",
        raven::Message() << "merge " << uint64_t(rank + 1) << ": token `" << missing << "` is not in the vocabulary");
  }
  return finish(std::move(model), table);
}

std::shared_ptr<const BPE> BPE::make_ranked(std::span<const Vocabulary::Entry> vocab,
                                            std::span<const RankedMerge> merges, BpeOptions options) {
  std::shared_ptr<BPE> model(new BPE());
  model->vocabulary_ = Vocabulary::build(vocab);
  model->options_ = std::move(options);
  return finish(std::move(model), merges);
}

std::vector<BPE::RankedMerge> BPE::derive_merges(const Vocabulary& vocabulary, const std::vector<uint32_t>* ranks,
                                                 bool bytes) {
  std::vector<RankedMerge> merges;
  for (const auto& [text, id] : vocabulary.entries()) {
    if (ranks && (id >= ranks->size() || (*ranks)[id] == none)) continue;
    const uint32_t rank = ranks ? (*ranks)[id] : id;
    for (size_t cut = 1; cut < text.size(); ++cut) {
      if (!bytes && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) continue;
      const uint32_t left = vocabulary.find(text.substr(0, cut));
      if (left == none) continue;
      const uint32_t right = vocabulary.find(text.substr(cut));
      if (right != none) merges.push_back({left, right, rank, id});
    }
  }
  std::sort(merges.begin(), merges.end(), [](const RankedMerge& a, const RankedMerge& b) { return a.rank < b.rank; });
  return merges;
}

std::shared_ptr<const BPE> BPE::make_by_text(Vocabulary::Source tokens, std::span<const Vocabulary::Entry> others,
                                             BpeOptions options) {
  // Printable texts of all tokens, two bytes for a byte at most.
  Vocabulary::Source texts;
  size_t most = tokens.arena.size() * 2;
  for (const auto& [text, id] : others) most += text.size();
  texts.arena.resize(most + Vocabulary::arena_padding);
  texts.texts.reserve(tokens.texts.size() + others.size());
  char* const start = texts.arena.data();
  char* at = start;
  for (size_t i = 0; i < tokens.texts.size(); ++i) {
    const char* const begin = at;
    at = byte_alphabet::write_text(tokens.text(i), at);
    texts.texts.push_back({uint32_t(begin - start), uint32_t(at - begin), tokens.texts[i].id});
  }
  for (const auto& [text, id] : others) {
    texts.texts.push_back({uint32_t(at - start), uint32_t(text.size()), id});
    at = std::copy(text.begin(), text.end(), at);
  }
  texts.arena.resize(size_t(at - start));
  std::shared_ptr<BPE> model(new BPE());
  model->options_ = std::move(options);
  Impl& impl = *model->impl_;
  raven::parallel_for(2, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      if (part == 0) model->vocabulary_ = Vocabulary::build(std::move(texts));
      if (part == 1) impl.byte_vocabulary = Vocabulary::build(std::move(tokens));
    }
  });
  finish(model, {});
  impl.by_text = impl.byte_level;
  if (impl.by_text) return model;
  // Not every byte is a token, so that text may hold what is none.
  const Vocabulary bytes = std::exchange(impl.byte_vocabulary, Vocabulary());
  Vocabulary::Source printable;
  bytes.for_each([&](std::string_view text, uint32_t id) {
    const size_t begin = printable.arena.size();
    printable.arena.resize(begin + 2 * text.size());
    const char* const end = byte_alphabet::write_text(text, printable.arena.data() + begin);
    printable.arena.resize(size_t(end - printable.arena.data()));
    printable.texts.push_back({uint32_t(begin), uint32_t(printable.arena.size() - begin), id});
  });
  impl.merges.build(derive_merges(Vocabulary::build(std::move(printable)), nullptr));
  return model;
}

// Derived from the tokens when saving, or a great deal of long pieces, needs it.
const MergeTable& BPE::Impl::merge_table() const {
  if (by_text)
    std::call_once(merges_once, [&] {
      merges.build(derive_merges(byte_vocabulary, nullptr, true));
      merges.make_filter();
    });
  return merges;
}

std::shared_ptr<const BPE> BPE::finish(std::shared_ptr<BPE> model, std::span<const RankedMerge> merges) {
  Impl& impl = *model->impl_;
  const Vocabulary& words = model->vocabulary_;
  impl.merges.build(merges);
  const bool sparse = words.empty() || size_t{words.max_id()} + 1 > words.size() * 8 + 1024;
  std::vector<uint32_t> lengths(sparse ? 0 : size_t{words.max_id()} + 1, 0);
  words.for_each([&](std::string_view text, uint32_t id) {
    if (id < lengths.size()) lengths[id] = uint32_t(text.size());
  });
  impl.lengths = std::move(lengths);
  model->look_up_symbols();
  return model;
}

void BPE::look_up_symbols() {
  Impl& impl = *impl_;
  const Vocabulary& words = vocabulary_;
  impl.decorated =
      !options_.continuing_subword_prefix.value_or("").empty() || !options_.end_of_word_suffix.value_or("").empty();
  if (options_.unk_token) impl.unknown = words.find(*options_.unk_token);
  for (int c = 0; c < 128; ++c) {
    const char text = char(c);
    impl.ascii[c] = words.find(std::string_view(&text, 1));
  }
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", unsigned(byte));
    impl.byte_tokens[byte] = words.find(text);
  }
  // ByteLevel: only tokens made of printable byte characters can come out of byte-level text.
  impl.byte_level = !impl.decorated && !options_.dropout.value_or(0) && !impl.lengths.empty();
  for (int byte = 0; byte < 256 && impl.byte_level; ++byte) {
    impl.bytes[byte] = words.find(byte_alphabet::text_of(uint8_t(byte)));
    if (impl.bytes[byte] == none) impl.byte_level = false;
  }
}

void BPE::write(TableWriter& out) const {
  const Impl& impl = *impl_;
  impl.prepare(*this);
  vocabulary_.write(out, "vocabulary");
  impl.merge_table().write(out);
  out.add("lengths", impl.lengths);
  if (impl.byte_level) {
    impl.byte_vocabulary.write(out, "bytes");
    out.add("bytes.lengths", impl.byte_lengths);
  }
  if (!impl.wholes) return;
  impl.effective_merges(*this).write(out);
  impl.token_trie(*this).write(out);
  std::vector<uint8_t> cuts(std::begin(impl.cut_before_metaspace), std::end(impl.cut_before_metaspace));
  cuts.push_back(impl.cuttable);
  cuts.push_back(impl.backtracking);
  out.add_copy("cuts", std::move(cuts));
}

std::shared_ptr<const BPE> BPE::read(const TableReader& in, BpeOptions options) {
  std::shared_ptr<BPE> model(new BPE());
  Impl& impl = *model->impl_;
  model->options_ = std::move(options);
  impl.lengths = in.get<uint32_t>("lengths");
  const size_t tokens = impl.lengths.empty() ? size_t{none} : impl.lengths.size();
  // Large tables are checked side by side.
  raven::parallel_for(3, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      if (part == 0) model->vocabulary_ = Vocabulary::read(in, "vocabulary");
      if (part == 1) impl.merges = MergeTable::read(in, tokens);
      if (part == 2 && in.has("bytes.texts")) impl.byte_vocabulary = Vocabulary::read(in, "bytes");
    }
  });
  in.expect(impl.lengths.empty() || tokens == size_t{model->vocabulary_.max_id()} + 1, "lengths");
  model->look_up_symbols();
  std::call_once(impl.once, [&] {
    if (impl.byte_level) {
      impl.byte_lengths = in.get<uint32_t>("bytes.lengths");
      in.expect(
          !impl.byte_vocabulary.empty() && impl.byte_lengths.size() == tokens && impl.byte_vocabulary.max_id() < tokens,
          "bytes.lengths");
    }
    impl.wholes = impl.has_wholes(*model);
    if (!impl.wholes) return;
    std::call_once(impl.effective_once, [&] {
      impl.effective = EffectiveMerges::read(in, impl.merges, impl.byte_level ? impl.byte_lengths : impl.lengths);
    });
    const auto cuts = in.get<uint8_t>("cuts");
    in.expect(cuts.size() == 258, "cuts");
    std::copy(cuts.begin(), cuts.begin() + 256, impl.cut_before_metaspace);
    impl.cuttable = cuts[256];
    impl.backtracking = cuts[257];
    std::call_once(impl.trie_once, [&] { impl.trie = TokenTrie::read(in, impl.effective, tokens); });
    impl.trie_built = true;
  });
  return model;
}

std::shared_ptr<const BPE> BPE::with_dropout(float probability, uint64_t seed) const {
  if (!(probability >= 0 && probability <= 1))
    throw Error(ErrorCode::argument, "brot.BPE.with_dropout",
                raven::Message() << "probability: got " << double(probability) << ", expected 0 to 1");
  std::shared_ptr<BPE> model(new BPE());
  model->options_ = options_;
  model->options_.dropout = probability;
  model->options_.seed = seed;
  model->vocabulary_ = vocabulary_;
  model->impl_->merges = impl_->merge_table();
  model->impl_->lengths = impl_->lengths;
  model->look_up_symbols();
  return model;
}

std::vector<std::pair<uint32_t, uint32_t>> BPE::merges() const {
  std::vector<std::pair<uint32_t, uint32_t>> all;
  for (const MergeTable::Merge& merge : impl_->merge_table().sorted()) all.emplace_back(merge.left, merge.right);
  return all;
}

bool BPE::byte_level() const noexcept { return impl_->byte_level; }

// The vocabulary's texts as the bytes that their printable characters stand for.
void BPE::Impl::map_to_bytes(const Vocabulary& words) const {
  const auto entries = words.entries();
  std::string arena;
  arena.reserve(words.size() * 8);
  struct Place {
    size_t begin, end;
    uint32_t id;
  };
  std::vector<Place> places;
  places.reserve(entries.size());
  std::vector<uint32_t> counted(lengths.size(), 0);
  for (const auto& [text, id] : entries) {
    const size_t begin = arena.size();
    if (!byte_alphabet::append_bytes(text, arena)) {
      arena.resize(begin);
      continue;
    }
    counted[id] = uint32_t(arena.size() - begin);
    places.push_back({begin, arena.size(), id});
  }
  std::vector<Vocabulary::Entry> raw;
  raw.reserve(places.size());
  for (const Place& place : places)
    raw.emplace_back(std::string_view(arena).substr(place.begin, place.end - place.begin), place.id);
  byte_vocabulary = Vocabulary::build(raw);
  byte_lengths = std::move(counted);
}

// What whole tokens look like to the merges; needed for shortcuts only, so it is worked out at the first encode.
void BPE::Impl::prepare(const BPE& model) const {
  std::call_once(once, [&] {
    if (byte_level) {
      if (by_text) {
        std::vector<uint32_t> counted(lengths.size(), 0);
        text_filter.build(byte_vocabulary.size(), [&](auto&& add) {
          byte_vocabulary.for_each([&](std::string_view text, uint32_t id) {
            counted[id] = uint32_t(text.size());
            add(hash_bytes(text));
          });
        });
        byte_lengths = std::move(counted);
      } else {
        map_to_bytes(model.vocabulary_);
      }
    }
    if (!by_text) merges.make_filter();
    wholes = has_wholes(model);
    if (!wholes) return;
    backtracking = true;
    if (!byte_level) {
      // Text is cut before ▁ wherever no token holds that byte before ▁.
      std::fill(std::begin(cut_before_metaspace), std::end(cut_before_metaspace), true);
      static constexpr std::string_view metaspace = "\xE2\x96\x81";
      const EffectiveMerges& whole = effective_merges(model);
      for (const auto& [text, id] : model.vocabulary_.entries()) {
        if (whole.reproduces(id) || model.options_.ignore_merges)
          for (size_t at = text.find(metaspace, 1); at != std::string_view::npos; at = text.find(metaspace, at + 1))
            cut_before_metaspace[static_cast<unsigned char>(text[at - 1])] = false;
      }
      // A run of unknown characters must not cross a cut, nor a merge with a token that stands for one.
      cuttable = !model.options_.ignore_merges && model.vocabulary_.find(metaspace) != none;
      std::vector<bool> stand_ins(lengths.size(), false);
      if (unknown < stand_ins.size()) stand_ins[unknown] = true;
      for (const uint32_t id : byte_tokens)
        if (id != none) stand_ins[id] = true;
      for (const MergeTable::Merge& merge : merges.sorted())
        if (stand_ins[merge.left] || stand_ins[merge.right]) cuttable = backtracking = false;
    }
  });
}

// What the merges make of whole tokens' texts. Not needed for short pieces where these are taken as they are
// (ignore_merges).
const EffectiveMerges& BPE::Impl::effective_merges(const BPE& model) const {
  std::call_once(effective_once, [&] {
    const Vocabulary& words = byte_level ? byte_vocabulary : model.vocabulary_;
    const auto entries = words.entries();
    std::vector<bool> symbols(lengths.size(), false);
    if (byte_level) {
      for (const uint32_t id : bytes) symbols[id] = true;
    } else {
      for (const auto& [text, id] : entries)
        if (!text.empty() && unicode::length_of_lead(static_cast<unsigned char>(text[0])) == text.size())
          symbols[id] = true;
      // Unknown and fallback tokens take the places of characters; merges with them are left to the general path.
      if (unknown != none && unknown < symbols.size()) symbols[unknown] = true;
      if (model.options_.byte_fallback)
        for (const uint32_t id : byte_tokens)
          if (id != none) symbols[id] = true;
    }
    effective.build(merge_table(), symbols, uint32_t(lengths.size() - 1));
  });
  return effective;
}

// Needed for long pieces only, and takes longer to build than all the rest.
const TokenTrie& BPE::Impl::token_trie(const BPE& model) const {
  std::call_once(trie_once, [&] {
    const Vocabulary& words = byte_level ? byte_vocabulary : model.vocabulary_;
    const EffectiveMerges& whole = effective_merges(model);
    std::vector<Vocabulary::Entry> tokens;
    for (const auto& [text, id] : words.entries()) {
      if (!whole.reproduces(id)) continue;
      if (!byte_level && (id == unknown || (text.size() == 6 && byte_tokens[0] != none && text.starts_with("<0x"))))
        continue;
      tokens.emplace_back(text, id);
    }
    trie.build(tokens, uint32_t(lengths.size() - 1));
    trie_built = true;
  });
  return trie;
}

// Encodes a long piece into scratch.found; false when that is left to the heap: as long as there were so few long
// pieces that building the trie would take longer.
bool BPE::Impl::backtrack(const BPE& model, std::string_view piece, Scratch& scratch) const {
  constexpr uint64_t worth_a_trie = 256 << 10;
  if (!trie_built && (long_bytes += piece.size()) < worth_a_trie) return false;
  return encode_backtracking(piece, token_trie(model), effective_merges(model), scratch.dead, scratch.found);
}

// Null as long as there was so little text that looking for seams would cost more than it saves.
const Seams* BPE::Impl::seams_for(std::string_view piece) const {
  constexpr uint64_t worth_seams = 8 << 10;
  if (!seams_built) {
    uint64_t wide = 0;
    for (const char byte : piece) wide += static_cast<unsigned char>(byte) >= 0x80;
    if (wide == 0 || (wide_bytes += wide) < worth_seams) return nullptr;
    std::call_once(seams_once, [&] { seams.build(byte_vocabulary); });
    seams_built = true;
  }
  return &seams;
}

const bool* BPE::cut_before_metaspace() const {
  impl_->prepare(*this);
  return impl_->cuttable ? impl_->cut_before_metaspace : nullptr;
}

// ---------------------------------------------------------------------------------------------------------- merging

namespace {

// Keys order as ranks do, as numbers with a sign: SSE2 compares only those.
constexpr int32_t no_key = std::numeric_limits<int32_t>::max();
int32_t key_of_rank(uint32_t rank) { return int32_t(rank ^ 0x80000000u); }

// The place of the first smallest of `count` keys; `count` is a multiple of 8.
size_t place_of_smallest(const int32_t* keys, size_t count) {
#if defined(__SSE2__)
  const auto load = [&](size_t i) { return _mm_load_si128(reinterpret_cast<const __m128i*>(keys + i)); };
  const auto smaller = [](__m128i a, __m128i b) {
    const __m128i greater = _mm_cmpgt_epi32(a, b);
    return _mm_or_si128(_mm_and_si128(greater, b), _mm_andnot_si128(greater, a));
  };
  __m128i low = load(0), high = load(4);
  for (size_t i = 8; i < count; i += 8) {
    low = smaller(low, load(i));
    high = smaller(high, load(i + 4));
  }
  low = smaller(low, high);
  low = smaller(low, _mm_shuffle_epi32(low, 0x4E));
  low = smaller(low, _mm_shuffle_epi32(low, 0xB1));
  for (size_t i = 0;; i += 4) {
    const int equal = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(load(i), low)));
    if (equal) return i + size_t(std::countr_zero(unsigned(equal)));
  }
#else
  return size_t(std::min_element(keys, keys + count) - keys);
#endif
}

// Short pieces: the keys of all adjacent pairs side by side, each at its left symbol; a scan finds the best one, and a
// merge renews two of them. Symbols stay in their places and are linked.
template <class Pairs>
void merge_short(std::vector<Symbol>& symbols, const Pairs& pairs) {
  const size_t count = symbols.size();
  if (count < 2) return;
  static_assert(short_limit % 8 == 0 && short_limit < 255);
  alignas(16) int32_t keys[short_limit];
  uint32_t merged[short_limit];
  uint8_t next[short_limit], previous[short_limit];
  const auto renew = [&](size_t left, size_t right) {
    const Outcome outcome = pairs(left, right);
    keys[left] = key_of_rank(outcome.rank);
    merged[left] = outcome.id;
  };
  for (size_t i = 0; i + 1 < count; ++i) renew(i, i + 1);
  const size_t padded = (count + 7) & ~size_t{7};
  std::fill(keys + count - 1, keys + padded, no_key);
  for (size_t i = 0; i < count; ++i) {
    next[i] = uint8_t(i + 1);
    previous[i] = uint8_t(i - 1);  // not asked of the first one
  }
  for (size_t left = count; left > 1; --left) {
    const size_t place = place_of_smallest(keys, padded);
    if (keys[place] == no_key) break;
    const size_t gone = next[place], after = next[gone];
    symbols[place].id = merged[place];
    symbols[place].length += symbols[gone].length;
    keys[gone] = no_key;
    next[place] = uint8_t(after);
    if (after < count) {
      previous[after] = uint8_t(place);
      renew(place, after);
    } else {
      keys[place] = no_key;
    }
    if (place > 0) renew(previous[place], place);
  }
  size_t kept = 0;
  for (size_t i = 0; i < count; i = next[i]) symbols[kept++] = symbols[i];
  symbols.resize(kept);
}

// Long pieces, and dropout: a heap of candidate pairs over a linked list. A candidate that no longer fits is passed
// over. `random` is asked with dropout.
template <class Pairs>
void merge_heap(Scratch& scratch, float dropout, Random random, const Pairs& pairs) {
  std::vector<Symbol>& symbols = scratch.symbols;
  const size_t count = symbols.size();
  using Candidate = Scratch::Candidate;
  const auto later = [](const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
  };
  std::vector<Candidate>& heap = scratch.heap;
  heap.clear();
  scratch.skipped.clear();
  scratch.previous.resize(count);
  scratch.next.resize(count);
  for (size_t i = 0; i < count; ++i) {
    scratch.previous[i] = int32_t(i) - 1;
    scratch.next[i] = i + 1 < count ? int32_t(i + 1) : -1;
  }
  const auto candidate = [&](size_t left, size_t right) {
    const Outcome outcome = pairs(left, right);
    if (outcome.rank == none) return false;
    heap.push_back({outcome.rank, uint32_t(left), symbols[left].id, symbols[right].id, outcome.id});
    return true;
  };
  for (size_t i = 0; i + 1 < count; ++i) candidate(i, i + 1);
  std::make_heap(heap.begin(), heap.end(), later);
  constexpr uint32_t gone = none;  // id of a symbol that was merged into its left neighbour
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const Candidate top = heap.back();
    heap.pop_back();
    if (dropout > 0 && random.uniform() < double(dropout)) {
      scratch.skipped.push_back(top);
      continue;
    }
    for (const Candidate& skipped : scratch.skipped) {
      heap.push_back(skipped);
      std::push_heap(heap.begin(), heap.end(), later);
    }
    scratch.skipped.clear();
    Symbol& left = symbols[top.position];
    const int32_t right = scratch.next[top.position];
    if (left.id != top.left || right < 0 || symbols[size_t(right)].id != top.right) continue;
    left.id = top.id;
    left.length += symbols[size_t(right)].length;
    symbols[size_t(right)].id = gone;
    const int32_t after = scratch.next[size_t(right)];
    scratch.next[top.position] = after;
    if (after >= 0) {
      scratch.previous[size_t(after)] = int32_t(top.position);
      if (candidate(top.position, size_t(after))) std::push_heap(heap.begin(), heap.end(), later);
    }
    if (const int32_t before = scratch.previous[top.position]; before >= 0)
      if (candidate(size_t(before), top.position)) std::push_heap(heap.begin(), heap.end(), later);
  }
  std::erase_if(symbols, [&](const Symbol& symbol) { return symbol.id == gone; });
}

template <class Pairs>
void merge_all(Scratch& scratch, const Pairs& pairs) {
  if (scratch.symbols.size() <= short_limit) {
    merge_short(scratch.symbols, pairs);
  } else {
    merge_heap(scratch, 0, Random(0), pairs);
  }
}

}  // namespace

// ------------------------------------------------------------------------------------------------------- byte level

void BPE::tokenize_bytes(std::string_view piece, uint32_t base, const char* readable_end, TokenSink& sink) const {
  const Impl& impl = *impl_;
  const size_t size = piece.size();
  if (size == 0) return;
  const auto emit = [&](const uint32_t* ids, size_t count) {
    sink.ids.insert(sink.ids.end(), ids, ids + count);
    if (!sink.want_spans) return;
    uint32_t at = base;
    for (size_t i = 0; i < count; ++i) {
      const uint32_t length = impl.byte_lengths[ids[i]];
      sink.spans.push_back({at, at + length});
      at += length;
    }
  };
  if (size == 1) {
    sink.add(impl.bytes[static_cast<unsigned char>(piece[0])], base, base + 1);
    return;
  }
  Scratch& scratch = thread_scratch();
  WordCache& cache = thread_word_cache(impl.generation);
  const bool cached = size <= WordCache::max_key && options_.cache_capacity != 0;
  WordCache::Key key;
  if (cached) {
    key = WordCache::key_of(piece.data(), size, readable_end);
    if (const WordCache::Entry* entry = cache.find(key, size)) {
      emit(entry->ids, entry->count);
      return;
    }
  }
  impl.prepare(*this);
  const uint32_t whole = impl.byte_vocabulary.find(piece);
  if (whole != none &&
      (options_.ignore_merges || (impl.backtracking && impl.effective_merges(*this).reproduces(whole)))) {
    emit(&whole, 1);
    if (cached) cache.insert(key, size, &whole, 1);
    return;
  }
  // Parts between seams are merged alone: they are no pieces, which may be taken as they are.
  const auto merge_part = [&](size_t begin, size_t end) {
    const std::string_view part = piece.substr(begin, end - begin);
    if (part.size() == 1) {
      scratch.found.push_back(impl.bytes[static_cast<unsigned char>(part[0])]);
      return;
    }
    const bool kept = part.size() <= WordCache::max_key && options_.cache_capacity != 0;
    WordCache::Key part_key;
    if (kept) {
      part_key = WordCache::key_of(part.data(), part.size(), readable_end);
      if (const WordCache::Entry* entry = cache.find(part_key, part.size(), WordCache::part)) {
        scratch.found.insert(scratch.found.end(), entry->ids, entry->ids + entry->count);
        return;
      }
    }
    const size_t first = scratch.found.size();
    impl.merge_bytes(*this, part, scratch);
    if (kept && scratch.found.size() - first <= WordCache::max_ids)
      cache.insert(part_key, part.size(), scratch.found.data() + first, scratch.found.size() - first, WordCache::part);
  };
  scratch.found.clear();
  if (const Seams* seams = impl.seams_for(piece)) {
    seams->for_each_part(piece, merge_part);
  } else {
    impl.merge_bytes(*this, piece, scratch);
  }
  emit(scratch.found.data(), scratch.found.size());
  if (cached && scratch.found.size() <= WordCache::max_ids)
    cache.insert(key, size, scratch.found.data(), scratch.found.size());
}

// Appends the tokens of bytes to scratch.found.
void BPE::Impl::merge_bytes(const BPE& model, std::string_view piece, Scratch& scratch) const {
  if (piece.size() > short_limit && backtracking && backtrack(model, piece, scratch)) return;
  scratch.symbols.clear();
  for (const char byte : piece) scratch.symbols.push_back({bytes[static_cast<unsigned char>(byte)], 1});
  if (by_text) {
    merge_all(scratch, PairsOfText{byte_vocabulary, text_filter, piece.data(), scratch.symbols});
  } else {
    merge_all(scratch, PairsOfIds{merges, scratch.symbols});
  }
  for (const Symbol& symbol : scratch.symbols) scratch.found.push_back(symbol.id);
}

// ------------------------------------------------------------------------------------------------------- characters

// The first symbols of a piece; true when every one is a plain character of the vocabulary.
bool BPE::Impl::start_symbols(const BPE& model, std::string_view piece, std::vector<Symbol>& symbols) const {
  const BpeOptions& options = model.options_;
  symbols.clear();
  bool plain = true;
  uint32_t pending_length = 0;  // of unknown characters not yet written
  bool pending = false;
  const auto require_unknown = [&] {
    if (unknown == none)
      throw Error(ErrorCode::unknown_token, "brot.BPE",
                  raven::Message() << "the unknown token `" << *options.unk_token << "` is not in the vocabulary");
  };
  std::string decoration;
  const char* at = piece.data();
  const char* const end = at + piece.size();
  while (at != end) {
    const char* const begin = at;
    at += unicode::length_of_lead(static_cast<unsigned char>(*at));
    const uint32_t length = uint32_t(at - begin);
    std::string_view symbol(begin, length);
    if (decorated) {
      decoration.clear();
      if (begin != piece.data() && options.continuing_subword_prefix)
        decoration.append(*options.continuing_subword_prefix);
      decoration.append(symbol);
      if (at == end && options.end_of_word_suffix) decoration.append(*options.end_of_word_suffix);
      symbol = decoration;
    }
    const uint32_t id =
        symbol.size() == 1 ? ascii[static_cast<unsigned char>(symbol[0]) & 127] : model.vocabulary_.find(symbol);
    if (id != none) {
      if (pending) symbols.push_back({unknown, pending_length});
      pending = false;
      symbols.push_back({id, length});
      continue;
    }
    plain = false;
    if (options.byte_fallback) {
      bool all = true;
      for (const char byte : symbol) all = all && byte_tokens[static_cast<unsigned char>(byte)] != none;
      if (all) {
        for (const char byte : symbol) symbols.push_back({byte_tokens[static_cast<unsigned char>(byte)], 1});
        continue;
      }
    }
    if (!options.unk_token) continue;
    require_unknown();
    if (pending && options.fuse_unk) {
      pending_length += length;
    } else {
      if (pending) symbols.push_back({unknown, pending_length});
      pending = true;
      pending_length = length;
    }
  }
  if (pending) symbols.push_back({unknown, pending_length});
  return plain;
}

void BPE::tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const {
  const Impl& impl = *impl_;
  const size_t size = piece.size();
  if (size == 0) return;
  const float dropout = options_.dropout.value_or(0);
  if (dropout == 0 && options_.ignore_merges) {
    if (const uint32_t whole = vocabulary_.find(piece); whole != none) {
      sink.add(whole, base, base + uint32_t(size));
      return;
    }
  }
  Scratch& scratch = thread_scratch();
  WordCache& cache = thread_word_cache(impl.generation);
  const bool cached = size <= WordCache::max_key && dropout == 0 && options_.cache_capacity != 0 && !impl.decorated &&
                      !impl.lengths.empty();
  WordCache::Key key;
  if (cached) {
    key = WordCache::key_of(piece.data(), size, piece.data() + size);
    if (const WordCache::Entry* entry = cache.find(key, size)) {
      uint32_t at = base;
      for (size_t i = 0; i < entry->count; ++i) {
        const uint32_t length = impl.lengths[entry->ids[i]];
        sink.add(entry->ids[i], at, at + length);
        at += length;
      }
      return;
    }
  }
  expect_valid(sink, "brot.BPE.tokenize", piece);
  impl.prepare(*this);
  const bool plain = impl.start_symbols(*this, piece, scratch.symbols);
  if (plain && dropout == 0 && !impl.decorated && impl.backtracking && !impl.byte_level &&
      scratch.symbols.size() > short_limit) {
    scratch.found.clear();
    if (impl.backtrack(*this, piece, scratch)) {
      uint32_t at = base;
      for (const uint32_t id : scratch.found) {
        sink.add(id, at, at + impl.lengths[id]);
        at += impl.lengths[id];
      }
      return;
    }
  }
  if (dropout > 0) {
    merge_heap(scratch, dropout, Random(options_.seed, sink.draws++), PairsOfIds{impl.merge_table(), scratch.symbols});
  } else {
    merge_all(scratch, PairsOfIds{impl.merge_table(), scratch.symbols});
  }
  uint32_t at = base;
  scratch.found.clear();
  for (const Symbol& symbol : scratch.symbols) {
    sink.add(symbol.id, at, at + symbol.length);
    at += symbol.length;
    scratch.found.push_back(symbol.id);
  }
  if (cached && plain && scratch.found.size() <= WordCache::max_ids)
    cache.insert(key, size, scratch.found.data(), scratch.found.size());
}

void BPE::tokenize_metaspace(std::string_view text, uint32_t base, TokenSink& sink) const {
  const bool* cut = cut_before_metaspace();
  if (!cut || options_.dropout.value_or(0) > 0) {
    tokenize(text, base, sink);
    return;
  }
  static constexpr std::string_view metaspace = "\xE2\x96\x81";
  size_t begin = 0;
  for (size_t at = text.find(metaspace, 1); at != std::string_view::npos; at = text.find(metaspace, at + 3)) {
    if (!cut[static_cast<unsigned char>(text[at - 1])]) continue;
    tokenize(text.substr(begin, at - begin), base + uint32_t(begin), sink);
    begin = at;
  }
  tokenize(text.substr(begin), base + uint32_t(begin), sink);
}

}  // namespace brot
