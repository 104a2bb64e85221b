// Where the text comes from, and how it is split.
#include <cstdio>

#include "demo.hpp"
#include "raven/base/file.hpp"
#include "raven/base/message.hpp"

namespace demo {

namespace {

/// The output of `bible` has one verse a line, with its place first ("Gen1:1 In the beginning …"): the first field is
/// cut.
std::string king_james() {
  constexpr const char* missing =
      "the King James text is not installed; run ./dev setup (Debian: bible-kjv bible-kjv-text) or give --data FILE";
  FILE* pipe = popen("bible -f 'Gen1:1-Rev22:21' 2>/dev/null", "r");
  if (!pipe) throw raven::IoError("demo", "bible", missing);
  std::string listing;
  char buffer[1 << 16];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) listing.append(buffer, n);
  if (pclose(pipe) != 0 || listing.empty()) throw raven::IoError("demo", "bible", missing);
  std::string text;
  text.reserve(listing.size());
  for (size_t at = 0; at < listing.size();) {
    size_t end = listing.find('\n', at);
    if (end == std::string::npos) end = listing.size();
    const size_t space = listing.find(' ', at);
    if (space < end) text.append(listing, space + 1, end - space - 1);
    text += '\n';
    at = end + 1;
  }
  return text;
}

}  // namespace

std::string load_text(const Options& options) {
  if (options.data.empty()) return king_james();
  std::string text = raven::read_file(options.data, "demo");
  if (text.empty())
    throw nx::ValueError("demo",
                         "the file " + options.data + " is empty; give a text of at least a few thousand characters");
  return text;
}

Text split_text(const std::string& text) {
  auto vocabulary = kaun::data::CharVocabulary::of(text);
  const std::vector<int32_t> tokens = vocabulary.encode(text);
  constexpr size_t least = 10 * (context + 1) + 1;  // the last tenth holds one window and its last target
  if (tokens.size() < least)
    throw nx::ValueError("demo", raven::Message("the text has ")
                                     << tokens.size() << " characters, training and validation in windows of "
                                     << context << " need at least " << least << "; give a longer text");
  const auto cut = static_cast<ptrdiff_t>(tokens.size() * 9 / 10);
  return {std::move(vocabulary), kaun::data::TokenDataset({tokens.begin(), tokens.begin() + cut}, context),
          kaun::data::TokenDataset({tokens.begin() + cut, tokens.end()}, context)};
}

}  // namespace demo
