// Checkpoint files: PyTorch's names and layouts, round trips, foreign and broken files, a full disk.
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <limits>

#include "kaun/golden_json.hpp"
#include "kaun/hashed_gpt.hpp"
#include "kaun/support.hpp"
#include "raven/base/file.hpp"
#include "raven/kaun/io/json.hpp"

namespace kaun::test {
namespace {

using CheckpointFile = TemporaryFolder;

std::vector<float> logits_of(const models::Gpt& model) {
  return model(nx::array(std::vector<int32_t>{1, 0, 3, 2, 10}).reshape({1, 5})).to_vector<float>();
}
void expect_same_model(const models::Gpt& a, const models::Gpt& b) {
  const Checkpoint x = state_dict(a), y = state_dict(b);
  ASSERT_EQ(x.tensors.size(), y.tensors.size());
  for (size_t i = 0; i < x.tensors.size(); ++i) {
    EXPECT_EQ(x.tensors[i].first, y.tensors[i].first);
    EXPECT_EQ(x.tensors[i].second.to_vector<float>(), y.tensors[i].second.to_vector<float>()) << x.tensors[i].first;
  }
}

TEST_F(CheckpointFile, NamesShapesAndLogitsArePyTorchs) {
  const GoldenJson golden("tiny_gpt.json");
  const std::vector<std::string> names = golden.strings("names");
  const std::vector<double> ranks = golden.numbers("ranks"), shapes = golden.numbers("shapes"),
                            sums = golden.numbers("sums");
  save_checkpoint(at("gpt.safetensors"), state_dict(hashed_gpt(tiny_config())));
  const Checkpoint file = load_checkpoint(at("gpt.safetensors"));
  ASSERT_EQ(file.tensors.size(), names.size());
  size_t axis = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found =
        std::find_if(file.tensors.begin(), file.tensors.end(), [&](const auto& t) { return t.first == names[i]; });
    ASSERT_NE(found, file.tensors.end()) << names[i];
    ASSERT_EQ(found->second.ndim(), static_cast<int>(ranks[i])) << names[i];
    for (int64_t a = 0; a < found->second.ndim(); ++a)
      EXPECT_EQ(found->second.shape(static_cast<int>(a)), static_cast<int64_t>(shapes[axis++])) << names[i];
    EXPECT_EQ(found->second.dtype(), nx::f32) << names[i];
    EXPECT_NEAR(nx::sum(found->second.astype(nx::f64)).item<double>(), sums[i], 1e-12) << names[i];
  }
  EXPECT_EQ(file.meta("format"), "pt");

