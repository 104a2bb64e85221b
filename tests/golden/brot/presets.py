#!/usr/bin/env python3
"""Writes presets.txt: what HuggingFace's ready tokenizers save, one `name<TAB>json` per line.

usage: presets.py > presets.txt      (needs the Python package `tokenizers`; does not use Raven)
"""
import tokenizers
from tokenizers.implementations import (BertWordPieceTokenizer, ByteLevelBPETokenizer, CharBPETokenizer, SentencePieceBPETokenizer,
                                        SentencePieceUnigramTokenizer)

BPE = dict(vocab={"<unk>": 0, "a": 1, "b": 2, "ab": 3}, merges=[("a", "b")])
SUFFIXED = dict(vocab={"<unk>": 0, "a": 1, "b</w>": 2, "ab</w>": 3}, merges=[("a", "b</w>")])
BERT = {token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##b"])}
UNIGRAM = [("<unk>", 0.0), ("a", -1.0), ("\u2581", -1.5)]
print(f"made by\ttokenizers {tokenizers.__version__}")
for name, tokenizer in {
    "byte_level": ByteLevelBPETokenizer(**BPE),
    "byte_level_options": ByteLevelBPETokenizer(**BPE, add_prefix_space=True, lowercase=True, unicode_normalizer="nfkc", trim_offsets=True),
    "char": CharBPETokenizer(**SUFFIXED),
    "char_options": CharBPETokenizer(**SUFFIXED, lowercase=True, unicode_normalizer="nfd", split_on_whitespace_only=True),
    "sentencepiece_bpe": SentencePieceBPETokenizer(**BPE),
    "sentencepiece_bpe_options": SentencePieceBPETokenizer(**BPE, replacement="_", add_prefix_space=False, fuse_unk=True),
    "sentencepiece_unigram": SentencePieceUnigramTokenizer(UNIGRAM),
    "bert": BertWordPieceTokenizer(BERT),
    "bert_options": BertWordPieceTokenizer(BERT, clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False),
}.items():
    print(f"{name}\t{tokenizer.to_str()}")
