#pragma once
// Neural networks: the umbrella header of kaun.
#include "raven/kaun/data/tokens.hpp"
#include "raven/kaun/error.hpp"
#include "raven/kaun/generate/generate.hpp"
#include "raven/kaun/io/checkpoint.hpp"
#include "raven/kaun/models/gpt.hpp"
#include "raven/kaun/nn/ctx.hpp"
#include "raven/kaun/nn/grad.hpp"
#include "raven/kaun/nn/init.hpp"
#include "raven/kaun/nn/layers.hpp"
#include "raven/kaun/nn/transformer.hpp"
#include "raven/nx.hpp"
#include "raven/rune.hpp"

namespace kaun {
// The functions of networks are nx's composites; kaun spells them too.
using nx::cross_entropy;
using nx::gelu;
using nx::sdpa;
using nx::softmax;
}  // namespace kaun
