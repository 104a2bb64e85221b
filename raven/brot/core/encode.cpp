// Encoding, as a list of steps: added tokens, normalizer, pre-tokenizer, model, offsets, post-processor, padding.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "raven/base/thread_pool.hpp"
#include "raven/brot/core/core.hpp"
#include "raven/brot/core/cut_points.hpp"
#include "raven/brot/core/tokenizer.hpp"

namespace brot {

namespace {

constexpr uint32_t none = ~uint32_t{0};

/// Tokens of one input with what is known about them; spans are bytes of the (valid) input.
struct Output {
  TokenSink sink;
  std::vector<uint32_t> words;
  bool want_words = false;
  uint32_t word = 0;

  void clear() {
    sink.clear();
    words.clear();
    word = 0;
  }
  void end_piece() {
    if (want_words) words.resize(sink.ids.size(), word);
    ++word;
  }
};

/// Reused from call to call on one thread.
struct Workspace {
  Pieces pieces;
  std::vector<AddedTokens::Part> raw, normalized;
  Output output;
};
Workspace& thread_workspace() {
  thread_local Workspace workspace;
  return workspace;
}

/// A plain text's tokens without anything around them.
class TextEncoder {
 public:
  TextEncoder(const TokenizerCore& core, Workspace& workspace, bool ignore_special)
      : core_(core), work_(workspace), out_(workspace.output), ignore_special_(ignore_special) {}

  void run(std::string_view text) {
    work_.raw.clear();
    if (!core_.added.split(text, false, ignore_special_, work_.raw)) return gap(text, 0);
    run(text, work_.raw);
  }
  /// The parts of `text` one after the other.
  void run(std::string_view text, std::span<const AddedTokens::Part> parts) {
    for (const AddedTokens::Part& part : parts) {
      if (part.id == AddedTokens::none) {
        gap(text.substr(part.begin, part.end - part.begin), part.begin);
      } else {
        token(part.id, text.substr(part.begin, part.end - part.begin), {part.begin, part.end});
      }
    }
  }

 private:
  /// Text between added tokens.
  void gap(std::string_view text, uint32_t begin) {
    if (text.empty()) return;
    Pieces& pieces = work_.pieces;
    AlignedText& aligned = pieces.text;
    aligned.assign(text, begin, out_.sink.want_spans || core_.needs_offsets, core_.profile);
    if (core_.normalizer) core_.normalizer->apply(aligned);
    if (aligned.text().empty()) return;
    work_.normalized.clear();
    const bool tokens = core_.added.split(aligned.text(), true, ignore_special_, work_.normalized);
    if (!tokens && core_.single_pattern) return scan(aligned);
    pieces.list.clear();
    if (!tokens) {
      pieces.list.push_back({0, uint32_t(aligned.size()), Piece::none});
    } else {
      for (const AddedTokens::Part& part : work_.normalized) pieces.list.push_back({part.begin, part.end, part.id});
    }
    if (core_.fused_bytes) {
      core_.pre_tokenizer->apply_before_byte_mapping(pieces);
    } else if (core_.pre_tokenizer) {
      core_.pre_tokenizer->apply(pieces);
    }
    const char* const end = aligned.text().data() + aligned.size();
    for (const Piece& piece : pieces.list) {
      const std::string_view view = pieces.view(piece);
      if (piece.token != Piece::none) {
        token(piece.token, view, aligned.span(piece.begin, piece.end));
        continue;
      }
      if (view.empty()) continue;
      const size_t first = out_.sink.spans.size();
      if (core_.fused_bytes) {
        core_.bpe->tokenize_bytes(view, piece.begin, end, out_.sink);
      } else if (core_.cut_at_metaspace) {
        core_.bpe->tokenize_metaspace(view, piece.begin, out_.sink);
      } else {
        core_.model->tokenize(view, piece.begin, out_.sink);
      }
      place(aligned, first);
      out_.end_piece();
    }
  }

