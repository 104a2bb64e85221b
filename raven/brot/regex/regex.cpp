// Chooses an engine for a pattern and drives it over a text.
#include "raven/brot/regex/regex.hpp"

#include <mutex>

#include "raven/base/message.hpp"
#include "raven/brot/regex/automaton.hpp"
#include "raven/brot/regex/backtrack.hpp"
#include "raven/brot/regex/scanners.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

using namespace regex;

namespace {

// Automata of the patterns in use have below a hundred states; larger ones grow as they are needed, each thread its own
// copy, up to this many, then start afresh.
constexpr size_t eager_states = 512;

// An automaton may read far ahead for nothing at every position; beyond this the search is given up rather than
// quadratic.
constexpr uint64_t base_work = 1'000'000'000;
constexpr uint64_t work_per_byte = 1000;

constexpr size_t npos = size_t(-1);

}  // namespace

struct Regex::Impl {
  std::string pattern;
  UnicodeProfile profile = UnicodeProfile::hf;
  Engine engine = Engine::backtracking;
  const Scanner* scanner = nullptr;
  Program program;      // backtracking
  Automaton automaton;  // as far as it was explored at construction
  mutable std::mutex mutex;
  mutable std::vector<std::unique_ptr<Automaton>> pool;  // copies that grow, when the automaton is incomplete

  std::unique_ptr<Automaton> take() const {
    {
      const std::lock_guard lock(mutex);
      if (!pool.empty()) {
        std::unique_ptr<Automaton> out = std::move(pool.back());
        pool.pop_back();
        return out;
      }
    }
    return std::make_unique<Automaton>(automaton);
  }
  void give_back(std::unique_ptr<Automaton> used) const {
    if (used->overgrown()) return;
    const std::lock_guard lock(mutex);
    if (pool.size() < 64) pool.push_back(std::move(used));
  }
};

namespace {

// One search over one text: holds what the engine needs between matches.
class Search {
 public:
  Search(const Regex::Impl& impl, std::string_view text) : impl_(impl), text_(text) {
    if (impl.engine == Regex::Engine::automaton && !impl.automaton.complete()) grown_ = impl.take();
    if (impl.engine == Regex::Engine::backtracking) backtracker_.emplace(impl.program, impl.pattern, text);
  }
  ~Search() {
    if (grown_) impl_.give_back(std::move(grown_));
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  std::optional<Regex::Match> find(size_t position) {
    for (size_t begin = position; begin <= text_.size();) {
      if (impl_.engine == Regex::Engine::automaton) begin = impl_.automaton.skip(text_, begin);
      const size_t end = match_at(begin);
      if (end != npos) return Regex::Match{begin, end};
      if (begin == text_.size()) break;
      begin += unicode::length_of_lead((unsigned char)text_[begin]);
    }
    return std::nullopt;
  }

 private:
  size_t match_at(size_t begin) {
    switch (impl_.engine) {
      case Regex::Engine::scanner: return impl_.scanner->match(text_, begin);
      case Regex::Engine::backtracking: return backtracker_->run(begin);
      case Regex::Engine::automaton: break;
    }
    size_t overrun = begin;
    size_t end;
    if (!grown_) {
      // A complete automaton is never written to.
      end = const_cast<Automaton&>(impl_.automaton).run<false>(text_, begin, overrun);
    } else {
      if (grown_->overgrown()) grown_ = std::make_unique<Automaton>(impl_.automaton);
      end = grown_->run<true>(text_, begin, overrun);
    }
    work_ += overrun - begin;
    if (work_ > base_work + work_per_byte * text_.size()) {
      throw RegexError(
          impl_.pattern, 0,
          raven::Message() << "search gave up after reading " << work_ << " bytes ahead in a text of " << text_.size());
    }
    return end;
  }

  const Regex::Impl& impl_;
  std::string_view text_;
  std::unique_ptr<Automaton> grown_;
  std::optional<Backtracker> backtracker_;
  uint64_t work_ = 0;
};

std::string describe(std::string_view pattern, size_t position, std::string_view message) {
  raven::Message out;
  out << "pattern `" << (pattern.size() > 200 ? pattern.substr(0, 200) : pattern) << "`, byte " << position << ": "
      << message;
  return out.str();
}

}  // namespace

RegexError::RegexError(std::string_view pattern, size_t position, std::string_view message)
    : Error(ErrorCode::format, "brot.Regex", describe(pattern, position, message)), position_(position) {}
RegexError::~RegexError() = default;

Regex::Regex(std::string_view pattern, RegexDialect dialect, UnicodeProfile profile)
    : Regex(pattern, dialect, Engine::scanner, profile) {}

Regex::Regex(std::string_view pattern, RegexDialect dialect, Engine first, UnicodeProfile profile) {
  auto impl = std::make_shared<Impl>();
  impl->pattern = pattern;
  impl->profile = profile;
  const auto choose = [&] {
    const bool scanned = first == Engine::scanner && profile == UnicodeProfile::hf;
    if (scanned && (impl->scanner = find_scanner(pattern, dialect))) return Engine::scanner;
    const Node tree = parse(pattern, dialect, profile);
    if (scanned && (impl->scanner = find_scanner(tree))) return Engine::scanner;
    if (first != Engine::backtracking && fits_automaton(tree, profile)) {
      Program program = compile(tree, pattern, profile, true);
      if (program.automaton_ready && program.code.size() <= 20000 && impl->automaton.build(std::move(program))) {
        impl->automaton.explore(eager_states);
        return Engine::automaton;
      }
    }
    impl->program = compile(tree, pattern, profile, false);
    return Engine::backtracking;
  };
  impl->engine = choose();
  impl_ = std::move(impl);
}

const std::string& Regex::pattern() const noexcept { return impl_->pattern; }
Regex::Engine Regex::engine() const noexcept { return impl_->engine; }
UnicodeProfile Regex::profile() const noexcept { return impl_->profile; }
std::string_view Regex::scanner_name() const noexcept {
  return impl_->scanner ? impl_->scanner->name : std::string_view();
}
bool Regex::cuts_text() const noexcept { return impl_->scanner && impl_->scanner->cuts; }

std::optional<Regex::Match> Regex::find_from(std::string_view text, size_t position) const {
  if (position > text.size()) return std::nullopt;
  return Search(*impl_, text).find(position);
}

void Regex::scan(std::string_view text, Visitor visitor, void* context) const {
  if (impl_->engine == Engine::scanner) return impl_->scanner->scan(text, visitor, context);
  Search search(*impl_, text);
  size_t position = 0, last_end = npos;
  while (position <= text.size()) {
    const std::optional<Match> match = search.find(position);
    if (!match) return;
    if (match->begin == match->end && match->end == last_end) {
      if (position == text.size()) return;
      position += unicode::length_of_lead((unsigned char)text[position]);
      continue;
    }
    visitor(context, match->begin, match->end);
    position = last_end = match->end;
  }
}

}  // namespace brot
