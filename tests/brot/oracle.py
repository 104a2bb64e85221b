#!/usr/bin/env python3
"""Compares brot with HuggingFace tokenizers, live, over many texts.

usage: oracle.py DRIVER TOKENIZER_JSON… [--corpus FILE…] [--mb N] [--generated N] [--zoo]

DRIVER is the program brot_oracle. Each tokenizer is loaded by both sides; ids, tokens, offsets, word ids, type ids, masks, sequence ids
(single and pair, with and without special tokens), texts of ids, decoded text and the saved file must be equal. --zoo adds small tokenizers, one per
component and option; --generated N megabytes of words in 50 scripts. Needs the Python package `tokenizers`; does not use any other part of Raven.
"""
import argparse, json, os, random, struct, subprocess, sys, tempfile
from tokenizers import Tokenizer, __version__
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from oracle_texts import generated, texts as sample_texts
from oracle_zoo import zoo


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read(self, size):
        data = self.process.stdout.read(size) if size else b""
        if len(data) != size:
            raise RuntimeError("the driver died")
        return data

    def u32(self):
        return struct.unpack("=I", self.read(4))[0]

    def words(self, count):
        return list(struct.unpack(f"={count}I", self.read(4 * count)))

    def text(self):
        return self.read(self.u32())

    @staticmethod
    def pack(text):
        data = text if isinstance(text, bytes) else text.encode()
        return struct.pack("=I", len(data)) + data

    def load(self, path):
        self.send(b"L" + self.pack(path))
        ok = self.read(1)[0]
        message = self.text().decode()
        return None if ok else message

    def encoding(self):
        n = self.u32()
        none = 0xFFFFFFFF
        ids = self.words(n)
        flat = self.words(2 * n)
        words = [None if w == none else w for w in self.words(n)]
        types = self.words(n)
        special, attention = list(self.read(n)), list(self.read(n))
        sequences = [None if s == 255 else s for s in self.read(n)]
        tokens = [self.text().decode("utf-8", "replace") for _ in range(n)]
        overflow = [self.encoding() for _ in range(self.u32())]
        return dict(ids=ids, tokens=tokens, offsets=list(zip(flat[::2], flat[1::2])), words=words, types=types, special=special,
                    attention=attention, sequences=sequences, overflow=overflow)

    def encode(self, texts, special, pair):
        body = b"".join(self.pack(a) + (self.pack(b) if pair else b"") for a, b in texts)
        self.send(b"E" + struct.pack("=II", int(special) | 2 * int(pair), len(texts)) + body)
        results = []
        for _ in texts:
            ok = self.read(1)[0]
            results.append(self.encoding() if ok else self.text().decode())
        return results

    def decode(self, lists, skip):
        body = b"".join(struct.pack(f"=I{len(ids)}I", len(ids), *ids) for ids in lists)
        self.send(b"D" + struct.pack("=II", int(skip), len(lists)) + body)
        return [(self.text().decode(), self.text().decode()) for _ in lists]

    def tokens(self, ids):
        self.send(b"T" + struct.pack(f"=I{len(ids)}I", len(ids), *ids))
        texts = [(self.read(1)[0], self.text().decode()) for _ in ids]
        return [text if known else None for known, text in texts]

    def save(self, pretty):
        self.send(b"S" + struct.pack("=I", int(pretty)))
        return self.text().decode()


def reference(encoding, overflow=True):
    return dict(ids=encoding.ids, tokens=encoding.tokens, offsets=encoding.offsets, words=encoding.word_ids, types=encoding.type_ids,
                special=encoding.special_tokens_mask, attention=encoding.attention_mask, sequences=encoding.sequence_ids,
                overflow=[reference(e) for e in encoding.overflowing] if overflow else [])


