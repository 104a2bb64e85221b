#include "raven/brot/models/word_models.hpp"

#include <cstdio>

#include "raven/brot/core/error.hpp"
#include "raven/brot/models/thread_cache.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {
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
      sink.ids.resize(before);
      if (sink.want_spans) sink.spans.resize(before);
      unknown();
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
