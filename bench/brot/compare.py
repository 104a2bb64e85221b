#!/usr/bin/env python3
"""Times brot against HuggingFace tokenizers (and tiktoken, SentencePiece where the file is theirs) in one run.

usage: compare.py BROT_BENCH TOKENIZER TEXT… [--mb N] [--json FILE]

Prints one JSON object per case as bench/README.md describes. Single thread; caches cold at the start of each repetition.
"""
import argparse, base64, json, os, statistics, subprocess, time
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"


def timed(run, repetitions=3):
    times = []
    for _ in range(repetitions):
        prepared = run()
        start = time.perf_counter()
        prepared()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def huggingface(path, documents):
    import tokenizers
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(path)

    def encode():
        fresh = Tokenizer.from_file(path)  # its cache belongs to the model
        return lambda: [fresh.encode_batch_fast([document], add_special_tokens=False) for document in documents]

    def encode_offsets():
        fresh = Tokenizer.from_file(path)
        return lambda: [fresh.encode(document, add_special_tokens=False) for document in documents]

    ids = [i for document in documents for i in tokenizer.encode(document, add_special_tokens=False).ids]
    from tokenizers.decoders import DecodeStream

    def stream():
        def run():
            decoder = DecodeStream(skip_special_tokens=True)
            for i in ids[:20000]:
                decoder.step(tokenizer, i)
        return run

    return "tokenizers", tokenizers.__version__, dict(load=lambda: timed(lambda: lambda: Tokenizer.from_file(path)), encode_ids=lambda: timed(encode),
                                                      encode_offsets=lambda: timed(encode_offsets), decode=lambda: timed(lambda: lambda: tokenizer.decode(ids)),
                                                      stream=lambda: timed(stream))


def tiktoken_peer(path, documents):
    import tiktoken, tiktoken_ext.openai_public as public
    name = os.path.basename(path).removesuffix(".tiktoken")
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in open(path) if line.strip())}
    public.load_tiktoken_bpe = lambda *args, **kwargs: ranks
    make = lambda: tiktoken.Encoding(**public.ENCODING_CONSTRUCTORS[name]())
    encoding = make()
    ids = [i for document in documents for i in encoding.encode_ordinary(document)]
    return "tiktoken", tiktoken.__version__, dict(encode_ids=lambda: timed(lambda: lambda: [encoding.encode_ordinary(document) for document in documents]),
                                                  decode=lambda: timed(lambda: lambda: encoding.decode(ids)))


def sentencepiece_peer(path, documents):
    import sentencepiece
    processor = sentencepiece.SentencePieceProcessor(model_file=path)
    return "sentencepiece", sentencepiece.__version__, dict(encode_ids=lambda: timed(lambda: lambda: [processor.encode(document) for document in documents]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("tokenizer")
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--mb", type=float, default=10)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    name = os.path.basename(os.path.dirname(os.path.dirname(options.tokenizer))) if options.tokenizer.endswith("tokenizer.json") else os.path.basename(options.tokenizer)
    for path in options.texts:
        data = open(path, "rb").read(int(options.mb * 1e6)).decode("utf-8", "ignore").encode()
        documents = [data[at:at + 65536].decode("utf-8", "ignore") for at in range(0, len(data), 65536)]
        peer = tiktoken_peer if options.tokenizer.endswith(".tiktoken") else sentencepiece_peer if options.tokenizer.endswith(".model") else huggingface
        peer_name, version, cases = peer(options.tokenizer, documents)
        ours = {}
        for line in subprocess.run([options.bench, options.tokenizer, path, str(options.mb)], check=True, stdout=subprocess.PIPE).stdout.decode().split("\n"):
            if line:
                case, milliseconds, size = line.split()
                ours[case] = float(milliseconds), int(size)
        for case, (milliseconds, size) in ours.items():
            row = dict(suite="brot", case=f"{name}/{os.path.basename(path)}/{case}", threads=2 if "2_threads" in case else 1, ours_ms=milliseconds)
            if size and case != "stream":
                row["ours_mb_per_s"] = round(size / milliseconds / 1e3, 1)
            if case == "stream":
                row["ours_ns_per_step"] = round(milliseconds * 1e6 / max(1, size), 1)
            if case in cases:
                theirs = cases[case]()
                row.update(peer=peer_name, peer_version=version, peer_ms=round(theirs, 2), ratio=round(theirs / milliseconds, 2))
            rows.append(row)
            print(json.dumps(row), flush=True)
    if options.json:
        with open(options.json, "w") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


main()
