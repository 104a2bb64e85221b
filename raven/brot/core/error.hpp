#pragma once
// Faults of the tokenizer library, and the value form of a call that may fail.
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "raven/base/error.hpp"
#include "raven/base/message.hpp"

namespace brot {

/// The class of a fault.
enum class ErrorCode : uint8_t {
  argument,       ///< a parameter or a combination of options makes no sense
  format,         ///< a file does not follow its format
  vocabulary,     ///< tokens, merges or ids contradict each other
  unknown_token,  ///< the text needs an unknown token that the model lacks
  invalid_text,   ///< invalid UTF-8 under the policy `error`
  limit,          ///< the input is larger than what offsets or memory allow
  unsupported,    ///< a feature that the file or the component does not have
  cancelled,      ///< the callback that is told the progress said to stop
};

/// Root of the library's exceptions. `where()` is a JSON pointer with a byte offset, a line number or empty.
class RAVEN_API Error : public raven::Error {
 public:
  Error(ErrorCode code, std::string_view operation, std::string_view message, std::string_view where = {});
  ~Error() override;
  ErrorCode code() const noexcept { return code_; }
  const std::string& where() const noexcept { return where_; }
  const char* kind() const noexcept override { return "brot.Error"; }

 private:
  ErrorCode code_;
  std::string where_;
};

/// @throws brot::Error (invalid_text) when `text`, the value of `name`, is not valid UTF-8
RAVEN_API void expect_utf8(std::string_view operation, std::string_view name, std::string_view text);

/// A value or the reason why there is none: what the `try_*` functions return.
template <class T>
class Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  static Result failure(std::string message) {
    Result result;
    result.message_ = std::move(message);
    return result;
  }
  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  /// The message of the error; empty when there is a value.
  const std::string& error() const noexcept { return message_; }

 private:
  Result() = default;
  std::optional<T> value_;
  std::string message_;
};

}  // namespace brot
