// The tokenizer's own calls: batches, templates, added tokens and their ids, random numbers, descriptions.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "raven/base/thread_pool.hpp"
#include "raven/brot.hpp"

namespace {

using brot::AddedToken;
using brot::BPE;
using brot::Encoding;
using brot::Span;
using brot::TextInput;
using brot::Tokenizer;
using brot::Unigram;
using brot::post_processors::TemplateProcessing;
using Ids = std::vector<uint32_t>;

std::string message_of(auto&& call) {
  try {
    call();
  } catch (const raven::Error& error) {
    return error.what();
  }
  return "no error";
}
Ids ids_of(const Encoding& encoding) { return {encoding.ids().begin(), encoding.ids().end()}; }
std::vector<Span> offsets_of(const Encoding& encoding) {
  return {encoding.offsets().begin(), encoding.offsets().end()};
}
template <class T>
std::vector<T> list_of(std::span<const T> values) {
  return {values.begin(), values.end()};
}
bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// The characters `?`, a, b and space.
Tokenizer characters() {
  return Tokenizer(BPE::Builder().vocab({{"?", 0}, {"a", 1}, {"b", 2}, {" ", 3}}).unk_token("?").build());
}
/// The same with words as pieces and `[CLS] A [SEP] B [SEP]`.
Tokenizer bert() {
  Tokenizer tokenizer(BPE::Builder()
                          .vocab({{"?", 0}, {"a", 1}, {"b", 2}, {" ", 3}, {"[CLS]", 4}, {"[SEP]", 5}})
                          .unk_token("?")
                          .build());
  tokenizer.set_pre_tokenizer(brot::pre_tokenizers::WhitespaceSplit{});
  tokenizer.set_post_processor(brot::post_processors::BertProcessing{{"[SEP]", 5}, {"[CLS]", 4}});
  return tokenizer;
}

void expect_equal(const Encoding& a, const Encoding& b) {
  EXPECT_EQ(ids_of(a), ids_of(b));
  EXPECT_EQ(offsets_of(a), offsets_of(b));
  EXPECT_EQ(list_of(a.word_ids()), list_of(b.word_ids()));
  EXPECT_EQ(list_of(a.type_ids()), list_of(b.type_ids()));
  EXPECT_EQ(list_of(a.special_tokens_mask()), list_of(b.special_tokens_mask()));
  EXPECT_EQ(a.sequence_ids(), b.sequence_ids());
  EXPECT_EQ(a.tokens(), b.tokens());
}

// ------------------------------------------------------------------------------------------------------------ batches

TEST(Batches, OfWordsAndPairsEqualSingleCalls) {
  const Tokenizer tokenizer = bert();
  const std::string_view first_words[] = {"ab", "", "b"}, second_words[] = {"b a", "a"};
  const TextInput words{std::span<const std::string_view>(first_words)},
      others{std::span<const std::string_view>(second_words)};
  const std::vector<TextInput> inputs{words, "a b", others, ""};
  const auto single = tokenizer.encode_batch(std::span(inputs));
  ASSERT_EQ(single.size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) expect_equal(single[i], tokenizer.encode(inputs[i]));
  const std::vector<std::pair<TextInput, TextInput>> pairs{{words, others}, {"a", words}, {others, "b b"}, {"a", ""}};
  const auto paired = tokenizer.encode_batch(std::span(pairs));
  ASSERT_EQ(paired.size(), pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) expect_equal(paired[i], tokenizer.encode(pairs[i].first, pairs[i].second));
  EXPECT_EQ(list_of(paired[0].word_ids()),
            (Ids{Encoding::no_word, 0, 0, 2, Encoding::no_word, 0, 0, 1, Encoding::no_word}));

  const brot::Batch rows = tokenizer.encode_batch_ids(std::span(inputs));
  EXPECT_EQ(rows.rows(), 4u);
  EXPECT_EQ(rows.cols(), 5u);
  EXPECT_EQ(rows.input_ids(), (std::vector<int32_t>{4, 1, 2, 2, 5, 4, 1, 2, 5, 0, 4, 2, 1, 1, 5, 4, 5, 0, 0, 0}));
  const brot::Batch both = tokenizer.encode_batch_ids(std::span(pairs).subspan(1, 1));
  EXPECT_EQ(both.input_ids(), (std::vector<int32_t>{4, 1, 5, 1, 2, 2, 5}));
  EXPECT_EQ(both.token_type_ids(), (std::vector<int32_t>{0, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(both.special_tokens_mask(), (std::vector<int32_t>{1, 0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(tokenizer.encode_batch_ids(std::span<const TextInput>()).rows(), 0u);
}

TEST(Batches, ShorterRowsOfAFixedLengthGrowOnTheirSide) {
  const Tokenizer tokenizer = characters();
  brot::Padding padding = brot::Padding::to(3);
  padding.direction = brot::Direction::left;
  padding.pad_id = 9;
  padding.pad_type_id = 7;
  const std::string_view texts[] = {"aaaaa", "b"};
  const brot::Batch batch = tokenizer.encode_batch_ids(texts, {.padding = padding});
  EXPECT_EQ(batch.input_ids(), (std::vector<int32_t>{1, 1, 1, 1, 1, 9, 9, 9, 9, 2}));
  EXPECT_EQ(batch.attention_mask(), (std::vector<int32_t>{1, 1, 1, 1, 1, 0, 0, 0, 0, 1}));
  EXPECT_EQ(batch.token_type_ids(), (std::vector<int32_t>{0, 0, 0, 0, 0, 7, 7, 7, 7, 0}));
  EXPECT_EQ(batch.special_tokens_mask(), (std::vector<int32_t>{0, 0, 0, 0, 0, 1, 1, 1, 1, 0}));
}

TEST(Batches, DecodedTextsKeepTheirOrder) {
  const Tokenizer tokenizer = bert();
  const std::vector<Ids> lists{{4, 1, 5}, {}, {2, 1}, {4, 5}};
  EXPECT_EQ(tokenizer.decode_batch(lists), (std::vector<std::string>{"[CLS] a [SEP]", "", "b a", "[CLS] [SEP]"}));
  Tokenizer marked = tokenizer;
  marked.add_special_tokens({{"[CLS]", true}, {"[SEP]", true}});
  EXPECT_EQ(marked.decode_batch(lists), (std::vector<std::string>{"a", "", "b a", ""}));
  EXPECT_EQ(marked.decode_batch(lists, {.skip_special_tokens = false})[3], "[CLS] [SEP]");
}

TEST(Batches, AStrideMustBeBelowTheLengthWhateverTheText) {
  const Tokenizer tokenizer = bert();
  const auto fault = [&](size_t length, size_t stride) {
    return message_of(
        [&] { tokenizer.encode("a", {.truncation = brot::Truncation{.max_length = length, .stride = stride}}); });
  };
  EXPECT_TRUE(contains(fault(4, 2), "stride: got 2"));
  EXPECT_TRUE(contains(fault(4, 9), "stride: got 9"));
  EXPECT_EQ(fault(4, 1), "no error");
  EXPECT_EQ(fault(2, 0), "no error");  // everything overflows
}

// ------------------------------------------------------------------------------------------------------------ options

TEST(Options, SpecialTokensMayBePlainText) {
  Tokenizer tokenizer = characters();
  tokenizer.add_special_tokens({{"ab", true}});
  tokenizer.add_tokens({"ba"});
  EXPECT_EQ(tokenizer.encode_ids("abba"), (Ids{4, 5}));
  EXPECT_EQ(ids_of(tokenizer.encode("abba", {.encode_special_tokens = true})), (Ids{1, 2, 5}));
}

TEST(Options, MergingContinuesOffsetsAndCombinesOverflow) {
  const Tokenizer tokenizer = characters();
  Encoding left = tokenizer.encode("aaa", {.truncation = brot::Truncation{.max_length = 2}});
  const Encoding right = tokenizer.encode("bb", {.truncation = brot::Truncation{.max_length = 1}});
  ASSERT_EQ(left.overflowing().size(), 1u);
  left.merge_with(right, true);
  EXPECT_EQ(ids_of(left), (Ids{1, 1, 2}));
  EXPECT_EQ(offsets_of(left), (std::vector<Span>{{0, 1}, {1, 2}, {2, 3}}));
  // Each own overflow with the pair and with each of the pair's, then all of them with the own text.
  ASSERT_EQ(left.overflowing().size(), 3u);
  EXPECT_EQ(offsets_of(left.overflowing()[0]), (std::vector<Span>{{2, 3}, {3, 4}}));
  EXPECT_EQ(offsets_of(left.overflowing()[1]), (std::vector<Span>{{2, 3}, {4, 5}}));
  EXPECT_EQ(offsets_of(left.overflowing()[2]), (std::vector<Span>{{0, 1}, {1, 2}, {3, 4}}));
  Encoding plain = tokenizer.encode("a");
  plain.merge_with(tokenizer.encode("b"), false);
  EXPECT_EQ(offsets_of(plain), (std::vector<Span>{{0, 1}, {0, 1}}));
}

// Windows take along the texts of their own tokens.
TEST(Options, WindowsKeepTheSurfacesOfTheirTokens) {
  Tokenizer tokenizer(Unigram::make({{"?", 0}, {"a", -1}}, {.unk_id = 0}));
  const Encoding encoding = tokenizer.encode("axayaza", {.truncation = brot::Truncation{.max_length = 3, .stride = 1}});
  std::vector<std::string> found;
  for (const std::string_view token : encoding.tokens()) found.emplace_back(token);
  for (const Encoding& window : encoding.overflowing())
    for (const std::string_view token : window.tokens()) found.emplace_back(token);
  EXPECT_EQ(found, (std::vector<std::string>{"a", "x", "a", "a", "y", "a", "a", "z", "a"}));
}

// ---------------------------------------------------------------------------------------------------------- templates

TEST(Templates, MissingFormsAreHuggingFacesDefaults) {
  Tokenizer tokenizer = characters();
  const std::vector<brot::post_processors::TemplateSpecial> specials{{"?", {0}, {"?"}}};
  tokenizer.set_post_processor(TemplateProcessing::from_strings("? $A", "", specials));
  const Encoding pair = tokenizer.encode("ab", "b");
  EXPECT_EQ(ids_of(pair), (Ids{1, 2, 2}));
  EXPECT_EQ(list_of(pair.type_ids()), (Ids{0, 0, 1}));
  tokenizer.set_post_processor(TemplateProcessing::from_strings("", "? $A $B:1", specials));
  EXPECT_EQ(tokenizer.encode_ids("ab", true), (Ids{1, 2}));
  EXPECT_EQ(ids_of(tokenizer.encode("a", "b")), (Ids{0, 1, 2}));
}

TEST(Templates, WhatTheyLackIsAnErrorNotAnEmptyEncoding) {
  Tokenizer tokenizer = characters();
  TemplateProcessing only_single = TemplateProcessing::from_strings("$A", "", {});
  only_single.pair.clear();
  tokenizer.set_post_processor(only_single);
  EXPECT_EQ(tokenizer.encode("a").size(), 1u);
  EXPECT_TRUE(contains(message_of([&] { tokenizer.encode("a", "b"); }), "pair: the template is empty"));
  tokenizer.set_post_processor(TemplateProcessing{});
  EXPECT_TRUE(contains(message_of([&] { tokenizer.encode("a"); }), "single: the template is empty"));
  const auto read = [](const std::string& forms) {
    return message_of([&] {
      Tokenizer::from_json(R"({"post_processor":{"type":"TemplateProcessing",)" + forms +
                           R"("special_tokens":{}},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}})");
    });
  };
  const std::string a = R"([{"Sequence":{"id":"A","type_id":0}}],)";
  EXPECT_TRUE(contains(read("\"single\":" + a), "/post_processor/pair: missing"));
  EXPECT_TRUE(contains(read("\"pair\":[],"), "/post_processor/single: missing"));
  EXPECT_EQ(read("\"single\":" + a + "\"pair\":[],"), "no error");
}

TEST(Templates, WrittenFormsAreRead) {
  const auto faulty = [](const char* text) {
    return message_of([&] { TemplateProcessing::parse(text); }) != "no error";
  };
  for (const char* text : {"$C", "$A:", "[:1:2", "$A:x", "$-1", "$A:4294967296", "$99999999999"})
    EXPECT_TRUE(faulty(text)) << text;
  for (const char* text : {"$", "$1", " ", "$b:4294967295", "[CLS]:1 $a"}) EXPECT_FALSE(faulty(text)) << text;
  EXPECT_TRUE(contains(message_of([] { TemplateProcessing::from_strings("$A", "$A", {}); }), "$A and $B"));
  EXPECT_TRUE(
      contains(message_of([] { TemplateProcessing::from_strings("x $A", "", {}); }), "`x` is used but not defined"));
  EXPECT_TRUE(contains(message_of([] { TemplateProcessing::from_strings("x $A", "", {{"x", {1, 2}, {"x"}}}); }),
                       "got 2 ids and 1 tokens"));
}

TEST(Templates, UserDefinedPostProcessors) {
  struct Twice : brot::CustomPostProcessor {
    size_t added_tokens(bool is_pair) const override { return is_pair ? 0 : 1; }
    std::vector<Encoding> apply(std::vector<Encoding> list, bool add_special_tokens) const override {
      if (add_special_tokens && list.size() == 1) list.push_back(list[0]);
      return list;
    }
  };
  Tokenizer tokenizer = characters();
  tokenizer.set_post_processor(brot::post_processors::Custom{std::make_shared<Twice>()});
  EXPECT_EQ(tokenizer.num_special_tokens_to_add(), 1u);
  EXPECT_EQ(tokenizer.encode_ids("ab", true), (Ids{1, 2, 1, 2}));
  EXPECT_EQ(tokenizer.encode_ids("ab"), (Ids{1, 2}));
  EXPECT_TRUE(contains(message_of([&] { tokenizer.to_json(); }), "user-defined"));
}

// ------------------------------------------------------------------------------------------------------- added tokens

TEST(AddedTokens, IdsEndBeforeTheLastNumber) {
  const std::string head = R"({"model":{"type":"BPE","unk_token":"a","merges":[],"vocab":{"a":0,"b":)";
  EXPECT_TRUE(contains(message_of([&] { Tokenizer::from_json(head + "4294967295}}}"); }),
                       "/model/vocab/b: got the id 4294967295"));
  EXPECT_TRUE(contains(message_of([] {
                         Tokenizer::from_json(
                             R"({"model":{"type":"WordLevel","unk_token":"a","vocab":{"a" : 4294967295 , "b":0}}})");
                       }),
                       "/model/vocab/a"));
  EXPECT_TRUE(contains(message_of([] { BPE::Builder().vocab({{"a", 0}, {"b", 4294967295}}).build(); }),
                       "token `b`: got the id"));
  EXPECT_TRUE(contains(message_of([] { brot::WordLevel::make(brot::VocabList{{"b", 4294967295}}, {}); }), "token `b`"));

  Tokenizer tokenizer = Tokenizer::from_json(head + "4294967293}}}");
  EXPECT_EQ(tokenizer.encode_ids("ab"), (Ids{0, 4294967293}));
  EXPECT_EQ(tokenizer.decode(Ids{4294967293, 4294967295}), "b");
  tokenizer.add_tokens({"b", "x"});  // as HuggingFace: behind the largest added id
  EXPECT_EQ(tokenizer.token_to_id("x"), 4294967294);
  EXPECT_EQ(tokenizer.encode_ids("axb"), (Ids{0, 4294967294, 4294967293}));
  EXPECT_TRUE(contains(message_of([&] { tokenizer.add_tokens({"c", "y"}); }), "no id is left for `c`"));
  EXPECT_EQ(tokenizer.added_tokens().size(), 2u);  // all or nothing
  EXPECT_EQ(tokenizer.encode_ids("axb"), (Ids{0, 4294967294, 4294967293}));
}

TEST(AddedTokens, ATokenThatTheOneBeforeTookAlongIsNone) {
  Tokenizer tokenizer = characters();
  AddedToken open("<a>", true), space(" ", true);
  open.rstrip = true;
  space.lstrip = true;
  tokenizer.add_tokens({open, space});
  const Encoding encoding = tokenizer.encode("<a>   b b");
  EXPECT_EQ(ids_of(encoding), (Ids{4, 2, 3, 2}));
  EXPECT_EQ(offsets_of(encoding), (std::vector<Span>{{0, 6}, {6, 7}, {7, 8}, {8, 9}}));
}

TEST(AddedTokens, TextOfAnIdIsTheNormalizedOne) {
  Tokenizer tokenizer = characters();
  tokenizer.set_normalizer(brot::normalizers::Lowercase{});
  tokenizer.add_tokens({"FOO"});
  tokenizer.add_special_tokens({{"<S>", true}});
  const uint32_t id = *tokenizer.token_to_id("FOO");
  EXPECT_EQ(tokenizer.id_to_token(id), "foo");
  EXPECT_EQ(tokenizer.decode(Ids{id}), "foo");
  EXPECT_EQ(tokenizer.id_to_token(id + 1), "<S>");
  EXPECT_EQ(tokenizer.encode("a Foo").tokens().back(), "foo");
  EXPECT_FALSE(tokenizer.token_to_id("foo").has_value());
  EXPECT_FALSE(tokenizer.id_to_token(99).has_value());
}

// ----------------------------------------------------------------------------------------------------- random numbers

Tokenizer with_dropout(uint64_t seed) {
  brot::BpeOptions options;
  options.dropout = 0.5f;
  options.seed = seed;
  return Tokenizer(BPE::Builder()
                       .vocab({{"a", 0}, {"aa", 1}, {"aaaa", 2}})
                       .merges({{"a", "a"}, {"aa", "aa"}})
                       .options(options)
                       .build());
}
Tokenizer sampling(uint64_t seed, size_t nbest_size = 0) {
  return Tokenizer(Unigram::make({{"?", 0}, {"a", -1}, {"aa", -2}, {"aaa", -3}},
                                 {.unk_id = 0, .alpha = 1, .nbest_size = nbest_size, .seed = seed}));
}

/// Greedy search as it is defined: (id, begin, end) of each piece, or one unknown token.
std::string greedy(const std::map<std::string, uint32_t>& first, const std::map<std::string, uint32_t>& following,
                   size_t longest, const std::string& word) {
  std::string out;
  for (size_t at = 0; at < word.size();) {
    const auto& pieces = at == 0 ? first : following;
    size_t size = std::min(longest, word.size() - at);
    while (size > 0 && !pieces.contains(word.substr(at, size))) --size;
    if (size == 0) return "0 0 " + std::to_string(word.size()) + ";";
    out += std::to_string(pieces.at(word.substr(at, size))) + " " + std::to_string(at) + " " +
           std::to_string(at + size) + ";";
    at += size;
  }
  return out;
}

TEST(WordPieces, LongWordsAreSearchedGreedilyAsShortOnes) {
  std::mt19937 random(3);
  size_t known = 0;
  for (int round = 0; round < 400; ++round) {
    const std::string prefix = round % 3 == 0 ? "" : round % 3 == 1 ? "##" : "a";
    const size_t longest = 2 + random() % 12;
    std::map<std::string, uint32_t> vocab, first, following;
    vocab["[U]"] = 0;
    for (size_t i = 0; i < 3 + random() % 20; ++i) {
      std::string text = i < 4 ? std::string(1, char('a' + i / 2)) : "";
      for (size_t size = i < 4 ? 0 : 1 + random() % longest; size > 0; --size) text += char('a' + (random() % 8 == 0));
      if (i % 2 == 1) text = prefix + text;
      vocab.emplace(text, uint32_t(vocab.size()));
    }
    for (const auto& [text, id] : vocab) {
      first[text] = id;
      if (text.starts_with(prefix) && text.size() > prefix.size()) following[text.substr(prefix.size())] = id;
    }
    const auto model = brot::WordPiece::make(brot::VocabList(vocab.begin(), vocab.end()), {"[U]", prefix, 1u << 20});
    for (const size_t size : {20, 600, 601, 900}) {
      std::string word;
      for (size_t i = 0; i < size; ++i) word += char('a' + (random() % 8 == 0));
      brot::TokenSink sink;
      model->tokenize(word, 0, sink);
      std::string got;
      for (size_t i = 0; i < sink.ids.size(); ++i)
        got += std::to_string(sink.ids[i]) + " " + std::to_string(sink.spans[i].begin) + " " +
               std::to_string(sink.spans[i].end) + ";";
      ASSERT_EQ(got, greedy(first, following, longest + 2, word)) << round << " " << size;
      known += size > 512 && sink.ids.size() > 1;
    }
  }
  EXPECT_GT(known, 300);
}

TEST(Random, TheSameSeedGivesTheSameTokens) {
  const std::string text(40, 'a');
  for (const auto& make :
       {+[](uint64_t seed) { return with_dropout(seed); }, +[](uint64_t seed) { return sampling(seed); },
        +[](uint64_t seed) { return sampling(seed, 50); }}) {
    const Tokenizer first = make(7), other_seed = make(8);
    std::vector<Ids> wanted;
    for (int i = 0; i < 5; ++i) wanted.push_back(first.encode_ids(text));
    EXPECT_GT(std::set<Ids>(wanted.begin(), wanted.end()).size(), 1u);  // it does draw anew
    const Tokenizer again = make(7);
    for (const Ids& ids : wanted) {
      EXPECT_EQ(again.encode_ids(text), ids);
      EXPECT_FALSE(ids.empty());
      other_seed.encode_ids(text);  // one does not disturb another
    }
    const Tokenizer different = make(8);
    std::vector<Ids> others;
    for (int i = 0; i < 5; ++i) others.push_back(different.encode_ids(text));
    EXPECT_NE(others, wanted);
  }
}

TEST(Random, BatchesDrawTheSameWhateverTheThreads) {
  const std::vector<std::string> texts(40, std::string(30, 'a'));
  const int threads = raven::num_threads();
  raven::set_num_threads(4);
  for (const auto& make : {+[] { return with_dropout(3); }, +[] { return sampling(3); }}) {
    std::vector<Ids> wanted;
    const Tokenizer single = make();
    for (const std::string& text : texts) wanted.push_back(ids_of(single.encode(text)));
    for (const int count : {1, 4}) {
      const auto batch = make().encode_batch(texts, {.threads = count});
      for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(ids_of(batch[i]), wanted[i]) << count;
    }
  }
  raven::set_num_threads(threads);
}

// All segmentations of one score: the search must not grow them side by side.
TEST(Random, TheBestOfManyEqualSegmentationsAreFound) {
  const auto model = Unigram::make({{"?", 0}, {"a", -1}, {"aa", -2}, {"aaa", -3}}, {.unk_id = 0});
  for (const size_t length : {40u, 3000u}) {
    const auto found = model->nbest(std::string(length, 'a'), 20);
    ASSERT_EQ(found.size(), 20u);
    for (const auto& one : found) EXPECT_EQ(one.score, -double(length));
  }
  const auto longest = model->nbest(std::string(600'000, 'a'), 3);  // more arcs than steps
  ASSERT_FALSE(longest.empty());
  EXPECT_EQ(longest[0].score, -600'000.0);
}

TEST(Random, SampledUnknownsAreFused) {
  for (const size_t nbest : {0u, 4u}) {
    const Tokenizer tokenizer(
        Unigram::make({{"?", 0}, {"a", -1}}, {.unk_id = 0, .alpha = 1, .nbest_size = nbest, .seed = 1}));
    const Encoding encoding = tokenizer.encode("axyzaq");
    EXPECT_EQ(ids_of(encoding), (Ids{1, 0, 1, 0}));
    EXPECT_EQ(encoding.token(1), "xyz");
    EXPECT_EQ(offsets_of(encoding)[1], (Span{1, 4}));
  }
  const Tokenizer apart(Unigram::make({{"?", 0}, {"a", -1}}, {.unk_id = 0, .fuse_unk = false, .alpha = 1}));
  EXPECT_EQ(apart.encode("axya").size(), 4u);
}

// ------------------------------------------------------------------------------------------------------- descriptions

/// What a reader sees of the HTML.
std::string shown(const std::string& html) {
  std::string text;
  bool tag = false;
  for (const char c : html) {
    if (c == '<') tag = true;
    if (!tag) text.push_back(c);
    if (c == '>') tag = false;
  }
  return text;
}

TEST(Html, DrawsTheTextInEveryUnit) {
  const Tokenizer tokenizer = bert();
  const std::string text =
      " \xF0\x9F\x98\x80"
      "a  b\xC3\xA9 ";
  for (const brot::Offsets unit : {brot::Offsets::byte, brot::Offsets::codepoint, brot::Offsets::utf16}) {
    const std::string html = brot::to_html(tokenizer.encode(text, {.offsets = unit}), text, {.offsets = unit});
    EXPECT_EQ(shown(html), "[CLS]" + text + "[SEP]\n");
    EXPECT_TRUE(contains(html, "<span title=\"1\" style=\"background:#ffe8c2\">a</span>  <span")) << html;
    EXPECT_TRUE(contains(html, "<span title=\"4\" style=\"background:#dddddd;font-style:italic\">[CLS]</span>"));
  }
  EXPECT_EQ(shown(brot::to_html(characters().encode("a<\n"), "a<\n")), "a&lt;&#x21b5;\n\n");
  EXPECT_EQ(shown(brot::to_html(characters().encode("a\xFF"), "a\xFF")), "a\xEF\xBF\xBD\n");
}

TEST(Html, DrawsBothTextsOfAPair) {
  const Tokenizer tokenizer = bert();
  const Encoding pair = tokenizer.encode("a b ", " ba");
  EXPECT_EQ(shown(brot::to_html(pair, "a b ", {.second = " ba"})), "[CLS]a b [SEP] ba[SEP]\n");
  EXPECT_TRUE(contains(message_of([&] { brot::to_html(pair, "a b "); }), "second: the encoding is that of a pair"));
  EXPECT_EQ(shown(brot::to_html(tokenizer.encode("", "a"), "", {.second = "a"})), "[CLS][SEP]a[SEP]\n");
}

TEST(Html, NeedsOffsets) {
  const Tokenizer tokenizer = characters();
  const auto fault = [&](const brot::EncodeOptions& options) {
    return message_of([&] { brot::to_html(tokenizer.encode("ab", options), "ab"); });
  };
  EXPECT_TRUE(contains(fault({.fields = brot::EncodeFields::ids}), "offsets: the encoding has none"));
  EXPECT_TRUE(contains(fault({.offsets = brot::Offsets::none}), "offsets: the encoding has none"));
  EXPECT_EQ(fault({.fields = brot::EncodeFields::offsets}), "no error");
  EXPECT_EQ(shown(brot::to_html(tokenizer.encode(""), "")), "\n");
}

TEST(Describe, EveryStageOfAText) {
  Tokenizer tokenizer = bert();
  tokenizer.set_normalizer(brot::normalizers::Lowercase{});
  const std::string stages = tokenizer.explain("AB a");
  EXPECT_TRUE(contains(stages, "normalized: ab a\n")) << stages;
  EXPECT_TRUE(contains(stages, "[ab] [a]")) << stages;
  EXPECT_TRUE(contains(stages, "[CLS]=4(0,0) a=1(0,1) b=2(1,2) a=1(3,4) [SEP]=5(0,0)")) << stages;
}

}  // namespace
