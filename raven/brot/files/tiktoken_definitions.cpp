// What tiktoken knows by name: encodings, the models that use them, and their patterns.
#include <algorithm>
#include <map>

#include "raven/brot/files/tiktoken.hpp"
#include "raven/brot/files/tiktoken_patterns.hpp"

namespace brot {

namespace {

constexpr std::string_view gpt2_pattern =
    R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)";
constexpr std::string_view cl100k_pattern =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)";
constexpr std::string_view o200k_pattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// The same matches in Oniguruma's dialect, where `$` ends lines and a brace takes no `+`.
constexpr std::string_view gpt2_oniguruma =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view cl100k_oniguruma =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s)";
// Patterns of others that say the same in both dialects.
constexpr std::string_view llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view tekken_pattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct PatternForms {
  std::string_view tiktoken, oniguruma;
};
constexpr PatternForms pattern_forms[] = {{gpt2_pattern, gpt2_oniguruma}, {cl100k_pattern, cl100k_oniguruma},
                                          {o200k_pattern, o200k_pattern}, {llama3_pattern, llama3_pattern},
                                          {qwen2_pattern, qwen2_pattern}, {tekken_pattern, tekken_pattern}};

using Row = std::pair<std::string_view, std::string_view>;
constexpr Row encodings_of_models[] = {{"o1", "o200k_base"},
                                       {"o3", "o200k_base"},
                                       {"o4-mini", "o200k_base"},
                                       {"gpt-5", "o200k_base"},
                                       {"gpt-4.1", "o200k_base"},
                                       {"gpt-4o", "o200k_base"},
                                       {"gpt-4", "cl100k_base"},
                                       {"gpt-3.5-turbo", "cl100k_base"},
                                       {"gpt-3.5", "cl100k_base"},
                                       {"gpt-35-turbo", "cl100k_base"},
                                       {"davinci-002", "cl100k_base"},
                                       {"babbage-002", "cl100k_base"},
                                       {"text-embedding-ada-002", "cl100k_base"},
                                       {"text-embedding-3-small", "cl100k_base"},
                                       {"text-embedding-3-large", "cl100k_base"},
                                       {"text-davinci-003", "p50k_base"},
                                       {"text-davinci-002", "p50k_base"},
                                       {"text-davinci-001", "r50k_base"},
                                       {"text-curie-001", "r50k_base"},
                                       {"text-babbage-001", "r50k_base"},
                                       {"text-ada-001", "r50k_base"},
                                       {"davinci", "r50k_base"},
                                       {"curie", "r50k_base"},
                                       {"babbage", "r50k_base"},
                                       {"ada", "r50k_base"},
                                       {"code-davinci-002", "p50k_base"},
                                       {"code-davinci-001", "p50k_base"},
                                       {"code-cushman-002", "p50k_base"},
                                       {"code-cushman-001", "p50k_base"},
                                       {"davinci-codex", "p50k_base"},
                                       {"cushman-codex", "p50k_base"},
                                       {"text-davinci-edit-001", "p50k_edit"},
                                       {"code-davinci-edit-001", "p50k_edit"},
                                       {"text-similarity-davinci-001", "r50k_base"},
                                       {"text-similarity-curie-001", "r50k_base"},
                                       {"text-similarity-babbage-001", "r50k_base"},
                                       {"text-similarity-ada-001", "r50k_base"},
                                       {"text-search-davinci-doc-001", "r50k_base"},
                                       {"text-search-curie-doc-001", "r50k_base"},
                                       {"text-search-babbage-doc-001", "r50k_base"},
                                       {"text-search-ada-doc-001", "r50k_base"},
                                       {"code-search-babbage-code-001", "r50k_base"},
                                       {"code-search-ada-code-001", "r50k_base"},
                                       {"gpt2", "gpt2"},
                                       {"gpt-2", "gpt2"}};
