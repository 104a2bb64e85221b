// Directories as models are published in, and the vocabulary files of older tokenizers.
#include <gtest/gtest.h>

#include <filesystem>

#include "raven/base/file.hpp"
#include "raven/brot.hpp"
#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/files/base64.hpp"
#include "raven/brot/files/json.hpp"

namespace {

namespace fs = std::filesystem;
using namespace brot;

/// An empty directory that goes with its owner.
class Folder {
 public:
  explicit Folder(const std::string& name) : path_(testing::TempDir() + "/raven_brot_" + name) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const Folder& put(const std::string& name, std::string_view text) const {
    raven::write_atomic(path_ + "/" + name, text);
    return *this;
  }
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string tokens_of(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options = {}) {
  std::string all;
  const Encoding encoding = tokenizer.encode(text, options);
  for (const std::string_view token : encoding.tokens()) all.append(all.empty() ? "" : "|").append(token);
  return all;
}

thread_local std::string warnings;
/// Collects what is warned of while it lives.
struct Warnings {
  raven::WarningHook before = raven::on_warning([](std::string_view text) { warnings.append(text).append("\n"); });
  Warnings() { warnings.clear(); }
  ~Warnings() { raven::on_warning(before); }
};

/// The 256 bytes, "th" and "the" as BPE files; `more` follow in the vocabulary.
void put_bpe(const Folder& folder, const std::vector<std::string>& more) {
  std::string vocab = "{";
  uint32_t id = 0;
  const auto add = [&](std::string_view text) {
    vocab += id ? "," : "";
    json::append_quoted(vocab, text);
    vocab += ":" + std::to_string(id++);
  };
  for (int byte = 0; byte < 256; ++byte) add(byte_alphabet::text_of(uint8_t(byte)));
  add("th");
  add("the");
  for (const std::string& text : more) add(text);
  folder.put("vocab.json", vocab + "}").put("merges.txt", "#version: 0.2\r\nt h\r\nth e\n");
}

TEST(Pretrained, OlderFilesOfGpt2) {
  const Folder folder("gpt2");
  put_bpe(folder, {"<|endoftext|>"});
  const Tokenizer tokenizer = Tokenizer::from_pretrained_dir(folder.path());
  EXPECT_EQ(tokens_of(tokenizer, "the<|endoftext|> a"), "the|<|endoftext|>|\xC4\xA0|a");
  EXPECT_EQ(tokenizer.eos_id(), 258u);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode_ids("a<|endoftext|>")), "a");
  folder.put("tokenizer_config.json", R"({"add_prefix_space": true})");
  EXPECT_EQ(tokens_of(Tokenizer::from_pretrained_dir(folder.path()), "the"), "\xC4\xA0|the");
}

TEST(Pretrained, OlderFilesOfRoberta) {
  const Folder folder("roberta");
  put_bpe(folder, {"<s>", "</s>", "<pad>", "<mask>"});
  folder.put("tokenizer_config.json",
             R"({"tokenizer_class": "RobertaTokenizer", "mask_token": {"content": "<mask>", "lstrip": true}})");
  const Tokenizer tokenizer = Tokenizer::from_pretrained_dir(folder.path());
  EXPECT_EQ(tokens_of(tokenizer, "the <mask>"), "<s>|the| <mask>|</s>");
  EXPECT_EQ(tokenizer.encode("a", "b").size(), 6u);
  EXPECT_EQ(tokenizer.pad_id(), 260u);
}

TEST(Pretrained, WordPieceFiles) {
  const Folder folder("bert");
  folder.put("vocab.txt", "[PAD]\r\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\nA");
  EXPECT_EQ(tokens_of(Tokenizer::from_pretrained_dir(folder.path()), "Ab [MASK]"), "[CLS]|a|##b|[MASK]|[SEP]");
  EXPECT_EQ(tokens_of(load_any(folder.file("vocab.txt")), "Ab"), "[CLS]|a|##b|[SEP]");
  folder.put("tokenizer_config.json", R"({"do_lower_case": false, "mask_token": "[MASK]"})");
  const Tokenizer cased = Tokenizer::from_pretrained_dir(folder.path());
  EXPECT_EQ(tokens_of(cased, "Ab"), "[CLS]|A|##b|[SEP]");
  EXPECT_EQ(cased.mask_id(), 4u);
}

