// Times brot on one tokenizer and one text, as compare.py asks: lines `case milliseconds bytes` on stdout.
//   brot_bench TOKENIZER TEXT [MEGABYTES]
//   brot_bench convert FILE OUT.json         a tiktoken or SentencePiece file as tokenizer.json
// For instructions.sh:
//   brot_bench build                         what instruction counts depend on
//   brot_bench inputs DIRECTORY              texts and tokenizers to count with
//   brot_bench once WORK TOKENIZER TEXT      one piece of work, once
// Texts are cut into documents of 64 KB; every repetition starts with cold caches (a new handle on the same model has
// none). Batches hold at least 10 MB, if the file does, one and two threads in turn; `batch_speedup` is the median of
// their ratios.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/brot/documents.hpp"
#include "bench/brot/instructions.hpp"
#include "raven/base/file.hpp"
#include "raven/brot.hpp"

extern "C" void brot_measured(void (*run)(void* context), void* context) { run(context); }

namespace {

double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// At most `limit` bytes, whole characters.
std::string_view first_bytes(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while ((static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}
template <class F>
void measure(const char* name, int repetitions, size_t bytes, F&& run) {
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) {
    const double start = now();
    run();
    times.push_back(now() - start);
  }
  std::printf("%s %.3f %zu\n", name, median(times), bytes);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view verb = count > 1 ? arguments[1] : "";
  if (verb == "build" && count == 2) return std::puts(build_of_counts().c_str()) < 0;
  if (count < 3) return 2;
  if (verb == "inputs" && count == 3) return write_inputs(arguments[2]), 0;
  if (verb == "once" && count == 5) return run_once(arguments[2], arguments[3], arguments[4]) ? 0 : 2;
  if (verb == "convert" && count == 4) {
    const std::string source = arguments[2];
    const std::string name = source.substr(source.rfind('/') + 1);
    const brot::Tokenizer tokenizer =
        source.ends_with(".model") ? brot::SentencePieceModel::from_file(source).convert()
        : source.ends_with(".tiktoken")
            ? brot::Tiktoken::from_file(source, name.substr(0, name.rfind('.'))).to_tokenizer()
            : brot::load_any(source);
    tokenizer.save(arguments[3]);
    return 0;
  }
  const std::string path = arguments[1];
  const std::string all = brot::unicode::replace_invalid(raven::read_file(arguments[2]));
  const double megabytes = count > 3 ? std::atof(arguments[3]) : 10;
  const std::string_view text = first_bytes(all, size_t(megabytes * 1e6));
  const std::string_view batch_text = first_bytes(all, size_t(std::max(megabytes, 10.0) * 1e6));
  const std::vector<std::string_view> documents = documents_of(text), batch = documents_of(batch_text);
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
  std::printf("encode_ids %.3f %zu\nencode_offsets %.3f %zu\n", median(ids_times), text.size(), median(all_times),
              text.size());
  const brot::Tokenizer tokenizer = brot::load_any(path);
  std::vector<double> batch_times[2], speedups;
  for (int i = 0; i < 9; ++i) {
    for (const int threads : {1, 2}) {
      const double start = now();
      tokenizer.encode_batch(batch,
                             {.add_special_tokens = false, .fields = brot::EncodeFields::ids, .threads = threads});
      batch_times[threads - 1].push_back(now() - start);
    }
    speedups.push_back(batch_times[0].back() / batch_times[1].back());
  }
  std::printf("batch_1_thread %.3f %zu\nbatch_2_threads %.3f %zu\nbatch_speedup %.3f 0\n", median(batch_times[0]),
              batch_text.size(), median(batch_times[1]), batch_text.size(), median(speedups));
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
