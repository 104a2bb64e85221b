#include "raven/brot/models/unigram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <queue>
#include <type_traits>

#include "raven/brot/core/error.hpp"
#include "raven/brot/models/random.hpp"
#include "raven/brot/models/thread_cache.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

constexpr uint32_t none = DoubleArray::none;
constexpr double unreached = -std::numeric_limits<double>::infinity();
constexpr std::string_view metaspace = "\xE2\x96\x81";

/// The best path to a position of the text.
template <class Real>
struct Node {
  Real score;
  uint32_t start;  // of the piece that ends here; none while nothing does
  uint32_t id;     // none for an unknown character
};

double log_add(double a, double b) {
  if (a == unreached) return b;
  if (b == unreached) return a;
  const double high = std::max(a, b), low = std::min(a, b);
  return high + std::log1p(std::exp(low - high));
}

}  // namespace

std::shared_ptr<const Unigram> Unigram::make(std::vector<ScoredPiece> pieces, Options options) {
  if (options.unk_id && *options.unk_id >= pieces.size())
    throw Error(ErrorCode::vocabulary, "brot.Unigram",
                raven::Message() << "unk_id: got " << *options.unk_id << ", expected less than the " << pieces.size()
                                 << " pieces");
  auto model = std::make_shared<Unigram>();
  model->options_ = options;
  model->generation_ = next_model_generation();
  model->pieces_ = std::move(pieces);
  TableVector<Vocabulary::Entry> entries;
  model->min_score_ = std::numeric_limits<double>::infinity();
  double largest = 0;
  bool finite = true;
  for (uint32_t id = 0; id < model->pieces_.size(); ++id) {
    entries.emplace_back(model->pieces_[id].first, id);
    model->scores_.push_back(model->pieces_[id].second);
    model->single_scores_.push_back(float(model->pieces_[id].second));
    model->lengths_.push_back(uint32_t(model->pieces_[id].first.size()));
    model->min_score_ = std::min(model->min_score_, model->pieces_[id].second);
    largest = std::max(largest, std::abs(model->pieces_[id].second));
    finite = finite && std::isfinite(model->pieces_[id].second);
  }
  model->largest_score_ = std::max(largest, std::abs(model->unknown_score()));
  model->vocabulary_ = Vocabulary::build(entries);
  model->vocabulary_.expect_utf8("brot.Unigram");
  if (options.native_matchable)
    std::erase_if(entries, [&](const Vocabulary::Entry& entry) { return !(*options.native_matchable)[entry.second]; });
  // Every path passes before a ▁ that no piece crosses; that the ▁ is a piece keeps runs of unknown characters apart.
  const auto is_metaspace = [](const Vocabulary::Entry& entry) { return entry.first == metaspace; };
  if (options.native_matchable && finite && std::any_of(entries.begin(), entries.end(), is_metaspace)) {
    std::fill(std::begin(model->cut_before_metaspace_), std::end(model->cut_before_metaspace_), true);
    for (const auto& [text, id] : entries)
      for (size_t at = text.find(metaspace, 1); at != std::string_view::npos; at = text.find(metaspace, at + 1))
        model->cut_before_metaspace_[static_cast<unsigned char>(text[at - 1])] = false;
  }
  model->trie_.build(std::move(entries));
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", unsigned(byte));
    model->byte_tokens_[byte] = model->vocabulary_.find(text);
  }
  return model;
}

