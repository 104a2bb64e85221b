#include "raven/nx/tree.hpp"

#include <algorithm>
#include <numeric>

#include "raven/base/message.hpp"
#include "raven/nx/error.hpp"

namespace nx::tree {

std::string path_string(const PathNode* node) {
  if (!node) return {};
  std::string path = path_string(node->parent);
  if (!path.empty()) path += '.';
  if (node->name.empty())
    path += std::to_string(node->index);
  else
    path += node->name;
  return path;
}

namespace detail {

std::vector<size_t> sorted_order(const std::vector<std::string_view>& keys) {
  std::vector<size_t> order(keys.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return keys[a] < keys[b]; });
  return order;
}

void check_same(const char* name, const std::vector<std::string>& a, const std::vector<std::string>& b) {
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  if (i == a.size() && i == b.size()) return;
  const std::string here = i < a.size() ? a[i] : "(end)", there = i < b.size() ? b[i] : "(end)";
  throw TreeMismatchError(name, here, raven::Message("the trees differ: ") << a.size() << " leaves and " << b.size()
                                                                           << "; first difference: '" << here << "' and '"
                                                                           << there << "'");
}

bool is_path(const PathNode* node, std::string_view path) {
  while (node) {
    const std::string index = node->name.empty() ? std::to_string(node->index) : std::string();
    const std::string_view last = node->name.empty() ? index : node->name;
    if (!path.ends_with(last)) return false;
    path.remove_suffix(last.size());
    node = node->parent;
    if (!node) break;
    if (!path.ends_with('.')) return false;
    path.remove_suffix(1);
  }
  return path.empty();
}

}  // namespace detail
}  // namespace nx::tree
