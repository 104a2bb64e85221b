// Training: options, invalid text, progress and its refusal, WordPiece by likelihood against the definition.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>

#include "raven/base/interrupt.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/brot.hpp"

namespace {

using brot::BPE;
using brot::Tokenizer;

TEST(Train, DoesNotDependOnThreads) {
  std::vector<std::string> lines;
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string line;
    for (int k = 0; k < 12; ++k)
      line += (k ? " " : "") + std::string("wordsandparts").substr(random() % 9, 1 + random() % 5);
    lines.push_back(line);
  }
  const brot::Corpus corpus = brot::Corpus::lines(lines);
  const auto train_all = [&] {
    std::string files;
    Tokenizer bpe(BPE::Builder().build());
    bpe.set_pre_tokenizer(brot::pre_tokenizers::Whitespace{});
    brot::train(bpe, brot::BpeTrainer{.vocab_size = 120}, corpus);
    files += bpe.to_json();
    Tokenizer unigram(brot::Unigram::make({}, {}));
    unigram.set_pre_tokenizer(brot::pre_tokenizers::Metaspace{});
    brot::train(unigram, brot::UnigramTrainer{.vocab_size = 90, .unk_token = "<unk>"}, corpus);
    files += unigram.to_json();
    Tokenizer pieces(brot::WordPiece::make(brot::VocabList{}, {}));
    pieces.set_pre_tokenizer(brot::pre_tokenizers::Whitespace{});
    brot::train(pieces, brot::WordPieceTrainer{.vocab_size = 120, .likelihood = true}, corpus);
    return files + pieces.to_json();
  };
  const int before = raven::num_threads();
  raven::set_num_threads(1);
  const std::string one = train_all();
  raven::set_num_threads(4);
  EXPECT_EQ(train_all(), one);
  raven::set_num_threads(before);
}

TEST(Train, OptionsOfTheModelAreKept) {
  Tokenizer tokenizer(BPE::Builder().unk_token("[UNK]").fuse_unk(true).build());
  tokenizer.set_pre_tokenizer(brot::pre_tokenizers::Whitespace{});
  brot::train(tokenizer, brot::BpeTrainer{.vocab_size = 20, .special_tokens = {"[UNK]"}},
              brot::Corpus::lines({"aaa aab", "aab"}));
  const auto& model = dynamic_cast<const BPE&>(tokenizer.model());
  EXPECT_EQ(model.options().unk_token, "[UNK]");
  EXPECT_TRUE(model.options().fuse_unk);
  EXPECT_EQ(tokenizer.token_to_id("[UNK]"), 0u);
}

// -------------------------------------------------------------------------------------------------- invalid UTF-8

const brot::CorpusOptions strict{.invalid = brot::InvalidUtf8::error};

Tokenizer word_level() {
  Tokenizer tokenizer(brot::WordLevel::make(brot::VocabList{}, {}));
  tokenizer.set_pre_tokenizer(brot::pre_tokenizers::WhitespaceSplit{});
  return tokenizer;
}

/// What training on the corpus says, which must be a fault of the text that leaves the tokenizer as it was.
std::string refusal(const brot::Corpus& corpus) {
  Tokenizer tokenizer = word_level();
  const std::string before = tokenizer.to_json();
  try {
    brot::train(tokenizer, brot::WordLevelTrainer{}, corpus);
  } catch (const brot::Error& error) {
    EXPECT_EQ(error.code(), brot::ErrorCode::invalid_text);
    EXPECT_EQ(tokenizer.to_json(), before);
    return error.what();
  }
  return "nothing";
}

constexpr std::string_view remedy =
    "brot.Corpus: invalid UTF-8; mend the text, or read U+FFFD in its place by the policy `replace` (at ";

TEST(TrainInvalid, IsReplacedUnlessAskedOtherwise) {
  Tokenizer tokenizer = word_level();
  brot::train(tokenizer, brot::WordLevelTrainer{},
              brot::Corpus::lines({"a\xFF"
                                   "b \xE2\x82"}));
  EXPECT_EQ(tokenizer.vocab_size(), 2u);
  EXPECT_TRUE(tokenizer.token_to_id("a\uFFFDb"));
  EXPECT_TRUE(tokenizer.token_to_id("\uFFFD"));
}

TEST(TrainInvalid, ValidTextIsReadTheSame) {
  for (const brot::CorpusOptions options : {brot::CorpusOptions{}, strict}) {
    Tokenizer tokenizer = word_level();
    brot::train(tokenizer, brot::WordLevelTrainer{}, brot::Corpus::lines({"\u00E9 \u4E2D", "\U0001F600"}, options));
    EXPECT_EQ(tokenizer.vocab_size(), 3u);
  }
}

