// Algorithms against brute force, options, errors, helpers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "raven/base/thread_pool.hpp"
#include "raven/brot.hpp"

namespace {

using brot::BPE;
using brot::Tokenizer;

std::string message_of(auto&& call) {
  try {
    call();
  } catch (const raven::Error& error) {
    return error.what();
  }
  return "no error";
}

// ------------------------------------------------------------------------------------------------------- models

/// Merges the pair of lowest rank, leftmost first, until none is left.
std::vector<std::string> naive_bpe(const std::string& text,
                                   const std::map<std::pair<std::string, std::string>, size_t>& ranks) {
  std::vector<std::string> parts;
  for (const char c : text) parts.emplace_back(1, c);
  for (;;) {
    size_t best = ranks.size(), place = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto rank = ranks.find({parts[i], parts[i + 1]});
      if (rank != ranks.end() && rank->second < best) {
        best = rank->second;
        place = i;
      }
    }
    if (best == ranks.size()) return parts;
    parts[place] += parts[place + 1];
    parts.erase(parts.begin() + ptrdiff_t(place) + 1);
  }
}

// Short pieces (array), long ones (backtracking, or the heap when merges are out of order) and the naive way agree.
TEST(Bpe, EqualsNaiveMergingOnRandomVocabularies) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> tokens{"a", "b", "c"};
    std::vector<BPE::Merge> merges;
    std::map<std::pair<std::string, std::string>, size_t> ranks;
    for (int i = 0; i < 24; ++i) {
      const std::string left = tokens[random() % tokens.size()], right = tokens[random() % tokens.size()];
      if (left.size() + right.size() > 9 || ranks.contains({left, right})) continue;
      ranks[{left, right}] = merges.size();
      merges.emplace_back(left, right);
      if (std::find(tokens.begin(), tokens.end(), left + right) == tokens.end()) tokens.push_back(left + right);
    }
    if (round % 3 == 0) {  // any order: not every merge comes after its parts' merges
      std::shuffle(merges.begin(), merges.end(), random);
      for (size_t i = 0; i < merges.size(); ++i) ranks[merges[i]] = i;
    }
    std::vector<std::pair<std::string, uint32_t>> vocab;
    for (uint32_t id = 0; id < tokens.size(); ++id) vocab.emplace_back(tokens[id], id);
    const auto model = BPE::Builder().vocab(vocab).merges(merges).build();
    for (int sample = 0; sample < 30; ++sample) {
      std::string text;
      const size_t length = sample < 15 ? random() % 40 : 97 + random() % 200;
      for (size_t i = 0; i < length; ++i) text.push_back("abc"[random() % (sample % 3 + 1)]);
      brot::TokenSink sink;
      model->tokenize(text, 0, sink);
      const std::vector<std::string> wanted = naive_bpe(text, ranks);
      ASSERT_EQ(sink.ids.size(), wanted.size()) << text;
      for (size_t i = 0; i < wanted.size(); ++i) ASSERT_EQ(tokens[sink.ids[i]], wanted[i]) << text;
    }
  }
}

