// Algorithms against brute force, options, errors, helpers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "raven/base/file.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/brot.hpp"
#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/files/json.hpp"

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

// Short pieces (array), long ones (backtracking) and the naive way agree, for merges in any order.
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
    brot::TokenSink many;  // so much text in long pieces that backtracking is prepared
    model->tokenize(std::string(300'000, 'a'), 0, many);
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

/// Merges neighbouring bytes, the pair with the smallest `rank_of(left, right)` and the leftmost one first; SIZE_MAX is
/// none.
std::vector<std::string> naive_bytes(const std::string& text, auto&& rank_of) {
  std::vector<std::string> parts;
  for (const char c : text) parts.emplace_back(1, c);
  for (;;) {
    size_t best = SIZE_MAX, place = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i)
      if (const size_t rank = rank_of(parts[i], parts[i + 1]); rank < best) {
        best = rank;
        place = i;
      }
    if (best == SIZE_MAX) return parts;
    parts[place] += parts[place + 1];
    parts.erase(parts.begin() + ptrdiff_t(place) + 1);
  }
}

// Byte-level pieces of characters of one to four bytes, cut between characters that no token joins, whether merges are
// a list or follow from the tokens. Tokens end and begin inside characters too; some text is no UTF-8.
TEST(Bpe, PiecesOfWideCharactersEqualNaiveMerging) {
  std::mt19937 random(11);
  const std::vector<std::string> characters{"a",
                                            " ",
                                            "\xC3\xA9",
                                            "\xC3\xAD",
                                            "\xE3\x81\x82",
                                            "\xE3\x81\xAD",
                                            "\xE4\xB8\xAD",
                                            "\xE4\x81\x82",
                                            "\xF0\x9F\x98\x80",
                                            "\xF0\x9F\x98\xAD"};
  const auto draw = [&](size_t count, bool broken) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
      text += characters[random() % characters.size()];
      if (broken && random() % 4 == 0) text.pop_back();
      if (broken && random() % 8 == 0) text += '\xAD';
    }
    return text;
  };
  size_t torn = 0;  // tokens that hold a part of a character and something else
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, char(byte));
    std::map<std::pair<std::string, std::string>, size_t> ranks;
    std::vector<std::pair<std::string, std::string>> list;
    const auto listed = [&](const std::string& left, const std::string& right) {
      const auto rank = ranks.find({left, right});
      return rank == ranks.end() ? SIZE_MAX : rank->second;
    };
    for (int i = 0; i < 40; ++i) {
      const std::vector<std::string> parts = naive_bytes(draw(4, round % 4 == 3), listed);
      if (parts.size() < 2) continue;
      const size_t place = random() % (parts.size() - 1);
      const std::string whole = parts[place] + parts[place + 1];
      if (whole.size() > 9) continue;
      ranks[{parts[place], parts[place + 1]}] = list.size();
      list.emplace_back(parts[place], parts[place + 1]);
      if (std::find(tokens.begin(), tokens.end(), whole) == tokens.end()) tokens.push_back(whole);
      torn += (static_cast<unsigned char>(whole[0]) & 0xC0) == 0x80 && whole.size() > 3;
    }
    if (round % 3 == 0) {
      std::shuffle(list.begin(), list.end(), random);
      for (size_t i = 0; i < list.size(); ++i) ranks[list[i]] = i;
    }
    std::vector<std::pair<std::string, uint32_t>> vocab;
    std::vector<BPE::Merge> merges;
    std::vector<brot::Vocabulary::Entry> entries;
    std::map<std::string, size_t> id_of;
    const auto printable = [](const std::string& bytes) {
      std::string text;
      brot::byte_alphabet::append_text(bytes, text);
      return text;
    };
    for (uint32_t id = 0; id < tokens.size(); ++id) {
      vocab.emplace_back(printable(tokens[id]), id);
      entries.emplace_back(tokens[id], id);
      id_of[tokens[id]] = id;
    }
    for (const auto& [left, right] : list) merges.emplace_back(printable(left), printable(right));
    const bool whole_pieces = round % 2 == 0;
    const auto by_list = BPE::Builder().vocab(vocab).merges(merges).ignore_merges(whole_pieces).build();
    const auto by_text =
        BPE::make_by_text(brot::Vocabulary::Source::copy_of(entries), {}, {.ignore_merges = whole_pieces});
    const auto together = [&](const std::string& left, const std::string& right) {
      const auto id = id_of.find(left + right);
      return id == id_of.end() ? SIZE_MAX : id->second;
    };
    for (int sample = 0; sample < 40; ++sample) {
      if (sample == 1) {  // from here on there was enough text to look for seams
        brot::TokenSink sink;
        const std::string text = draw(8000, false);
        by_list->tokenize_bytes(text, 0, text.data() + text.size(), sink);
        by_text->tokenize_bytes(text, 0, text.data() + text.size(), sink);
      }
      const std::string text = draw(1 + random() % (sample % 8 == 7 ? 90 : 12), sample % 4 == 3);
      if (text.empty()) continue;
      for (const auto& model : {by_list, by_text}) {
        brot::TokenSink sink;
        model->tokenize_bytes(text, 0, text.data() + text.size(), sink);
        std::vector<std::string> wanted = model == by_list ? naive_bytes(text, listed) : naive_bytes(text, together);
        if (whole_pieces && id_of.contains(text)) wanted = {text};
        ASSERT_EQ(sink.ids.size(), wanted.size()) << round << " " << testing::PrintToString(text);
        uint32_t at = 0;
        for (size_t i = 0; i < wanted.size(); ++i) {
          ASSERT_EQ(tokens[sink.ids[i]], wanted[i]) << round << " " << testing::PrintToString(text);
          ASSERT_EQ(sink.spans[i].begin, at);
          at += uint32_t(wanted[i].size());
          ASSERT_EQ(sink.spans[i].end, at);
        }
      }
    }
  }
  EXPECT_GT(torn, 100u);
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

