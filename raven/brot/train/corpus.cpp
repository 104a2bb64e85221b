#include "raven/brot/train/corpus.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "raven/base/file.hpp"
#include "raven/base/interrupt.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/core/core.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/train/stage.hpp"

namespace brot {

Corpus::Corpus(CorpusOptions options) : options_(options) {
  if (options.invalid == InvalidUtf8::bytes)
    throw Error(ErrorCode::argument, "brot.Corpus",
                "invalid: got `bytes`, expected `replace` or `error`; characters are trained on");
}

Corpus Corpus::files(std::vector<std::string> paths, CorpusOptions options) {
  Corpus corpus(options);
  corpus.paths_ = std::move(paths);
  return corpus;
}
Corpus Corpus::lines(std::vector<std::string> texts, CorpusOptions options) {
  Corpus corpus(options);
  corpus.texts_ = std::move(texts);
  return corpus;
}
Corpus Corpus::iterator(std::shared_ptr<void> source, Next next, CorpusOptions options) {
  Corpus corpus(options);
  corpus.source_ = std::move(source);
  corpus.next_ = next;
  return corpus;
}

namespace {

/// The first invalid text of a group, or their number: all threads look, the smallest index counts.
size_t find_invalid_text(const std::vector<std::string_view>& texts) {
  std::atomic<size_t> first{texts.size()};
  raven::parallel_for(int64_t(texts.size()), std::max<int64_t>(1, int64_t(texts.size()) / 64),
                      [&](int64_t begin, int64_t end) {
                        for (size_t i = size_t(begin); i < size_t(end) && i < first.load(); ++i) {
                          if (unicode::is_valid(texts[i])) continue;
                          for (size_t known = first.load(); i < known && !first.compare_exchange_weak(known, i);) {
                          }
                        }
                      });
  return first.load();
}

/// Lines and texts count from 1, bytes from 0 within their line.
void require_valid(const Corpus::Group& group) {
  const size_t index = find_invalid_text(group.texts);
  if (index == group.texts.size()) return;
  const std::string_view text = group.texts[index];
  const std::string_view valid = text.substr(0, unicode::find_invalid(text));
  const uint64_t number = group.first + index + 1;
  const uint64_t line_ends = uint64_t(std::count(valid.begin(), valid.end(), '\n'));
  const uint64_t byte = valid.size() - (valid.rfind('\n') + 1);  // npos + 1 is 0
  raven::Message where;
  if (group.path.empty())
    where << "text " << number << ", line " << line_ends + 1;
  else
    where << group.path << ", line " << number;
  where << ", byte " << byte;
  throw Error(ErrorCode::invalid_text, "brot.Corpus",
              "invalid UTF-8; mend the text, or read U+FFFD in its place by the policy `replace`", where);
}

}  // namespace

void Corpus::for_each_group(Visitor visit, void* context) const {
  constexpr size_t group_bytes = 8 << 20;
  Group group;
  size_t bytes = 0;
  const auto flush = [&] {
    if (!group.texts.empty()) {
      if (options_.invalid == InvalidUtf8::error) require_valid(group);
      visit(context, group);
    }
    group.first += group.texts.size();
    group.texts.clear();
    bytes = 0;
    raven::check_interrupt();
  };
  for (const std::string& path : paths_) {
    const raven::MappedFile file(path, "brot.Corpus");
    group.path = path;
    group.first = 0;
    std::string_view rest = file.text();
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
      group.texts.push_back(line);
      bytes += line.size();
      rest.remove_prefix(line.size());
      if (bytes >= group_bytes) flush();
    }
    flush();
  }
  group.path = {};
  group.first = 0;
  for (const std::string& text : texts_) {
    group.texts.push_back(text);
    bytes += text.size();
    if (bytes >= group_bytes) flush();
  }
  flush();
  if (!next_) return;
  std::vector<std::string> owned;
  for (bool more = true; more;) {
    owned.clear();
    for (std::string text; bytes < group_bytes && (more = next_(source_.get(), text));) {
      bytes += text.size() + 1;
      owned.push_back(std::move(text));
      text.clear();
    }
    group.texts.assign(owned.begin(), owned.end());
    flush();
  }
}

uint64_t Corpus::size() const {
  if (next_) return 0;
  uint64_t bytes = 0;
  for (const std::string& path : paths_) bytes += raven::MappedFile(path, "brot.Corpus").text().size();
  for (const std::string& text : texts_) bytes += text.size();
  return bytes;
}

// ---------------------------------------------------------------------------------------------------------------
// counts

