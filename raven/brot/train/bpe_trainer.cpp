// Training of BPE and WordPiece. Words are flat arrays of token ids; every candidate pair knows the words where it
// arose.
#include <algorithm>

#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/word_models.hpp"
#include "raven/brot/train/likelihood_trainer.hpp"
#include "raven/brot/train/stage.hpp"
#include "raven/brot/train/symbols.hpp"
#include "raven/brot/train/trainers.hpp"

namespace brot {

namespace {

using Pair = uint64_t;  // left id << 32 | right id
constexpr Pair pair_of(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }

/// Counts of pairs, with the words in which a pair arose since it was last queued.
class PairTable {
 public:
  struct Slot {
    Pair pair = ~Pair{0};
    int64_t count = 0;
    std::vector<uint32_t> fresh;
  };
  PairTable() : slots_(1 << 12) {}
  Slot& at(Pair pair) {
    if (used_ * 2 >= slots_.size()) grow();
    Slot& slot = slots_[find(pair)];
    if (slot.pair == ~Pair{0}) {
      slot.pair = pair;
      ++used_;
    }
    return slot;
  }
  std::vector<Slot>& slots() { return slots_; }

 private:
  size_t find(Pair pair) const {
    const size_t mask = slots_.size() - 1;
    size_t place = (pair * 0x9E3779B97F4A7C15u) >> 20 & mask;
    while (slots_[place].pair != pair && slots_[place].pair != ~Pair{0}) place = (place + 1) & mask;
    return place;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (Slot& slot : old)
      if (slot.pair != ~Pair{0}) slots_[find(slot.pair)] = std::move(slot);
  }
  std::vector<Slot> slots_;
  size_t used_ = 0;
};

/// A pair in the queue: largest count first, then the smaller pair.
struct Candidate {
  Pair pair;
  uint64_t count;
  std::vector<uint32_t> words;
};
bool after(const Candidate& a, const Candidate& b) { return a.count != b.count ? a.count < b.count : a.pair > b.pair; }

struct Learned {
  std::vector<std::string> tokens;                    // by id
  std::vector<std::pair<uint32_t, uint32_t>> merges;  // the last of equal ones counts
};

class Training {
 public:
  Training(const BpeTrainer& options, const WordCounts& counts) : options_(options), symbols_(options, counts) {}

  Learned run() {
    count_pairs();
    merge_loop();
    return {std::move(symbols_.tokens), std::move(merges_)};
  }

 private:
  void count_pairs() {
    for (uint32_t word = 0; word < symbols_.size.size(); ++word) {
      const Symbol* symbols = symbols_.of(word);
      for (uint32_t i = 0; i + 1 < symbols_.size[word]; ++i) {
        PairTable::Slot& slot = pairs_.at(pair_of(symbols[i].id, symbols[i + 1].id));
        slot.count += int64_t(symbols_.count[word]);
        if (slot.fresh.empty() || slot.fresh.back() != word) slot.fresh.push_back(word);
      }
    }
    for (PairTable::Slot& slot : pairs_.slots())
      if (slot.pair != ~Pair{0} && slot.count > 0)
        queue_.push_back({slot.pair, uint64_t(slot.count), std::move(slot.fresh)});
    for (PairTable::Slot& slot : pairs_.slots()) slot.fresh.clear();
    std::make_heap(queue_.begin(), queue_.end(), after);
  }

  void change(Pair pair, int64_t count, uint32_t word) {
    PairTable::Slot& slot = pairs_.at(pair);
    slot.count += count;
    if (count <= 0) return;
    if (slot.fresh.empty()) touched_.push_back(pair);
    if (slot.fresh.empty() || slot.fresh.back() != word) slot.fresh.push_back(word);
  }

  // As in HuggingFace, the merged pair's own count stays, and a pair formed by the merge counts only while it is
  // shorter than max_token_length.
  void merge_in_word(uint32_t word, uint32_t left, uint32_t right, uint32_t merged, size_t longest) {
    Symbol* const symbols = symbols_.of(word);
    const uint32_t size = symbols_.size[word];
    const int64_t count = int64_t(symbols_.count[word]);
    uint32_t out = 0;
    for (uint32_t in = 0; in < size; ++in, ++out) {
      if (!(symbols[in].id == left && in + 1 < size && symbols[in + 1].id == right)) {
        symbols[out] = symbols[in];
        continue;
      }
      const Symbol made{merged, symbols[in].characters + symbols[in + 1].characters};
      if (out > 0) {
        change(pair_of(symbols[out - 1].id, left), -count, word);
        if (symbols[out - 1].characters + made.characters < longest)
          change(pair_of(symbols[out - 1].id, merged), count, word);
      }
      if (in + 2 < size) {
        change(pair_of(right, symbols[in + 2].id), -count, word);
        if (symbols[in + 2].characters + made.characters < longest)
          change(pair_of(merged, symbols[in + 2].id), count, word);
      }
      symbols[out] = made;
      ++in;
    }
    symbols_.size[word] = out;
  }