// Every setting that a call can leave open.
TEST(Pretrained, SettingsOfTheConfiguration) {
  const Folder folder("settings");
  Tokenizer plain(WordLevel::make(VocabList{{"a", 0}, {".", 1}, {"[PAD]", 2}, {"?", 3}}, {"?"}));
  plain.set_pre_tokenizer(pre_tokenizers::Whitespace{});
  plain.set_padding(Padding::to(3));
  plain.set_truncation(Truncation{.max_length = 3});
  plain.add_tokens({AddedToken("<x>", false)});
  plain.save(folder.file("tokenizer.json"));
  folder.put("tokenizer_config.json",
             R"({"clean_up_tokenization_spaces": true, "split_special_tokens": true, "model_max_length": 5,
                 "padding_side": "left", "truncation_side": "left", "pad_token": "[PAD]", "eos_token": "<end>",
                 "additional_special_tokens": [{"content": "<y>", "rstrip": true}],
                 "extra_special_tokens": {"image_token": "<image>"}})");
  folder.put("special_tokens_map.json",
             R"({"bos_token": "<s>", "eos_token": "no", "additional_special_tokens": ["<z>"]})");
  const Tokenizer tokenizer = Tokenizer::from_pretrained_dir(folder.path());
  EXPECT_EQ(tokenizer.eos_token(), "<end>");
  EXPECT_EQ(tokenizer.bos_token(), "<s>");
  EXPECT_EQ(tokenizer.config().additional_special_tokens, (std::vector<std::string>{"<y>", "<image>", "<z>"}));
  for (const char* token : {"<s>", "<end>", "<y>", "<z>", "<image>"}) {
    const auto id = tokenizer.token_to_id(token);
    ASSERT_TRUE(id) << token;
    EXPECT_TRUE(tokenizer.added_tokens().at(*id).special) << token;
  }
  EXPECT_TRUE(tokenizer.added_tokens().at(*tokenizer.token_to_id("<y>")).rstrip);
  EXPECT_EQ(tokenizer.padding()->direction, Direction::left);
  EXPECT_EQ(tokenizer.truncation()->direction, Direction::left);

  const std::vector<uint32_t> ids = {0, 1};
  EXPECT_EQ(tokenizer.decode(ids), "a.");
  EXPECT_EQ(tokenizer.decode(ids, {.clean_up_tokenization_spaces = false}), "a .");
  DecodeStream stream = tokenizer.decode_stream();
  std::string streamed;
  for (const uint32_t id : ids)
    if (const auto part = stream.step(id)) streamed += *part;
  EXPECT_EQ(streamed + stream.flush(), "a.");

  const EncodeOptions bare{.no_truncation = true, .no_padding = true};
  EXPECT_EQ(tokens_of(tokenizer, "a<y>", bare), "a|?|?|?");
  EXPECT_EQ(tokenizer.encode_ids("a<y>").size(), 4u);
  EXPECT_EQ(tokenizer.count_tokens("a<y>"), 4u);
  EncodeOptions whole = bare;
  whole.encode_special_tokens = false;
  EXPECT_EQ(tokens_of(tokenizer, "a<y>", whole), "a|<y>");

  ASSERT_TRUE(tokenizer.configured_truncation());
  EXPECT_EQ(tokenizer.configured_truncation()->max_length, 5u);
  EXPECT_EQ(tokenizer.configured_truncation()->direction, Direction::left);
  EXPECT_EQ(tokenizer.configured_padding().pad_id, 2u);
  EXPECT_EQ(tokenizer.configured_padding().direction, Direction::left);
  EXPECT_FALSE(plain.configured_truncation());
  EXPECT_EQ(
      tokens_of(tokenizer, "a a a a . . .", {.truncation = tokenizer.configured_truncation(), .no_padding = true}),
      "a|a|.|.|.");
}

// What a role says of a token that is there already: a text nothing, an object everything.
TEST(Pretrained, FlagsOfRoles) {
  const Folder folder("flags");
  Tokenizer plain(WordLevel::make(VocabList{{"a", 0}, {"?", 1}}, {"?"}));
  for (const char* text : {"<m>", "<n>"}) {
    AddedToken token(text, true);
    token.lstrip = true;
    plain.add_tokens({token});
  }
  plain.save(folder.file("tokenizer.json"));
  folder.put("tokenizer_config.json", R"({"mask_token": "<m>", "sep_token": {"content": "<n>", "rstrip": true}})");
  const Tokenizer tokenizer = Tokenizer::from_pretrained_dir(folder.path());
  EXPECT_TRUE(tokenizer.added_tokens().at(2).lstrip);
  EXPECT_FALSE(tokenizer.added_tokens().at(3).lstrip);
  EXPECT_TRUE(tokenizer.added_tokens().at(3).rstrip);
  EXPECT_TRUE(tokenizer.added_tokens().at(3).special);
}