TEST(Bpe, OneLongPieceTakesLinearTime) {
  const auto model = BPE::Builder()
                         .vocab({{"a", 0}, {"aa", 1}, {"aaaa", 2}, {"aaaaaaaa", 3}})
                         .merges({{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}})
                         .build();
  const std::string text(4'000'003, 'a');
  brot::TokenSink sink;
  sink.want_spans = false;
  model->tokenize(text, 0, sink);
  EXPECT_EQ(sink.ids.size(), 500'002u);
  EXPECT_EQ(sink.ids.back(), 0u);
}

TEST(Bpe, DropoutOneGivesCharactersAndZeroGivesMerges) {
  BPE::Builder builder;
  builder.vocab({{"a", 0}, {"b", 1}, {"ab", 2}}).merges({{"a", "b"}});
  brot::TokenSink sink;
  builder.dropout(1).build()->tokenize("abab", 0, sink);
  EXPECT_EQ(sink.ids, (std::vector<uint32_t>{0, 1, 0, 1}));
  sink.clear();
  builder.dropout(0).build()->tokenize("abab", 0, sink);
  EXPECT_EQ(sink.ids, (std::vector<uint32_t>{2, 2}));
}

TEST(Unigram, ViterbiFindsTheBestOfAllSegmentations) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> scores(-6, -1);
  for (int round = 0; round < 200; ++round) {
    std::vector<brot::ScoredPiece> pieces{{"<unk>", 0}};
    std::map<std::string, double> score_of;
    for (const char* text : {"a", "b", "ab", "ba", "aab", "bb", "abab"}) {
      if (text[1] != 0 && random() % 4 == 0) continue;
      const double score = scores(random);
      pieces.emplace_back(text, score);
      score_of[text] = score;
    }
    const auto model = brot::Unigram::make(pieces, {.unk_id = 0});
    std::string text;
    for (size_t i = 0; i < 1 + random() % 11; ++i) text.push_back("ab"[random() % 2]);
    double best = -1e300;
    for (unsigned cuts = 0; cuts < 1u << (text.size() - 1); ++cuts) {
      double total = 0;
      size_t begin = 0;
      for (size_t end = 1; end <= text.size(); ++end) {
        if (end < text.size() && !(cuts >> (end - 1) & 1)) continue;
        const auto piece = score_of.find(text.substr(begin, end - begin));
        total += piece == score_of.end() ? -1e9 : piece->second;
        begin = end;
      }
      best = std::max(best, total);
    }
    brot::TokenSink sink;
    model->tokenize(text, 0, sink);
    double found = 0;
    for (const uint32_t id : sink.ids) found += pieces[id].second;
    ASSERT_NEAR(found, best, 1e-12);
    const auto all = model->nbest(text, 3);
    ASSERT_NEAR(all[0].score, best, 1e-12);
    for (size_t i = 1; i < all.size(); ++i) EXPECT_LE(all[i].score, all[i - 1].score + 1e-12);
  }
}

// Long texts are written out window by window; the result must be that of one pass over the whole, for any place of the
// cuts.
TEST(Unigram, WindowsDoNotShowInLongTexts) {
  std::mt19937 random(8);
  for (int round = 0; round < 12; ++round) {
    std::vector<brot::ScoredPiece> pieces{{"?", 0}};
    for (const char* one : {"a", "b", "c"}) pieces.emplace_back(one, -double(random() % 100) / 16);
    for (int i = 0; i < 20; ++i) {
      std::string piece;
      for (size_t length = 2 + random() % (round % 3 == 0 ? 40 : 4); length > 0; --length)
        piece.push_back("abc"[random() % 3]);
      pieces.emplace_back(piece, -double(random() % 300) / 16);
    }
    std::string text;
    const size_t unknown_share = round % 2 == 0 ? 9 : 3;  // long runs of unknown characters when small
    for (size_t size = 3000 + random() % 9000; size > 0; --size)
      text.push_back(random() % unknown_share == 0 ? "xyz"[random() % 3] : "abc"[random() % 3]);
    if (round % 4 == 3) text.insert(2000, 6000, 'x');

    // One pass: shorter pieces first, the first of equal ones wins.
    double smallest = 0;
    std::map<std::string, double> scores;
    for (const auto& [piece, score] : pieces) {
      scores[piece] = score;
      smallest = std::min(smallest, score);
    }
    std::vector<double> best(text.size() + 1, 0);
    std::vector<size_t> from(text.size() + 1, std::string::npos);
    for (size_t start = 0; start < text.size(); ++start) {
      const auto offer = [&](size_t end, double score) {
        if (from[end] != std::string::npos && score <= best[end]) return;
        best[end] = score;
        from[end] = start;
      };
      for (size_t length = 1; length <= 42 && start + length <= text.size(); ++length)
        if (const auto score = scores.find(text.substr(start, length)); score != scores.end())
          offer(start + length, score->second + best[start]);
      if (!scores.contains(text.substr(start, 1))) offer(start + 1, smallest - 10 + best[start]);
    }
    std::vector<std::string> wanted;
    for (size_t end = text.size(); end > 0; end = from[end]) {
      const std::string part = text.substr(from[end], end - from[end]);
      const auto unknown = [](const std::string& one) { return one.find_first_of("xyz") != std::string::npos; };
      if (!wanted.empty() && unknown(part) && unknown(wanted.back()))
        wanted.back().insert(0, part);
      else
        wanted.push_back(part);
    }
    std::reverse(wanted.begin(), wanted.end());

    const auto model = brot::Unigram::make(pieces, {.unk_id = 0});
    brot::TokenSink sink;
    model->tokenize(text, 0, sink);
    ASSERT_EQ(sink.spans.size(), wanted.size()) << round;
    size_t at = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(sink.spans[i].begin, at) << round;
      ASSERT_EQ(text.substr(at, sink.spans[i].end - at), wanted[i]) << round;
      at = sink.spans[i].end;
    }
  }
}

