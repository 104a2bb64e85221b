#include "raven/brot/files/unused_pieces.hpp"

#include <cstdio>
#include <queue>
#include <unordered_map>

#include "raven/brot/core/error.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

constexpr uint32_t none = Vocabulary::none;

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

UnusedPiecesBpe::UnusedPiecesBpe(const SentencePieceModel& model, std::vector<uint32_t> ranks)
    : ranks_(std::move(ranks)), byte_fallback_(model.byte_fallback), unknown_(model.unk_id()) {
  std::vector<Vocabulary::Entry> entries;
  for (uint32_t id = 0; id < model.pieces.size(); ++id) {
    entries.emplace_back(model.pieces[id].text, id);
    unused_.push_back(model.pieces[id].type == SentencePieceModel::PieceType::unused || model.pieces[id].excluded);
  }
  vocabulary_ = Vocabulary::build(entries);
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", unsigned(byte));
    byte_tokens_[byte] = vocabulary_.find(text);
  }
}

void UnusedPiecesBpe::tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const {
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
    if (id == none || ranks_[id] == none) return;
    queue.push({ranks_[id], left, right, size});
    if (unused_[id]) parts[id] = symbols[left].size;
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
      const auto part = id != none && unused_[id] ? parts.find(id) : parts.end();
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