// transformers' BPE models are no WordPiece: it does not mend their spaces, whatever the configuration says.
TEST(Pretrained, SpacesOfBpeAreNotMended) {
  const Folder folder("spaces");
  put_bpe(folder, {"<|endoftext|>"});
  folder.put("tokenizer_config.json", R"({"clean_up_tokenization_spaces": true})");
  const Tokenizer tokenizer = Tokenizer::from_pretrained_dir(folder.path());
  EXPECT_EQ(tokenizer.decode(tokenizer.encode_ids("a .")), "a .");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode_ids("a ."), {.clean_up_tokenization_spaces = true}), "a.");
}

TEST(Pretrained, IdsOfAddedTokensAreChecked) {
  const Folder folder("ids");
  put_bpe(folder, {});
  folder.put("added_tokens.json", R"({"<b>": 259, "<a>": 258, "<c>": 300})");
  folder.put("tokenizer_config.json", R"({"added_tokens_decoder": {"261": {"content": "<d>", "special": true}}})");
  const Warnings hook;
  const Tokenizer tokenizer = Tokenizer::from_pretrained_dir(folder.path());
  EXPECT_EQ(tokenizer.token_to_id("<a>"), 258u);
  EXPECT_EQ(tokenizer.token_to_id("<b>"), 259u);
  EXPECT_NE(warnings.find("added_tokens.json: added token `<c>` has id 260, the file says 300"), std::string::npos);
  EXPECT_EQ(warnings.find("<d>"), std::string::npos) << warnings;
  folder.put("added_tokens.json", R"({"<b>": "x"})");
  EXPECT_THROW(Tokenizer::from_pretrained_dir(folder.path()), Error);
}

/// `.model` bytes of (text, score, type), BPE (2) or Unigram (1).
std::string model_bytes(int algorithm, const std::vector<std::tuple<std::string, float, int>>& pieces) {
  const auto message = [](int number, const std::string& body) {
    return std::string(1, char(number << 3 | 2)) + char(body.size()) + body;
  };
  std::string bytes;
  for (const auto& [text, score, type] : pieces) {
    std::string bits(4, '\0');
    std::memcpy(bits.data(), &score, 4);
    bytes += message(1, message(1, text) + "\x15" + bits + "\x18" + char(type));
  }
  return bytes + message(2, std::string("\x18") + char(algorithm));
}

const std::vector<std::tuple<std::string, float, int>> few_pieces = {{"<unk>", 0, 2},
                                                                     {"<s>", 0, 3},
                                                                     {"</s>", 0, 3},
                                                                     {"\xE2\x96\x81", -1, 1},
                                                                     {"a", -2, 1},
                                                                     {"\xE2\x96\x81"
                                                                      "a",
                                                                      -1.5f, 1}};

TEST(Pretrained, LlamasClassesAddTheirBeginning) {
  const Folder folder("llama");
  folder.put("tokenizer.model", model_bytes(2, few_pieces));
  const auto load = [&](std::string_view config) {
    folder.put("tokenizer_config.json", config);
    return Tokenizer::from_pretrained_dir(folder.path());
  };
  EXPECT_EQ(tokens_of(load("{}"), "a</s>a"),
            "\xE2\x96\x81"
            "a|</s>|\xE2\x96\x81"
            "a");
  EXPECT_EQ(tokens_of(load(R"({"tokenizer_class": "LlamaTokenizer"})"), "a"),
            "<s>|\xE2\x96\x81"
            "a");
  const Tokenizer both =
      load(R"({"tokenizer_class": "LlamaTokenizerFast", "add_eos_token": true, "add_bos_token": false})");
  EXPECT_EQ(tokens_of(both, "a"),
            "\xE2\x96\x81"
            "a|</s>");
  EXPECT_EQ(both.encode("a", "a").size(), 4u);
  const Tokenizer modern = load(R"({"tokenizer_class": "LlamaTokenizer", "legacy": false})");
  EXPECT_EQ(tokens_of(modern, "a</s>a"),
            "<s>|\xE2\x96\x81"
            "a|</s>|a");
  EXPECT_EQ(tokens_of(load(R"({"tokenizer_class": "LlamaTokenizer", "add_prefix_space": false})"), "a"), "<s>|a");
  EXPECT_THROW(load(R"({"tokenizer_class": "XLMRobertaTokenizer"})"), Error);
}

