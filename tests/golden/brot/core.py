#!/usr/bin/env python3
"""Writes core.json: what HuggingFace tokenizers 0.23.3 make of the sample texts with every small tokenizer of the zoo.

usage: core.py [--train] > core.json.new      (needs the Python package `tokenizers`; does not use Raven)

HuggingFace's trainers break ties in the order of a hash map that differs from run to run, so the tokenizers are taken from core.json as it
stands; --train makes them anew, which changes the file.

Per tokenizer and text one 32-bit digest (FNV-1a) of all fields of the encoding, with and without special tokens and as first of a pair, and
of the decoded text; a few are written out in full. Truncation and padding are in truncation.py.
"""
import json, os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../brot"))
from tokenizers import Tokenizer, __version__
from oracle_texts import texts as sample_texts
from oracle_zoo import zoo


def fnv(data):
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def lines(encoding):
    return "".join(f"{i},{b},{e},{'-' if w is None else w},{t},{s},{a},{'-' if q is None else q},{text}\n" for i, (b, e), w, t, s, a, q, text in zip(
        encoding.ids, encoding.offsets, encoding.word_ids, encoding.type_ids, encoding.special_tokens_mask, encoding.attention_mask,
        encoding.sequence_ids, encoding.tokens))


def outcome(tokenizer, text, other):
    parts = []
    for pair, special in ((None, True), (None, False), (other, True)):
        try:
            encoding = tokenizer.encode(text, pair, add_special_tokens=special)
        except BaseException:
            parts.append("error\n")
            continue
        parts.append(lines(encoding))
        try:
            parts.append(tokenizer.decode(encoding.ids, skip_special_tokens=special) + "\n")
        except BaseException:
            parts.append("error\n")
    return "".join(parts)


def documents():
    """The tokenizers by name: those of core.json, put together again, or new ones."""
    here = os.path.dirname(os.path.abspath(__file__))
    if "--train" in sys.argv[1:]:
        return zoo()
    old = json.load(open(os.path.join(here, "core.json"), encoding="utf-8"))
    join = lambda case: ",".join(part for part in (case["model"], old["bulk"][case["bulk"]]) if part)
    return {name: json.loads(case["head"] + ',"model":' + join(case) + "}}") for name, case in old["cases"].items()}


def main():
    texts = [text for text in sample_texts(random_texts=120) if len(text) < 320]
    parts, cases, samples = [], {}, {}
    for name, document in documents().items():
        if "truncat" in name:
            continue
        tokenizer = Tokenizer.from_str(json.dumps(document))
        canonical = json.loads(tokenizer.to_str())
        model = canonical.pop("model")
        bulk = {key: model.pop(key) for key in ("vocab", "merges") if key in model}
        dump = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        bulk = dump(bulk)[1:-1]
        if bulk not in parts:
            parts.append(bulk)
        digests = "".join(f"{fnv(outcome(tokenizer, text, texts[(i * 7 + 3) % len(texts)]).encode()):08x}" for i, text in enumerate(texts))
        cases[name] = dict(head=dump(canonical)[:-1], model=dump(model)[:-1], bulk=parts.index(bulk), digests=digests)
        if name in ("byte_bpe_roberta", "llama_legacy", "bert_lower", "unigram", "added_lowercase", "chars_norm_chain"):
            samples[name] = {text: outcome(tokenizer, text, "b") for text in texts[:3] + texts[40:46]}
    json.dump(dict(made_by=f"tokenizers {__version__}", texts=texts, bulk=parts, cases=cases, samples=samples), sys.stdout, ensure_ascii=False, indent=0)


main()
