#!/usr/bin/env python3
"""Compares training with HuggingFace tokenizers: vocabularies and merges, and the time both take.

usage: oracle_train.py RAVEN TEXT… [--vocab-size N] [--models bpe,wordlevel,unigram,wordpiece]

RAVEN is the program `raven`. Needs the Python package `tokenizers`.
"""
import argparse, json, os, subprocess, sys, tempfile, time
from tokenizers import Tokenizer, models, normalizers as N, pre_tokenizers as P, trainers


def reference(model, files, size):
    special = ["<unk>", "<s>"]
    if model == "bpe":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = P.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=P.ByteLevel.alphabet(), show_progress=False)
    elif model == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer, tokenizer.pre_tokenizer = N.BertNormalizer(), P.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    elif model == "wordlevel":
        tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
        tokenizer.pre_tokenizer = P.Whitespace()
        trainer = trainers.WordLevelTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = P.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=special, unk_token="<unk>", show_progress=False)
    start = time.time()
    tokenizer.train(files, trainer)
    return json.loads(tokenizer.to_str()), time.time() - start


def train(options, model, specials):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "out.json")
        start = time.time()
        subprocess.run([options.raven, "tokenize", "train", path, *options.files, "--model", model, "--vocab-size", str(options.vocab_size),
                        *(word for token in specials for word in ("--special-token", token))], check=True, stdout=subprocess.DEVNULL)
        return json.load(open(path))["model"], time.time() - start


def train_again(options, model):
    """Their result in a process of its own, where the hash map has another order."""
    program = "import json, sys; sys.path.insert(0, sys.argv[1]); from oracle_train import reference; " \
              "print(json.dumps(reference(sys.argv[2], sys.argv[4:], int(sys.argv[3]))[0]))"
    return subprocess.run([sys.executable, "-c", program, os.path.dirname(os.path.abspath(__file__)), model, str(options.vocab_size), *options.files],
                          check=True, stdout=subprocess.PIPE).stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("raven")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--vocab-size", type=int, default=8000)
    parser.add_argument("--models", default="bpe,wordlevel,wordpiece,unigram")
    options = parser.parse_args()
    failed = 0
    for model in options.models.split(","):
        ours, ours_seconds = train(options, model, ["<unk>", "<s>"])
        theirs, seconds = reference(model, options.files, options.vocab_size)
        theirs = theirs["model"]
        if model == "unigram":
            a, b = dict(ours["vocab"]), dict(theirs["vocab"])
            common = set(a) & set(b)
            worst = max(abs(a[k] - b[k]) for k in common)
            # sums are taken in another order, so a few pieces at the edge may differ
            good = len(common) >= 0.995 * len(b) and len(a) == len(b)
            note = f"{len(common)} of {len(b)} pieces common, scores differ by at most {worst:.2g}"
        elif model == "wordpiece":
            # Their ids of prefixed characters follow a hash map that differs from run to run, and ties of merging follow
            # ids. Given their numbers of the characters, every id must be theirs.
            a, b = set(ours["vocab"]), set(theirs["vocab"])
            characters = [token for token in sorted(b, key=theirs["vocab"].get) if len(token.removeprefix("##")) == 1]
            numbered = train(options, model, ["<unk>", "<s>", *characters])[0]["vocab"]
            good = numbered == theirs["vocab"]
            again = set(json.loads(train_again(options, model))["model"]["vocab"])
            note = (f"{len(a & b)} of {len(b)} pieces common (a second run of theirs: {len(again & b)}); with their numbers of the "
                    f"characters {'all ids equal' if good else 'DIFFERENT'}")
        else:
            good = ours["vocab"] == theirs["vocab"] and ours.get("merges") == theirs.get("merges")
            note = "vocabulary and merges equal" if good else "DIFFERENT"
            if not good and model == "bpe":
                place = next((i for i, (x, y) in enumerate(zip(ours["merges"], theirs["merges"])) if x != y), None)
                note += f" from merge {place}: {ours['merges'][place or 0]} {theirs['merges'][place or 0]}"
        failed += not good
        print(f"{'ok' if good else 'DIFFERENT'} {model}: {note}; {ours_seconds:.2f} s, HuggingFace {seconds:.2f} s, ratio {seconds / ours_seconds:.1f}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
