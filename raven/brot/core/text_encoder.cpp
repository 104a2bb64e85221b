#include "raven/brot/core/text_encoder.hpp"

#include <algorithm>

#include "raven/base/thread_pool.hpp"
#include "raven/brot/core/cut_points.hpp"

namespace brot {

Workspace& thread_workspace() {
  thread_local Workspace workspace = [] {
    Workspace fresh;
    fresh.output.sink.valid_text = true;
    return fresh;
  }();
  return workspace;
}

namespace {

constexpr uint32_t none = ~uint32_t{0};

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
  /// Text that is no UTF-8, for models of bytes without a normalizer.
  void run_broken(std::string_view text) {
    std::vector<AddedTokens::Part> parts, inner;
    split_broken(text, false, parts);
    for (const AddedTokens::Part& part : parts) {
      const std::string_view view = text.substr(part.begin, part.end - part.begin);
      if (part.id != AddedTokens::none) {
        token(part.id, view, {part.begin, part.end});
        continue;
      }
      if (unicode::is_valid(view)) {
        gap(view, part.begin);
        continue;
      }
      inner.clear();
      split_broken(view, true, inner);
      for (const AddedTokens::Part& one : inner) {
        const std::string_view text_of_one = view.substr(one.begin, one.end - one.begin);
        if (one.id != AddedTokens::none) {
          token(one.id, text_of_one, {part.begin + one.begin, part.begin + one.end});
        } else {
          bytes(text_of_one, part.begin + one.begin);
        }
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
    pre_tokenize();
    const char* const end = aligned.text().data() + aligned.size();
    for (const Piece& piece : pieces.list) {
      const std::string_view view = pieces.view(piece);
      if (piece.token != Piece::none) {
        token(piece.token, view, aligned.span(piece.begin, piece.end));
        continue;
      }
      if (view.empty()) continue;
      const size_t first = out_.sink.spans.size();
      tokenize(view, piece.begin, end, out_.sink);
      place(aligned, first);
      out_.end_piece();
    }
  }

  void pre_tokenize() {
    if (core_.fused_bytes) {
      core_.pre_tokenizer->apply_before_byte_mapping(work_.pieces);
    } else if (core_.pre_tokenizer) {
      core_.pre_tokenizer->apply(work_.pieces);
    }
  }
  void tokenize(std::string_view view, uint32_t base, const char* readable_end, TokenSink& sink) const {
    if (core_.fused_bytes) {
      core_.bpe->tokenize_bytes(view, base, readable_end, sink);
    } else if (core_.cut_at_metaspace) {
      core_.bpe->tokenize_metaspace(view, base, sink);
    } else {
      core_.model->tokenize(view, base, sink);
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
        TokenOutput& out = self->out_;
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

  // ------------------------------------------------------------------------------------------------- text of any bytes

  /// As AddedTokens::split for text that is no UTF-8. Tokens are whole characters, and an invalid byte touches them as
  /// an end of the text does.
  void split_broken(std::string_view text, bool normalized, std::vector<AddedTokens::Part>& out) const {
    std::vector<AddedTokens::Part> found;
    uint32_t open = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t length = unicode::find_invalid(text.substr(at));
      found.clear();
      core_.added.split(text.substr(at, length), normalized, ignore_special_, found);
      for (const AddedTokens::Part& part : found) {
        if (part.id == AddedTokens::none) continue;
        const auto begin = uint32_t(at + part.begin), end = uint32_t(at + part.end);
        if (open < begin) out.push_back({open, begin, none});
        out.push_back({begin, end, part.id});
        open = end;
      }
      at += length;
      if (at < text.size()) at += unicode::decode(text, at).length;
    }
    if (open < text.size()) out.push_back({open, uint32_t(text.size()), none});
  }

  /// Text between added tokens as tiktoken encodes bytes: all up to the first invalid one as text, but its last piece,
  /// White_Space tokens that end before that included, and all that follows are one piece.
  void bytes(std::string_view text, uint32_t begin) {
    const size_t valid = unicode::find_invalid(text);
    Pieces& pieces = work_.pieces;
    AlignedText& aligned = pieces.text;
    aligned.assign(text.substr(0, valid), begin, true, core_.profile);
    pieces.list.clear();
    if (valid > 0) pieces.list.push_back({0, uint32_t(valid), Piece::none});
    pre_tokenize();
    TokenSink known;  // spans are of the aligned text
    std::vector<size_t> words;
    const std::string_view prefix = aligned.text();
    size_t last = 0, last_end = 0;
    for (const Piece& piece : pieces.list) {
      const std::string_view view = pieces.view(piece);
      if (view.empty()) continue;
      last = known.ids.size();
      last_end = piece.end;
      tokenize(view, piece.begin, prefix.data() + prefix.size(), known);
      words.resize(known.ids.size(), words.empty() ? 0 : words.back() + 1);
    }
    const auto is_space = [&](size_t token) {
      const Span span = known.spans[token];
      return prefix.substr(span.begin, span.end - span.begin).find_first_not_of(" \n\t") == std::string_view::npos;
    };
    if (valid == text.size()) {
      last = known.ids.size();
    } else if (last < known.ids.size() && is_space(last)) {
      while (last > 0 && known.spans[last - 1].end == known.spans[last].begin && is_space(last - 1)) --last;
    }
    for (size_t i = 0; i < last; ++i) {
      const Span span = aligned.span(known.spans[i].begin, known.spans[i].end);
      out_.sink.add(known.ids[i], span.begin, span.end);
      if (i + 1 == last || words[i] != words[i + 1]) out_.end_piece();
    }
    if (valid == text.size()) return;

    const size_t open = last < known.ids.size() ? known.spans[last].begin : last_end;
    std::string tail(prefix.substr(open, last_end - open));
    const size_t seam = tail.size();
    const std::string_view raw = text.substr(valid);
    tail += raw;
    TokenSink rest;
    tokenize(tail, 0, tail.data() + tail.size(), rest);
    // The character, or invalid subpart, that each byte belongs to.
    size_t start = 0, stop = 0;
    const auto reach = [&](size_t byte) {
      while (stop <= byte) {
        start = stop;
        stop += unicode::decode(raw, start).length;
      }
    };
    for (size_t i = 0; i < rest.ids.size(); ++i) {
      Span span = rest.spans[i];
      const size_t first = span.begin, end = span.end;
      if (first < seam) {
        span = aligned.span(open + first, open + std::min(end, seam));
      } else {
        reach(first - seam);
        span.begin = begin + uint32_t(valid + start);
      }
      if (end > seam) {
        reach(end - 1 - seam);
        span.end = begin + uint32_t(valid + stop);
      }
      out_.sink.add(rest.ids[i], span.begin, span.end);
    }
    out_.end_piece();
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
  TokenOutput& out_;
  bool ignore_special_;
};

// ----------------------------------------------------------------------------------------- one document, many threads

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
  std::vector<TokenOutput> outputs(count);
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
  TokenOutput& out = work.output;
  out.clear();
  out.sink.want_spans = want_spans;
  out.want_words = want_words;
  for (TokenOutput& part : outputs) {
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

}  // namespace

void encode_valid(const TokenizerCore& core, Workspace& work, std::string_view text, bool ignore_special) {
  if (!encode_sections(core, work, text, ignore_special)) TextEncoder(core, work, ignore_special).run(text);
}

void encode_broken(const TokenizerCore& core, Workspace& work, std::string_view text, bool ignore_special) {
  TextEncoder(core, work, ignore_special).run_broken(text);
}

}  // namespace brot