  const models::Gpt model = load_state_dict(models::Gpt::shaped(tiny_config()), file);
  const std::vector<double> prompt = golden.numbers("prompt"), expected = golden.numbers("logits_f64");
  const std::vector<float> logits = model(detail::window_array({prompt.begin(), prompt.end()})).to_vector<float>();
  ASSERT_EQ(logits.size(), expected.size());
  for (size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 1e-6) << i;
}

TEST_F(CheckpointFile, TheDemosFileComesBackWhole) {
  const data::CharVocabulary vocabulary(std::string("\0\n \"\\abc\x7f\xc3\xff", 11));
  Rng rng(3);
  const models::Gpt model(tiny_config(), rng);
  demo::save_model(at("m"), model, vocabulary);
  const auto [loaded, letters] = demo::load_model(at("m"));
  EXPECT_EQ(letters.bytes(), vocabulary.bytes());
  EXPECT_EQ(loaded.config, model.config);
  expect_same_model(loaded, model);
  EXPECT_EQ(logits_of(loaded), logits_of(model));
  // Saving over the file that the arrays are mapped from.
  demo::save_model(at("m"), loaded, letters);
  expect_same_model(demo::load_model(at("m")).first, model);
  expect_same_model(loaded, model);
  EXPECT_EQ(listing(), std::vector<std::string>{"m"});
}

TEST_F(CheckpointFile, ReadByPyTorchItGivesTheSameLogitsAndTokens) {
  const char* chosen = std::getenv("RAVEN_PEERS_PYTHON");
  const std::string python = chosen ? chosen : RAVEN_SOURCE_DIR "/build/venv-peers/bin/python3";
  if (std::system((python + " -c 'import torch, safetensors' > /dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << "needs a Python with torch and safetensors: set RAVEN_PEERS_PYTHON";
  Rng rng(5);
  const models::Gpt model(demo_config(), rng);
  const data::CharVocabulary vocabulary("\n !'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz");
  demo::save_model(at("gpt.safetensors"), model, vocabulary);
  const std::string output = at("answer.json"), answer = at("lines.json");
  const std::string script = RAVEN_SOURCE_DIR "/tests/golden/kaun/load_checkpoint.py";
  ASSERT_EQ(std::system((python + " -B " + script + " " + at("gpt.safetensors") +
                         " --tokens 20,50,1,56,44,41 --greedy 16 > " + output)
                            .c_str()),
            0);
  // One object on one line: a key a line is what the reader takes.
  std::string text = raven::read_file(output);
  for (size_t at = 0; (at = text.find(", \"", at)) != std::string::npos; ++at) text[at + 1] = '\n';
  raven::write_atomic(answer, text);
  const GoldenJson theirs = GoldenJson::file(answer);
  const std::vector<int32_t> prompt{20, 50, 1, 56, 44, 41};
  const std::vector<float> logits = detail::last_logits(model(detail::window_array(prompt)));
  const std::vector<double> expected = theirs.numbers("logits");
  ASSERT_EQ(logits.size(), expected.size());
  for (size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 4e-6) << i;
  const std::vector<int32_t> greedy = generate(model, prompt, {.max_new_tokens = 16, .temperature = 0});
  const std::vector<double> their_tokens = theirs.numbers("greedy");
  EXPECT_EQ(std::vector<double>(greedy.begin(), greedy.end()), their_tokens);
}

TEST_F(CheckpointFile, AFileOfAnotherModelIsRefusedByEveryName) {
  Rng rng(1);
  const models::Gpt model(tiny_config(), rng);
  Checkpoint file = state_dict(model);
  std::erase_if(file.tensors, [](const auto& t) { return t.first == "wpe.weight"; });
  for (auto& [name, value] : file.tensors) {
    if (name == "ln_f.bias") value = nx::zeros({17}, {.dtype = nx::f32});
    if (name == "ln_f.weight") value = value.astype(nx::f64);
  }
  file.tensors.emplace_back("lm_head.scale", nx::ones({1}, {.dtype = nx::f32}));
  save_checkpoint(at("other"), file);
  const std::string error = message_of<CheckpointError>([&] { load_state_dict(model, load_checkpoint(at("other"))); });
  EXPECT_EQ(error,
            "kaun.load_state_dict: " + at("other") +
                ": 4 problems: missing 'wpe.weight'; 'ln_f.weight' is f64[16], the model has f32[16]; 'ln_f.bias' is "
                "f32[17], the "
                "model has f32[16]; unexpected 'lm_head.scale'; build the model with the sizes it was saved with; cast "
                "tensors of another "
                "dtype with astype; take what both have with {.strict = false}, or give .prefix and .rename when the "
                "names differ");
}

TEST_F(CheckpointFile, WhatBothHaveIsTakenWhenNotStrict) {
  Rng rng(1);
  const Linear layer(2, 3, rng), fresh(2, 3, rng);
  Checkpoint file = state_dict(layer);
  file.tensors[1].first = "offset";
  EXPECT_EQ(
      message_of<CheckpointError>([&] { load_state_dict(fresh, file); }),
      "kaun.load_state_dict: 2 problems: missing 'bias'; unexpected 'offset'; take what both have with {.strict = "
      "false}, or give .prefix and .rename when the names differ");
  LoadReport report;
  const Linear part = load_state_dict(fresh, file, {.strict = false, .report = &report});
  EXPECT_EQ(part.weight.to_vector<float>(), layer.weight.to_vector<float>());
  EXPECT_EQ(part.bias.to_vector<float>(), fresh.bias.to_vector<float>());
  EXPECT_EQ(report.missing, std::vector<std::string>{"bias"});
  EXPECT_EQ(report.unexpected, std::vector<std::string>{"offset"});
  // Shapes agree in any case.
  file.tensors[0].second = nx::zeros({2, 3}, {.dtype = nx::f32});
  EXPECT_EQ(message_of<CheckpointError>([&] { load_state_dict(fresh, file, {.strict = false}); }),
            "kaun.load_state_dict: 1 problem: 'weight' is f32[2,3], the model has f32[3,2]; build the model with the "
            "sizes it was saved with");
}

TEST_F(CheckpointFile, PrefixAndRename) {
  Rng rng(1);
  const models::Gpt model(tiny_config(), rng), fresh(tiny_config(), rng);
  Checkpoint file;
  for (const auto& [name, value] : state_dict(model).tensors) {
    const bool block = name.starts_with("h.");
    file.tensors.emplace_back("model." + (block ? "blocks." + name.substr(2) : name), value);
  }
  file.tensors.emplace_back("head.weight", nx::ones({1}));
  const models::Gpt loaded = load_state_dict(fresh, file, {.prefix = "model.", .rename = {{"blocks", "h"}}});
  expect_same_model(loaded, model);
  EXPECT_EQ(message_of<nx::ValueError>(
                [&] { load_state_dict(fresh, file, {.prefix = "model.", .rename = {{"block", "h"}}}); }),
            "kaun.load_state_dict: rename: no tensor is named 'block' or 'block.…'");
  EXPECT_NE(message_of<CheckpointError>([&] {
              load_state_dict(fresh, file, {.prefix = "model.", .rename = {{"wpe", "wte"}, {"blocks", "h"}}});
            }).find("two tensors are named 'wte.weight', the second is 'model.wpe.weight'"),
            std::string::npos);
}

TEST_F(CheckpointFile, PrefixesThatAreMissingOrGoAway) {
  Rng rng(1);
  const models::Gpt model(tiny_config(), rng), fresh(tiny_config(), rng);
  const Checkpoint plain = state_dict(model);
  EXPECT_EQ(message_of<nx::ValueError>([&] { load_state_dict(fresh, plain, {.strict = false, .prefix = "modle."}); }),
            "kaun.load_state_dict: prefix: no tensor's name begins with 'modle.'");
  Checkpoint inside, outside;
  for (const auto& [name, value] : plain.tensors) {
    inside.tensors.emplace_back("net." + name, value);
    outside.tensors.emplace_back(name.starts_with("h.") ? name.substr(2) : name, value);
  }
  expect_same_model(load_state_dict(fresh, inside, {.rename = {{"net", ""}}}), model);
  EXPECT_NE(message_of<CheckpointError>([&] { load_state_dict(fresh, plain, {.rename = {{"", "net"}}}); })
                .find("unexpected 'net.wte.weight'"),
            std::string::npos);
}

TEST_F(CheckpointFile, ASecondCopyOfTheTiedHeadIsChecked) {
  Rng rng(1);
  const models::Gpt model(tiny_config(), rng), fresh(tiny_config(), rng);
  Checkpoint file = state_dict(model);
  file.tensors.emplace_back("lm_head.weight", model.wte.weight * 1);
  expect_same_model(load_state_dict(fresh, file), model);
  Checkpoint head_only;
  for (const auto& [name, value] : file.tensors)
    if (name != "wte.weight") head_only.tensors.emplace_back(name, value);
  expect_same_model(load_state_dict(fresh, head_only), model);
  Checkpoint broken = file;
  for (auto& [name, value] : broken.tensors)
    if (name == "wte.weight" || name == "lm_head.weight") value = value * std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message_of<CheckpointError>([&] { load_state_dict(fresh, broken); }), "no error");
  file.tensors.back().second = model.wte.weight + 1;
  EXPECT_NE(message_of<CheckpointError>([&] {
              load_state_dict(fresh, file);
            }).find("1 problem: 'lm_head.weight' differs from 'wte.weight', which the model uses for both"),
            std::string::npos);
}

TEST_F(CheckpointFile, BrokenFilesAreRefusedWithTheirPath) {
  Rng rng(1);
  demo::save_model(at("whole"), models::Gpt(tiny_config(), rng), data::CharVocabulary("abcdefghijk"));
  const std::string whole = raven::read_file(at("whole"));
  const auto load = [&](const std::string& bytes) {
    raven::write_atomic(at("x"), bytes);
    return message_of<raven::FormatError>([&] { demo::load_model(at("x")); });
  };
  EXPECT_NE(message_of<raven::IoError>([&] { demo::load_model(at("absent")); }).find(at("absent")), std::string::npos);
  for (const size_t size : {size_t{0}, size_t{7}, size_t{8}, size_t{100}, whole.size() / 2, whole.size() - 1})
    EXPECT_NE(load(whole.substr(0, size)).find(at("x")), std::string::npos) << size << " bytes";
  EXPECT_NE(load("In the beginning God created the heaven and the earth.").find(at("x")), std::string::npos);
  EXPECT_NE(load(whole + "x").find(at("x")), std::string::npos);
  EXPECT_EQ(load(whole), "no error");
}

TEST_F(CheckpointFile, ForeignMetadataIsRefusedByName) {
  Rng rng(1);
  const models::Gpt model(tiny_config(), rng);
  const auto load = [&](std::vector<std::pair<std::string, std::string>> metadata) {
    Checkpoint file = state_dict(model);
    file.metadata = std::move(metadata);
    save_checkpoint(at("x"), file);
    return message_of<raven::FormatError>([&] { demo::load_model(at("x")); });
  };
  const std::string config = tiny_config().to_json(), letters = "\"abcdefghijk\"";
  EXPECT_EQ(load({{"config", config}, {"vocabulary", letters}}), "no error");
  EXPECT_NE(load({}).find("has no 'config': it was not written by kaun, or for another model"), std::string::npos);
  EXPECT_NE(load({{"config", config}}).find("has no 'vocabulary'"), std::string::npos);
  EXPECT_NE(load({{"config", config}, {"vocabulary", "\"abc\""}})
                .find("the vocabulary and the configuration disagree in size"),
            std::string::npos);
  EXPECT_NE(load({{"config", config}, {"vocabulary", "\"\\u1234\""}}).find("expected a byte (code point at most 255)"),
            std::string::npos);
  EXPECT_NE(load({{"config", "{}"}, {"vocabulary", letters}}).find("'vocab_size' is missing"), std::string::npos);
  EXPECT_NE(load({{"config", "[1, 2]"}, {"vocabulary", letters}}).find("expected {"), std::string::npos);
  const auto with = [&](const std::string& key, const std::string& value) {
    std::string text = config;
    const size_t start = text.find("\"" + key + "\": ") + key.size() + 4, end = text.find_first_of(",}", start);
    return load({{"config", text.replace(start, end - start, value)}, {"vocabulary", letters}});
  };
  EXPECT_EQ(with("width", "16"), "no error");
  EXPECT_NE(with("width", "-16").find("config 'width' is -16, expected a positive integer"), std::string::npos);
  EXPECT_NE(with("heads", "1.5").find("config 'heads' is 1.5"), std::string::npos);
  EXPECT_NE(with("heads", "3").find("config 'width' 16 is not a multiple of 'heads' 3"), std::string::npos);
  EXPECT_NE(with("layers", "\"two\"").find("'layers' is no number"), std::string::npos);
  EXPECT_NE(with("dropout", "7").find("config 'dropout' is 7, expected a number in [0, 1]"), std::string::npos);
  EXPECT_NE(with("dropout", "nan").find("config 'dropout' is nan, expected a number in [0, 1]"), std::string::npos);
}

TEST_F(CheckpointFile, AConfigurationOfGiantsAllocatesNothing) {
  Rng rng(1);
  const auto load = [&](const models::GptConfig& config) {
    Checkpoint file = state_dict(models::Gpt(tiny_config(), rng));
    file.metadata = {{"config", config.to_json()}, {"vocabulary", "\"abcdefghijk\""}};
    save_checkpoint(at("x"), file);
    return message_of<raven::Error>([&] { demo::load_model(at("x")); });
  };
  // 2^26 × 4·2^26 floats would be 72 petabytes; a billion layers a few terabytes of handles.
  models::GptConfig wide = tiny_config(), deep = tiny_config(), long_context = tiny_config();
  wide.width = 1 << 26;
  deep.layers = 1'000'000'000;
  long_context.context = 1 << 30;
  EXPECT_NE(load(wide).find("the model has f32[11,67108864]"), std::string::npos);
  EXPECT_NE(load(deep).find("config 'layers' is 1000000000, expected at most"), std::string::npos);
  EXPECT_NE(load(long_context).find("'wpe.weight' is f32[8,16], the model has f32[1073741824,16]"), std::string::npos);
}

TEST_F(CheckpointFile, AFullDiskLeavesTheOldFile) {
  Rng rng(1);
  const data::CharVocabulary vocabulary("abcdefghijk");
  const models::Gpt old_model(tiny_config(), rng), new_model(tiny_config(), rng);
  demo::save_model(at("m"), old_model, vocabulary);
  const std::string before = raven::read_file(at("m"));

  // No file may grow beyond half of it: write() fails as it does on a full disk.
  rlimit former;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &former), 0);
  rlimit limit = former;
  limit.rlim_cur = before.size() / 2;
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string over = message_of<raven::IoError>([&] { demo::save_model(at("m"), new_model, vocabulary); });
  const std::string fresh = message_of<raven::IoError>([&] { demo::save_model(at("n"), new_model, vocabulary); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &former), 0);
  ::signal(SIGXFSZ, handler);

  EXPECT_NE(over.find(at("m")), std::string::npos) << over;
  EXPECT_NE(over.find("File too large"), std::string::npos) << over;
  EXPECT_NE(fresh.find(at("n")), std::string::npos) << fresh;
  EXPECT_EQ(raven::read_file(at("m")), before);
  EXPECT_EQ(listing(), std::vector<std::string>{"m"}) << "nothing half-written stays";
  demo::save_model(at("m"), new_model, vocabulary);
  expect_same_model(demo::load_model(at("m")).first, new_model);
}

TEST_F(CheckpointFile, AFolderThatIsNotThere) {
  Rng rng(1);
  EXPECT_NE(message_of<raven::IoError>([&] {
              demo::save_model(at("no/m"), models::Gpt(tiny_config(), rng), data::CharVocabulary("abcdefghijk"));
            }).find(at("no/m")),
            std::string::npos);
}

TEST(Configuration, RoundTrip) {
  models::GptConfig config = demo_config();
  config.dropout = 0.125;
  EXPECT_EQ(models::GptConfig::from_json(config.to_json(), "x"), config);
}

TEST(FlatJson, BytesComeBack) {
  std::string every;
  for (int b = 0; b < 256; ++b) every += static_cast<char>(b);
  EXPECT_EQ(io::unquote_bytes(io::quote_bytes(every), "x"), every);
  EXPECT_EQ(io::unquote_bytes(" \"a\\n\\u00e9\\/\" ", "x"), "a\n\xe9/");
}

TEST(FlatJson, WrongTextIsRefusedWithItsByte) {
  for (const char* text : {"", "{", "{\"a\"", "{\"a\":", "{\"a\": 1", "{\"a\": 1,}", "{\"a\": 1} x", "{\"a\": [1]}",
                           "{\"a\": \"\\q\"}", "{\"a\": \"\\u12\"}", "{\"a\": \"x", "{\"a\": \"\n\"}"})
    EXPECT_NE(message_of<raven::FormatError>([&] { io::parse_flat_object(text, "F"); }).find("expected"),
              std::string::npos)
        << text;
}

}  // namespace
}  // namespace kaun::test
