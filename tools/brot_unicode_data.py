"""Writes what normal forms need of Unicode 17, for brot_unicode_tables.mjs: a line `code point;combining class;decomposition;excluded` for each
code point that has a class or a decomposition, the last field 1 when it is excluded from composition.

    pip install unicodedata2==17.0.1
    python tools/brot_unicode_data.py > data17.txt
"""
import unicodedata2 as data

assert data.unidata_version == "17.0.0", data.unidata_version
for code in range(0x110000):
    character = chr(code)
    combining, decomposition = data.combining(character), data.decomposition(character)
    if not combining and not decomposition:
        continue
    canonical = decomposition and not decomposition.startswith("<")
    excluded = bool(canonical) and data.normalize("NFC", character) != character
    print(f"{code:04X};{combining};{decomposition};{int(excluded)}")
