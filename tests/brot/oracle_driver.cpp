// A server for tests/brot/oracle.py: reads requests from stdin, writes what brot makes of them to stdout, in host byte order.
//   L path              load a tokenizer.json                         → u8 ok, text (error message)
//   E flags n {text…}   encode; flags: 1 special tokens, 2 pairs, 4 ids only → per text: u8 ok, encoding or text
//   D skip n {u32 ids…} decode, whole and streaming                   → per list: text, text
//   S pretty            the file                                      → text
//   P n {text}          pre-tokenize                                  → per text: u32 count, {text, u32 begin, u32 end}
//   N n {text}          normalize                                     → per text: text
//   T n {u32 id}        texts of ids                                  → per id: u8 known, text
// A text is u32 length and bytes; offsets are code points.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "raven/base/error.hpp"
#include "raven/brot/core/tokenizer.hpp"

namespace {

bool read_bytes(void* to, size_t size) { return std::fread(to, 1, size, stdin) == size; }
uint32_t read_u32() {
  uint32_t value = 0;
  if (!read_bytes(&value, 4)) std::exit(0);
  return value;
}
std::string read_text() {
  std::string text(read_u32(), '\0');
  if (!text.empty() && !read_bytes(text.data(), text.size())) std::exit(0);
  return text;
}

std::string out;
void put(const void* data, size_t size) { out.append(static_cast<const char*>(data), size); }
void put_u32(size_t value) {
  const uint32_t word = uint32_t(value);
  put(&word, 4);
}
void put_u8(int value) { out.push_back(char(value)); }
void put_text(std::string_view text) {
  put_u32(text.size());
  put(text.data(), text.size());
}

void put_encoding(const brot::Encoding& encoding, bool ids_only) {
  put_u32(encoding.size());
  put(encoding.ids().data(), encoding.ids().size_bytes());
  if (ids_only) return;
  put(encoding.offsets().data(), encoding.offsets().size_bytes());
  put(encoding.word_ids().data(), encoding.word_ids().size_bytes());
  put(encoding.type_ids().data(), encoding.type_ids().size_bytes());
  put(encoding.special_tokens_mask().data(), encoding.size());
  put(encoding.attention_mask().data(), encoding.size());
  for (const auto& sequence : encoding.sequence_ids()) put_u8(sequence ? int(*sequence) : 255);
  for (const std::string_view token : encoding.tokens()) put_text(token);
  put_u32(encoding.overflowing().size());
  for (const brot::Encoding& overflow : encoding.overflowing()) put_encoding(overflow, false);
}

}  // namespace

int main() {
  raven::on_warning(nullptr);
  std::unique_ptr<brot::Tokenizer> tokenizer;
  for (int op = std::getchar(); op != EOF; op = std::getchar()) {
    out.clear();
    switch (op) {
      case 'L': {
        const std::string path = read_text();
        try {
          tokenizer = std::make_unique<brot::Tokenizer>(brot::Tokenizer::from_file(path));
          put_u8(1);
          put_text("");
        } catch (const raven::Error& error) {
          put_u8(0);
          put_text(error.what());
        }
        break;
      }
      case 'E': {
        const uint32_t flags = read_u32(), count = read_u32();
        for (uint32_t i = 0; i < count; ++i) {
          const std::string first = read_text(), second = flags & 2 ? read_text() : std::string();
          brot::EncodeOptions options;
          options.add_special_tokens = flags & 1;
          options.offsets = brot::Offsets::codepoint;
          if (flags & 4) options.fields = brot::EncodeFields::ids;
          try {
            const brot::Encoding encoding =
                flags & 2 ? tokenizer->encode(first, second, options) : tokenizer->encode(first, options);
            put_u8(1);
            put_encoding(encoding, flags & 4);
          } catch (const raven::Error& error) {
            put_u8(0);
            put_text(error.what());
          }
        }
        break;
      }
      case 'D': {
        const uint32_t skip = read_u32(), count = read_u32();
        for (uint32_t i = 0; i < count; ++i) {
          std::vector<uint32_t> ids(read_u32());
          if (!ids.empty() && !read_bytes(ids.data(), ids.size() * 4)) return 1;
          put_text(tokenizer->decode(ids, {.skip_special_tokens = skip != 0}));
          brot::DecodeStream stream = tokenizer->decode_stream({.skip_special_tokens = skip != 0});
          std::string streamed;
          for (const uint32_t id : ids)
            if (const auto piece = stream.step(id)) streamed.append(*piece);
          streamed.append(stream.flush());
          put_text(streamed);
        }
        break;
      }
      case 'S': put_text(tokenizer->to_json({.pretty = read_u32() != 0})); break;
      case 'P': {
        const uint32_t count = read_u32();
        for (uint32_t i = 0; i < count; ++i) {
          const auto pieces = tokenizer->pre_tokenize(read_text());
          put_u32(pieces.size());
          for (const brot::TextPiece& piece : pieces) {
            put_text(piece.text);
            put_u32(piece.offsets.begin);
            put_u32(piece.offsets.end);
          }
        }
        break;
      }
      case 'N': {
        const uint32_t count = read_u32();
        for (uint32_t i = 0; i < count; ++i) put_text(tokenizer->normalize(read_text()));
        break;
      }
      case 'T': {
        const uint32_t count = read_u32();
        for (uint32_t i = 0; i < count; ++i) {
          const auto token = tokenizer->id_to_token(read_u32());
          put_u8(token.has_value());
          put_text(token.value_or(""));
        }
        break;
      }
      default: return 1;
    }
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
  }
  return 0;
}