TEST(TrainInvalid, NamesTextLineAndByte) {
  EXPECT_EQ(refusal(brot::Corpus::lines({"good", "", "\u00E9\xE2\x82 and more"}, strict)),
            std::string(remedy) + "text 3, line 1, byte 2)");
  EXPECT_EQ(refusal(brot::Corpus::lines({"good", "one\ntwo\n\xC0\xAF"}, strict)),
            std::string(remedy) + "text 2, line 3, byte 0)");
  int calls = 0;
  const auto next = [&](std::string& text) {
    text = ++calls == 5 ? "\xED\xA0\x80" : "good";
    return true;  // never ends by itself: the group ends at its size
  };
  EXPECT_EQ(refusal(brot::Corpus::iterator(next, strict)), std::string(remedy) + "text 5, line 1, byte 0)");
}

// The first of many, in files of several groups, for any number of threads.
TEST(TrainInvalid, TheFirstOfTheCorpusIsNamed) {
  const std::string folder = testing::TempDir(), good = folder + "brot_good.txt", bad = folder + "brot_bad.txt";
  const std::string line = "words of a line that is good, of fifty bytes or so\n";
  const size_t lines = (9 << 20) / line.size();
  std::string text;
  for (size_t i = 0; i < lines; ++i) text += line;
  std::ofstream(good, std::ios::binary) << text;
  text += "\xE4\xB8\xAD broken: \xF0\x9F\x98\n";  // line lines + 1, byte 12
  for (size_t i = 0; i < 2000; ++i) text += i % 3 ? line : "\xFF\n";
  text += "\x80";
  std::ofstream(bad, std::ios::binary) << text;
  const int before = raven::num_threads();
  for (const int threads : {1, 2, 4, 4, 4}) {
    raven::set_num_threads(threads);
    EXPECT_EQ(refusal(brot::Corpus::files({good, bad}, strict)),
              std::string(remedy) + bad + ", line " + std::to_string(lines + 1) + ", byte 12)");
  }
  raven::set_num_threads(before);
  std::remove(good.c_str());
  std::remove(bad.c_str());
}

TEST(TrainInvalid, BytesAreNoTrainingText) {
  try {
    brot::Corpus::lines({"text"}, {.invalid = brot::InvalidUtf8::bytes});
    FAIL();
  } catch (const brot::Error& error) {
    EXPECT_EQ(error.code(), brot::ErrorCode::argument);
    EXPECT_STREQ(error.what(),
                 "brot.Corpus: invalid: got `bytes`, expected `replace` or `error`; characters are trained on");
  }
}

// ------------------------------------------------------------------------------------------------------ progress

struct Report {
  std::string stage;
  uint64_t done, total;
};

/// A tokenizer without tokens that splits at spaces.
Tokenizer empty(brot::ModelPtr model) {
  Tokenizer tokenizer(std::move(model));
  tokenizer.set_pre_tokenizer(brot::pre_tokenizers::WhitespaceSplit{});
  return tokenizer;
}

std::vector<std::string> sentences() {
  std::vector<std::string> lines;
  for (int i = 0; i < 400; ++i)
    lines.push_back("line " + std::to_string(i * 7919 % 1000) + " of a text in which the words come again and again\n");
  return lines;
}

/// Calls `check(name, train)` for every trainer; `train(corpus, progress)` returns the tokenizer's file, and `before`
/// is that of the tokenizer where training threw.
void for_each_trainer(auto&& check) {
  const auto with = [&](const char* name, const brot::ModelPtr& model, auto trainer) {
    check(name, [=](const brot::Corpus& corpus, const brot::TrainProgress& progress, bool* unchanged) {
      Tokenizer tokenizer = empty(model);
      const std::string before = tokenizer.to_json();
      auto told = trainer;
      told.progress = progress;
      *unchanged = true;
      try {
        brot::train(tokenizer, told, corpus);
      } catch (...) {
        *unchanged = tokenizer.to_json() == before;
        throw;
      }
      return tokenizer.to_json();
    });
  };
  const std::vector<brot::AddedToken> special = {"<s>"};
  const auto pieces = brot::WordPiece::make(brot::VocabList{}, {});
  const auto words = brot::WordLevel::make(brot::VocabList{}, {});
  with("bpe", BPE::Builder().build(), brot::BpeTrainer{.vocab_size = 500, .special_tokens = special});
  with("wordpiece", pieces, brot::WordPieceTrainer{.vocab_size = 500, .special_tokens = special});
  with("likelihood", pieces, brot::WordPieceTrainer{.vocab_size = 500, .special_tokens = special, .likelihood = true});
  with("wordlevel", words, brot::WordLevelTrainer{.special_tokens = special});
  with("characters", words, brot::CharTrainer{.special_tokens = special});
  with("unigram", brot::Unigram::make({}, {}),
       brot::UnigramTrainer{.vocab_size = 100, .unk_token = "<unk>", .special_tokens = special});
}

