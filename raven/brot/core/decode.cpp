// Decoding, whole and streaming.
#include <algorithm>
#include <cstring>
#include <utility>

#include "raven/base/thread_pool.hpp"
#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/core/core.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/decoders/clean_up.hpp"
#include "raven/brot/decoders/incremental.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

using Kind = DecodePlan::Kind;

/// A chain of literal replacements, ByteFallback, Fuse and a Strip at the start: what converted SentencePiece models
/// have.
struct FallbackChain {
  std::vector<const decoders::Replace*> replaces;
  bool byte_fallback = false, fuse = false;
  const decoders::Strip* strip = nullptr;
};

bool match_chain(const Decoder& decoder, FallbackChain& chain) {
  const auto* sequence = std::get_if<decoders::Sequence>(&decoder.kind());
  if (!sequence) return false;
  for (const Decoder& one : sequence->decoders) {
    if (const auto* replace = std::get_if<decoders::Replace>(&one.kind())) {
      if (chain.byte_fallback || chain.fuse) return false;
      chain.replaces.push_back(replace);
    } else if (std::holds_alternative<decoders::ByteFallback>(one.kind())) {
      if (chain.byte_fallback || chain.fuse) return false;
      chain.byte_fallback = true;
    } else if (std::holds_alternative<decoders::Fuse>(one.kind())) {
      if (chain.strip) return false;
      chain.fuse = true;
    } else if (const auto* strip = std::get_if<decoders::Strip>(&one.kind())) {
      if (!chain.fuse || chain.strip || strip->stop != 0) return false;
      chain.strip = strip;
    } else {
      return false;
    }
  }
  return true;
}

std::unique_ptr<DecodePlan> make_plan(const TokenizerCore& core) {
  auto plan = std::make_unique<DecodePlan>();
  const Vocabulary& words = core.model->vocabulary();
  uint64_t last = words.max_id();
  size_t count = words.size();
  for (const auto& [id, token] : core.added.by_id()) {
    last = std::max<uint64_t>(last, id);
    ++count;
  }
  FallbackChain chain;
  if (last >= 8 * uint64_t{count} + 65536) return plan;  // sparse ids: no table
  if (!core.decoder || std::holds_alternative<decoders::Metaspace>(core.decoder->kind()) ||
      std::holds_alternative<decoders::WordPiece>(core.decoder->kind())) {
    plan->kind = Kind::joined;
  } else if (std::holds_alternative<decoders::ByteLevel>(core.decoder->kind())) {
    plan->kind = Kind::byte_level;
  } else if (const auto* spm = std::get_if<decoders::Spm>(&core.decoder->kind()); spm && !spm->denormalizer) {
    plan->kind = Kind::pieces;
    plan->strip_all = spm->strip_all;
  } else if (match_chain(*core.decoder, chain)) {
    plan->kind = Kind::byte_fallback;
    if (chain.strip) {
      unicode::append(plan->strip, chain.strip->content);
      plan->strip_count = chain.strip->start;
    }
  } else {
    return plan;
  }
  plan->tokens.resize(size_t(last) + 1);
  if (plan->kind == Kind::joined || plan->kind == Kind::pieces) plan->firsts.resize(plan->tokens.size());
  const auto store = [&](std::string_view text) {
    const uint32_t begin = uint32_t(plan->arena.size());
    plan->arena.insert(plan->arena.end(), text.begin(), text.end());
    return begin;
  };
  bool fits = true;
  const auto fill = [&](uint32_t id, std::string_view name) {
    DecodePlan::Token& token = plan->tokens[id];
    std::string text(name);
    int byte = -1;
    switch (plan->kind) {
      case Kind::byte_level: {
        std::string bytes;
        if (byte_alphabet::append_bytes(name, bytes)) text = std::move(bytes);
        break;
      }
      case Kind::byte_fallback:
        for (const decoders::Replace* replace : chain.replaces) {
          std::vector<std::string> one{std::move(text)};
          text = std::move(Decoder(*replace).apply(std::move(one))[0]);
        }
        if (chain.byte_fallback) byte = decoders::byte_of_token(text);
        break;
      case Kind::joined: {
        std::string first;
        if (!core.decoder) {
          first = text;
          text.insert(0, 1, ' ');
        } else {
          // The first token and a later one, seen through the decoder.
          const auto pair = core.decoder->apply({text, text});
          first = pair[0];
          text = pair[1];
        }
        plan->firsts[id] = {store(first), uint32_t(first.size())};
        break;
      }
      case Kind::pieces: {
        const auto& spm = std::get<decoders::Spm>(core.decoder->kind());
        byte = spm.byte_of(name);
        const std::string first = spm.text_of(name, true);
        text = spm.text_of(name, false);
        plan->firsts[id] = {store(first), uint32_t(first.size())};
        break;
      }
      case Kind::general: break;
    }
    fits = fits && text.size() <= DecodePlan::Token::largest_size;
    token.word = (core.added.is_special(name) ? DecodePlan::Token::special : 0);
    if (byte >= 0) {
      token.begin = uint32_t(byte);
      token.word |= DecodePlan::Token::byte;
    } else {
      token.begin = store(text);
      token.word |= uint32_t(text.size()) << 4 | (unicode::is_valid(text) ? 0 : DecodePlan::Token::torn);
    }
  };
  words.for_each([&](std::string_view text, uint32_t id) { fill(id, text); });
  for (const auto& [id, token] : core.added.by_id()) fill(id, core.added.text(id));
  plan->arena.insert(plan->arena.end(), DecodePlan::padding, '\0');
  return fits ? std::move(plan) : std::make_unique<DecodePlan>();
}

