// The ways in which GGUF files say that text is cut before it becomes bytes.
#include <algorithm>
#include <iterator>

#include "raven/brot/files/gguf_patterns.hpp"

namespace brot {

namespace {

#define BROT_CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define BROT_LINES R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define BROT_CASED R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
#define BROT_UPPER R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"

constexpr std::string_view gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view llama3 =
    BROT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_LINES;
constexpr std::string_view qwen2 =
    BROT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_LINES;
constexpr std::string_view qwen35 =
    BROT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)" BROT_LINES;
constexpr std::string_view jais2 =
    BROT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S))"
                      R"(|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S))"
                      R"(|\s{1,2}(?!\S)|\s)";
constexpr std::string_view o200k = BROT_CASED BROT_CONTRACTIONS "?" BROT_UPPER BROT_CONTRACTIONS
                                                                R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" BROT_LINES;
constexpr std::string_view o200k_digits =
    BROT_CASED BROT_CONTRACTIONS "?" BROT_UPPER BROT_CONTRACTIONS R"(?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" BROT_LINES;
constexpr std::string_view tekken = BROT_CASED BROT_UPPER R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" BROT_LINES;
constexpr std::string_view kimi_k2 =
    R"([\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+)" BROT_CONTRACTIONS
    R"(?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*)" BROT_CONTRACTIONS
    R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_LINES;
constexpr std::string_view deepseek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)" BROT_LINES;
constexpr std::string_view spark =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+)"
    R"(|[\r\n]|\s+(?!\S)|\s+)";
constexpr std::string_view bailing =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
constexpr std::string_view seed_coder =
    BROT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+)" BROT_LINES;
constexpr std::string_view ufakzeka = R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_LINES;
constexpr std::string_view exaone_moe =
    BROT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?)"
                      R"(|\s*[\r\n]|\s+(?!\S)|\s+)";
constexpr std::string_view minicpm5 =
    BROT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*)" BROT_LINES;
constexpr std::string_view digit = R"(\p{N})", digits = R"(\p{N}+)", three = R"(\p{N}{1,3})",
                           ascii_three = "[0-9][0-9][0-9]", line_end = R"([\r\n])", lines = R"([^\n]+|[\n]+)",
                           space_end = R"(\s+$)", letters = R"(\s?\p{L}+)", punctuation = R"(\s?\p{P}+)";
constexpr std::string_view bloom = R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+)";
constexpr std::string_view ideographs = R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)";
constexpr std::string_view kana = R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)";
constexpr std::string_view wide_punctuation =
    R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)";
constexpr std::string_view youtu_scripts =
    R"([\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019}\x{2014}\x{FF1A})"
    R"(\x{FF1B}\x{FF0C}\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|[\x{3105}-\x{312F}]+|[\x{4E00}-\x{9FA5}\x{3040}-)"
    R"(\x{309F}\x{30A0}-\x{30FF}]+)";
constexpr std::string_view falcon_signs = R"([\p{P}\$\+<=>\^~\|`]+)", signs = R"([\p{P}\$\+<=>\^~\|]+)";
constexpr std::string_view grouped_digits = R"(\d{1,3}(?=(?:\d{3})*\b))";
constexpr std::string_view sentinels = "<sentinel:[0-9]+>", images = "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
                           indents = R"(([\t\n]|    |  ))", single_signs = R"([\p{P}!-/:-@\[-`{-~])";
// Letters that have a case.
constexpr std::string_view cased_letters =
    R"(\s?[A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF})"
    R"(\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-)"
    R"(\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD})"
    R"(\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15})"
    R"(\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-)"
    R"(\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3})"
    R"(\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113})"
    R"(\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-)"
    R"(\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE})"
    R"(\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E})"
    R"(\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F})"
    R"(\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900})"
    R"(-\x{1E943}]+)";