  /// The whole pre-tokenizer is one pattern and pieces are encoded as bytes: no list of pieces is made.
  void scan(const AlignedText& aligned) {
    struct Context {
      TextEncoder* self;
      const AlignedText* aligned;
      const char* data;
      const char* end;
      size_t open;
      void piece(size_t begin, size_t stop) {
        Output& out = self->out_;
        const size_t first = out.sink.spans.size();
        self->core_.bpe->tokenize_bytes({data + begin, stop - begin}, uint32_t(begin), end, out.sink);
        if (out.sink.want_spans) self->place(*aligned, first);
        out.end_piece();
      }
    };
    const std::string_view text = aligned.text();
    Context context{this, &aligned, text.data(), text.data() + text.size(), 0};
    core_.single_pattern->scan(
        text,
        [](void* opaque, size_t begin, size_t end) {
          Context& context = *static_cast<Context*>(opaque);
          if (context.open < begin) context.piece(context.open, begin);
          if (begin < end) context.piece(begin, end);
          context.open = end;
        },
        &context);
    if (context.open < text.size()) context.piece(context.open, text.size());
  }

  void token(uint32_t id, std::string_view text, Span span) {
    if (core_.name_of(id) != text) out_.sink.surfaces.emplace_back(uint32_t(out_.sink.ids.size()), std::string(text));
    out_.sink.add(id, span.begin, span.end);
    out_.end_piece();
  }

  /// Normalized ranges become ranges of the input.
  void place(const AlignedText& aligned, size_t first) {
    std::vector<Span>& spans = out_.sink.spans;
    for (size_t i = first; i < spans.size(); ++i) spans[i] = aligned.span(spans[i].begin, spans[i].end);
  }

