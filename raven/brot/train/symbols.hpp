#pragma once
// The words of the text as sequences of token ids, where training of BPE and WordPiece starts from.
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "raven/brot/train/trainers.hpp"

namespace brot {

struct Symbol {
  uint32_t id;
  uint32_t characters;
};

/// All words in one array, most frequent first; a word shrinks in place as its symbols are merged. Tokens are numbered
/// as they come: special tokens, the alphabet, symbols with a prefix or suffix, then what is merged.
class SymbolWords {
 public:
  /// Characters outside the alphabet are left out of the words.
  SymbolWords(const BpeTrainer& options, const WordCounts& counts);
  Symbol* of(size_t word) { return symbols.data() + begin[word]; }
  /// The id of two tokens written as one: that of the known token of the same text, or a new one.
  uint32_t merged_id(uint32_t left, uint32_t right);

  std::vector<std::string> tokens;  // by id
  std::vector<Symbol> symbols;
  std::vector<size_t> begin;
  std::vector<uint32_t> size;
  std::vector<uint64_t> count;

 private:
  uint32_t id_of(const std::string& token);
  void make_alphabet(const BpeTrainer& options, const std::vector<WordCounts::Word>& list);
  void make_words(const BpeTrainer& options, const std::vector<WordCounts::Word>& list);
  std::string prefix_;
  std::unordered_map<std::string, uint32_t> ids_;
};

}  // namespace brot
