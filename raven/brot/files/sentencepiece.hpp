#pragma once
// SentencePiece's `.model` files (protocol buffers) and vocabularies of GGUF files.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/brot/core/tokenizer.hpp"

namespace brot {

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
  std::string charsmap;
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
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

  /// A tokenizer that encodes exactly as SentencePiece does. Runs the file's self test. It cannot be saved as
  /// tokenizer.json.
  /// @throws brot::Error when a self test fails
  Tokenizer native() const;
  /// A tokenizer of HuggingFace's components, as transformers converts such models.
  Tokenizer convert() const;
};

/// The `tokenizer.ggml.*` values of a GGUF file; the container is read elsewhere.
struct GgufVocabulary {
  std::string model;  ///< gpt2, llama, bert or t5
  std::string pre;    ///< name of the pre-tokenizer's pattern, e.g. llama-bpe
  std::vector<std::string> tokens;
  std::vector<float> scores = {};
  std::vector<int32_t> token_types = {};  ///< as SentencePieceModel::PieceType
  std::vector<std::string> merges = {};
  std::vector<uint8_t> precompiled_charsmap = {};
  std::optional<uint32_t> bos_token_id = {}, eos_token_id = {}, unknown_token_id = {}, padding_token_id = {};
  bool add_bos_token = false, add_eos_token = false, add_space_prefix = true;
  std::string chat_template = {};
};
/// @throws brot::Error for unknown kinds and contradictory sizes
RAVEN_API Tokenizer read_gguf_vocabulary(const GgufVocabulary& vocabulary);

}  // namespace brot
