// Vocabularies that the trainers learn against those that tests/golden/brot/training.py recorded from HuggingFace's.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "raven/base/file.hpp"
#include "raven/brot.hpp"
#include "raven/brot/files/json.hpp"

namespace {

using namespace brot;

std::vector<std::string> strings(const json::Value& list) {
  std::vector<std::string> out;
  for (const auto one : list) out.emplace_back(one.text());
  return out;
}

/// Sets what the options name; every one must be known to the trainer.
class Options {
 public:
  explicit Options(const json::Value& options) : options_(options) {}
  ~Options() {
    for (const auto option : options_)
      EXPECT_NE(std::find(read_.begin(), read_.end(), option.key()), read_.end()) << option.key();
  }
  void set(std::string_view name, size_t& out) {
    take(name, [&](const json::Value& v) { out = size_t(v.number()); });
  }
  void set(std::string_view name, double& out) {
    take(name, [&](const json::Value& v) { out = v.number(); });
  }
  void set(std::string_view name, std::string& out) {
    take(name, [&](const json::Value& v) { out = v.text(); });
  }
  void set(std::string_view name, std::optional<size_t>& out) {
    take(name, [&](const json::Value& v) { out = size_t(v.number()); });
  }
  void set(std::string_view name, std::optional<std::string>& out) {
    take(name, [&](const json::Value& v) { out = std::string(v.text()); });
  }
  void set(std::string_view name, std::vector<std::string>& out) {
    take(name, [&](const json::Value& v) {
      out = v.is(json::Type::string) && v.text() == "bytes" ? BpeTrainer::byte_alphabet() : strings(v);
    });
  }
  void set(std::string_view name, std::vector<AddedToken>& out) {
    take(name, [&](const json::Value& v) {
      for (const std::string& token : strings(v)) out.emplace_back(token, true);
    });
  }

 private:
  template <class Take>
  void take(std::string_view name, const Take& taken) {
    if (!options_[name].present()) return;
    taken(options_[name]);
    read_.push_back(name);
  }
  json::Value options_;
  std::vector<std::string_view> read_;
};

/// The model part of the trained tokenizer's file.
std::string trained(const json::Value& golden_case, const Corpus& corpus) {
  Tokenizer tokenizer =
      Tokenizer::from_json(R"({"version":"1.0","pre_tokenizer":)" + std::string(golden_case["pre_tokenizer"].text()) +
                           R"(,"model":{"type":"WordLevel","vocab":{},"unk_token":"<unk>"}})");
  Options options(golden_case["options"]);
  const std::string_view kind = golden_case["trainer"].text();
  const auto run = [&](const auto& trainer) {
    train(tokenizer, trainer, corpus);
    return tokenizer.to_json();
  };
  if (kind == "wordlevel") {
    WordLevelTrainer trainer;
    options.set("vocab_size", trainer.vocab_size);
    options.set("min_frequency", trainer.min_frequency);
    options.set("special_tokens", trainer.special_tokens);
    return run(trainer);
  }
  if (kind == "unigram") {
    UnigramTrainer trainer;
    options.set("vocab_size", trainer.vocab_size);
    options.set("special_tokens", trainer.special_tokens);
    options.set("unk_token", trainer.unk_token);
    options.set("max_piece_length", trainer.max_piece_length);
    options.set("shrinking_factor", trainer.shrinking_factor);
    options.set("n_sub_iterations", trainer.n_sub_iterations);
    options.set("seed_size", trainer.seed_size);
    options.set("initial_alphabet", trainer.initial_alphabet);
    return run(trainer);
  }
  const auto set_common = [&](auto& trainer) {
    options.set("vocab_size", trainer.vocab_size);
    options.set("min_frequency", trainer.min_frequency);
    options.set("special_tokens", trainer.special_tokens);
    options.set("limit_alphabet", trainer.limit_alphabet);
    options.set("initial_alphabet", trainer.initial_alphabet);
    options.set("continuing_subword_prefix", trainer.continuing_subword_prefix);
  };
  if (kind == "wordpiece") {
    WordPieceTrainer trainer;
    set_common(trainer);
    return run(trainer);
  }
  BpeTrainer trainer;
  set_common(trainer);
  options.set("end_of_word_suffix", trainer.end_of_word_suffix);
  options.set("max_token_length", trainer.max_token_length);
  return run(trainer);
}

TEST(GoldenTraining, VocabulariesEqualHuggingFace) {
  const std::string source = raven::read_file(RAVEN_SOURCE_DIR "/tests/golden/brot/training.json");
  const json::Document golden = json::Document::parse(source, "training.json");
  std::vector<std::string> lines;
  for (const auto count : golden.root()["counts"]) {
    std::vector<json::Value> pair;
    for (const auto one : count) pair.push_back(one);
    std::string& line = lines.emplace_back(pair[0].text());
    for (int i = 1; i < int(pair[1].number()); ++i) (line += ' ') += pair[0].text();
  }
  size_t cases = 0, with_merges = 0, with_scores = 0;
  for (const auto one : golden.root()["cases"]) {
    SCOPED_TRACE("case " + std::to_string(cases) + ", " + std::string(one["trainer"].text()));
    const std::string file = trained(one, Corpus::lines(lines));
    const json::Document document = json::Document::parse(file, "trained");
    const json::Value model = document.root()["model"];
    std::vector<std::string> tokens;
    if (one["scores"].present()) {
      ++with_scores;
      std::map<std::string, double> scores;
      size_t id = 0, unk_id = ~size_t{0};
      for (const auto piece : model["vocab"]) {
        std::vector<json::Value> pair;
        for (const auto part : piece) pair.push_back(part);
        tokens.emplace_back(pair[0].text());
        scores[tokens.back()] = pair[1].number();
        if (one["options"]["unk_token"].present() && tokens.back() == one["options"]["unk_token"].text()) unk_id = id;
        ++id;
      }
      auto wanted = one["scores"].begin();
      for (const auto token : one["tokens"]) {  // null: differs from run to run
        if (!(*wanted).is_null())
          EXPECT_NEAR(scores[std::string(token.text())], (*wanted).number(), 1e-7) << token.text();
        ++wanted;
      }
      std::vector<double> sorted;
      for (const auto& [token, score] : scores) sorted.push_back(score);
      std::sort(sorted.begin(), sorted.end());
      size_t place = 0;
      for (const auto score : one["sorted_scores"]) EXPECT_NEAR(sorted.at(place++), score.number(), 1e-7);
      EXPECT_EQ(model["unk_id"].is_null(), one["unk_id"].is_null());
      if (!one["unk_id"].is_null()) {
        EXPECT_EQ(model["unk_id"].number(), one["unk_id"].number());
        EXPECT_EQ(model["unk_id"].number(), double(unk_id));
      }
    } else {
      for (const auto entry : model["vocab"]) {
        EXPECT_EQ(entry.number(), double(tokens.size()));
        tokens.emplace_back(entry.key());
      }
    }
    if (!one["ordered"].boolean()) std::sort(tokens.begin(), tokens.end());
    EXPECT_EQ(tokens, strings(one["tokens"]));
    if (!one["merges"].is_null()) {
      ++with_merges;
      std::vector<std::string> merges;
      for (const auto merge : model["merges"]) {
        std::vector<std::string> pair = strings(merge);
        merges.push_back(pair[0] + " " + pair[1]);
      }
      EXPECT_EQ(merges, strings(one["merges"]));
    }
    ++cases;
  }
  EXPECT_EQ(cases, 31u);
  EXPECT_GE(with_merges, 14u);
  EXPECT_EQ(with_scores, 8u);
}

}  // namespace
