#include "raven/vega/fused.hpp"

#include <algorithm>

#include "raven/base/cpu.hpp"
#include "raven/base/thread_pool.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/internal/copy.hpp"
#include "raven/nx/internal/impl.hpp"
#include "raven/vega/adamw.hpp"
#include "raven/vega/stages.hpp"

namespace vega::detail {

namespace {

constexpr int64_t chunk = 16 << 10;  // elements of one task: 64 KiB of each f32 array

#if defined(__x86_64__)
#define VEGA_LEVELS(T) {&portable::adamw_##T, &v3::adamw_##T, &v4::adamw_##T}
#else
#define VEGA_LEVELS(T) {&portable::adamw_##T, &portable::adamw_##T, &portable::adamw_##T}
#endif
constexpr AdamWLoop<float>* loops_f32[] = VEGA_LEVELS(f32);
constexpr AdamWLoop<double>* loops_f64[] = VEGA_LEVELS(f64);

/// One leaf of the pass.
struct Leaf {
  std::byte *p, *m, *v;
  const std::byte* g;
  int64_t size;
  int64_t first_task;
  bool f32, decays;
};

/// The array's own bytes, after copying it when somebody else holds it too (or it is not contiguous).
std::byte* writable(Array& x) {
  nx::detail::Impl* impl = nx::detail::impl_of(x);
  if (!x.is_contiguous() || !nx::detail::uniquely_owned(impl)) {
    Array copy = nx::detail::empty_array(x.dtype(), nx::detail::shape_span(x));
    nx::detail::copy_view(nx::cpu::View(nx::detail::impl_of(copy)), nx::cpu::View(impl));
    x = std::move(copy);
  }
  return nx::detail::impl_of(x)->data;
}

template <class T>
AdamWStep<T> make_step(const AdamWOpts& o, double rate, double root, double decay, bool decays, double clip) {
  return {static_cast<T>(o.b1),  static_cast<T>(1 - o.b1),
          static_cast<T>(o.b2),  static_cast<T>(1 - o.b2),
          static_cast<T>(o.eps), static_cast<T>(decay),
          static_cast<T>(rate),  static_cast<T>(root),
          static_cast<T>(clip),  decays};
}

}  // namespace

bool is_fusable(const std::vector<std::shared_ptr<const Stage>>& stages) {
  if (stages.empty() || stages.size() > 2 || !dynamic_cast<const AdamW*>(stages.back().get())) return false;
  return stages.size() == 1 || dynamic_cast<const ClipByGlobalNorm*>(stages.front().get());
}

void fused_update(const std::vector<std::shared_ptr<const Stage>>& stages, const std::vector<size_t>& offsets,
                  const std::vector<Array>& grads, std::vector<StateEntry>& state, std::vector<Array>& params,
                  const std::vector<LeafInfo>& infos) {
  double clip = 1;
  if (stages.size() == 2) {
    const auto& stage = static_cast<const ClipByGlobalNorm&>(*stages[0]);
    ClipByGlobalNorm::check_state(state.data(), offsets[1]);
    const Array norm = ClipByGlobalNorm::norm(grads);
    clip = stage.factor(norm).item<double>();
    state[0].value = norm;
  }
  const auto& adam = static_cast<const AdamW&>(*stages.back());
  StateEntry* mine = state.data() + offsets[stages.size() - 1];
  const size_t optimized = AdamW::check_state(mine, state.size() - offsets[stages.size() - 1], params, infos);
  const AdamW::Numbers n = adam.numbers(mine[0].value);
  const double rate = n.rate.item<double>(), root = n.root.item<double>(), decay = n.decay.item<double>();

  StateEntry *mu = mine + 1, *nu = mu + optimized;
  std::vector<Leaf> leaves;
  std::vector<Array> kept;  // contiguous copies of gradients
  int64_t tasks = 0;
  for (size_t i = 0; i < params.size(); ++i) {
    if (!optimizes(params[i], infos[i])) continue;
    Array &m = (mu++)->value, &v = (nu++)->value;
    if (!grads[i].defined() || params[i].size() == 0) continue;
    kept.push_back(nx::detail::contiguous_array(grads[i]));
    leaves.push_back({writable(params[i]), writable(m), writable(v), nx::detail::impl_of(kept.back())->data,
                      params[i].size(), tasks, params[i].dtype() == nx::f32, adam.options().decay_mask(infos[i])});
    tasks += (params[i].size() + chunk - 1) / chunk;
  }

  // Index 1: leaves that decay.
  const AdamWStep<float> step32[2] = {make_step<float>(adam.options(), rate, root, 0, false, clip),
                                      make_step<float>(adam.options(), rate, root, decay, true, clip)};
  const AdamWStep<double> step64[2] = {make_step<double>(adam.options(), rate, root, 0, false, clip),
                                       make_step<double>(adam.options(), rate, root, decay, true, clip)};
  const auto level = static_cast<size_t>(raven::cpu_level());
  raven::parallel_for(tasks, 1, [&](int64_t begin, int64_t end) {
    size_t at = leaves.size() - 1;
    while (leaves[at].first_task > begin) --at;
    for (int64_t t = begin; t < end; ++t) {
      while (at + 1 < leaves.size() && leaves[at + 1].first_task <= t) ++at;
      const Leaf& leaf = leaves[at];
      const int64_t from = (t - leaf.first_task) * chunk, count = std::min(chunk, leaf.size - from);
      const auto run = [&]<class T>(AdamWLoop<T>* loop, const AdamWStep<T>& step) {
        const auto at_element = [&](std::byte* base) { return reinterpret_cast<T*>(base) + from; };
        loop(at_element(leaf.p), reinterpret_cast<const T*>(leaf.g) + from, at_element(leaf.m), at_element(leaf.v),
             count, step);
      };
      if (leaf.f32)
        run(loops_f32[level], step32[leaf.decays]);
      else
        run(loops_f64[level], step64[leaf.decays]);
    }
  });
  mine[0].value = AdamW::next_count(mine[0].value);
}

}  // namespace vega::detail
