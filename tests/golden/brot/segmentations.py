#!/usr/bin/env python3
"""Writes segmentations.txt: the best ways in which SentencePiece cuts texts with Unigram models that are trained here, and what
transformers' ByT5Tokenizer makes of texts.

usage: segmentations.py > segmentations.txt      (needs `sentencepiece` and `transformers`; does not use Raven)

Lines: `model<TAB>base64` begins a model, `text<TAB>ids;ids;…` follow, the best way first. After `byt5` come lines of JSON: [text, ids, decoded
text without special tokens].
"""
import base64
import io
import json
import os
import random
import sys

import sentencepiece
import transformers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../brot"))
from oracle_texts import SCRIPTS

TEXTS = SCRIPTS[:12] + ["fox", "the fox jumped", "a quick fox", "quick brown quick", "\u2603\u2603 the", "x\u2603y the"]
BYTES = ["", "a", "aé漢😀", "a<extra_id_0>b</s> <pad>", "a <extra_id_124> b", "a<unk>b", "x  <pad>  y", "tab\tnew\nline"]

print(f"# sentencepiece {sentencepiece.__version__}, transformers {transformers.__version__}, written by segmentations.py")
rng = random.Random(7)
words = [word for line in SCRIPTS for word in line.split()]
lines = [" ".join(rng.choice(words) for _ in range(8)) for _ in range(2000)]
for fallback in False, True:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, vocab_size=900 if fallback else 640, hard_vocab_limit=False, model_type="unigram", byte_fallback=fallback,
                                             normalization_rule_name="identity", character_coverage=1.0, num_threads=1, minloglevel=2)
    print("model\t" + base64.b64encode(model.getvalue()).decode())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    for text in TEXTS:
        print(text + "\t" + ";".join(" ".join(map(str, ids)) for ids in processor.nbest_encode_as_ids(text, 8)))
print("byt5")
byt5 = transformers.ByT5Tokenizer()
for text in BYTES:
    ids = byt5(text).input_ids
    print(json.dumps([text, ids, byt5.decode(ids, skip_special_tokens=True)], ensure_ascii=False))
