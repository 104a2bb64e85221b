#!/usr/bin/env python3
"""Writes broken.txt: what tiktoken gives for bytes that are no UTF-8, with small encodings of all its patterns.

usage: broken.py > broken.txt      (needs the Python package `tiktoken`; does not use Raven)

The first line names the peer. ["encoding", pattern, [tokens as hexadecimal bytes, without the single bytes]] begins an encoding,
[bytes as hexadecimal, ids] follow.
"""
import json
import random

import tiktoken

PATTERNS = (
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"\p{L}+|\s+|[^\s\p{L}]+")
TOKENS = [token.encode() for token in
          "he|th|the|ll|llo|hello| h| he| hello| w| wo|wor|ld|  |   |\n\n| \n|\n |12|123|!!|!\n|\u00e9|\u00e9a|\u65e5|aa|aaa|aaaa|ab".split("|")]
TOKENS += [b"\xff\xff", b"a\xff", b" \xff", b"\xc3a", b"\xe3\x81", b"o\xe3\x81", b"\xff hello", b"\xff\n"]
PARTS = [b"a", b"aa", b"hello", b" hello", b" ", b"  ", b"\n", b" \n", b"\n ", b"\t", b"12", b"123", b"!", b"!\n", b"'s", "\u00e9".encode(), "\u65e5".encode(),
         "\u00a0".encode(), b"\xff", b"\xc3", b"\xe3\x81", b"\x81", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff hello"]
FIXED = [b"a\xff", b"\xc3", b"\xff", b"hello\n\xff", b"hello \xff\xff a", b"hello  \n\xe3\x81", b"!\n\xff", b"\n\n \xff", b"12\xc3 hello hello"]


def main():
    print(json.dumps({"peer": f"tiktoken {tiktoken.__version__}"}))
    draw = random.Random(5)
    texts = list(FIXED)
    while len(texts) < 60:
        text = b"".join(draw.choice(PARTS) for _ in range(draw.randrange(1, 9)))
        try:
            text.decode()
        except UnicodeDecodeError:
            texts.append(text)
    for pattern in PATTERNS:
        tokens = sorted({token for token in TOKENS if len(token) > 1}, key=lambda t: (len(t), t))
        ranks = {bytes([byte]): byte for byte in range(256)} | {token: 256 + i for i, token in enumerate(tokens)}
        encoding = tiktoken.Encoding("small", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        print(json.dumps(["encoding", pattern, [token.hex() for token in tokens]]))
        for text in texts:
            print(json.dumps([text.hex(), encoding._encode_bytes(text)]))


main()
