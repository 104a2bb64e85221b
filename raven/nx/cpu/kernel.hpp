#pragma once
// What a kernel receives. Kernels trust their input (infer checked it), never allocate and never throw: results have
// their place, scratch is given. So a compiled plan calls the same kernels into its arena. Not installed.
#include <cstddef>
#include <cstdint>
#include <span>

#include "raven/nx/attrs.hpp"
#include "raven/nx/internal/impl.hpp"

namespace nx::cpu {

/// An operand or result: elements at data[Σ index·stride], strides in elements.
struct View {
  std::byte* data = nullptr;
  const int64_t* shape = nullptr;
  const int64_t* strides = nullptr;
  int64_t size = 0;
  DType dtype = DType::f64;
  int rank = 0;
  bool contiguous = true;

  View() = default;
  explicit View(const detail::Impl* impl)
      : data(impl->data),
        shape(detail::shape_of(impl)),
        strides(detail::strides_of(impl)),
        size(impl->size),
        dtype(impl->dtype),
        rank(impl->rank),
        contiguous((impl->flags & detail::array_flag::contiguous) != 0) {}
  std::span<const int64_t> shape_span() const { return {shape, static_cast<size_t>(rank)}; }
};

/// One call: results are C-contiguous (elementwise results: dense in some axis order) and overlap no operand, except an
/// elementwise result that takes exactly the place of an operand of the same layout and item size.
struct KernelCall {
  std::span<const View> in;
  std::span<const View> out;
  const Attrs* attrs = &no_attrs;
  void* scratch = nullptr;  ///< scratch_bytes(op, call) bytes, 64-byte aligned

  template <class A>
  const A& as() const {
    return static_cast<const A&>(*attrs);
  }
};
using Kernel = void(const KernelCall& call);

/// The kernel of an op; null for higher-order ops, which run their Programs. Views (Reshape …) have one too: it writes the materialised result.
Kernel* kernel_of(Op op);
/// Throws IndexError when an index of a gather or scatter in mode `raise` lies outside its axis. Kernels treat such an
/// index as mode `drop`.
void check_indices(Op op, std::span<const View> in, const Attrs& attrs);
/// Scratch that one call needs.
size_t scratch_bytes(Op op, const KernelCall& call);

}  // namespace nx::cpu
