// Composites: the tangent of the decomposition, but where the backward op is the tangent itself.
#include "raven/rune/jvp/rules.hpp"

namespace rune::jvp_rule {

using namespace nx;

// gelu′(x)·t
constinit const Rule Gelu = {[](const Push& p) { p.add(apply(Op::GeluGrad, {p.x(), p.t()}, p.attrs)); }};
constinit const Rule GeluGrad = by_decomposition;
constinit const Rule LayerNorm = by_decomposition;
constinit const Rule LayerNormGrad = by_decomposition;
constinit const Rule CrossEntropy = by_decomposition;
constinit const Rule CrossEntropyGrad = by_decomposition;
// linear in the table, the cotangent, x
constinit const Rule Embedding = {[](const Push& p) { p.add(apply(Op::Embedding, {p.t(0), p.x(1)})); }};
constinit const Rule EmbeddingGrad = {[](const Push& p) { p.add(apply(Op::EmbeddingGrad, {p.x(0), p.t(1)}, p.attrs)); }};
constinit const Rule Dropout = {[](const Push& p) { p.add(apply(Op::Dropout, {p.t(0), p.x(1)}, p.attrs)); }};
constinit const Rule Linear = by_decomposition;
constinit const Rule Sdpa = by_decomposition;
constinit const Rule SdpaGrad = by_decomposition;

}  // namespace rune::jvp_rule
