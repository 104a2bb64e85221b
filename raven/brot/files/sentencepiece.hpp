#pragma once
// SentencePiece's `.model` files (protocol buffers).
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/brot/core/tokenizer.hpp"

namespace brot {

/// How texts are normalized before encoding, or decoded text is once more.
struct SpmNormalization {
  std::string charsmap;
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
};

/// A parsed `.model` file.
struct RAVEN_API SentencePieceModel {
  enum class Algorithm : uint8_t { unigram = 1, bpe = 2, word = 3, character = 4 };
  enum class PieceType : uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };
  struct Piece {
    std::string text;
    float score = 0;
    PieceType type = PieceType::normal;
    bool excluded = false;  ///< left out by set_vocabulary
  };
  std::vector<Piece> pieces;
  Algorithm algorithm = Algorithm::unigram;
  bool byte_fallback = false;
  bool treat_whitespace_as_suffix = false;
  SpmNormalization normalization;
  std::optional<SpmNormalization> denormalization;
  std::string unk_piece = "<unk>", bos_piece = "<s>", eos_piece = "</s>", pad_piece = "<pad>";
  std::string unk_surface = " \xE2\x81\x87 ";                  ///< what the unknown piece decodes to
  std::vector<std::pair<std::string, std::string>> self_test;  ///< input and expected pieces, separated by spaces

  /// @throws brot::Error (format) with the byte offset
  static SentencePieceModel parse(std::string_view bytes, std::string_view name = "sentencepiece.model");
  /// @throws also raven::IoError
  static SentencePieceModel from_file(const std::string& path);
  /// Of the normal and unused pieces leaves these and single characters for `native()` to encode with: so a model of
  /// several languages is restricted to what one of them has shown it.
  /// @throws brot::Error (unsupported) for models of words and of characters
  void set_vocabulary(const std::vector<std::string>& texts);
  /// As set_vocabulary with the pieces of a file of lines `piece TAB count` whose count is at least `threshold`; pieces
  /// without a count have 1.
  void load_vocabulary(const std::string& path, int64_t threshold);
  /// All pieces again.
  void reset_vocabulary();
  /// The index of the unknown piece, if there is one.
  std::optional<uint32_t> unk_id() const;

  /// A tokenizer that encodes and decodes exactly as SentencePiece does: control pieces decode to nothing. Runs the
  /// file's self test. It cannot be saved as tokenizer.json, but compiled.
  /// @throws brot::Error (vocabulary) when a self test fails or a piece is no UTF-8
  Tokenizer native() const;
  /// A tokenizer of HuggingFace's components, as transformers converts such models: a Unigram as most of its classes
  /// do, BPE as Llama's older one. Control pieces are special added tokens, user-defined ones plain added tokens. What
  /// else the class of a tokenizer does is from_pretrained_dir's.
  /// @throws brot::Error (unsupported) for models of words and of characters; (vocabulary) when a piece is no UTF-8
  Tokenizer convert() const;
};

}  // namespace brot