TEST(Pretrained, T5EndsItsTextsAndHasExtraIds) {
  const Folder folder("t5");
  folder.put("spiece.model", model_bytes(1, few_pieces));
  folder.put("tokenizer_config.json", R"({"tokenizer_class": "T5Tokenizer", "extra_ids": 3})");
  const Tokenizer tokenizer = Tokenizer::from_pretrained_dir(folder.path());
  EXPECT_EQ(tokens_of(tokenizer, "a"),
            "\xE2\x96\x81"
            "a|</s>");
  EXPECT_EQ(tokens_of(tokenizer, "a<extra_id_0>"),
            "\xE2\x96\x81"
            "a|<extra_id_0>|</s>");
  EXPECT_EQ(tokenizer.token_to_id("<extra_id_0>"), 8u);
  EXPECT_EQ(tokenizer.token_to_id("<extra_id_2>"), 6u);
  EXPECT_EQ(tokenizer.encode("a", "a").size(), 4u);
}

TEST(Pretrained, TheTokenizerFileComesFirst) {
  const Folder folder("json");
  put_bpe(folder, {});
  Tokenizer plain = gpt2_style(read_bpe_files(folder.file("vocab.json"), folder.file("merges.txt")));
  plain.save(folder.file("tokenizer.json"));
  folder.put("tokenizer_config.json", R"({"add_prefix_space": true, "chat_template": "old"})");
  folder.put("chat_template.jinja", "{{ messages[0].content }}");
  const Tokenizer tokenizer = Tokenizer::from_pretrained_dir(folder.path());
  EXPECT_EQ(tokens_of(tokenizer, "the"), "\xC4\xA0|the");
  EXPECT_EQ(tokenizer.config().chat_templates.at("default"), "{{ messages[0].content }}");
}

TEST(Pretrained, DirectoriesWithoutVocabularyAreRefused) {
  const Folder folder("empty");
  EXPECT_THROW(Tokenizer::from_pretrained_dir(folder.path()), Error);
  folder.put("vocab.json", "{}");  // without merges.txt
  EXPECT_THROW(Tokenizer::from_pretrained_dir(folder.path()), Error);
}

TEST(Pretrained, DirectoriesAreCached) {
  const Folder folder("cached");
  const std::string cache = folder.path() + ".brot";
  fs::remove(cache);
  put_bpe(folder, {"<|endoftext|>"});
  EXPECT_EQ(Tokenizer::from_cached(folder.path() + "/").encode_ids("the"), std::vector<uint32_t>{257});
  ASSERT_TRUE(fs::exists(cache));
  EXPECT_EQ(Tokenizer::from_cached(folder.path()).eos_id(), 258u);
  folder.put("tokenizer_config.json", R"({"eos_token": "the"})");  // a new file makes it stale
  EXPECT_EQ(Tokenizer::from_cached(folder.path()).eos_id(), 257u);
  fs::remove(cache);
}

