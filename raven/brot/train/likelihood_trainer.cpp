// A merge changes the counts of its two tokens, and so the scores of all pairs that these are part of, upwards too:
// pairs lie in a heap that knows their places, and each whose score changed is moved.
#include "raven/brot/train/likelihood_trainer.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "raven/brot/train/stage.hpp"
#include "raven/brot/train/symbols.hpp"

namespace brot {

namespace {

using Wide = std::array<uint64_t, 3>;  // 192 bits, the highest first: three counts multiplied

Wide product(uint64_t a, uint64_t b, uint64_t c) {
  using Double = unsigned __int128;
  const Double ab = Double{a} * b;
  const Double low = Double{uint64_t(ab)} * c;
  const Double high = Double{uint64_t(ab >> 64)} * c + uint64_t(low >> 64);
  return {uint64_t(high >> 64), uint64_t(high), uint64_t(low)};
}

class Training {
 public:
  Training(const BpeTrainer& options, const WordCounts& counts) : options_(options), symbols_(options, counts) {}

  std::vector<std::string> run() {
    for (uint32_t word = 0; word < symbols_.size.size(); ++word) add_word(word);
    update_heap();
    TrainStage stage(options_.progress, "merges", options_.vocab_size);
    for (uint64_t merges = 1; symbols_.tokens.size() < options_.vocab_size && !heap_.empty(); ++merges) {
      merge(pairs_[heap_.front()]);
      if ((merges & 255) == 0) stage.update(symbols_.tokens.size());
    }
    stage.finish();
    return std::move(symbols_.tokens);
  }

 private:
  static constexpr uint32_t outside = ~uint32_t{0};
  struct Pair {
    uint32_t left, right;
    uint64_t count = 0;
    uint64_t key[3] = {};              // count(ab), count(a), count(b) by which it has its place
    uint32_t place = outside;          // in the heap
    bool touched = false;              // its score may have changed
    bool listed[2] = {};               // in the lists of left and right
    std::vector<uint32_t> words = {};  // where it arose; it may have gone since
  };
  struct Token {
    uint64_t count = 0;
    std::vector<uint32_t> pairs;  // that it is part of, without most of those that have gone
  };

  uint32_t number_of(const Pair& pair) const { return uint32_t(&pair - pairs_.data()); }

  Pair& pair_of(Symbol left, Symbol right) {
    const auto [place, inserted] = numbers_.emplace(uint64_t{left.id} << 32 | right.id, uint32_t(pairs_.size()));
    if (inserted) pairs_.push_back({left.id, right.id});
    return pairs_[place->second];
  }

  void touch(Pair& pair) {
    if (!pair.touched) touched_.push_back(number_of(pair));
    pair.touched = true;
  }

  void add_word(uint32_t word) {
    tokens_.resize(symbols_.tokens.size());
    const Symbol* const symbols = symbols_.of(word);
    for (uint32_t i = 0; i < symbols_.size[word]; ++i) {
      tokens_[symbols[i].id].count += symbols_.count[word];
      if (i + 1 == symbols_.size[word]) break;
      Pair& pair = pair_of(symbols[i], symbols[i + 1]);
      pair.count += symbols_.count[word];
      if (pair.words.empty() || pair.words.back() != word) pair.words.push_back(word);
      for (const int side : {0, 1}) {
        if (!pair.listed[side]) tokens_[side == 0 ? pair.left : pair.right].pairs.push_back(number_of(pair));
        pair.listed[side] = true;
      }
      touch(pair);
    }
  }

  void remove_word(uint32_t word) {
    const Symbol* const symbols = symbols_.of(word);
    for (uint32_t i = 0; i < symbols_.size[word]; ++i) {
      tokens_[symbols[i].id].count -= symbols_.count[word];
      if (i + 1 == symbols_.size[word]) break;
      Pair& pair = pair_of(symbols[i], symbols[i + 1]);
      pair.count -= symbols_.count[word];
      touch(pair);
    }
  }

