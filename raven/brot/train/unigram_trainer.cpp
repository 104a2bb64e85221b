// Training of Unigram: seeds from frequent substrings, expectation maximisation with a sparse prior, pruning by
// likelihood loss.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "raven/base/interrupt.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/brot/models/unigram.hpp"
#include "raven/brot/train/stage.hpp"
#include "raven/brot/train/trainers.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

constexpr uint32_t none = DoubleArray::none;
constexpr double unreached = -std::numeric_limits<double>::infinity();
constexpr int64_t sentences_per_chunk = 4096;  // fixed, so that sums do not depend on threads

struct Sentence {
  std::string_view text;
  uint64_t count;
};

using Pieces = std::vector<ScoredPiece>;  // [0] stands for the unknown piece

// ψ(x): recurrence up to 7, then the asymptotic series around x − ½.
double digamma(double x) {
  double result = 0;
  while (x < 7) {
    result -= 1 / x;
    x += 1;
  }
  x -= 0.5;
  const double r = 1 / x, r2 = r * r, r4 = r2 * r2;
  return result + std::log(x) + (1.0 / 24.0) * r2 - 7.0 / 960.0 * r4 + (31.0 / 8064.0) * r4 * r2 -
         (127.0 / 30720.0) * r4 * r4;
}

// log(eˣ + eʸ) with the shortcut for far apart values that the reference takes.
double log_sum_exp(double x, double y, bool first) {
  if (first) return y;
  const double low = std::min(x, y), high = std::max(x, y);
  if (high > low + 50) return high;
  return high + std::log(std::exp(low - high) + 1);
}

// ----------------------------------------------------------------------------------------------------------------
// seeds