/// Appends a finished run of byte tokens.
void append_run(const DecodePlan& plan, std::string& text, std::string& run) {
  if (run.empty()) return;
  if (plan.kind == Kind::pieces) return decoders::take_bytes(run, true, text);
  if (unicode::is_valid(run)) {
    text.append(run);
  } else {
    for (size_t i = 0; i < run.size(); ++i) text.append("\xEF\xBF\xBD");
  }
  run.clear();
}

void strip_start(std::string& text, std::string_view content, size_t count) {
  size_t begin = 0;
  for (size_t i = 0; i < count && std::string_view(text).substr(begin).starts_with(content); ++i)
    begin += content.size();
  if (begin > 0) text.erase(0, begin);
}

std::vector<std::string> token_texts(const TokenizerCore& core, std::span<const uint32_t> ids, bool skip_special) {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const uint32_t id : ids) {
    const std::string_view text = core.decoded_name_of(id);
    if (!text.data() || (skip_special && core.added.is_special(text))) continue;
    tokens.emplace_back(text);
  }
  return tokens;
}

std::string decode_general(const TokenizerCore& core, std::span<const uint32_t> ids, bool skip_special) {
  std::vector<std::string> tokens = token_texts(core, ids, skip_special);
  if (core.decoder) return tokens.empty() ? std::string() : core.decoder->decode(std::move(tokens));
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) text.push_back(' ');
    text.append(tokens[i]);
  }
  return text;
}

/// The bytes of all tokens for plans other than general; byte runs are resolved, nothing else is. `torn`: some text was
/// no whole characters, else all of it is valid UTF-8.
std::string concatenate(const DecodePlan& plan, std::span<const uint32_t> ids, bool skip_special, bool& torn) {
  std::string text(ids.size() * 5 + DecodePlan::padding, '\0');
  size_t size = 0;
  const auto make_room = [&](size_t bytes) {
    if (text.size() - size < bytes + DecodePlan::padding)
      text.resize(text.size() * 3 / 2 + bytes + DecodePlan::padding);
  };
  std::string run, resolved;
  const auto end_run = [&] {
    resolved.clear();
    append_run(plan, resolved, run);
    make_room(resolved.size());
    std::memcpy(text.data() + size, resolved.data(), resolved.size());
    size += resolved.size();
  };
  using Token = DecodePlan::Token;
  const uint32_t left_out = Token::other | (skip_special ? Token::special : 0);
  bool first = !plan.firsts.empty();
  // The tables of large vocabularies exceed the near caches.
  constexpr size_t ahead = 16;
  uint32_t flags = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const uint32_t id = ids[i];
    if (i + 2 * ahead < ids.size()) {
      plan.prefetch_token(ids[i + 2 * ahead]);
      plan.prefetch_text(ids[i + ahead]);
    }
    const Token token = plan.token(id);
    flags |= token.word;
    if (token.word & (left_out | Token::byte)) {
      if (!(token.word & left_out)) run.push_back(char(token.begin));
      continue;
    }
    if (!run.empty()) {
      end_run();
      first = false;
    }
    const std::string_view part = first ? plan.first_text(id) : plan.text(token);
    first = first && plan.stays_first(id, token);
    make_room(part.size());
    // Nearly all texts are short: so many bytes are copied whatever the length (the arena is padded).
    std::memcpy(text.data() + size, part.data(), DecodePlan::padding);
    if (part.size() > DecodePlan::padding) std::memcpy(text.data() + size, part.data(), part.size());
    size += part.size();
  }
  end_run();
  text.resize(size);
  torn = flags & Token::torn;
  return text;
}

}  // namespace

