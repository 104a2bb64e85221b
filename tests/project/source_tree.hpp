#pragma once
#include <string>
#include <vector>

struct SourceFile {
  std::string path;  ///< from the repository's root, e.g. raven/nx/array.hpp
  std::string text;
};
struct Include {
  int line;
  std::string target;  ///< as written, without its brackets
  bool quoted;
};

/// Headers and sources under raven/.
std::vector<SourceFile> library_sources();
std::vector<Include> includes_of(const std::string& text);
/// `nx` for raven/nx/… and raven/nx.hpp; `raven` for raven/raven.hpp; empty outside raven/.
std::string library_of(const std::string& path);
/// Installed and meant for users: a header outside the folders `internal` and `cpu`.
bool is_public_header(const std::string& path);