/// SentencePiece's search: scores add up in single precision from the start of the text, of equal sums the first stays.
std::vector<uint32_t> in_single_precision(std::string_view text, const std::vector<brot::ScoredPiece>& pieces) {
  struct Node {
    float score = 0;
    size_t start = SIZE_MAX;
    uint32_t id = 0;
  };
  std::vector<Node> nodes(text.size() + 1);
  nodes[0].start = 0;
  for (size_t start = 0; start < text.size(); ++start) {
    if (nodes[start].start == SIZE_MAX) continue;
    for (size_t size = 1; size <= std::min<size_t>(12, text.size() - start); ++size)
      for (uint32_t id = 1; id < pieces.size(); ++id) {
        if (text.substr(start, size) != pieces[id].first) continue;
        Node& node = nodes[start + size];
        const float score = float(pieces[id].second) + nodes[start].score;
        if (node.start == SIZE_MAX || score > node.score) node = {score, start, id};
      }
  }
  std::vector<uint32_t> ids;
  for (size_t end = text.size(); end > 0; end = nodes[end].start) ids.push_back(nodes[end].id);
  std::reverse(ids.begin(), ids.end());
  return ids;
}

// Words are looked up as long as rounding cannot change what wins: here sums differ by little, and grow large.
TEST(Unigram, WordsInSinglePrecisionEqualTheSearchOverTheWholeText) {
  std::mt19937 random(17);
  size_t differ = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<brot::ScoredPiece> pieces{{"<unk>", 0}};
    for (const char* text : {"a", "b", "c", "\xE2\x96\x81", "ab", "bc", "ca",
                             "\xE2\x96\x81"
                             "a",
                             "\xE2\x96\x81"
                             "ab",
                             "abc", "bca", "aa", "bb", "\xE2\x96\x81\xE2\x96\x81"}) {
      const std::string_view view(text);
      const size_t marks = size_t(std::count(view.begin(), view.end(), '\xE2'));
      if (round % 2 == 0 && marks == 2) continue;  // no piece holds ▁ twice: cuts between them too
      const double letters = double(view.size() - 2 * marks);
      pieces.emplace_back(text, double(float(-1.5 * letters - double(random() % 100) / (round < 10 ? 3000 : 300000))));
    }
    brot::Unigram::Options options{.unk_id = 0};
    options.native_matchable = std::vector<uint8_t>(pieces.size(), 1);
    (*options.native_matchable)[0] = 0;
    const auto model = brot::Unigram::make(pieces, options);
    std::string text;
    while (text.size() < 60000) {
      for (size_t i = 1 + random() % 2; i > 0; --i) text += "\xE2\x96\x81";
      for (size_t i = random() % 7; i > 0; --i) text += "abc"[random() % 3];
    }
    brot::TokenSink sink;
    model->tokenize(text, 0, sink);
    const std::vector<uint32_t> wanted = in_single_precision(text, pieces);
    ASSERT_EQ(sink.ids, wanted) << round;
    uint32_t at = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(sink.spans[i].begin, at);
      at += uint32_t(pieces[wanted[i]].first.size());
      ASSERT_EQ(sink.spans[i].end, at);
    }
    // The same words after little text are split in another way now and then: else this would test nothing.
    brot::TokenSink alone;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find("\xE2\x96\x81", begin + 6), text.size());
      model->tokenize(text.substr(begin, end - begin), 0, alone);
      begin = end;
    }
    differ += alone.ids != sink.ids;
  }
  EXPECT_GE(differ, 5u);
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

