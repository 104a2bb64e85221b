// The compiled form: tokenizer.json without the vocabulary and merges of a BPE model, and the tables that are built of
// these, ready for use. Other models are small enough to be built again: they stay in the JSON, which then may have
// forms that tokenizer.json has not.
#include "raven/brot/files/compiled.hpp"

#include <algorithm>
#include <filesystem>

#include "raven/base/error.hpp"
#include "raven/brot/core/core.hpp"
#include "raven/brot/core/hash.hpp"
#include "raven/brot/files/load.hpp"
#include "raven/brot/files/tokenizer_json.hpp"

namespace brot {

namespace {

namespace fs = std::filesystem;

/// What tells that a file was changed: its size and time of last change; of a directory, those of its files and a hash
/// of their names.
std::vector<uint64_t> stamp_of(const std::string& path) {
  std::error_code fault;
  const auto check = [&](const fs::path& at) {
    if (fault) throw raven::IoError("brot.Tokenizer.from_cached", at.string(), fault.value());
  };
  std::vector<uint64_t> stamp;
  const auto add = [&](const fs::path& file) {
    const auto size = fs::file_size(file, fault);
    check(file);
    const auto time = fs::last_write_time(file, fault);
    check(file);
    stamp.insert(stamp.end(), {uint64_t(size), uint64_t(time.time_since_epoch().count())});
  };
  if (!fs::is_directory(path, fault)) {
    add(path);
    return stamp;
  }
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(path, fault), end; !fault && entry != end; entry.increment(fault))
    if (entry->is_regular_file(fault) && entry->path().extension() != ".brot") files.push_back(entry->path());
  check(path);
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    stamp.push_back(hash_bytes(name.data(), name.size()));
    add(file);
  }
  return stamp;
}

std::vector<char> characters(const std::string& text) { return {text.begin(), text.end()}; }

void write(const Tokenizer& tokenizer, const std::string& path, std::vector<uint64_t> stamp) {
  TableWriter out;
  const TokenizerCore& core = *tokenizer.core();
  out.add_copy("tokenizer", characters(files::write_tokenizer(core, false, files::JsonForm::without_tables)));
  out.add_copy("config", characters(files::write_config(core.config)));
  out.add_copy("stamp", std::move(stamp));
  if (const BPE* bpe = files::tables_of(*core.model)) bpe->write(out);
  out.save(path);
}

std::string_view text_of(const Table<char>& table) { return {table.data(), table.size()}; }

}  // namespace

Tokenizer files::read_compiled(const TableReader& tables, std::string_view name) {
  const Table<char> document = tables.get<char>("tokenizer"), config_text = tables.get<char>("config");
  Tokenizer tokenizer = read_tokenizer(text_of(document), name, {}, &tables);
  const json::Document config = json::Document::parse(text_of(config_text), name);
  tokenizer.set_config(read_config(config.root()));
  return tokenizer;
}

void Tokenizer::save_compiled(const std::string& path) const { write(*this, path, {}); }

Tokenizer Tokenizer::from_compiled(const std::string& path) { return files::read_compiled(TableReader(path), path); }

Tokenizer Tokenizer::from_cached(const std::string& source, const std::string& compiled) {
  std::string beside = source;  // "models/x/" is the directory "models/x"
  while (beside.size() > 1 && beside.ends_with('/')) beside.pop_back();
  const std::string path = compiled.empty() ? beside + ".brot" : compiled;
  std::vector<uint64_t> stamp = stamp_of(source);
  if (std::error_code fault; fs::exists(path, fault)) {
    try {
      const TableReader tables(path);
      const auto present = tables.get<uint64_t>("stamp");
      if (std::equal(present.begin(), present.end(), stamp.begin(), stamp.end()))
        return files::read_compiled(tables, path);
    } catch (const Error&) {  // of another version, or damaged: made anew
    }
  }
  const Tokenizer tokenizer = load_any(source);
  write(tokenizer, path, std::move(stamp));
  return tokenizer;
}

}  // namespace brot
