#include "raven/kaun/io/checkpoint.hpp"

#include <algorithm>
#include <map>

#include "raven/base/message.hpp"
#include "raven/kaun/error.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"
#include "raven/nx/io/safetensors.hpp"

namespace kaun {

const std::string& Checkpoint::meta(std::string_view key) const {
  for (const auto& [name, value] : metadata)
    if (name == key) return value;
  throw raven::FormatError("kaun.load_checkpoint", path, 0,
                           raven::Message("the file's metadata has no '")
                               << key << "': it was not written by kaun, or for another model");
}

namespace detail {

namespace {

constexpr const char* load_name = "kaun.load_state_dict";

/// `name` by the first rule that fits, whose place in `used` is set.
std::string renamed(std::string name, const LoadOpts& options, std::vector<bool>& used) {
  for (size_t i = 0; i < options.rename.size(); ++i) {
    const auto& [from, to] = options.rename[i];
    if (from.empty()) {
      used[i] = true;
      return to + "." + name;
    }
    if (!name.starts_with(from) || (name.size() > from.size() && name[from.size()] != '.')) continue;
    used[i] = true;
    const std::string rest = name.substr(from.size());
    return to.empty() && !rest.empty() ? rest.substr(1) : to + rest;
  }
  return name;
}

/// The tensors by the names that the model should have for them. Throws nx::ValueError for a rule that fits nothing.
std::map<std::string, const Array*> tensors_by_name(const Checkpoint& checkpoint, const LoadOpts& options) {
  std::map<std::string, const Array*> by_name;
  std::vector<bool> used(options.rename.size());
  for (const auto& [name, value] : checkpoint.tensors) {
    if (!name.starts_with(options.prefix)) continue;
    const std::string mine = renamed(name.substr(options.prefix.size()), options, used);
    if (!by_name.emplace(mine, &value).second)
      throw CheckpointError(load_name, raven::Message("two tensors are named '")
                                           << mine << "', the second is '" << name << "'; change prefix or rename");
  }
  if (!options.prefix.empty() && by_name.empty())
    throw nx::ValueError(load_name, raven::Message("prefix: no tensor's name begins with '") << options.prefix << "'");
  for (size_t i = 0; i < used.size(); ++i)
    if (!used[i])
      throw nx::ValueError(load_name, raven::Message("rename: no tensor is named '")
                                          << options.rename[i].first << "' or '" << options.rename[i].first << ".…'");
  return by_name;
}

/// NaN equals NaN: what was saved twice is the same.
bool same_values(const Array& a, const Array& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  Array same = nx::equal(a, b);
  if (nx::is_float(a.dtype())) same = nx::logical_or(same, nx::logical_and(nx::isnan(a), nx::isnan(b)));
  return nx::all(same).item<bool>();
}

/// Faults of one load, and what helps against their kinds.
struct Faults {
  raven::Message list;
  int count = 0;
  bool shapes = false, dtypes = false, names = false;

  raven::Message& next() { return list << (count++ == 0 ? "" : "; "); }
  [[noreturn]] void fail(const std::string& path) const {
    raven::Message m(path);
    m << (path.empty() ? "" : ": ") << count << (count == 1 ? " problem: " : " problems: ") << list.str();
    if (shapes) m << "; build the model with the sizes it was saved with";
    if (dtypes) m << "; cast tensors of another dtype with astype";
    if (names) m << "; take what both have with {.strict = false}, or give .prefix and .rename when the names differ";
    throw CheckpointError(load_name, m);
  }
};

}  // namespace

std::vector<Array> match_tensors(const Checkpoint& checkpoint, const std::vector<nx::tree::LeafInfo>& infos,
                                 std::span<const TiedName> tied, const LoadOpts& options) {
  std::map<std::string, const Array*> by_name = tensors_by_name(checkpoint, options);
  Faults faults;
  for (const TiedName& tie : tied) {
    const auto copy = by_name.find(tie.name), leaf = by_name.find(tie.leaf);
    if (copy == by_name.end()) continue;
    if (leaf == by_name.end())
      by_name[tie.leaf] = copy->second;
    else if (!same_values(*copy->second, *leaf->second))
      faults.next() << "'" << tie.name << "' differs from '" << tie.leaf << "', which the model uses for both";
    by_name.erase(tie.name);
  }
  LoadReport report;
  std::vector<Array> values;
  for (const nx::tree::LeafInfo& info : infos) {
    const auto found = by_name.find(info.path);
    if (found == by_name.end()) {
      report.missing.push_back(info.path);
      if (options.strict) faults.next() << "missing '" << info.path << "'";
      values.emplace_back();
      continue;
    }
    const Array& value = *found->second;
    if (value.shape() != info.shape || value.dtype() != info.dtype) {
      (value.shape() != info.shape ? faults.shapes : faults.dtypes) = true;
      faults.next() << "'" << info.path << "' is " << nx::aval_of(value) << ", the model has "
                    << nx::Aval{info.dtype, info.shape};
    }
    values.push_back(value);
    by_name.erase(found);
  }
  for (const auto& entry : by_name) {
    report.unexpected.push_back(entry.first);
    if (options.strict) faults.next() << "unexpected '" << entry.first << "'";
  }
  faults.names = options.strict && !(report.missing.empty() && report.unexpected.empty());
  if (faults.count > 0) faults.fail(checkpoint.path);
  if (options.report) *options.report = std::move(report);
  return values;
}

}  // namespace detail

void save_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  std::vector<std::pair<std::string, std::string>> metadata = checkpoint.metadata;
  if (std::none_of(metadata.begin(), metadata.end(), [](const auto& item) { return item.first == "format"; }))
    metadata.emplace_back("format", "pt");
  std::vector<nx::io::NamedArray> tensors;
  for (const auto& [name, value] : checkpoint.tensors) tensors.push_back({name, value});
  nx::io::save_safetensors(path, tensors, metadata);
}

Checkpoint load_checkpoint(const std::string& path) {
  const nx::io::SafeTensors file = nx::io::load_safetensors(path);
  Checkpoint c;
  c.path = path;
  for (const std::string& name : file.names()) c.tensors.emplace_back(name, file.at(name));
  c.metadata = file.metadata();
  return c;
}

}  // namespace kaun