TEST(Tiktoken, CompletionsOfUnfinishedText) {
  std::optional<brot::Tiktoken> encoding;
  std::vector<std::string> specials;
  size_t texts = 0;
  std::ifstream file(RAVEN_SOURCE_DIR "/tests/golden/brot/unstable.txt");
  for (std::string line; std::getline(file, line);) {
    const brot::json::Document document = brot::json::Document::parse(line, "unstable.txt");
    const brot::json::Value root = document.root();
    const auto ids_of = [](const brot::json::Value& list) {
      std::vector<uint32_t> ids;
      for (const brot::json::Value id : list) ids.push_back(uint32_t(id.number()));
      return ids;
    };
    if (root.is(brot::json::Type::object)) {
      std::vector<std::pair<std::string, uint32_t>> ranks;
      for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
      for (const brot::json::Value token : root["ranks"]) {
        const std::vector<uint32_t> bytes = ids_of(token);
        ranks.emplace_back(std::string(bytes.begin(), bytes.end()), uint32_t(ranks.size()));
      }
      brot::TiktokenDefinition definition{"small", std::string(root["pattern"].text()), {}};
      specials.clear();
      for (const brot::json::Value special : root["special"]) {
        definition.special_tokens.emplace_back(special.key(), uint32_t(special.number()));
        specials.emplace_back(special.key());
      }
      encoding = brot::Tiktoken::from_ranks(ranks, definition);
      continue;
    }
    std::vector<std::vector<uint32_t>> wanted;
    auto part = root.begin();
    const std::string text((*part).text());
    const std::vector<uint32_t> stable = ids_of(*++part);
    for (const brot::json::Value one : *++part) wanted.push_back(ids_of(one));
    const auto found = encoding->encode_with_unstable(text, specials);
    ASSERT_EQ(found.stable, stable) << "`" << text << "`";
    ASSERT_EQ(found.completions, wanted) << "`" << text << "`";
    ++texts;
  }
  EXPECT_EQ(texts, 72u);
}

