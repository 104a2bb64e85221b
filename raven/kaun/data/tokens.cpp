#include "raven/kaun/data/tokens.hpp"

#include <algorithm>

#include "raven/base/message.hpp"
#include "raven/nx.hpp"
#include "raven/nx/api/random.hpp"

namespace kaun::data {

CharVocabulary CharVocabulary::of(std::string_view text) {
  bool seen[256] = {};
  for (const char c : text) seen[static_cast<unsigned char>(c)] = true;
  std::string bytes;
  for (int b = 0; b < 256; ++b)
    if (seen[b]) bytes += static_cast<char>(b);
  return CharVocabulary(std::move(bytes));
}

CharVocabulary::CharVocabulary(std::string bytes) : bytes_(std::move(bytes)) {
  for (size_t i = 1; i < bytes_.size(); ++i)
    if (static_cast<unsigned char>(bytes_[i]) <= static_cast<unsigned char>(bytes_[i - 1]))
      throw nx::ValueError("kaun.CharVocabulary", raven::Message("bytes must ascend; entry ") << i << " does not");
}

std::vector<int32_t> CharVocabulary::encode(std::string_view text) const {
  int32_t id_of[256];
  std::fill(std::begin(id_of), std::end(id_of), -1);
  for (size_t i = 0; i < bytes_.size(); ++i) id_of[static_cast<unsigned char>(bytes_[i])] = static_cast<int32_t>(i);
  std::vector<int32_t> ids(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    ids[i] = id_of[static_cast<unsigned char>(text[i])];
    if (ids[i] < 0)
      throw nx::ValueError("kaun.CharVocabulary.encode", raven::Message("byte ") << static_cast<int>(static_cast<unsigned char>(text[i]))
                                                                                 << " at position " << i << " is not in the vocabulary");
  }
  return ids;
}

std::string CharVocabulary::decode(const std::vector<int32_t>& ids) const {
  std::string text;
  for (const int32_t id : ids) {
    if (id < 0 || id >= size())
      throw nx::IndexError("kaun.CharVocabulary.decode", raven::Message("token ") << id << " is outside the vocabulary of " << size());
    text += bytes_[static_cast<size_t>(id)];
  }
  return text;
}

TokenDataset::TokenDataset(std::vector<int32_t> tokens, int64_t context) : tokens_(std::move(tokens)), context_(context) {
  if (context < 1) throw nx::ValueError("kaun.TokenDataset", raven::Message("context: got ") << context << ", expected at least 1");
  if (size() - 1 < context)
    throw nx::ValueError("kaun.TokenDataset", raven::Message("the text has ") << size() << " tokens, one window of " << context
                                                                              << " needs as many and one more; give a longer text or a shorter context");
}

TokenDataset::Batch TokenDataset::windows(const std::vector<int64_t>& starts) const {
  const auto rows = static_cast<int64_t>(starts.size());
  std::vector<int32_t> inputs, targets;
  inputs.reserve(static_cast<size_t>(rows * context_));
  targets.reserve(static_cast<size_t>(rows * context_));
  for (const int64_t start : starts) {
    if (start < 0 || start > size() - context_ - 1)
      throw nx::IndexError("kaun.TokenDataset.windows", raven::Message("a window at ") << start << " does not fit " << size() << " tokens");
    inputs.insert(inputs.end(), tokens_.begin() + start, tokens_.begin() + start + context_);
    targets.insert(targets.end(), tokens_.begin() + start + 1, tokens_.begin() + start + context_ + 1);
  }
  const nx::Shape shape{rows, context_};
  return {nx::array(std::move(inputs)).reshape(shape), nx::array(std::move(targets)).reshape(shape)};
}

TokenDataset::Batch TokenDataset::random_windows(const Array& key, int64_t rows) const {
  const Array starts = nx::random::randint(key, {rows}, 0, size() - context_);
  return windows(starts.to_vector<int64_t>());
}

TokenDataset::Batch TokenDataset::consecutive_windows(int64_t first, int64_t rows) const {
  if (rows < 0 || first < 0 || first > window_count() - rows)
    throw nx::IndexError("kaun.TokenDataset.consecutive_windows",
                         raven::Message("windows ") << first << " to " << first << " + " << rows << " of " << window_count());
  std::vector<int64_t> starts;
  for (int64_t i = 0; i < rows; ++i) starts.push_back((first + i) * context_);
  return windows(starts);
}

}  // namespace kaun::data
