#include "bench/runner/options.hpp"

#include <algorithm>
#include <charconv>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace raven::bench {
namespace {

int parse_count(const std::string& option, std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) {
    throw Error("raven-bench", Message() << option << ": got '" << text << "', expected a number from 1 on");
  }
  return value;
}

std::string suite_names() {
  std::string names;
  for (const Suite& suite : suites()) names += std::string(suite.name) + "|";
  return names + "all";
}

}  // namespace

std::string usage() {
  return "usage: raven-bench <" + suite_names() +
         "> [--filter re] [--threads 1,2] [--samples n] [--json file]\n"
         "                   [--peers | --peers-only] [--environment dir] [--list]\n";
}

Options parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == arguments.size()) throw Error("raven-bench", Message() << argument << ": expected a value after it");
      return arguments[++i];
    };
    if (argument == "--filter") {
      options.filter = value();
    } else if (argument == "--json") {
      options.json = value();
    } else if (argument == "--environment") {
      options.environment = value();
    } else if (argument == "--samples") {
      options.samples = parse_count(argument, value());
    } else if (argument == "--threads") {
      const std::string& list = value();
      for (size_t start = 0; start <= list.size();) {
        const size_t comma = std::min(list.find(',', start), list.size());
        options.threads.push_back(parse_count(argument, std::string_view(list).substr(start, comma - start)));
        start = comma + 1;
      }
    } else if (argument == "--peers") {
      options.peers = true;
    } else if (argument == "--peers-only") {
      options.peers = options.peers_only = true;
    } else if (argument == "--list") {
      options.list = true;
    } else if (argument.starts_with("-") || !options.suite.empty()) {
      throw Error("raven-bench", Message() << "unknown argument '" << argument << "'");
    } else {
      options.suite = argument;
    }
  }
  if (options.suite.empty())
    throw Error("raven-bench", Message() << "no suite given, expected one of " << suite_names());
  return options;
}

std::vector<Case> select_cases(const Options& options) {
  std::vector<Case> all;
  bool known = options.suite == "all";
  for (const Suite& suite : suites()) {
    if (options.suite != "all" && options.suite != suite.name) continue;
    known = true;
    suite.append(all);
  }
  if (!known) {
    throw Error("raven-bench",
                Message() << "unknown suite '" << options.suite << "', expected one of " << suite_names());
  }
  std::regex filter;
  try {
    filter.assign(options.filter);
  } catch (const std::regex_error& error) {
    throw Error("raven-bench", Message() << "--filter '" << options.filter << "': " << error.what());
  }
  std::vector<Case> kept;
  for (Case& candidate : all) {
    const bool thread_count =
        options.threads.empty() || std::count(options.threads.begin(), options.threads.end(), candidate.threads) > 0;
    if (thread_count && std::regex_search(candidate.name, filter)) kept.push_back(std::move(candidate));
  }
  return kept;
}

}  // namespace raven::bench
