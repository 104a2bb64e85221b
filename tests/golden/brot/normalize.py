"""Writes normalize.txt: normal forms with alignment as HuggingFace tokenizers give them, and grapheme clusters as `regex` finds them.

    pip install tokenizers regex
    python normalize.py > normalize.txt

Lines of JSON: [form, text, normalized, [[begin, end] per normalized character, in characters of the text]] or ["graphemes", text, [lengths]].
"""
import importlib.metadata
import json
import random

import regex
import tokenizers
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

rng = random.Random(5)
PARTS = ["a", "e", "o", "\u0301", "\u0323", "\u0327", "\u0302", "\u0300", "é", "ế", "ﬁ", "ﬃ", "½", "한", "ᄒ", "ᅡ", "ᆫ", "각", "が", "か\u3099", "ｶﾞ", "\u0f71", "\u0f72", "\u0f73", "Å", "\u212b", "①", " ", "ﷺ", "\u0344", "\u1e0b\u0323", "क\u093c", "\u0958", "Ω", "ǖ", "\u05b8\u05bc", "漢", "😀", "\ufb2c"]
# A virama always follows its consonant here: `regex` joins what follows one that has none, against rule GB9c.
CLUSTERS = PARTS + ["\r", "\n", "\r\n", "👩", "\u200d", "👧", "🇩", "🇪", "🏽", "\ufe0f", "क", "क\u094d", "क\u094d\u200d", "\u0937", "\u0e33", "\u0600", "\u200c", "\u1f1e6", "ก", "\u0bbe", "\u11a8", "\u1100", "\u1160", "\x00", "\u00ad"]
FORMS = {"nfc": normalizers.NFC(), "nfd": normalizers.NFD(), "nfkc": normalizers.NFKC(), "nfkd": normalizers.NFKD()}

print(json.dumps(f"tokenizers {tokenizers.__version__}, regex {importlib.metadata.version('regex')}, written by normalize.py"))
for form, normalizer in FORMS.items():
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("(?m:.)"), "isolated")
    for _ in range(120):
        text = "".join(rng.choice(PARTS) for _ in range(rng.randint(1, 9)))
        print(json.dumps([form, text, normalizer.normalize_str(text), [list(o) for o in tokenizer.encode(text).offsets]], ensure_ascii=False))
for _ in range(300):
    text = "".join(rng.choice(CLUSTERS) for _ in range(rng.randint(1, 9)))
    print(json.dumps(["graphemes", text, [len(c.encode()) for c in regex.findall(r"\X", text)]], ensure_ascii=False))
