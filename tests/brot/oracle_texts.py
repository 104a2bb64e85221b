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
