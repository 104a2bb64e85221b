#pragma once
// Text to train on, and the counts of its words.
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "raven/brot/core/error.hpp"
#include "raven/brot/core/hash.hpp"
#include "raven/brot/core/options.hpp"
#include "raven/brot/train/progress.hpp"

namespace brot {

class Tokenizer;

/// How a corpus is read.
struct CorpusOptions {
  /// Of invalid UTF-8: `replace` reads U+FFFD for each maximal invalid subpart; `error` ends training by a brot::Error
  /// (`ErrorCode::invalid_text`) that names the first place of the corpus, whatever the number of threads.
  InvalidUtf8 invalid = InvalidUtf8::replace;
};

/// Where training text comes from. Files are read line by line with their line ends; an iterator gives one text per
/// call. Each function throws brot::Error for `InvalidUtf8::bytes`: characters are trained on.
class RAVEN_API Corpus {
 public:
  static Corpus files(std::vector<std::string> paths, CorpusOptions options = {});
  static Corpus lines(std::vector<std::string> texts, CorpusOptions options = {});
  /// The texts of any other range, copied.
  template <std::ranges::input_range Texts>
    requires std::convertible_to<std::ranges::range_reference_t<Texts>, std::string_view>
  static Corpus lines(Texts&& texts, CorpusOptions options = {}) {
    std::vector<std::string> copies;
    for (auto&& text : texts) copies.emplace_back(std::string_view(text));
    return lines(std::move(copies), options);
  }
  /// `next(text)` fills `text` and returns true until there is no more. It runs on the thread that trains.
  template <class F>
    requires std::is_invocable_r_v<bool, F&, std::string&>
  static Corpus iterator(F next, CorpusOptions options = {}) {
    return iterator(
        std::make_shared<F>(std::move(next)),
        [](void* f, std::string& text) -> bool { return (*static_cast<F*>(f))(text); }, options);
  }

  /// Consecutive texts. Those of a group are lines of one file, or whole texts.
  struct Group {
    std::vector<std::string_view> texts;
    std::string_view path = {};  ///< of the file; empty for texts of the program
    uint64_t first = 0;          ///< how many lines of the file, or texts, came before
  };
  using Visitor = void (*)(void* context, const Group& group);
  /// Calls `visit(group)` for the groups in order; the views live during the call.
  /// @throws brot::Error instead of visiting a group with invalid UTF-8, when that is an error
  void for_each_group(Visitor visit, void* context) const;
  /// Bytes of all texts; 0 when an iterator gives them.
  /// @throws raven::IoError for a file that cannot be read
  uint64_t size() const;
  const CorpusOptions& options() const noexcept { return options_; }

 private:
  using Next = bool (*)(void* source, std::string& text);
  explicit Corpus(CorpusOptions options);
  static Corpus iterator(std::shared_ptr<void> source, Next next, CorpusOptions options);
  CorpusOptions options_;
  std::vector<std::string> paths_, texts_;
  std::shared_ptr<void> source_;
  Next next_ = nullptr;  // called with source_
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
/// @throws raven::IoError for a file that cannot be read, brot::Error for invalid UTF-8 where the corpus forbids it
RAVEN_API WordCounts count_words(const Tokenizer& tokenizer, const Corpus& corpus, const TrainProgress& progress = {});

}  // namespace brot
