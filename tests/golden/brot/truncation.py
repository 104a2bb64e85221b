#!/usr/bin/env python3
"""Writes truncation.json: what HuggingFace tokenizers 0.22.2 make of texts, pairs and batches under truncation and padding. Later
releases lose overflow because they stop encoding early, so this one is the peer.

usage: truncation.py > truncation.json      (needs the Python package `tokenizers` 0.22.2; does not use Raven)

Per tokenizer and setting one 32-bit digest (FNV-1a) for each input, of all fields of the encoding and of all that overflows; those of
one setting are written out in full.
"""
import json
import sys

from tokenizers import Tokenizer, __version__

WORDS = "the quick brown fox jumps over a lazy dog and runs away from here".split()
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def fnv(data):
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def lines(encoding):
    own = "".join(f"{i},{b},{e},{'-' if w is None else w},{t},{s},{a},{'-' if q is None else q},{text}\n" for i, (b, e), w, t, s, a, q, text in zip(
        encoding.ids, encoding.offsets, encoding.word_ids, encoding.type_ids, encoding.special_tokens_mask, encoding.attention_mask,
        encoding.sequence_ids, encoding.tokens))
    return own + "".join("overflow\n" + lines(one) for one in encoding.overflowing)


def document(model, **components):
    added = [dict(id=i, content=text, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for i, text in enumerate(SPECIALS)]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": None, "post_processor": None,
            "decoder": None, **components, "model": model}


def template(single, pair):
    def pieces(text):
        for part in text.split():
            name, _, kind = part.partition(":")
            kind = int(kind or 0)
            yield {"Sequence": {"id": name[1], "type_id": kind}} if name[0] == "$" else {"SpecialToken": {"id": name, "type_id": kind}}

    tokens = {text: {"id": text, "ids": [SPECIALS.index(text)], "tokens": [text]} for text in ("[CLS]", "[SEP]") if text in single + pair}
    return {"type": "TemplateProcessing", "single": list(pieces(single)), "pair": list(pieces(pair)), "special_tokens": tokens}