  const TokenizerCore& core_;
  Workspace& work_;
  Output& out_;
  bool ignore_special_;
};

// ----------------------------------------------------------------------------------------- one document, many threads

/// Bytes that a thread takes at a time. Texts of two and more of them are cut.
constexpr size_t section_size = 128 << 10;

/// The parts of a text: added tokens and what lies between, that cut into sections wherever the tokenizer allows.
std::vector<AddedTokens::Part> parts_of(const TokenizerCore& core, std::string_view text, bool ignore_special) {
  std::vector<AddedTokens::Part> tokens, parts;
  if (!core.added.split(text, false, ignore_special, tokens)) tokens.push_back({0, uint32_t(text.size()), none});
  const CutRule rule = cut_rule_of(core);
  std::vector<AddedTokens::Part> found;
  const auto may_cut = [&](std::string_view gap) {  // not inside a token that is looked for later
    if (rule == CutRule::none || gap.size() < 2 * section_size) return false;
    if (!core.added.any_normalized()) return true;
    found.clear();
    return !core.normalizer && !core.added.split(gap, true, ignore_special, found);
  };
  for (AddedTokens::Part part : tokens) {
    if (part.id == none && may_cut(text.substr(part.begin, part.end - part.begin))) {
      while (part.end - part.begin > section_size) {
        const size_t cut = find_cut(text.substr(0, part.end), part.begin + section_size, rule);
        if (cut == part.end) break;
        parts.push_back({part.begin, uint32_t(cut), none});
        part.begin = uint32_t(cut);
      }
    }
    parts.push_back(part);
  }
  return parts;
}

/// Encodes a long text on the pool into `work.output`; false, with nothing done, when it cannot be cut or there is one
/// thread.
bool encode_sections(const TokenizerCore& core, Workspace& work, std::string_view text, bool ignore_special) {
  if (text.size() < 2 * section_size || core.random || raven::num_threads() < 2) return false;
  const std::vector<AddedTokens::Part> parts = parts_of(core, text, ignore_special);
  std::vector<size_t> starts{0};  // of the sections, in `parts`
  for (size_t i = 1; i < parts.size(); ++i)
    if (parts[i - 1].end - parts[starts.back()].begin >= section_size) starts.push_back(i);
  const size_t count = starts.size();
  if (count < 2) return false;
  starts.push_back(parts.size());
  std::vector<Output> outputs(count);
  const bool want_spans = work.output.sink.want_spans, want_words = work.output.want_words;
  raven::parallel_for(int64_t(count), 1, [&](int64_t begin, int64_t end) {
    for (size_t i = size_t(begin); i < size_t(end); ++i) {
      Workspace& own = thread_workspace();
      own.output.clear();
      own.output.sink.want_spans = want_spans;
      own.output.want_words = want_words;
      TextEncoder(core, own, ignore_special).run(text, std::span(parts).subspan(starts[i], starts[i + 1] - starts[i]));
      outputs[i] = own.output;
    }
  });
  Output& out = work.output;
  out.clear();
  out.sink.want_spans = want_spans;
  out.want_words = want_words;
  for (Output& part : outputs) {
    const uint32_t tokens = uint32_t(out.sink.ids.size());
    out.sink.ids.insert(out.sink.ids.end(), part.sink.ids.begin(), part.sink.ids.end());
    out.sink.spans.insert(out.sink.spans.end(), part.sink.spans.begin(), part.sink.spans.end());
    for (auto& [index, surface] : part.sink.surfaces)
      out.sink.surfaces.emplace_back(tokens + index, std::move(surface));
    for (const uint32_t word : part.words) out.words.push_back(out.word + word);
    out.word += part.word;
  }
  return true;
}

/// Fills `work.output` with the tokens of valid text.
void encode_valid(const TokenizerCore& core, Workspace& work, std::string_view text, bool ignore_special) {
  if (!encode_sections(core, work, text, ignore_special)) TextEncoder(core, work, ignore_special).run(text);
}

/// Valid UTF-8 for the pipeline, and the way back to the original bytes.
class ValidText {
 public:
  ValidText(std::string_view text, InvalidUtf8 policy, bool bytes_allowed) : view_(text) {
    if (text.size() >= none) throw Error(ErrorCode::limit, "brot.encode", "the text is larger than 4 GiB");
    const size_t invalid = unicode::find_invalid(text);
    if (invalid == text.size()) return;
    broken_ = policy == InvalidUtf8::bytes && bytes_allowed;
    if (broken_) return;
    if (policy != InvalidUtf8::replace)
      throw Error(ErrorCode::invalid_text, "brot.encode",
                  raven::Message() << "the text is not valid UTF-8"
                                   << (policy == InvalidUtf8::bytes ? " and the tokenizer does not work on bytes" : ""),
                  raven::Message() << "byte " << uint64_t(invalid));
    for (size_t at = invalid; at < text.size();) {
      const unicode::Decoded decoded = unicode::decode(text, at);
      if (!decoded.valid) repairs_.push_back({0, uint32_t(at), decoded.length});
      at += decoded.length;
    }
    size_t run = 0;
    for (Repair& repair : repairs_) {
      fixed_.append(text, run, repair.original - run);
      repair.place = uint32_t(fixed_.size());
      fixed_.append("\xEF\xBF\xBD");
      run = repair.original + repair.length;
    }
    fixed_.append(text, run, text.size() - run);
    view_ = fixed_;
  }
  std::string_view view() const { return view_; }
  /// The original offset of a boundary of the valid text.
  uint32_t original(uint32_t offset) const {
    auto place = std::upper_bound(repairs_.begin(), repairs_.end(), offset,
                                  [](uint32_t key, const Repair& repair) { return key < repair.place; });
    if (place == repairs_.begin()) return offset;
    --place;
    if (offset == place->place) return place->original;
    return place->original + place->length + (offset - place->place - 3);
  }
  bool repaired() const { return !repairs_.empty(); }
  /// Whether the view is invalid, as it may be for byte-level models.
  bool broken() const { return broken_; }

 private:
  struct Repair {
    uint32_t place, original, length;
  };
  std::string_view view_;
  std::string fixed_;
  std::vector<Repair> repairs_;
  bool broken_ = false;
};

/// Byte offsets to code points or UTF-16 units, from one position to the next.
class UnitCounter {
 public:
  UnitCounter(std::string_view text, bool utf16) : text_(text), utf16_(utf16) {}
  uint32_t at(uint32_t byte) {
    if (byte >= byte_) {
      units_ += count(byte_, byte);
    } else {
      units_ -= count(byte, byte_);
    }
    byte_ = byte;
    return units_;
  }

