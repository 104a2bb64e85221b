#pragma once
// The compiled form of a tokenizer (Tokenizer::save_compiled, from_compiled), and its parts that are JSON. Internal to
// brot.
#include <string>

#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/files/config.hpp"
#include "raven/brot/files/json.hpp"
#include "raven/brot/files/tables.hpp"

namespace brot::files {

/// A tokenizer from the arrays of a compiled file. @throws brot::Error (format)
Tokenizer read_compiled(const TableReader& tables, std::string_view name);

TokenizerConfig read_config(const json::Value& root);
/// What read_config reads.
std::string write_config(const TokenizerConfig& config);

}  // namespace brot::files
