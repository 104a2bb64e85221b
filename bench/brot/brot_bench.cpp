// Times brot on one tokenizer and one text, as compare.py asks: lines `case milliseconds bytes` on stdout.
//   brot_bench TOKENIZER TEXT [MEGABYTES]
//   brot_bench convert FILE OUT.json         a tiktoken or SentencePiece file as tokenizer.json
// Texts are cut into documents of 64 KB; every repetition starts with cold caches (a new handle on the same model has
// none).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "raven/base/file.hpp"
#include "raven/brot.hpp"

namespace {

double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class F>
void measure(const char* name, int repetitions, size_t bytes, F&& run) {
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) {
    const double start = now();
    run();
    times.push_back(now() - start);
  }
  std::sort(times.begin(), times.end());
  std::printf("%s %.3f %zu\n", name, times[times.size() / 2], bytes);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  if (std::string_view(arguments[1]) == "convert" && count == 4) {
    const std::string source = arguments[2];
    brot::Tokenizer tokenizer =
        source.ends_with(".model") ? brot::SentencePieceModel::from_file(source).convert() : brot::load_any(source);
    // tiktoken's patterns in HuggingFace's dialect
    namespace pre = brot::pre_tokenizers;
    if (source.ends_with("r50k_base.tiktoken")) tokenizer.set_pre_tokenizer(pre::ByteLevel{.add_prefix_space = false});
    if (source.ends_with("cl100k_base.tiktoken"))
      tokenizer.set_pre_tokenizer(pre::Sequence{
          pre::Split{brot::Pattern::regex(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
                                          R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"),
                     brot::SplitBehavior::Isolated, false},
          pre::ByteLevel{.add_prefix_space = false, .use_regex = false}});
    tokenizer.save(arguments[3]);
    return 0;
  }
  const std::string path = arguments[1];
  std::string text = brot::unicode::replace_invalid(raven::read_file(arguments[2]));
  const size_t limit = size_t((count > 3 ? std::atof(arguments[3]) : 10) * 1e6);
  if (text.size() > limit) {
    size_t end = limit;
    while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
  }
  std::vector<std::string_view> documents;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(at + 65536, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    documents.push_back(std::string_view(text).substr(at, end - at));
    at = end;
  }
  measure("load", 5, 0, [&] { brot::load_any(path); });
  // What is put off until it is needed counts here.
  measure("load_and_encode", 5, 0, [&] { brot::load_any(path).encode_ids("The first sentence of many."); });
  // Each repetition loads the tokenizer anew outside the clock: caches belong to the model.
  std::vector<double> ids_times, all_times;
  for (int i = 0; i < 5; ++i) {
    const brot::Tokenizer tokenizer = brot::load_any(path);
    tokenizer.count_tokens("start");
    double start = now();
    for (const std::string_view document : documents) tokenizer.encode_ids(document);
    ids_times.push_back(now() - start);
    const brot::Tokenizer again = brot::load_any(path);
    again.count_tokens("start");
    start = now();
    for (const std::string_view document : documents) again.encode(document, {.add_special_tokens = false});
    all_times.push_back(now() - start);
  }
  std::sort(ids_times.begin(), ids_times.end());
  std::sort(all_times.begin(), all_times.end());
  std::printf("encode_ids %.3f %zu\nencode_offsets %.3f %zu\n", ids_times[2], text.size(), all_times[2], text.size());
  const brot::Tokenizer tokenizer = brot::load_any(path);
  for (const int threads : {1, 2})
    measure(threads == 1 ? "batch_1_thread" : "batch_2_threads", 5, text.size(), [&] {
      tokenizer.encode_batch(documents,
                             {.add_special_tokens = false, .fields = brot::EncodeFields::ids, .threads = threads});
    });
  const std::vector<uint32_t> ids = tokenizer.encode_ids(text);
  tokenizer.decode(std::span(ids).first(std::min<size_t>(ids.size(), 8)));
  measure("decode", 5, text.size(), [&] { tokenizer.decode(ids); });
  const size_t steps = std::min<size_t>(ids.size(), 20000);
  measure("stream", 5, steps, [&] {
    brot::DecodeStream stream = tokenizer.decode_stream();
    for (size_t i = 0; i < steps; ++i) stream.step(ids[i]);
  });
  return 0;
}
