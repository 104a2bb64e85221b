// Encoding, as a list of steps: the text made valid, its tokens, their offsets, truncation, post-processor, padding.
#include <algorithm>
#include <numeric>

#include "raven/base/thread_pool.hpp"
#include "raven/brot/core/core.hpp"
#include "raven/brot/core/cut_points.hpp"
#include "raven/brot/core/text_encoder.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/core/valid_text.hpp"

namespace brot {

namespace {

bool bytes_allowed(const TokenizerCore& core) {
  return !core.normalizer && (core.fused_bytes || core.model->type() == ModelType::bytes);
}

/// One text as an encoding of its own.
Encoding encode_text(const std::shared_ptr<const TokenizerCore>& core, std::string_view text,
                     const EncodeOptions& options, EncodeFields fields, uint32_t type_id,
                     std::optional<uint32_t> word) {
  Workspace& work = thread_workspace();
  TokenOutput& out = work.output;
  out.clear();
  out.sink.want_spans = has(fields, EncodeFields::offsets);
  out.want_words = has(fields, EncodeFields::words);
  const bool plain_specials = options.encode_special_tokens.on(core->config.split_special_tokens);
  ValidText valid(text, options.invalid, bytes_allowed(*core));
  out.sink.ids.reserve(text.size() / 4 + 8);
  std::optional<raven::ThreadLimit> limit;
  if (options.threads > 0 && text.size() >= section_size) limit.emplace(options.threads);
  if (valid.broken()) {
    encode_broken(*core, work, valid.view(), plain_specials);
  } else {
    encode_valid(*core, work, valid.view(), plain_specials);
  }

  Encoding encoding;
  using Access = EncodingAccess;
  const size_t count = out.sink.ids.size();
  Access::ids(encoding).assign(out.sink.ids.begin(), out.sink.ids.end());
  if (fields != EncodeFields::ids) {  // trimming of offsets looks at the texts too
    Access::surfaces(encoding) = std::move(out.sink.surfaces);
    Access::names(encoding) = core;
  }
  if (out.sink.want_spans) {
    std::vector<Span>& spans = Access::offsets(encoding);
    spans.assign(out.sink.spans.begin(), out.sink.spans.end());
    valid.convert(spans, options.offsets);
  }
  if (out.want_words) {
    Access::words(encoding).assign(out.words.begin(), out.words.end());
    if (word) std::fill(Access::words(encoding).begin(), Access::words(encoding).end(), *word);
  }
  if (has(fields, EncodeFields::types)) Access::type_ids(encoding).assign(count, type_id);
  if (has(fields, EncodeFields::masks)) {
    Access::special(encoding).assign(count, 0);
    Access::attention(encoding).assign(count, 1);
  }
  return encoding;
}

Encoding encode_input(const std::shared_ptr<const TokenizerCore>& core, const TextInput& input,
                      const EncodeOptions& options, EncodeFields fields, uint32_t type_id) {
  if (!input.pre_tokenized()) return encode_text(core, input.text(), options, fields, type_id, std::nullopt);
  Encoding all;
  uint32_t word = 0;
  for (const std::string_view text : input.words()) {
    Encoding one = encode_text(core, text, options, fields, type_id, word++);
    if (word == 1) {
      all = std::move(one);
    } else {
      all.merge_with(one, false);
    }
  }
  if (!EncodingAccess::names(all)) EncodingAccess::names(all) = core;
  return all;
}

/// The fields that are computed for a call.
EncodeFields effective_fields(const EncodeOptions& options) {
  EncodeFields fields = options.fields;
  if (options.offsets == Offsets::none) fields = EncodeFields(uint8_t(fields) & ~uint8_t(EncodeFields::offsets));
  return fields;
}

void truncate(std::vector<Encoding>& list, Truncation truncation, bool keep_overflow) {
  const size_t maximum = truncation.max_length;
  const auto cut = [&](Encoding& encoding, size_t length) {
    encoding.truncate(length, truncation.stride, truncation.direction, keep_overflow);
  };
  if (maximum == 0) {
    for (Encoding& one : list) cut(one, 0);
    return;
  }
  const size_t total = list[0].size() + (list.size() > 1 ? list[1].size() : 0);
  if (total <= maximum) return;
  const size_t excess = total - maximum;
  if (truncation.strategy == TruncationStrategy::LongestFirst) {
    if (list.size() == 1) return cut(list[0], maximum);
    size_t shorter = list[0].size(), longer = list[1].size();
    const bool swapped = shorter > longer;
    if (swapped) std::swap(shorter, longer);
    longer = shorter > maximum ? shorter : std::max(shorter, maximum - shorter);
    if (shorter + longer > maximum) {
      shorter = maximum / 2;
      longer = shorter + maximum % 2;
    }
    if (swapped) std::swap(shorter, longer);
    cut(list[0], shorter);
    cut(list[1], longer);
    return;
  }
  const bool second = truncation.strategy == TruncationStrategy::OnlySecond;
  if (second && list.size() < 2)
    throw Error(ErrorCode::argument, "brot.encode",
                "truncation: got strategy OnlySecond for one text, expected a pair");
  Encoding& target = list[second ? 1 : 0];
  if (target.size() <= excess)
    throw Error(ErrorCode::argument, "brot.encode",
                raven::Message() << "truncation: the sequence of " << target.size() << " tokens is too short to remove "
                                 << excess);
  cut(target, target.size() - excess);
}

/// Truncation, post-processor.
Encoding finish(const TokenizerCore& core, std::vector<Encoding> list, const EncodeOptions& options,
                EncodeFields fields) {
  const bool is_pair = list.size() > 1;
  std::optional<Truncation> truncation = options.truncation;
  if (!truncation && !options.no_truncation) truncation = core.truncation;
  if (truncation) {
    const size_t added =
        options.add_special_tokens && core.post_processor ? core.post_processor->added_tokens(is_pair) : 0;
    if (added > truncation->max_length)
      throw Error(ErrorCode::argument, "brot.encode",
                  raven::Message() << "max_length: got " << truncation->max_length << ", expected at least the "
                                   << added << " special tokens");
    truncation->max_length -= added;
    if (options.truncation && truncation->stride > 0 && truncation->stride >= truncation->max_length)
      throw Error(ErrorCode::argument, "brot.encode",
                  raven::Message() << "stride: got " << truncation->stride << ", expected less than the "
                                   << truncation->max_length << " tokens that special tokens leave of max_length");
    truncate(list, *truncation, options.overflow);
  }
  if (core.post_processor) return core.post_processor->process(std::move(list), options.add_special_tokens, fields);
  if (!is_pair) return std::move(list[0]);
  for (size_t i = 0; i < list.size(); ++i) EncodingAccess::set_sequence(list[i], i);
  return Encoding::merge(std::move(list), false);
}

void pad_all(std::span<Encoding> encodings, const Padding& padding) {
  size_t length = 0;
  if (padding.fixed) {
    length = *padding.fixed;
  } else {
    for (const Encoding& one : encodings) length = std::max(length, one.size());
  }
  if (const size_t multiple = padding.pad_to_multiple_of.value_or(0); multiple > 0 && length % multiple > 0)
    length += multiple - length % multiple;
  for (Encoding& one : encodings)
    one.pad(length, padding.pad_id, padding.pad_type_id, padding.pad_token, padding.direction);
}

std::optional<Padding> padding_of(const TokenizerCore& core, const EncodeOptions& options) {
  if (options.padding) return options.padding;
  return options.no_padding ? std::nullopt : core.padding;
}

/// The texts that a call encodes take their numbers from places of their own in the model's sequence, whatever the
/// threads. Returns the first one's.
uint64_t reserve_draws(const TokenizerCore& core, size_t texts) {
  return core.random ? core.draws.fetch_add(texts, std::memory_order_relaxed) : 0;
}
void begin_draws(const TokenizerCore& core, uint64_t text) {
  if (core.random) thread_workspace().output.sink.draws = text << 32;
}

/// One text, or a pair, up to padding.
Encoding encode_unpadded(const std::shared_ptr<const TokenizerCore>& core, const TextInput& input,
                         const TextInput* second, const EncodeOptions& options, uint64_t draws) {
  begin_draws(*core, draws);
  const EncodeFields fields = effective_fields(options);
  std::vector<Encoding> list;
  list.push_back(encode_input(core, input, options, fields, 0));
  if (second) list.push_back(encode_input(core, *second, options, fields, 1));
  return finish(*core, std::move(list), options, fields);
}

Encoding encode_one(const std::shared_ptr<const TokenizerCore>& core, const TextInput& input, const TextInput* second,
                    const EncodeOptions& options) {
  Encoding result = encode_unpadded(core, input, second, options, reserve_draws(*core, 1));
  if (const auto padding = padding_of(*core, options)) pad_all({&result, 1}, *padding);
  return result;
}

/// The order in which a batch is encoded: a few texts that are long beside the others one after the other, each by all
/// threads; the rest in parallel, the long ones first, so that no thread is left alone with one at the end.
struct BatchOrder {
  std::vector<uint32_t> alone, together;
};
BatchOrder batch_order(const TokenizerCore& core, std::span<const size_t> sizes) {
  const auto threads = size_t(raven::num_threads());
  const bool may_cut = threads > 1 && !core.random && cut_rule_of(core) != CutRule::none;
  const size_t most_alone = 8 * threads;
  BatchOrder order;
  const size_t total = std::accumulate(sizes.begin(), sizes.end(), size_t{0});
  for (size_t i = 0; i < sizes.size(); ++i)
    (may_cut && sizes[i] >= 2 * section_size && sizes[i] > total / most_alone ? order.alone : order.together)
        .push_back(uint32_t(i));
  if (threads < 2) return order;
  std::sort(order.together.begin(), order.together.end(),
            [&](uint32_t a, uint32_t b) { return sizes[a] != sizes[b] ? sizes[a] > sizes[b] : a < b; });
  // A thread begins with the run of its number: each gets its share of the long ones.
  std::vector<uint32_t> dealt;
  dealt.reserve(order.together.size());
  for (size_t thread = 0; thread < threads; ++thread)
    for (size_t i = thread; i < order.together.size(); i += threads) dealt.push_back(order.together[i]);
  order.together = std::move(dealt);
  return order;
}

size_t size_of(const TextInput& input) {
  size_t size = input.text().size();
  for (const std::string_view word : input.words()) size += word.size();
  return size;
}

/// Encodes the inputs [0, count) on the pool, then pads. `first(i)` is the one or first text, `second(i)` null or the
/// second one.
template <class First, class Second>
std::vector<Encoding> encode_all(const std::shared_ptr<const TokenizerCore>& core, size_t count,
                                 const EncodeOptions& options, First&& first, Second&& second) {
  std::vector<size_t> sizes(count);
  for (size_t i = 0; i < count; ++i) {
    sizes[i] = size_of(first(i));
    if (const TextInput* other = second(i)) sizes[i] += size_of(*other);
  }
  const uint64_t draws = reserve_draws(*core, count);
  std::vector<Encoding> results(count);
  std::optional<raven::ThreadLimit> limit;
  if (options.threads > 0) limit.emplace(options.threads);
  const BatchOrder order = batch_order(*core, sizes);
  const auto encode = [&](uint32_t i) { results[i] = encode_unpadded(core, first(i), second(i), options, draws + i); };
  for (const uint32_t i : order.alone) encode(i);
  const auto together = int64_t(order.together.size());
  const int64_t grain = std::max<int64_t>(1, std::min<int64_t>(16, together / 32));
  raven::parallel_for(together, grain, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) encode(order.together[size_t(at)]);
  });
  if (const auto padding = padding_of(*core, options)) pad_all(results, *padding);
  return results;
}