// Repeated substrings that can be continued in two ways, i.e. the inner nodes of the suffix tree of all words, each
// followed by a boundary. Suffixes are sorted by their first max_length + 1 characters, which decides all nodes that
// are short enough.
std::vector<std::pair<uint32_t, std::u32string>> frequent_substrings(const std::vector<std::u32string>& words,
                                                                     size_t max_length) {
  std::u32string flat;
  for (const std::u32string& word : words) {
    flat.append(word);
    flat.push_back(0);
  }
  const size_t depth_limit = max_length + 1;
  flat.append(depth_limit, 0);  // readable beyond the end
  const size_t count = flat.size() - depth_limit;
  std::vector<uint32_t> suffixes(count);
  std::iota(suffixes.begin(), suffixes.end(), 0u);
  const char32_t* const data = flat.data();
  const auto compare = [&](uint32_t a, uint32_t b) {
    for (size_t i = 0; i < depth_limit; ++i) {
      if (data[a + i] != data[b + i]) return data[a + i] < data[b + i] ? -1 : 1;
      if (data[a + i] == 0) return 0;
    }
    return 0;
  };
  // Buckets by first character are sorted in parallel.
  std::map<char32_t, uint32_t> starts;
  for (size_t i = 0; i < count; ++i) ++starts[data[i]];
  std::vector<std::pair<uint32_t, uint32_t>> buckets;
  uint32_t total = 0;
  for (auto& [c, size] : starts) {
    buckets.emplace_back(total, total + size);
    const uint32_t begin = total;
    total += size;
    size = begin;
  }
  for (uint32_t i = 0; i < count; ++i) suffixes[starts[data[i]]++] = i;
  raven::parallel_for(int64_t(buckets.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      std::sort(suffixes.begin() + buckets[size_t(b)].first, suffixes.begin() + buckets[size_t(b)].second,
                [&](uint32_t x, uint32_t y) { return compare(x, y) < 0; });
  });
  // Intervals of equal prefixes: a stack of (depth, first suffix).
  const auto common = [&](uint32_t a, uint32_t b) {
    size_t length = 0;
    while (length < depth_limit && data[a + length] == data[b + length]) {
      ++length;
      if (data[a + length - 1] == 0) break;
    }
    return length;
  };
  std::vector<std::pair<uint32_t, std::u32string>> found;
  struct Open {
    size_t depth, first;
  };
  std::vector<Open> stack{{0, 0}};
  for (size_t i = 1; i <= count; ++i) {
    const size_t depth = i < count ? common(suffixes[i - 1], suffixes[i]) : 0;
    size_t first = i - 1;
    while (stack.back().depth > depth) {
      const Open node = stack.back();
      stack.pop_back();
      first = node.first;
      if (node.depth < 2 || node.depth > max_length) continue;
      const char32_t* const text = data + suffixes[node.first];
      if (std::find(text, text + node.depth, U'\0') != text + node.depth) continue;
      found.emplace_back(uint32_t(i - node.first) * uint32_t(node.depth), std::u32string(text, node.depth));
    }
    if (stack.back().depth < depth) stack.push_back({depth, first});
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

std::string encode(std::u32string_view text) {
  std::string bytes;
  for (const char32_t c : text) unicode::append(bytes, c);
  return bytes;
}

// -------------------------------------------------------------------------------------------------------------
// lattices

/// Edges of one sentence in the order in which the reference inserts its nodes: by start, then by length.
struct Lattice {
  struct Edge {
    uint32_t start, end, id;
    double score;
  };
  std::vector<Edge> edges;
  std::vector<uint32_t> first_edge;  // of each byte position

  void build(const Unigram& model, std::string_view text) {
    edges.clear();
    first_edge.assign(text.size() + 1, 0);
    const DoubleArray& trie = model.trie();
    for (size_t start = 0; start < text.size();) {
      const size_t first = unicode::length_of_lead(static_cast<unsigned char>(text[start]));
      for (size_t i = start; i < start + first; ++i) first_edge[i] = uint32_t(edges.size());
      bool single = false;
      uint32_t node = 0;
      for (size_t at = start; at < text.size(); ++at) {
        node = trie.child(node, static_cast<unsigned char>(text[at]));
        if (node == none) break;
        const uint32_t id = trie.value(node);
        if (id == none) continue;
        edges.push_back({uint32_t(start), uint32_t(at + 1), id, model.pieces()[id].second});
        single = single || at + 1 - start == first;
      }
      if (!single) edges.push_back({uint32_t(start), uint32_t(start + first), 0, model.unknown_score()});
      start += first;
    }
    first_edge[text.size()] = uint32_t(edges.size());
  }
};

/// Work space of one thread.
struct Space {
  Lattice lattice;
  std::vector<double> forward, backward, best;
  std::vector<uint32_t> back;
  std::vector<uint8_t> reached;
};

// Adds count · P(edge) to `expected` for all edges of the sentence.
void add_marginals(const Unigram& model, const Sentence& sentence, Space& space, std::vector<double>& expected) {
  Lattice& lattice = space.lattice;
  lattice.build(model, sentence.text);
  const size_t size = sentence.text.size();
  // α at the start of an edge sums over what ends there; β at its end over what begins there.
  space.forward.assign(size + 1, unreached);
  space.backward.assign(size + 1, unreached);
  space.reached.assign(size + 1, 0);
  space.forward[0] = 0;
  space.reached[0] = 1;
  for (const Lattice::Edge& edge : lattice.edges) {
    if (!space.reached[edge.start]) continue;
    space.forward[edge.end] =
        log_sum_exp(space.forward[edge.end], space.forward[edge.start] + edge.score, !space.reached[edge.end]);
    space.reached[edge.end] = 1;
  }
  space.reached.assign(size + 1, 0);
  space.backward[size] = 0;
  space.reached[size] = 1;
  for (size_t i = lattice.edges.size(); i-- > 0;) {
    const Lattice::Edge& edge = lattice.edges[i];
    if (!space.reached[edge.end]) continue;
    space.backward[edge.start] =
        log_sum_exp(space.backward[edge.start], space.backward[edge.end] + edge.score, !space.reached[edge.start]);
    space.reached[edge.start] = 1;
  }
  const double whole = space.forward[size];
  for (const Lattice::Edge& edge : lattice.edges)
    expected[edge.id] +=
        double(sentence.count) * std::exp(space.forward[edge.start] + edge.score + space.backward[edge.end] - whole);
}

/// Ids of the best segmentation.
void best_path(const Unigram& model, std::string_view text, Space& space, std::vector<uint32_t>& ids) {
  Lattice& lattice = space.lattice;
  lattice.build(model, text);
  space.best.assign(text.size() + 1, unreached);
  space.back.assign(text.size() + 1, none);
  space.best[0] = 0;
  for (uint32_t i = 0; i < lattice.edges.size(); ++i) {
    const Lattice::Edge& edge = lattice.edges[i];
    const double score = space.best[edge.start] + edge.score;
    if (space.back[edge.end] == none || score > space.best[edge.end]) {
      space.best[edge.end] = score;
      space.back[edge.end] = i;
    }
  }
  ids.clear();
  for (size_t end = text.size(); end > 0;) {
    const Lattice::Edge& edge = lattice.edges[space.back[end]];
    ids.push_back(edge.id);
    end = edge.start;
  }
}

// -------------------------------------------------------------------------------------------------------------
// training

class Training {
 public:
  Training(const UnigramTrainer& options, const WordCounts& counts) : options_(options) {
    for (const auto& [text, count] : counts.sorted())
      if (!text.empty()) sentences_.push_back({text, count});
  }

  std::shared_ptr<const Unigram> run() {
    std::set<char32_t> required;
    for (const Sentence& sentence : sentences_)
      for (const char* at = sentence.text.data(); at != sentence.text.data() + sentence.text.size();)
        required.insert(unicode::next_scalar(at));
    for (const std::string& text : options_.initial_alphabet) {
      if (text.empty()) continue;
      const char* at = text.data();
      required.insert(unicode::next_scalar(at));
    }
    if (required.size() > options_.vocab_size)
      throw Error(ErrorCode::argument, "brot.UnigramTrainer",
                  raven::Message() << "vocab_size: got " << options_.vocab_size << ", expected at least the "
                                   << required.size() << " characters of the text");
    TrainStage seeds(options_.progress, "seeds", sentences_.size());
    make_seeds();
    seeds.finish();
    const size_t desired = options_.vocab_size * 11 / 10;
    const size_t first_size = pieces_.size();
    TrainStage stage(options_.progress, "pieces", first_size > desired ? first_size - desired : 0);
    make_model();
    for (;;) {
      for (size_t i = 0; i < options_.n_sub_iterations; ++i) {
        maximise(expectations());
        make_model();
        stage.update(first_size - pieces_.size());
      }
      if (pieces_.size() <= desired) break;
      prune(desired);
      make_model();
    }
    stage.finish();
    return finish(required);
  }

 private:
  void make_model() { model_ = Unigram::make(pieces_, {.unk_id = 0}); }

  void make_seeds() {
    std::unordered_map<char32_t, uint64_t> characters;
    std::vector<std::u32string> words;
    for (const Sentence& sentence : sentences_) {
      std::u32string word;
      for (const char* at = sentence.text.data(); at != sentence.text.data() + sentence.text.size();) {
        const char32_t c = unicode::next_scalar(at);
        word.push_back(c);
        if (c != 0) characters[c] += sentence.count;
      }
      words.push_back(std::move(word));
    }
    std::vector<std::pair<uint64_t, char32_t>> order;
    for (const auto& [c, count] : characters) order.emplace_back(count, c);
    std::sort(order.begin(), order.end(), std::greater<>());
    pieces_ = {{"<UNK>", std::numeric_limits<double>::quiet_NaN()}};
    for (const auto& [count, c] : order) pieces_.emplace_back(encode(std::u32string_view(&c, 1)), double(count));
    for (const auto& [score, text] : frequent_substrings(words, options_.max_piece_length)) {
      pieces_.emplace_back(encode(text), double(score));
      if (pieces_.size() - 1 >= options_.seed_size) break;  // as HuggingFace, not before there is one
    }
    double sum = 0;
    for (size_t i = 1; i < pieces_.size(); ++i) sum += pieces_[i].second;
    const double log_sum = std::log(sum);
    for (size_t i = 1; i < pieces_.size(); ++i) pieces_[i].second = std::log(pieces_[i].second) - log_sum;
  }

  /// Runs `body(sentence index, space, partial)` over all sentences in fixed chunks and adds the chunks' arrays up in
  /// order.
  template <class Body>
  std::vector<double> sum_over_sentences(Body&& body) {
    const int64_t count = int64_t(sentences_.size());
    const int64_t chunks = std::min<int64_t>(16, (count + sentences_per_chunk - 1) / sentences_per_chunk);
    std::vector<std::vector<double>> parts(size_t(std::max<int64_t>(1, chunks)));
    raven::parallel_for(int64_t(parts.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t chunk = begin; chunk < end; ++chunk) {
        std::vector<double>& part = parts[size_t(chunk)];
        part.assign(pieces_.size(), 0);
        Space space;
        // Interleaved, so that chunks have equal shares of frequent words.
        for (int64_t i = chunk; i < count; i += int64_t(parts.size())) body(size_t(i), space, part, size_t(chunk));
      }
    });
    for (size_t chunk = 1; chunk < parts.size(); ++chunk)
      for (size_t i = 0; i < pieces_.size(); ++i) parts[0][i] += parts[chunk][i];
    return std::move(parts[0]);
  }

  std::vector<double> expectations() {
    return sum_over_sentences([&](size_t i, Space& space, std::vector<double>& expected, size_t) {
      add_marginals(*model_, sentences_[i], space, expected);
    });
  }

  // Pieces expected less than half a time go; the others get ψ(c) − ψ(Σc), a sparse prior.
  void maximise(const std::vector<double>& expected) {
    Pieces kept{pieces_[0]};
    double sum = 0;
    for (size_t i = 1; i < pieces_.size(); ++i) {
      if (expected[i] < 0.5) continue;
      kept.emplace_back(std::move(pieces_[i].first), expected[i]);
      sum += expected[i];
    }
    const double log_sum = digamma(sum);
    for (size_t i = 1; i < kept.size(); ++i) kept[i].second = digamma(kept[i].second) - log_sum;
    pieces_ = std::move(kept);
  }

  // Pieces whose loss would hurt least go: their occurrences would be written by their second best segmentation.
  void prune(size_t desired) {
    std::vector<uint8_t> always_keep(pieces_.size(), 1);
    std::vector<std::vector<uint32_t>> alternatives(pieces_.size());
    raven::parallel_for(int64_t(pieces_.size()), 1024, [&](int64_t begin, int64_t end) {
      for (int64_t id = std::max<int64_t>(1, begin); id < end; ++id) {
        const std::string& text = pieces_[size_t(id)].first;
        const auto best = model_->nbest(text, 2);
        if (best.size() < 2) continue;
        if (best[0].pieces.size() >= 2) {
          always_keep[size_t(id)] = 0;
        } else {
          for (const Span& span : best[1].pieces) {
            const uint32_t other =
                model_->vocabulary().find(std::string_view(text).substr(span.begin, span.end - span.begin));
            alternatives[size_t(id)].push_back(other == none ? 0 : other);
          }
        }
      }
    });
    always_keep[0] = 0;
    // A piece's weight: the words that use it, counted once per use.
    std::vector<double> frequency = sum_over_sentences([&](size_t i, Space& space, std::vector<double>& part, size_t) {
      thread_local std::vector<uint32_t> ids;
      best_path(*model_, sentences_[i].text, space, ids);
      for (const uint32_t id : ids) part[id] += double(sentences_[i].count);
    });
    double words = 0;
    for (const Sentence& sentence : sentences_) words += double(sentence.count);
    const double sum = std::accumulate(frequency.begin(), frequency.end(), 0.0);
    const double log_sum = std::log(sum);
    std::vector<std::pair<double, uint32_t>> candidates;
    Pieces kept{pieces_[0]};
    for (uint32_t id = 1; id < pieces_.size(); ++id) {
      if (frequency[id] == 0 && !always_keep[id]) continue;
      if (alternatives[id].empty()) {
        kept.push_back(pieces_[id]);
        continue;
      }
      if (frequency[id] == 0) continue;
      const double share = frequency[id] / words;
      const double log_probability = std::log(frequency[id]) - log_sum;
      // The reference multiplies by the number of all pieces less one, not by that of the alternatives; kept for equal
      // results.
      const double log_sum_after = std::log(sum + frequency[id] * double(alternatives.size() - 1));
      double log_probability_after = 0;
      for (const uint32_t other : alternatives[id])
        log_probability_after += std::log(frequency[other] + frequency[id]) - log_sum_after;
      candidates.emplace_back(share * (log_probability - log_probability_after), id);
    }
    const size_t size = std::max(desired, size_t(double(pieces_.size()) * options_.shrinking_factor));
    std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    for (const auto& [loss, id] : candidates) {
      if (kept.size() == size) break;
      kept.push_back(pieces_[id]);
    }
    pieces_ = std::move(kept);
  }

  std::shared_ptr<const Unigram> finish(const std::set<char32_t>& required) {
    std::unordered_map<std::string, double> scores(pieces_.begin(), pieces_.end());
    std::unordered_set<std::string> inserted{"<UNK>"};
    Pieces chosen;
    double penalty = 0;
    for (const char32_t c : required) {
      std::string text = encode(std::u32string_view(&c, 1));
      const auto known = scores.find(text);
      double score = 0;
      if (known != scores.end()) {
        score = known->second;
      } else {
        score = model_->min_score() + penalty;
        penalty += 0.0001;
      }
      inserted.insert(text);
      chosen.emplace_back(std::move(text), score);
    }
    std::optional<size_t> unk_id;
    bool add_unk = false;
    if (options_.unk_token) {
      add_unk = true;
      unk_id = 0;
      for (size_t i = 0; i < options_.special_tokens.size(); ++i) {
        if (options_.special_tokens[i].content != *options_.unk_token) continue;
        unk_id = i;
        add_unk = false;
        break;
      }
    }
    const size_t front = options_.special_tokens.size() + add_unk;
    const size_t room = options_.vocab_size > front ? options_.vocab_size - front : 0;
    for (const auto& [text, score] : pieces_) {
      if (!inserted.insert(text).second) continue;
      chosen.emplace_back(text, std::isnan(score) ? 0 : score);
      if (chosen.size() == room) break;
    }
    std::vector<size_t> order(chosen.size());  // by score, equal ones as they came
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return chosen[a].second != chosen[b].second ? chosen[a].second > chosen[b].second : a < b;
    });
    Pieces all;
    if (add_unk) all.emplace_back(*options_.unk_token, 0);
    for (const AddedToken& token : options_.special_tokens) all.emplace_back(token.content, 0);
    for (const size_t i : order) all.push_back(std::move(chosen[i]));
    return Unigram::make(std::move(all), {.unk_id = unk_id});
  }

  const UnigramTrainer& options_;
  std::vector<Sentence> sentences_;
  Pieces pieces_;
  std::shared_ptr<const Unigram> model_;
};

}  // namespace

ModelPtr UnigramTrainer::train(const WordCounts& words, const Model&) const { return Training(*this, words).run(); }

}  // namespace brot
