#!/usr/bin/env python3
"""Times brot against HuggingFace tokenizers, and against tiktoken and SentencePiece where the file is theirs, in one run.

usage: compare.py BROT_BENCH TOKENIZER TEXT…     one tokenizer
       compare.py BROT_BENCH --suite DIRECTORY   all rows, over what prepare.sh put there
options: --filter RE (on `tokenizer/text`), --no-peers, --mb N (of each text), --json FILE

Prints a line per case; the file gets the objects that bench/README.md describes. One thread unless the case says otherwise; caches are
cold at the start of each repetition of encoding; texts are cut into documents of 64 KB. Ours and a peer's are timed in turn, case by case.
"""
import argparse, base64, json, os, re, statistics, subprocess, tempfile, time
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

# Tokenizer and texts; a tokenizer `name.json<file` is made from the file by brot, so that HuggingFace can read it.
SUITE = (("llama3.json", "en ru hi ar zh ja"), ("gpt2.json<r50k_base.tiktoken", "en"), ("cl100k.json<cl100k_base.tiktoken", "en"),
         ("r50k_base.tiktoken", "en"), ("cl100k_base.tiktoken", "en"), ("o200k_base.tiktoken", "en"), ("llama2.json", "en"),
         ("gemma3.json", "en"), ("bert.json", "en ru"), ("unigram.json<unigram.model", "en"), ("unigram.model", "en"))

SENTENCE = "The first sentence of many."


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
    from tokenizers.decoders import DecodeStream
    tokenizer = Tokenizer.from_file(path)

    def encode():
        fresh = Tokenizer.from_file(path)  # its cache belongs to the model
        return lambda: [fresh.encode_batch_fast([document], add_special_tokens=False) for document in documents]

    def encode_offsets():
        fresh = Tokenizer.from_file(path)
        return lambda: [fresh.encode(document, add_special_tokens=False) for document in documents]

    ids = [i for document in documents for i in tokenizer.encode(document, add_special_tokens=False).ids]

    def stream():
        def run():
            decoder = DecodeStream(skip_special_tokens=True)
            for i in ids[:20000]:
                decoder.step(tokenizer, i)
        return run

    return "tokenizers", tokenizers.__version__, dict(load=lambda: timed(lambda: lambda: Tokenizer.from_file(path)),
                                                      load_and_encode=lambda: timed(lambda: lambda: Tokenizer.from_file(path).encode(SENTENCE)),
                                                      encode_ids=lambda: timed(encode),
                                                      encode_offsets=lambda: timed(encode_offsets), decode=lambda: timed(lambda: lambda: tokenizer.decode(ids)),
                                                      stream=lambda: timed(stream))


def tiktoken_peer(path, documents):
    import tiktoken, tiktoken_ext.openai_public as public
    name = os.path.basename(path).removesuffix(".tiktoken")

    def make():
        ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in open(path, "rb") if line.strip())}
        public.load_tiktoken_bpe = lambda *args, **kwargs: ranks
        return tiktoken.Encoding(**public.ENCODING_CONSTRUCTORS[name]())

    encoding = make()
    ids = [i for document in documents for i in encoding.encode_ordinary(document)]
    return "tiktoken", tiktoken.__version__, dict(load=lambda: timed(lambda: make), load_and_encode=lambda: timed(lambda: lambda: make().encode(SENTENCE)),
                                                  encode_ids=lambda: timed(lambda: lambda: [encoding.encode_ordinary(document) for document in documents]),
                                                  decode=lambda: timed(lambda: lambda: encoding.decode(ids)))


