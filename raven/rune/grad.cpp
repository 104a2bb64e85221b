#include "raven/rune/grad.hpp"

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/error.hpp"
#include "raven/rune/error.hpp"

namespace rune::detail {

void watch_leaf(Tape& tape, const char* name, Array& leaf, const tree::PathNode* path, const char* remedy) {
  if (!nx::is_float(leaf.dtype()))
    throw NonDifferentiableError(name, raven::Message("leaf '")
                                           << tree::path_string(path) << "' " << nx::aval_of(leaf)
                                           << " has no derivative: its dtype is not floating; " << remedy);
  leaf = tape.watch(leaf);
}

void require_scalar_loss(const char* name, const Array& value) {
  if (!value.defined()) throw nx::ValueError(name, "the function returned an empty handle, expected one floating element");
  if (value.size() != 1)
    throw nx::ShapeError(name, raven::Message("the function returned shape ") << value.shape()
                                                                              << ", expected one element; reduce it with sum "
                                                                                 "or mean, or use rune::vjp");
  if (!nx::is_float(value.dtype()))
    throw nx::DTypeError(name, raven::Message("the function returned ") << nx::dtype_name(value.dtype())
                                                                        << ", expected a floating dtype");
}

Array ones_cotangent(const Array& value) { return nx::ones(value.shape(), {.dtype = value.dtype()}); }

Array gradient_or_zeros(Array cotangent, const Array& parameter) {
  return cotangent.defined() ? std::move(cotangent) : nx::zeros(parameter.shape(), {.dtype = parameter.dtype()});
}

void check_cotangent(const char* name, const Array& value, const Array& cotangent, const tree::PathNode* path) {
  if (value.shape() != cotangent.shape() || value.dtype() != cotangent.dtype())
    throw nx::ShapeError(name, raven::Message("the cotangent at '") << tree::path_string(path) << "' is " << nx::aval_of(cotangent)
                                                                    << ", expected " << nx::aval_of(value) << " like the value");
}

}  // namespace rune::detail
