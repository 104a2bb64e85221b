// raven tokenize encode|decode|count|train|inspect|compile
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "raven/base/file.hpp"
#include "raven/base/log.hpp"
#include "raven/base/terminal.hpp"
#include "raven/brot.hpp"
#include "raven/cli/verbs.hpp"

namespace raven::cli {

namespace {

constexpr std::string_view help = R"(usage: raven tokenize encode  TOKENIZER [FILE…] [--tokens] [--special]
       raven tokenize decode  TOKENIZER [FILE…] [--keep-special]
       raven tokenize count   TOKENIZER [FILE…]
       raven tokenize inspect TOKENIZER [FILE…] [--special]
       raven tokenize compile TOKENIZER OUTPUT.brot
       raven tokenize train   OUTPUT FILE… [--model bpe|wordpiece|unigram|wordlevel] [--vocab-size N]
                              [--min-frequency N] [--special-token TEXT]… [--style byte-level|metaspace|bert|whitespace]
                              [--likelihood] [--progress none|bar|json] [--invalid replace|error]
TOKENIZER is a tokenizer.json, a vocabulary file of another kind, or a directory. Without FILE text comes from standard input.
train shows a bar on a terminal unless --progress says otherwise; json is a line per step on standard error, e.g.
{"stage":"merges","done":512,"total":30000}. --likelihood: WordPiece merges what makes the text most likely.
--invalid error: refuse text that is not UTF-8, naming the place, instead of reading U+FFFD there.
encode prints one line of ids per line of text, decode reads such lines; inspect shows the tokens in colours; compile
writes the form that loads fastest.
)";

struct Arguments {
  std::vector<std::string> places;
  std::map<std::string, std::vector<std::string>, std::less<>> options;
  bool given(std::string_view name) const { return options.find(name) != options.end(); }
  std::string value(std::string_view name, std::string fallback) const {
    const auto place = options.find(name);
    return place == options.end() || place->second.empty() ? fallback : place->second.back();
  }
};

[[noreturn]] void wrong(std::string_view message) { throw Error("raven tokenize", message); }

size_t number(const Arguments& arguments, std::string_view name, size_t fallback) {
  if (!arguments.given(name)) return fallback;
  const std::string text = arguments.value(name, "");
  size_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size())
    wrong(Message() << name << ": got `" << text << "`, expected a whole number");
  return value;
}

Arguments parse(std::span<const std::string_view> words) {
  static constexpr std::string_view flags[] = {"--tokens", "--special", "--keep-special", "--likelihood"};
  static constexpr std::string_view valued[] = {"--model", "--vocab-size", "--min-frequency", "--special-token",
                                                "--style", "--progress",   "--invalid"};
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      arguments.places.emplace_back(words[i]);
    } else if (std::find(std::begin(flags), std::end(flags), words[i]) != std::end(flags)) {
      arguments.options[std::string(words[i])];
    } else if (std::find(std::begin(valued), std::end(valued), words[i]) != std::end(valued)) {
      if (i + 1 == words.size()) wrong(Message() << words[i] << ": missing value");
      arguments.options[std::string(words[i])].emplace_back(words[i + 1]);
      ++i;
    } else {
      wrong(Message() << "unknown option " << words[i]);
    }
  }
  return arguments;
}