// Best segmentation of `text`, unknown runs fused. score(j) = max over pieces (i, j) of score(i) + score(piece); the
// first found of equal ones wins, shorter pieces before longer ones from each start. Every path passes a place that no
// piece crosses: there the best path so far is final and is written out, so that memory stays bounded by the distance
// of such places. `total` is the score at the start of the text, then that at its end.
template <class Real>
void Unigram::viterbi(std::string_view text, Real& total, std::vector<Segment>& out) const {
  using Node = Node<Real>;
  thread_local std::vector<Node> nodes;  // of [window, …]
  const size_t size = text.size();
  const Real* scores;
  if constexpr (std::is_same_v<Real, float>)
    scores = single_scores_.data();
  else
    scores = scores_.data();
  const Real unknown_score = Real(this->unknown_score());
  const uint32_t unknown_id = options_.unk_id ? uint32_t(*options_.unk_id) : none;
  constexpr size_t window_size = 2048;
  nodes.assign(std::min(size, 2 * window_size) + 1, Node{0, none, none});
  nodes[0].score = total;
  size_t window = 0, reach = 0;  // where nodes[0] stands; the furthest end of a piece
  for (size_t start = 0; start < size;) {
    if (start - window >= window_size && reach <= start && nodes[start - window].id != unknown_id) {
      trace_back(nodes.data(), window, start, out);
      const Real score = nodes[start - window].score;
      std::fill_n(nodes.begin(), start - window + 1, Node{0, none, none});
      nodes[0].score = score;
      window = start;
    }
    const Real here = nodes[start - window].score;
    const size_t first = unicode::length_of_lead(static_cast<unsigned char>(text[start]));
    const auto offer = [&](size_t end, Real score, uint32_t id) {
      if (end - window >= nodes.size()) nodes.resize(std::max(end - window + 1, nodes.size() * 2), Node{0, none, none});
      reach = std::max(reach, end);
      Node& target = nodes[end - window];
      if (target.start == none || score > target.score) target = {score, uint32_t(start), id};
    };
    bool single = false;
    uint32_t node = 0;
    for (size_t at = start; at < size; ++at) {
      node = trie_.child(node, static_cast<unsigned char>(text[at]));
      if (node == none) break;
      const uint32_t id = trie_.value(node);
      if (id == none) continue;
      offer(at + 1, scores[id] + here, id);
      single = single || at + 1 - start == first;
    }
    if (!single) {
      if (unknown_id == none)
        throw Error(ErrorCode::unknown_token, "brot.Unigram",
                    raven::Message() << "no piece covers the character at byte " << start << " and there is no unk_id");
      offer(start + first, unknown_score + here, unknown_id);
    }
    start += first;
  }
  trace_back(nodes.data(), window, size, out);
  total = nodes[size - window].score;
}

// Appends the best path over [window, end) to `out`.
template <class Node>
void Unigram::trace_back(const Node* nodes, size_t window, size_t end, std::vector<Segment>& out) const {
  const size_t first_out = out.size();
  uint32_t run_end = none;
  while (end > window) {
    const Node node = nodes[end - window];
    const bool unknown = options_.unk_id && node.id == *options_.unk_id;
    if (unknown && options_.fuse_unk) {
      if (run_end == none) run_end = uint32_t(end);
    } else {
      if (run_end != none) out.push_back({{uint32_t(end), run_end}, none});
      run_end = none;
      out.push_back({{node.start, uint32_t(end)}, unknown ? none : node.id});
    }
    end = node.start;
  }
  if (run_end != none) out.push_back({{uint32_t(window), run_end}, none});
  std::reverse(out.begin() + ptrdiff_t(first_out), out.end());
}

// The piece of that text which can occur in text, or none.
uint32_t Unigram::id_of(std::string_view text) const {
  if (!options_.native_matchable) return vocabulary_.find(text);
  uint32_t node = 0;
  for (size_t i = 0; i < text.size() && node != none; ++i)
    node = trie_.child(node, static_cast<unsigned char>(text[i]));
  return node == none ? none : trie_.value(node);
}

// The pieces of a segmentation, unknown runs fused as in the best one.
void Unigram::add_spans(const std::vector<Span>& spans, std::string_view text, std::vector<Segment>& out) const {
  bool after_unknown = false;
  for (const Span& span : spans) {
    const uint32_t id = id_of(text.substr(span.begin, span.end - span.begin));
    const bool unknown = id == none || (options_.unk_id && id == *options_.unk_id);
    if (unknown && after_unknown && options_.fuse_unk) {
      out.back().span.end = span.end;
    } else {
      out.push_back({span, unknown ? none : id});
    }
    after_unknown = unknown;
  }
}

// A segment's text is looked up again: a fused run may be a piece.
void Unigram::emit(std::string_view text, std::string_view whole, uint32_t base, TokenSink& sink) const {
  const uint32_t begin = base + uint32_t(text.data() - whole.data());
  const uint32_t end = begin + uint32_t(text.size());
  if (const uint32_t id = id_of(text); id != none) return sink.add(id, begin, end);
  if (options_.byte_fallback) {
    bool all = true;
    for (const char byte : text) all = all && byte_tokens_[static_cast<unsigned char>(byte)] != none;
    if (all) {
      for (const char byte : text) sink.add(byte_tokens_[static_cast<unsigned char>(byte)], begin, end);
      return;
    }
  }
  if (!options_.unk_id)
    throw Error(ErrorCode::unknown_token, "brot.Unigram", "text outside the vocabulary and there is no unk_id");
  sink.surfaces.emplace_back(uint32_t(sink.ids.size()), std::string(text));
  sink.add(uint32_t(*options_.unk_id), begin, end);
}

