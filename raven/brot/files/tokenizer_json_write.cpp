// Writing `tokenizer.json`, byte for byte as HuggingFace does.
#include <bit>

#include "raven/brot/core/core.hpp"
#include "raven/brot/files/base64.hpp"
#include "raven/brot/files/spm_models.hpp"
#include "raven/brot/files/tokenizer_json.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/unigram.hpp"
#include "raven/brot/models/word_models.hpp"

namespace brot::files {

namespace {

/// Knows which form is written.
struct Writer : json::Writer {
  Writer(bool pretty, JsonForm written) : json::Writer(pretty), form(written) {}
  JsonForm form;
};

[[noreturn]] void refuse_custom(std::string_view what) {
  throw Error(ErrorCode::unsupported, "brot.Tokenizer.save",
              raven::Message() << "a user-defined " << what << " cannot be written; replace it by a named one first");
}

/// SentencePiece's own ways are in the compiled form only.
void expect_compiled(const Writer& out) {
  if (out.form == JsonForm::whole)
    throw Error(ErrorCode::unsupported, "brot.Tokenizer.save",
                "a tokenizer that works as SentencePiece does has no form in tokenizer.json; use "
                "SentencePieceModel::convert, or save_compiled");
}

std::string character(char32_t c) {
  std::string text;
  unicode::append(text, c);
  return text;
}

void write_optional(Writer& out, std::string_view key, const std::optional<std::string>& text) {
  out.key(key);
  text ? out.string(*text) : out.null();
}

void write_pattern(Writer& out, const Pattern& pattern) {
  const bool foreign = pattern.dialect() != RegexDialect::oniguruma;
  if (foreign && out.form == JsonForm::whole)
    throw Error(ErrorCode::unsupported, "brot.Tokenizer.save",
                raven::Message() << "the pattern `" << pattern.text()
                                 << "` is written in tiktoken's dialect; set a pre-tokenizer with an Oniguruma pattern first");
  out.key("pattern").begin_object();
  out.key(foreign ? "Tiktoken" : pattern.is_regex() ? "Regex" : "String").string(pattern.text());
  out.end_object();
}

std::string_view name_of(SplitBehavior behavior) {
  static constexpr std::string_view names[] = {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"};
  return names[size_t(behavior)];
}
std::string_view name_of(PrependScheme scheme) {
  static constexpr std::string_view names[] = {"always", "first", "never"};
  return names[size_t(scheme)];
}

json::Writer& tag(Writer& out, std::string_view type) { return out.begin_object().key("type").string(type); }
void plain(Writer& out, std::string_view type) { tag(out, type).end_object(); }

template <class ByteLevel>
void write_byte_level(Writer& out, const ByteLevel& kind) {
  tag(out, "ByteLevel").key("add_prefix_space").boolean(kind.add_prefix_space);
  out.key("trim_offsets").boolean(kind.trim_offsets).key("use_regex").boolean(kind.use_regex).end_object();
}
template <class Metaspace>
void write_metaspace(Writer& out, const Metaspace& kind) {
  tag(out, "Metaspace").key("replacement").string(character(kind.replacement));
  out.key("prepend_scheme").string(name_of(kind.prepend_scheme)).key("split").boolean(kind.split).end_object();
}
template <class List>
void write_sequence(Writer& out, std::string_view key, const List& list);

// ---------------------------------------------------------------------------------------------------------- normalizers

void write(Writer& out, const normalizers::BertNormalizer& kind) {
  tag(out, "BertNormalizer").key("clean_text").boolean(kind.clean_text);
  out.key("handle_chinese_chars").boolean(kind.handle_chinese_chars).key("strip_accents");
  kind.strip_accents ? out.boolean(*kind.strip_accents) : out.null();
  out.key("lowercase").boolean(kind.lowercase).end_object();
}
void write(Writer& out, const normalizers::Strip& kind) {
  tag(out, "Strip").key("strip_left").boolean(kind.strip_left).key("strip_right").boolean(kind.strip_right).end_object();
}
void write(Writer& out, const normalizers::StripAccents&) { plain(out, "StripAccents"); }
void write(Writer& out, const normalizers::NFC&) { plain(out, "NFC"); }
void write(Writer& out, const normalizers::NFD&) { plain(out, "NFD"); }
void write(Writer& out, const normalizers::NFKC&) { plain(out, "NFKC"); }
void write(Writer& out, const normalizers::NFKD&) { plain(out, "NFKD"); }
void write(Writer& out, const normalizers::Lowercase&) { plain(out, "Lowercase"); }
void write(Writer& out, const normalizers::Nmt&) { plain(out, "Nmt"); }
void write(Writer& out, const normalizers::Precompiled& kind) {
  tag(out, "Precompiled").key("precompiled_charsmap").string(encode_base64(kind.charsmap.bytes())).end_object();
}
void write(Writer& out, const normalizers::SpmCharsMap& kind) {
  expect_compiled(out);
  tag(out, "SpmCharsMap").key("precompiled_charsmap").string(encode_base64(kind.charsmap.bytes()));
  out.key("add_dummy_prefix").boolean(kind.add_dummy_prefix);
  out.key("remove_extra_whitespaces").boolean(kind.remove_extra_whitespaces);
  out.key("escape_whitespaces").boolean(kind.escape_whitespaces);
  out.key("treat_whitespace_as_suffix").boolean(kind.treat_whitespace_as_suffix).key("kept").begin_array();
  for (const std::string& text : kind.kept.texts()) out.string(text);
  out.end_array().end_object();
}
void write(Writer& out, const normalizers::Replace& kind) {
  tag(out, "Replace");
  write_pattern(out, kind.pattern);
  out.key("content").string(kind.content).end_object();
}
void write(Writer& out, const normalizers::Prepend& kind) {
  tag(out, "Prepend").key("prepend").string(kind.prepend).end_object();
}
void write(Writer& out, const normalizers::ByteLevel&) { plain(out, "ByteLevel"); }
void write(Writer& out, const normalizers::Sequence& kind) { write_sequence(out, "normalizers", kind.normalizers); }
void write(Writer&, const normalizers::Custom&) { refuse_custom("normalizer"); }

// ------------------------------------------------------------------------------------------------------ pre-tokenizers

void write(Writer& out, const pre_tokenizers::BertPreTokenizer&) { plain(out, "BertPreTokenizer"); }
void write(Writer& out, const pre_tokenizers::ByteLevel& kind) { write_byte_level(out, kind); }
void write(Writer& out, const pre_tokenizers::CharDelimiterSplit& kind) {
  tag(out, "CharDelimiterSplit").key("delimiter").string(character(kind.delimiter)).end_object();
}
void write(Writer& out, const pre_tokenizers::Digits& kind) {
  tag(out, "Digits").key("individual_digits").boolean(kind.individual_digits).end_object();
}
void write(Writer& out, const pre_tokenizers::FixedLength& kind) {
  tag(out, "FixedLength").key("length").number(kind.length).end_object();
}
void write(Writer& out, const pre_tokenizers::Metaspace& kind) { write_metaspace(out, kind); }
void write(Writer& out, const pre_tokenizers::Punctuation& kind) {
  tag(out, "Punctuation").key("behavior").string(name_of(kind.behavior)).end_object();
}
void write(Writer& out, const pre_tokenizers::Split& kind) {
  tag(out, "Split");
  write_pattern(out, kind.pattern);
  out.key("behavior").string(name_of(kind.behavior)).key("invert").boolean(kind.invert).end_object();
}
void write(Writer& out, const pre_tokenizers::UnicodeScripts&) { plain(out, "UnicodeScripts"); }
void write(Writer& out, const pre_tokenizers::Whitespace&) { plain(out, "Whitespace"); }
void write(Writer& out, const pre_tokenizers::WhitespaceSplit&) { plain(out, "WhitespaceSplit"); }
void write(Writer& out, const pre_tokenizers::Sequence& kind) { write_sequence(out, "pretokenizers", kind.pretokenizers); }
void write(Writer&, const pre_tokenizers::Custom&) { refuse_custom("pre-tokenizer"); }

// ----------------------------------------------------------------------------------------------------- post-processors

void write_special(Writer& out, std::string_view key, const post_processors::Special& special) {
  out.key(key).begin_array().string(special.first).number(special.second).end_array();
}
void write(Writer& out, const post_processors::BertProcessing& kind) {
  tag(out, "BertProcessing");
  write_special(out, "sep", kind.sep);
  write_special(out, "cls", kind.cls);
  out.end_object();
}
void write(Writer& out, const post_processors::RobertaProcessing& kind) {
  tag(out, "RobertaProcessing");
  write_special(out, "sep", kind.sep);
  write_special(out, "cls", kind.cls);
  out.key("trim_offsets").boolean(kind.trim_offsets).key("add_prefix_space").boolean(kind.add_prefix_space).end_object();
}
void write(Writer& out, const post_processors::ByteLevel& kind) { write_byte_level(out, kind); }
void write_template(Writer& out, std::string_view key, const std::vector<post_processors::TemplatePiece>& pieces) {
  using Kind = post_processors::TemplatePiece::Kind;
  out.key(key).begin_array();
  for (const auto& piece : pieces) {
    out.begin_object().key(piece.kind == Kind::special ? "SpecialToken" : "Sequence").begin_object();
    out.key("id").string(piece.kind == Kind::special ? std::string_view(piece.special)
                         : piece.kind == Kind::sequence_a ? std::string_view("A")
                                                          : std::string_view("B"));
    out.key("type_id").number(piece.type_id).end_object().end_object();
  }
  out.end_array();
}
void write(Writer& out, const post_processors::TemplateProcessing& kind) {
  tag(out, "TemplateProcessing");
  write_template(out, "single", kind.single);
  write_template(out, "pair", kind.pair);
  out.key("special_tokens").begin_object();
  for (const auto& special : kind.special_tokens) {
    out.key(special.id).begin_object().key("id").string(special.id).key("ids").begin_array();
    for (const uint32_t id : special.ids) out.number(id);
    out.end_array().key("tokens").begin_array();
    for (const std::string& token : special.tokens) out.string(token);
    out.end_array().end_object();
  }
  out.end_object().end_object();
}
void write(Writer& out, const post_processors::Sequence& kind) { write_sequence(out, "processors", kind.processors); }
void write(Writer&, const post_processors::Custom&) { refuse_custom("post-processor"); }

// ------------------------------------------------------------------------------------------------------------ decoders

void write(Writer& out, const decoders::BPEDecoder& kind) { tag(out, "BPEDecoder").key("suffix").string(kind.suffix).end_object(); }
void write(Writer& out, const decoders::ByteLevel& kind) { write_byte_level(out, kind); }
void write(Writer& out, const decoders::ByteFallback&) { plain(out, "ByteFallback"); }
void write(Writer& out, const decoders::CTC& kind) {
  tag(out, "CTC").key("pad_token").string(kind.pad_token);
  out.key("word_delimiter_token").string(kind.word_delimiter_token).key("cleanup").boolean(kind.cleanup).end_object();
}
void write(Writer& out, const decoders::Fuse&) { plain(out, "Fuse"); }
void write(Writer& out, const decoders::Metaspace& kind) { write_metaspace(out, kind); }
void write(Writer& out, const decoders::Replace& kind) {
  tag(out, "Replace");
  write_pattern(out, kind.pattern);
  out.key("content").string(kind.content).end_object();
}
void write(Writer& out, const decoders::Strip& kind) {
  tag(out, "Strip").key("content").string(character(kind.content));
  out.key("start").number(kind.start).key("stop").number(kind.stop).end_object();
}
void write(Writer& out, const decoders::WordPiece& kind) {
  tag(out, "WordPiece").key("prefix").string(kind.prefix).key("cleanup").boolean(kind.cleanup).end_object();
}
void write(Writer& out, const decoders::Sequence& kind) { write_sequence(out, "decoders", kind.decoders); }
void write(Writer& out, const decoders::Spm& kind) {
  expect_compiled(out);
  tag(out, "Spm").key("controls").begin_array();
  for (const std::string& control : kind.controls) out.string(control);
  out.end_array().key("unk_piece").string(kind.unk_piece).key("unk_surface").string(kind.unk_surface);
  out.key("bytes").boolean(kind.bytes).key("strip_first").boolean(kind.strip_first);
  out.key("strip_all").boolean(kind.strip_all).key("denormalizer");
  kind.denormalizer ? write(out, *kind.denormalizer) : void(out.null());
  out.end_object();
}
void write(Writer&, const decoders::Custom&) { refuse_custom("decoder"); }

template <class Component>
void write_component(Writer& out, const Component& component) {
  std::visit([&](const auto& kind) { write(out, kind); }, component.kind());
}
template <class List>
void write_sequence(Writer& out, std::string_view key, const List& list) {
  tag(out, "Sequence").key(key).begin_array();
  for (const auto& one : list) write_component(out, one);
  out.end_array().end_object();
}
template <class Component>
void write_optional_component(Writer& out, std::string_view key, const std::optional<Component>& component) {
  out.key(key);
  component ? write_component(out, *component) : void(out.null());
}

// -------------------------------------------------------------------------------------------------------------- models

void write_vocab(Writer& out, const Vocabulary& vocabulary) {
  out.key("vocab").begin_object();
  for (const auto& [text, id] : vocabulary.entries()) out.key(text).number(id);
  out.end_object();
}

void write_model(Writer& out, const Model& model);

/// Of the models that derive from Model, those of SentencePiece's files have a form.
void write_custom(Writer& out, const Model& model) {
  const auto unknown = [&](std::optional<uint32_t> id) {
    out.key("unk_id");
    id ? out.number(*id) : out.null();
  };
  if (const auto* symbols = dynamic_cast<const SpmSymbols*>(&model)) {
    expect_compiled(out);
    tag(out, "SpmSymbols").key("symbols").begin_array();
    for (const std::string& symbol : symbols->symbols()) out.string(symbol);
    out.end_array().key("model");
    write_model(out, symbols->inner());
    out.end_object();
  } else if (const auto* words = dynamic_cast<const SpmWords*>(&model)) {
    expect_compiled(out);
    tag(out, "SpmWords");
    write_vocab(out, model.vocabulary());
    unknown(words->unknown());
    out.end_object();
  } else if (const auto* unused = dynamic_cast<const SpmUnusedBpe*>(&model)) {
    expect_compiled(out);
    tag(out, "SpmUnusedBpe").key("pieces").begin_array();
    for (const auto& piece : unused->pieces())
      out.begin_array().string(piece.text).number(piece.rank).boolean(piece.unused).end_array();
    out.end_array().key("byte_fallback").boolean(unused->byte_fallback());
    unknown(unused->unknown());
    out.end_object();
  } else {
    refuse_custom("model");
  }
}

void write_model(Writer& out, const Model& model) {
  switch (model.type()) {
    case ModelType::bpe: {
      const auto& bpe = static_cast<const BPE&>(model);
      const BpeOptions& options = bpe.options();
      tag(out, "BPE").key("dropout");
      options.dropout ? out.real32(*options.dropout) : out.null();
      write_optional(out, "unk_token", options.unk_token);
      write_optional(out, "continuing_subword_prefix", options.continuing_subword_prefix);
      write_optional(out, "end_of_word_suffix", options.end_of_word_suffix);
      out.key("fuse_unk").boolean(options.fuse_unk).key("byte_fallback").boolean(options.byte_fallback);
      out.key("ignore_merges").boolean(options.ignore_merges);
      if (out.form == JsonForm::without_tables) {
        out.end_object();
        return;
      }
      write_vocab(out, model.vocabulary());
      out.key("merges").begin_array();
      for (const auto& [left, right] : bpe.merges())
        out.begin_array().string(model.vocabulary().text(left)).string(model.vocabulary().text(right)).end_array();
      out.end_array().end_object();
      return;
    }
    case ModelType::word_piece: {
      const auto& options = static_cast<const WordPiece&>(model).options();
      tag(out, "WordPiece").key("unk_token").string(options.unk_token);
      out.key("continuing_subword_prefix").string(options.continuing_subword_prefix);
      out.key("max_input_chars_per_word").number(options.max_input_chars_per_word);
      write_vocab(out, model.vocabulary());
      out.end_object();
      return;
    }
    case ModelType::word_level: {
      tag(out, "WordLevel");
      write_vocab(out, model.vocabulary());
      out.key("unk_token").string(static_cast<const WordLevel&>(model).options().unk_token).end_object();
      return;
    }
    case ModelType::unigram: {
      const auto& unigram = static_cast<const Unigram&>(model);
      const auto& matchable = unigram.options().native_matchable;
      if (matchable) expect_compiled(out);
      tag(out, "Unigram").key("unk_id");
      unigram.options().unk_id ? out.number(*unigram.options().unk_id) : out.null();
      out.key("vocab").begin_array();
      for (const auto& [piece, score] : unigram.pieces()) {
        out.begin_array().string(piece);
        matchable ? out.number(std::bit_cast<uint32_t>(float(score))) : out.real(score);
        out.end_array();
      }
      out.end_array().key("byte_fallback").boolean(unigram.options().byte_fallback);
      if (matchable) {
        std::string flags;
        for (const uint8_t flag : *matchable) flags.push_back(flag ? '1' : '0');
        out.key("native_matchable").string(flags);
      }
      out.end_object();
      return;
    }
    case ModelType::bytes: {
      const auto& bytes = static_cast<const ByteModel&>(model);
      tag(out, "Bytes").key("offset").number(bytes.offset()).key("specials").begin_array();
      for (const std::string& special : bytes.specials()) out.string(special);
      out.end_array().end_object();
      return;
    }
    case ModelType::custom: write_custom(out, model);
  }
}

}  // namespace

std::string write_model(const Model& model) {
  Writer out(false, JsonForm::whole);
  write_model(out, model);
  return out.take();
}

const BPE* tables_of(const Model& model) {
  const auto* symbols = dynamic_cast<const SpmSymbols*>(&model);
  return dynamic_cast<const BPE*>(symbols ? &symbols->inner() : &model);
}

std::string write_tokenizer(const TokenizerCore& core, bool pretty, JsonForm form) {
  Writer out(pretty, form);
  out.begin_object().key("version").string("1.0");
  if (core.profile == UnicodeProfile::latest) out.key("unicode_profile").string("latest");
  out.key("truncation");
  if (core.truncation) {
    static constexpr std::string_view strategies[] = {"LongestFirst", "OnlyFirst", "OnlySecond"};
    const Truncation& truncation = *core.truncation;
    out.begin_object().key("direction").string(truncation.direction == Direction::left ? "Left" : "Right");
    out.key("max_length").number(truncation.max_length).key("strategy").string(strategies[size_t(truncation.strategy)]);
    out.key("stride").number(truncation.stride).end_object();
  } else {
    out.null();
  }
  out.key("padding");
  if (core.padding) {
    const Padding& padding = *core.padding;
    out.begin_object().key("strategy");
    if (padding.fixed) {
      out.begin_object().key("Fixed").number(*padding.fixed).end_object();
    } else {
      out.string("BatchLongest");
    }
    out.key("direction").string(padding.direction == Direction::left ? "Left" : "Right").key("pad_to_multiple_of");
    padding.pad_to_multiple_of ? out.number(*padding.pad_to_multiple_of) : out.null();
    out.key("pad_id").number(padding.pad_id).key("pad_type_id").number(padding.pad_type_id);
    out.key("pad_token").string(padding.pad_token).end_object();
  } else {
    out.null();
  }
  out.key("added_tokens").begin_array();
  for (const auto& [id, token] : core.added.by_id()) {
    out.begin_object().key("id").number(id).key("content").string(token.content);
    out.key("single_word").boolean(token.single_word).key("lstrip").boolean(token.lstrip).key("rstrip").boolean(token.rstrip);
    out.key("normalized").boolean(token.normalized).key("special").boolean(token.special).end_object();
  }
  out.end_array();
  write_optional_component(out, "normalizer", core.normalizer);
  write_optional_component(out, "pre_tokenizer", core.pre_tokenizer);
  write_optional_component(out, "post_processor", core.post_processor);
  write_optional_component(out, "decoder", core.decoder);
  out.key("model");
  write_model(out, *core.model);
  out.end_object();
  return out.take();
}

}  // namespace brot::files
