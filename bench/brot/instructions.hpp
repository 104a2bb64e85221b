#pragma once
// What the gate of instruction counts (instructions.sh) runs: texts and tokenizers that are the same on every machine,
// and one piece of work on them, done once and on one thread.
#include <string>

/// Writes `text.txt` and the tokenizers `byte_level.json`, `wordpiece.json` and `unigram.json` into a directory.
void write_inputs(const std::string& directory);

/// Calls `run(context)`; callgrind finds it by name (--toggle-collect). It must not be defined where it is called:
/// compilers make copies of other names there.
extern "C" void brot_measured(void (*run)(void* context), void* context);

/// Does `work` (load, encode_ids, encode_offsets, decode, stream) inside a call of `brot_measured`, whose instructions
/// count. False when there is no such work.
bool run_once(const std::string& work, const std::string& tokenizer, const std::string& text);

/// What instruction counts depend on beside the sources, in one line.
std::string build_of_counts();