const TextInput* no_second(size_t) { return nullptr; }

/// The ids of a text without anything around them, in the thread's work space.
const std::vector<uint32_t>& plain_ids(const TokenizerCore& core, std::string_view text) {
  begin_draws(core, reserve_draws(core, 1));
  Workspace& work = thread_workspace();
  work.output.clear();
  work.output.sink.want_spans = work.output.want_words = false;
  const ValidText valid(text, InvalidUtf8::replace, false);
  encode_valid(core, work, valid.view(), core.config.split_special_tokens);
  return work.output.sink.ids;
}

}  // namespace

Encoding Tokenizer::encode(const TextInput& input, const EncodeOptions& options) const {
  return encode_one(core_, input, nullptr, options);
}

Encoding Tokenizer::encode(const TextInput& first, const TextInput& second, const EncodeOptions& options) const {
  return encode_one(core_, first, &second, options);
}

std::vector<Encoding> Tokenizer::encode_batch(std::span<const std::string_view> texts,
                                              const EncodeOptions& options) const {
  return encode_all(core_, texts.size(), options, [&](size_t i) { return TextInput(texts[i]); }, no_second);
}

std::vector<Encoding> Tokenizer::encode_batch(const std::vector<std::string>& texts,
                                              const EncodeOptions& options) const {
  return encode_all(core_, texts.size(), options, [&](size_t i) { return TextInput(texts[i]); }, no_second);
}

