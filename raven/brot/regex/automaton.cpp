#include "raven/brot/regex/automaton.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "raven/brot/unicode/unicode.hpp"

namespace brot::regex {

// --------------------------------------------------------------------------------------------------------- classes

bool ClassMap::build(const std::vector<CharSet>& sets) {
  // Boundaries of all ranges cut the code points into runs; runs with equal memberships are one class.
  struct Edge {
    char32_t at;
    uint32_t set;
  };
  std::vector<Edge> edges;
  for (size_t i = 0; i < sets.size(); ++i) {
    for (const CharSet::Range& range : sets[i].ranges()) {
      edges.push_back({range.first, uint32_t(i)});
      edges.push_back({range.last + 1, uint32_t(i)});
    }
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
  std::map<std::vector<bool>, uint32_t> index;
  std::vector<std::vector<bool>> signatures;
  std::vector<bool> current(sets.size(), false);
  std::vector<uint16_t> uniform;  // page of one class, by class; 0xFFFF: not made yet
  std::unordered_map<std::string, uint16_t> mixed;
  std::string page(128, '\0');
  const auto flush = [&](char32_t page_begin) {
    const auto [it, fresh] = mixed.emplace(page, uint16_t(pages_.size() / 128));
    if (fresh) pages_.insert(pages_.end(), page.begin(), page.end());
    page_index_[page_begin >> 7] = it->second;
  };
  page_index_.resize(0x110000 / 128);
  size_t edge = 0;
  for (char32_t begin = 0; begin < 0x110000;) {
    while (edge < edges.size() && edges[edge].at == begin) {
      current[edges[edge].set] = !current[edges[edge].set];
      ++edge;
    }
    const char32_t end = edge < edges.size() ? std::min<char32_t>(edges[edge].at, 0x110000) : 0x110000;
    const auto [it, fresh] = index.emplace(current, uint32_t(index.size()));
    const uint32_t cls = it->second;
    if (fresh) {
      signatures.push_back(current);
      uniform.push_back(0xFFFF);
      if (index.size() > 250) return false;
    }
    while (begin < end) {
      if (begin % 128 == 0 && end - begin >= 128) {
        if (uniform[cls] == 0xFFFF) {
          uniform[cls] = uint16_t(pages_.size() / 128);
          pages_.insert(pages_.end(), 128, uint8_t(cls));
        }
        page_index_[begin >> 7] = uniform[cls];
        begin += 128;
        continue;
      }
      const char32_t stop = std::min<char32_t>(end, (begin | 127) + 1);
      std::fill(page.begin() + (begin & 127), page.begin() + (begin & 127) + (stop - begin), char(cls));
      if (stop % 128 == 0) flush(stop - 128);
      begin = stop;
    }
  }
  count_ = uint32_t(signatures.size());
  members_.resize(sets.size() * count_);
  for (size_t i = 0; i < sets.size(); ++i) {
    for (uint32_t c = 0; c < count_; ++c) members_[i * count_ + c] = signatures[c][i];
  }
  for (char32_t c = 0; c < 128; ++c) ascii_[c] = uint8_t(of(c));
  return true;
}

bool ClassMap::any_of_64(char32_t first, const std::vector<bool>& wanted) const {
  const uint8_t* classes = pages_.data() + size_t(page_index_[first >> 7]) * 128 + (first & 127);
  return std::any_of(classes, classes + 64, [&](uint8_t c) { return wanted[c]; });
}

// ----------------------------------------------------------------------------------------------------- construction

size_t Automaton::StateHash::operator()(const State& state) const {
  uint64_t hash = state.previous + 0x9E3779B97F4A7C15u;
  for (const uint32_t thread : state.threads) hash = (hash ^ thread) * 0x100000001B3u;
  return size_t(hash ^ hash >> 29);
}

bool Automaton::build(Program program) {
  std::vector<CharSet> sets = program.sets;
  newline_set_ = uint32_t(sets.size());
  word_set_ = newline_set_ + 1;
  bool uses_newline = false, uses_word = false;
  for (const Instruction& i : program.code) {
    if (i.op != Op::assertion) continue;
    uses_newline |= Assertion(i.a) == Assertion::line_begin || Assertion(i.a) == Assertion::line_end;
    uses_word |= Assertion(i.a) == Assertion::word_boundary || Assertion(i.a) == Assertion::not_word_boundary;
  }
  sets.push_back(uses_newline ? CharSet::of('\n') : CharSet());
  sets.push_back(uses_word ? CharSet::word_onig(program.profile) : CharSet());
  auto classes = std::make_shared<ClassMap>();
  if (!classes->build(sets)) return false;
  classes_ = std::move(classes);
  program_ = std::make_shared<const Program>(std::move(program));
  mark_.assign(program_->code.size(), 0);
  while ((1u << shift_) < classes_->count() + 1) ++shift_;
  add_state({0, {}});
  for (uint32_t c = 0; c <= classes_->count(); ++c)
    starts_.push_back(add_state({program_->needs_previous ? c : 0, {0}}));
  return true;
}

uint32_t Automaton::add_state(State state) {
  if (state.threads.empty()) state.previous = 0;
  const uint32_t offset = uint32_t(states_.size()) << shift_;
  const auto [it, fresh] = index_.emplace(std::move(state), offset);
  if (!fresh) return it->second;
  states_.push_back(it->first);
  table_.resize(table_.size() + (size_t(1) << shift_), offset == 0 ? 0 : unknown);
  return offset;
}

bool Automaton::holds(const Instruction& instruction, uint32_t previous, uint32_t symbol) const {
  const uint32_t edge = classes_->count();
  if (instruction.op == Op::look_one) {
    const uint32_t c = instruction.b & 1 ? previous : symbol;
    return c == edge ? (instruction.b & 2) != 0 : classes_->member(instruction.a, c);
  }
  const auto is = [&](uint32_t set, uint32_t c) { return c != edge && classes_->member(set, c); };
  switch (Assertion(instruction.a)) {
    case Assertion::line_begin: return previous == edge || (is(newline_set_, previous) && symbol != edge);
    case Assertion::line_end: return symbol == edge || is(newline_set_, symbol);
    case Assertion::text_begin: return previous == edge;
    case Assertion::text_end: return symbol == edge;
    case Assertion::word_boundary: return is(word_set_, previous) != is(word_set_, symbol);
    case Assertion::not_word_boundary: return is(word_set_, previous) == is(word_set_, symbol);
    default: return false;
  }
}

// Follows conditions and splits in order of priority; consumers of `symbol` go to `next`, a match cuts whatever comes
// after it.
void Automaton::close(const State& state, uint32_t symbol, bool& matched, std::vector<uint32_t>& next) {
  if (++generation_ == 0) std::fill(mark_.begin(), mark_.end(), 0), generation_ = 1;
  std::vector<uint32_t> stack;
  std::vector<uint32_t> targets;
  for (const uint32_t thread : state.threads) {
    stack.push_back(thread);
    while (!stack.empty()) {
      const uint32_t pc = stack.back();
      stack.pop_back();
      if (mark_[pc] == generation_) continue;
      mark_[pc] = generation_;
      const Instruction& instruction = program_->code[pc];
      switch (instruction.op) {
        case Op::set:
          if (symbol != classes_->count() && classes_->member(instruction.a, symbol)) next.push_back(pc + 1);
          break;
        case Op::split:
          stack.push_back(instruction.b);
          stack.push_back(instruction.a);
          break;
        case Op::jump: stack.push_back(instruction.a); break;
        case Op::match: matched = true; return;
        default:
          if (holds(instruction, state.previous, symbol)) stack.push_back(pc + 1);
          break;
      }
    }
  }
}

uint32_t Automaton::transition(uint32_t offset, uint32_t symbol) {
  const State state = states_[offset >> shift_];
  bool matched = false;
  State next{program_->needs_previous ? symbol : 0, {}};
  close(state, symbol, matched, next.threads);
  // Two threads at one place: the later one can never win.
  std::vector<uint32_t> distinct;
  if (++generation_ == 0) std::fill(mark_.begin(), mark_.end(), 0), generation_ = 1;
  for (const uint32_t thread : next.threads) {
    if (mark_[thread] == generation_) continue;
    mark_[thread] = generation_;
    distinct.push_back(thread);
  }
  next.threads = std::move(distinct);
  const uint32_t to = add_state(std::move(next));
  return table_[offset + symbol] = to * 2 + matched;
}

bool Automaton::explore(size_t limit) {
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_.size() > limit) return complete_ = false;
    for (uint32_t symbol = 0; symbol <= classes_->count(); ++symbol) {
      const uint32_t offset = uint32_t(i) << shift_;
      if (table_[offset + symbol] == unknown) transition(offset, symbol);
    }
  }
  complete_ = true;
  find_first_bytes();
  return true;
}

