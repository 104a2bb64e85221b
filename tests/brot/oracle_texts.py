"""Texts for comparing tokenizers: many scripts, emoji, code, odd spaces, random code points and bytes."""
import random

SCRIPTS = [
    "The quick brown fox doesn't jump over the lazy dog's 1,234.56 bones; it's what they'd've said!",
    "Ça va être l'été à Besançon — « œuvre » d'Ünal, naïve façade, Ångström, ﬁancée ﬆ",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Ёлка № 5",
    "Ελληνικά: Ο ΌΔΥΣΣΕΥΣ ἀρχή ΣΊΣΥΦΟΣ",
    "العربية: السَّلامُ عَلَيْكُم ١٢٣٤ ورحمة الله ـــ",
    "עברית: שָׁלוֹם עולם ״ציטוט״",
    "हिन्दी: नमस्ते दुनिया, यह एक परीक्षण है। १२३",
    "বাংলা: আমি বাংলায় গান গাই", "ਪੰਜਾਬੀ: ਸਤ ਸ੍ਰੀ ਅਕਾਲ", "ગુજરાતી: કેમ છો", "தமிழ்: வணக்கம் உலகம்", "తెలుగు: నమస్కారం ప్రపంచం",
    "ಕನ್ನಡ: ನಮಸ್ಕಾರ", "മലയാളം: നമസ്കാരം", "සිංහල: ආයුබෝවන්", "ไทย: สวัสดีชาวโลก ๑๒๓", "ລາວ: ສະບາຍດີ", "မြန်မာ: မင်္ဂလာပါ",
    "ខ្មែរ: សួស្តី​ពិភពលោក", "བོད་ཡིག བཀྲ་ཤིས་བདེ་ལེགས།", "ქართული: გამარჯობა ᲒᲐᲛᲐᲠᲯᲝᲑᲐ", "Հայերեն: Բարեւ աշխարհ և", "አማርኛ: ሰላም ዓለም",
    "中文：你好，世界！今天天气怎么样？３４５ 繁體字與簡體字。", "日本語：こんにちは、世界。カタカナｶﾀｶﾅ ㍿ がぎぐ ー々〆",
    "한국어: 안녕하세요 세계 ᄒ"+"\u1161\u11ab", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ꭰꮳ", "Монгол ᠮᠣᠩᠭᠣᠯ", "Tiếng Việt: Xin chào thế giới, đường phố", "Türkçe: İstanbul ıI iİ ğüşöç",
    "Polski: Zażółć gęślą jaźń", "ⲘⲉⲧⲢⲉⲙ̀ⲛⲭⲏⲙⲓ 𐌰𐌱𐌲 𐎀𐎁 𒀀𒀁 𓀀𓀁 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙𝟚 𞤀𞤣𞤤𞤢𞤥", "ߒߞߏ ⵜⴰⵎⴰⵣⵉⵖⵜ ꦧꦱꦗꦮ ᬩᬲᬩᬮᬶ 𑀓 𐐀𐐨",
]
EMOJI = ["😀😃😄 👩‍👩‍👧‍👦 👍🏽 🇩🇪🇫🇷 ❤️ ☃ ✈️ 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🧑🏿‍🚀!", "a😀b😀 c 😀😀😀", "☃☃ ▁▁ ☃"]
CODE = [
    "int main(int argc, char** argv) {\n\tfor (int i = 0; i < 10; ++i)\n\t\tprintf(\"%d\\n\", i);\n    return 0;\n}\n",
    "def f(x):\n    return {k: v**2 for k, v in x.items() if v != None}  # comment\n\n\n",
    "<div class=\"a\"><p>text &amp; more</p></div>", "https://example.org/path?query=1&other=%20#frag user@example.com",
    "!function(e,t){\"object\"==typeof exports?module.exports=t():e.x=t()}(this,function(){return 42});",
    "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=", "ACGTACGTTTGACCAGT" * 5, "x=1;y=22;z=333;w=4444;v=55555;1234567890123",
    "SELECT * FROM t WHERE a='b''c' AND d<>\"e\";\r\nGO\r\n", "C:\\Users\\name\\file.txt\t|\tB", "don't DON'T Don’t I'LL we've 'S 'sS ''s",
]
SPACES = [
    "", " ", "  ", "   a", "a   ", " a  b   c ", "\n", "\n\n\n", "\r\n\r\n", "\t\ta\t", "a\u00a0b\u3000c\u2009d\u200be\u2028f\u2029g\u0085h\ufeffi\u180ej",
    " \n \n a \n", "a\n \nb", "\u200d\u200c", "end of line   \n", "\x00a\x00", "\x01\x02 \x7f\x8f", "a\vb\fc", "   \n\n   x", "hello  \t\n  world",
    "<s>", "</s>", "<unk> [UNK] <pad>", "[CLS] a [SEP] b [MASK]c", "<|endoftext|> <|im_start|>user\nhi<|im_end|>", "a<mask>b <mask> c  <mask>",
    "▁a ▁ b▁▁c", "Ġa Ċb", "##a a##b", "<0x41><0xE2>", "a</w>b", "�", "a�b", "_", "-", "the-final--countdown-", "...", "!?!?", "¿¡«»“”‘’",
    "𝕳", "e\u0301 \u0301e o\u0308\u0304 \u1e69 s\u0323\u0307 q\u0307\u0323", "\u0958 \u2126 \ufb01 \u00c5 \u212b \u0344 \u0f73", "ǆ ǅ Ǆ ß ẞ ŉ ﬀ", "a" * 300, "ab" * 200,
    "あ" * 150, "é" * 100, " " * 130, "\n" * 70, "1" * 60, "!" * 90, "a1" * 40, "A" * 40 + "b", "\u0301" * 40, "x" * 99 + " " + "y" * 100 + " " + "z" * 101,
]