void Unigram::add(const std::vector<Segment>& segments, std::string_view text, uint32_t base, TokenSink& sink) const {
  for (const auto& [span, id] : segments) {
    if (id != none) {
      sink.add(id, base + span.begin, base + span.end);
    } else {
      emit(text.substr(span.begin, span.end - span.begin), text, base, sink);
    }
  }
}

// ------------------------------------------------------------------------------------------------ SentencePiece's own
// way

// The best segmentation of a word in double precision; false where a character is unknown. SentencePiece adds scores up
// in single precision from the start of the text: with |total| ≤ `limit` before the word it finds the same.
//
// For, let e be 2^-24, n the most pieces that the word can have, k those of the best segmentation, and A = n · the
// largest |score|. A sum of m additions to `total` is off by at most m · e · (|total| + A). Adding is monotone, also
// with rounding, so the segmentation that wins in single precision has there a sum that is not below that of the best
// one: it is below in exact arithmetic by at most (n + k) · e · (|total| + A). No other segmentation is, when the
// second best one is further below.
bool Unigram::best_of_word(std::string_view word, std::vector<Segment>& out, float& limit) const {
  struct Best {
    double score = unreached, second = unreached;
    uint32_t start = 0, id = none;
  };
  Best nodes[WordCache::max_key + 1];
  nodes[0].score = 0;
  size_t characters = 0;
  for (size_t start = 0; start < word.size(); ++characters) {
    const Best here = nodes[start];
    const size_t first = unicode::length_of_lead(static_cast<unsigned char>(word[start]));
    bool single = false;
    uint32_t node = 0;
    for (size_t at = start; at < word.size(); ++at) {
      node = trie_.child(node, static_cast<unsigned char>(word[at]));
      if (node == none) break;
      const uint32_t id = trie_.value(node);
      if (id == none) continue;
      const double piece = double(single_scores_[id]);
      Best& target = nodes[at + 1];
      const double score = here.score + piece;
      if (score > target.score) {
        target.second = target.score;
        target.score = score;
        target.start = uint32_t(start);
        target.id = id;
      } else {
        target.second = std::max(target.second, score);
      }
      target.second = std::max(target.second, here.second + piece);
      single = single || at + 1 - start == first;
    }
    if (!single) return false;
    start += first;
  }
  const Best& last = nodes[word.size()];
  for (size_t end = word.size(); end > 0; end = nodes[end].start)
    out.push_back({{nodes[end].start, uint32_t(end)}, nodes[end].id});
  std::reverse(out.begin(), out.end());
  const double additions = double(characters + out.size()), slack = 1.001;  // for the bounds' own rounding
  const double most =
      (last.score - last.second) / (additions * 0x1p-24 * slack) - double(characters) * largest_score_ * slack;
  limit = most > 0 ? float(std::min(most, 1e30) / slack) : -1;
  return true;
}

void Unigram::tokenize_word(std::string_view word, const char* readable_end, uint32_t base, float& total,
                            TokenSink& sink) const {
  thread_local std::vector<Segment> segments;
  segments.clear();
  bool known = false;
  if (word.size() <= WordCache::max_key) {
    WordCache& cache = thread_word_cache(generation_);
    const WordCache::Key key = WordCache::key_of(word.data(), word.size(), readable_end);
    const WordCache::Entry* entry = cache.find(key, word.size());
    if (entry && std::abs(total) <= entry->limit) {
      uint32_t at = base;
      for (size_t i = 0; i < entry->count; ++i) {
        const uint32_t id = entry->ids[i], end = at + lengths_[id];
        total += single_scores_[id];
        sink.add(id, at, end);
        at = end;
      }
      return;
    }
    float limit = 0;
    if (!entry && best_of_word(word, segments, limit)) {
      if (segments.size() <= WordCache::max_ids) {
        uint32_t ids[WordCache::max_ids];
        for (size_t i = 0; i < segments.size(); ++i) ids[i] = segments[i].id;
        cache.insert(key, word.size(), ids, segments.size(), WordCache::piece, limit);
      }
      known = std::abs(total) <= limit;
    }
  }
  if (known) {
    for (const Segment& segment : segments) total += single_scores_[segment.id];
  } else {
    segments.clear();
    viterbi<float>(word, total, segments);
  }
  add(segments, word, base, sink);
}