TEST(TrainProgress, EveryStageBeginsAtNothingAndEndsWhole) {
  const std::map<std::string, std::vector<std::string>> stages = {
      {"bpe", {"words", "merges"}},        {"wordpiece", {"words", "merges"}},
      {"likelihood", {"words", "merges"}}, {"wordlevel", {"words", "tokens"}},
      {"characters", {"words", "tokens"}}, {"unigram", {"words", "seeds", "pieces"}}};
  uint64_t bytes = 0;
  for (const std::string& line : sentences()) bytes += line.size();
  for_each_trainer([&](const std::string& name, auto&& train) {
    SCOPED_TRACE(name);
    std::vector<Report> reports;
    bool unchanged = false;
    const std::string told = train(
        brot::Corpus::lines(sentences()),
        [&](const brot::TrainStep& step) {
          reports.push_back({std::string(step.stage), step.done, step.total});
          return true;
        },
        &unchanged);
    EXPECT_EQ(told, train(brot::Corpus::lines(sentences()), {}, &unchanged));
    std::vector<std::string> seen;
    for (size_t i = 0; i < reports.size(); ++i) {
      const bool first = i == 0 || reports[i - 1].stage != reports[i].stage;
      const bool last = i + 1 == reports.size() || reports[i + 1].stage != reports[i].stage;
      if (first) seen.push_back(reports[i].stage);
      EXPECT_GE(reports[i].done, first ? 0 : reports[i - 1].done);
      if (first) {
        EXPECT_EQ(reports[i].done, 0u);
      }
      if (last) {
        EXPECT_EQ(reports[i].done, reports[i].total);
      }
      if (reports[i].stage == "words") {
        EXPECT_EQ(reports[i].total, bytes);
      }
      if (reports[i].total > 0) {
        EXPECT_LE(reports[i].done, reports[i].total);
      }
    }
    EXPECT_EQ(seen, stages.at(name));
  });
}

TEST(TrainProgress, IsSeenWhileMerging) {
  size_t inside = 0;
  Tokenizer tokenizer = empty(BPE::Builder().build());
  brot::train(tokenizer,
              brot::BpeTrainer{.vocab_size = 1500,
                               .progress =
                                   [&](const brot::TrainStep& step) {
                                     inside += step.stage == "merges" && step.done > 0 && step.done < step.total;
                                     return true;
                                   }},
              brot::Corpus::lines(sentences()));
  EXPECT_GE(inside, 1u);  // each 256 merges
}

// False at the n-th report, for every n: a typed fault that names the stage, and the tokenizer is what it was.
TEST(TrainProgress, FalseCancelsAndLeavesTheTokenizer) {
  for_each_trainer([&](const std::string& name, auto&& train) {
    SCOPED_TRACE(name);
    for (size_t limit = 1;; ++limit) {
      size_t calls = 0;
      std::string stage;
      bool unchanged = false;
      const auto stop = [&](const brot::TrainStep& step) {
        stage = step.stage;
        return ++calls < limit;
      };
      try {
        train(brot::Corpus::lines(sentences()), stop, &unchanged);
        EXPECT_GT(limit, 4u);  // two stages and more of two reports each were refused
        break;
      } catch (const brot::Error& error) {
        EXPECT_EQ(error.code(), brot::ErrorCode::cancelled);
        EXPECT_EQ(std::string(error.what()), "brot.train: cancelled by the progress callback in stage `" + stage + "`");
      }
      EXPECT_EQ(calls, limit);  // nothing is reported after the refusal
      EXPECT_TRUE(unchanged);
    }
  });
}

TEST(TrainProgress, WhatTheCallbackThrowsPassesThrough) {
  struct Enough {};
  for_each_trainer([&](const std::string& name, auto&& train) {
    SCOPED_TRACE(name);
    bool unchanged = false;
    const auto refuse = [](const brot::TrainStep& step) -> bool {
      if (step.stage != "words") throw Enough();
      return true;
    };
    EXPECT_THROW(train(brot::Corpus::lines(sentences()), refuse, &unchanged), Enough);
    EXPECT_TRUE(unchanged);
  });
}

