#pragma once
// The tokenizer: normalizer, pre-tokenizer, model, post-processor and decoder
// around a set of added tokens.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/brot/core/added_tokens.hpp"
#include "raven/brot/core/encoding.hpp"
#include "raven/brot/core/error.hpp"
#include "raven/brot/core/options.hpp"
#include "raven/brot/decoders/decoder.hpp"
#include "raven/brot/models/model.hpp"
#include "raven/brot/normalizers/normalizer.hpp"
#include "raven/brot/post_processors/post_processor.hpp"
#include "raven/brot/pre_tokenizers/pre_tokenizer.hpp"
#include "raven/brot/template/template.hpp"
#include "raven/brot/template/tools.hpp"

namespace brot {

class DecodeStream;
class Corpus;
class Tokenizer;
template <class Trainer>
void train(Tokenizer& tokenizer, const Trainer& trainer, const Corpus& corpus);
struct ChatEncoding;
struct TokenizerCore;
struct TokenizerConfig;

/// One side of an input: plain text, or words that were cut already (offsets
/// restart in each, word ids count them).
class TextInput {
 public:
  TextInput(std::string_view text) : text_(text) {}
  TextInput(const std::string& text) : text_(text) {}
  TextInput(const char* text) : text_(text) {}
  TextInput(std::span<const std::string_view> words) : words_(words), pre_tokenized_(true) {}
  bool pre_tokenized() const noexcept { return pre_tokenized_; }
  std::string_view text() const noexcept { return text_; }
  std::span<const std::string_view> words() const noexcept { return words_; }

 private:
  std::string_view text_;
  std::span<const std::string_view> words_;
  bool pre_tokenized_ = false;
};

/// A rectangular batch: rows × cols in row-major order, ready to become arrays.
class Batch {
 public:
  size_t rows() const noexcept { return rows_; }
  size_t cols() const noexcept { return cols_; }
  const std::vector<int32_t>& input_ids() const& noexcept { return input_ids_; }
  std::vector<int32_t>&& input_ids() && noexcept { return std::move(input_ids_); }
  const std::vector<int32_t>& attention_mask() const noexcept { return attention_mask_; }
  const std::vector<int32_t>& token_type_ids() const noexcept { return token_type_ids_; }
  const std::vector<int32_t>& special_tokens_mask() const noexcept { return special_tokens_mask_; }

 private:
  friend class Tokenizer;
  size_t rows_ = 0, cols_ = 0;
  std::vector<int32_t> input_ids_, attention_mask_, token_type_ids_, special_tokens_mask_;
};

/// A piece of text with its place in the input (byte offsets).
struct TextPiece {
  std::string text;
  Span offsets;
};

/// How a model draws one of the ways to cut a text.
struct Sampling {
  double alpha = 0.1;     ///< Unigram: a segmentation has a probability in proportion to exp(alpha · score)
  size_t nbest_size = 0;  ///< Unigram: of this many best ones; 0: of all
  float dropout = 0.1f;   ///< BPE: the probability of skipping a merge
  uint64_t seed = 0;
};

/// Ids and the sum of their scores (log-probabilities).
struct ScoredIds {
  std::vector<uint32_t> ids;
  double score = 0;
};

/// Decoded text with the place of each id in it.
struct DecodedText {
  std::string text;
  std::vector<Span> offsets;
};

/// Options of chat templates.
struct ChatOptions {
  jinja::Value tools = {};  ///< a list of tool descriptions, e.g. from describe_tools
  jinja::Value documents = {};
  bool add_generation_prompt = false;
  bool continue_final_message = false;  ///< ends where the last message's content ends, so that a model goes on with it
  std::string name =
      {};  ///< of a named template; by default `default`, or `tool_use` when `tools` is given, be it empty
  std::vector<std::pair<std::string, jinja::Value>> variables = {};  ///< further variables
  int64_t now = -1;   ///< time of strftime_now in seconds since 1970, in UTC; negative: the clock's local time
  uint64_t seed = 0;  ///< of the filter `random`
};

/// How a tokenizer.json is read.
struct LoadOptions {
  bool strict = false;  ///< unknown keys beside the components are errors, as in
                        ///< HuggingFace
};

/// How a tokenizer is written.
struct SaveOptions {
  bool pretty = true;
};

/// A cheap handle on an immutable core; setters copy the core when it is
/// shared. `encode*` and `decode*` are safe on many threads.
class RAVEN_API Tokenizer {
 public:
  /// @throws brot::Error when the model is null
  explicit Tokenizer(ModelPtr model);

