#include "raven/base/error.hpp"

#include <unistd.h>

#include <atomic>
#include <string>
#include <system_error>

#include "raven/base/message.hpp"

namespace raven {
namespace {

std::string compose(std::string_view operation, std::string_view message) {
  std::string text;
  text.reserve(operation.size() + message.size() + 2);
  if (!operation.empty()) text.append(operation).append(": ");
  return text.append(message);
}

// Control characters of a hostile path must not reach a terminal, nor a zero byte end what().
std::string quote_path(std::string_view path, std::string_view message) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      text.push_back(c);
    } else {
      text.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return text.append("\": ").append(message);
}

std::string describe_allocation(uint64_t bytes, std::string_view message) {
  static constexpr struct {
    uint64_t bytes;
    const char* name;
  } units[] = {{uint64_t{1} << 40, " TiB"}, {uint64_t{1} << 30, " GiB"}, {uint64_t{1} << 20, " MiB"}};
  Message text;
  text << "cannot allocate " << bytes << " bytes";
  for (const auto& unit : units) {
    if (bytes < unit.bytes) continue;
    // One decimal is enough to recognise the array: 12.3 GiB.
    const uint64_t tenths = bytes / (unit.bytes / 10);
    text << " (" << tenths / 10 << "." << tenths % 10 << unit.name << ")";
    break;
  }
  if (!message.empty()) text << ": " << message;
  return text.str();
}

// One write(2), so that lines of several threads do not mix.
void write_warning(std::string_view message) {
  std::string line = "raven: warning: ";
  line.append(message).append("\n");
  const char* rest = line.data();
  size_t left = line.size();
  while (left > 0) {
    const ssize_t written = ::write(2, rest, left);
    if (written <= 0) return;  // a closed stderr is no reason to fail
    rest += written;
    left -= static_cast<size_t>(written);
  }
}

constinit std::atomic<WarningHook> warning_hook{write_warning};

}  // namespace

Error::Error(std::string_view operation, std::string_view message)
    : std::runtime_error(compose(operation, message)), operation_(operation) {}
Error::~Error() = default;

void Error::rename(std::string_view operation) {
  const std::string_view message = std::string_view(what()).substr(operation_.empty() ? 0 : operation_.size() + 2);
  std::runtime_error::operator=(std::runtime_error(compose(operation, message)));
  operation_ = operation;
}

IoError::IoError(std::string_view operation, std::string path, int error_number)
    : IoError(operation, std::move(path), std::generic_category().message(error_number)) {}
IoError::IoError(std::string_view operation, std::string path, std::string_view message)
    : Error(operation, quote_path(path, message)), path_(std::move(path)) {}
IoError::~IoError() = default;

FormatError::FormatError(std::string_view operation, std::string path, uint64_t offset, std::string_view message)
    : Error(operation,
            quote_path(path, static_cast<std::string_view>(Message() << "at byte " << offset << ": " << message))),
      path_(std::move(path)),
      offset_(offset) {}
FormatError::~FormatError() = default;

MemoryError::MemoryError(std::string_view operation, uint64_t bytes, std::string_view message)
    : Error(operation, describe_allocation(bytes, message)), bytes_(bytes) {}
MemoryError::~MemoryError() = default;

Interrupted::Interrupted()
    : Error("", "interrupted by a signal (Ctrl-C); state is as after the last whole operation") {}
Interrupted::~Interrupted() = default;

WarningHook on_warning(WarningHook hook) noexcept {
  return warning_hook.exchange(hook, std::memory_order_acq_rel);
}

void warn(std::string_view message) {
  if (const WarningHook hook = warning_hook.load(std::memory_order_acquire)) hook(message);
}

}  // namespace raven
