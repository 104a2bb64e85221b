#include "raven/brot/regex/backtrack.hpp"

#include <algorithm>
#include <utility>

#include "raven/base/message.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot::regex {

namespace {

constexpr size_t max_frames = size_t(1) << 22;
constexpr uint64_t base_steps = 200'000'000;
constexpr uint64_t steps_per_byte = 200;
constexpr uint64_t steps_before_memory = 20'000;
constexpr size_t max_remembered = size_t(1) << 23;

bool is_word_at(std::string_view text, size_t position, UnicodeProfile profile) {
  if (position >= text.size()) return false;
  const char* p = text.data() + position;
  return unicode::for_profile(
      profile, [&]<UnicodeProfile which>() { return unicode::is_word_onig<which>(unicode::next_scalar(p)); });
}

}  // namespace

Backtracker::Backtracker(const Program& program, std::string_view pattern, std::string_view text)
    : program_(program),
      pattern_(pattern),
      text_(text),
      slots_(program.slots, npos),
      step_limit_(base_steps + steps_per_byte * text.size()) {
  for (const Instruction& instruction : program.code) {
    guards_ += instruction.op == Op::empty_begin;
    remembers_ &= instruction.op != Op::atomic && instruction.op != Op::look && instruction.op != Op::backreference;
  }
  remembers_ &= guards_ <= 6;
}

// Called at each split once a search is long; true when this place was tried before, without success.
bool Backtracker::seen(uint32_t pc, size_t position) {
  uint64_t key = uint64_t(position) << 24 | pc << 6;
  for (uint32_t guard = 0; guard < guards_; ++guard) {
    key |= uint64_t(slots_[program_.slots - guards_ + guard] == position) << guard;
  }
  if (failed_.size() >= max_remembered) return failed_.contains(key);
  return !failed_.insert(key).second;
}

size_t Backtracker::run(size_t begin) {
  stack_.clear();
  std::fill(slots_.begin(), slots_.end(), npos);
  const size_t end = run_from(0, begin, 0);
  if (end != npos) failed_.clear();
  return end;
}

void Backtracker::step() {
  if (++steps_ > step_limit_) {
    throw RegexError(pattern_, 0,
                     raven::Message() << "search gave up after " << step_limit_
                                      << " steps of backtracking on a text of " << text_.size() << " bytes");
  }
}
void Backtracker::push(Frame frame) {
  if (stack_.size() >= max_frames) throw RegexError(pattern_, 0, "search gave up: the stack of backtracking is full");
  stack_.push_back(frame);
}
char32_t Backtracker::at(size_t position) const {
  const char* p = text_.data() + position;
  return unicode::next_scalar(p);
}
size_t Backtracker::forward(size_t position) const {
  return position + unicode::length_of_lead((unsigned char)text_[position]);
}
size_t Backtracker::backward(size_t position) const {
  do --position;
  while (((unsigned char)text_[position] & 0xC0) == 0x80);
  return position;
}
void Backtracker::set_slot(uint32_t slot, size_t value) {
  push({Frame::restore, slot, 0, slots_[slot]});
  slots_[slot] = value;
}

// Runs to `match` or `sub_match`; the frames pushed here are gone on return. Restore frames of a body that matched are
// kept below the caller's own, so that captures set in it are undone when the caller goes back.
size_t Backtracker::run_from(uint32_t pc, size_t position, uint32_t depth) {
  if (depth > 250) throw RegexError(pattern_, 0, "looks and atomic groups are nested too deeply");
  const size_t base = stack_.size();
  for (;;) {
    step();
    const Instruction& instruction = program_.code[pc];
    bool ok = true;
    switch (instruction.op) {
      case Op::set:
        ok = position < text_.size() && program_.sets[instruction.a].contains(at(position));
        if (ok) position = forward(position), ++pc;
        break;
      case Op::split:
        if (remembers_ && steps_ > steps_before_memory && seen(pc, position)) {
          ok = false;
          break;
        }
        push({Frame::branch, instruction.b, position, 0});
        pc = instruction.a;
        break;
      case Op::jump: pc = instruction.a; break;
      case Op::assertion:
        ok = assertion_holds(Assertion(instruction.a), position);
        ++pc;
        break;
      case Op::look_one: {
        const bool behind = instruction.b & 1;
        const bool edge = behind ? position == 0 : position == text_.size();
        ok = edge ? (instruction.b & 2) != 0
                  : program_.sets[instruction.a].contains(at(behind ? backward(position) : position));
        ++pc;
        break;
      }
      case Op::match:
      case Op::sub_match: {
        ok = instruction.op == Op::match || !instruction.a || position == look_end_;
        if (!ok) break;
        size_t write = base;
        for (size_t i = base; i < stack_.size(); ++i) {
          if (stack_[i].kind == Frame::restore) stack_[write++] = stack_[i];
        }
        stack_.resize(write);
        return position;
      }
      case Op::save:
      case Op::empty_begin:
        set_slot(instruction.a, position);
        ++pc;
        break;
      case Op::empty_end: pc = slots_[instruction.a] == position ? instruction.b : pc + 1; break;
      case Op::set_loop:
        ok = loop(instruction, pc + 1, position);
        ++pc;
        break;
      case Op::backreference:
        ok = match_backreference(instruction, position);
        ++pc;
        break;
      case Op::grapheme:
        ok = position < text_.size();
        if (ok) position = unicode::grapheme_end(text_, position);
        ++pc;
        break;
      case Op::atomic: {
        const size_t end = run_from(pc + 1, position, depth + 1);
        ok = end != npos;
        if (ok) position = end, pc = instruction.a;
        break;
      }
      case Op::look:
        ok = look_holds(instruction, pc + 1, position, depth);
        pc = instruction.a;
        break;
    }
    while (!ok) {
      if (stack_.size() == base) return npos;
      step();
      Frame& frame = stack_.back();
      switch (frame.kind) {
        case Frame::restore:
          slots_[frame.pc] = frame.limit;
          stack_.pop_back();
          break;
        case Frame::branch:
          pc = frame.pc;
          position = frame.position;
          stack_.pop_back();
          ok = true;
          break;
        case Frame::greedy_loop:  // one character less
          pc = frame.pc;
          position = frame.position = backward(frame.position);
          if (position <= frame.limit) stack_.pop_back();
          ok = true;
          break;
        case Frame::lazy_loop: {  // one character more; the loop's instruction is the one before frame.pc
          const CharSet& set = program_.sets[program_.code[frame.pc - 1].a];
          if (frame.position >= text_.size() || frame.limit == 0 || !set.contains(at(frame.position))) {
            stack_.pop_back();
            break;
          }
          pc = frame.pc;
          position = frame.position = forward(frame.position);
          frame.limit -= frame.limit != npos;
          ok = true;
          break;
        }
      }
    }
  }
}

