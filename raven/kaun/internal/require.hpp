#pragma once
// What constructors of layers refuse, under the layer's name.
#include <cstdint>

#include "raven/base/message.hpp"
#include "raven/nx/dtype.hpp"
#include "raven/nx/error.hpp"

namespace kaun::detail {

inline void require_size(const char* name, const char* argument, int64_t got) {
  if (got < 1)
    throw nx::ValueError(name, raven::Message(argument) << ": got " << got << ", expected a size of at least 1");
}
inline void require_floating(const char* name, nx::DType dtype) {
  if (!nx::is_float(dtype))
    throw nx::DTypeError(name, raven::Message("dtype: got ") << nx::dtype_name(dtype) << ", expected a floating one");
}
inline void require_probability(const char* name, const char* argument, double p) {
  if (!(p >= 0 && p <= 1))
    throw nx::ValueError(name, raven::Message(argument) << ": got " << p << ", expected a number in [0, 1]");
}

}  // namespace kaun::detail