def sentencepiece_peer(path, documents):
    import sentencepiece
    processor = sentencepiece.SentencePieceProcessor(model_file=path)
    ids = [processor.encode(document) for document in documents]
    return "sentencepiece", sentencepiece.__version__, dict(load=lambda: timed(lambda: lambda: sentencepiece.SentencePieceProcessor(model_file=path)),
                                                            load_and_encode=lambda: timed(lambda: lambda: sentencepiece.SentencePieceProcessor(model_file=path).encode(SENTENCE)),
                                                            encode_ids=lambda: timed(lambda: lambda: [processor.encode(document) for document in documents]),
                                                            decode=lambda: timed(lambda: lambda: [processor.decode(one) for one in ids]))


def rows_of(bench, tokenizer, text, megabytes, with_peers):
    name = f"{os.path.basename(tokenizer)}/{os.path.basename(text).removesuffix('.txt')}"
    data = open(text, "rb").read(int(megabytes * 1e6)).decode("utf-8", "ignore").encode()
    documents = [data[at:at + 65536].decode("utf-8", "ignore") for at in range(0, len(data), 65536)]
    peer, version, cases = "", "", {}
    if with_peers:
        make = tiktoken_peer if tokenizer.endswith(".tiktoken") else sentencepiece_peer if tokenizer.endswith(".model") else huggingface
        peer, version, cases = make(tokenizer, documents)
    for line in subprocess.run([bench, tokenizer, text, str(megabytes)], check=True, stdout=subprocess.PIPE).stdout.decode().splitlines():
        case, milliseconds, size = line.split()
        milliseconds, size = float(milliseconds), int(size)
        if case == "batch_speedup":  # of two threads over one
            yield dict(suite="brot", case=f"{name}/{case}", threads=2, ratio=milliseconds)
            continue
        row = dict(suite="brot", case=f"{name}/{case}", threads=2 if "2_threads" in case else 1, ours_ms=milliseconds)
        if case == "stream":
            row["ours_ns_per_step"] = round(milliseconds * 1e6 / max(1, size), 1)
        elif size:
            row["ours_mb_per_s"] = round(size / milliseconds / 1e3, 1)
        if case in cases:
            theirs = cases[case]()
            row.update(peer=peer, peer_version=version, peer_ms=round(theirs, 3), ratio=round(theirs / milliseconds, 2))
        yield row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("tokenizer", nargs="?")
    parser.add_argument("texts", nargs="*")
    parser.add_argument("--suite")
    parser.add_argument("--filter", default="")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--mb", type=float, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()
    wanted = re.compile(options.filter).search
    pairs = [(options.tokenizer, text) for text in options.texts]
    made = tempfile.TemporaryDirectory()
    if options.suite:
        for tokenizer, languages in SUITE:
            name, _, source = tokenizer.partition("<")
            languages = [language for language in languages.split() if wanted(f"{name}/{language}")]
            if not languages:
                continue
            path = os.path.join(options.suite, "tokenizers", name)
            if source:
                path = os.path.join(made.name, name)
                subprocess.run([options.bench, "convert", os.path.join(options.suite, "tokenizers", source), path], check=True)
            pairs += [(path, os.path.join(options.suite, "texts", language + ".txt")) for language in languages]
    rows = []
    print(f"{'case':42} {'ours':>11} {'MB/s':>7} {'peer':>13} {'its time':>11} {'ratio':>6}")
    for tokenizer, text in pairs:
        for row in rows_of(options.bench, tokenizer, text, options.mb, not options.no_peers):
            rows.append(row)
            if "ours_ms" not in row:
                print(f"{row['case']:42} {row['ratio']:60.2f}", flush=True)
                continue
            speed = row.get("ours_mb_per_s") or (f"{row['ours_ns_per_step']} ns" if "ours_ns_per_step" in row else "")
            peer = f"{row['peer']:>13} {row['peer_ms']:8.1f} ms {row['ratio']:6.1f}" if "peer" in row else ""
            print(f"{row['case']:42} {row['ours_ms']:8.2f} ms {speed!s:>7} {peer}", flush=True)
            if options.json:
                with open(options.json, "w") as file:
                    file.writelines(json.dumps(one) + "\n" for one in rows)


main()