TEST(TrainProgress, ControlCStopsEveryTrainer) {
  const raven::InterruptScope scope;
  for_each_trainer([&](const std::string& name, auto&& train) {
    SCOPED_TRACE(name);
    bool unchanged = false;
    const auto press = [](const brot::TrainStep& step) {
      if (step.stage != "words") raven::set_interrupted(true);
      return true;
    };
    EXPECT_THROW(train(brot::Corpus::lines(sentences()), press, &unchanged), raven::Interrupted);
    EXPECT_TRUE(unchanged);
    raven::set_interrupted(false);
  });
}

TEST(TrainProgress, SizeOfAnIteratorIsKnownAtTheEnd) {
  std::vector<Report> reports;
  int left = 3;
  const auto next = [&](std::string& text) {
    text = "one two three";
    return left-- > 0;
  };
  Tokenizer tokenizer = empty(BPE::Builder().build());
  brot::train(tokenizer,
              brot::BpeTrainer{.progress =
                                   [&](const brot::TrainStep& step) {
                                     reports.push_back({std::string(step.stage), step.done, step.total});
                                     return true;
                                   }},
              brot::Corpus::iterator(next));
  ASSERT_GE(reports.size(), 3u);
  EXPECT_EQ(reports[0].total, 0u);
  EXPECT_EQ(reports[1].done, 39u);
  EXPECT_EQ(reports[1].total, 0u);
  EXPECT_EQ(reports[2].done, 39u);
  EXPECT_EQ(reports[2].total, 39u);
}

