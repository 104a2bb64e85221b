#!/usr/bin/env python3
"""Writes unused.txt: what SentencePiece makes of texts with BPE models some of whose pieces are unused, and so are taken apart again.

usage: unused.py > unused.txt      (needs the Python package `sentencepiece`; does not use Raven)

Lines: `model<TAB>base64` begins a model, `text<TAB>ids` follow. The models are trained here; type 5 (unused) is written into their pieces.
"""
import base64, io, os, random, sys
import sentencepiece
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../brot"))
from oracle_texts import SCRIPTS


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def fields(data):
    """(number, bytes of a length-delimited field) in order; the models have no other ones at the top."""
    at = 0

    def read():
        nonlocal at
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                return value

    while at < len(data):
        key, size = read(), read()
        assert key & 7 == 2
        yield key >> 3, data[at:at + size]
        at += size


def with_unused(data, unused):
    out, piece = b"", 0
    for number, body in fields(data):
        if number == 1:
            if piece in unused:
                body += b"\x18\x05"
            piece += 1
        out += varint(number << 3 | 2) + varint(len(body)) + body
    return out


print(f"# sentencepiece {sentencepiece.__version__}, written by unused.py")
lines = ["the cat sat on the mat with the other cats", "there then these those that than thus", "she sells sea shells on the sea shore", "aaaa aaaaaaaa bananas"] * 20
texts = ["the other cat", "these shells", "aaaaaaaaaaaa", "there, the sea!", "thethethe othertheother", "bananas and the sssea", "\u00e9t\u00e9 the \u4e16 cat", ""]
rng = random.Random(2)
texts += ["".join(rng.choice("theso anc") for _ in range(rng.randrange(1, 60))).strip() for _ in range(60)]
for fallback in (False, True):
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=buffer, vocab_size=360 if fallback else 100, model_type="bpe", normalization_rule_name="identity",
                                             byte_fallback=fallback, hard_vocab_limit=False, user_defined_symbols=["oth"] if fallback else [], minloglevel=2)
    plain = sentencepiece.SentencePieceProcessor(model_proto=buffer.getvalue())
    for share in (0.2, 0.5, 0.9):
        merged = [i for i in range(plain.vocab_size()) if plain.id_to_piece(i)[0] != "<" and len(plain.id_to_piece(i)) > 1 and plain.id_to_piece(i) != "oth"]
        model = with_unused(buffer.getvalue(), {i for i in merged if rng.random() < share})
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        print("model\t" + base64.b64encode(model).decode())
        for text in texts:
            print(text + "\t" + " ".join(map(str, processor.encode(text))))