  /// Reads a `tokenizer.json`. @throws raven::IoError, brot::Error with JSON
  /// pointer and byte offset
  static Tokenizer from_file(const std::string& path, LoadOptions options = {});
  /// Reads the text of a `tokenizer.json`.
  static Tokenizer from_json(std::string_view text, std::string_view name = "tokenizer.json", LoadOptions options = {});
  /// Reads a directory as models are published in: `tokenizer.json` or the
  /// older vocabulary files, `tokenizer_config.json`, the chat template.
  static Tokenizer from_pretrained_dir(const std::string& path);
  static Result<Tokenizer> try_from_file(const std::string& path, LoadOptions options = {});
  static Result<Tokenizer> try_from_json(std::string_view text, std::string_view name = "tokenizer.json",
                                         LoadOptions options = {});
  static Result<Tokenizer> try_from_pretrained_dir(const std::string& path);
  /// The text of the tokenizer's file. @throws brot::Error when a component is
  /// user-defined
  std::string to_json(SaveOptions options = {.pretty = false}) const;
  /// Reads the compiled form, which is mapped into memory: large vocabularies
  /// are there in milliseconds. It is checked whole.
  /// @throws raven::IoError, brot::Error (format) for files that are damaged or
  /// of another version
  static Tokenizer from_compiled(const std::string& path);
  /// `load_any(source)` through a compiled file beside it (`source` + ".brot",
  /// or `compiled`), which is made when it is missing, does not belong to the
  /// source's present size and time, is damaged or of another version.
  /// @throws raven::IoError also when it cannot be written
  static Tokenizer from_cached(const std::string& source, const std::string& compiled = {});
  /// Writes the compiled form, for machines of this byte order and this version
  /// of brot. @throws as to_json
  void save_compiled(const std::string& path) const;
  /// Writes the file, whole or not at all.
  void save(const std::string& path, SaveOptions options = {}) const;

  // Components.
  const Model& model() const;
  ModelPtr model_pointer() const;
  const std::optional<Normalizer>& normalizer() const;
  const std::optional<PreTokenizer>& pre_tokenizer() const;
  const std::optional<PostProcessor>& post_processor() const;
  const std::optional<Decoder>& decoder() const;
  const std::optional<Truncation>& truncation() const;
  const std::optional<Padding>& padding() const;
  const TokenizerConfig& config() const;
  UnicodeProfile unicode_profile() const;
  /// Cutting to the configuration's model_max_length on its truncation_side; none when there is no such length.
  std::optional<Truncation> configured_truncation() const;
  /// Filling up to the longest on the configuration's padding_side. @throws brot::Error (argument) without pad token
  Padding configured_padding() const;
  void set_model(ModelPtr model);
  void set_normalizer(std::optional<Normalizer> normalizer);
  void set_pre_tokenizer(std::optional<PreTokenizer> pre_tokenizer);
  void set_post_processor(std::optional<PostProcessor> post_processor);
  void set_decoder(std::optional<Decoder> decoder);
  /// @throws brot::Error when the stride is not below the length that special
  /// tokens leave
  void set_truncation(std::optional<Truncation> truncation);
  void set_padding(std::optional<Padding> padding);
  void set_config(TokenizerConfig config);
  /// The versions of Unicode that normal forms, classes of characters and patterns follow. `latest` gives other ids
  /// than HuggingFace for text with newer characters; the saved file says so by a key that HuggingFace refuses.
  /// @throws RegexError for a pattern with a property that the versions do not have
  void set_unicode_profile(UnicodeProfile profile);
  /// Adds tokens; returns how many were not ignored. @throws brot::Error, with
  /// none added, when one is no valid UTF-8 (invalid_text) or no id is left (limit)
  size_t add_tokens(const std::vector<AddedToken>& tokens);
  size_t add_special_tokens(const std::vector<AddedToken>& tokens);
  /// As brot::train (trainers.hpp).
  template <class Trainer>
  void train(const Trainer& trainer, const Corpus& corpus) {
    brot::train(*this, trainer, corpus);
  }