TEST(Tiktoken, ErrorsOfDecoding) {
  std::vector<std::pair<std::string, uint32_t>> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
  const auto encoding = brot::Tiktoken::from_ranks(ranks, {"bytes", R"(\S+|\s+)", {}});
  const std::vector<uint32_t> ids{'a', 0xE2, 0x82, 'b'};
  using Errors = brot::Tiktoken::Errors;
  EXPECT_EQ(encoding.decode(ids),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(encoding.decode(ids, Errors::ignore), "ab");
  EXPECT_NE(message_of([&] { encoding.decode(ids, Errors::strict); }).find("not UTF-8"), std::string::npos);
}

// ---------------------------------------------------------------------------------------------- parts of a long text

/// Tokenizers for whose texts a cut is known, and some without.
std::vector<std::pair<std::string, Tokenizer>> cuttable_tokenizers() {
  std::vector<std::pair<std::string, Tokenizer>> all;
  std::vector<std::pair<std::string, uint32_t>> ranks;
  for (int byte = 0; byte < 256; ++byte) ranks.emplace_back(std::string(1, char(byte)), uint32_t(byte));
  for (const char* text : {"  ", "\n\n", " \n", "th", "he", "the", " the", "!\n", "\n ", "..", " ..", "\xE3\x80"})
    ranks.emplace_back(text, uint32_t(ranks.size()));
  for (const char* name : {"gpt2", "cl100k_base", "o200k_base"}) {
    const std::string pattern = brot::Tiktoken::definition(name).pattern;
    all.emplace_back(name, brot::Tiktoken::from_ranks(ranks, {name, pattern, {{"<|end|>", 300}}}).tokenizer());
  }
  Tokenizer composed = all.back().second;
  composed.set_normalizer(brot::normalizers::NFC{});
  all.emplace_back("composed", composed);
  Tokenizer tokens = all[1].second;
  brot::AddedToken wide("<m>", true), word("word");
  wide.lstrip = wide.rstrip = true;
  word.single_word = true;
  word.normalized = false;
  tokens.add_tokens({wide, word, brot::AddedToken("a b", true)});
  all.emplace_back("added tokens", tokens);
  tokens.add_tokens({brot::AddedToken("the end")});  // looked for after normalization
  all.emplace_back("normalized token", tokens);
  const auto pieces = brot::WordPiece::make(
      brot::VocabList{
          {"[UNK]", 0}, {"[CLS]", 1}, {"[SEP]", 2}, {"a", 3}, {"##a", 4}, {"the", 5}, {"##e", 6}, {"e", 7}, {".", 8}},
      {});
  all.emplace_back("bert", brot::presets::bert_word_piece(pieces));
  Tokenizer unigram(brot::Unigram::make(
      {{"<unk>", 0}, {"a", -1}, {"\xE2\x96\x81", -2}, {"\xE2\x96\x81the", -3}, {"e", -3}, {"the", -4}}, {.unk_id = 0}));
  unigram.set_normalizer(brot::normalizers::Sequence{brot::normalizers::Nmt{}, brot::normalizers::NFKC{}});
  unigram.set_pre_tokenizer(brot::pre_tokenizers::Metaspace{});
  all.emplace_back("metaspace", unigram);
  unigram.set_pre_tokenizer(std::nullopt);
  all.emplace_back("no cut", unigram);
  return all;
}

std::string mixed_text(std::mt19937& random, size_t size) {
  static const std::vector<std::string> parts = {"the",
                                                 " ",
                                                 " ",
                                                 " ",
                                                 "  ",
                                                 "\n",
                                                 "\n\n",
                                                 "\r\n",
                                                 "\t",
                                                 "a",
                                                 "e",
                                                 ".",
                                                 "!",
                                                 "/",
                                                 "'s",
                                                 "12",
                                                 "345",
                                                 "\xE3\x81\x82",
                                                 "\xE3\x80\x80",
                                                 "\xC2\xA0",
                                                 "\xCC\x81",
                                                 "\xC2\xA8",
                                                 "\xF0\x9F\x98\x80",
                                                 "<m>",
                                                 " <m> ",
                                                 "word",
                                                 "a b",
                                                 "the end",
                                                 "\xE2\x96\x81",
                                                 "\xE2\x80\x8D",
                                                 "A",
                                                 "\xD7\x90",
                                                 "\x01"};
  std::string text;
  while (text.size() < size) text += parts[random() % parts.size()];
  return text;
}

TEST(LongText, OnManyThreadsGivesTheSameTokens) {
  std::mt19937 random(8);
  const int threads = raven::num_threads();
  raven::set_num_threads(4);
  for (const auto& [name, tokenizer] : cuttable_tokenizers()) {
    const std::string text = mixed_text(random, 700'000);
    const auto one = tokenizer.encode(text, {.threads = 1}), many = tokenizer.encode(text, {.threads = 4});
    ASSERT_TRUE(std::ranges::equal(one.ids(), many.ids())) << name;
    ASSERT_TRUE(std::ranges::equal(one.offsets(), many.offsets())) << name;
    ASSERT_TRUE(std::ranges::equal(one.word_ids(), many.word_ids())) << name;
    ASSERT_EQ(one.tokens(), many.tokens()) << name;
    ASSERT_EQ(tokenizer.count_tokens(text), tokenizer.encode(text, {.add_special_tokens = false, .threads = 1}).size())
        << name;
  }
  raven::set_num_threads(threads);
}

// Tables that are put off until text needs them are built by one thread while others encode: long pieces, characters of
// several bytes, words.
TEST(LongText, FreshModelsServeManyThreadsAtOnce) {
  std::mt19937 random(10);
  const int threads = raven::num_threads();
  raven::set_num_threads(4);
  std::vector<std::string> texts;
  for (int i = 0; i < 64; ++i) {
    std::string text = mixed_text(random, 2000);
    while (text.size() < 10'000) text += random() % 2 ? "th" : "e";
    while (text.size() < 12'000) text += random() % 2 ? "\xE3\x81\x82" : "\xE4\xB8\xAD";
    texts.push_back(std::move(text));
  }
  const auto fresh = cuttable_tokenizers(), others = cuttable_tokenizers();
  for (size_t i = 0; i < fresh.size(); ++i) {
    const auto batch = fresh[i].second.encode_batch(texts, {.add_special_tokens = false, .threads = 4});
    for (size_t k = 0; k < texts.size(); ++k)
      ASSERT_TRUE(std::ranges::equal(batch[k].ids(), others[i].second.encode_ids(texts[k]))) << fresh[i].first;
  }
  raven::set_num_threads(threads);
}

// Long texts of a batch are encoded by all threads, the others are dealt out by size: results stay at their places.
TEST(LongText, BatchesOfUnequalTextsKeepTheirOrder) {
  std::mt19937 random(11);
  const int threads = raven::num_threads();
  raven::set_num_threads(4);
  std::vector<std::string> texts;
  for (const size_t size : {5u, 300'000u, 0u, 40u, 9'000u, 3u, 20'000u, 1u, 270'000u, 60u}) {
    std::string text;
    while (text.size() < size) text += mixed_text(random, std::min<size_t>(size - text.size() + 1, 5000));
    texts.push_back(std::move(text));
  }
  for (const auto& [name, tokenizer] : cuttable_tokenizers()) {
    std::vector<std::pair<brot::TextInput, brot::TextInput>> pairs;
    for (size_t i = 0; i + 1 < texts.size(); ++i) pairs.emplace_back(texts[i], texts[i + 1]);
    std::vector<brot::Encoding> single;
    for (const std::string& text : texts)
      single.push_back(tokenizer.encode(text, {.add_special_tokens = false, .threads = 1}));
    for (const int count : {1, 2, 3}) {
      const auto batch = tokenizer.encode_batch(texts, {.add_special_tokens = false, .threads = count});
      ASSERT_EQ(batch.size(), texts.size());
      for (size_t i = 0; i < texts.size(); ++i) {
        ASSERT_TRUE(std::ranges::equal(batch[i].ids(), single[i].ids())) << name << ", text " << i;
        ASSERT_TRUE(std::ranges::equal(batch[i].offsets(), single[i].offsets())) << name << ", text " << i;
      }
    }
    const auto paired = tokenizer.encode_batch(pairs, {.add_special_tokens = false, .threads = 2});
    ASSERT_EQ(paired.size(), pairs.size());
    for (size_t i = 0; i < pairs.size(); ++i)
      ASSERT_EQ(paired[i].size(), single[i].size() + single[i + 1].size()) << name << ", pair " << i;
  }
  raven::set_num_threads(threads);
}

TEST(EncodeStream, PartsAddUpToTheWhole) {
  std::mt19937 random(9);
  for (const auto& [name, tokenizer] : cuttable_tokenizers()) {
    brot::EncodeStream stream(tokenizer);
    size_t early = 0;
    for (int round = 0; round < 200; ++round) {
      std::string text = mixed_text(random, 1 + random() % 400);
      if (round % 4 == 0) text[random() % text.size()] = '\xE3';  // invalid, or an unfinished character
      std::vector<uint32_t> ids;
      for (size_t at = 0; at < text.size();) {
        const size_t size = std::min<size_t>(1 + random() % 30, text.size() - at);
        const auto part = stream.push(std::string_view(text).substr(at, size));
        ids.insert(ids.end(), part.begin(), part.end());
        at += size;
      }
      early += ids.size();
      const auto rest = stream.flush();
      ids.insert(ids.end(), rest.begin(), rest.end());
      ASSERT_EQ(ids, tokenizer.encode_ids(text)) << name << ": " << text;
    }
    EXPECT_EQ(early > 0, name != "no cut" && name != "normalized token") << name;
  }
}

TEST(TokenCounter, CountsTokensThatBeginInARange) {
  std::mt19937 random(10);
  for (const auto& [name, tokenizer] : cuttable_tokenizers()) {
    const std::string text = mixed_text(random, 900);
    const brot::TokenCounter counter(tokenizer, text);
    const auto encoding = tokenizer.encode(text, {.add_special_tokens = false});
    ASSERT_EQ(counter.total(), encoding.size());
    for (int round = 0; round < 300; ++round) {
      const size_t begin = random() % (text.size() + 1), end = begin + random() % (text.size() - begin + 1);
      size_t wanted = 0;
      for (const brot::Span span : encoding.offsets()) wanted += span.begin >= begin && span.begin < end;
      ASSERT_EQ(counter.count(begin, end), wanted) << name << " " << begin << " " << end;
      const size_t room = random() % 40, stop = counter.end_of(begin, room);
      ASSERT_LE(counter.count(begin, stop), room);
      ASSERT_TRUE(stop == text.size() || counter.count(begin, stop + 1) > room) << name;
    }
  }
}

TEST(Tiktoken, RanksAreWrittenAsTheyAreRead) {
  const std::string lines = "YQ== 0\nYg== 1\nYWI= 2\n/w== 3\n";
  const auto encoding = brot::Tiktoken::from_text(lines, {"small", R"(\S+|\s+)", {{"<|end|>", 4}}});
  EXPECT_EQ(encoding.to_text(), lines);
}

TEST(Chat, MaskOfWhatTheAssistantSaid) {
  Tokenizer tokenizer = cuttable_tokenizers()[1].second;
  brot::TokenizerConfig config;
  config.chat_templates["default"] =
      "{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% "
      "endgeneration %}"
      "{% else %}{{ m.content }}{% endif %};{% endfor %}";
  config.chat_templates["plain"] = "{{ messages[0].content }}";
  tokenizer.set_config(config);
  const auto messages = brot::jinja::Value::from_json(
      R"([{"role": "user", "content": "the"}, {"role": "assistant", "content": "the é"}, {"role": "user", "content": "the"},
          {"role": "assistant", "content": "12"}])");
  const brot::ChatEncoding chat = tokenizer.encode_chat_with_mask(messages);
  EXPECT_EQ(chat.text, "user:the;assistant:the \xC3\xA9;user:the;assistant:12;");
  ASSERT_EQ(chat.assistant_tokens_mask.size(), chat.encoding.size());
  std::string said;
  for (size_t i = 0; i < chat.encoding.size(); ++i) {
    const brot::Span span = chat.encoding.offsets()[i];
    if (chat.assistant_tokens_mask[i] &&
        (said.empty() || chat.encoding.offsets()[i - 1] != span))  // bytes of é share its span
      said += chat.text.substr(span.begin, span.end - span.begin);
  }
  EXPECT_EQ(said,
            "the \xC3\xA9"
            "12");
  EXPECT_NE(message_of([&] { tokenizer.encode_chat_with_mask(messages, {.name = "plain"}); }).find("marked nothing"),
            std::string::npos);
}

TEST(Unigram, MarginalsOfTheLatticeAreProbabilities) {
  const auto model =
      brot::Unigram::make({{"<unk>", 0}, {"a", -1}, {"ab", -1.5}, {"b", -2}, {"aba", -3}}, {.unk_id = 0});
  const std::string text = "abxa";
  // Every character is covered by exactly one piece of a segmentation.
  for (const double alpha : {1.0, 0.3}) {
    std::vector<double> covered(text.size(), 0);
    for (const auto& edge : model->lattice(text, alpha))
      for (uint32_t i = edge.span.begin; i < edge.span.end; ++i) covered[i] += edge.marginal;
    for (const double one : covered) EXPECT_NEAR(one, 1, 1e-12);
  }
  // ab against a, b: exp(-1.5) and exp(-3).
  for (const auto& edge : model->lattice(text)) {
    if (edge.span == brot::Span{0, 2}) {
      EXPECT_NEAR(edge.marginal, 1 / (1 + std::exp(-1.5)), 1e-12);
    }
  }
}

TEST(Files, StrictReadingRefusesUnknownKeys) {
  const std::string text =
      R"({"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}, "extra": 1})";
  EXPECT_EQ(Tokenizer::from_json(text).vocab_size(), 1u);
  const std::string fault = message_of([&] { Tokenizer::from_json(text, "t.json", {.strict = true}); });
  EXPECT_NE(fault.find("/extra: unknown key"), std::string::npos) << fault;
}

