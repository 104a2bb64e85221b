#pragma once
// Faults of the tokenizer library, and the value form of a call that may fail.
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

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
  io,             ///< a file cannot be read or written (raven::IoError when it is thrown)
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

/// Why there is no value.
struct Failure {
  ErrorCode code = ErrorCode::argument;
  std::string message;  ///< as `what()` of the exception
  std::string where;    ///< as Error::where
};

/// A value or the reason why there is none: what the `try_*` functions return.
template <class T>
class Result {
 public:
  Result(T value) : outcome_(std::move(value)) {}
  Result(Failure failure) : outcome_(std::move(failure)) {}
  bool has_value() const noexcept { return outcome_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  /// @throws std::bad_variant_access when there is no value
  T& operator*() { return std::get<0>(outcome_); }
  const T& operator*() const { return std::get<0>(outcome_); }
  T* operator->() { return &std::get<0>(outcome_); }
  const T* operator->() const { return &std::get<0>(outcome_); }
  /// @throws std::bad_variant_access when there is a value
  const Failure& failure() const { return std::get<1>(outcome_); }
  /// The message of the error; empty when there is a value.
  std::string_view error() const noexcept { return has_value() ? std::string_view() : failure().message; }

 private:
  std::variant<T, Failure> outcome_;
};

/// What `call()` returns, or the fault that it throws, of this library or of a file. Anything else passes through:
/// memory that ran out, an interrupt, an exception of a caller's function.
template <class Call>
auto attempt(Call&& call) -> Result<std::remove_cvref_t<decltype(call())>> {
  try {
    return call();
  } catch (const Error& error) {
    return Failure{error.code(), error.what(), error.where()};
  } catch (const raven::IoError& error) {
    return Failure{ErrorCode::io, error.what(), {}};
  } catch (const raven::FormatError& error) {
    return Failure{ErrorCode::format, error.what(), {}};
  }
}

}  // namespace brot
