#pragma once
// State dicts and checkpoint files (safetensors, PyTorch's names and layouts).
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/nx/tree.hpp"

namespace kaun {

using nx::Array;

/// An ordered name → array list with text beside it. Arrays of a loaded file are mapped, not copied.
struct RAVEN_API Checkpoint {
  std::vector<std::pair<std::string, Array>> tensors;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string path;  ///< where it was loaded from, for messages

  /// The metadata value; throws raven::FormatError naming the path and key when there is none.
  const std::string& meta(std::string_view key) const;
};

/// Every leaf under its path.
template <class T>
Checkpoint state_dict(const T& model) {
  Checkpoint c;
  nx::tree::for_each_leaf(model, [&](const Array& leaf, const nx::tree::PathNode* path, nx::tree::Role) {
    if (leaf.defined()) c.tensors.emplace_back(nx::tree::path_string(path), leaf);
  });
  return c;
}

namespace detail {
/// The tensors for `infos` in order. Throws CheckpointError listing every missing, unexpected and mismatched name.
RAVEN_API std::vector<Array> match_tensors(const Checkpoint& checkpoint, const std::vector<nx::tree::LeafInfo>& infos);
}  // namespace detail

/// The model with its leaves taken from the checkpoint, strictly: same names, shapes and dtypes.
template <class T>
T load_state_dict(const T& model, const Checkpoint& checkpoint) {
  T out = model;
  std::vector<nx::tree::LeafInfo> infos;
  nx::tree::for_each_leaf(out, [&](Array& leaf, const nx::tree::PathNode* path, nx::tree::Role role) {
    if (leaf.defined()) infos.push_back({nx::tree::path_string(path), leaf.shape(), leaf.dtype(), role});
  });
  std::vector<Array> values = detail::match_tensors(checkpoint, infos);
  size_t at = 0;
  nx::tree::for_each_leaf(out, [&](Array& leaf, const nx::tree::PathNode*, nx::tree::Role) {
    if (leaf.defined()) leaf = std::move(values[at++]);
  });
  return out;
}

/// Writes a safetensors file, whole or not at all. `__metadata__` gets `format: pt` and the checkpoint's own entries.
RAVEN_API void save_checkpoint(const std::string& path, const Checkpoint& checkpoint);
/// Maps a safetensors file. Throws raven::IoError, raven::FormatError.
RAVEN_API Checkpoint load_checkpoint(const std::string& path);

}  // namespace kaun