  // Encoding.
  /// @throws brot::Error (unknown_token, invalid_text, limit)
  Encoding encode(const TextInput& input, const EncodeOptions& options = {}) const;
  Encoding encode(const TextInput& first, const TextInput& second, const EncodeOptions& options = {}) const;
  Result<Encoding> try_encode(const TextInput& input, const EncodeOptions& options = {}) const;
  Result<Encoding> try_encode(const TextInput& first, const TextInput& second, const EncodeOptions& options = {}) const;
  Result<std::vector<Encoding>> try_encode_batch(std::span<const std::string_view> texts,
                                                 const EncodeOptions& options = {}) const;
  std::vector<Encoding> encode_batch(std::span<const std::string_view> texts, const EncodeOptions& options = {}) const;
  std::vector<Encoding> encode_batch(const std::vector<std::string>& texts, const EncodeOptions& options = {}) const;
  std::vector<Encoding> encode_batch(std::span<const TextInput> inputs, const EncodeOptions& options = {}) const;
  std::vector<Encoding> encode_batch(std::span<const std::pair<std::string_view, std::string_view>> pairs,
                                     const EncodeOptions& options = {}) const;
  std::vector<Encoding> encode_batch(std::span<const std::pair<TextInput, TextInput>> pairs,
                                     const EncodeOptions& options = {}) const;
  /// Encodes and pads into one rectangle.
  Batch encode_batch_ids(std::span<const std::string_view> texts, const EncodeOptions& options = {}) const;
  Batch encode_batch_ids(std::span<const TextInput> inputs, const EncodeOptions& options = {}) const;
  Batch encode_batch_ids(std::span<const std::pair<TextInput, TextInput>> pairs,
                         const EncodeOptions& options = {}) const;
  /// The ids alone, without special tokens unless asked for; the fastest way.
  std::vector<uint32_t> encode_ids(std::string_view text, bool add_special_tokens = false) const;
  /// Number of ids that encode_ids would give.
  size_t count_tokens(std::string_view text, bool add_special_tokens = false) const;
  /// This tokenizer with a model that draws: encode gives one of the ways to cut the text, another one each time.
  /// @throws brot::Error (unsupported) for models other than Unigram and BPE
  Tokenizer with_sampling(const Sampling& sampling) const;
  /// The `count` best ways to cut the text, best first, without special tokens; fewer when there are not so many, or
  /// when the search has looked at 10⁶ beginnings of ways. Each call copies what is beside the model. @throws brot::Error (unsupported) for models other than Unigram
  std::vector<ScoredIds> nbest(std::string_view text, size_t count) const;
  /// The longest prefix of `text`, ending between characters, that has at most
  /// `count` tokens.
  std::string_view truncate_to_tokens(std::string_view text, size_t count) const;
  /// Cuts the text at character boundaries into consecutive parts of at most
  /// `count` tokens each.
  std::vector<std::string_view> split_into_chunks(std::string_view text, size_t count) const;

  // Decoding.
  /// Unknown ids are left out.
  std::string decode(std::span<const uint32_t> ids, const DecodeOptions& options = {}) const;
  std::vector<std::string> decode_batch(std::span<const std::vector<uint32_t>> sequences,
                                        const DecodeOptions& options = {}) const;
  DecodeStream decode_stream(const DecodeOptions& options = {}) const;
  /// The bytes of the ids before invalid UTF-8 is replaced; for other than
  /// byte-level decoders the text's bytes.
  std::string decode_bytes(std::span<const uint32_t> ids) const;
  /// The bytes that each id adds to `decode_bytes`, where every byte token stands for its byte; empty for unknown ids. What
  /// is stripped at the start of the text is nobody's.
  /// @throws brot::Error (unsupported) for chains of decoders that do not work token by token
  std::vector<std::string> decode_tokens_bytes(std::span<const uint32_t> ids) const;
  /// The text of `decode`, and for each id the characters of it that its bytes belong to, in `unit`; ids that are left
  /// out or add nothing have empty ranges. @throws as decode_tokens_bytes, also when spaces shall be mended
  DecodedText decode_with_offsets(std::span<const uint32_t> ids, const DecodeOptions& options = {},
                                  Offsets unit = Offsets::byte) const;

  // Chat.
  /// Renders the chat template with `messages`, a list of dictionaries, and the
  /// special tokens of the configuration as variables.
  /// @throws TemplateError with line and column; brot::Error when there is no
  /// template of that name
  std::string apply_chat_template(const jinja::Value& messages, const ChatOptions& options = {}) const;
  Result<std::string> try_apply_chat_template(const jinja::Value& messages, const ChatOptions& options = {}) const;
  /// As encode_chat, with the tokens that `{% generation %}` blocks of the
  /// template mark: what the assistant said.
  /// @throws also brot::Error (unsupported) when the template has no such block
  ChatEncoding encode_chat_with_mask(const jinja::Value& messages, const ChatOptions& options = {},
                                     EncodeOptions encode_options = {}) const;
  /// The rendered text encoded: its special tokens are recognised, none are
  /// added again.
  Encoding encode_chat(const jinja::Value& messages, const ChatOptions& options = {},
                       EncodeOptions encode_options = {}) const;

