// Training by counting: whole words, single characters.
#include <algorithm>
#include <set>

#include "raven/brot/models/word_models.hpp"
#include "raven/brot/train/stage.hpp"
#include "raven/brot/train/trainers.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

ModelPtr WordLevelTrainer::train(const WordCounts& words, const Model& previous) const {
  TrainStage stage(progress, "tokens", std::min(vocab_size, special_tokens.size() + words.size()));
  VocabList vocab;
  for (const AddedToken& token : special_tokens)
    if (vocab.size() < vocab_size) vocab.emplace_back(token.content, uint32_t(vocab.size()));
  for (const auto& [text, count] : words.sorted()) {
    if (vocab.size() >= vocab_size) break;
    if (count >= min_frequency) vocab.emplace_back(std::string(text), uint32_t(vocab.size()));
  }
  stage.finish();
  WordLevel::Options options;
  if (const auto* level = dynamic_cast<const WordLevel*>(&previous)) options = level->options();
  return WordLevel::make(vocab, std::move(options));
}

ModelPtr CharTrainer::train(const WordCounts& words, const Model&) const {
  TrainStage stage(progress, "tokens", 0);
  std::set<char32_t> characters;
  for (const auto& [text, count] : words.sorted())
    for (const char* at = text.data(); at != text.data() + text.size();) characters.insert(unicode::next_scalar(at));
  VocabList vocab;
  for (const AddedToken& token : special_tokens) vocab.emplace_back(token.content, uint32_t(vocab.size()));
  for (const char32_t c : characters) {
    std::string text;
    unicode::append(text, c);
    vocab.emplace_back(std::move(text), uint32_t(vocab.size()));
  }
  stage.update(vocab.size());
  stage.finish();
  return WordLevel::make(vocab, {unk_token});
}

}  // namespace brot
