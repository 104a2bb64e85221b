#include "raven/kaun/nn/ctx.hpp"

#include "raven/nx/error.hpp"

namespace kaun {

Ctx Ctx::training(Array key) {
  Ctx cx;
  cx.train_ = true;
  cx.key_ = std::move(key);
  return cx;
}
Ctx Ctx::evaluation() { return {}; }

Array Ctx::next_key() {
  if (!train_) throw nx::ValueError("kaun.Ctx.next_key", "an evaluation context has no key; make it with Ctx::training(key)");
  return nx::random::fold_in(key_, count_++);
}

}  // namespace kaun