  // Introspection.
  /// (text, id), ascending by id.
  std::vector<std::pair<std::string, uint32_t>> vocab(bool with_added = true) const;
  size_t vocab_size(bool with_added = true) const;
  std::optional<uint32_t> token_to_id(std::string_view token) const;
  /// The text of an id, as decoders see it: that of a normalized added token is
  /// normalized.
  std::optional<std::string> id_to_token(uint32_t id) const;
  const std::map<uint32_t, AddedToken>& added_tokens() const;
  /// The contents of the special tokens, ascending by id.
  std::vector<std::string> specials() const;
  /// Tokens by role, as the configuration names them; the unknown token may
  /// also come from the model.
  std::optional<std::string> bos_token() const;
  std::optional<std::string> eos_token() const;
  std::optional<std::string> unk_token() const;
  std::optional<std::string> pad_token() const;
  std::optional<std::string> cls_token() const;
  std::optional<std::string> sep_token() const;
  std::optional<std::string> mask_token() const;
  /// Their ids; nothing when there is no such role or its token is not in the
  /// vocabulary.
  std::optional<uint32_t> bos_id() const { return id_of(bos_token()); }
  std::optional<uint32_t> eos_id() const { return id_of(eos_token()); }
  std::optional<uint32_t> unk_id() const { return id_of(unk_token()); }
  std::optional<uint32_t> pad_id() const { return id_of(pad_token()); }
  std::optional<uint32_t> cls_id() const { return id_of(cls_token()); }
  std::optional<uint32_t> sep_id() const { return id_of(sep_token()); }
  std::optional<uint32_t> mask_id() const { return id_of(mask_token()); }
  /// Tokens that the post-processor adds to one text or a pair.
  size_t num_special_tokens_to_add(bool is_pair = false) const;
  std::vector<TextPiece> pre_tokenize(std::string_view text) const;
  std::string normalize(std::string_view text) const;
  /// One line per component.
  std::string to_string() const;
  /// What each stage makes of the text, one line per stage.
  std::string explain(std::string_view text) const;

  const std::shared_ptr<const TokenizerCore>& core() const noexcept { return core_; }

 private:
  friend class TokenizerAccess;
  std::optional<uint32_t> id_of(const std::optional<std::string>& token) const {
    return token ? token_to_id(*token) : std::nullopt;
  }
  EncodeOptions rectangle_options(EncodeOptions options) const;
  Batch rectangle(std::vector<Encoding> encodings, const EncodeOptions& options) const;
  TokenizerCore& edit();
  std::shared_ptr<const TokenizerCore> core_;
};

/// An encoded chat for training.
struct ChatEncoding {
  std::string text;
  Encoding encoding;
  std::vector<uint8_t> assistant_tokens_mask;  ///< 1 for tokens of what the assistant said
};

struct HtmlOptions {
  Offsets offsets = Offsets::byte;                        ///< the unit of the encoding's offsets
  std::optional<std::string_view> second = std::nullopt;  ///< the second text, of a pair
};

/// Ranges of `text` in another unit; places inside a character count as its beginning. Neither unit is `none`, and the
/// text is valid UTF-8 (else invalid parts count as one character each). @throws brot::Error (argument) for places
/// beyond the text
RAVEN_API std::vector<Span> convert_offsets(std::string_view text, std::span<const Span> spans, Offsets from,
                                            Offsets to);

/// Coloured token spans of `text` as HTML for notebooks; special tokens are
/// marked. @throws brot::Error (argument) when the encoding has no offsets, or
/// is that of a pair and the second text is missing
RAVEN_API std::string to_html(const Encoding& encoding, std::string_view text, const HtmlOptions& options = {});

/// Text from ids that arrive one by one. What it emits, with `flush`, adds up
/// to `decode` of all ids; a part is emitted as soon as later ids cannot change
/// it.
class RAVEN_API DecodeStream {
 public:
  DecodeStream(std::shared_ptr<const TokenizerCore> core, DecodeOptions options);
  DecodeStream(DecodeStream&&) noexcept;
  DecodeStream& operator=(DecodeStream&&) noexcept;
  ~DecodeStream();
  /// The text that `id` completes; nothing while bytes are missing. The view
  /// lives until the next call.
  std::optional<std::string_view> step(uint32_t id);
  /// What is left at the end; the next id begins a new text.
  std::string flush();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Holds back text that may be the beginning of a stop string.
class RAVEN_API StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {}
  struct Output {
    std::string text;  ///< safe to show
    bool stopped;      ///< a stop string was completed; `text` ends before it
  };
  Output push(std::string_view text);
  /// What was held back, at the end.
  std::string flush();

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace brot