void Automaton::find_first_bytes() {
  std::vector<bool> can_start(classes_->count(), false);
  for (const uint32_t state : starts_) {
    if (table_[state + classes_->count()] & 1) return;  // matches the empty text
    for (uint32_t c = 0; c < classes_->count(); ++c) {
      const uint32_t entry = table_[state + c];
      if (entry & 1) return;
      if (entry) can_start[c] = true;
    }
  }
  for (char32_t c = 0; c < 128; ++c) first_bytes_[c] = can_start[classes_->ascii((unsigned char)c)];
  for (char32_t c = 128; c < 0x110000; c += 64) {  // 64 neighbours share their lead byte
    char bytes[4];
    unicode::encode(c, bytes);
    bool& first = first_bytes_[(unsigned char)bytes[0]];
    if (!first) first = classes_->any_of_64(c, can_start);
  }
  filter_ = true;
  int count = 0;
  for (int b = 0; b < 256; ++b) {
    if (first_bytes_[b]) ++count, only_byte_ = b;
  }
  if (count != 1) only_byte_ = -1;
}

// ---------------------------------------------------------------------------------------------------------- running

uint32_t Automaton::start(std::string_view text, size_t begin) const {
  if (!program_->needs_previous || begin == 0) return starts_[classes_->count()];
  const char32_t c = unicode::previous_scalar(text.data() + begin);
  return starts_[classes_->of(c)];
}