def texts(seed=7, random_texts=400):
    rng = random.Random(seed)
    result = SCRIPTS + EMOJI + CODE + SPACES
    blocks = [(0x20, 0x7F), (0x80, 0x250), (0x250, 0x590), (0x590, 0x900), (0x900, 0x1200), (0x1200, 0x2000), (0x2000, 0x2E80),
              (0x2E80, 0xA000), (0xA000, 0xD800), (0xE000, 0x10000), (0x10000, 0x11000), (0x11000, 0x20000), (0x20000, 0x32000), (0xE0000, 0x110000)]
    everything = "".join(SCRIPTS + EMOJI + CODE)
    specials = ["<s>", "</s>", "[SEP]", "<mask>", "<|endoftext|>", "<unk>", " ", "  ", "\n", "a", "'s", "▁", "\u0301", "é"]
    for i in range(random_texts):
        kind = i % 5
        if kind == 0:  # code points from one block
            low, high = rng.choice(blocks)
            result.append("".join(chr(rng.randrange(low, high)) for _ in range(rng.randrange(1, 60))))
        elif kind == 1:  # from anywhere
            result.append("".join(chr(rng.choice((rng.randrange(0x20, 0x7F), rng.randrange(0, 0xD800), rng.randrange(0xE000, 0x110000))))
                                  for _ in range(rng.randrange(1, 60))))
        elif kind == 2:  # invalid UTF-8, as what a reader makes of it
            result.append(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 80))).decode("utf-8", "replace"))
        elif kind == 3:  # cut and pasted
            result.append("".join(everything[at:at + rng.randrange(1, 12)] for at in (rng.randrange(len(everything)) for _ in range(rng.randrange(1, 25)))))
        else:  # with special tokens inside
            result.append("".join(rng.choice(specials) if rng.random() < 0.5 else everything[rng.randrange(len(everything)):][:rng.randrange(1, 9)]
                                  for _ in range(rng.randrange(1, 20))))
    return result