/// Of names that are none of these, by their beginning.
constexpr Row encodings_of_prefixes[] = {{"o1-", "o200k_base"},
                                         {"o3-", "o200k_base"},
                                         {"o4-mini-", "o200k_base"},
                                         {"gpt-5", "o200k_base"},
                                         {"gpt-4.5-", "o200k_base"},
                                         {"gpt-4.1-", "o200k_base"},
                                         {"chatgpt-4o-", "o200k_base"},
                                         {"gpt-4o-", "o200k_base"},
                                         {"gpt-4-", "cl100k_base"},
                                         {"gpt-3.5-turbo-", "cl100k_base"},
                                         {"gpt-35-turbo-", "cl100k_base"},
                                         {"gpt-oss-", "o200k_harmony"},
                                         {"ft:gpt-4o", "o200k_base"},
                                         {"ft:gpt-4", "cl100k_base"},
                                         {"ft:gpt-3.5-turbo", "cl100k_base"},
                                         {"ft:davinci-002", "cl100k_base"},
                                         {"ft:babbage-002", "cl100k_base"}};

}  // namespace

std::optional<std::string_view> oniguruma_pattern(std::string_view tiktoken) {
  for (const PatternForms& forms : pattern_forms)
    if (forms.tiktoken == tiktoken) return forms.oniguruma;
  return std::nullopt;
}

std::optional<std::string_view> tiktoken_pattern(std::string_view oniguruma) {
  for (const PatternForms& forms : pattern_forms)
    if (forms.oniguruma == oniguruma) return forms.tiktoken;
  return std::nullopt;
}

TiktokenDefinition Tiktoken::definition(std::string_view name) {
  TiktokenDefinition result{std::string(name), std::string(gpt2_pattern), {{"<|endoftext|>", 50256}}};
  auto& specials = result.special_tokens;
  if (name == "gpt2" || name == "r50k_base" || name == "p50k_base") return result;
  if (name == "p50k_edit") {
    specials.insert(specials.end(), {{"<|fim_prefix|>", 50281}, {"<|fim_middle|>", 50282}, {"<|fim_suffix|>", 50283}});
    return result;
  }
  if (name == "cl100k_base") {
    result.pattern = cl100k_pattern;
    specials = {{"<|endoftext|>", 100257},
                {"<|fim_prefix|>", 100258},
                {"<|fim_middle|>", 100259},
                {"<|fim_suffix|>", 100260},
                {"<|endofprompt|>", 100276}};
    return result;
  }
  if (name == "o200k_base" || name == "o200k_harmony") {
    result.pattern = o200k_pattern;
    specials = {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}};
    if (name == "o200k_base") return result;
    specials = {{"<|startoftext|>", 199998}, {"<|endoftext|>", 199999}};
    const std::map<uint32_t, std::string> named = {{200002, "return"}, {200003, "constrain"}, {200005, "channel"},
                                                   {200006, "start"},  {200007, "end"},       {200008, "message"},
                                                   {200012, "call"}};
    for (uint32_t id = 200000; id < 201088; ++id) {
      if (id == 200018) specials.emplace_back("<|endofprompt|>", id);
      const auto known = named.find(id);
      specials.emplace_back(
          known == named.end() ? "<|reserved_" + std::to_string(id) + "|>" : "<|" + known->second + "|>", id);
    }
    return result;
  }
  throw Error(ErrorCode::argument, "brot.Tiktoken.definition",
              raven::Message()
                  << "unknown encoding `" << name
                  << "`, expected gpt2, r50k_base, p50k_base, p50k_edit, cl100k_base, o200k_base or o200k_harmony");
}

std::string Tiktoken::encoding_of_model(std::string_view model) {
  for (const auto& [name, encoding] : encodings_of_models)
    if (model == name) return std::string(encoding);
  for (const auto& [prefix, encoding] : encodings_of_prefixes)
    if (model.starts_with(prefix)) return std::string(encoding);
  throw Error(ErrorCode::argument, "brot.Tiktoken.encoding_of_model",
              raven::Message() << "unknown model `" << model << "`");
}

}  // namespace brot
