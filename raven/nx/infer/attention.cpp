#include "raven/nx/infer/infer.hpp"

namespace nx::infer_rule {

namespace {
/// q [B,H,T,D], k [B,H,S,D], v [B,H,S,E]
void check_inputs(const Call& call) {
  require_float(call, call.in[0].dtype);
  require_same_dtype(call);
  const Shape &q = call.in[0].shape, &k = call.in[1].shape, &v = call.in[2].shape;
  const auto fail = [&](const char* what) {
    throw ShapeError(call.name, raven::Message("q ") << q << ", k " << k << ", v " << v << ": " << what);
  };
  if (q.size() != 4 || k.size() != 4 || v.size() != 4) fail("expected rank 4 (batch, heads, length, width)");
  for (int i = 0; i < 2; ++i)
    if (q[i] != k[i] || q[i] != v[i]) fail(i == 0 ? "batch sizes differ" : "numbers of heads differ");
  if (q[3] != k[3]) fail("widths of queries and keys differ");
  if (k[2] != v[2]) fail("numbers of keys and values differ");
  // Far beyond any position, so that position + offset + 1 exists.
  constexpr int64_t most = int64_t{1} << 61;
  if (const int64_t offset = call.as<SdpaAttrs>().offset; offset < -most || offset > most)
    throw ValueError(call.name, raven::Message("offset is ") << offset << ", expected at most 2^61 either way");
}
}  // namespace

/// (q, k, v) → o [B,H,T,E], lse [B,H,T]
void Sdpa(const Call& call) {
  check_inputs(call);
  const Shape &q = call.in[0].shape, &v = call.in[2].shape;
  call.out[0] = {call.in[0].dtype, Shape{q[0], q[1], q[2], v[3]}};
  call.out[1] = {call.in[0].dtype, Shape{q[0], q[1], q[2]}};
}

/// (q, k, v, o, lse, g[, g_lse]) → dq, dk, dv
void SdpaGrad(const Call& call) {
  if (call.in.size() != 6 && call.in.size() != 7)
    throw ValueError(call.name, raven::Message("got ") << call.in.size() << " operands, expected 6 or 7");
  check_inputs(call);
  const Shape &q = call.in[0].shape, &v = call.in[2].shape;
  const Shape result{q[0], q[1], q[2], v[3]}, rows{q[0], q[1], q[2]};
  for (size_t i = 3; i < call.in.size(); ++i) {
    const Shape& expected = i == 3 || i == 5 ? result : rows;
    if (call.in[i].shape != expected)
      throw ShapeError(call.name, raven::Message("operand ")
                                      << i << " has shape " << call.in[i].shape << ", expected " << expected);
  }
  for (size_t i = 0; i < 3; ++i) call.out[i] = call.in[i];
}

}  // namespace nx::infer_rule