TEST(ModelFiles, ThereAndBack) {
  const Folder folder("models");
  const auto bpe =
      BPE::Builder().vocab({{"a", 0}, {"b", 1}, {"ab", 2}, {"aba", 3}}).merges({{"a", "b"}, {"ab", "a"}}).build();
  save_model_files(*bpe, folder.path());
  EXPECT_EQ(raven::read_file(folder.file("merges.txt")), "#version: 0.2\na b\nab a\n");
  const ModelPtr again = read_bpe_files(folder.file("vocab.json"), folder.file("merges.txt"));
  EXPECT_EQ(Tokenizer(again).encode_ids("abab"), Tokenizer(bpe).encode_ids("abab"));

  const auto words = WordLevel::make(VocabList{{"x", 1}, {"?", 0}}, {"?"});
  save_model_files(*words, folder.path());
  EXPECT_EQ(raven::read_file(folder.file("vocab.json")), R"({"?":0,"x":1})");
  EXPECT_EQ(Tokenizer(read_word_level_file(folder.file("vocab.json"), {"?"})).encode_ids("x"),
            std::vector<uint32_t>{1});

  const auto pieces = WordPiece::make(VocabList{{"[UNK]", 0}, {"a", 1}, {"##b", 2}}, {});
  save_model_files(*pieces, folder.path());
  EXPECT_EQ(raven::read_file(folder.file("vocab.txt")), "[UNK]\na\n##b\n");
  EXPECT_EQ(Tokenizer(read_wordpiece_file(folder.file("vocab.txt"))).encode_ids("ab"), (std::vector<uint32_t>{1, 2}));

  const auto unigram = Unigram::make({{"<unk>", 0}, {"a", -1.5}, {"\xE2\x96\x81", -2}}, {.unk_id = 0});
  save_model_files(*unigram, folder.path());
  EXPECT_EQ(raven::read_file(folder.file("unigram.json")),
            "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<unk>\",0.0],[\"a\",-1.5],[\"\xE2\x96\x81\",-2.0]],"
            "\"byte_fallback\":false}");
  EXPECT_EQ(load_any(folder.file("unigram.json")).encode_ids("a"), (std::vector<uint32_t>{2, 1}));
  // A whole tokenizer may have that name, too.
  const Tokenizer whole = load_any(folder.file("unigram.json"));
  whole.save(folder.file("unigram.json"));
  EXPECT_EQ(load_any(folder.file("unigram.json")).to_json(), whole.to_json());
  EXPECT_THROW(save_model_files(*ByteModel::make(0, {}), folder.path()), Error);
}

TEST(ModelFiles, FaultsNameTheirPlace) {
  const Folder folder("faults");
  const auto fault = [&](auto&& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("none");
  };
  folder.put("vocab.json", R"({"a":0,"b":-1})").put("merges.txt", "");
  EXPECT_EQ(fault([&] { read_bpe_files(folder.file("vocab.json"), folder.file("merges.txt")); }), "byte 11");
  EXPECT_EQ(fault([&] { read_word_level_file(folder.file("vocab.json")); }), "byte 11");
  folder.put("vocab.json", R"({"a":0,"b":1})").put("merges.txt", "#version\na b c\n");
  EXPECT_EQ(fault([&] { read_bpe_files(folder.file("vocab.json"), folder.file("merges.txt")); }), "line 2");
  folder.put("unigram.json", R"({"type":"WordLevel","vocab":{},"unk_token":"?"})");
  EXPECT_NE(fault([&] { read_unigram_file(folder.file("unigram.json")); }), "none");
}

TEST(Tekken, ReadsItsFile) {
  std::string vocab;
  const auto add = [&](std::string_view bytes, int rank) {
    vocab += std::string(rank ? "," : "") + R"({"rank":)" + std::to_string(rank) + R"(,"token_bytes":")" +
             files::encode_base64(bytes) + R"(","token_str":null})";
  };
  for (int byte = 0; byte < 256; ++byte) add(std::string(1, char(byte)), byte);
  add("th", 256);
  add("the", 257);
  add("left out", 258);
  const std::string file =
      R"({"config":{"pattern":"[^ ]+| +","default_vocab_size":262,"default_num_special_tokens":4},)"
      R"("vocab":[)" +
      vocab +
      R"(],"special_tokens":[{"rank":0,"token_str":"<unk>"},)"
      R"({"rank":1,"token_str":"<s>"}]})";
  const Folder folder("tekken");
  folder.put("tekken.json", file);
  for (const Tokenizer& tokenizer :
       {read_tekken(file), load_any(folder.file("tekken.json")), Tokenizer::from_pretrained_dir(folder.path())}) {
    EXPECT_EQ(tokenizer.encode_ids("<s>the \xC3"), (std::vector<uint32_t>{1, 261, 36, 243, 195, 193}));
    EXPECT_EQ(tokenizer.token_to_id("<SPECIAL_3>"), 3u);
    EXPECT_EQ(tokenizer.decode(std::vector<uint32_t>{1, 261}), "the");
    EXPECT_EQ(tokenizer.vocab_size(), 262u);
  }
  EXPECT_THROW(read_tekken("{}"), Error);
  EXPECT_THROW(read_tekken(R"({"config":{"pattern":"."},"vocab":[{"rank":0,"token_bytes":"!"}]})"), Error);
  EXPECT_THROW(read_tekken(R"({"config":{"pattern":"(","default_num_special_tokens":0},"vocab":[]})"), raven::Error);
}

}  // namespace