  void merge(Pair& pair) {
    const uint32_t left = pair.left, right = pair.right, merged = symbols_.merged_id(left, right);
    const std::vector<uint32_t> words = std::exchange(pair.words, {});
    for (const uint32_t word : words) {
      remove_word(word);
      Symbol* const symbols = symbols_.of(word);
      const uint32_t size = symbols_.size[word];
      uint32_t out = 0;
      for (uint32_t in = 0; in < size; ++in, ++out) {
        symbols[out] = symbols[in];
        if (symbols[in].id != left || in + 1 == size || symbols[in + 1].id != right) continue;
        symbols[out] = {merged, symbols[in].characters + symbols[in + 1].characters};
        ++in;
      }
      symbols_.size[word] = out;
      add_word(word);
    }
    for (const uint32_t token : {left, right, merged}) touch_pairs_of(token);
    update_heap();
  }

  void touch_pairs_of(uint32_t token) {
    std::erase_if(tokens_[token].pairs, [&](uint32_t number) {
      Pair& pair = pairs_[number];
      if (pair.count > 0) {
        touch(pair);
        return false;
      }
      for (const int side : {0, 1})
        if ((side == 0 ? pair.left : pair.right) == token) pair.listed[side] = false;
      return true;
    });
  }

  // ---------------------------------------------------------------------------------------------------------- the heap

  // Scores compared as fractions, exactly; then the more frequent pair, then the smaller ids.
  bool before(uint32_t x, uint32_t y) const {
    const Pair &a = pairs_[x], &b = pairs_[y];
    const Wide score_a = product(a.key[0], b.key[1], b.key[2]), score_b = product(b.key[0], a.key[1], a.key[2]);
    if (score_a != score_b) return score_a > score_b;
    if (a.key[0] != b.key[0]) return a.key[0] > b.key[0];
    return a.left != b.left ? a.left < b.left : a.right < b.right;
  }

  void put(uint32_t number, size_t place) {
    heap_[place] = number;
    pairs_[number].place = uint32_t(place);
  }

  // Moves the pair at `place` to where its key belongs; all others are in order.
  void settle(size_t place) {
    const uint32_t number = heap_[place];
    for (; place > 0 && before(number, heap_[(place - 1) / 2]); place = (place - 1) / 2)
      put(heap_[(place - 1) / 2], place);
    for (size_t child; (child = 2 * place + 1) < heap_.size(); place = child) {
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], number)) break;
      put(heap_[child], place);
    }
    put(number, place);
  }

  void remove(Pair& pair) {
    const size_t place = std::exchange(pair.place, outside);
    const uint32_t last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    put(last, place);
    settle(place);
  }

  // Keys change here alone, one pair at a time, so that the heap is in order in between.
  void update_heap() {
    for (const uint32_t number : touched_) {
      Pair& pair = pairs_[number];
      pair.touched = false;
      if (pair.count < std::max<uint64_t>(1, options_.min_frequency)) {
        if (pair.place != outside) remove(pair);
        continue;
      }
      pair.key[0] = pair.count;
      pair.key[1] = tokens_[pair.left].count;
      pair.key[2] = tokens_[pair.right].count;
      if (pair.place == outside) {
        heap_.push_back(number);
        pair.place = uint32_t(heap_.size() - 1);
      }
      settle(pair.place);
    }
    touched_.clear();
  }

  const BpeTrainer& options_;
  SymbolWords symbols_;
  std::vector<Token> tokens_;
  std::vector<Pair> pairs_;
  std::unordered_map<uint64_t, uint32_t> numbers_;  // left id << 32 | right id to the place in pairs_
  std::vector<uint32_t> heap_, touched_;
};

}  // namespace

std::vector<std::string> train_by_likelihood(const BpeTrainer& options, const WordCounts& words) {
  return Training(options, words).run();
}

}  // namespace brot
