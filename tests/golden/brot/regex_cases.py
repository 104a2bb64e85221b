"""Writes regex.txt: what patterns match, as HuggingFace tokenizers (Oniguruma) split.

    pip install tokenizers
    python regex_cases.py [count] [seed] > regex.txt

Each case is a line of JSON: [pattern, text, pieces], a piece being [begin, end, is_match] in UTF-8 bytes, empty ones left out; or
[pattern, null, "error"] for a pattern that Oniguruma refuses.
"""
import json
import random
import sys

import tokenizers
from tokenizers import Regex, pre_tokenizers as p

count = int(sys.argv[1]) if len(sys.argv) > 1 else 700
rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)

FIXED = [
    ("$", ["a\nb\n", "", "\n\n", "a"]), ("^", ["a\nb\n", "\n\na"]), ("a(?i)b|c", ["aBCcab"]), (r"\R", ["a\r\nb\n\r\u2028c"]),
    (r"\N+", ["a\nbc"]), (r"\O", ["a\nb"]), (r"\p{N}{3,1}", ["1234567"]), (r"\p{N}{1,3}+", ["1234567"]), (r"\p{N}{1,3}", ["1234567"]),
    ("a{2}?", ["aaaa"]), ("a{2}+", ["aaaaa"]), ("a{1,2}?", ["aaa"]), ("(?=b)", ["abab"]), ("[]a]", ["a]b"]), ("(?<=a|bc)x", ["axbcxx"]),
    ("(?<=a+)x", ["aaxbx"]), ("a{,2}", ["aaaa"]), ("a{", ["a{"]), (r"(a)\1", ["aabaa"]), (r"(?<n>a)(b)\k<n>", ["abaab"]),
    ("(?i:ss)", ["ßSSſsẞ"]), ("(?i)ß", ["ssẞßsS"]), ("(?i)[ß]", ["ssẞß"]), ("(?i:ff)i", ["ﬀiffi"]), ("(?i:ffi)", ["ﬃffiﬀifﬁ"]),
    ("(?i)[^k]", ["kK\u212a"]), ("(?i)s+", ["SſsSt"]), ("(?x) a b # c", ["ab a b"]), ("[^]]", ["a]"]), (r"\x{61}b", ["ab"]), (r"\u00e9", ["é"]),
    (r"\101", ["AB"]), ("a|", ["ab", "ba"]), ("(?<!a)b", ["abb"]), ("a++", ["aaab"]), ("a++a", ["aaa"]), ("[a&&]", ["ab"]), ("[&&a]", ["ab"]),
    ("[a-]", ["-ab"]), ("(?>a|ab)c", ["abcac"]), ("(?im)A.", ["a\n"]), (r"\z", ["a\n"]), (r"\Z", ["a\n", "a"]), (r"\A", ["ab"]),
    (r"\pL", ["pLa"]), (r"[\e\b]", ["\b\x1b"]), ("{", ["{"]), ("}", ["}"]), ("]", ["]"]), ("a**", ["aa"]), ("a+?+", ["aa"]), ("a{1,2}{2}", ["aaaaa"]),
    ("(?i:st)", ["ﬆﬅstS"]), ("(?i)ŉ", ["ʼnŉ"]), ("(?#c)a", ["a"]), ("(?i)Σ", ["σςΣ"]), ("(?i)İ", ["i\u0307İiI"]), ("(?i)i", ["İıIi"]),
    ("(?i:sss)", ["ßs", "sß", "SſS"]), ("(?i:fffi)", ["fﬃ", "ﬀﬁ", "ffﬁ"]), ("(?i)ff(?:i)", ["ﬃ", "ﬀi"]), ("(?i:ff)(?i:i)", ["ﬃ", "ﬀi"]), ("(?i)f{2}i", ["ffi", "fﬁ"]),
    (r"\b", ["ab cd", "a\u00b2 b"]), (r"\B", ["ab cd"]), (r"\X", ["ae\u0301👩‍👩‍👧b\r\n🇩🇪🇫"]), (r"\s*[\r\n]+|\s+(?!\S)|\s+", ["  a \n\n  b  "]),
    ("(a|b)*c|(a|ab)*c", ["abac"]), ("(?:a*)*b|a", ["aaab"]), ("(?:|a)+", ["aaa"]), ("(?:a|)+", ["aaa"]), ("(a*)+", ["aab"]), ("(a*?)*b", ["aab"]),
    ("x*", ["axxb"]), ("(?=a)x*", ["axxb"]), (r"(?<=\s)\S+(?=\s)", ["a bb ccc dd"]), ("(?!ab)a.", ["abacad"]), ("a.*?b", ["aabab"]),
    ("[a-z&&[^aeiou]]+", ["hello world"]), ("[^a-c[x-z]]+", ["abxmnz"]), ("[[a-c]&&[b-d]]", ["abcd"]), ("[^&&a]", ["ab"]), ("[a-c&&b-d&&c]", ["abcd"]),
    ("*a", []), ("^*a", []), (")", []), ("(a", []), ("[a", []), ("[z-a]", []), ("\\", []), (r"\p{Foo}", []), (r"[a-\d]", []), ("[[:foo:]]", []),
    ("[]", []), (r"[\w-z]", []), ("(?u)a", []), ("[a--]", []), ("x{100001}", []), (r"\1", []), ("(?<n>a)(?<n>b)", []), (r"\k<m>", []), ("a|*", []), ("(?", []), ("(?<", []),
]
TEXT = ["a", "b", "c", "ab", " ", "  ", "\n", "\r\n", "é", "ß", "s", "S", "K", "漢", "1", "23", "'s", "-", "_", "e\u0301", "😀", "\u00a0", "ǆ", "Ω"]


