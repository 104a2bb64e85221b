#pragma once
// Tokenizers: encode text to ids and back, read and write every common file, train, render chat templates.
#include "raven/brot/core/encode_stream.hpp"
#include "raven/brot/core/tokenizer.hpp"
#include "raven/brot/files/config.hpp"
#include "raven/brot/files/gguf.hpp"
#include "raven/brot/files/load.hpp"
#include "raven/brot/files/presets.hpp"
#include "raven/brot/files/sentencepiece.hpp"
#include "raven/brot/files/tiktoken.hpp"
#include "raven/brot/models/bpe.hpp"
#include "raven/brot/models/unigram.hpp"
#include "raven/brot/models/word_models.hpp"
#include "raven/brot/train/trainers.hpp"
