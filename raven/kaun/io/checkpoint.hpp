#pragma once
// State dicts and checkpoint files (safetensors, PyTorch's names and layouts).
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "raven/nx/api/options.hpp"
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

/// Another name that files may have for a leaf, with the same values. A model lists them in `tied_names`.
struct TiedName {
  const char *name, *leaf;
};

/// Names that only one side has, when loading is not strict: leaves that kept the model's values, tensors left out.
struct LoadReport {
  std::vector<std::string> missing, unexpected;
};
struct LoadOpts {
  nx::detail::Named _named{};
  bool strict = true;    ///< every leaf and every tensor has its partner; shapes and dtypes agree in any case
  std::string prefix{};  ///< tensors whose names begin with it are taken, without it; the others are not looked at
  /// {from, to}: a name `from`, or `from.…`, becomes `to`, or `to.…`; the first that fits. After `prefix`.
  std::vector<std::pair<std::string, std::string>> rename{};
  LoadReport* report = nullptr;  ///< filled when not null
};

namespace detail {
/// The tensors for `infos` in order, absent where missing. Throws CheckpointError listing every fault.
RAVEN_API std::vector<Array> match_tensors(const Checkpoint& checkpoint, const std::vector<nx::tree::LeafInfo>& infos,
                                           std::span<const TiedName> tied, const LoadOpts& options);
}  // namespace detail

/// The model with its leaves taken from the checkpoint: by default strictly, the same names, shapes and dtypes. A
/// tensor under a tied name (`lm_head.weight` of models::Gpt) is accepted when it repeats its leaf. Throws
/// CheckpointError with every missing, unexpected and mismatched name; nx::ValueError for a rename that fits no tensor.
template <class T>
T load_state_dict(const T& model, const Checkpoint& checkpoint, const LoadOpts& options = {}) {
  T out = model;
  std::vector<nx::tree::LeafInfo> infos;
  nx::tree::for_each_leaf(out, [&](Array& leaf, const nx::tree::PathNode* path, nx::tree::Role role) {
    if (leaf.defined()) infos.push_back({nx::tree::path_string(path), leaf.shape(), leaf.dtype(), role});
  });
  std::span<const TiedName> tied;
  if constexpr (requires { T::tied_names; }) tied = T::tied_names;
  std::vector<Array> values = detail::match_tensors(checkpoint, infos, tied, options);
  size_t at = 0;
  nx::tree::for_each_leaf(out, [&](Array& leaf, const nx::tree::PathNode*, nx::tree::Role) {
    if (!leaf.defined()) return;
    if (values[at].defined()) leaf = std::move(values[at]);
    ++at;
  });
  return out;
}

/// Writes a safetensors file, whole or not at all. `__metadata__` gets `format: pt` and the checkpoint's own entries.
RAVEN_API void save_checkpoint(const std::string& path, const Checkpoint& checkpoint);
/// Maps a safetensors file. Throws raven::IoError, raven::FormatError.
RAVEN_API Checkpoint load_checkpoint(const std::string& path);

}  // namespace kaun