void WordCounts::grow() {
  slots_.assign(std::max<size_t>(1024, slots_.size() * 2), 0);
  const size_t mask = slots_.size() - 1;
  for (uint32_t i = 0; i < words_.size(); ++i) {
    size_t slot = hash_bytes(text(words_[i])) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = i + 1;
  }
}

void WordCounts::add(std::string_view word, uint64_t count) {
  if (words_.size() * 2 >= slots_.size()) grow();
  const uint64_t hash = hash_bytes(word);
  const uint32_t tag = uint32_t(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) {
      words_.push_back({arena_.size(), uint32_t(word.size()), tag, count});
      arena_.append(word);
      slots_[slot] = uint32_t(words_.size());
      return;
    }
    Entry& entry = words_[slots_[slot] - 1];
    if (entry.tag == tag && text(entry) == word) {
      entry.count += count;
      return;
    }
  }
}

void WordCounts::merge(const WordCounts& other) {
  for (const Entry& entry : other.words_) add(other.text(entry), entry.count);
}

std::vector<WordCounts::Word> WordCounts::sorted() const {
  std::vector<Word> all;
  all.reserve(words_.size());
  for (const Entry& entry : words_) all.push_back({text(entry), entry.count});
  std::sort(all.begin(), all.end(),
            [](const Word& a, const Word& b) { return a.count != b.count ? a.count > b.count : a.text < b.text; });
  return all;
}

WordCounts count_words(const Tokenizer& tokenizer, const Corpus& corpus, const TrainProgress& progress) {
  TrainStage stage(progress, "words", corpus.size());
  struct State {
    const TokenizerCore& core;
    bool is_valid;   // the corpus has seen to that
    bool raw_bytes;  // count before bytes become printable characters; there are fewer of them
    std::mutex mutex;
    std::vector<std::unique_ptr<WordCounts>> idle;  // one per thread in the end
    TrainStage& stage;
    uint64_t bytes;
  } state{*tokenizer.core(), corpus.options().invalid == InvalidUtf8::error, false, {}, {}, stage, 0};
  state.raw_bytes = state.core.pre_tokenizer && state.core.pre_tokenizer->ends_in_byte_level();
  corpus.for_each_group(
      [](void* context, const Corpus::Group& group) {
        State& state = *static_cast<State*>(context);
        const std::vector<std::string_view>& texts = group.texts;
        raven::parallel_for(int64_t(texts.size()), std::max<int64_t>(1, int64_t(texts.size()) / 64),
                            [&](int64_t begin, int64_t end) {
                              std::unique_ptr<WordCounts> counts;
                              {
                                const std::lock_guard lock(state.mutex);
                                if (!state.idle.empty()) {
                                  counts = std::move(state.idle.back());
                                  state.idle.pop_back();
                                }
                              }
                              if (!counts) counts = std::make_unique<WordCounts>();
                              thread_local Pieces pieces;
                              for (int64_t i = begin; i < end; ++i) {
                                std::string repaired;
                                std::string_view text = texts[size_t(i)];
                                if (!state.is_valid && !unicode::is_valid(text))
                                  text = repaired = unicode::replace_invalid(text);
                                pieces.text.assign(text, 0, state.core.needs_offsets, state.core.profile);
                                if (state.core.normalizer) state.core.normalizer->apply(pieces.text);
                                pieces.list.clear();
                                if (pieces.text.size() > 0)
                                  pieces.list.push_back({0, uint32_t(pieces.text.size()), Piece::none});
                                if (state.raw_bytes) {
                                  state.core.pre_tokenizer->apply_before_byte_mapping(pieces);
                                } else if (state.core.pre_tokenizer) {
                                  state.core.pre_tokenizer->apply(pieces);
                                }
                                for (const Piece& piece : pieces.list) counts->add(pieces.view(piece));
                              }
                              const std::lock_guard lock(state.mutex);
                              state.idle.push_back(std::move(counts));
                            });
        for (const std::string_view text : texts) state.bytes += text.size();
        state.stage.update(state.bytes);
      },
      &state);
  WordCounts all;
  for (const auto& counts : state.idle) {
    if (!state.raw_bytes && all.size() == 0) {
      all = std::move(*counts);
      continue;
    }
    if (!state.raw_bytes) {
      all.merge(*counts);
      continue;
    }
    std::string printable;
    for (const auto& [text, count] : counts->sorted()) {
      printable.clear();
      byte_alphabet::append_text(text, printable);
      all.add(printable, count);
    }
  }
  stage.finish();
  return all;
}

}  // namespace brot
