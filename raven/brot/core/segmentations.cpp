// Other ways to cut a text than the best one: drawn, or the n best.
#include <algorithm>
#include <mutex>
#include <queue>

#include "raven/brot/core/core.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/models/unigram.hpp"

namespace brot {

namespace {

/// Stands in for the model and keeps the pieces that it is given; ids tell which.
class PieceRecorder final : public Model {
 public:
  explicit PieceRecorder(uint32_t first_id) : first_id_(first_id) {}
  ModelType type() const noexcept override { return ModelType::custom; }
  void tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const override {
    const std::lock_guard lock(mutex_);
    sink.add(first_id_ + uint32_t(pieces_.size()), base, base + uint32_t(piece.size()));
    pieces_.emplace_back(piece);
  }
  /// The piece that the id stands for, or null.
  const std::string* piece(uint32_t id) const {
    return id >= first_id_ && id - first_id_ < pieces_.size() ? &pieces_[id - first_id_] : nullptr;
  }

 private:
  uint32_t first_id_;
  mutable std::mutex mutex_;
  mutable std::vector<std::string> pieces_;
};

/// The best ways to go on so far: one of the ways before, and one for the present piece.
struct Step {
  uint32_t before, own;
  double score;
};

/// The `count` best sums of one of `before` and one of `own`, both descending.
std::vector<Step> best_sums(const std::vector<double>& before, const std::vector<double>& own, size_t count) {
  const auto worse = [](const Step& a, const Step& b) {
    return a.score != b.score ? a.score < b.score : std::pair(a.before, a.own) > std::pair(b.before, b.own);
  };
  std::priority_queue<Step, std::vector<Step>, decltype(worse)> open(worse);
  for (uint32_t i = 0; i < before.size(); ++i) open.push({i, 0, before[i] + own[0]});
  std::vector<Step> best;
  while (!open.empty() && best.size() < count) {
    Step step = open.top();
    open.pop();
    best.push_back(step);
    if (++step.own == own.size()) continue;
    step.score = before[step.before] + own[step.own];
    open.push(step);
  }
  return best;
}

}  // namespace

Tokenizer Tokenizer::with_sampling(const Sampling& sampling) const {
  Tokenizer tokenizer = *this;
  if (core_->bpe) {
    tokenizer.set_model(core_->bpe->with_dropout(sampling.dropout, sampling.seed));
  } else if (const auto* unigram = dynamic_cast<const Unigram*>(core_->model.get())) {
    tokenizer.set_model(unigram->with_sampling(sampling.alpha, sampling.nbest_size, sampling.seed));
  } else {
    throw Error(ErrorCode::unsupported, "brot.Tokenizer.with_sampling",
                "the model has one way to cut a text; Unigram and BPE have more");
  }
  tokenizer.edit().draws = 0;  // those of this tokenizer follow its seed alone
  return tokenizer;
}

std::vector<ScoredIds> Tokenizer::nbest(std::string_view text, size_t count) const {
  static constexpr std::string_view operation = "brot.Tokenizer.nbest";
  const auto* unigram = dynamic_cast<const Unigram*>(core_->model.get());
  if (!unigram) throw Error(ErrorCode::unsupported, operation, "the model has no scores; Unigram has");
  if (count == 0) return {};
  uint64_t first_id = unigram->pieces().size();
  if (!added_tokens().empty()) first_id = std::max<uint64_t>(first_id, added_tokens().rbegin()->first + uint64_t{1});
  if (first_id + text.size() > 0xFFFFFFFE)
    throw Error(ErrorCode::limit, operation, "the text and the ids are too large");
  const auto recorder = std::make_shared<PieceRecorder>(uint32_t(first_id));
  Tokenizer pieces = *this;
  pieces.set_model(recorder);
  struct Piece {
    std::vector<std::vector<uint32_t>> ids;  // of each of its ways
    std::vector<Step> steps;
  };
  std::vector<Piece> all;
  std::vector<double> scores{0};
  for (const uint32_t id : pieces.encode_ids(text)) {
    Piece& piece = all.emplace_back();
    std::vector<double> own;
    if (const std::string* words = recorder->piece(id)) {
      for (const Unigram::Segmentation& one : unigram->nbest(*words, count)) {
        TokenSink sink;
        sink.want_spans = false;
        unigram->tokenize_as(one, *words, 0, sink);
        piece.ids.push_back(std::move(sink.ids));
        own.push_back(one.score);
      }
    } else {
      piece.ids.push_back({id});
      own.push_back(0);
    }
    piece.steps = best_sums(scores, own, count);
    scores.clear();
    for (const Step& step : piece.steps) scores.push_back(step.score);
  }
  std::vector<ScoredIds> result;
  for (size_t way = 0; way < scores.size(); ++way) {
    std::vector<const std::vector<uint32_t>*> parts;
    auto at = uint32_t(way);
    for (auto piece = all.rbegin(); piece != all.rend(); ++piece) {
      parts.push_back(&piece->ids[piece->steps[at].own]);
      at = piece->steps[at].before;
    }
    ScoredIds& one = result.emplace_back();
    one.score = scores[way];
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      one.ids.insert(one.ids.end(), (*part)->begin(), (*part)->end());
  }
  return result;
}

}  // namespace brot