// ------------------------------------------------------------------------------------------------ the compiled form

TEST(Compiled, EncodesAsTheTokenizerItWasMadeOf) {
  std::mt19937 random(12);
  const std::string path = testing::TempDir() + "/raven_brot_compiled.brot";
  for (auto& [name, tokenizer] : cuttable_tokenizers()) {
    brot::TokenizerConfig config;
    config.bos_token = "<s>";
    config.add_bos_token = false;
    config.model_max_length = 77;
    config.additional_special_tokens = {"<a>"};
    config.chat_templates = {{"default", "{{ 1 }}"}, {"rag", "\n\"x\""}};
    tokenizer.set_config(config);
    tokenizer.save_compiled(path);
    const Tokenizer again = Tokenizer::from_compiled(path);
    for (int round = 0; round < 30; ++round) {
      const std::string text = mixed_text(random, 10 + random() % 900) + std::string(random() % 300, 'e');
      const auto wanted = tokenizer.encode(text), found = again.encode(text);
      ASSERT_TRUE(std::ranges::equal(wanted.ids(), found.ids())) << name << ": " << text;
      ASSERT_TRUE(std::ranges::equal(wanted.offsets(), found.offsets())) << name << ": " << text;
      ASSERT_EQ(wanted.tokens(), found.tokens());
      ASSERT_EQ(tokenizer.decode(wanted.ids()), again.decode(found.ids()));
    }
    EXPECT_EQ(again.vocab(), tokenizer.vocab());
    EXPECT_EQ(again.config().bos_token, "<s>");
    EXPECT_EQ(again.config().add_bos_token, false);
    EXPECT_EQ(again.config().add_eos_token, std::nullopt);
    EXPECT_EQ(again.config().model_max_length, 77u);
    EXPECT_EQ(again.config().additional_special_tokens, config.additional_special_tokens);
    EXPECT_EQ(again.config().chat_templates, config.chat_templates);
    EXPECT_EQ(again.to_string(), tokenizer.to_string());
  }
}