TEST(TrainProgress, BarIsALinePerStage) {
  Tokenizer tokenizer = empty(brot::Unigram::make({}, {}));
  testing::internal::CaptureStderr();
  brot::train(tokenizer,
              brot::UnigramTrainer{.vocab_size = 100, .unk_token = "<unk>", .progress = brot::TrainProgress::bar()},
              brot::Corpus::lines(sentences()));
  const std::string shown = testing::internal::GetCapturedStderr();
  for (const char* stage : {"words ", "seeds ", "pieces "}) EXPECT_NE(shown.find(stage), std::string::npos) << shown;
  testing::internal::CaptureStderr();
  brot::train(tokenizer, brot::UnigramTrainer{.vocab_size = 100, .unk_token = "<unk>"},
              brot::Corpus::lines(sentences()));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// ------------------------------------------------------------------------------------------ WordPiece by likelihood

using Counted = std::vector<std::pair<std::string, uint64_t>>;

/// The definition: all counts anew before each merge. Words are ASCII. The tokens by id.
std::vector<std::string> reference(const Counted& words, size_t vocab_size, uint64_t min_frequency,
                                   const std::vector<std::string>& special) {
  std::vector<std::string> tokens;
  const auto id_of = [&](const std::string& token) {
    const auto place = std::find(tokens.begin(), tokens.end(), token);
    if (place == tokens.end()) tokens.push_back(token);
    return size_t(std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
  };
  for (const std::string& token : special) id_of(token);
  Counted order = words;  // the numbers of the symbols: characters in order, then ## in the order of frequent words
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::string characters;
  for (const auto& [word, count] : words) characters += word;
  std::sort(characters.begin(), characters.end());
  for (const char c : characters) id_of(std::string(1, c));
  std::vector<std::vector<size_t>> split;
  for (const auto& [word, count] : order) {
    split.emplace_back();
    for (size_t i = 0; i < word.size(); ++i) split.back().push_back(id_of((i ? "##" : "") + word.substr(i, 1)));
  }
  while (tokens.size() < vocab_size) {
    std::map<size_t, long double> single;
    std::map<std::pair<size_t, size_t>, uint64_t> pairs;
    for (size_t w = 0; w < split.size(); ++w)
      for (size_t i = 0; i < split[w].size(); ++i) {
        single[split[w][i]] += order[w].second;
        if (i + 1 < split[w].size()) pairs[{split[w][i], split[w][i + 1]}] += order[w].second;
      }
    const std::pair<size_t, size_t>* best = nullptr;
    uint64_t best_count = 0;
    for (const auto& [pair, count] : pairs) {  // by ids, so that the first of equal ones stays
      if (count < std::max<uint64_t>(1, min_frequency)) continue;
      // Counts are below 2^20 here: products of three are exact.
      const long double mine = best ? count * single[best->first] * single[best->second] : 1;
      const long double its = best ? best_count * single[pair.first] * single[pair.second] : 0;
      if (mine < its || (mine == its && count <= best_count)) continue;
      best = &pair;
      best_count = count;
    }
    if (!best) break;
    const size_t merged = id_of(tokens[best->first] + tokens[best->second].substr(2));
    for (std::vector<size_t>& word : split)
      for (size_t i = 0; i + 1 < word.size(); ++i) {
        if (word[i] != best->first || word[i + 1] != best->second) continue;
        word[i] = merged;
        word.erase(word.begin() + ptrdiff_t(i) + 1);
      }
  }
  return tokens;
}

std::vector<std::string> trained(const Counted& words, size_t vocab_size, uint64_t min_frequency = 0,
                                 const std::vector<std::string>& special = {}) {
  brot::WordCounts counts;
  for (const auto& [word, count] : words) counts.add(word, count);
  brot::WordPieceTrainer trainer{.vocab_size = vocab_size, .min_frequency = min_frequency, .likelihood = true};
  for (const std::string& token : special) trainer.special_tokens.emplace_back(token, true);
  const brot::ModelPtr model = trainer.train(counts, *brot::WordPiece::make(brot::VocabList{}, {}));
  std::vector<std::string> tokens;
  for (uint32_t id = 0; id < model->vocabulary().size(); ++id) tokens.emplace_back(model->vocabulary().text(id));
  return tokens;
}

TEST(Likelihood, EqualsTheDefinitionOnRandomWords) {
  std::mt19937 random(5);
  for (int round = 0; round < 400; ++round) {
    Counted words;
    const unsigned letters = 1 + random() % 6;
    for (unsigned i = 0; i < 1 + random() % 40; ++i) {
      std::string word;
      for (unsigned k = 0; k < 1 + random() % 9; ++k) word += char('a' + random() % letters);
      if (std::none_of(words.begin(), words.end(), [&](const auto& known) { return known.first == word; }))
        words.emplace_back(word, 1 + random() % (round % 2 ? 4 : 3000));
    }
    const size_t size = 5 + random() % 120;
    const uint64_t frequency = random() % 3 ? 0 : random() % 40;
    const std::vector<std::string> special =
        random() % 2 ? std::vector<std::string>{"[UNK]", "ab"} : std::vector<std::string>{};
    EXPECT_EQ(trained(words, size, frequency, special), reference(words, size, frequency, special))
        << "round " << round;
  }
}

// The words by which the algorithm is usually explained: `##gs` scores 5 / (20 · 5), the others 1 / 36; of those (p,
// ##u) is the most frequent, and once it is merged there are 19 ##u left.
TEST(Likelihood, TheUsualExample) {
  const Counted words = {{"hug", 10}, {"pug", 5}, {"pun", 12}, {"bun", 4}, {"hugs", 5}};
  const std::vector<std::string> tokens = trained(words, 13);
  EXPECT_EQ(tokens,
            (std::vector<std::string>{"b", "g", "h", "n", "p", "s", "u", "##u", "##n", "##g", "##s", "##gs", "pu"}));
  EXPECT_EQ(trained(words, 20), reference(words, 20, 0, {}));
}

TEST(Likelihood, TheCourseOfFourSentences) {
  std::map<std::string, uint64_t> counted;
  for (const char* word :
       {"This",       "is",    "the",          "Hugging", "Face",    "Course",  ".",        "This",    "chapter",
        "is",         "about", "tokenization", ".",       "This",    "section", "shows",    "several", "tokenizer",
        "algorithms", ".",     "Hopefully",    ",",       "you",     "will",    "be",       "able",    "to",
        "understand", "how",   "they",         "are",     "trained", "and",     "generate", "tokens",  "."})
    ++counted[word];
  const std::vector<std::string> special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  const Counted words(counted.begin(), counted.end());
  const std::vector<std::string> tokens = trained(words, 100, 0, special);
  EXPECT_EQ(tokens.size(), 100u);
  EXPECT_EQ(tokens, reference(words, 100, 0, special));
  // Pairs that occur nowhere else come first, as published: fu, Fac, ful … before th.
  const auto place = [&](const char* token) { return std::find(tokens.begin(), tokens.end(), token) - tokens.begin(); };
  EXPECT_LT(place("##fu"), place("th"));
  EXPECT_LT(place("Fac"), place("th"));
}

// 1 / N and 1 / (N + 1) are one double; the rarer pair wins all the same, since its score is greater.
TEST(Likelihood, ScoresAreComparedExactly) {
  const uint64_t n = uint64_t{1} << 60;
  EXPECT_EQ(trained({{"ab", n}, {"cd", n + 1}}, 7).back(), "ab");
  EXPECT_EQ(trained({{"ab", n}, {"cd", n}}, 7).back(), "ab");
}

}  // namespace
