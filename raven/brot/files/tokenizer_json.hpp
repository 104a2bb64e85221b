#pragma once
// `tokenizer.json`, read and written; not for users (Tokenizer::from_json, to_json).
#include <string>
#include <string_view>

#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/files/json.hpp"

namespace brot {
class BPE;
class TableReader;
}  // namespace brot

namespace brot::files {

/// Whole, or as part of the compiled form: without the vocabulary and merges of BPE, and with tiktoken's patterns and
/// SentencePiece's own ways, for which HuggingFace has no form.
enum class JsonForm : uint8_t { whole, without_tables };

/// @throws brot::Error (format) with JSON pointer and byte offset; errors of components
/// `tables`: of a compiled file, whose form is without_tables
Tokenizer read_tokenizer(std::string_view text, std::string_view name, LoadOptions options,
                         const TableReader* tables = nullptr);
std::string write_tokenizer(const TokenizerCore& core, bool pretty, JsonForm form = JsonForm::whole);

/// The BPE model whose tables the compiled form holds: the tokenizer's, or the one inside it; null when there is none.
const BPE* tables_of(const Model& model);

/// Single components, for tools and tests.
Normalizer read_normalizer(const json::Value& value);
PreTokenizer read_pre_tokenizer(const json::Value& value);
PostProcessor read_post_processor(const json::Value& value);
Decoder read_decoder(const json::Value& value);
ModelPtr read_model(const json::Value& value);
std::string write_model(const Model& model);

}  // namespace brot::files
