// Checkpoints, and writing text with a model.
#include <cerrno>
#include <cstdio>

#include "demo.hpp"
#include "raven/kaun/io/json.hpp"

namespace demo {

void save_model(const std::string& path, const kaun::models::Gpt& model, const kaun::data::CharVocabulary& vocabulary) {
  kaun::Checkpoint checkpoint = kaun::state_dict(model);
  checkpoint.metadata = {{"config", model.config.to_json()}, {"vocabulary", kaun::io::quote_bytes(vocabulary.bytes())}};
  kaun::save_checkpoint(path, checkpoint);
}

std::pair<kaun::models::Gpt, kaun::data::CharVocabulary> load_model(const std::string& path) {
  const kaun::Checkpoint checkpoint = kaun::load_checkpoint(path);
  const auto config = kaun::models::GptConfig::from_json(checkpoint.meta("config"), path);
  kaun::data::CharVocabulary vocabulary(kaun::io::unquote_bytes(checkpoint.meta("vocabulary"), path));
  if (vocabulary.size() != config.vocab_size)
    throw raven::FormatError("demo", path, 0, "the vocabulary and the configuration disagree in size");
  return {kaun::load_state_dict(kaun::models::Gpt::shaped(config), checkpoint), std::move(vocabulary)};
}

std::string write_text(const kaun::models::Gpt& model, const kaun::data::CharVocabulary& vocabulary,
                       const kaun::GenerateOpts& options) {
  const size_t line_break = vocabulary.bytes().find('\n');
  const auto first = static_cast<int32_t>(line_break == std::string::npos ? 0 : line_break);
  return vocabulary.decode(kaun::generate(model, {first}, options));
}

void print_line(const std::string& text) {
  const std::string line = text + "\n";
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0)
    throw raven::IoError("demo", "stdout", errno);
}

}  // namespace demo
