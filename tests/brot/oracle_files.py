#!/usr/bin/env python3
"""Compares vocabulary files of other libraries with their originals: tiktoken ranks and SentencePiece models.

usage: oracle_files.py RAVEN [FILE.tiktoken | FILE.model]… [--corpus FILE…] [--mb N] [--generated N]

RAVEN is the program `raven`. Needs the Python packages `tiktoken` and `sentencepiece`.
"""
import argparse, base64, os, subprocess, sys, tempfile
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from oracle_texts import generated, texts as sample_texts


def ours(raven, path, lines):
    with tempfile.NamedTemporaryFile("wb") as file:
        file.write(b"".join(line.encode() + b"\n" for line in lines))
        file.flush()
        out = subprocess.run([raven, "tokenize", "encode", path, file.name], check=True, stdout=subprocess.PIPE).stdout.decode()
    return [[int(word) for word in line.split()] for line in out.split("\n")[:len(lines)]]


def ours_decoded(raven, path, lists):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("".join(" ".join(map(str, ids)) + "\n" for ids in lists))
        file.flush()
        out = subprocess.run([raven, "tokenize", "decode", "--keep-special", path, file.name], check=True, stdout=subprocess.PIPE).stdout.decode()
    return out.split("\n")[:len(lists)]


def tiktoken_original(path):
    import tiktoken, tiktoken_ext.openai_public as public
    name = os.path.basename(path).removesuffix(".tiktoken")
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in open(path) if line.strip())}
    public.load_tiktoken_bpe = lambda *args, **kwargs: ranks
    encoding = tiktoken.Encoding(**public.ENCODING_CONSTRUCTORS[name]())
    return lambda text: encoding.encode(text, allowed_special="all"), encoding.decode


def sentencepiece_original(path):
    import sentencepiece
    processor = sentencepiece.SentencePieceProcessor(model_file=path)
    return processor.encode, processor.decode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("raven")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--corpus", nargs="*", default=[])
    parser.add_argument("--mb", type=float, default=10, help="megabytes of the corpus in all")
    parser.add_argument("--generated", type=float, default=0, help="megabytes of words in 50 scripts")
    options = parser.parse_args()
    lines = [line for text in sample_texts() + generated(int(options.generated * 1e6)) for line in text.split("\n")]
    for path in options.corpus:
        text = open(path, "rb").read(int(options.mb * 1e6 / len(options.corpus))).decode("utf-8", "replace")
        lines += text.split("\n")
    size = sum(len(line.encode()) + 1 for line in lines)
    failed = 0
    for path in options.files:
        original, decode = tiktoken_original(path) if path.endswith(".tiktoken") else sentencepiece_original(path)
        different = 0
        encoded = [original(line) for line in lines]
        for ids, mine in zip(encoded, ours_decoded(options.raven, path, encoded)):
            if mine != decode(ids):
                different += 1
                if different <= 3:
                    print(f"DIFFERENCE {path}\n  ids {ids[:30]}\n  brot {mine[:120]!r}\n  orig {decode(ids)[:120]!r}")
        for line, theirs, mine in zip(lines, encoded, ours(options.raven, path, lines)):
            if mine != theirs:
                different += 1
                if different <= 3:
                    print(f"DIFFERENCE {path}\n  text {line[:120]!r}\n  brot {mine[:30]}\n  orig {theirs[:30]}")
        failed += different > 0
        print(f"{'ok' if different == 0 else 'DIFFERENT'} {path}: {len(lines)} lines, {size / 1e6:.1f} MB, {different} differences", flush=True)
    return failed


sys.exit(main())