TEST(Compiled, CharacterModelsWithUnknownAndByteTokens) {
  const std::string path = testing::TempDir() + "/raven_brot_characters.brot";
  std::vector<std::pair<std::string, uint32_t>> vocab{{"<unk>", 0},
                                                      {"\xE2\x96\x81", 1},
                                                      {"a", 2},
                                                      {"b", 3},
                                                      {"ab", 4},
                                                      {"\xE2\x96\x81"
                                                       "ab",
                                                       5}};
  std::vector<BPE::Builder> builders(4, BPE::Builder());
  for (BPE::Builder& builder : builders)
    builder.vocab(vocab).merges({{"a", "b"}, {"\xE2\x96\x81", "ab"}}).unk_token("<unk>").fuse_unk(true);
  builders[1].dropout(1);
  builders[2].ignore_merges(true);
  builders[3].vocab({{"a", 0}, {"ab", 4'000'000'000u}, {"b", 7}, {"<unk>", 9}}).merges({{"a", "b"}});
  for (const BPE::Builder& builder : builders) {
    const Tokenizer tokenizer = brot::presets::sentencepiece_bpe(builder.build());
    tokenizer.save_compiled(path);
    const Tokenizer again = Tokenizer::from_compiled(path);
    for (const std::string& text :
         {std::string("ab ab xy abab"), std::string(), std::string("b a"), std::string(200, 'a') + "b"})
      EXPECT_EQ(tokenizer.encode_ids(text), again.encode_ids(text)) << text;
    EXPECT_EQ(tokenizer.to_json(), again.to_json());
  }
}

TEST(Compiled, DamagedFilesAreRefused) {
  const std::string path = testing::TempDir() + "/raven_brot_damaged.brot";
  const Tokenizer tokenizer = cuttable_tokenizers()[1].second;
  tokenizer.save_compiled(path);
  const std::string whole = raven::read_file(path);
  const auto fault = [&](const std::string& bytes) {
    raven::write_atomic(path, bytes);
    return message_of([&] { Tokenizer::from_compiled(path); });
  };
  EXPECT_EQ(fault(whole), "no error");
  EXPECT_NE(fault("").find("not a compiled tokenizer"), std::string::npos);
  EXPECT_NE(fault("{\"model\": {}, \"a\": \"0123456789012345678901234567890\"}").find("not a compiled tokenizer"),
            std::string::npos);
  EXPECT_NE(fault(whole.substr(0, whole.size() - 64)).find("cut off"), std::string::npos);
  std::string bytes = whole;
  bytes[8] = 1;
  EXPECT_NE(fault(bytes).find("got version 1, expected 3"), std::string::npos);
  bytes = whole;
  std::swap(bytes[12], bytes[15]);
  EXPECT_NE(fault(bytes).find("order of bytes"), std::string::npos);
  for (size_t at = 40; at < whole.size(); at += whole.size() / 50) {
    bytes = whole;
    bytes[at] = char(bytes[at] ^ 4);
    EXPECT_NE(fault(bytes).find("the checksum differs"), std::string::npos) << at;
  }
}

TEST(Compiled, CacheFollowsItsSource) {
  const std::string source = testing::TempDir() + "/raven_brot_source.json", cache = source + ".brot";
  std::filesystem::remove(cache);
  const auto make = [&](uint32_t id) { Tokenizer(BPE::Builder().vocab({{"a", 0}, {"b", id}}).build()).save(source); };
  make(1);
  EXPECT_EQ(Tokenizer::from_cached(source).encode_ids("b"), std::vector<uint32_t>{1});
  ASSERT_TRUE(std::filesystem::exists(cache));
  const auto made = std::filesystem::last_write_time(cache);
  EXPECT_EQ(Tokenizer::from_cached(source).encode_ids("b"), std::vector<uint32_t>{1});
  EXPECT_EQ(std::filesystem::last_write_time(cache), made);  // used, not made again
  make(22);
  EXPECT_EQ(Tokenizer::from_cached(source).encode_ids("b"), std::vector<uint32_t>{22});
  raven::write_atomic(cache, "damaged");
  EXPECT_EQ(Tokenizer::from_cached(source).encode_ids("b"), std::vector<uint32_t>{22});
  EXPECT_EQ(brot::load_any(cache).encode_ids("b"), std::vector<uint32_t>{22});
  EXPECT_NE(message_of([&] { Tokenizer::from_cached(source + ".none"); }).find("source.json.none"), std::string::npos);
}

TEST(SentencePiece, BadFilesAreRefused) {
  EXPECT_NE(message_of([] { brot::SentencePieceModel::parse("\x0A\xFF\x01"); }).find("longer than the file"),
            std::string::npos);
  EXPECT_NE(message_of([] { brot::SentencePieceModel::parse(""); }).find("no pieces"), std::string::npos);
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
  EXPECT_EQ(tokenizer.apply_chat_template(messages, {.continue_final_message = true}),
            "<s>[user]hi[assistant]yes ");
  EXPECT_NE(message_of([&] { tokenizer.apply_chat_template(messages, {.name = "rag"}); }).find("`rag`"),
            std::string::npos);
}

}  // namespace
