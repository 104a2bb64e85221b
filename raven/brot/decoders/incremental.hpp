#pragma once
// A chain of decoders that takes its tokens one by one; text comes out as soon as later tokens cannot change it.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raven/brot/decoders/decoder.hpp"

namespace brot::decoders {

/// One decoder of the chain with what it has to remember between tokens.
class Stage {
 public:
  virtual ~Stage();
  /// Takes a token and appends the tokens that are settled by it.
  virtual void push(std::string token, std::vector<std::string>& out) = 0;
  /// Appends what is left at the end.
  virtual void finish(std::vector<std::string>& out);
};

/// See the head of this file. Each token costs time in proportion to its length.
class Incremental {
 public:
  /// Without decoder tokens are joined by spaces. Null when a part is user-defined: it may need all its tokens at once.
  static std::unique_ptr<Incremental> make(const std::optional<Decoder>& decoder);
  void push(std::string_view token, std::string& out);
  void finish(std::string& out);

 private:
  void run(size_t stage, std::vector<std::string> tokens, std::string& out);
  std::vector<std::unique_ptr<Stage>> stages_;
};

/// Moves the bytes of `pending` that no further byte can change to `out`, invalid ones as U+FFFD; an unfinished
/// character stays.
void take_characters(std::string& pending, std::string& out);

}  // namespace brot::decoders
