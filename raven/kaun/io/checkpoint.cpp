#include "raven/kaun/io/checkpoint.hpp"

#include <algorithm>
#include <map>

#include "raven/base/message.hpp"
#include "raven/kaun/error.hpp"
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

std::vector<Array> match_tensors(const Checkpoint& checkpoint, const std::vector<nx::tree::LeafInfo>& infos) {
  std::map<std::string_view, const Array*> by_name;
  for (const auto& [name, value] : checkpoint.tensors) by_name[name] = &value;
  raven::Message problems;
  int count = 0;
  const auto problem = [&]() -> raven::Message& { return problems << (count++ == 0 ? "" : "; "); };
  std::vector<Array> values;
  for (const nx::tree::LeafInfo& info : infos) {
    const auto found = by_name.find(info.path);
    if (found == by_name.end()) {
      problem() << "missing '" << info.path << "'";
      continue;
    }
    const Array& value = *found->second;
    if (value.shape() != info.shape || value.dtype() != info.dtype)
      problem() << "'" << info.path << "' is " << nx::aval_of(value) << ", the model has "
                << nx::Aval{info.dtype, info.shape};
    values.push_back(value);
    by_name.erase(found);
  }
  for (const auto& entry : by_name) problem() << "unexpected '" << entry.first << "'";
  if (count > 0)
    throw CheckpointError("kaun.load_state_dict", raven::Message(checkpoint.path)
                                                      << (checkpoint.path.empty() ? "" : ": ") << count
                                                      << (count == 1 ? " problem: " : " problems: ") << problems.str()
                                                      << "; build the model with the sizes it was saved with");
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
