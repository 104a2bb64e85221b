#!/usr/bin/env python3
"""Writes unstable.txt: what tiktoken's encode_with_unstable gives for unfinished texts, with two small encodings.

usage: unstable.py > unstable.txt      (needs the Python package `tiktoken`; does not use Raven)

Lines of JSON: {"pattern", "ranks": [token bytes as numbers, without the single bytes], "special"} begins an encoding, [text, stable ids,
completions in ascending order] follow; special tokens are allowed.
"""
import json
import tiktoken

PATTERNS = (r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s")
TOKENS = ("he|th|the|in|ing|ll|llo|hel|hello|helloo| h| he| hel| hello| w| wo| wor| worl| world|wor|world|or|ld|rl|rld|  |   |\n\n| \n|12|123|23|!!|!\n|"
          "\u00e9|\u00e9a|\u65e5|\u672c|\u65e5\u672c| \u65e5|'s|'ll|aa|aaa|aaaa|ab|aba").split("|")
TEXTS = ("", "h", "he", "hel", "hell", "hello", "hello w", "hello wor", "hello world", "hello  ", "hello \n", "a\n", "a\n\n", "\n \n", " ", "   ", "12", "1234",
         "!", "!!\n", "é", "x日", "日本", "hello 日", "it's", "it'", "aaaaa", "abab", "the in", "thing\n ", "<|end|>", "<|end|>hel", "hel<|end|>", "a \u00a0",
         "world's", "hel\t")


def main():
    for pattern in PATTERNS:
        tokens = sorted({token.encode() for token in TOKENS if len(token.encode()) > 1}, key=lambda t: (len(t), t))
        ranks = {bytes([byte]): byte for byte in range(256)} | {token: 256 + i for i, token in enumerate(tokens)}
        special = {"<|end|>": 256 + len(tokens)}
        encoding = tiktoken.Encoding("small", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special)
        print(json.dumps({"pattern": pattern, "ranks": [list(token) for token in tokens], "special": special}))
        for text in TEXTS:
            stable, completions = encoding.encode_with_unstable(text, allowed_special="all")
            print(json.dumps([text, stable, sorted(completions)]))


main()