constexpr GgufPattern patterns[] = {
    {"default", {signs, gpt2, digits, ascii_three}, false, false},
    {"llama3", {llama3}, true, true},
    {"llama-v3", {llama3}, true, true},
    {"llama-bpe", {llama3}, true, true},
    {"falcon3", {llama3}, true, true},
    {"falcon-h1", {llama3}, true, true},
    {"pixtral", {llama3}, true, true},
    {"midm-2.0", {llama3}, true, true},
    {"lfm2", {llama3}, true, true},
    {"jina-v5-nano", {llama3}, true, true},
    {"minicpm5", {three, minicpm5}, true, false},
    {"dbrx", {llama3}, false, false},
    {"smaug-bpe", {llama3}, false, false},
    {"chatglm-bpe", {llama3}, false, false},
    {"glm4", {llama3}, true, false},
    {"glm5", {llama3}, true, false},
    {"deepseek-llm", {line_end, cased_letters, wide_punctuation, space_end, ideographs, digits}, false, false},
    {"deepseek-coder", {line_end, letters, punctuation, ideographs, digit}, false, false},
    {"deepseek-v3", {three, kana, deepseek3}, false, false},
    {"hunyuan-dense", {three, kana, deepseek3}, false, false},
    {"joyai-llm", {three, kana, deepseek3}, false, false},
    {"hy_v4", {three, kana, deepseek3}, false, false},
    {"spark2_5", {three, kana, spark, digit}, false, false},
    {"youtu", {youtu_scripts, o200k_digits}, true, false},
    {"falcon", {falcon_signs, gpt2, ascii_three}, false, false},
    {"starcoder", {digit, gpt2}, false, false},
    {"refact", {digit, gpt2}, false, false},
    {"command-r", {digit, gpt2}, false, false},
    {"smollm", {digit, gpt2}, false, false},
    {"codeshell", {digit, gpt2}, false, false},
    {"exaone", {digit, gpt2}, false, false},
    {"minerva-7b", {digit, gpt2}, false, false},
    {"mellum2", {digit, gpt2}, false, false},
    {"gpt-2", {gpt2}, false, false},
    {"phi-2", {gpt2}, false, false},
    {"jina-es", {gpt2}, false, false},
    {"jina-de", {gpt2}, false, false},
    {"gigachat", {gpt2}, false, false},
    {"jina-v2-es", {gpt2}, false, false},
    {"jina-v2-de", {gpt2}, false, false},
    {"a.x-4.0", {gpt2}, false, false},
    {"mellum", {gpt2}, false, false},
    {"modern-bert", {gpt2}, false, false},
    {"jina-v1-en", {gpt2}, false, false},
    {"jina-v2-code", {gpt2}, false, false},
    {"roberta-bpe", {gpt2}, false, false},
    {"mpt", {gpt2}, false, false},
    {"olmo", {gpt2}, false, false},
    {"jais", {gpt2}, false, false},
    {"trillion", {gpt2}, false, false},
    {"granite-docling", {gpt2}, false, false},
    {"exaone4", {gpt2}, false, false},
    {"jais-2", {jais2}, false, false},
    {"qwen2", {qwen2}, false, false},
    {"deepseek-r1-qwen", {qwen2}, false, false},
    {"kormo", {qwen2}, false, false},
    {"f2llmv2", {qwen2}, false, false},
    {"megrez", {qwen2}, false, false},
    {"stablelm2", {qwen2}, false, false},
    {"hunyuan", {qwen2}, false, false},
    {"solar-open", {qwen2}, false, false},
    {"grok-2", {qwen2}, false, false},
    {"qwen35", {qwen35}, false, false},
    {"laguna", {lines, qwen2}, false, false},
    {"poro-chat", {bloom}, false, false},
    {"bloom", {bloom}, false, false},
    {"gpt3-finnish", {bloom}, false, false},
    {"viking", {bloom, digit}, false, false},
    {"tekken", {tekken}, true, true},
    {"chameleon", {sentinels, images, indents, digit, single_signs, gpt2}, false, true},
    {"gpt-4o", {o200k}, false, false},
    {"llama4", {o200k}, false, false},
    {"kanana2", {o200k}, false, false},
    {"talkie", {o200k}, false, false},
    {"minimax-m2", {o200k}, false, false},
    {"tiny_aya", {grouped_digits, o200k}, false, false},
    {"cohere2moe", {grouped_digits, o200k}, false, false},
    {"kimi-k2", {kimi_k2}, false, false},
    {"bailingmoe", {bailing}, false, false},
    {"bailingmoe2", {bailing}, false, false},
    {"llada-moe", {bailing}, false, false},
    {"seed-coder", {seed_coder}, false, false},
    {"ufakzeka", {ufakzeka}, false, false},
    {"exaone-moe", {exaone_moe}, false, false}};

#undef BROT_CONTRACTIONS
#undef BROT_LINES
#undef BROT_CASED
#undef BROT_UPPER

}  // namespace

const GgufPattern* find_gguf_pattern(std::string_view name) {
  const auto found =
      std::find_if(std::begin(patterns), std::end(patterns), [&](const GgufPattern& one) { return one.name == name; });
  return found == std::end(patterns) ? nullptr : found;
}

std::span<const GgufPattern> all_gguf_patterns() { return patterns; }

}  // namespace brot
