#pragma once
// The demo: a GPT of 809,600 parameters learns the King James text, character by character.
#include <string>

#include "raven/raven.hpp"

namespace demo {

/// The sizes of the demo: 809,600 parameters.
constexpr int64_t layers = 4, heads = 4, width = 128, context = 64, batch = 12;

struct Options {
  std::string data;    ///< text file; empty: the King James text of Debian's bible-kjv
  int64_t steps = 2000;
  uint64_t seed = 1;
  std::string out = "out";  ///< folder of checkpoint and losses.csv
  std::string sample;  ///< checkpoint to sample from instead of training
  int64_t tokens = 400;
  double temperature = 0.8;
  int64_t top_k = 0;
  bool eager = false;  ///< the training step op by op, not compiled
  bool help = false;
};
/// Throws nx::ValueError naming the argument.
Options parse_options(int count, char** arguments);
extern const char* const usage;

/// The text to learn. Throws raven::IoError (missing file or package) or nx::ValueError (empty).
std::string load_text(const Options& options);

struct Text {
  kaun::data::CharVocabulary vocabulary;
  kaun::data::TokenDataset train, validation;
};
/// The first nine tenths train, the rest validates.
Text split_text(const std::string& text);

/// Mean loss (nats per character) over every non-overlapping window of the data; NaN when Ctrl-C ended it.
double evaluate(const kaun::models::Gpt& model, const kaun::data::TokenDataset& data);

kaun::models::Gpt make_model(const kaun::data::CharVocabulary& vocabulary, uint64_t seed);
vega::Transform make_optimizer(int64_t steps);

/// Trains and prints the closing lines; the exit status.
int train(const Options& options);

void save_model(const std::string& path, const kaun::models::Gpt& model, const kaun::data::CharVocabulary& vocabulary);
/// A checkpoint's model and vocabulary. Throws raven::IoError, raven::FormatError, kaun::CheckpointError.
std::pair<kaun::models::Gpt, kaun::data::CharVocabulary> load_model(const std::string& path);
/// `count` characters written by the model, after a line break.
std::string write_text(const kaun::models::Gpt& model, const kaun::data::CharVocabulary& vocabulary, const kaun::GenerateOpts& options);

/// Writes a line to stdout. Throws raven::IoError when it does not arrive (a full disk).
void print_line(const std::string& text);

}  // namespace demo
