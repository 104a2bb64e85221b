#include "raven/brot/decoders/clean_up.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "raven/brot/unicode/unicode.hpp"

namespace brot::decoders {

namespace {

struct Rule {
  std::string_view from, to;
};
constexpr Rule token_rules[] = {{" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
                                {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
                                {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
constexpr Rule text_rules[] = {{" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
                               {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};

std::string mended(std::string text, std::span<const Rule> rules) {
  if (text.find(' ') == std::string::npos) return text;
  for (const auto& [from, to] : rules)
    if (text.find(from) != std::string::npos) text = replaced(text, from, to);
  return text;
}

/// Moves what is settled of `held` to the end of `out`.
void settle(const Rule& rule, std::string& held, std::string& out) {
  size_t run = 0;
  for (size_t at = held.find(rule.from); at != std::string::npos; at = held.find(rule.from, run)) {
    out.append(held, run, at - run).append(rule.to);
    run = at + rule.from.size();
  }
  size_t keep = std::min(held.size() - run, rule.from.size() - 1);
  while (keep > 0 && !rule.from.starts_with(std::string_view(held).substr(held.size() - keep))) --keep;
  out.append(held, run, held.size() - keep - run);
  held.erase(0, held.size() - keep);
}

}  // namespace

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  if (from.empty()) {  // as Rust's replace: before every character and at the end
    for (size_t at = 0; at < text.size();) {
      const size_t length = unicode::decode(text, at).length;
      result.append(to).append(text, at, length);
      at += length;
    }
    return result.append(to);
  }
  size_t run = 0;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, run)) {
    result.append(text, run, at - run).append(to);
    run = at + from.size();
  }
  return result.append(text, run, text.size() - run);
}

std::string clean_up(std::string text) { return mended(std::move(text), token_rules); }
std::string clean_up_spaces(std::string text) { return mended(std::move(text), text_rules); }

void CleanUpStream::push(std::string_view text, std::string& out) {
  static_assert(std::size(text_rules) == rules);
  std::string part(text), next;
  for (size_t i = 0; i < rules && !part.empty(); ++i) {
    held_[i].append(part);
    next.clear();
    settle(text_rules[i], held_[i], next);
    std::swap(part, next);
  }
  out.append(part);
}

void CleanUpStream::finish(std::string& out) {
  std::string part, next;
  for (size_t i = 0; i < rules; ++i) {
    held_[i].append(part);
    next.clear();
    settle(text_rules[i], held_[i], next);
    next.append(held_[i]);
    held_[i].clear();
    std::swap(part, next);
  }
  out.append(part);
}

}  // namespace brot::decoders
