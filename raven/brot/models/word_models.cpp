#include "raven/brot/models/word_models.hpp"

#include <cstdio>

#include "raven/brot/core/error.hpp"
#include "raven/brot/models/thread_cache.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {
// Bytes; with the default options no word is as long.
constexpr size_t long_word = 512;

std::vector<Vocabulary::Entry> views(const VocabList& vocab) { return {vocab.begin(), vocab.end()}; }
}  // namespace

// ---------------------------------------------------------------------------------------------------------- WordPiece

std::shared_ptr<const WordPiece> WordPiece::make(const VocabList& vocab, Options options) {
  auto model = make(views(vocab), std::move(options));
  model->vocabulary().expect_utf8("brot.WordPiece");
  return model;
}

std::shared_ptr<const WordPiece> WordPiece::make(std::span<const Vocabulary::Entry> vocab, Options options) {
  auto model = std::make_shared<WordPiece>();
  model->options_ = std::move(options);
  model->vocabulary_ = Vocabulary::build(vocab);
  model->generation_ = next_model_generation();
  const std::string& prefix = model->options_.continuing_subword_prefix;
  TableVector<Vocabulary::Entry> first = model->vocabulary_.entries(), following;
  for (const auto& [text, id] : first)
    if (text.starts_with(prefix)) following.emplace_back(text.substr(prefix.size()), id);
  model->first_.build(std::move(first));
  model->following_.build(std::move(following));
  return model;
}

/// Where the greedy search goes on when no child of a node fits, after Song et al., Fast WordPiece Tokenization (2021). The
/// pieces that the text up to the node then turns into are a list, of which nodes share the beginnings.
class WordPiece::Failures {
 public:
  static constexpr uint32_t none = DoubleArray::none;
  struct Piece {
    uint32_t before;  // the piece to the left, or none
    uint32_t id;
    uint32_t size;  // in bytes of the text
  };
  struct Node {
    uint32_t next = none;  // in the trie of pieces that continue a word; none: no way to go on
    uint32_t last = none;  // the last piece
  };
  std::vector<Node> first, following;
  std::vector<Piece> pieces;

  Failures(const DoubleArray& first_trie, const DoubleArray& following_trie) {
    make(following_trie, following_trie, following);
    make(first_trie, following_trie, first);
  }

 private:
  void make(const DoubleArray& trie, const DoubleArray& following_trie, std::vector<Node>& nodes) {
    nodes.resize(trie.size());
    std::vector<uint32_t> depth(trie.size());
    trie.for_each_edge([&](uint32_t parent, unsigned char byte, uint32_t child) {
      depth[child] = depth[parent] + 1;
      if (trie.value(child) != none) {
        nodes[child] = {0, add({none, trie.value(child), depth[child]})};
        return;
      }
      Node node = nodes[parent];
      uint32_t next = none;
      while (node.next != none && (next = following_trie.child(node.next, byte)) == none) {
        const Node& further = following[node.next];
        node = {further.next, further.next == none ? none : joined(node.last, further.last)};
      }
      if (node.next != none) nodes[child] = {next, node.last};
    });
  }
  uint32_t add(Piece piece) {
    pieces.push_back(piece);
    return uint32_t(pieces.size() - 1);
  }
  uint32_t joined(uint32_t left, uint32_t right) {
    std::vector<uint32_t> order;
    for (; right != none; right = pieces[right].before) order.push_back(right);
    for (size_t i = order.size(); i-- > 0;) left = add({left, pieces[order[i]].id, pieces[order[i]].size});
    return left;
  }
};

bool WordPiece::match_long(std::string_view piece, uint32_t base, TokenSink& sink) const {
  constexpr uint32_t none = DoubleArray::none;
  std::call_once(failures_once_, [&] { failures_ = std::make_shared<const Failures>(first_, following_); });
  const Failures& failures = *failures_;
  const DoubleArray* trie = &first_;
  const std::vector<Failures::Node>* nodes = &failures.first;
  uint32_t node = 0;
  std::vector<uint32_t> order;
  const auto fall_back = [&] {
    const Failures::Node to = (*nodes)[node];
    if (to.next == none) return false;
    order.clear();
    for (uint32_t at = to.last; at != none; at = failures.pieces[at].before) order.push_back(at);
    for (size_t i = order.size(); i-- > 0;) {
      const Failures::Piece& found = failures.pieces[order[i]];
      sink.add(found.id, base, base + found.size);
      base += found.size;
    }
    node = to.next;
    trie = &following_;
    nodes = &failures.following;
    return true;
  };
  for (const char c : piece) {
    uint32_t next;
    while ((next = trie->child(node, static_cast<unsigned char>(c))) == none)
      if (!fall_back()) return false;
    node = next;
  }
  while (trie == &first_ || node != 0)
    if (!fall_back()) return false;
  return true;
}