std::vector<Encoding> Tokenizer::encode_batch(std::span<const TextInput> inputs, const EncodeOptions& options) const {
  return encode_all(core_, inputs.size(), options, [&](size_t i) -> const TextInput& { return inputs[i]; }, no_second);
}

std::vector<Encoding> Tokenizer::encode_batch(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                                              const EncodeOptions& options) const {
  const std::vector<std::pair<TextInput, TextInput>> inputs(pairs.begin(), pairs.end());
  return encode_batch(std::span<const std::pair<TextInput, TextInput>>(inputs), options);
}

std::vector<Encoding> Tokenizer::encode_batch(std::span<const std::pair<TextInput, TextInput>> pairs,
                                              const EncodeOptions& options) const {
  return encode_all(
      core_, pairs.size(), options, [&](size_t i) -> const TextInput& { return pairs[i].first; },
      [&](size_t i) { return &pairs[i].second; });
}

// What a rectangle needs of the encodings it is made of.
EncodeOptions Tokenizer::rectangle_options(EncodeOptions options) const {
  options.fields = EncodeFields::types | EncodeFields::masks;
  options.overflow = false;
  if (!padding_of(*core_, options)) options.padding = Padding::longest();
  return options;
}

Batch Tokenizer::rectangle(std::vector<Encoding> encodings, const EncodeOptions& options) const {
  Batch batch;
  batch.rows_ = encodings.size();
  for (const Encoding& one : encodings) batch.cols_ = std::max(batch.cols_, one.size());
  // Rows may be longer than a fixed length: then the others grow to theirs, on the same side.
  Padding padding = *padding_of(*core_, options);
  padding.fixed = batch.cols_;
  padding.pad_to_multiple_of.reset();
  pad_all(encodings, padding);
  const size_t total = batch.rows_ * batch.cols_;
  batch.input_ids_.reserve(total);
  batch.attention_mask_.reserve(total);
  batch.token_type_ids_.reserve(total);
  batch.special_tokens_mask_.reserve(total);
  const auto append = [](std::vector<int32_t>& to, const auto& values) {
    to.insert(to.end(), values.begin(), values.end());
  };
  for (const Encoding& one : encodings) {
    append(batch.input_ids_, one.ids());
    append(batch.attention_mask_, one.attention_mask());
    append(batch.token_type_ids_, one.type_ids());
    append(batch.special_tokens_mask_, one.special_tokens_mask());
  }
  return batch;
}

