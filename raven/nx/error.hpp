#pragma once
// Faults of arrays, thrown as they are by every library above nx.
#include "raven/base/error.hpp"

namespace nx {

class RAVEN_API Error : public raven::Error {
 public:
  using raven::Error::Error;
  ~Error() override;
  const char* kind() const noexcept override { return "nx::Error"; }
};

#define NX_ERROR(Name, doc)                                          \
  class RAVEN_API Name : public Error {                              \
   public:                                                           \
    using Error::Error;                                              \
    ~Name() override;                                                \
    const char* kind() const noexcept override { return #Name; }     \
  };
NX_ERROR(ShapeError, "shapes do not fit each other or the function")
NX_ERROR(AxisError, "an axis is out of bounds or given twice")
NX_ERROR(IndexError, "an index is out of bounds, or there are too many")
NX_ERROR(DTypeError, "an element type is not allowed here")
NX_ERROR(ValueError, "an argument's value is not allowed")
NX_ERROR(OverflowError, "a number does not fit its type")
NX_ERROR(TracerError, "a value was asked of a tracer that has none")
NX_ERROR(UnsupportedError, "valid, but outside what is built")
#undef NX_ERROR

/// A tracer was used after its transformation ended, or on another thread.
class RAVEN_API LeakedTracerError : public TracerError {
 public:
  using TracerError::TracerError;
  ~LeakedTracerError() override;
  const char* kind() const noexcept override { return "LeakedTracerError"; }
};

/// Two trees differ; the message names the first differing path and both sides.
class RAVEN_API TreeMismatchError : public Error {
 public:
  TreeMismatchError(std::string_view operation, std::string path, std::string_view message);
  ~TreeMismatchError() override;
  const std::string& path() const noexcept { return path_; }
  const char* kind() const noexcept override { return "TreeMismatchError"; }

 private:
  std::string path_;
};

}  // namespace nx