size_t Automaton::skip(std::string_view text, size_t from) const {
  if (!filter_) return from;
  if (only_byte_ >= 0) {
    const void* hit = from < text.size() ? std::memchr(text.data() + from, only_byte_, text.size() - from) : nullptr;
    return hit ? size_t(static_cast<const char*>(hit) - text.data()) : text.size();
  }
  while (from < text.size() && !first_bytes_[(unsigned char)text[from]]) ++from;
  return from;
}

template <bool grow>
size_t Automaton::run(std::string_view text, size_t begin, size_t& overrun) {
  const ClassMap& classes = *classes_;
  uint32_t state = start(text, begin);
  size_t matched = npos;
  const char* at = text.data() + begin;
  const char* const end = text.data() + text.size();
  const uint32_t* table = table_.data();
  while (at != end) {
    const char* here = at;
    const auto lead = static_cast<unsigned char>(*at);
    const uint32_t symbol = lead < 0x80 ? (++at, classes.ascii(lead)) : classes.of(unicode::next_scalar(at));
    uint32_t entry = table[state + symbol];
    if constexpr (grow) {
      if (entry == unknown) {
        entry = transition(state, symbol);
        table = table_.data();
      }
    }
    if (entry & 1) matched = size_t(here - text.data());
    state = entry >> 1;
    if (state == 0) {
      overrun = size_t(here - text.data());
      return matched;
    }
  }
  overrun = text.size();
  uint32_t entry = table[state + classes.count()];
  if constexpr (grow) {
    if (entry == unknown) entry = transition(state, classes.count());
  }
  return entry & 1 ? text.size() : matched;
}

template size_t Automaton::run<false>(std::string_view, size_t, size_t&);
template size_t Automaton::run<true>(std::string_view, size_t, size_t&);

}  // namespace brot::regex
