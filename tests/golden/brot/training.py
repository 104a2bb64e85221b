#!/usr/bin/env python3
"""Writes training.json: the vocabularies that HuggingFace's trainers learn, for each trainer and each of its options.

usage: training.py > training.json      (needs the Python package `tokenizers`; does not use Raven)

Their trainers number some symbols, and break ties by these numbers, in the order of a hash map that differs from process to process. Each
case runs in several processes: what differs between them (the order of the tokens, or the merges) is recorded as null, and a case whose
tokens differ is refused. The words' counts are far apart so that there are few ties.
"""
import json
import subprocess
import sys

RUNS = 6
WORDS = ("hug pug hugs bun pun buns the then there other bother brother mother smother tea team steam stream dream cream lower lowest newer newest "
         "wide wider widest naïve café über straße Ωmega 東京 京都 東 42 1234 x fast step").split()
SENTENCE_PIECE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
WHITE = {"type": "WhitespaceSplit"}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
SPECIAL = ["<unk>", "<s>"]

CASES = [
    ("bpe", WHITE, dict(vocab_size=70)), ("bpe", WHITE, dict(vocab_size=60, special_tokens=SPECIAL)), ("bpe", WHITE, dict(vocab_size=500, min_frequency=300)), ("bpe", WHITE, dict(vocab_size=500)),
    ("bpe", WHITE, dict(vocab_size=70, limit_alphabet=17)), ("bpe", WHITE, dict(vocab_size=40, limit_alphabet=3)), ("bpe", WHITE, dict(vocab_size=70, initial_alphabet=["z", "q", "é", "ß"])),
    ("bpe", WHITE, dict(vocab_size=70, limit_alphabet=21, initial_alphabet=["z", "多", "lo"])), ("bpe", WHITE, dict(vocab_size=80, max_token_length=3)), ("bpe", WHITE, dict(vocab_size=80, max_token_length=2)),
    ("bpe", WHITE, dict(vocab_size=75, continuing_subword_prefix="##")), ("bpe", WHITE, dict(vocab_size=75, end_of_word_suffix="</w>")), ("bpe", WHITE, dict(vocab_size=5)), ("bpe", BYTES, dict(vocab_size=330, initial_alphabet="bytes")),
    ("bpe", WHITE, dict(vocab_size=70, special_tokens=["the", "<s>", "h"])),
    ("wordpiece", WHITE, dict(vocab_size=68, special_tokens=["[UNK]", "[PAD]"])), ("wordpiece", WHITE, dict(vocab_size=70, continuing_subword_prefix="@@", special_tokens=["[UNK]"])),
    ("wordpiece", WHITE, dict(vocab_size=60, limit_alphabet=22, special_tokens=["[UNK]"])), ("wordpiece", WHITE, dict(vocab_size=400, min_frequency=500, initial_alphabet=["z"], special_tokens=["[UNK]"])),
    ("wordlevel", WHITE, dict(vocab_size=20)), ("wordlevel", WHITE, dict(vocab_size=100, min_frequency=200, special_tokens=SPECIAL)), ("wordlevel", WHITE, dict(vocab_size=3, special_tokens=SPECIAL)),
    ("wordlevel", WHITE, dict(vocab_size=12, special_tokens=["the", "mother"])),
    ("unigram", SENTENCE_PIECE, dict(vocab_size=70, special_tokens=SPECIAL, unk_token="<unk>")), ("unigram", SENTENCE_PIECE, dict(vocab_size=50)), ("unigram", SENTENCE_PIECE, dict(vocab_size=60, unk_token="[X]")),
    ("unigram", SENTENCE_PIECE, dict(vocab_size=60, max_piece_length=3, special_tokens=SPECIAL, unk_token="<unk>")), ("unigram", SENTENCE_PIECE, dict(vocab_size=60, shrinking_factor=0.5, n_sub_iterations=4)),
    ("unigram", SENTENCE_PIECE, dict(vocab_size=60, seed_size=30)), ("unigram", SENTENCE_PIECE, dict(vocab_size=60, seed_size=45)), ("unigram", SENTENCE_PIECE, dict(vocab_size=60, initial_alphabet=["z", "q"])),
]


COUNTS = [(word, 37 + (i * i * 3 + 17 * i) % 997) for i, word in enumerate(WORDS)]


def lines():
    return [" ".join([word] * count) for word, count in COUNTS]


def train(index):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    kind, pre_tokenizer, options = CASES[index]
    options = dict(options, show_progress=False)
    if options.get("initial_alphabet") == "bytes":
        options["initial_alphabet"] = pre_tokenizers.ByteLevel.alphabet()
    model, trainer = {"bpe": (models.BPE, trainers.BpeTrainer), "wordpiece": (models.WordPiece, trainers.WordPieceTrainer), "wordlevel": (models.WordLevel, trainers.WordLevelTrainer),
                      "unigram": (models.Unigram, trainers.UnigramTrainer)}[kind]
    tokenizer = Tokenizer(model())
    document = json.loads(tokenizer.to_str())
    document["pre_tokenizer"] = pre_tokenizer
    tokenizer = Tokenizer.from_str(json.dumps(document))
    tokenizer.train_from_iterator(lines(), trainer(**options))
    learned = json.loads(tokenizer.to_str())["model"]
    vocab = learned["vocab"]
    if kind == "unigram":
        return dict(tokens=[piece for piece, _ in vocab], merges=None, scores=[score for _, score in vocab], unk_id=learned["unk_id"])
    return dict(tokens=sorted(vocab, key=vocab.get), merges=[" ".join(merge) for merge in learned["merges"]] if "merges" in learned else None)


def main():
    if len(sys.argv) > 1:
        return print(json.dumps(train(int(sys.argv[1]))))
    from tokenizers import __version__
    cases = []
    for index, (kind, pre_tokenizer, options) in enumerate(CASES):
        runs = [json.loads(subprocess.run([sys.executable, __file__, str(index)], check=True, stdout=subprocess.PIPE).stdout) for _ in range(RUNS)]
        first = runs[0]
        case = dict(trainer=kind, pre_tokenizer=json.dumps(pre_tokenizer, ensure_ascii=False), options=options)
        if any(sorted(run["tokens"]) != sorted(first["tokens"]) for run in runs):
            sys.exit(f"case {index}: {kind} {options}: the tokens differ from run to run")
        same_order = all(run["tokens"] == first["tokens"] for run in runs)
        case["ordered"] = same_order
        case["tokens"] = first["tokens"] if same_order else sorted(first["tokens"])
        case["merges"] = first["merges"] if all(run["merges"] == first["merges"] for run in runs) else None
        if kind == "unigram":
            # Required characters that were pruned come back with scores above the least one, a step more each, in any order.
            runs = [dict(zip(run["tokens"], (round(score, 9) for score in run["scores"]))) for run in runs]
            case["scores"] = [runs[0][token] if all(run[token] == runs[0][token] for run in runs) else None for token in case["tokens"]]
            case["sorted_scores"], case["unk_id"] = sorted(runs[0].values()), first["unk_id"]
        cases.append(case)
        print(index, kind, options, "tokens", len(first["tokens"]), "ordered" if same_order else "", "merges" if case["merges"] else "", file=sys.stderr)
    json.dump(dict(made_by=f"tokenizers {__version__}", counts=COUNTS, cases=cases), sys.stdout, ensure_ascii=False, indent=0)


main()
