// TOLK_VERIFY=1: each launch is computed once more by the interpreter of LoopIR, and the bits compared.
#include <cstring>

#include "raven/base/message.hpp"
#include "raven/tolk/error.hpp"
#include "raven/tolk/internal/plan_impl.hpp"

namespace tolk {

namespace {

template <class T>
bool same_value(const std::byte* a, const std::byte* b) {
  T x, y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return x != x && y != y;  // NaN payloads are free
}
bool same_element(loop::Type type, const std::byte* a, const std::byte* b) {
  if (std::memcmp(a, b, static_cast<size_t>(loop::size_of(type))) == 0) return true;
  return type == loop::Type::f32 ? same_value<float>(a, b) : type == loop::Type::f64 && same_value<double>(a, b);
}

raven::Message text_of(loop::Type type, const std::byte* at) {
  raven::Message m;
  if (type == loop::Type::f32) {
    float x;
    std::memcpy(&x, at, sizeof x);
    return m << x;
  }
  if (type == loop::Type::f64) {
    double x;
    std::memcpy(&x, at, sizeof x);
    return m << x;
  }
  int64_t bits = 0;
  std::memcpy(&bits, at, static_cast<size_t>(loop::size_of(type)));
  return m << "bits " << bits;
}

/// One segment: what its buffers held before the launch, and what the interpreter makes of that.
class Interpreted {
 public:
  Interpreted(const Plan::Impl& plan, const Batch& batch, const Segment& segment, const Frame& frame)
      : plan_(plan), segment_(segment), kernel_(plan.kernels[batch.kernel].kernel), params_(kernel_.params()) {
    copies_.resize(params_.size());
    status_.resize(2 * segment.sites.size());
    for (size_t p = 0; p < params_.size(); ++p) {
      const PlanView& v = view(p);
      if (v.place.space == Space::status) {
        buffers_.push_back({status_.data(), static_cast<int64_t>(status_.size())});
        continue;
      }
      void* at = frame.addresses[segment.first_view + p];
      // Parameters in one place stay in one place.
      size_t twin = 0;
      while (twin < p && (view(twin).place.space == Space::status || frame.addresses[segment.first_view + twin] != at))
        ++twin;
      const int64_t bytes = bytes_of(plan.aval(v.root));
      if (twin == p) {
        copies_[p].resize(static_cast<size_t>(bytes));
        if (bytes > 0) std::memcpy(copies_[p].data(), at, copies_[p].size());
      }
      buffers_.push_back({copies_[twin].data(), bytes / loop::size_of(type(p))});
    }
  }

  /// Runs the interpreter; throws VerifyError where the launch wrote something else.
  void compare(const Frame& frame) {
    const std::string error =
        loop::interpret(kernel_, buffers_, {plan_.dims.data() + segment_.first_dim, dims()}, 0, segment_.tasks);
    if (!error.empty()) fail(raven::Message(error));
    for (size_t p = 0; p < params_.size(); ++p) {
      const PlanView& v = view(p);
      if (!v.writes()) continue;
      const auto* got = static_cast<const std::byte*>(frame.addresses[segment_.first_view + p]);
      const auto* expected = static_cast<const std::byte*>(buffers_[p].data);
      for (int64_t i = 0; i < buffers_[p].count; ++i) {
        const int64_t at = i * loop::size_of(type(p));
        if (!same_element(type(p), got + at, expected + at))
          fail(raven::Message("element ") << i << " of %" << v.value << " is " << text_of(type(p), got + at)
                                          << ", the interpreter gives " << text_of(type(p), expected + at));
      }
    }
  }

 private:
  const PlanView& view(size_t p) const { return plan_.views[segment_.first_view + p]; }
  loop::Type type(size_t p) const { return kernel_.nodes[params_[p]].type; }
  size_t dims() const { return plan_.dims.size() - segment_.first_dim; }
  [[noreturn]] void fail(const raven::Message& what) const {
    throw VerifyError("tolk.Plan.run", raven::Message("kernel ") << kernel_.name << ": " << std::string_view(what));
  }

  const Plan::Impl& plan_;
  const Segment& segment_;
  const loop::Kernel& kernel_;
  std::vector<loop::Id> params_;
  std::vector<std::vector<std::byte>> copies_;  // by parameter; of parameters in one place the first has it
  std::vector<int64_t> status_;
  std::vector<loop::Buffer> buffers_;
};

}  // namespace

void check_batch(const Plan::Impl& plan, const Batch& batch, Frame& frame) {
  std::vector<Interpreted> all;
  all.reserve(batch.segments.size());
  for (const Segment& segment : batch.segments) all.emplace_back(plan, batch, segment, frame);
  run_batch(plan, batch, frame);
  for (Interpreted& one : all) one.compare(frame);
}

}  // namespace tolk