def text():
    return "".join(rng.choice(TEXT) for _ in range(rng.randint(0, 14)))


def char_class():
    items = [rng.choice(["a", "b", "a-c", r"\s", r"\w", r"\p{L}", r"\p{N}", r"\r\n", "é", r"\P{L}", "ß", "K", " ", "0-9", "[ab]", r"\p{Lu}", "漢"]) for _ in range(rng.randint(1, 3))]
    tail = rng.choice([""] * 6 + ["&&[^b]", r"&&\p{L}"])
    return "[" + rng.choice(["", "", "^"]) + "".join(items) + tail + "]"


def atom(depth):
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(["a", "b", "c", " ", "ab", "s", "é", "ß", "ss", "K", "1", "漢", "'"])
    if kind < 0.55:
        return char_class()
    if kind < 0.7:
        return rng.choice([r"\p{L}", r"\p{N}", r"\s", r"\S", r"\w", ".", r"\d", r"\W", r"\p{Lu}", r"\n"])
    if kind < 0.76:
        return rng.choice(["^", "$", r"\b", r"\B", r"(?!\S)", r"(?=\p{L})", r"(?<=a)", r"(?<!\s)", r"\z", r"(?=ab)", r"(?!ab)", r"(?<=ab)", r"\A", r"\Z"])
    if depth <= 0:
        return "a"
    body = pattern(depth - 1)
    return rng.choice(["(?:%s)", "(?:%s)", "(?:%s)", "(%s)", "(?i:%s)", "(?i:%s)", "(?>%s)", "(?m:%s)"]) % body


def piece(depth):
    a = atom(depth)
    if a in ("^", "$", r"\b", r"\B", r"\z", r"\A", r"\Z"):
        return a
    return a + rng.choice([""] * 7 + ["?", "*", "+", "{1,3}", "{2,}", "{2}", "??", "*?", "+?", "?+", "*+", "++", "{1,2}?", "{1,2}+", "{,2}"])


def pattern(depth):
    return "|".join("".join(piece(depth) for _ in range(rng.randint(1, 3))) for _ in range(rng.choice([1, 1, 2, 3])))


def pieces(regex, subject):
    offsets = [0]
    for c in subject:
        offsets.append(offsets[-1] + len(c.encode()))
    # Spans that "removed" keeps are not matches.
    kept = {span for _, span in p.Split(regex, "removed").pre_tokenize_str(subject)}
    return [[offsets[b], offsets[e], (b, e) not in kept] for _, (b, e) in p.Split(regex, "isolated").pre_tokenize_str(subject)]


print(json.dumps(f"tokenizers {tokenizers.__version__}, written by regex_cases.py"))
cases = FIXED + [(pattern(2), [text(), text()]) for _ in range(count)]
for source, texts in cases:
    try:
        regex = Regex(source)
    except Exception:
        print(json.dumps([source, None, "error"], ensure_ascii=False))
        continue
    for subject in texts:
        try:
            print(json.dumps([source, subject, pieces(regex, subject)], ensure_ascii=False))
        except BaseException as error:  # Oniguruma's retry limit arrives as a panic of the binding
            if isinstance(error, KeyboardInterrupt):
                raise