 private:
  uint32_t count(uint32_t begin, uint32_t end) const {
    uint32_t units = 0;
    if (end - begin > 64) {
      units = uint32_t(unicode::count_scalars(text_.substr(begin, end - begin)));
    } else {
      for (uint32_t i = begin; i < end; ++i) units += (static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80;
    }
    if (utf16_)
      for (uint32_t i = begin; i < end; ++i) units += static_cast<unsigned char>(text_[i]) >= 0xF0;
    return units;
  }
  std::string_view text_;
  bool utf16_;
  uint32_t byte_ = 0, units_ = 0;
};

bool bytes_allowed(const TokenizerCore& core) {
  return !core.normalizer && (core.fused_bytes || core.model->type() == ModelType::bytes);
}

/// One text as an encoding of its own.
Encoding encode_text(const std::shared_ptr<const TokenizerCore>& core, std::string_view text,
                     const EncodeOptions& options, EncodeFields fields, uint32_t type_id,
                     std::optional<uint32_t> word) {
  Workspace& work = thread_workspace();
  Output& out = work.output;
  out.clear();
  out.sink.want_spans = has(fields, EncodeFields::offsets);
  out.want_words = has(fields, EncodeFields::words);
  const bool plain_specials = options.encode_special_tokens.on(core->config.split_special_tokens);
  const ValidText valid(text, options.invalid, bytes_allowed(*core));
  out.sink.ids.reserve(text.size() / 4 + 8);
  std::optional<raven::ThreadLimit> limit;
  if (options.threads > 0 && text.size() >= section_size) limit.emplace(options.threads);
  if (valid.broken()) {
    TextEncoder(*core, work, plain_specials).run(valid.view());
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
    if (options.offsets == Offsets::byte) {
      if (valid.repaired())
        for (Span& span : spans) span = {valid.original(span.begin), valid.original(span.end)};
    } else if (!unicode::is_ascii(valid.view())) {
      UnitCounter counter(valid.view(), options.offsets == Offsets::utf16);
      for (Span& span : spans) {
        span.begin = counter.at(span.begin);
        span.end = counter.at(span.end);
      }
    }
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

/// Runs `encode_one(i)` for all i on the pool, then pads. Sizes are the texts' in bytes.
template <class EncodeOne>
std::vector<Encoding> run_batch(const TokenizerCore& core, std::span<const size_t> sizes, const EncodeOptions& options,
                                EncodeOne&& encode_one) {
  std::vector<Encoding> results(sizes.size());
  std::optional<raven::ThreadLimit> limit;
  if (options.threads > 0) limit.emplace(options.threads);
  const BatchOrder order = batch_order(core, sizes);
  for (const uint32_t i : order.alone) results[i] = encode_one(i);
  const auto count = int64_t(order.together.size());
  const int64_t grain = std::max<int64_t>(1, std::min<int64_t>(16, count / 32));
  raven::parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) {
      const uint32_t i = order.together[size_t(at)];
      results[i] = encode_one(i);
    }
  });
  if (const auto padding = padding_of(core, options)) pad_all(results, *padding);
  return results;
}

}  // namespace

Encoding Tokenizer::encode(const TextInput& input, const EncodeOptions& options) const {
  const EncodeFields fields = effective_fields(options);
  std::vector<Encoding> list;
  list.push_back(encode_input(core_, input, options, fields, 0));
  Encoding result = finish(*core_, std::move(list), options, fields);
  if (const auto padding = padding_of(*core_, options)) pad_all({&result, 1}, *padding);
  return result;
}

Encoding Tokenizer::encode(const TextInput& first, const TextInput& second, const EncodeOptions& options) const {
  const EncodeFields fields = effective_fields(options);
  std::vector<Encoding> list;
  list.push_back(encode_input(core_, first, options, fields, 0));
  list.push_back(encode_input(core_, second, options, fields, 1));
  Encoding result = finish(*core_, std::move(list), options, fields);
  if (const auto padding = padding_of(*core_, options)) pad_all({&result, 1}, *padding);
  return result;
}

Result<Encoding> Tokenizer::try_encode(const TextInput& input, const EncodeOptions& options) const {
  try {
    return encode(input, options);
  } catch (const raven::Error& error) {
    return Result<Encoding>::failure(error.what());
  }
}

std::vector<Encoding> Tokenizer::encode_batch(std::span<const std::string_view> texts,
                                              const EncodeOptions& options) const {
  EncodeOptions single = options;
  single.padding.reset();
  single.no_padding = true;
  std::vector<size_t> sizes;
  sizes.reserve(texts.size());
  for (const std::string_view text : texts) sizes.push_back(text.size());
  return run_batch(*core_, sizes, options, [&](size_t i) { return encode(texts[i], single); });
}

std::vector<Encoding> Tokenizer::encode_batch(const std::vector<std::string>& texts,
                                              const EncodeOptions& options) const {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return encode_batch(std::span<const std::string_view>(views), options);
}

std::vector<Encoding> Tokenizer::encode_batch(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                                              const EncodeOptions& options) const {
  EncodeOptions single = options;
  single.padding.reset();
  single.no_padding = true;
  std::vector<size_t> sizes;
  sizes.reserve(pairs.size());
  for (const auto& [first, second] : pairs) sizes.push_back(first.size() + second.size());
  return run_batch(*core_, sizes, options,
                   [&](size_t i) { return encode(pairs[i].first, pairs[i].second, single); });
}

Batch Tokenizer::encode_batch_ids(std::span<const std::string_view> texts, const EncodeOptions& options) const {
  EncodeOptions padded = options;
  padded.fields = EncodeFields::types | EncodeFields::masks;
  if (!padding_of(*core_, options)) padded.padding = Padding::longest();
  const std::vector<Encoding> encodings = encode_batch(texts, padded);
  Batch batch;
  batch.rows_ = encodings.size();
  for (const Encoding& one : encodings) batch.cols_ = std::max(batch.cols_, one.size());
  const uint32_t pad_id = padding_of(*core_, padded)->pad_id;
  const size_t total = batch.rows_ * batch.cols_;
  batch.input_ids_.assign(total, int32_t(pad_id));
  batch.attention_mask_.assign(total, 0);
  batch.token_type_ids_.assign(total, 0);
  batch.special_tokens_mask_.assign(total, 1);
  for (size_t row = 0; row < batch.rows_; ++row) {
    const Encoding& one = encodings[row];
    const size_t start = row * batch.cols_;
    std::copy(one.ids().begin(), one.ids().end(), batch.input_ids_.begin() + ptrdiff_t(start));
    std::copy(one.attention_mask().begin(), one.attention_mask().end(),
              batch.attention_mask_.begin() + ptrdiff_t(start));
    std::copy(one.type_ids().begin(), one.type_ids().end(), batch.token_type_ids_.begin() + ptrdiff_t(start));
    std::copy(one.special_tokens_mask().begin(), one.special_tokens_mask().end(),
              batch.special_tokens_mask_.begin() + ptrdiff_t(start));
  }
  return batch;
}

std::vector<uint32_t> Tokenizer::encode_ids(std::string_view text, bool add_special_tokens) const {
  if (add_special_tokens && core_->post_processor) {
    const Encoding encoding = encode(text, {.fields = EncodeFields::ids, .no_truncation = true, .no_padding = true});
    return {encoding.ids().begin(), encoding.ids().end()};
  }
  Workspace& work = thread_workspace();
  work.output.clear();
  work.output.sink.want_spans = work.output.want_words = false;
  const ValidText valid(text, InvalidUtf8::replace, false);
  encode_valid(*core_, work, valid.view(), core_->config.split_special_tokens);
  return std::vector<uint32_t>(work.output.sink.ids.begin(), work.output.sink.ids.end());
}

size_t Tokenizer::count_tokens(std::string_view text, bool add_special_tokens) const {
  Workspace& work = thread_workspace();
  work.output.clear();
  work.output.sink.want_spans = work.output.want_words = false;
  const ValidText valid(text, InvalidUtf8::replace, false);
  encode_valid(*core_, work, valid.view(), core_->config.split_special_tokens);
  return work.output.sink.ids.size() + (add_special_tokens ? num_special_tokens_to_add(false) : 0);
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