TEST(Bytes, IdsAreBytesPlusOffset) {
  const Tokenizer tokenizer(brot::ByteModel::make(3, {"<pad>", "</s>", "<unk>"}));
  EXPECT_EQ(tokenizer.encode_ids("a\xC3\xA9"), (std::vector<uint32_t>{'a' + 3, 0xC3 + 3, 0xA9 + 3}));
  EXPECT_EQ(Tokenizer::from_json(tokenizer.to_json()).to_json(), tokenizer.to_json());
}

// ----------------------------------------------------------------------------------------------------- pipeline

Tokenizer characters() {
  return Tokenizer(BPE::Builder().vocab({{"?", 0}, {"a", 1}, {"b", 2}, {" ", 3}}).unk_token("?").build());
}

TEST(Encode, UnitsOfOffsets) {
  const Tokenizer tokenizer = characters();
  const std::string text = "aé😀b";  // 1 + 2 + 4 + 1 bytes
  const auto last = [&](brot::Offsets unit) { return tokenizer.encode(text, {.offsets = unit}).offsets().back(); };
  EXPECT_EQ(last(brot::Offsets::byte), (brot::Span{7, 8}));
  EXPECT_EQ(last(brot::Offsets::codepoint), (brot::Span{3, 4}));
  EXPECT_EQ(last(brot::Offsets::utf16), (brot::Span{4, 5}));
  EXPECT_TRUE(tokenizer.encode(text, {.offsets = brot::Offsets::none}).offsets().empty());
}

TEST(Encode, InvalidUtf8) {
  const Tokenizer tokenizer = characters();
  const std::string text =
      "a\xF0\x9F\x98"
      "b\xFF"
      "a";  // one cut-off character, one impossible byte
  const brot::Encoding encoding = tokenizer.encode(text);
  EXPECT_EQ(std::vector<uint32_t>(encoding.ids().begin(), encoding.ids().end()),
            (std::vector<uint32_t>{1, 0, 2, 0, 1}));
  EXPECT_EQ(encoding.offsets()[1], (brot::Span{1, 4}));
  EXPECT_EQ(encoding.offsets()[3], (brot::Span{5, 6}));
  EXPECT_EQ(encoding.offsets()[4], (brot::Span{6, 7}));
  EXPECT_NE(message_of([&] { tokenizer.encode(text, {.invalid = brot::InvalidUtf8::error}); }).find("byte 1"),
            std::string::npos);
}

TEST(Encode, PreTokenizedWordsRestartOffsets) {
  const Tokenizer tokenizer = characters();
  const std::string_view words[] = {"ab", "b"};
  const brot::Encoding encoding = tokenizer.encode(brot::TextInput(std::span<const std::string_view>(words)));
  EXPECT_EQ(std::vector<uint32_t>(encoding.word_ids().begin(), encoding.word_ids().end()),
            (std::vector<uint32_t>{0, 0, 1}));
  EXPECT_EQ(encoding.offsets()[2], (brot::Span{0, 1}));
}

TEST(Encode, TruncationWindowsAndPadding) {
  const Tokenizer tokenizer = characters();
  const brot::Encoding encoding = tokenizer.encode(
      "ababa", {.truncation = brot::Truncation{.max_length = 3, .stride = 1}, .padding = brot::Padding::to(4)});
  EXPECT_EQ(encoding.size(), 4u);
  ASSERT_EQ(encoding.overflowing().size(), 1u);
  EXPECT_EQ(encoding.overflowing()[0].offsets()[0], (brot::Span{2, 3}));
  EXPECT_EQ(encoding.attention_mask()[3], 0);
  EXPECT_EQ(encoding.token(3), "[PAD]");
  EXPECT_NE(message_of([&] {
              tokenizer.encode("ababa", {.truncation = brot::Truncation{.max_length = 2, .stride = 2}});
            }).find("stride"),
            std::string::npos);
}

TEST(Encode, BatchesEqualSingleTextsWhateverTheThreads) {
  const Tokenizer tokenizer = characters();
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) texts.push_back(std::string(size_t(i % 17), 'a') + "b é");
  for (const int threads : {1, 2}) {
    const auto batch = tokenizer.encode_batch(texts, {.threads = threads});
    for (size_t i = 0; i < texts.size(); ++i) {
      const brot::Encoding one = tokenizer.encode(texts[i]);
      ASSERT_TRUE(std::equal(one.ids().begin(), one.ids().end(), batch[i].ids().begin(), batch[i].ids().end()));
    }
  }
  const std::string_view two[] = {"ab", "abab"};
  const brot::Batch ids = tokenizer.encode_batch_ids(two);
  EXPECT_EQ(ids.rows(), 2u);
  EXPECT_EQ(ids.cols(), 4u);
  EXPECT_EQ(ids.attention_mask(), (std::vector<int32_t>{1, 1, 0, 0, 1, 1, 1, 1}));
}

