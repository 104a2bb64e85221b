#include "raven/rune/vjp/rules.hpp"

namespace rune::vjp_rule {

using namespace nx;

// Linear maps: Embedding and EmbeddingGrad are each other's transposes, Dropout its own.
constinit const Rule Embedding = {[](Pull& p) {
                                    EmbeddingGradAttrs attrs;
                                    attrs.rows = p.shape(0)[0];
                                    p.emit(0, apply(Op::EmbeddingGrad, {p.in(1), p.ct()}, attrs));
                                  },
                                  [](uint64_t, const Attrs&) { return Keep{2, 0, all_shapes}; }};
constinit const Rule EmbeddingGrad = {[](Pull& p) { p.emit(1, apply(Op::Embedding, {p.ct(), p.in(0)})); }, keep::first};
constinit const Rule Dropout = {[](Pull& p) { p.emit(0, apply(Op::Dropout, {p.ct(), p.in(1)}, p.as<DropoutAttrs>())); },
                                [](uint64_t, const Attrs&) { return Keep{2, 0, 0}; }};

}  // namespace rune::vjp_rule