std::string input(const Arguments& arguments) {
  std::string text;
  for (size_t i = 1; i < arguments.places.size(); ++i) text += read_file(arguments.places[i], "raven tokenize");
  if (arguments.places.size() > 1) return text;
  char buffer[1 << 16];
  for (size_t size; (size = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;) text.append(buffer, size);
  return text;
}

template <class F>
void for_each_line(std::string_view text, F&& visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

int encode(const Arguments& arguments) {
  const brot::Tokenizer tokenizer = brot::load_any(arguments.places[0]);
  std::string out;
  for_each_line(input(arguments), [&](std::string_view line) {
    const brot::Encoding encoding = tokenizer.encode(line, {.add_special_tokens = arguments.given("--special")});
    for (size_t i = 0; i < encoding.size(); ++i) {
      if (i > 0) out += ' ';
      out += arguments.given("--tokens") ? std::string(encoding.token(i)) : std::to_string(encoding.ids()[i]);
    }
    out += '\n';
  });
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}

int decode(const Arguments& arguments) {
  const brot::Tokenizer tokenizer = brot::load_any(arguments.places[0]);
  std::string out;
  for_each_line(input(arguments), [&](std::string_view line) {
    std::vector<uint32_t> ids;
    for (const char* at = line.data(); at != line.data() + line.size();) {
      if (*at == ' ' || *at == ',' || *at == '\r' || *at == '[' || *at == ']') {
        ++at;
        continue;
      }
      uint32_t id = 0;
      const auto result = std::from_chars(at, line.data() + line.size(), id);
      if (result.ec != std::errc()) wrong(Message() << "got `" << line.substr(0, 40) << "`, expected ids");
      ids.push_back(id);
      at = result.ptr;
    }
    out += tokenizer.decode(ids, {.skip_special_tokens = !arguments.given("--keep-special")}) + "\n";
  });
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}

int count(const Arguments& arguments) {
  const brot::Tokenizer tokenizer = brot::load_any(arguments.places[0]);
  const std::string text = input(arguments);
  std::printf("%zu\n", tokenizer.count_tokens(text));
  return 0;
}

int inspect(const Arguments& arguments) {
  const brot::Tokenizer tokenizer = brot::load_any(arguments.places[0]);
  if (arguments.places.size() == 1 && term::is_terminal(0)) {
    std::fputs(tokenizer.to_string().c_str(), stdout);
    return 0;
  }
  const bool colours = term::is_terminal(1);
  static constexpr int backgrounds[] = {44, 42, 45, 46, 43};
  const std::string text = input(arguments);
  const brot::Encoding encoding = tokenizer.encode(text, {.add_special_tokens = arguments.given("--special")});
  std::string out = tokenizer.to_string();
  size_t shown = 0;
  for (size_t i = 0; i < encoding.size(); ++i) {
    const brot::Span span = encoding.offsets()[i];
    if (span.begin > shown) out.append(text, shown, span.begin - shown);
    const std::string token = span.begin < span.end && span.begin >= shown
                                  ? text.substr(span.begin, span.end - span.begin)
                                  : std::string(encoding.token(i));
    out += colours ? "\x1b[30;" + std::to_string(backgrounds[i % 5]) + "m" + token + "\x1b[0m" : "[" + token + "]";
    shown = std::max<size_t>(shown, span.end);
  }
  if (shown < text.size()) out.append(text, shown);
  out += "\n" + std::to_string(encoding.size()) + " tokens, " + std::to_string(text.size()) + " bytes\n";
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}

int compile(const Arguments& arguments) {
  if (arguments.places.size() != 2) wrong("compile needs a tokenizer and an output file");
  brot::load_any(arguments.places[0]).save_compiled(arguments.places[1]);
  return 0;
}

brot::TrainProgress progress_of(const Arguments& arguments) {
  const std::string kind = arguments.value("--progress", term::is_terminal(2) ? "bar" : "none");
  if (kind == "none") return {};
  if (kind == "bar") return brot::TrainProgress::bar();
  if (kind != "json") wrong(Message() << "--progress: got `" << kind << "`, expected none, bar or json");
  return [](const brot::TrainStep& step) {
    write_log(Message() << "{\"stage\":\"" << step.stage << "\",\"done\":" << step.done << ",\"total\":" << step.total
                        << "}\n");
    return true;
  };
}

brot::InvalidUtf8 invalid_of(const Arguments& arguments) {
  const std::string policy = arguments.value("--invalid", "replace");
  if (policy == "replace") return brot::InvalidUtf8::replace;
  if (policy != "error") wrong(Message() << "--invalid: got `" << policy << "`, expected replace or error");
  return brot::InvalidUtf8::error;
}

int train(const Arguments& arguments) {
  if (arguments.places.size() < 2) wrong("train needs an output file and at least one text file");
  const std::string model = arguments.value("--model", "bpe");
  const size_t vocab_size = number(arguments, "--vocab-size", model == "unigram" ? 8000 : 30000);
  const size_t min_frequency = number(arguments, "--min-frequency", 0);
  std::vector<brot::AddedToken> specials;
  if (arguments.given("--special-token"))
    for (const std::string& token : arguments.options.find("--special-token")->second)
      specials.emplace_back(token, true);
  const auto first_or = [&](std::string fallback) { return specials.empty() ? fallback : specials[0].content; };
  const std::vector<std::string> files(arguments.places.begin() + 1, arguments.places.end());
  const brot::Corpus corpus = brot::Corpus::files(files, {.invalid = invalid_of(arguments)});
  const brot::TrainProgress progress = progress_of(arguments);
  if (arguments.given("--likelihood") && model != "wordpiece") wrong("--likelihood is an option of --model wordpiece");

  brot::ModelPtr empty;
  std::string style = "byte-level";
  if (model == "bpe")
    empty = brot::BPE::Builder().build();
  else if (model == "wordpiece")
    empty = brot::WordPiece::make(brot::VocabList{}, {}), style = "bert";
  else if (model == "wordlevel")
    empty = brot::WordLevel::make(brot::VocabList{}, {first_or("<unk>")}), style = "whitespace";
  else if (model == "unigram")
    empty = brot::Unigram::make({}, {}), style = "metaspace";
  else
    wrong(Message() << "--model: got `" << model << "`, expected bpe, wordpiece, unigram or wordlevel");
  style = arguments.value("--style", style);
  brot::Tokenizer tokenizer(empty);
  if (style == "byte-level") {
    tokenizer.set_pre_tokenizer(brot::pre_tokenizers::ByteLevel{.add_prefix_space = false});
    tokenizer.set_decoder(brot::decoders::ByteLevel{});
  } else if (style == "metaspace") {
    tokenizer.set_pre_tokenizer(brot::pre_tokenizers::Metaspace{});
    tokenizer.set_decoder(brot::decoders::Metaspace{});
  } else if (style == "bert") {
    tokenizer.set_normalizer(brot::normalizers::BertNormalizer{});
    tokenizer.set_pre_tokenizer(brot::pre_tokenizers::BertPreTokenizer{});
    tokenizer.set_decoder(brot::decoders::WordPiece{});
  } else if (style == "whitespace") {
    tokenizer.set_pre_tokenizer(brot::pre_tokenizers::Whitespace{});
  } else {
    wrong(Message() << "--style: got `" << style << "`, expected byte-level, metaspace, bert or whitespace");
  }
  if (model == "bpe") {
    brot::train(tokenizer,
                brot::BpeTrainer{.vocab_size = vocab_size,
                                 .min_frequency = min_frequency,
                                 .special_tokens = specials,
                                 .initial_alphabet = style == "byte-level" ? brot::BpeTrainer::byte_alphabet()
                                                                           : std::vector<std::string>{},
                                 .progress = progress},
                corpus);
  } else if (model == "wordpiece") {
    brot::train(tokenizer,
                brot::WordPieceTrainer{.vocab_size = vocab_size,
                                       .min_frequency = min_frequency,
                                       .special_tokens = specials,
                                       .likelihood = arguments.given("--likelihood"),
                                       .progress = progress},
                corpus);
  } else if (model == "wordlevel") {
    brot::train(
        tokenizer,
        brot::WordLevelTrainer{
            .vocab_size = vocab_size, .min_frequency = min_frequency, .special_tokens = specials, .progress = progress},
        corpus);
  } else {
    brot::train(
        tokenizer,
        brot::UnigramTrainer{
            .vocab_size = vocab_size, .unk_token = first_or("<unk>"), .special_tokens = specials, .progress = progress},
        corpus);
  }
  tokenizer.save(arguments.places[0]);
  std::printf("%s: %zu tokens\n", arguments.places[0].c_str(), tokenizer.vocab_size());
  return 0;
}

}  // namespace

int tokenize(std::span<const std::string_view> words) {
  static constexpr std::pair<std::string_view, int (*)(const Arguments&)> verbs[] = {
      {"encode", encode},   {"decode", decode},   {"count", count},
      {"inspect", inspect}, {"compile", compile}, {"train", train}};
  for (const auto& [name, run] : verbs) {
    if (words.empty() || words[0] != name) continue;
    const Arguments arguments = parse(words.subspan(1));
    if (arguments.places.empty()) break;
    return run(arguments);
  }
  const bool asked = !words.empty() && words[0] == "--help";
  std::fwrite(help.data(), 1, help.size(), asked ? stdout : stderr);
  return asked ? 0 : 2;
}

}  // namespace raven::cli