bool Backtracker::loop(const Instruction& instruction, uint32_t pc, size_t& position) {
  const Loop& how = program_.loops[instruction.b];
  const CharSet& set = program_.sets[instruction.a];
  uint32_t count = 0;
  const auto take = [&](uint32_t most) {
    while (count < most && position < text_.size() && set.contains(at(position))) {
      step();
      position = forward(position);
      ++count;
    }
  };
  take(how.min);
  if (count < how.min) return false;
  if (how.greed == Greed::lazy) {
    if (how.max > how.min) push({Frame::lazy_loop, pc, position, how.max == unbounded ? npos : how.max - how.min});
    return true;
  }
  const size_t least = position;
  take(how.max);
  if (how.greed == Greed::greedy && position > least) push({Frame::greedy_loop, pc, position, least});
  return true;
}

bool Backtracker::look_holds(const Instruction& instruction, uint32_t body, size_t position, uint32_t depth) {
  const Look& look = program_.looks[instruction.b];
  const size_t base = stack_.size();
  bool found = false;
  if (!look.behind) {
    found = run_from(body, position, depth + 1) != npos;
  } else {
    // Every length that the body may have: it must end exactly here.
    size_t start = position;
    for (uint32_t length = 0; !found; ++length) {
      if (length >= look.min) {
        const size_t outer = std::exchange(look_end_, position);
        found = run_from(body, start, depth + 1) != npos;
        look_end_ = outer;
      }
      if (length >= look.max || start == 0) break;
      start = backward(start);
    }
  }
  if (look.negative && found) {
    while (stack_.size() > base) {
      slots_[stack_.back().pc] = stack_.back().limit;
      stack_.pop_back();
    }
  }
  return found != look.negative;
}

bool Backtracker::assertion_holds(Assertion assertion, size_t position) const {
  const bool at_end = position == text_.size();
  switch (assertion) {
    case Assertion::line_begin: return position == 0 || (text_[position - 1] == '\n' && !at_end);
    case Assertion::line_end: return at_end || text_[position] == '\n';
    case Assertion::text_begin: return position == 0;
    case Assertion::text_end: return at_end;
    case Assertion::text_end_or_newline: return at_end || (position + 1 == text_.size() && text_[position] == '\n');
    case Assertion::word_boundary:
    case Assertion::not_word_boundary: {
      const bool before = position > 0 && is_word_at(text_, backward(position), program_.profile);
      return (before != is_word_at(text_, position, program_.profile)) == (assertion == Assertion::word_boundary);
    }
  }
  return false;
}

bool Backtracker::match_backreference(const Instruction& instruction, size_t& position) {
  const size_t begin = slots_[2 * instruction.a], end = slots_[2 * instruction.a + 1];
  if (begin == npos || end == npos || end < begin) return false;
  if (!instruction.b) {
    if (text_.substr(position, end - begin) != text_.substr(begin, end - begin)) return false;
    position += end - begin;
    return true;
  }
  // Folded character by character.
  size_t p = position;
  for (size_t q = begin; q < end; q = forward(q)) {
    step();
    if (p >= text_.size()) return false;
    const char32_t a = at(p), b = at(q);
    const Folding fa = fold(a, program_.profile), fb = fold(b, program_.profile);
    if (fa.size != fb.size || !std::equal(fa.scalars, fa.scalars + fa.size, fb.scalars)) return false;
    p = forward(p);
  }
  position = p;
  return true;
}

}  // namespace brot::regex