TEST(Encode, CountingAndChunks) {
  const Tokenizer tokenizer = characters();
  const std::string text = "ab é😀 abba " + std::string(300, 'a');
  EXPECT_EQ(tokenizer.count_tokens(text), tokenizer.encode_ids(text).size());
  EXPECT_LE(tokenizer.count_tokens(tokenizer.truncate_to_tokens(text, 5)), 5u);
  std::string joined;
  for (const std::string_view chunk : tokenizer.split_into_chunks(text, 7)) {
    EXPECT_LE(tokenizer.count_tokens(chunk), 7u);
    joined.append(chunk);
  }
  EXPECT_EQ(joined, text);
}

TEST(Encoding, Maps) {
  Tokenizer tokenizer = characters();
  tokenizer.set_pre_tokenizer(brot::pre_tokenizers::WhitespaceSplit{});
  const brot::Encoding encoding = tokenizer.encode("ab a", "b");
  EXPECT_EQ(encoding.n_sequences(), 2u);
  EXPECT_EQ(encoding.word_to_tokens(0), (brot::Span{0, 2}));
  EXPECT_EQ(encoding.word_to_chars(1), (brot::Span{3, 4}));
  EXPECT_EQ(encoding.char_to_token(3), 2u);
  EXPECT_EQ(encoding.char_to_token(0, 1), 3u);
  EXPECT_EQ(encoding.token_to_sequence(3), 1u);
  EXPECT_FALSE(encoding.char_to_word(2).has_value());
}

TEST(StopStrings, HoldsBackWhatMayBecomeAStop) {
  brot::StopStrings stops({"</s>", "END"});
  EXPECT_EQ(stops.push("text <").text, "text ");
  EXPECT_EQ(stops.push("/b> E").text, "</b> ");
  const auto last = stops.push("ND more");
  EXPECT_TRUE(last.stopped);
  EXPECT_EQ(last.text, "");
}

// -------------------------------------------------------------------------------------------------------- faults

TEST(Files, FaultsNameThePlace) {
  const auto fault = [](std::string_view json) { return message_of([&] { Tokenizer::from_json(json); }); };
  EXPECT_NE(fault("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}").find("/model/vocab/a"),
            std::string::npos);
  EXPECT_NE(fault("{\"version\":\"2.0\",\"model\":{}}").find("expected `1.0`"), std::string::npos);
  EXPECT_NE(fault("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}").find("token `b`"),
            std::string::npos);
  EXPECT_NE(fault("{\"model\":{\"type\":\"Nope\"}}").find("unknown model `Nope`"), std::string::npos);
  EXPECT_NE(fault("{\"model\":{\"type\":\"Unigram\",\"unk_id\":3,\"vocab\":[[\"a\",1]]}}").find("unk_id"),
            std::string::npos);
  EXPECT_NE(fault("{}").find("a tokenizer needs a model"), std::string::npos);
  EXPECT_NE(fault("{\"a\":").find("byte 5"), std::string::npos);
  EXPECT_NE(fault("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\","
                  "\"invert\":false},"
                  "\"model\":{\"type\":\"WordLevel\",\"vocab\":{},\"unk_token\":\"x\"}}")
                .find("/pre_tokenizer/pattern/Regex"),
            std::string::npos);
  EXPECT_NE(fault(std::string(200, '[') + std::string(200, ']')).find("nested"), std::string::npos);
}

TEST(Files, MissingUnknownTokenIsAnErrorOnlyWhenNeeded) {
  const Tokenizer level(brot::WordLevel::make(brot::VocabList{{"a", 0}}, {"<unk>"}));
  EXPECT_EQ(level.encode_ids("a").size(), 1u);
  EXPECT_NE(message_of([&] { level.encode_ids("b"); }).find("`<unk>`"), std::string::npos);
}