  void merge_loop() {
    const size_t longest = options_.max_token_length.value_or(~size_t{0});
    TrainStage stage(options_.progress, "merges", options_.vocab_size);
    while (symbols_.tokens.size() < options_.vocab_size && !queue_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end(), after);
      Candidate top = std::move(queue_.back());
      queue_.pop_back();
      const uint64_t present = uint64_t(pairs_.at(top.pair).count);
      if (top.count != present) {
        top.count = present;
        queue_.push_back(std::move(top));
        std::push_heap(queue_.begin(), queue_.end(), after);
        continue;
      }
      if (top.count < 1 || int64_t(top.count) < 0 || top.count < options_.min_frequency) break;
      const uint32_t left = uint32_t(top.pair >> 32), right = uint32_t(top.pair);
      const uint32_t merged = symbols_.merged_id(left, right);
      merges_.emplace_back(left, right);
      touched_.clear();
      for (const uint32_t word : top.words) merge_in_word(word, left, right, merged, longest);
      for (const Pair pair : touched_) {
        PairTable::Slot& slot = pairs_.at(pair);
        if (slot.count > 0) {
          queue_.push_back({pair, uint64_t(slot.count), std::move(slot.fresh)});
          std::push_heap(queue_.begin(), queue_.end(), after);
        }
        slot.fresh.clear();
      }
      if ((merges_.size() & 255) == 0) stage.update(symbols_.tokens.size());
    }
    stage.finish();
  }

  const BpeTrainer& options_;
  SymbolWords symbols_;
  std::vector<std::pair<uint32_t, uint32_t>> merges_;
  PairTable pairs_;
  std::vector<Candidate> queue_;
  std::vector<Pair> touched_;
};

std::vector<Vocabulary::Entry> entries(const std::vector<std::string>& tokens) {
  std::vector<Vocabulary::Entry> list;
  for (uint32_t id = 0; id < tokens.size(); ++id) list.emplace_back(tokens[id], id);
  return list;
}

}  // namespace

std::vector<std::string> BpeTrainer::byte_alphabet() {
  std::vector<std::string> all;
  for (int byte = 0; byte < 256; ++byte) all.emplace_back(brot::byte_alphabet::text_of(uint8_t(byte)));
  return all;
}

ModelPtr BpeTrainer::train(const WordCounts& words, const Model& previous) const {
  const Learned learned = Training(*this, words).run();
  std::vector<BPE::MergeView> merges;
  for (const auto& [left, right] : learned.merges) merges.emplace_back(learned.tokens[left], learned.tokens[right]);
  BpeOptions options;
  if (const auto* bpe = dynamic_cast<const BPE*>(&previous)) options = bpe->options();
  options.continuing_subword_prefix = continuing_subword_prefix;
  options.end_of_word_suffix = end_of_word_suffix;
  return BPE::make(entries(learned.tokens), merges, std::move(options));
}

ModelPtr WordPieceTrainer::train(const WordCounts& words, const Model& previous) const {
  BpeTrainer bpe;
  bpe.vocab_size = vocab_size;
  bpe.min_frequency = min_frequency;
  bpe.special_tokens = special_tokens;
  bpe.limit_alphabet = limit_alphabet;
  bpe.initial_alphabet = initial_alphabet;
  bpe.continuing_subword_prefix = continuing_subword_prefix;
  bpe.progress = progress;
  const std::vector<std::string> tokens =
      likelihood ? train_by_likelihood(bpe, words) : Training(bpe, words).run().tokens;
  WordPiece::Options options;
  if (const auto* piece = dynamic_cast<const WordPiece*>(&previous)) options = piece->options();
  options.continuing_subword_prefix = continuing_subword_prefix;
  return WordPiece::make(entries(tokens), std::move(options));
}

}  // namespace brot