Batch Tokenizer::encode_batch_ids(std::span<const std::string_view> texts, const EncodeOptions& options) const {
  const EncodeOptions own = rectangle_options(options);
  return rectangle(encode_batch(texts, own), own);
}

Batch Tokenizer::encode_batch_ids(std::span<const TextInput> inputs, const EncodeOptions& options) const {
  const EncodeOptions own = rectangle_options(options);
  return rectangle(encode_batch(inputs, own), own);
}

Batch Tokenizer::encode_batch_ids(std::span<const std::pair<TextInput, TextInput>> pairs,
                                  const EncodeOptions& options) const {
  const EncodeOptions own = rectangle_options(options);
  return rectangle(encode_batch(pairs, own), own);
}

std::vector<uint32_t> Tokenizer::encode_ids(std::string_view text, bool add_special_tokens) const {
  if (add_special_tokens && core_->post_processor) {
    const Encoding encoding = encode(text, {.fields = EncodeFields::ids, .no_truncation = true, .no_padding = true});
    return {encoding.ids().begin(), encoding.ids().end()};
  }
  const std::vector<uint32_t>& ids = plain_ids(*core_, text);
  return std::vector<uint32_t>(ids.begin(), ids.end());
}

size_t Tokenizer::count_tokens(std::string_view text, bool add_special_tokens) const {
  return plain_ids(*core_, text).size() + (add_special_tokens ? num_special_tokens_to_add(false) : 0);
}

std::string_view Tokenizer::truncate_to_tokens(std::string_view text, size_t count) const {
  if (count == 0) return text.substr(0, 0);
  // Tokens never outnumber bytes by much, and a prefix of a few times the wanted length decides in most cases.
  size_t window = std::max<size_t>(256, count * 8);
  for (;;) {
    size_t end = std::min(window, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    const Encoding encoding = encode(
        text.substr(0, end),
        {.add_special_tokens = false, .fields = EncodeFields::offsets, .no_truncation = true, .no_padding = true});
    if (encoding.size() <= count && end == text.size()) return text;
    if (encoding.size() > count + 64 || end == text.size()) {
      // A cut may change how the text before it is encoded, so it moves back until the count holds.
      size_t cut = encoding.offsets()[count].begin;
      while (cut > 0 && count_tokens(text.substr(0, cut)) > count) {
        --cut;
        while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
      }
      return text.substr(0, cut);
    }
    window *= 2;
  }
}

std::vector<std::string_view> Tokenizer::split_into_chunks(std::string_view text, size_t count) const {
  if (count == 0)
    throw Error(ErrorCode::argument, "brot.Tokenizer.split_into_chunks", "count: got 0, expected at least 1");
  std::vector<std::string_view> chunks;
  while (!text.empty()) {
    std::string_view chunk = truncate_to_tokens(text, count);
    if (chunk.empty()) {  // one character needs more tokens than allowed: it stands alone
      size_t end = 1;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
      chunk = text.substr(0, end);
    }
    chunks.push_back(chunk);
    text.remove_prefix(chunk.size());
  }
  return chunks;
}

}  // namespace brot
