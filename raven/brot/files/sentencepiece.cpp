#include "raven/brot/files/sentencepiece.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_set>

#include "raven/base/file.hpp"
#include "raven/brot/unicode/unicode.hpp"

namespace brot {

namespace {

/// Fields of a protocol buffer, one after the other.
class Reader {
 public:
  Reader(std::string_view bytes, std::string_view name, uint64_t base) : bytes_(bytes), name_(name), base_(base) {}
  struct Field {
    uint32_t number;
    uint32_t wire;           // 0 varint, 1 eight bytes, 2 bytes, 5 four bytes
    uint64_t value;          // of numbers
    std::string_view bytes;  // of strings and messages
    uint64_t offset;         // of `bytes`
  };
  bool next(Field& field) {
    if (at_ == bytes_.size()) return false;
    const uint64_t key = varint();
    field = {uint32_t(key >> 3), uint32_t(key & 7), 0, {}, 0};
    if (field.number == 0 || key >> 3 > 0x1FFFFFFF) fail("a field has no number");
    switch (field.wire) {
      case 0: field.value = varint(); break;
      case 1: field.value = fixed(8); break;
      case 5: field.value = fixed(4); break;
      case 2: {
        const uint64_t size = varint();
        if (size > bytes_.size() - at_) fail("a field is longer than the file");
        field.offset = base_ + at_;
        field.bytes = bytes_.substr(at_, size_t(size));
        at_ += size_t(size);
        break;
      }
      default: fail("unknown kind of field");
    }
    return true;
  }
  Reader message(const Field& field) const {
    if (field.wire != 2) fail("expected a message");
    return Reader(field.bytes, name_, field.offset);
  }
  std::string text(const Field& field) const {
    if (field.wire != 2) fail("expected a text");
    return std::string(field.bytes);
  }
  std::string utf8(const Field& field) const {
    std::string result = text(field);
    if (const size_t invalid = unicode::find_invalid(result); invalid != result.size())
      fail("expected UTF-8", field.offset + invalid);
    return result;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const { fail(what, base_ + at_); }
  [[noreturn]] void fail(std::string_view what, uint64_t offset) const {
    throw Error(ErrorCode::format, "brot.SentencePieceModel", raven::Message() << name_ << ": " << what,
                raven::Message() << "byte " << offset);
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == bytes_.size()) fail("the file ends inside a number");
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= uint64_t(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    fail("a number is longer than ten bytes");
  }
  uint64_t fixed(size_t size) {
    if (bytes_.size() - at_ < size) fail("the file ends inside a number");
    uint64_t value = 0;
    std::memcpy(&value, bytes_.data() + at_, size);
    at_ += size;
    return value;
  }
  std::string_view bytes_, name_;
  uint64_t base_;
  size_t at_ = 0;
};

float float_of(uint64_t bits) {
  const auto word = uint32_t(bits);
  float value;
  std::memcpy(&value, &word, 4);
  return value;
}

SentencePieceModel::Piece read_piece(Reader reader) {
  SentencePieceModel::Piece piece;
  Reader::Field field;
  while (reader.next(field)) {
    if (field.number == 1) piece.text = reader.utf8(field);
    if (field.number == 2) piece.score = float_of(field.value);
    if (field.number == 3 && field.value >= 1 && field.value <= 6)
      piece.type = SentencePieceModel::PieceType(field.value);
  }
  return piece;
}

void read_normalization(Reader reader, SpmNormalization& to) {
  Reader::Field option;
  while (reader.next(option)) {
    if (option.number == 2) to.charsmap = reader.text(option);
    if (option.number == 3) to.add_dummy_prefix = option.value != 0;
    if (option.number == 4) to.remove_extra_whitespaces = option.value != 0;
    if (option.number == 5) to.escape_whitespaces = option.value != 0;
  }
}

}  // namespace

SentencePieceModel SentencePieceModel::parse(std::string_view bytes, std::string_view name) {
  SentencePieceModel model;
  Reader reader(bytes, name, 0);
  Reader::Field field;
  while (reader.next(field)) {
    if (field.number == 1) model.pieces.push_back(read_piece(reader.message(field)));
    if (field.number == 2) {
      Reader trainer = reader.message(field);
      Reader::Field option;
      while (trainer.next(option)) {
        if (option.number == 3 && option.value >= 1 && option.value <= 4) model.algorithm = Algorithm(option.value);
        if (option.number == 24) model.treat_whitespace_as_suffix = option.value != 0;
        if (option.number == 35) model.byte_fallback = option.value != 0;
        if (option.number == 44) model.unk_surface = trainer.utf8(option);
        // Empty names stand for the usual ones.
        const auto name = [&](uint32_t number, std::string& to) {
          if (option.number != number) return;
          if (std::string given = trainer.utf8(option); !given.empty()) to = std::move(given);
        };
        name(45, model.unk_piece);
        name(46, model.bos_piece);
        name(47, model.eos_piece);
        name(48, model.pad_piece);
      }
    }
    if (field.number == 3) read_normalization(reader.message(field), model.normalization);
    if (field.number == 5) read_normalization(reader.message(field), model.denormalization.emplace());
    if (field.number == 4) {
      Reader tests = reader.message(field);
      Reader::Field sample;
      while (tests.next(sample)) {
        if (sample.number != 1) continue;
        Reader parts = tests.message(sample);
        Reader::Field part;
        auto& test = model.self_test.emplace_back();
        while (parts.next(part)) {
          if (part.number == 1) test.first = parts.text(part);
          if (part.number == 2) test.second = parts.text(part);
        }
      }
    }
  }
  if (model.pieces.empty())
    throw Error(ErrorCode::format, "brot.SentencePieceModel", raven::Message() << name << ": no pieces in the file",
                "byte 0");
  return model;
}

SentencePieceModel SentencePieceModel::from_file(const std::string& path) {
  const raven::MappedFile file(path, "brot.SentencePieceModel.from_file");
  return parse(file.text(), path);
}

void SentencePieceModel::set_vocabulary(const std::vector<std::string>& texts) {
  if (algorithm != Algorithm::unigram && algorithm != Algorithm::bpe)
    throw Error(ErrorCode::unsupported, "brot.SentencePieceModel.set_vocabulary",
                "only unigram and bpe models can be restricted");
  const std::unordered_set<std::string_view> kept(texts.begin(), texts.end());
  for (Piece& piece : pieces) {
    if (piece.type != PieceType::normal && piece.type != PieceType::unused) continue;
    const bool character =
        !piece.text.empty() && unicode::length_of_lead(static_cast<unsigned char>(piece.text[0])) == piece.text.size();
    piece.excluded = !character && !kept.contains(piece.text);
    if (!piece.excluded) piece.type = PieceType::normal;
  }
}

void SentencePieceModel::load_vocabulary(const std::string& path, int64_t threshold) {
  const std::string source = raven::read_file(path, "brot.SentencePieceModel.load_vocabulary");
  std::vector<std::string> texts;
  std::string_view lines = source;
  for (size_t number = 1; !lines.empty(); ++number) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const size_t tab = line.find('\t');
    int64_t count = 1;
    if (tab != std::string_view::npos) {
      const std::string_view digits = line.substr(tab + 1);
      const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), count);
      if (digits.empty() || result.ec != std::errc() || result.ptr != digits.data() + digits.size())
        throw Error(
            ErrorCode::format, "brot.SentencePieceModel.load_vocabulary",
            raven::Message() << path << ": got `" << line.substr(0, 60) << "`, expected a piece, a tab and a count",
            raven::Message() << "line " << uint64_t(number));
    }
    if (count >= threshold) texts.emplace_back(line.substr(0, tab));
  }
  set_vocabulary(texts);
}

void SentencePieceModel::reset_vocabulary() {
  for (Piece& piece : pieces) piece.excluded = false;
}

std::optional<uint32_t> SentencePieceModel::unk_id() const {
  for (uint32_t id = 0; id < pieces.size(); ++id)
    if (pieces[id].type == PieceType::unknown) return id;
  return std::nullopt;
}

}  // namespace brot
