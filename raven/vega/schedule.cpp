#include "raven/vega/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "raven/base/message.hpp"
#include "raven/nx/api/creation.hpp"
#include "raven/nx/api/logic.hpp"
#include "raven/nx/api/math.hpp"
#include "raven/nx/error.hpp"

namespace vega {

using nx::Array;

/// One definition, two value types: a node is written over double and over Array through the same template.
struct Schedule::Node {
  virtual ~Node() = default;
  virtual double at(double step) const = 0;
  virtual Array at(const Array& step) const = 0;
  /// Least and largest value at the steps from `first` to `last`, which may be infinite.
  virtual Range range(double first, double last) const = 0;
};

namespace {

double cosine(double x) { return std::cos(x); }
Array cosine(const Array& x) { return nx::cos(x); }
/// The part of n steps that is over.
double done(double step, double n) { return (step < 0 ? 0 : step < n ? step : n) / n; }
Array done(const Array& step, double n) { return nx::minimum(nx::maximum(step, 0), n) / n; }
double choose_before(double step, double boundary, double before, double after) {
  return step < boundary ? before : after;
}
Array choose_before(const Array& step, double boundary, const Array& before, const Array& after) {
  return nx::where(nx::less(step, boundary), before, after);
}

/// Derived classes define `template <class T> T value(const T& step) const`.
template <class Derived>
struct Both : Schedule::Node {
  double at(double step) const override { return static_cast<const Derived*>(this)->template value<double>(step); }
  Array at(const Array& step) const override { return static_cast<const Derived*>(this)->template value<Array>(step); }
};

/// Of a node that only rises or only falls.
template <class Derived>
Schedule::Range monotone(const Both<Derived>& node, double first, double last) {
  const double a = node.at(first), b = node.at(last);
  return a < b ? Schedule::Range{a, b} : Schedule::Range{b, a};
}

struct Constant final : Both<Constant> {
  double c;
  explicit Constant(double v) : c(v) {}
  Schedule::Range range(double, double) const override { return {c, c}; }
  template <class T>
  T value(const T&) const {
    if constexpr (std::same_as<T, Array>)
      return nx::scalar(c, nx::f64);
    else
      return c;
  }
};
struct Linear final : Both<Linear> {
  double a, b, n;
  Linear(double from, double to, double steps) : a(from), b(to), n(steps) {}
  Schedule::Range range(double first, double last) const override { return monotone(*this, first, last); }
  template <class T>
  T value(const T& step) const {
    return done(step, n) * (b - a) + a;
  }
};
struct Cosine final : Both<Cosine> {
  double a, n, alpha;
  Cosine(double from, double steps, double floor) : a(from), n(steps), alpha(floor) {}
  Schedule::Range range(double first, double last) const override { return monotone(*this, first, last); }
  template <class T>
  T value(const T& step) const {
    return ((cosine(done(step, n) * std::numbers::pi) + 1.0) * (0.5 * (1 - alpha)) + alpha) * a;
  }
};
struct Join final : Both<Join> {
  std::vector<Schedule> parts;
  std::vector<int64_t> boundaries;
  Join(std::vector<Schedule> p, std::vector<int64_t> b) : parts(std::move(p)), boundaries(std::move(b)) {}
  Schedule::Range range(double first, double last) const override {
    Schedule::Range all{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
    for (size_t i = 0; i < parts.size(); ++i) {
      const double start = i == 0 ? 0 : static_cast<double>(boundaries[i - 1]);
      const double from = i == 0 ? first : std::max(first, start);
      const double to = i < boundaries.size() ? std::min(last, static_cast<double>(boundaries[i]) - 1) : last;
      if (from > to) continue;
      const Schedule::Range r = parts[i].node().range(from - start, to - start);
      if (std::isnan(r.least)) return r;
      all = {std::min(all.least, r.least), std::max(all.largest, r.largest)};
    }
    return all;
  }
  template <class T>
  T value(const T& step) const {
    T result = parts.back().node().at(T(step - (boundaries.empty() ? 0.0 : static_cast<double>(boundaries.back()))));
    for (size_t i = boundaries.size(); i-- > 0;) {
      const double start = i == 0 ? 0.0 : static_cast<double>(boundaries[i - 1]);
      result = choose_before(step, static_cast<double>(boundaries[i]), parts[i].node().at(T(step - start)), result);
    }
    return result;
  }
};

void require(bool ok, const char* name, const char* argument, double got, const char* expected) {
  if (!ok) throw nx::ValueError(name, raven::Message(argument) << ": got " << got << ", expected " << expected);
}

}  // namespace

Schedule::Schedule(double constant) : node_(std::make_shared<Constant>(constant)) {}
Schedule::Range Schedule::range() const { return node_->range(0, std::numeric_limits<double>::infinity()); }
double Schedule::operator()(int64_t step) const { return node_->at(static_cast<double>(step)); }
Array Schedule::operator()(const Array& step) const { return node_->at(step.astype(nx::f64)); }

Schedule linear(double a, double b, int64_t n) {
  require(n >= 1, "vega.linear", "n", static_cast<double>(n), "at least 1 step");
  require(std::isfinite(a), "vega.linear", "a", a, "a finite number");
  require(std::isfinite(b), "vega.linear", "b", b, "a finite number");
  return Schedule(std::make_shared<Linear>(a, b, static_cast<double>(n)));
}
Schedule cosine_decay(double a, int64_t n, double alpha) {
  require(n >= 1, "vega.cosine_decay", "n", static_cast<double>(n), "at least 1 step");
  require(std::isfinite(a), "vega.cosine_decay", "a", a, "a finite number");
  require(std::isfinite(alpha), "vega.cosine_decay", "alpha", alpha, "a finite number");
  return Schedule(std::make_shared<Cosine>(a, static_cast<double>(n), alpha));
}
Schedule join(const std::vector<Schedule>& parts, const std::vector<int64_t>& boundaries) {
  require(parts.size() == boundaries.size() + 1, "vega.join", "parts", static_cast<double>(parts.size()),
          "one more than there are boundaries");
  for (size_t i = 0; i < boundaries.size(); ++i)
    require(boundaries[i] > (i == 0 ? 0 : boundaries[i - 1]), "vega.join", "boundaries",
            static_cast<double>(boundaries[i]), "ascending steps above 0");
  return Schedule(std::make_shared<Join>(parts, boundaries));
}
Schedule warmup_cosine_decay(const WarmupCosineOpts& o) {
  constexpr const char* name = "vega.warmup_cosine_decay";
  require(o.total >= 1, name, "total", static_cast<double>(o.total), "at least 1 step");
  require(o.warmup >= 0 && o.warmup < o.total, name, "warmup", static_cast<double>(o.warmup), "fewer steps than total");
  require(o.peak != 0, name, "peak", o.peak, "a value other than 0");
  require(std::isfinite(o.peak), name, "peak", o.peak, "a finite number");
  require(std::isfinite(o.init), name, "init", o.init, "a finite number");
  require(std::isfinite(o.end), name, "end", o.end, "a finite number");
  const Schedule decay = cosine_decay(o.peak, o.total - o.warmup, o.end / o.peak);
  return o.warmup == 0 ? decay : join({linear(o.init, o.peak, o.warmup), decay}, {o.warmup});
}

}  // namespace vega
