#pragma once
// Loading by what a path holds, and the vocabulary files of older tokenizers.
#include <string>
#include <string_view>

#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/word_models.hpp"

namespace brot {

/// A directory, or a file: `.json` (tokenizer.json, or one named tekken.json or unigram.json), `.model`, `.tiktoken`
/// (its name must be that of an encoding), `.txt` (WordPiece), `.brot`.
RAVEN_API Tokenizer load_any(const std::string& path);
/// `vocab.json` and `merges.txt` as a model. @throws brot::Error (format, vocabulary)
RAVEN_API ModelPtr read_bpe_files(const std::string& vocab_path, const std::string& merges_path,
                                  BpeOptions options = {});
/// `vocab.txt`: one token per line, the id is the line's number from 0.
RAVEN_API ModelPtr read_wordpiece_file(const std::string& vocab_path, WordPiece::Options options = {});
/// `vocab.json` of whole words.
RAVEN_API ModelPtr read_word_level_file(const std::string& vocab_path, WordLevel::Options options = {});
/// `unigram.json`: pieces with scores.
RAVEN_API ModelPtr read_unigram_file(const std::string& path);
/// Writes `vocab.json` and `merges.txt`, `vocab.txt`, or `unigram.json`, into a directory.
RAVEN_API void save_model_files(const Model& model, const std::string& directory);

/// Arrangements of whole families.
RAVEN_API Tokenizer gpt2_style(ModelPtr model, bool add_prefix_space = false);
/// `legacy` puts ▁ before each piece between special tokens, the newer way before the text only.
RAVEN_API Tokenizer llama_style(ModelPtr model, bool legacy, bool add_prefix_space = true);
RAVEN_API Tokenizer bert_style(ModelPtr model, bool lowercase = true);

}  // namespace brot
