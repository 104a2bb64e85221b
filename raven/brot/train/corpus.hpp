#pragma once
// Text to train on, and the counts of its words.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/brot/core/error.hpp"
#include "raven/brot/core/hash.hpp"
#include "raven/brot/train/progress.hpp"

namespace brot {

class Tokenizer;

/// Where training text comes from. Files are read line by line with their line ends; an iterator gives one text per
/// call.
class RAVEN_API Corpus {
 public:
  static Corpus files(std::vector<std::string> paths);
  static Corpus lines(std::vector<std::string> texts);
  /// `next(context, text)` fills `text` and returns true until there is no more.
  static Corpus iterator(bool (*next)(void* context, std::string& text), void* context);

  /// Calls `visit(texts)` for consecutive groups of texts; the views live during the call.
  using Visitor = void (*)(void* context, const std::vector<std::string_view>& texts);
  void for_each_group(Visitor visit, void* context) const;
  /// Bytes of all texts; 0 when an iterator gives them.
  /// @throws raven::IoError for a file that cannot be read
  uint64_t size() const;

 private:
  std::vector<std::string> paths_, texts_;
  bool (*next_)(void*, std::string&) = nullptr;
  void* context_ = nullptr;
};

/// Distinct words with counts. Open addressing over one arena.
class RAVEN_API WordCounts {
 public:
  void add(std::string_view word, uint64_t count = 1);
  void merge(const WordCounts& other);
  size_t size() const noexcept { return words_.size(); }
  struct Word {
    std::string_view text;
    uint64_t count;
  };
  /// All words, by count descending, then by text.
  std::vector<Word> sorted() const;

 private:
  struct Entry {
    uint64_t offset;
    uint32_t size;
    uint32_t tag;
    uint64_t count;
  };
  std::string_view text(const Entry& entry) const { return {arena_.data() + entry.offset, entry.size}; }
  void grow();
  std::string arena_;
  std::vector<Entry> words_;
  std::vector<uint32_t> slots_;
};

/// Normalizes and pre-tokenizes the corpus on all threads and counts the pieces: stage `words` of training.
RAVEN_API WordCounts count_words(const Tokenizer& tokenizer, const Corpus& corpus, const TrainProgress& progress = {});

}  // namespace brot
