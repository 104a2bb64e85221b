"""Writes sweep.txt: what HuggingFace tokenizers do with every code point, as CRC-32 per block of 0x4000 code points.

    pip install tokenizers regex
    python sweep.py > sweep.txt            # python sweep.py dump NAME prints the full record of one row

Rows: `map:<normalizer>` hashes the UTF-8 output of each code point followed by NUL; `set:<name>` and `class:<pattern>` hash one
byte '0' or '1' for each code point. Surrogates are skipped.
"""
import sys
import zlib

import tokenizers
from tokenizers import Regex, normalizers as n, pre_tokenizers as p

BLOCK = 0x4000
BLOCKS = [[c for c in range(b, b + BLOCK) if not 0xD800 <= c < 0xE000] for b in range(0, 0x110000, BLOCK)]

MAPS = {
    "nfc": n.NFC(), "nfd": n.NFD(), "nfkc": n.NFKC(), "nfkd": n.NFKD(), "lowercase": n.Lowercase(),
}


def keeps(normalizer):
    return lambda c: normalizer.normalize_str(chr(c)) != ""


def splits(pre_tokenizer, template):
    """True when the code point between two letters is cut off."""
    return lambda c: len(pre_tokenizer.pre_tokenize_str(template.format(chr(c)))) > 1


bert = n.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
cjk = n.BertNormalizer(clean_text=False, handle_chinese_chars=True, strip_accents=False, lowercase=False)
accents = n.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
SETS = {
    "combining_mark": lambda c: n.StripAccents().normalize_str(chr(c)) == "",
    "dropped_bert": lambda c: bert.normalize_str(chr(c)) == "",
    "space_bert": lambda c: bert.normalize_str(chr(c)) == " ",
    "cjk_bert": lambda c: cjk.normalize_str(chr(c)) == f" {chr(c)} ",
    "no_mark_bert": lambda c: accents.normalize_str(chr(c)) != "",
    "white_space": lambda c: p.WhitespaceSplit().pre_tokenize_str(chr(c)) == [],
    "punctuation_bert": lambda c: len(p.Punctuation("removed").pre_tokenize_str(chr(c))) == 0,
    "numeric": splits(p.Digits(), "a{}a"),
    "word": lambda c: len(p.Whitespace().pre_tokenize_str(f"a{chr(c)}a")) == 1,
    "script_is_latin": lambda c: len(p.UnicodeScripts().pre_tokenize_str(f"a{chr(c)}")) == 1,
    "script_is_han": lambda c: len(p.UnicodeScripts().pre_tokenize_str(f"漢{chr(c)}")) == 1,
    "script_as_before": lambda c: c > 0 and not 0xD800 <= c - 1 < 0xE000
    and len(p.UnicodeScripts().pre_tokenize_str(chr(c - 1) + chr(c))) == 1,
}

CLASSES = (
    [rf"\p{{{c}}}" for c in
     "L N P S M Z C Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn Han Latin Greek Cyrillic "
     "Hiragana Katakana Arabic Devanagari Thai Hangul Common Inherited Zyyy Unknown Alphabetic Uppercase Lowercase White_Space Emoji "
     "Ideographic Alnum Alpha Upper Lower Punct Graph Print Cntrl Space Blank Digit XDigit Word ASCII Any Assigned Letter "
     "Uppercase_Letter Extended_Pictographic ID_Start XID_Continue Math".split()]
    + [r"\w", r"\s", r"\d", r"\h", r"\W", r"\S", r"\D", r".", r"\R", r"[[:alpha:]]", r"[[:punct:]]", r"[[:^space:]]", r"[[:word:]]", r"[^\s\p{L}\p{N}]",
       r"[^\r\n\p{L}\p{N}]", r"[\p{L}&&[^\p{Han}]]", r"[a-z&&[^aeiou]]", r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"\P{L}", r"\p{^L}",
       r"[^\P{L}]", r"(?i)[a-z]", r"(?i)[^a-z]", r"(?i)k", r"(?i)s", r"(?i)\u00e9", r"(?i)[\u03b1-\u03c9]", r"(?i)[\u0430-\u044f]", r"(?i)[\u10a0-\u10ff]", r"(?i)\p{Lu}",
       r"(?i)\p{Ll}", r"(?m).", r"\b", r"^", r"$", "[一-龥]", "[ -~]", "[+-]", r"[\[\]]", "[a-c-e]"]
)


def class_bits(pattern, block):
    """One byte per code point of the block, each tested as a text of its own to keep neighbours out."""
    removed = p.Split(Regex(pattern), "removed")
    return bytes(49 if removed.pre_tokenize_str(chr(c)) == [] else 48 for c in block)


def rows():
    for name, normalizer in MAPS.items():
        yield f"map:{name}", lambda block, f=normalizer: b"".join(f.normalize_str(chr(c)).encode() + b"\0" for c in block)
    for name, predicate in SETS.items():
        yield f"set:{name}", lambda block, f=predicate: bytes(49 if f(c) else 48 for c in block)
    for pattern in CLASSES:
        yield f"class:{pattern}", lambda block, f=pattern: class_bits(f, block)


if len(sys.argv) > 2:
    for name, record in rows():
        if name == sys.argv[2]:
            sys.stdout.buffer.write(b"".join(record(block) for block in BLOCKS))
else:
    print(f"# tokenizers {tokenizers.__version__}, written by sweep.py")
    for name, record in rows():
        print(name + "\t" + " ".join(f"{zlib.crc32(record(block)):08x}" for block in BLOCKS), flush=True)