# First and last letters of scripts; words are drawn from them.
LETTERS = dict(
    latin=(0x41, 0x17F), greek=(0x391, 0x3CE), cyrillic=(0x410, 0x44F), armenian=(0x561, 0x586), hebrew=(0x5D0, 0x5EA), arabic=(0x621, 0x64A),
    syriac=(0x710, 0x72F), thaana=(0x780, 0x7B0), nko=(0x7CA, 0x7EA), samaritan=(0x800, 0x815), devanagari=(0x904, 0x94D), bengali=(0x985, 0x9CD),
    gurmukhi=(0xA05, 0xA4D), gujarati=(0xA85, 0xACD), oriya=(0xB05, 0xB4D), tamil=(0xB85, 0xBCD), telugu=(0xC05, 0xC4D), kannada=(0xC85, 0xCCD),
    malayalam=(0xD05, 0xD4D), sinhala=(0xD85, 0xDC6), thai=(0xE01, 0xE4E), lao=(0xE81, 0xECD), tibetan=(0xF40, 0xFBC), myanmar=(0x1000, 0x103E),
    georgian=(0x10D0, 0x10FA), hangul_letters=(0x1100, 0x11FF), ethiopic=(0x1200, 0x135A), cherokee=(0x13A0, 0x13F4), canadian=(0x1401, 0x166C),
    ogham=(0x1681, 0x169A), runic=(0x16A0, 0x16EA), khmer=(0x1780, 0x17D3), mongolian=(0x1820, 0x1878), tai_le=(0x1950, 0x1974),
    balinese=(0x1B05, 0x1B4B), glagolitic=(0x2C00, 0x2C5E), coptic=(0x2C80, 0x2CE4), tifinagh=(0x2D30, 0x2D67), hiragana=(0x3041, 0x3096),
    katakana=(0x30A1, 0x30FA), bopomofo=(0x3105, 0x312F), han=(0x4E00, 0x9FA5), yi=(0xA000, 0xA48C), vai=(0xA500, 0xA60C), hangul=(0xAC00, 0xD7A3),
    gothic=(0x10330, 0x1034A), deseret=(0x10400, 0x1044F), cuneiform=(0x12000, 0x12399), hieroglyphs=(0x13000, 0x1342E), emoji=(0x1F300, 0x1F6FF),
    mathematical=(0x1D400, 0x1D7FF), adlam=(0x1E900, 0x1E943), han_extension=(0x20000, 0x2A6DD))


def generated(size, seed=11):
    """Texts of `size` bytes in all: words of every script, alone and mixed, marks, digits, punctuation, code, and bytes as a reader repairs them."""
    rng = random.Random(seed)
    scripts = list(LETTERS.values())
    joints = [" "] * 12 + ["  ", "\n", ", ", ". ", "-", "'", "", "\t", " (", ") ", "\u3000", "\u200d", "/", ": ", "\u00a0"]
    everything = "".join(SCRIPTS + EMOJI + CODE)

    def word(low, high):
        letters = [chr(rng.randrange(low, high + 1)) for _ in range(rng.choice((1, 2, 3, 4, 5, 6, 8, 12)))]
        if rng.random() < 0.05:
            letters.insert(rng.randrange(len(letters) + 1), chr(rng.randrange(0x300, 0x36F)))
        return "".join(letters)

    result, done = [], 0
    while done < size:
        kind = rng.random()
        if kind < 0.6:  # one script
            script = rng.choice(scripts)
            text = "".join(word(*script) + rng.choice(joints) for _ in range(rng.randrange(20, 600)))
        elif kind < 0.8:  # all of them, with numbers
            text = "".join((word(*rng.choice(scripts)) if rng.random() < 0.85 else str(rng.randrange(10 ** rng.randrange(1, 9)))) + rng.choice(joints)
                           for _ in range(rng.randrange(20, 600)))
        elif kind < 0.92:
            text = "".join(everything[at:at + rng.randrange(1, 30)] for at in (rng.randrange(len(everything)) for _ in range(rng.randrange(20, 300))))
        else:
            text = rng.randbytes(rng.randrange(100, 3000)).decode("utf-8", "replace")
        result.append(text)
        done += len(text.encode())
    return result
