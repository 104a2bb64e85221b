#include "raven/brot/decoders/incremental.hpp"

#include <algorithm>

#include "raven/brot/core/byte_alphabet.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::decoders {

Stage::~Stage() = default;
void Stage::finish(std::vector<std::string>&) {}

void take_characters(std::string& pending, std::string& out) {
  size_t keep = 0;
  for (size_t back = 1; back <= std::min<size_t>(3, pending.size()); ++back) {
    const auto byte = static_cast<unsigned char>(pending[pending.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    if (byte >= 0xC2 && byte <= 0xF4 && unicode::length_of_lead(byte) > back) {
      // Could more bytes complete it? Then the bytes so far decode to one invalid part that reaches the end.
      const unicode::Decoded decoded = unicode::decode(pending, pending.size() - back);
      if (!decoded.valid && decoded.length == back) keep = back;
    }
    break;
  }
  const std::string_view ready = std::string_view(pending).substr(0, pending.size() - keep);
  if (unicode::is_valid(ready)) {
    out.append(ready);
  } else {
    out.append(unicode::replace_invalid(ready));
  }
  pending.erase(0, ready.size());
}

namespace {

using Tokens = std::vector<std::string>;

/// Decoders that treat every token alone; those that treat the first one apart see it first, or behind a token that is
/// dropped.
class EachToken final : public Stage {
 public:
  explicit EachToken(Decoder decoder, bool first_apart) : decoder_(std::move(decoder)), first_apart_(first_apart) {}
  void push(std::string token, Tokens& out) override {
    Tokens tokens;
    if (first_apart_ && !first_) tokens.emplace_back();
    const size_t from = tokens.size();
    tokens.push_back(std::move(token));
    tokens = decoder_.apply(std::move(tokens));
    first_ = false;
    for (size_t i = from; i < tokens.size(); ++i) out.push_back(std::move(tokens[i]));
  }

 private:
  Decoder decoder_;
  bool first_apart_, first_ = true;
};

/// No decoder: a space between tokens.
class Spaced final : public Stage {
 public:
  void push(std::string token, Tokens& out) override {
    if (!first_) token.insert(0, 1, ' ');
    first_ = false;
    out.push_back(std::move(token));
  }

 private:
  bool first_ = true;
};

/// The last token is treated apart, so one is held back.
class HeldBack final : public Stage {
 public:
  explicit HeldBack(Decoder decoder) : decoder_(std::move(decoder)) {}
  void push(std::string token, Tokens& out) override {
    if (held_) out.push_back(std::move(decoder_.apply({std::move(*held_), std::string()})[0]));
    held_ = std::move(token);
  }
  void finish(Tokens& out) override {
    if (held_) out.push_back(std::move(decoder_.apply({std::move(*held_)})[0]));
    held_.reset();
  }

 private:
  Decoder decoder_;
  std::optional<std::string> held_;
};

/// A token equal to the one before it is dropped.
class Collapsed final : public Stage {
 public:
  explicit Collapsed(Decoder decoder) : decoder_(std::move(decoder)) {}
  void push(std::string token, Tokens& out) override {
    if (previous_ == token) return;
    previous_ = token;
    for (std::string& one : decoder_.apply({std::move(token)})) out.push_back(std::move(one));
  }

 private:
  Decoder decoder_;
  std::optional<std::string> previous_;
};

/// Runs of byte tokens wait for their end.
class ByteRuns final : public Stage {
 public:
  void push(std::string token, Tokens& out) override {
    if (byte_of_token(token) >= 0) {
      run_.push_back(std::move(token));
      return;
    }
    finish(out);
    out.push_back(std::move(token));
  }
  void finish(Tokens& out) override {
    if (run_.empty()) return;
    for (std::string& one : Decoder(ByteFallback{}).apply(std::move(run_))) out.push_back(std::move(one));
    run_.clear();
  }

 private:
  Tokens run_;
};

/// Joins the bytes of all tokens; an unfinished character waits.
class JoinedBytes final : public Stage {
 public:
  void push(std::string token, Tokens& out) override {
    const size_t before = pending_.size();
    if (!byte_alphabet::append_bytes(token, pending_)) {
      pending_.resize(before);
      pending_.append(token);
    }
    std::string ready;
    take_characters(pending_, ready);
    if (!ready.empty()) out.push_back(std::move(ready));
  }
  void finish(Tokens& out) override {
    if (!pending_.empty()) out.push_back(unicode::replace_invalid(pending_));
    pending_.clear();
  }

 private:
  std::string pending_;
};

/// Strips the start of text that was joined before.
class StrippedStart final : public Stage {
 public:
  explicit StrippedStart(const Strip& options) : left_(options.start) { unicode::append(content_, options.content); }
  void push(std::string token, Tokens& out) override {
    size_t begin = 0;
    while (left_ > 0 && std::string_view(token).substr(begin).starts_with(content_)) {
      begin += content_.size();
      --left_;
    }
    if (begin < token.size()) {
      left_ = 0;
      out.push_back(token.substr(begin));
    }
  }

 private:
  std::string content_;
  size_t left_;
};

/// Looks at the whole joined text, which is there at the end only.
class WholeText final : public Stage {
 public:
  explicit WholeText(Decoder decoder) : decoder_(std::move(decoder)) {}
  void push(std::string token, Tokens&) override { text_.append(token); }
  void finish(Tokens& out) override { out = decoder_.apply({std::move(text_)}); }

 private:
  Decoder decoder_;
  std::string text_;
};

/// SentencePiece's decoding, without denormalizer.
class SpmPieces final : public Stage {
 public:
  explicit SpmPieces(Spm options) : options_(std::move(options)) {}
  void push(std::string token, Tokens& out) override {
    std::string text;
    if (const int byte = options_.byte_of(token); byte >= 0) {
      bytes_.push_back(char(byte));
      first_ = false;
      take_bytes(bytes_, false, text);
    } else {
      take_bytes(bytes_, true, text);
      const std::string part = options_.text_of(token, first_);
      first_ = first_ && options_.stays_first(part, options_.text_of(token, false));
      text.append(part);
    }
    if (!text.empty()) out.push_back(std::move(text));
  }
  void finish(Tokens& out) override {
    std::string text;
    take_bytes(bytes_, true, text);
    if (!text.empty()) out.push_back(std::move(text));
  }

 private:
  Spm options_;
  std::string bytes_;
  bool first_ = true;
};

/// Looks at all tokens, which are there at the end only.
class AllTokens final : public Stage {
 public:
  explicit AllTokens(Decoder decoder) : decoder_(std::move(decoder)) {}
  void push(std::string token, Tokens&) override { tokens_.push_back(std::move(token)); }
  void finish(Tokens& out) override { out = decoder_.apply(std::move(tokens_)); }

 private:
  Decoder decoder_;
  Tokens tokens_;
};

/// Appends the stages of `decoder`; `joined` says that the tokens before it are parts of one text by now.
bool append_stages(const Decoder& decoder, bool& joined, std::vector<std::unique_ptr<Stage>>& stages) {
  if (const auto* sequence = std::get_if<Sequence>(&decoder.kind())) {
    for (const Decoder& one : sequence->decoders)
      if (!append_stages(one, joined, stages)) return false;
    return true;
  }
  if (std::holds_alternative<Fuse>(decoder.kind())) {
    joined = true;
    return true;
  }
  if (std::holds_alternative<Custom>(decoder.kind())) return false;
  if (joined) {
    const auto* strip = std::get_if<Strip>(&decoder.kind());
    if (strip && strip->stop == 0) {
      stages.push_back(std::make_unique<StrippedStart>(*strip));
    } else {
      stages.push_back(std::make_unique<WholeText>(decoder));
      joined = false;  // what follows gets the text as one token
    }
    return true;
  }
  if (std::holds_alternative<BPEDecoder>(decoder.kind())) {
    stages.push_back(std::make_unique<HeldBack>(decoder));
  } else if (std::holds_alternative<CTC>(decoder.kind())) {
    stages.push_back(std::make_unique<Collapsed>(decoder));
  } else if (std::holds_alternative<ByteFallback>(decoder.kind())) {
    stages.push_back(std::make_unique<ByteRuns>());
  } else if (std::holds_alternative<ByteLevel>(decoder.kind())) {
    stages.push_back(std::make_unique<JoinedBytes>());
    joined = true;
  } else if (const auto* pieces = std::get_if<Spm>(&decoder.kind())) {
    if (pieces->denormalizer)
      stages.push_back(std::make_unique<AllTokens>(decoder));
    else
      stages.push_back(std::make_unique<SpmPieces>(*pieces));
    joined = true;
  } else {
    const bool first_apart =
        std::holds_alternative<Metaspace>(decoder.kind()) || std::holds_alternative<WordPiece>(decoder.kind());
    stages.push_back(std::make_unique<EachToken>(decoder, first_apart));
  }
  return true;
}

}  // namespace

std::unique_ptr<Incremental> Incremental::make(const std::optional<Decoder>& decoder) {
  auto chain = std::make_unique<Incremental>();
  if (!decoder) {
    chain->stages_.push_back(std::make_unique<Spaced>());
    return chain;
  }
  bool joined = false;
  return append_stages(*decoder, joined, chain->stages_) ? std::move(chain) : nullptr;
}

void Incremental::run(size_t stage, std::vector<std::string> tokens, std::string& out) {
  for (; stage < stages_.size() && !tokens.empty(); ++stage) {
    std::vector<std::string> next;
    for (std::string& token : tokens) stages_[stage]->push(std::move(token), next);
    tokens = std::move(next);
  }
  for (const std::string& token : tokens) out.append(token);
}

void Incremental::push(std::string_view token, std::string& out) { run(0, {std::string(token)}, out); }

void Incremental::finish(std::string& out) {
  for (size_t stage = 0; stage < stages_.size(); ++stage) {
    std::vector<std::string> rest;
    stages_[stage]->finish(rest);
    run(stage + 1, std::move(rest), out);
  }
}

}  // namespace brot::decoders
