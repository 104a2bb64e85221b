#!/usr/bin/env python3
"""Writes restricted.txt: what SentencePiece makes of texts after SetVocabulary, with Unigram and BPE models.

usage: restricted.py > restricted.txt      (needs the Python package `sentencepiece` and its program spm_encode, named by the variable
SPM_ENCODE, since the package has no such call; does not use Raven)

Lines: `model<TAB>base64` begins a model, `vocabulary<TAB>JSON list` restricts it, `text<TAB>ids` follow. The models are trained here.
"""
import base64, io, json, os, random, subprocess, sys, tempfile
import sentencepiece
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../brot"))
from oracle_texts import SCRIPTS


TEXTS = SCRIPTS[:20] + ["", "fox", "the fox jumped", "quick brown", "a" * 30, "\u2603\u2603 the"]


def restricted(model, kept):
    with tempfile.TemporaryDirectory() as directory:
        files = [os.path.join(directory, name) for name in ("model", "vocabulary")]
        open(files[0], "wb").write(model)
        open(files[1], "w", encoding="utf-8").write("".join(piece + "\n" for piece in kept))
        return subprocess.run([os.environ["SPM_ENCODE"], "--model=" + files[0], "--vocabulary=" + files[1], "--output_format=id"],
                              input="".join(text + "\n" for text in TEXTS).encode(), check=True, stdout=subprocess.PIPE).stdout.decode().split("\n")


def main():
    print(f"# sentencepiece {sentencepiece.__version__}, written by restricted.py")
    rng = random.Random(5)
    words = [word for line in SCRIPTS for word in line.split()]
    lines = [" ".join(rng.choice(words) for _ in range(8)) for _ in range(2000)]
    for kind, fallback in (("unigram", False), ("unigram", True), ("bpe", False), ("bpe", True)):
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, vocab_size=900 if fallback else 640, hard_vocab_limit=False, model_type=kind, byte_fallback=fallback,
                                                 user_defined_symbols=["fox"], normalization_rule_name="identity", character_coverage=1.0, num_threads=1, minloglevel=2)
        print("model\t" + base64.b64encode(model.getvalue()).decode())
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
        for share in (0.9, 0.5, 0.0):
            kept = [piece for piece in pieces if rng.random() < share]
            print("vocabulary\t" + json.dumps(kept, ensure_ascii=False))
            for text, ids in zip(TEXTS, restricted(model.getvalue(), kept)):
                print(text + "\t" + ids)


main()