void WordPiece::tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const {
  const size_t size = piece.size();
  if (size == 0) return;
  const auto unknown = [&] {
    const uint32_t id = vocabulary_.find(options_.unk_token);
    if (id == Vocabulary::none)
      throw Error(ErrorCode::unknown_token, "brot.WordPiece",
                  raven::Message() << "the unknown token `" << options_.unk_token << "` is not in the vocabulary");
    sink.add(id, base, base + uint32_t(size));
  };
  if (size > options_.max_input_chars_per_word && unicode::count_scalars(piece) > options_.max_input_chars_per_word)
    return unknown();
  WordCache& cache = thread_word_cache(generation_);
  const bool cached = size <= WordCache::max_key && !sink.want_spans;
  WordCache::Key key;
  if (cached) {
    key = WordCache::key_of(piece.data(), size, piece.data() + size);
    if (const WordCache::Entry* entry = cache.find(key, size)) {
      sink.ids.insert(sink.ids.end(), entry->ids, entry->ids + entry->count);
      return;
    }
  }
  const size_t before = sink.ids.size();
  const auto give_up = [&] {
    sink.ids.resize(before);
    if (sink.want_spans) sink.spans.resize(before);
    unknown();
  };
  // The search below may read a word anew as often as the longest piece has bytes.
  if (size >= long_word) {
    if (!match_long(piece, base, sink)) give_up();
    return;
  }
  const char* at = piece.data();
  const char* const end = at + size;
  const DoubleArray* trie = &first_;
  while (at != end) {
    uint32_t node = 0, found = DoubleArray::none;
    const char* stop = at;
    for (const char* next = at; next != end;) {
      node = trie->child(node, static_cast<unsigned char>(*next));
      if (node == DoubleArray::none) break;
      ++next;
      if (trie->value(node) != DoubleArray::none) {
        found = trie->value(node);
        stop = next;
      }
    }
    if (found == DoubleArray::none) {
      give_up();
      break;
    }
    sink.add(found, base + uint32_t(at - piece.data()), base + uint32_t(stop - piece.data()));
    at = stop;
    trie = &following_;
  }
  const size_t count = sink.ids.size() - before;
  if (cached && count <= WordCache::max_ids) cache.insert(key, size, sink.ids.data() + before, count);
}

// ---------------------------------------------------------------------------------------------------------- WordLevel

std::shared_ptr<const WordLevel> WordLevel::make(const VocabList& vocab, Options options) {
  auto model = make(views(vocab), std::move(options));
  model->vocabulary().expect_utf8("brot.WordLevel");
  return model;
}

std::shared_ptr<const WordLevel> WordLevel::make(std::span<const Vocabulary::Entry> vocab, Options options) {
  auto model = std::make_shared<WordLevel>();
  model->options_ = std::move(options);
  model->vocabulary_ = Vocabulary::build(vocab);
  return model;
}

void WordLevel::tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const {
  uint32_t id = vocabulary_.find(piece);
  if (id == Vocabulary::none) id = vocabulary_.find(options_.unk_token);
  if (id == Vocabulary::none)
    throw Error(ErrorCode::unknown_token, "brot.WordLevel",
                raven::Message() << "`" << piece.substr(0, 64)
                                 << "` is not in the vocabulary, nor is the unknown token `" << options_.unk_token
                                 << "`");
  sink.add(id, base, base + uint32_t(piece.size()));
}

// -------------------------------------------------------------------------------------------------------------- Bytes

std::shared_ptr<const ByteModel> ByteModel::make(uint32_t offset, const std::vector<std::string>& specials) {
  if (offset > 0x7FFFFFFF || specials.size() > offset)
    throw Error(ErrorCode::argument, "brot.ByteModel",
                raven::Message() << "specials: got " << specials.size() << ", expected at most the offset " << offset);
  auto model = std::make_shared<ByteModel>();
  model->offset_ = offset;
  model->specials_ = specials;
  VocabList vocab;
  for (uint32_t id = 0; id < specials.size(); ++id) vocab.emplace_back(specials[id], id);
  for (uint32_t byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", byte);
    vocab.emplace_back(text, byte + offset);
  }
  model->vocabulary_ = Vocabulary::build(views(vocab));
  model->vocabulary_.expect_utf8("brot.ByteModel");
  return model;
}

void ByteModel::tokenize(std::string_view piece, uint32_t base, TokenSink& sink) const {
  for (size_t i = 0; i < piece.size(); ++i)
    sink.add(offset_ + static_cast<unsigned char>(piece[i]), base + uint32_t(i), base + uint32_t(i) + 1);
}

}  // namespace brot
