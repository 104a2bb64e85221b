#include "raven/brot/files/spm_models.hpp"

#include <cstdio>
#include <queue>
#include <unordered_map>

#include "raven/brot/core/error.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

constexpr uint32_t none = Vocabulary::none;
constexpr std::string_view metaspace = "\xE2\x96\x81";

/// A part of the text in a list of neighbours.
struct Symbol {
  uint32_t begin, size;  // bytes; size 0 once it was merged into its left neighbour
  uint32_t previous, next;
};

struct Candidate {
  uint32_t rank, left, right, size;
  bool operator<(const Candidate& other) const {  // the queue's top is the smallest rank, then the leftmost
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

}  // namespace

// --------------------------------------------------------------------------------------------------- symbols and words

SpmSymbols::SpmSymbols(ModelPtr inner, std::vector<std::string> symbols)
    : inner_(std::move(inner)), bpe_(dynamic_cast<const BPE*>(inner_.get())), symbols_(std::move(symbols)) {
  vocabulary_ = inner_->vocabulary();
  std::vector<std::pair<std::string, uint32_t>> known;
  for (const std::string& symbol : symbols_)
    if (const uint32_t id = vocabulary_.find(symbol); id != none) known.emplace_back(symbol, id);
  matcher_.build(known);
}

void SpmSymbols::tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const {
  size_t open = 0;
  for (auto match = matcher_.find(piece, 0); match; match = matcher_.find(piece, match->end)) {
    if (open < match->begin) tokenize_gap(piece.substr(open, match->begin - open), base + uint32_t(open), sink);
    sink.add(match->value, base + uint32_t(match->begin), base + uint32_t(match->end));
    open = match->end;
  }
  if (open < piece.size()) tokenize_gap(piece.substr(open), base + uint32_t(open), sink);
}

void SpmSymbols::tokenize_gap(std::string_view piece, uint32_t base, TokenSink& sink) const {
  if (bpe_)
    bpe_->tokenize_metaspace(piece, base, sink);
  else
    inner_->tokenize(piece, base, sink);
}

SpmWords::SpmWords(std::span<const Vocabulary::Entry> words, std::optional<uint32_t> unknown) : unknown_(unknown) {
  vocabulary_ = Vocabulary::build(words);
}

void SpmWords::tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const {
  bool after_unknown = false;
  for (size_t begin = 0; begin < piece.size();) {
    const size_t end = std::min(piece.find(metaspace, begin + 1), piece.size());
    uint32_t id = vocabulary_.find(piece.substr(begin, end - begin));
    const bool unknown = id == none;
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

// ------------------------------------------------------------------------------------------------------- unused pieces

SpmUnusedBpe::SpmUnusedBpe(std::vector<Piece> pieces, bool byte_fallback, std::optional<uint32_t> unknown)
    : pieces_(std::move(pieces)), byte_fallback_(byte_fallback), unknown_(unknown) {
  std::vector<Vocabulary::Entry> entries;
  for (uint32_t id = 0; id < pieces_.size(); ++id) entries.emplace_back(pieces_[id].text, id);
  vocabulary_ = Vocabulary::build(entries);
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", unsigned(byte));
    byte_tokens_[byte] = vocabulary_.find(text);
  }
}

void SpmUnusedBpe::tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const {
  std::vector<Symbol> symbols;
  for (size_t at = 0; at < piece.size();) {
    const uint32_t size = uint32_t(unicode::length_of_lead(static_cast<unsigned char>(piece[at])));
    const uint32_t index = uint32_t(symbols.size());
    symbols.push_back({uint32_t(at), size, index - 1, index + 1});
    at += size;
  }
  if (symbols.empty()) return;
  symbols.back().next = none;  // `previous` of the first is none already

  // The last way in which each unused piece was seen to be put together: the size of its left part. The original keeps
  // the last one it considered, whether or not that merge was made.
  std::unordered_map<uint32_t, uint32_t> parts;
  std::priority_queue<Candidate> queue;
  const auto consider = [&](uint32_t left, uint32_t right) {
    if (left == none || right == none) return;
    const uint32_t size = symbols[left].size + symbols[right].size;
    const uint32_t id = vocabulary_.find(piece.substr(symbols[left].begin, size));
    if (id == none || pieces_[id].rank == none) return;
    queue.push({pieces_[id].rank, left, right, size});
    if (pieces_[id].unused) parts[id] = symbols[left].size;
  };
  for (uint32_t i = 0; i + 1 < symbols.size(); ++i) consider(i, i + 1);
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Symbol& left = symbols[top.left];
    Symbol& right = symbols[top.right];
    if (left.size == 0 || right.size == 0 || left.size + right.size != top.size) continue;
    left.size = top.size;
    left.next = right.next;
    right.size = 0;
    if (left.next != none) symbols[left.next].previous = top.left;
    consider(left.previous, top.left);
    consider(top.left, left.next);
  }

  bool after_unknown = false;
  const auto emit = [&](uint32_t begin, uint32_t size, uint32_t id) {
    const bool unknown = id == none || id == unknown_;
    if (unknown && byte_fallback_) {
      bool all = true;
      for (const char byte : piece.substr(begin, size))
        all = all && byte_tokens_[static_cast<unsigned char>(byte)] != none;
      if (all) {
        for (uint32_t i = begin; i < begin + size; ++i)
          sink.add(byte_tokens_[static_cast<unsigned char>(piece[i])], base + i, base + i + 1);
        after_unknown = false;
        return;
      }
    }
    if (unknown && !unknown_)
      throw Error(ErrorCode::unknown_token, "brot.SentencePieceModel",
                  "a character is unknown and there is no unknown piece");
    if (unknown && after_unknown) {
      if (sink.want_spans) sink.spans.back().end = base + begin + size;
    } else {
      sink.add(unknown ? *unknown_ : id, base + begin, base + begin + size);
    }
    after_unknown = unknown;
  };
  // Takes unused pieces apart, left part first.
  std::vector<std::pair<uint32_t, uint32_t>> open;
  for (uint32_t i = 0; i != none; i = symbols[i].next) {
    open.emplace_back(symbols[i].begin, symbols[i].size);
    while (!open.empty()) {
      const auto [begin, size] = open.back();
      open.pop_back();
      const uint32_t id = vocabulary_.find(piece.substr(begin, size));
      const auto part = id != none && pieces_[id].unused ? parts.find(id) : parts.end();
      if (part == parts.end()) {
        emit(begin, size, id);
        continue;
      }
      open.emplace_back(begin + part->second, size - part->second);
      open.emplace_back(begin, part->second);
    }
  }
}

}  // namespace brot
