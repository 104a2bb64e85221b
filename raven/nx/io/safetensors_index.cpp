// The index of a model in several files: {"metadata": {…}, "weight_map": {"tensor": "file", …}}.
#include <algorithm>
#include <numeric>
#include <tuple>

#include "raven/base/message.hpp"
#include "raven/nx/internal/json.hpp"
#include "raven/nx/internal/safetensors.hpp"

namespace nx::io::format {

std::string quoted(std::string_view text) {
  size_t shown = text.size();
  if (shown > 80)
    for (shown = 77; (static_cast<unsigned char>(text[shown]) & 0xc0) == 0x80;) --shown;  // not inside a character
  std::string out;
  detail::append_json_string(out, text.substr(0, shown));
  if (shown < text.size()) out.insert(out.size() - 1, "…");
  return out;
}

namespace {
/// A name of a file in the same folder: no path, and nothing that a system call would cut.
bool is_plain_name(std::string_view file) {
  constexpr std::string_view refused("/\\\0", 3);
  return !file.empty() && file != "." && file != ".." && file.find_first_of(refused) == std::string_view::npos;
}
}  // namespace

std::vector<IndexEntry> parse_index(std::string_view text, std::string_view path) {
  detail::JsonReader json(text, 0, load_name, path);
  if (text.size() > max_header)
    json.fail(0, raven::Message("found an index of ") << text.size() << " bytes, expected at most " << max_header);
  std::vector<IndexEntry> entries;
  bool has_map = false;
  json.object([&](const std::string& key, uint64_t at) {
    if (key != "weight_map") return json.skip();
    if (has_map) json.fail(at, "found weight_map twice, expected it once");
    has_map = true;
    json.object([&](const std::string& name, uint64_t name_at) {
      json.skip_space();
      const uint64_t file_at = json.offset();
      entries.push_back({name, json.string(), name_at});
      if (!is_plain_name(entries.back().file))
        json.fail(file_at, raven::Message("found the file ") << quoted(entries.back().file) << " of tensor " << quoted(name)
                                                             << ", expected a file beside the index");
    });
  });
  json.expect_end();
  if (!has_map) json.fail(text.size(), "found no weight_map, expected the files of the tensors");
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return std::tie(entries[a].name, a) < std::tie(entries[b].name, b); });
  for (size_t i = 1; i < order.size(); ++i)
    if (entries[order[i]].name == entries[order[i - 1]].name)
      json.fail(entries[order[i]].offset, raven::Message("found tensor ") << quoted(entries[order[i]].name)
                                                                          << " twice, expected it once");
  return entries;
}

}  // namespace nx::io::format