TEST(Files, UserDefinedComponentsAreNotSaved) {
  struct Upper : brot::CustomNormalizer {
    void apply(brot::AlignedText& text) const override {
      text.map([](char32_t c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
    }
  };
  Tokenizer tokenizer(BPE::Builder().vocab({{"A", 0}}).build());
  tokenizer.set_normalizer(brot::normalizers::Custom{std::make_shared<Upper>()});
  EXPECT_EQ(tokenizer.encode("aA").offsets()[1], (brot::Span{1, 2}));
  EXPECT_NE(message_of([&] { tokenizer.to_json(); }).find("user-defined normalizer"), std::string::npos);
}

TEST(Tiktoken, RulesOfSpecialTokens) {
  // Ranks of all single bytes and of "ab"; "abb" merges as ab b.
  std::vector<std::pair<std::string, uint32_t>> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
  ranks.emplace_back("ab", 256);
  const auto encoding = brot::Tiktoken::from_ranks(ranks, {"small", R"(\p{L}+|\s+|[^\p{L}\s]+)", {{"<|end|>", 300}}});
  EXPECT_EQ(encoding.encode_ordinary("abb"), (std::vector<uint32_t>{256, 'b'}));
  EXPECT_EQ(encoding.encode("ab<|end|>", {"<|end|>"}), (std::vector<uint32_t>{256, 300}));
  EXPECT_NE(message_of([&] { encoding.encode("ab<|end|>"); }).find("<|end|>"), std::string::npos);
  EXPECT_EQ(encoding.encode_ordinary("<|end|>").size(), 7u);
  EXPECT_EQ(encoding.encode_single_token("ab"), 256u);
  const std::vector<uint32_t> cut{0xE2, 0x82};
  EXPECT_EQ(encoding.decode_bytes(cut), "\xE2\x82");
}

TEST(Tiktoken, BytesAndOffsetsOfTokens) {
  std::vector<std::pair<std::string, uint32_t>> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
  ranks.emplace_back("ab", 256);
  const auto encoding =
      brot::Tiktoken::from_ranks(ranks, {"small", R"(\p{L}+|\s+|[^\p{L}\s]+)", {{"<|end|>", 300}, {"<|e", 301}}});
  const std::vector<uint32_t> ids{256, 0xC3, 0xA9, 'x', 300, 999};
  EXPECT_EQ(encoding.decode_tokens_bytes(ids), (std::vector<std::string>{"ab", "\xC3", "\xA9", "x", "<|end|>"}));
  const auto [text, offsets] = encoding.decode_with_offsets(ids);
  EXPECT_EQ(text, "ab\xC3\xA9x<|end|>");
  EXPECT_EQ(offsets, (std::vector<uint32_t>{0, 2, 2, 3, 4}));
  EXPECT_NE(message_of([&] { encoding.decode_with_offsets(std::vector<uint32_t>{0xC3}); }).find("not UTF-8"),
            std::string::npos);
  // The token listed first wins where two begin; the other one is found elsewhere.
  EXPECT_EQ(encoding.encode("<|e<|end|>ab<|e", {"<|end|>", "<|e"}), (std::vector<uint32_t>{301, 300, 256, 301}));
}

TEST(SentencePiece, BadFilesAreRefused) {
  EXPECT_NE(message_of([] { brot::SentencePieceModel::parse("\x0A\xFF\x01"); }).find("longer than the file"),
            std::string::npos);
  EXPECT_NE(message_of([] { brot::SentencePieceModel::parse(""); }).find("no pieces"), std::string::npos);
}

// ------------------------------------------------------------------------------------------------------ training

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
    return files + unigram.to_json();
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

// ---------------------------------------------------------------------------------------------------------- chat

TEST(Chat, TemplateSeesMessagesAndSpecialTokens) {
  Tokenizer tokenizer = characters();
  brot::TokenizerConfig config;
  config.bos_token = "<s>";
  config.chat_templates["default"] =
      "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt "
      "%}[assistant]{% endif %}";
  tokenizer.set_config(config);
  const auto messages =
      brot::jinja::Value::from_json(R"([{"role":"user","content":"hi"},{"role":"assistant","content":"yes "}])");
  EXPECT_EQ(tokenizer.apply_chat_template(messages, {.add_generation_prompt = true}),
            "<s>[user]hi[assistant]yes [assistant]");
  EXPECT_EQ(tokenizer.apply_chat_template(messages, {.continue_final_message = true}), "<s>[user]hi[assistant]yes");
  EXPECT_NE(message_of([&] { tokenizer.apply_chat_template(messages, {.name = "rag"}); }).find("`rag`"),
            std::string::npos);
}

}  // namespace
