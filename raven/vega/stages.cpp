#include "raven/vega/stages.hpp"

#include <cmath>
#include <string_view>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/api/reduce.hpp"
#include "raven/nx/error.hpp"
#include "raven/nx/gateway.hpp"

namespace vega {

namespace detail {

namespace {
raven::Message describe(const char* name, std::initializer_list<std::pair<const char*, double>> options) {
  raven::Message m(name);
  m << "(";
  bool first = true;
  for (const auto& [key, value] : options) {
    m << (first ? "" : ", ") << key << "=" << value;
    first = false;
  }
  m << ")";
  return m;
}

/// `mu.w` of an entry `1.mu.w`.
std::string_view within_stage(const StateEntry& entry) {
  return std::string_view(entry.name).substr(entry.name.find('.') + 1);
}
/// Whether the entry is `<stage>.<slot>.<path>`.
bool is_entry(const StateEntry& entry, std::string_view slot, std::string_view path) {
  std::string_view name = within_stage(entry);
  if (!name.starts_with(slot)) return false;
  name.remove_prefix(slot.size());
  return name.starts_with('.') && name.substr(1) == path;
}
}  // namespace

std::string ClipByGlobalNorm::name() const { return describe("clip_by_global_norm", {{"max", max_}}).str(); }

std::vector<StateEntry> ClipByGlobalNorm::init(const std::vector<Array>&, const std::vector<LeafInfo>&) const {
  return {{"norm", nx::zeros({}, {.dtype = nx::f64})}};
}

Array ClipByGlobalNorm::norm(const std::vector<Array>& grads) {
  Array total = nx::zeros({}, {.dtype = nx::f64});
  for (const Array& g : grads)
    if (g.defined()) total = total + nx::sum(nx::square(g)).astype(nx::f64);
  return nx::sqrt(total);
}

void ClipByGlobalNorm::check_state(const StateEntry* state, size_t count) {
  if (count != 1 || within_stage(state[0]) != "norm")
    throw nx::TreeMismatchError(
        "vega.update", count == 0 ? "" : state[0].name,
        raven::Message("the state has ")
            << count << " entries for clip_by_global_norm, expected 1, 'norm'; make the state with init");
}

// A norm of NaN is not below max: it stays visible in every element.
Array ClipByGlobalNorm::factor(const Array& norm) const {
  return nx::where(nx::less_equal(norm, max_), 1.0, max_ / (norm + 1e-6));
}

void ClipByGlobalNorm::update(const StageCall& call) const {
  check_state(call.state, call.state_count);
  const Array size = norm(call.updates);
  const Array scale = factor(size);
  for (Array& g : call.updates)
    if (g.defined()) g = g * scale.astype(g.dtype());
  call.state[0].value = size;
}

std::string AdamW::name() const {
  return describe(
             "adamw",
             {{"b1", options_.b1}, {"b2", options_.b2}, {"eps", options_.eps}, {"weight_decay", options_.weight_decay}})
      .str();
}

std::vector<StateEntry> AdamW::init(const std::vector<Array>& params, const std::vector<LeafInfo>& infos) const {
  size_t optimized = 0, decaying = 0, first = 0;
  for (size_t i = params.size(); i-- > 0;)
    if (optimizes(params[i], infos[i])) first = i, ++optimized, decaying += options_.decay_mask(infos[i]);
  if (optimized > 0 && decaying == 0 && options_.weight_decay > 0 && !options_.decay_mask.allows_empty())
    throw nx::ValueError("vega.adamw", raven::Message("decay_mask matches none of the ")
                                           << optimized << " parameters, of which the first is '" << infos[first].path
                                           << "'; correct it, set weight_decay to 0, or use mask.allow_empty()");
  std::vector<StateEntry> state{{"count", nx::zeros({}, {.dtype = nx::i32})}};
  for (const char* slot : {"mu.", "nu."})
    for (size_t i = 0; i < params.size(); ++i)
      if (optimizes(params[i], infos[i])) state.push_back({slot + infos[i].path, nx::zeros_like(params[i])});
  return state;
}

AdamW::Numbers AdamW::numbers(const Array& count) const {
  const Array t = count.astype(nx::f64) + 1, lr = options_.lr(count);
  const Array correction1 = 1.0 - nx::power(nx::scalar(options_.b1, nx::f64), t);
  const Array correction2 = 1.0 - nx::power(nx::scalar(options_.b2, nx::f64), t);
  return {lr / correction1, nx::sqrt(correction2), lr * options_.weight_decay};
}

Array AdamW::next_count(const Array& count) { return nx::minimum(count, INT32_MAX - 1) + 1; }

size_t AdamW::check_state(const StateEntry* state, size_t count, const std::vector<Array>& params,
                          const std::vector<LeafInfo>& infos) {
  constexpr const char* remedy = "; make the state with init of this transform and these parameters";
  size_t leaves = 0;
  for (size_t i = 0; i < params.size(); ++i) leaves += optimizes(params[i], infos[i]);
  if (count != 1 + 2 * leaves)
    throw nx::TreeMismatchError("vega.update", count == 0 ? "" : state[0].name,
                                raven::Message("the state has ") << count << " entries for adamw, " << leaves
                                                                 << " parameters need " << 1 + 2 * leaves << remedy);
  if (within_stage(state[0]) != "count")
    throw nx::TreeMismatchError("vega.update", state[0].name,
                                raven::Message("the first entry of adamw is 'count', not '")
                                    << state[0].name << "'" << remedy);
  const StateEntry* entry = state + 1;
  for (const char* slot : {"mu", "nu"})
    for (size_t i = 0; i < params.size(); ++i) {
      if (!optimizes(params[i], infos[i])) continue;
      if (!is_entry(*entry, slot, infos[i].path) || entry->value.shape() != params[i].shape() ||
          entry->value.dtype() != params[i].dtype())
        throw nx::TreeMismatchError("vega.update", infos[i].path,
                                    raven::Message("the state entry '")
                                        << entry->name << "' is " << nx::aval_of(entry->value) << ", " << slot
                                        << " of this parameter is " << nx::aval_of(params[i]) << remedy);
      ++entry;
    }
  return leaves;
}

void AdamW::update(const StageCall& call) const {
  const size_t leaves = check_state(call.state, call.state_count, call.params, call.infos);
  const Numbers n = numbers(call.state[0].value);
  StateEntry *mu = call.state + 1, *nu = mu + leaves;
  for (size_t i = 0; i < call.params.size(); ++i) {
    if (!optimizes(call.params[i], call.infos[i])) continue;
    Array &m = (mu++)->value, &v = (nu++)->value, &g = call.updates[i];
    if (!g.defined()) continue;
    const nx::DType dtype = g.dtype();
    m = std::move(m) * options_.b1 + g * (1 - options_.b1);
    v = std::move(v) * options_.b2 + nx::square(g) * (1 - options_.b2);
    Array step = m / (nx::sqrt(v) / n.root.astype(dtype) + options_.eps) * n.rate.astype(dtype);
    if (options_.decay_mask(call.infos[i])) step = std::move(step) + call.params[i] * n.decay.astype(dtype);
    g = -std::move(step);
  }
  call.state[0].value = next_count(call.state[0].value);
}

}  // namespace detail

namespace {
void require(bool ok, const char* name, const char* argument, double got, const char* expected) {
  if (!ok) throw nx::ValueError(name, raven::Message(argument) << ": got " << got << ", expected " << expected);
}
}  // namespace

Transform clip_by_global_norm(double max) {
  require(max > 0, "vega.clip_by_global_norm", "max", max, "a number above 0");
  return Transform(std::make_shared<detail::ClipByGlobalNorm>(max));
}

Transform adamw(const AdamWOpts& o) {
  require(o.b1 >= 0 && o.b1 < 1, "vega.adamw", "b1", o.b1, "a number in [0, 1)");
  require(o.b2 >= 0 && o.b2 < 1, "vega.adamw", "b2", o.b2, "a number in [0, 1)");
  require(o.eps >= 0 && std::isfinite(o.eps), "vega.adamw", "eps", o.eps, "a finite number ≥ 0");
  require(o.weight_decay >= 0 && std::isfinite(o.weight_decay), "vega.adamw", "weight_decay", o.weight_decay,
          "a finite number ≥ 0");
  const Schedule::Range lr = o.lr.range();
  require(lr.least >= 0, "vega.adamw", "lr", lr.least, "a schedule of numbers ≥ 0");
  require(std::isfinite(lr.largest), "vega.adamw", "lr", lr.largest, "a schedule of finite numbers");
  return Transform(std::make_shared<detail::AdamW>(o));
}

}  // namespace vega
