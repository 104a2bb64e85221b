#pragma once
// Trainers learn a model's vocabulary from counted words. Results are those of HuggingFace's trainers and do not depend
// on threads.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raven/brot/core/added_tokens.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/models/model.hpp"
#include "raven/brot/train/corpus.hpp"
#include "raven/brot/train/progress.hpp"

namespace brot {

/// Byte-pair encoding: the most frequent pair is merged again and again.
struct RAVEN_API BpeTrainer {
  size_t vocab_size = 30000;
  uint64_t min_frequency = 0;
  std::vector<AddedToken> special_tokens = {};
  std::optional<size_t> limit_alphabet = {};       ///< keep this many characters, the most frequent ones
  std::vector<std::string> initial_alphabet = {};  ///< characters that are kept whatever the text has
  std::optional<std::string> continuing_subword_prefix = {};
  std::optional<std::string> end_of_word_suffix = {};
  std::optional<size_t> max_token_length = {};
  TrainProgress progress = {};
  /// The alphabet of byte-level tokenizers: all 256 printable byte characters.
  static std::vector<std::string> byte_alphabet();
  ModelPtr train(const WordCounts& words, const Model& previous) const;
};

/// WordPiece. As HuggingFace trains it: byte-pair merges with a prefix on continuing pieces. With `likelihood` as it
/// was published: the pair that makes the text most likely is merged, the one with the greatest count(ab) / (count(a) ·
/// count(b)). Of equal scores, compared exactly, the more frequent pair wins, then the one with the smaller ids.
struct RAVEN_API WordPieceTrainer {
  size_t vocab_size = 30000;
  uint64_t min_frequency = 0;
  std::vector<AddedToken> special_tokens = {};
  std::optional<size_t> limit_alphabet = {};
  std::vector<std::string> initial_alphabet = {};
  std::string continuing_subword_prefix = "##";
  bool likelihood = false;
  TrainProgress progress = {};
  ModelPtr train(const WordCounts& words, const Model& previous) const;
};

/// The most frequent words.
struct RAVEN_API WordLevelTrainer {
  size_t vocab_size = 30000;
  uint64_t min_frequency = 0;
  std::vector<AddedToken> special_tokens = {};
  TrainProgress progress = {};
  ModelPtr train(const WordCounts& words, const Model& previous) const;
};

/// Every character of the text, by code point; a WordLevel model over single characters (presets::characters has
/// what belongs around it).
struct RAVEN_API CharTrainer {
  std::vector<AddedToken> special_tokens = {};
  std::string unk_token = "<unk>";
  TrainProgress progress = {};
  ModelPtr train(const WordCounts& words, const Model& previous) const;
};

/// Unigram by expectation maximisation and pruning.
struct RAVEN_API UnigramTrainer {
  size_t vocab_size = 8000;
  double shrinking_factor = 0.75;
  size_t n_sub_iterations = 2;
  size_t max_piece_length = 16;
  size_t seed_size = 1000000;
  std::optional<std::string> unk_token = {};
  std::vector<AddedToken> special_tokens = {};
  std::vector<std::string> initial_alphabet = {};
  TrainProgress progress = {};
  /// @throws brot::Error when vocab_size is smaller than the number of characters
  ModelPtr train(const WordCounts& words, const Model& previous) const;
};

/// Counts the corpus with the tokenizer's normalizer and pre-tokenizer, trains a model and puts it in; options of a
/// model of the same kind are kept, special tokens are added. Whatever is thrown, the tokenizer stays as it was.
template <class Trainer>
void train(Tokenizer& tokenizer, const Trainer& trainer, const Corpus& corpus) {
  const WordCounts words = count_words(tokenizer, corpus, trainer.progress);
  Tokenizer trained = tokenizer;
  trained.set_model(trainer.train(words, tokenizer.model()));
  trained.add_special_tokens(trainer.special_tokens);
  tokenizer = std::move(trained);
}

}  // namespace brot