def tokenizers():
    words = {text: i for i, text in enumerate(SPECIALS + WORDS)}
    level = {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"}
    white = {"type": "Whitespace"}
    cls = template("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
    yield "plain", document(level, pre_tokenizer=white)
    yield "template", document(level, pre_tokenizer=white, post_processor=cls)
    yield "template_other_order", document(level, pre_tokenizer=white, post_processor=template("$A:2 [SEP]", "$B:1 [SEP] $A:3 [CLS]:2"))
    yield "template_repeats", document(level, pre_tokenizer=white, post_processor=template("$A [SEP] $A", "$A $B:1 $A:2"))
    pieces = SPECIALS + sorted({c for w in WORDS for c in w} | {"##" + c for w in WORDS for c in w}) + ["qu", "##ick", "br", "##own", "ju", "##mps"]
    wordpiece = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {t: i for i, t in enumerate(pieces)}}
    yield "bert", document(wordpiece, pre_tokenizer={"type": "BertPreTokenizer"}, post_processor={"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]})
    alphabet = [chr(c) for c in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))]
    merges = ["Ġ q", "u i", "Ġq ui", "b r", "Ġ t", "h e", "Ġt he", "Ã ©"]
    bytes_ = SPECIALS + alphabet + [m.replace(" ", "") for m in merges]
    bpe = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
           "ignore_merges": False, "vocab": {t: i for i, t in enumerate(bytes_)}, "merges": merges}
    level_of_bytes = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    yield "roberta", document(bpe, pre_tokenizer=level_of_bytes, post_processor={"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], "trim_offsets": True, "add_prefix_space": True})
    yield "bytes", document(bpe, pre_tokenizer=level_of_bytes, post_processor=level_of_bytes)
    yield "sequence", document(bpe, pre_tokenizer=level_of_bytes, post_processor={"type": "Sequence", "processors": [level_of_bytes, cls]})
    unigram = {"type": "Unigram", "unk_id": 1, "byte_fallback": False, "vocab": [[t, 0.0] for t in SPECIALS] + [["▁" + w, -2.0 - i / 8] for i, w in enumerate(WORDS)] +
               [[c, -6.0 - i / 16] for i, c in enumerate(sorted({c for w in WORDS for c in w} | {"▁"}))]}
    yield "unigram", document(unigram, pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}, post_processor=template("$A [SEP]", "$A [SEP] $B [SEP]"))


def truncation(max_length, stride=0, strategy="LongestFirst", direction="Right"):
    return dict(direction=direction, max_length=max_length, strategy=strategy, stride=stride)


def padding(strategy, direction="Right", multiple=None, id=0, type_id=0, token="[PAD]"):
    return dict(strategy=strategy, direction=direction, pad_to_multiple_of=multiple, pad_id=id, pad_type_id=type_id, pad_token=token)


SETTINGS = [
    (truncation(8), None), (truncation(8, 2), None), (truncation(7, 3, direction="Left"), None), (truncation(6, 1, "OnlyFirst"), None),
    (truncation(9, 2, "OnlyFirst", "Left"), None), (truncation(8, 1, "OnlySecond"), None), (truncation(12, 2, "OnlySecond", "Left"), None), (truncation(4), None), (truncation(200, 5), None),
    (None, padding("BatchLongest")), (None, padding("BatchLongest", "Left")), (None, padding({"Fixed": 13})), (None, padding({"Fixed": 13}, "Left", id=7, type_id=2, token="<p>")),
    (None, padding("BatchLongest", multiple=8)), (None, padding({"Fixed": 9}, "Left", 6)), (None, padding({"Fixed": 0}, multiple=0)), (truncation(8, 2), padding("BatchLongest")),
    (truncation(8, 2, direction="Left"), padding({"Fixed": 11}, "Left", 4)), (truncation(6), padding({"Fixed": 6}, id=3, type_id=1, token="[SEP]")),
]
LONG = " ".join(WORDS)
TEXTS = ["", "fox", "the quick brown fox", LONG, "café é the\tquick 漢字 fox", "[CLS] the fox [SEP] dog"]
PAIRS = [("the fox", LONG), (LONG, "the fox"), (LONG, LONG[::-1]), ("", LONG), ("fox", ""), ("the quick brown", "fox jumps over")]
SPLIT = [WORDS[:9], ["the fox", "", "é dog"]]


def outcomes(tokenizer):
    """One text for each text, pair, list of words, pair of a list and a list, and for the batches."""
    def attempt(call):
        try:
            return call()
        except BaseException:  # panics are none of Exception
            return "error\n"

    for text in TEXTS:
        yield attempt(lambda: lines(tokenizer.encode(text)))
        yield attempt(lambda: lines(tokenizer.encode(text, add_special_tokens=False)))
    for pair in PAIRS:
        yield attempt(lambda: lines(tokenizer.encode(*pair)))
    for words in SPLIT:
        yield attempt(lambda: lines(tokenizer.encode(words, is_pretokenized=True)))
    yield attempt(lambda: lines(tokenizer.encode(SPLIT[0], SPLIT[1], is_pretokenized=True)))
    yield attempt(lambda: "".join(map(lines, tokenizer.encode_batch(TEXTS))))
    yield attempt(lambda: "".join(map(lines, tokenizer.encode_batch(PAIRS))))


def main():
    cases, full = {}, {}
    for name, source in tokenizers():
        cases[name] = dict(file=json.dumps(source, ensure_ascii=False), digests=[])
        for truncated, padded in SETTINGS:
            tokenizer = Tokenizer.from_str(json.dumps({**source, "truncation": truncated, "padding": padded}))
            results = list(outcomes(tokenizer))
            cases[name]["digests"].append("".join(f"{fnv(one.encode()):08x}" for one in results))
            if (truncated, padded) == SETTINGS[1] and name in ("template", "roberta"):
                full[name] = results
    dump = lambda value: json.dumps(value, ensure_ascii=False)
    settings = [[json.dumps(t), json.dumps(p)] for t, p in SETTINGS]
    out = dict(made_by=f"tokenizers {__version__}", texts=TEXTS, pairs=PAIRS, split=SPLIT, settings=settings, cases=cases, full=full)
    json.dump(out, sys.stdout, ensure_ascii=False, indent=0)


main()
