// raven VERB …: finds the verb in the table and runs it. Errors go to stderr in one line; status 1 is a fault, 2 wrong usage.
#include <cstdio>
#include <string>
#include <vector>

#include "raven/base/error.hpp"
#include "raven/cli/verbs.hpp"

namespace {

struct Verb {
  std::string_view name, purpose;
  int (*run)(std::span<const std::string_view> words);
};
constexpr Verb verbs[] = {{"tokenize", "encode, decode, count, train and inspect tokenizers", raven::cli::tokenize}};

int usage(std::FILE* to) {
  std::fputs("usage: raven VERB …\n", to);
  for (const Verb& verb : verbs)
    std::fprintf(to, "  %-10.*s %.*s\n", int(verb.name.size()), verb.name.data(), int(verb.purpose.size()), verb.purpose.data());
  return to == stderr ? 2 : 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string_view> words(arguments + 1, arguments + count);
  if (words.empty()) return usage(stderr);
  if (words[0] == "--help" || words[0] == "help") return usage(stdout);
  for (const Verb& verb : verbs) {
    if (verb.name != words[0]) continue;
    try {
      return verb.run(std::span(words).subspan(1));
    } catch (const raven::Error& error) {
      std::fprintf(stderr, "raven: %s\n", error.what());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "raven: %s\n", error.what());
    }
    return 1;
  }
  return usage(stderr);
}