void Unigram::tokenize_native(std::string_view text, uint32_t base, TokenSink& sink) const {
  const char* const end = text.data() + text.size();
  float total = 0;
  size_t begin = 0;
  for (size_t at = text.find(metaspace, 1); at != std::string_view::npos; at = text.find(metaspace, at + 3)) {
    if (!cut_before_metaspace_[static_cast<unsigned char>(text[at - 1])]) continue;
    tokenize_word(text.substr(begin, at - begin), end, base + uint32_t(begin), total, sink);
    begin = at;
  }
  tokenize_word(text.substr(begin), end, base + uint32_t(begin), total, sink);
}

void Unigram::tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const {
  if (piece.empty()) return;
  expect_valid(sink, "brot.Unigram.tokenize", piece);
  if (options_.native_matchable && options_.alpha == 0) return tokenize_native(piece, base, sink);
  // Words come again; those whose ids say everything about their tokens are kept.
  const bool cacheable = piece.size() <= WordCache::max_key && options_.alpha == 0;
  WordCache& cache = thread_word_cache(generation_);
  WordCache::Key key;
  if (cacheable) {
    key = WordCache::key_of(piece.data(), piece.size(), piece.data() + piece.size());
    if (const WordCache::Entry* entry = cache.find(key, piece.size())) {
      uint32_t at = base;
      for (size_t i = 0; i < entry->count; ++i) {
        const uint32_t end = at + lengths_[entry->ids[i]];
        sink.add(entry->ids[i], at, end);
        at = end;
      }
      return;
    }
  }
  const size_t first = sink.ids.size();
  thread_local std::vector<Segment> segments;
  segments.clear();
  if (options_.alpha > 0) {
    add_spans(sample(piece, options_.alpha, Random(options_.seed, sink.draws++).next()).pieces, piece, segments);
  } else {
    double total = 0;
    viterbi(piece, total, segments);
  }
  add(segments, piece, base, sink);
  const bool plain = std::none_of(segments.begin(), segments.end(), [](const Segment& one) { return one.id == none; });
  const size_t count = sink.ids.size() - first;
  if (cacheable && count <= WordCache::max_ids && plain)
    cache.insert(key, piece.size(), sink.ids.data() + first, count);
}

// ------------------------------------------------------------------------------------------------- other segmentations

namespace {

struct Arc {
  uint32_t start, end;
  double score;
};

/// All pieces of the text as arcs, by end position, unknown characters included.
std::vector<std::vector<Arc>> lattice(const Unigram& model, std::string_view text) {
  expect_utf8("brot.Unigram", "text", text);
  std::vector<std::vector<Arc>> ends(text.size() + 1);
  for (size_t start = 0; start < text.size();) {
    const size_t first = unicode::length_of_lead(static_cast<unsigned char>(text[start]));
    bool single = false;
    uint32_t node = 0;
    for (size_t at = start; at < text.size(); ++at) {
      node = model.trie().child(node, static_cast<unsigned char>(text[at]));
      if (node == none) break;
      const uint32_t id = model.trie().value(node);
      if (id == none) continue;
      ends[at + 1].push_back({uint32_t(start), uint32_t(at + 1), model.pieces()[id].second});
      single = single || at + 1 - start == first;
    }
    if (!single) ends[start + first].push_back({uint32_t(start), uint32_t(start + first), model.unknown_score()});
    start += first;
  }
  return ends;
}

}  // namespace

std::vector<Unigram::Edge> Unigram::lattice(std::string_view text, double alpha) const {
  const auto ends = brot::lattice(*this, text);
  std::vector<double> forward(text.size() + 1, unreached), backward(text.size() + 1, unreached);
  forward[0] = backward[text.size()] = 0;
  for (size_t end = 1; end <= text.size(); ++end)
    for (const auto& edge : ends[end]) forward[end] = log_add(forward[end], forward[edge.start] + alpha * edge.score);
  for (size_t end = text.size(); end > 0; --end)
    for (const auto& edge : ends[end])
      backward[edge.start] = log_add(backward[edge.start], backward[end] + alpha * edge.score);
  std::vector<Edge> edges;
  for (size_t end = 1; end <= text.size(); ++end)
    for (const auto& edge : ends[end])
      edges.push_back({{edge.start, edge.end},
                       edge.score,
                       std::exp(forward[edge.start] + alpha * edge.score + backward[end] - forward[text.size()])});
  return edges;
}