def compare(name, driver, hf, texts, report, compare_overflow=True):
    differences = 0

    def differ(what, text, ours, theirs):
        nonlocal differences
        differences += 1
        if differences <= report:
            print(f"DIFFERENCE {name}: {what}\n  text   {str(text)[:200]!r}\n  brot   {str(ours)[:300]}\n  hf     {str(theirs)[:300]}")

    batches = [texts[i:i + 256] for i in range(0, len(texts), 256)]
    for special, pair in ((True, False), (False, False), (True, True), (False, True)):
        for number, batch in enumerate(batches):
            if (pair or not special) and number % 4:
                continue  # a quarter of the texts does for the variants
            inputs = [(text, batch[(i * 7 + 3) % len(batch)]) for i, text in enumerate(batch)]
            ours = driver.encode(inputs, special, pair)
            lists = []
            for one, mine in zip(inputs, ours):
                try:
                    theirs = hf.encode(one[0], one[1] if pair else None, add_special_tokens=special)
                except BaseException as error:  # panics of the Rust side included
                    if isinstance(mine, dict):
                        differ(f"error expected special={special} pair={pair}", one[:1 + pair], mine["ids"], repr(error))
                    continue
                if not isinstance(mine, dict):
                    differ(f"error special={special} pair={pair}", one[:1 + pair], mine, theirs.ids)
                    continue
                wanted = reference(theirs, compare_overflow)
                if not compare_overflow:
                    mine["overflow"] = []
                if mine != wanted:
                    field = next(key for key in wanted if mine[key] != wanted[key])
                    place = next((i for i, (a, b) in enumerate(zip(mine[field], wanted[field])) if a != b), 0)
                    low = max(0, place - 3)
                    differ(f"{field} special={special} pair={pair} at {place}", one[:1 + pair],
                           (mine[field][low:low + 8], mine["tokens"][low:low + 8]),
                           (wanted[field][low:low + 8], wanted["tokens"][low:low + 8]))
                lists.append(wanted["ids"])
            if not pair:
                for skip in (True, False):
                    for ids, (whole, streamed) in zip(lists, driver.decode(lists, skip)):
                        try:
                            theirs = hf.decode(ids, skip_special_tokens=skip)
                        except BaseException:
                            continue
                        if whole != theirs:
                            differ(f"decode skip={skip}", ids[:20], whole, theirs)
                        if streamed != theirs:
                            differ(f"stream skip={skip}", ids[:20], streamed, theirs)
    ids = list(range(min(hf.get_vocab_size() + 2, 3000))) + sorted(hf.get_added_tokens_decoder())
    for id, ours in zip(ids, driver.tokens(ids)):
        if ours != hf.id_to_token(id):
            differ("id_to_token", id, ours, hf.id_to_token(id))
    for pretty in (False, True):
        if driver.save(pretty) != hf.to_str(pretty=pretty):
            ours, theirs = driver.save(pretty), hf.to_str(pretty=pretty)
            place = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
            differ(f"saved file pretty={pretty} at {place}", "", ours[max(0, place - 60):place + 60], theirs[max(0, place - 60):place + 60])
    return differences


def pieces_of(path, budget):
    """Texts of a corpus file: lines, paragraphs and long stretches."""
    with open(path, "rb") as file:
        data = file.read(budget)
    text = data.decode("utf-8", "replace")
    rng = random.Random(1)
    at, result = 0, []
    while at < len(text):
        size = rng.choice((20, 80, 200, 1000, 5000, 30000))
        result.append(text[at:at + size])
        at += size
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("files", nargs="*")
    parser.add_argument("--corpus", nargs="*", default=[])
    parser.add_argument("--mb", type=float, default=1)
    parser.add_argument("--generated", type=float, default=0)
    parser.add_argument("--zoo", nargs="?", const=".", help="small tokenizers whose name contains this")
    parser.add_argument("--report", type=int, default=3)
    options = parser.parse_args()
    print("tokenizers", __version__)
    driver = Driver(options.driver)
    texts = sample_texts()
    for path in options.corpus:
        texts += pieces_of(path, int(options.mb * 1e6 / max(1, len(options.corpus))))
    texts += generated(int(options.generated * 1e6))
    size = sum(len(text.encode()) for text in texts)
    total = failed = 0
    jobs = [(path, path) for path in options.files]
    directory = tempfile.TemporaryDirectory()
    if options.zoo:
        import re
        for name, document in zoo().items():
            if not re.search(options.zoo, name):
                continue
            path = os.path.join(directory.name, name + ".json")
            with open(path, "w") as file:
                json.dump(document, file, ensure_ascii=False)
            jobs.append((name, path))
    for name, path in jobs:
        hf = Tokenizer.from_file(path)
        message = driver.load(path)
        total += 1
        if message:
            print(f"DIFFERENCE {name}: not loaded: {message}")
            failed += 1
            continue
        differences = compare(name, driver, hf, texts, options.report, compare_overflow=__version__.startswith("0.22") or "truncat" not in name)
        failed += differences > 0
        print(f"{'ok' if differences == 0 else 'DIFFERENT'} {name}: {len(texts)} texts, {size / 1e6:.1f} MB, {differences} differences", flush=True)
    print(f"{total - failed} equal, {failed} different")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
