#include "raven/tolk/internal/uniform.hpp"

#include <cmath>
#include <cstring>

#include "raven/nx/internal/elementwise.hpp"
#include "raven/nx/internal/impl.hpp"

namespace tolk {

namespace {
template <class T>
T read(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}
}  // namespace

nx::Scalar scalar_of(const nx::Array& x) {
  const std::byte* data = nx::detail::impl_of(x)->data;
  switch (x.dtype()) {
    case nx::DType::b1: return nx::Scalar::from(read<uint8_t>(data) != 0);
    case nx::DType::u8: return nx::Scalar::from(uint64_t{read<uint8_t>(data)});
    case nx::DType::u32: return nx::Scalar::from(uint64_t{read<uint32_t>(data)});
    case nx::DType::u64: return nx::Scalar::from(read<uint64_t>(data));
    case nx::DType::i32: return nx::Scalar::from(int64_t{read<int32_t>(data)});
    case nx::DType::i64: return nx::Scalar::from(read<int64_t>(data));
    case nx::DType::f32: return nx::Scalar::from(static_cast<double>(read<float>(data)));
    case nx::DType::f64: return nx::Scalar::from(read<double>(data));
  }
  return {};
}

bool is_number(const Rewriter& rewriter, Program::Id id, double number) {
  const nx::FullAttrs* full = uniform(rewriter, id);
  if (!full) return false;
  alignas(8) std::byte bytes[8] = {}, expected[8] = {};
  nx::detail::write_scalar("tolk.simplify", full->value, full->dtype, bytes);
  if (nx::is_float(full->dtype))
    nx::detail::write_scalar("tolk.simplify", nx::Scalar::from(number), full->dtype, expected);
  else
    nx::detail::write_scalar("tolk.simplify", nx::Scalar::from(static_cast<int64_t>(number)), full->dtype, expected);
  return std::memcmp(bytes, expected, sizeof bytes) == 0;
}

}  // namespace tolk