// A* from the end of the text backwards; the best score up to a position is the exact estimate of what remains. Of
// equal ones that nearer to the start of the text goes on, so that many segmentations of one score do not grow side by
// side.
std::vector<Unigram::Segmentation> Unigram::nbest(std::string_view text, size_t count) const {
  std::vector<Segmentation> result;
  if (count == 0) return result;
  if (text.empty()) return {Segmentation{}};
  const auto ends = brot::lattice(*this, text);
  std::vector<double> best(text.size() + 1, unreached);
  best[0] = 0;
  for (size_t end = 1; end <= text.size(); ++end)
    for (const auto& edge : ends[end]) best[end] = std::max(best[end], best[edge.start] + edge.score);
  struct Hypothesis {
    double estimate, tail;
    uint32_t position;
    int32_t parent;
    Span piece;
  };
  std::vector<Hypothesis> all{{best[text.size()], 0, uint32_t(text.size()), -1, {}}};
  const auto worse = [&](int32_t a, int32_t b) {
    const Hypothesis &left = all[size_t(a)], &right = all[size_t(b)];
    if (left.estimate != right.estimate) return left.estimate < right.estimate;
    return left.position != right.position ? left.position > right.position : a > b;
  };
  std::priority_queue<int32_t, std::vector<int32_t>, decltype(worse)> open(worse);
  open.push(0);
  constexpr size_t most = 1000000;  // hypotheses; bounds memory for long texts
  while (!open.empty() && result.size() < count) {
    const int32_t index = open.top();
    open.pop();
    const Hypothesis top = all[size_t(index)];
    if (top.position == 0) {
      Segmentation found;
      found.score = top.tail;
      for (int32_t i = index; all[size_t(i)].parent >= 0; i = all[size_t(i)].parent)
        found.pieces.push_back(all[size_t(i)].piece);
      result.push_back(std::move(found));
      continue;
    }
    if (all.size() > most) continue;
    for (const auto& edge : ends[top.position]) {
      const double tail = top.tail + edge.score;
      all.push_back({best[edge.start] + tail, tail, edge.start, index, {edge.start, edge.end}});
      open.push(int32_t(all.size() - 1));
    }
  }
  if (result.empty()) {  // the text is long: the best one alone
    Segmentation found;
    for (size_t end = text.size(); end > 0; end = found.pieces.back().begin) {
      const auto& arcs = ends[end];
      const auto arc = std::max_element(arcs.begin(), arcs.end(), [&](const Arc& a, const Arc& b) {
        return best[a.start] + a.score < best[b.start] + b.score;
      });
      found.pieces.push_back({arc->start, arc->end});
      found.score += arc->score;
    }
    std::reverse(found.pieces.begin(), found.pieces.end());
    result.push_back(std::move(found));
  }
  return result;
}

void Unigram::tokenize_as(const Segmentation& segmentation, std::string_view text, uint32_t base,
                          TokenSink& sink) const {
  std::vector<Segment> segments;
  add_spans(segmentation.pieces, text, segments);
  add(segments, text, base, sink);
}

std::shared_ptr<const Unigram> Unigram::with_sampling(double alpha, size_t nbest_size, uint64_t seed) const {
  if (!(alpha > 0))
    throw Error(ErrorCode::argument, "brot.Unigram.with_sampling",
                raven::Message() << "alpha: got " << alpha << ", expected more than 0");
  auto model = std::make_shared<Unigram>(*this);
  model->options_.alpha = alpha;
  model->options_.nbest_size = nbest_size;
  model->options_.seed = seed;
  model->generation_ = next_model_generation();
  return model;
}

Unigram::Segmentation Unigram::sample(std::string_view text, double alpha, uint64_t seed) const {
  Segmentation result;
  Random random(seed);
  if (options_.nbest_size > 0) {
    std::vector<Segmentation> best = nbest(text, options_.nbest_size);
    double total = unreached;
    for (const Segmentation& one : best) total = log_add(total, alpha * one.score);
    double left = random.uniform();
    for (Segmentation& one : best) {
      left -= std::exp(alpha * one.score - total);
      if (left <= 0) return std::move(one);
    }
    return std::move(best.back());
  }
  const auto ends = brot::lattice(*this, text);
  std::vector<double> forward(text.size() + 1, unreached);
  forward[0] = 0;
  for (size_t end = 1; end <= text.size(); ++end)
    for (const auto& edge : ends[end]) forward[end] = log_add(forward[end], forward[edge.start] + alpha * edge.score);
  for (size_t end = text.size(); end > 0;) {
    double left = random.uniform();
    const Arc* taken = &ends[end].back();
    for (const auto& edge : ends[end]) {
      left -= std::exp(forward[edge.start] + alpha * edge.score - forward[end]);
      if (left <= 0) {
        taken = &edge;
        break;
      }
    }
    result.pieces.push_back({taken->start, taken->end});
    result.score += taken->score;
    end = taken->start;
  }
  std::reverse(result.pieces.begin(), result.pieces.end());
  return result;
}

}  // namespace brot
