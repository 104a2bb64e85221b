#!/usr/bin/env python3
"""Writes spm.txt: what SentencePiece makes of texts and of ids, with small models of every kind and of many settings.

usage: spm.py > spm.txt      (needs the Python package `sentencepiece`; does not use Raven)

Lines of JSON: ["model", base64, [bos, eos, pad, unk]] begins a model (-1: none), ["encode", text, ids] and ["decode", ids, text] follow.
The models are trained here.
"""
import base64, io, json, os, random, tempfile
import sentencepiece

HOME = os.getcwd()
LINES = ["the quick brown fox jumps over the lazy dog", "\ufb01ve \u2460 \ufb01sh", "she sells sea shells on the sea shore", "na\u00efve caf\u00e9 \u00e9t\u00e9",
         "\u4eca\u65e5\u306f \u4e16\u754c", "x  y and z", "aaaa aaaaaa a"] * 8
TEXTS = ["", " ", "the fox", "  the  fox  ", "foxfox the\u2460 \u2460", "\ufb01ve\ufb01", "a<s>b <ctl> <unk> <0x41>", "</s>", "x  y", "ax  yb  x  y", "\u2603 \u2603\u2603the", "caf\u00e9\u2581the",
         "\u2581", "a\tb\nc", " z q", "\U0001f600 fox"]
# Normalization rules: ligature, circled digit, two characters at once.
RULES = "FB01\t66 69\n2460\t31\n78 20\t77 20\n"
DENORMAL = "66 6F 78\t46 4F 58\n61 20 61\t61\n66\t46\n"
MODELS = [
    dict(model_type="unigram", byte_fallback=True, user_defined_symbols=["fox", "\u2460", "x  y"], control_symbols=["<ctl>"], rules=RULES, unk_surface="<?>"),
    dict(model_type="bpe", byte_fallback=True, user_defined_symbols=["fox", "\u2460", "x  y"], control_symbols=["<ctl>"], rules=RULES, pad_id=3, pad_piece="<fill>"),
    dict(model_type="bpe", rules=RULES, bos_id=-1),
    dict(model_type="unigram", add_dummy_prefix=False, remove_extra_whitespaces=False, user_defined_symbols=["fox"]),
    dict(model_type="bpe", remove_extra_whitespaces=False, byte_fallback=True),
    dict(model_type="unigram", add_dummy_prefix=False, eos_piece="<end>"),
    dict(model_type="word", vocab_size=40),
    dict(model_type="char", byte_fallback=True, vocab_size=310),
    dict(model_type="bpe", treat_whitespace_as_suffix=True),
    dict(model_type="unigram", byte_fallback=True, denormal=DENORMAL),
]


def train(options):
    options = dict(options)
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        for name, argument in (("rules", "normalization_rule_tsv"), ("denormal", "denormalization_rule_tsv")):
            if name in options:
                open(name + ".tsv", "w").write(options.pop(name))
                options[argument] = name + ".tsv"  # the name becomes part of the model
        if "normalization_rule_tsv" not in options:
            options["normalization_rule_name"] = "identity"
        options.setdefault("vocab_size", 340 if options.get("byte_fallback") else 70)
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(LINES), model_writer=model, hard_vocab_limit=False, character_coverage=1.0,
                                                 num_threads=1, minloglevel=2, **options)
        os.chdir(HOME)
    return model.getvalue()


def write(*items):
    print(json.dumps(items, ensure_ascii=False, separators=(",", ":")))


print(f"# sentencepiece {sentencepiece.__version__}, written by spm.py")
rng = random.Random(4)
for options in MODELS:
    model = train(options)
    one = sentencepiece.SentencePieceProcessor(model_proto=model)
    write("model", base64.b64encode(model).decode(), [one.bos_id(), one.eos_id(), one.pad_id(), one.unk_id()])
    size = one.get_piece_size()
    bytes_ = {one.id_to_piece(i): i for i in range(size) if one.is_byte(i)}
    runs = [bytes([0xC3, 0xA9, 0xC3]), b"\xe3\x81", b"\xed\xa0\x80", b"\xef\xbf\xbd", b" \xf0\x9f\x98\x80\xf0", b"\x80A"] if bytes_ else []
    spaces = [i for i in range(size) if one.id_to_piece(i).startswith("\u2581")]
    lists = []
    for text in TEXTS:
        ids = one.encode(text)
        write("encode", text, ids)
        lists.append(ids)
    lists += [[bytes_["<0x%02X>" % byte] for byte in run] for run in runs]
    for _ in range(30):
        ids = []
        for _ in range(rng.randrange(1, 8)):
            kind = rng.randrange(5)
            if kind == 0 and runs:
                ids += [bytes_["<0x%02X>" % byte] for byte in rng.choice(runs)]
            elif kind <= 2 and spaces:
                ids.append(rng.choice(spaces))
            elif kind == 3:
                ids.append(rng.randrange(6))
            else:
                ids.append(rng.randrange(size))
        lists.append(ids)
    for ids in lists:
        write("decode", ids, one.decode(ids))
