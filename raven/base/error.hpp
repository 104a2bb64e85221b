#pragma once
// The root of all exceptions. Every library derives its own Error from raven::Error by single inheritance.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "raven/base/export.hpp"

namespace raven {

/// Root of every exception that Raven throws. `what()` reads `<operation>: <what is wrong>: <got> … <expected>[;
/// <remedy>]`.
class RAVEN_API Error : public std::runtime_error {
 public:
  /// @param operation  public name of the function that refuses, e.g. `nx.add`; empty for none
  Error(std::string_view operation, std::string_view message);
  ~Error() override;
  /// The public name of the function that refused, e.g. `nx.add`.
  const std::string& op() const noexcept { return operation_; }
  /// Puts another name in the place of op(), in what() too: for a function that is made of others and refuses for them.
  void rename(std::string_view operation);
  /// The class of the fault, e.g. `ShapeError`.
  virtual const char* kind() const noexcept { return "Error"; }

 private:
  std::string operation_;
};

/// A system call on a file failed; the message holds the path and the system's reason.
class RAVEN_API IoError : public Error {
 public:
  IoError(std::string_view operation, std::string path, int error_number);
  IoError(std::string_view operation, std::string path, std::string_view message);
  ~IoError() override;
  const std::string& path() const noexcept { return path_; }
  const char* kind() const noexcept override { return "IoError"; }

 private:
  std::string path_;
};

/// Bytes from outside do not follow their format; the message holds path, byte offset, found and expected.
class RAVEN_API FormatError : public Error {
 public:
  FormatError(std::string_view operation, std::string path, uint64_t offset, std::string_view message);
  ~FormatError() override;
  const std::string& path() const noexcept { return path_; }
  uint64_t offset() const noexcept { return offset_; }
  const char* kind() const noexcept override { return "FormatError"; }

 private:
  std::string path_;
  uint64_t offset_;
};

/// An allocation of `bytes()` was refused by the system or by the configured limit.
class RAVEN_API MemoryError : public Error {
 public:
  MemoryError(std::string_view operation, uint64_t bytes, std::string_view message = {});
  ~MemoryError() override;
  uint64_t bytes() const noexcept { return bytes_; }
  const char* kind() const noexcept override { return "MemoryError"; }

 private:
  uint64_t bytes_;
};

/// Ctrl-C arrived (raven/base/interrupt.hpp); thrown between ops, never inside one.
class RAVEN_API Interrupted : public Error {
 public:
  Interrupted();
  ~Interrupted() override;
  const char* kind() const noexcept override { return "Interrupted"; }
};

/// Replaces the one warning hook and returns the former one; null silences. The default writes one line to stderr.
using WarningHook = void (*)(std::string_view message);
RAVEN_API WarningHook on_warning(WarningHook hook) noexcept;
/// Sends one line to the hook.
RAVEN_API void warn(std::string_view message);

}  // namespace raven
