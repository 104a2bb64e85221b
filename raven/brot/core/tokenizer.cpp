#include "raven/brot/core/tokenizer.hpp"

#include <algorithm>
#include <tuple>

#include "raven/base/file.hpp"
#include "raven/brot/core/core.hpp"
#include "raven/brot/files/tokenizer_json.hpp"
#include "raven/brot/models/unigram.hpp"
#include "raven/brot/models/word_models.hpp"

namespace brot {

// ---------------------------------------------------------------------------------------------------------------- core

TokenizerCore::TokenizerCore(const TokenizerCore& other)
    : TokenNames(other),
      model(other.model),
      normalizer(other.normalizer),
      pre_tokenizer(other.pre_tokenizer),
      post_processor(other.post_processor),
      decoder(other.decoder),
      truncation(other.truncation),
      padding(other.padding),
      added(other.added),
      config(other.config),
      profile(other.profile),
      draws(other.draws.load()) {
  prepare();
}

std::string_view TokenizerCore::name_of(uint32_t id) const {
  const auto token = added.by_id().find(id);
  if (token != added.by_id().end()) return token->second.content;
  return model->vocabulary().text(id);
}

std::string_view TokenizerCore::decoded_name_of(uint32_t id) const {
  const std::string_view text = added.text(id);
  return text.data() ? text : model->vocabulary().text(id);
}

void TokenizerCore::prepare() {
  bpe = dynamic_cast<const BPE*>(model.get());
  fused_bytes = bpe && bpe->byte_level() && pre_tokenizer && pre_tokenizer->ends_in_byte_level();
  const Pattern* pattern = fused_bytes ? pre_tokenizer->single_byte_level_pattern(profile) : nullptr;
  single_pattern = pattern ? &pattern->compiled() : nullptr;
  cut_at_metaspace = bpe && !fused_bytes;
  const auto* unigram = dynamic_cast<const Unigram*>(model.get());
  random = (bpe && bpe->options().dropout.value_or(0) > 0) || (unigram && unigram->options().alpha > 0);
  needs_offsets = (pre_tokenizer && pre_tokenizer->needs_offsets()) ||
                  (normalizer && std::holds_alternative<normalizers::Custom>(normalizer->kind()));
}

// -------------------------------------------------------------------------------------------------------------- handle

namespace {

template <class Component>
std::optional<Component> with_profile(const std::optional<Component>& component, UnicodeProfile profile) {
  return component ? std::optional<Component>(component->with_profile(profile)) : std::nullopt;
}

}  // namespace

Tokenizer::Tokenizer(ModelPtr model) {
  if (!model) throw Error(ErrorCode::argument, "brot.Tokenizer", "model: got null");
  auto core = std::make_shared<TokenizerCore>();
  core->model = std::move(model);
  core->prepare();
  core_ = std::move(core);
}

TokenizerCore& Tokenizer::edit() {
  core_ = std::make_shared<TokenizerCore>(*core_);  // never changed once it was handed out
  return const_cast<TokenizerCore&>(*core_);
}

const Model& Tokenizer::model() const { return *core_->model; }
ModelPtr Tokenizer::model_pointer() const { return core_->model; }
const std::optional<Normalizer>& Tokenizer::normalizer() const { return core_->normalizer; }
const std::optional<PreTokenizer>& Tokenizer::pre_tokenizer() const { return core_->pre_tokenizer; }
const std::optional<PostProcessor>& Tokenizer::post_processor() const { return core_->post_processor; }
const std::optional<Decoder>& Tokenizer::decoder() const { return core_->decoder; }
const std::optional<Truncation>& Tokenizer::truncation() const { return core_->truncation; }
const std::optional<Padding>& Tokenizer::padding() const { return core_->padding; }
const TokenizerConfig& Tokenizer::config() const { return core_->config; }
UnicodeProfile Tokenizer::unicode_profile() const { return core_->profile; }
std::optional<Truncation> Tokenizer::configured_truncation() const {
  if (!core_->config.model_max_length) return std::nullopt;
  Truncation truncation;
  truncation.max_length = size_t(*core_->config.model_max_length);
  if (core_->config.truncation_side == "left") truncation.direction = Direction::left;
  return truncation;
}
Padding Tokenizer::configured_padding() const {
  const auto token = pad_token();
  const auto id = token ? token_to_id(*token) : std::nullopt;
  if (!id) throw Error(ErrorCode::argument, "brot.Tokenizer.configured_padding", "the tokenizer has no pad token");
  Padding padding;
  padding.pad_token = *token;
  padding.pad_id = *id;
  if (core_->config.padding_side == "left") padding.direction = Direction::left;
  return padding;
}
const std::map<uint32_t, AddedToken>& Tokenizer::added_tokens() const { return core_->added.by_id(); }

void Tokenizer::set_model(ModelPtr model) {
  if (!model) throw Error(ErrorCode::argument, "brot.Tokenizer.set_model", "model: got null");
  TokenizerCore& core = edit();
  core.model = std::move(model);
  core.prepare();
}
void Tokenizer::set_normalizer(std::optional<Normalizer> normalizer) {
  TokenizerCore& core = edit();
  core.normalizer = with_profile(normalizer, core.profile);
  core.added.set_normalizer(core.normalizer ? &*core.normalizer : nullptr, core.profile);
  core.prepare();
}
void Tokenizer::set_pre_tokenizer(std::optional<PreTokenizer> pre_tokenizer) {
  TokenizerCore& core = edit();
  core.pre_tokenizer = with_profile(pre_tokenizer, core.profile);
  core.prepare();
}
void Tokenizer::set_post_processor(std::optional<PostProcessor> post_processor) {
  edit().post_processor = std::move(post_processor);
}
void Tokenizer::set_decoder(std::optional<Decoder> decoder) {
  decoder = with_profile(decoder, core_->profile);
  edit().decoder = std::move(decoder);
}
void Tokenizer::set_unicode_profile(UnicodeProfile profile) {
  if (profile == core_->profile) return;
  // All that may be refused comes before the change.
  std::optional<Normalizer> normalizer = with_profile(core_->normalizer, profile);
  std::optional<PreTokenizer> pre_tokenizer = with_profile(core_->pre_tokenizer, profile);
  std::optional<Decoder> decoder = with_profile(core_->decoder, profile);
  TokenizerCore& core = edit();
  core.profile = profile;
  core.normalizer = std::move(normalizer);
  core.pre_tokenizer = std::move(pre_tokenizer);
  core.decoder = std::move(decoder);
  core.added.set_normalizer(core.normalizer ? &*core.normalizer : nullptr, profile);
  core.prepare();
}
void Tokenizer::set_truncation(std::optional<Truncation> truncation) {
  if (truncation && truncation->stride > 0) {
    const size_t added = num_special_tokens_to_add(false);
    const size_t room = truncation->max_length > added ? truncation->max_length - added : 0;
    if (truncation->stride >= room)
      throw Error(ErrorCode::argument, "brot.Tokenizer.set_truncation",
                  raven::Message() << "stride: got " << truncation->stride << ", expected less than the " << room
                                   << " tokens that special tokens leave of max_length " << truncation->max_length);
  }
  edit().truncation = truncation;
}
void Tokenizer::set_padding(std::optional<Padding> padding) { edit().padding = std::move(padding); }
void Tokenizer::set_config(TokenizerConfig config) { edit().config = std::move(config); }

size_t Tokenizer::add_tokens(const std::vector<AddedToken>& tokens) {
  AddedTokens all = core_->added;
  const size_t count = all.add(tokens, core_->model->vocabulary(), core_->normalizer ? &*core_->normalizer : nullptr);
  edit().added = std::move(all);
  return count;
}
size_t Tokenizer::add_special_tokens(const std::vector<AddedToken>& tokens) {
  std::vector<AddedToken> special = tokens;
  for (AddedToken& token : special) token.special = true;
  return add_tokens(special);
}

// ------------------------------------------------------------------------------------------------------- introspection

std::vector<std::pair<std::string, uint32_t>> Tokenizer::vocab(bool with_added) const {
  std::map<std::string, uint32_t> all;
  for (const auto& [text, id] : core_->model->vocabulary().entries()) all[std::string(text)] = id;
  if (with_added)
    for (const auto& [id, token] : core_->added.by_id()) all[token.content] = id;
  std::vector<std::pair<std::string, uint32_t>> list(all.begin(), all.end());
  std::sort(list.begin(), list.end(),
            [](const auto& a, const auto& b) { return std::tie(a.second, a.first) < std::tie(b.second, b.first); });
  return list;
}

size_t Tokenizer::vocab_size(bool with_added) const {
  size_t size = core_->model->vocabulary().size();
  if (with_added)
    for (const auto& [id, token] : core_->added.by_id())
      size += core_->model->vocabulary().find(token.content) == Vocabulary::none;
  return size;
}

std::optional<uint32_t> Tokenizer::token_to_id(std::string_view token) const {
  uint32_t id = core_->added.find(token);
  if (id == AddedTokens::none) id = core_->model->vocabulary().find(token);
  return id == Vocabulary::none ? std::nullopt : std::optional<uint32_t>(id);
}

std::optional<std::string> Tokenizer::id_to_token(uint32_t id) const {
  const std::string_view name = core_->decoded_name_of(id);
  return name.data() ? std::optional<std::string>(name) : std::nullopt;
}

std::vector<std::string> Tokenizer::specials() const {
  std::vector<std::string> contents;
  for (const auto& [id, token] : core_->added.by_id())
    if (token.special) contents.push_back(token.content);
  return contents;
}

std::optional<std::string> Tokenizer::bos_token() const { return core_->config.bos_token; }
std::optional<std::string> Tokenizer::eos_token() const { return core_->config.eos_token; }
std::optional<std::string> Tokenizer::pad_token() const {
  if (core_->config.pad_token) return core_->config.pad_token;
  return core_->padding ? std::optional<std::string>(core_->padding->pad_token) : std::nullopt;
}
std::optional<std::string> Tokenizer::cls_token() const { return core_->config.cls_token; }
std::optional<std::string> Tokenizer::sep_token() const { return core_->config.sep_token; }
std::optional<std::string> Tokenizer::mask_token() const { return core_->config.mask_token; }
std::optional<std::string> Tokenizer::unk_token() const {
  if (core_->config.unk_token) return core_->config.unk_token;
  if (const auto* bpe = dynamic_cast<const BPE*>(core_->model.get())) return bpe->options().unk_token;
  if (const auto* pieces = dynamic_cast<const WordPiece*>(core_->model.get())) return pieces->options().unk_token;
  if (const auto* words = dynamic_cast<const WordLevel*>(core_->model.get())) return words->options().unk_token;
  if (const auto* unigram = dynamic_cast<const Unigram*>(core_->model.get()); unigram && unigram->options().unk_id)
    return unigram->pieces()[*unigram->options().unk_id].first;
  return std::nullopt;
}

size_t Tokenizer::num_special_tokens_to_add(bool is_pair) const {
  return core_->post_processor ? core_->post_processor->added_tokens(is_pair) : 0;
}

std::string Tokenizer::normalize(std::string_view text) const {
  return core_->normalizer ? core_->normalizer->normalized(text, core_->profile) : unicode::replace_invalid(text);
}

std::vector<TextPiece> Tokenizer::pre_tokenize(std::string_view text) const {
  const std::string valid = unicode::replace_invalid(text);
  Pieces pieces;
  pieces.text.assign(valid, 0, true, core_->profile);
  pieces.list.push_back({0, uint32_t(valid.size()), Piece::none});
  if (core_->pre_tokenizer) core_->pre_tokenizer->apply(pieces);
  std::vector<TextPiece> result;
  for (const Piece& piece : pieces.list)
    result.push_back({std::string(pieces.view(piece)), pieces.text.span(piece.begin, piece.end)});
  return result;
}

// -------------------------------------------------------------------------------------------------------------- files

Tokenizer Tokenizer::from_file(const std::string& path, LoadOptions options) {
  const raven::MappedFile file(path, "brot.Tokenizer.from_file");
  return from_json(file.text(), path, options);
}
Tokenizer Tokenizer::from_json(std::string_view text, std::string_view name, LoadOptions options) {
  return files::read_tokenizer(text, name, options);
}

std::string Tokenizer::to_json(SaveOptions options) const { return files::write_tokenizer(*core_, options.pretty); }
void Tokenizer::save(const std::string& path, SaveOptions options) const {
  raven::write_atomic(path, to_json(options), "brot.Tokenizer.save");
}

// -------------------------------------------------------------------------------------------- results in place of faults

Result<Tokenizer> Tokenizer::try_from_file(const std::string& path, LoadOptions options) {
  return attempt([&] { return from_file(path, options); });
}
Result<Tokenizer> Tokenizer::try_from_json(std::string_view text, std::string_view name, LoadOptions options) {
  return attempt([&] { return from_json(text, name, options); });
}
Result<Tokenizer> Tokenizer::try_from_pretrained_dir(const std::string& path) {
  return attempt([&] { return from_pretrained_dir(path); });
}
Result<Encoding> Tokenizer::try_encode(const TextInput& input, const EncodeOptions& options) const {
  return attempt([&] { return encode(input, options); });
}
Result<Encoding> Tokenizer::try_encode(const TextInput& first, const TextInput& second,
                                       const EncodeOptions& options) const {
  return attempt([&] { return encode(first, second, options); });
}
Result<std::vector<Encoding>> Tokenizer::try_encode_batch(std::span<const std::string_view> texts,
                                                          const EncodeOptions& options) const {
  return attempt([&] { return encode_batch(texts, options); });
}
Result<std::string> Tokenizer::try_apply_chat_template(const jinja::Value& messages, const ChatOptions& options) const {
  return attempt([&] { return apply_chat_template(messages, options); });
}

}  // namespace brot