const DecodePlan& TokenizerCore::decode_plan() const {
  std::call_once(plan_once_, [&] { plan_ = make_plan(*this); });
  return *plan_;
}

std::string Tokenizer::decode(std::span<const uint32_t> ids, const DecodeOptions& options) const {
  const DecodePlan& plan = core_->decode_plan();
  std::string text;
  if (plan.kind == Kind::general) {
    text = decode_general(*core_, ids, options.skip_special_tokens);
  } else {
    bool torn = false;
    text = concatenate(plan, ids, options.skip_special_tokens, torn);
    if (plan.kind == Kind::byte_level && torn && !unicode::is_valid(text)) text = unicode::replace_invalid(text);
    if (plan.strip_count > 0) strip_start(text, plan.strip, plan.strip_count);
  }
  return core_->cleans_up(options) ? decoders::clean_up_spaces(std::move(text)) : text;
}

std::string Tokenizer::decode_bytes(std::span<const uint32_t> ids) const {
  const DecodePlan& plan = core_->decode_plan();
  bool torn = false;
  if (plan.kind == Kind::byte_level) return concatenate(plan, ids, false, torn);
  if (!core_->decoder || !std::holds_alternative<decoders::ByteLevel>(core_->decoder->kind()))
    return decode(ids, {.skip_special_tokens = false, .clean_up_tokenization_spaces = false});
  std::string bytes;  // of ids that are too sparse for a table
  for (const std::string& name : token_texts(*core_, ids, false)) {
    const size_t before = bytes.size();
    if (byte_alphabet::append_bytes(name, bytes)) continue;
    bytes.resize(before);
    bytes.append(name);
  }
  return bytes;
}

std::vector<std::string> Tokenizer::decode_batch(std::span<const std::vector<uint32_t>> sequences,
                                                 const DecodeOptions& options) const {
  std::vector<std::string> texts(sequences.size());
  raven::parallel_for(int64_t(sequences.size()), 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) texts[size_t(i)] = decode(sequences[size_t(i)], options);
  });
  return texts;
}

DecodeStream Tokenizer::decode_stream(const DecodeOptions& options) const { return DecodeStream(core_, options); }

// ----------------------------------------------------------------------------------------------------------- streaming

struct DecodeStream::State {
  std::shared_ptr<const TokenizerCore> core;
  const DecodePlan& plan;
  DecodeOptions options;
  std::string out;      // what the last step gave
  std::string pending;  // bytes that do not form characters yet, or an open run of byte tokens
  bool first = true;
  size_t to_strip = 0;
  // General chains: decoded step by step where they can be …
  std::unique_ptr<decoders::Incremental> incremental;
  // … else (user-defined parts) all ids are decoded again, and what grew behind the part already given is new.
  std::vector<uint32_t> ids;
  size_t given = 0, next_try = 0;
  bool clean;
  decoders::CleanUpStream clean_up;

  State(std::shared_ptr<const TokenizerCore> shared, DecodeOptions decode_options)
      : core(std::move(shared)), plan(core->decode_plan()), options(decode_options), clean(core->cleans_up(options)) {
    start();
  }

  /// As at the first token.
  void start() {
    first = true;
    to_strip = plan.strip_count;
    pending.clear();
    ids.clear();
    given = next_try = 0;
    if (plan.kind == Kind::general) incremental = decoders::Incremental::make(core->decoder);
  }

  void strip() {
    while (to_strip > 0 && !out.empty()) {
      if (out.starts_with(plan.strip)) {
        out.erase(0, plan.strip.size());
        --to_strip;
      } else {
        to_strip = 0;
      }
    }
  }

  void step_general(uint32_t id) {
    if (incremental) {
      const std::string_view text = core->decoded_name_of(id);
      if (text.data() && !(options.skip_special_tokens && core->added.is_special(text))) incremental->push(text, out);
      return;
    }
    ids.push_back(id);
    // The longer the text, the rarer it is decoded anew: all in all a fixed number of times.
    if (ids.size() < next_try) return;
    next_try = ids.size() + 1 + ids.size() / 16;
    // What a user-defined decoder will do cannot be known. It may treat the last token apart or wait for bytes: the
    // common start of "decoded with this token last" and "with another one behind it" is given, without unfinished
    // characters.
    const std::string text = decode_general(*core, ids, options.skip_special_tokens);
    ids.push_back(id);
    const std::string longer = decode_general(*core, ids, options.skip_special_tokens);
    ids.pop_back();
    size_t stable = 0;
    while (stable < text.size() && stable < longer.size() && text[stable] == longer[stable]) ++stable;
    std::string_view ready = std::string_view(text).substr(0, stable);
    while (ready.ends_with("\xEF\xBF\xBD")) ready.remove_suffix(3);
    while (!ready.empty() && ready.size() < text.size() &&
           (static_cast<unsigned char>(text[ready.size()]) & 0xC0) == 0x80)
      ready.remove_suffix(1);
    if (ready.size() <= given) return;
    out = ready.substr(given);
    given = ready.size();
  }
};

DecodeStream::DecodeStream(std::shared_ptr<const TokenizerCore> core, DecodeOptions options)
    : state_(std::make_unique<State>(std::move(core), options)) {}
DecodeStream::DecodeStream(DecodeStream&&) noexcept = default;
DecodeStream& DecodeStream::operator=(DecodeStream&&) noexcept = default;
DecodeStream::~DecodeStream() = default;

std::optional<std::string_view> DecodeStream::step(uint32_t id) {
  State& state = *state_;
  state.out.clear();
  if (state.plan.kind == Kind::general) {
    state.step_general(id);
  } else {
    using Token = DecodePlan::Token;
    const Token token = state.plan.token(id);
    if (token.word & (Token::other | (state.options.skip_special_tokens ? Token::special : 0))) return std::nullopt;
    if (token.word & Token::byte) {
      state.pending.push_back(char(token.begin));
      if (state.plan.kind != Kind::pieces) return std::nullopt;
      state.first = false;
      decoders::take_bytes(state.pending, false, state.out);
    } else if (state.plan.kind == Kind::byte_level) {
      state.pending.append(state.plan.text(token));
      decoders::take_characters(state.pending, state.out);
    } else {
      append_run(state.plan, state.out, state.pending);
      const bool first = state.first && !state.plan.firsts.empty();
      state.out.append(first ? state.plan.first_text(id) : state.plan.text(token));
      state.first = first && state.plan.stays_first(id, token);
      if (state.to_strip > 0) state.strip();
    }
  }
  if (state.clean && !state.out.empty()) {
    const std::string text = std::exchange(state.out, {});
    state.clean_up.push(text, state.out);
  }
  if (state.out.empty()) return std::nullopt;
  return std::string_view(state.out);
}

std::string DecodeStream::flush() {
  State& state = *state_;
  state.out.clear();
  if (state.incremental) {
    state.incremental->finish(state.out);
  } else if (state.plan.kind == Kind::general) {
    const std::string text = decode_general(*state.core, state.ids, state.options.skip_special_tokens);
    if (text.size() > state.given) state.out = text.substr(state.given);
  } else if (state.plan.kind == Kind::byte_level) {
    state.out = unicode::replace_invalid(state.pending);
  } else {
    append_run(state.plan, state.out, state.pending);
    state.strip();
  }
  state.start();
  if (state.clean) {
    const std::string text = std::exchange(state.out, {});
    state.clean_up.push(text, state.out);
    state.clean_up.finish(state.out);
  }
  return state.out;
}

// -------------------------------------------------------------------------------------------------------- stop strings

StopStrings::Output StopStrings::push(std::string_view text) {
  if (stopped_) return {{}, true};
  held_.append(text);
  size_t first = std::string::npos;
  for (const std::string& stop : stops_)
    if (!stop.empty()) first = std::min(first, held_.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    Output output{held_.substr(0, first), true};
    held_.clear();
    return output;
  }
  // Keep the longest end that begins a stop string.
  size_t keep = 0;
  for (const std::string& stop : stops_)
    for (size_t length = std::min(held_.size(), stop.empty() ? 0 : stop.size() - 1); length > keep; --length)
      if (std::string_view(held_).substr(held_.size() - length) == std::string_view(stop).substr(0, length))
        keep = length;
  Output output{held_.substr(0, held_.size() - keep), false};
  held_.erase(0, held_.size() - keep);
  return output;
}

std::string StopStrings::flush() {
  std::string rest = std::move(held_);
  held_.clear();
  return rest;
}

}  // namespace brot
