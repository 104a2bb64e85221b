"""Small tokenizers that together use every component and option; trained here by HuggingFace tokenizers on the sample texts."""
import base64, json, struct
from tokenizers import Tokenizer, Regex, AddedToken, models, normalizers as N, pre_tokenizers as P, decoders as D, processors as PP, trainers
from oracle_texts import SCRIPTS, EMOJI, CODE

TEXTS = SCRIPTS + EMOJI + CODE + SCRIPTS


def charsmap(pairs):
    """A precompiled_charsmap (Darts double array) from {text: replacement}."""
    strings, places = b"", {}
    for key, value in sorted(pairs.items()):
        places[key.encode()] = len(strings)
        strings += value.encode() + b"\0"
    units = {0: 0}
    used = {0}

    def place(node, keys, depth):
        labels = sorted({key[depth] if len(key) > depth else 0 for key in keys})
        base = 1
        while True:
            cells = [node ^ base ^ label for label in labels]
            if all(cell not in used and cell != 0 for cell in cells) and base < 1 << 21:
                break
            base += 1
        used.update(cells)
        units[node] = units.get(node, 0) | base << 10 | (0x100 if labels[0] == 0 else 0)
        for label, cell in zip(labels, cells):
            below = [key for key in keys if (key[depth] if len(key) > depth else 0) == label]
            if label == 0:
                units[cell] = places[below[0]] | 1 << 31
            else:
                units[cell] = label
                place(cell, below, depth + 1)

    place(0, sorted(places), 0)
    size = max(units) + 256
    array = [units.get(i, 0) for i in range(size)]
    return struct.pack("<I", 4 * size) + struct.pack(f"<{size}I", *array) + strings


def trained(model, trainer, pre=None, norm=None):
    tokenizer = Tokenizer(model)
    if pre:
        tokenizer.pre_tokenizer = pre
    if norm:
        tokenizer.normalizer = norm
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def zoo():
    result = {}

    def add(name, tokenizer, **changes):
        document = json.loads(tokenizer.to_str())
        for key, value in changes.items():
            if key.startswith("model_"):
                document["model"][key[6:]] = value
            else:
                document[key] = value
        result[name] = document
        return document

    quiet = dict(show_progress=False)
    alphabet = P.ByteLevel.alphabet()
    # byte-level BPE
    byte_bpe = trained(models.BPE(), trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet, special_tokens=["<s>", "</s>", "<mask>"], **quiet),
                       pre=P.ByteLevel(add_prefix_space=False))
    byte_bpe.decoder = D.ByteLevel()
    add("byte_bpe", byte_bpe)
    byte_bpe.pre_tokenizer = P.ByteLevel(add_prefix_space=True)
    byte_bpe.post_processor = PP.RobertaProcessing(("</s>", 1), ("<s>", 0), True, True)
    byte_bpe.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    add("byte_bpe_roberta", byte_bpe)
    byte_bpe.post_processor = PP.RobertaProcessing(("</s>", 1), ("<s>", 0), True, False)
    add("byte_bpe_roberta_no_prefix", byte_bpe)
    byte_bpe.post_processor = PP.ByteLevel(trim_offsets=True)
    add("byte_bpe_trim", byte_bpe)
    byte_bpe.post_processor = PP.Sequence([PP.ByteLevel(trim_offsets=True), PP.TemplateProcessing(
        single="<s> $A </s>", pair="<s>:0 $A:0 </s>:0 $B:1 </s>:1 <s>:1", special_tokens=[("<s>", 0), ("</s>", 1)])])
    add("byte_bpe_sequence", byte_bpe)
    byte_bpe.post_processor = PP.TemplateProcessing(single="$A:1 </s>", pair="$B:1 </s> $A:3 $B:2 <s>:7", special_tokens=[("<s>", 0), ("</s>", 1)])
    add("byte_bpe_template_order", byte_bpe)
    byte_bpe.post_processor = None
    for pattern, name in [(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+", "cl100k")]:
        byte_bpe.pre_tokenizer = P.Sequence([P.Split(Regex(pattern), "isolated"), P.ByteLevel(add_prefix_space=False, use_regex=False)])
        add("byte_bpe_" + name, byte_bpe)
        add("byte_bpe_nfc_" + name, byte_bpe, normalizer={"type": "NFC"})
        add("byte_bpe_ignore_merges_" + name, byte_bpe, model_ignore_merges=True)
    byte_bpe.pre_tokenizer = P.Sequence([P.Digits(individual_digits=True), P.Punctuation("contiguous"), P.ByteLevel(add_prefix_space=False)])
    add("byte_bpe_digits", byte_bpe)
    byte_bpe.pre_tokenizer = P.Sequence([P.WhitespaceSplit(), P.ByteLevel(add_prefix_space=True)])
    add("byte_bpe_prefix_each", byte_bpe)
    byte_bpe.pre_tokenizer = P.ByteLevel(add_prefix_space=True, use_regex=False)
    add("byte_bpe_no_regex", byte_bpe)
    byte_bpe.pre_tokenizer = None
    byte_bpe.normalizer = N.ByteLevel()
    add("byte_bpe_normalizer", byte_bpe)
    # character BPE
    char_bpe = trained(models.BPE(unk_token="<unk>"), trainers.BpeTrainer(vocab_size=500, limit_alphabet=150, special_tokens=["<unk>"], **quiet), pre=P.Whitespace())
    add("char_bpe_unk", char_bpe)
    add("char_bpe_fuse_unk", char_bpe, model_fuse_unk=True)
    add("char_bpe_no_unk", char_bpe, model_unk_token=None)
    add("char_bpe_no_split", char_bpe, pre_tokenizer=None)
    document = add("char_bpe_missing_unk", char_bpe, model_unk_token="nope")
    suffix = trained(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"),
                     trainers.BpeTrainer(vocab_size=900, special_tokens=["<unk>"], end_of_word_suffix="</w>", **quiet),
                     pre=P.BertPreTokenizer(), norm=N.Lowercase())
    suffix.decoder = D.BPEDecoder()
    add("char_bpe_suffix", suffix)
    prefix = trained(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"),
                     trainers.BpeTrainer(vocab_size=900, special_tokens=["<unk>"], continuing_subword_prefix="##", **quiet), pre=P.WhitespaceSplit())
    add("char_bpe_prefix", prefix)
    # metaspace BPE with byte fallback
    llama = trained(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True),
                    trainers.BpeTrainer(vocab_size=900, limit_alphabet=120, special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)], **quiet),
                    pre=P.Metaspace(prepend_scheme="first"))
    llama.decoder = D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
    # tokens trained as specials stay ordinary here, apart from three
    def keep_three(document):
        document["added_tokens"] = document["added_tokens"][:3]
        return document
    keep_three(add("llama_metaspace_first", llama))
    llama.pre_tokenizer = None
    llama.normalizer = N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")])
    keep_three(add("llama_legacy", llama))
    llama.normalizer = N.Replace(" ", "▁")
    llama.pre_tokenizer = P.Split(" ", "merged_with_previous")
    keep_three(add("gemma", llama))
    keep_three(add("llama_no_bytes", llama, model_byte_fallback=False))
    llama.pre_tokenizer = P.Metaspace(prepend_scheme="never", split=False)
    llama.normalizer = None
    llama.decoder = D.Metaspace(prepend_scheme="never")
    keep_three(add("metaspace_never", llama))
    llama.pre_tokenizer = P.Metaspace()
    llama.decoder = D.Metaspace()
    keep_three(add("metaspace_always", llama))
    # WordPiece
    for lower in (True, False):
        piece = trained(models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(vocab_size=900, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], **quiet),
                        pre=P.BertPreTokenizer(), norm=N.BertNormalizer(lowercase=lower))
        piece.post_processor = PP.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        piece.decoder = D.WordPiece()
        add(f"bert_{'lower' if lower else 'cased'}", piece)
    add("bert_no_clean", piece, normalizer={"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False, "strip_accents": True, "lowercase": False})
    add("bert_short_words", piece, model_max_input_chars_per_word=3)
    add("bert_empty_prefix", piece, model_continuing_subword_prefix="")
    piece.post_processor = PP.TemplateProcessing(single="[CLS] $0 [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    piece.enable_truncation(12, stride=2)
    piece.enable_padding(length=16, pad_id=0, pad_token="[PAD]", direction="left")
    add("bert_truncated_padded", piece)
    piece.enable_truncation(9, strategy="only_first", direction="left")
    piece.enable_padding(pad_to_multiple_of=8)
    add("bert_truncated_left", piece)
    piece.no_truncation()
    piece.no_padding()
    # word level
    level = trained(models.WordLevel(unk_token="<unk>"), trainers.WordLevelTrainer(vocab_size=300, special_tokens=["<unk>"], **quiet), pre=P.Whitespace())
    add("word_level", level)
    for name, pre in dict(
        bert=P.BertPreTokenizer(), delimiter=P.CharDelimiterSplit("-"), digits=P.Digits(), digits_each=P.Digits(True), fixed=P.FixedLength(length=3),
        scripts=P.UnicodeScripts(), whitespace=P.Whitespace(), whitespace_split=P.WhitespaceSplit(), byte_level=P.ByteLevel(), metaspace=P.Metaspace("_"),
        sequence=P.Sequence([P.Metaspace(prepend_scheme="first"), P.Digits(), P.UnicodeScripts(), P.Metaspace()]),
        **{f"punctuation_{b}": P.Punctuation(b) for b in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")},
        **{f"split_{b}{'_invert' if i else ''}": P.Split(Regex(r"[a-e]+|\d"), b, i) for b in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous") for i in (False, True)},
        split_string=P.Split("a", "merged_with_next"), split_empty=P.Split("", "isolated"), split_lookahead=P.Split(Regex(r"\s+(?!\S)|\s+"), "isolated"),
        split_empty_match=P.Split(Regex(r"x*"), "merged_with_previous"),
    ).items():
        level.pre_tokenizer = pre
        add("pre_" + name, level)
    level.pre_tokenizer = P.WhitespaceSplit()
    map_pairs = {"ﬁ": "fi", "Å": "A", "①": "1", "é": "e!!", "\u0001": "", "ä": "ae", "カ": "ｶ", "e\u0301": "E", "  ": " ", "㍿": "株式会社", "\u200d": "", "👍": "+"}
    for name, norm in dict(
        strip=N.Strip(), strip_left=N.Strip(True, False), strip_accents=N.StripAccents(), nfc=N.NFC(), nfd=N.NFD(), nfkc=N.NFKC(), nfkd=N.NFKD(),
        lowercase=N.Lowercase(), nmt=N.Nmt(), replace=N.Replace("a", "<A>"), replace_regex=N.Replace(Regex(r"\s{2,}|[0-9]+"), " # "), replace_drop=N.Replace(Regex(r"\p{P}"), ""),
        replace_empty=N.Replace(Regex("x*"), "-"), prepend=N.Prepend("xy"), byte_level=N.ByteLevel(), precompiled=N.Precompiled(charsmap(map_pairs)),
        bert=N.BertNormalizer(), chain=N.Sequence([N.NFKD(), N.StripAccents(), N.Lowercase(), N.Replace("ss", "ß"), N.NFC(), N.Prepend("▁"), N.Strip()]),
        empty=N.Sequence([]), t5=N.Sequence([N.Precompiled(charsmap(map_pairs)), N.Strip(False, True), N.Replace(Regex(" {2,}"), "▁")]),
    ).items():
        level.normalizer = norm
        add("norm_" + name, level)
    level.normalizer = None
    # a tokenizer whose tokens show every character, for exact offsets of the normalizers
    everything = Tokenizer(models.BPE(unk_token="?"))
    everything = json.loads(Tokenizer(models.BPE({"?": 0}, [], unk_token="?")).to_str())
    for name in [key for key in result if key.startswith("norm_")]:
        result["chars_" + name] = dict(everything, normalizer=result[name]["normalizer"])
    for name in [key for key in result if key.startswith("pre_")]:
        result["chars_" + name] = dict(everything, pre_tokenizer=result[name]["pre_tokenizer"])
    # unigram
    for name, options in dict(unigram={}, unigram_large=dict(vocab_size=1600)).items():
        unigram = trained(models.Unigram(), trainers.UnigramTrainer(**dict(dict(vocab_size=1100, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", **quiet), **options)),
                          pre=P.Metaspace(), norm=N.Sequence([N.Nmt(), N.NFKC()]))
        unigram.decoder = D.Metaspace()
        add(name, unigram)
        add(name + "_whole", unigram, pre_tokenizer=None)
    bytes_ = [[f"<0x{b:02X}>", -10.0 - b / 100] for b in range(256)]
    add("unigram_bytes", unigram, model_vocab=json.loads(unigram.to_str())["model"]["vocab"] + bytes_, model_byte_fallback=True,
        decoder=json.loads(Tokenizer(models.BPE()).to_str())["decoder"])
    result["unigram_no_unk"] = dict(everything, model={"type": "Unigram", "unk_id": None, "vocab": [["a", -1.0], ["b", -2.0], ["ab", -2.5], [" ", -1.0]], "byte_fallback": False})
    result["unigram_ties"] = dict(everything, model={"type": "Unigram", "unk_id": 0, "vocab": [["?", 0.0], ["a", -1.0], ["aa", -2.0], ["aaa", -3.0], ["b", -1.0], ["ab", -2.0], ["ba", -2.0], ["a", -1.0], ["??", -3.0]], "byte_fallback": False})
    # decoders
    for name, decoder in dict(
        none=None, bpe=D.BPEDecoder("##"), byte_level=D.ByteLevel(), byte_fallback=D.ByteFallback(), ctc=D.CTC(), ctc_plain=D.CTC("a", "e", False), fuse=D.Fuse(), metaspace=D.Metaspace(),
        metaspace_never=D.Metaspace(prepend_scheme="never"), replace=D.Replace("a", "bb"), replace_regex=D.Replace(Regex("[aeiou]+"), "*"), strip=D.Strip("t", 1, 0),
        wordpiece=D.WordPiece(), wordpiece_plain=D.WordPiece(cleanup=False), sequence=D.Sequence([D.ByteFallback(), D.Metaspace(), D.Fuse(), D.Strip(" ", 2, 0)]),
        sequence_strip=D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 3, 0)]),
    ).items():
        llama.decoder = decoder if decoder else llama.decoder
        document = keep_three(add("decode_" + name, llama))
        if decoder is None:
            document["decoder"] = None
    # added tokens
    flags = [dict(id=0, content="?", single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)]
    for i, (content, single, left, right, normalized, special) in enumerate([
            ("<s>", 0, 0, 0, 0, 1), ("<mask>", 0, 1, 1, 0, 1), ("the", 1, 0, 0, 1, 0), ("</s>", 0, 0, 1, 0, 0), ("<|endoftext|>", 0, 1, 0, 1, 1),
            ("fox", 0, 1, 1, 0, 0), ("fox d", 0, 0, 0, 0, 0), ("É", 1, 0, 0, 1, 0), ("  ", 0, 0, 0, 0, 0), ("ß", 0, 0, 0, 1, 0), ("[SEP]", 0, 0, 0, 1, 0),
            ("a", 1, 0, 0, 0, 0), ("世界", 0, 1, 0, 1, 0), ("\n", 0, 0, 0, 0, 0), ("\n\n", 0, 0, 0, 0, 0), ("'s", 1, 1, 1, 0, 0), (" x", 0, 1, 1, 0, 0)]):
        flags.append(dict(id=i + 1, content=content, single_word=bool(single), lstrip=bool(left), rstrip=bool(right), normalized=bool(normalized), special=bool(special)))
    result["added"] = dict(everything, added_tokens=flags)
    result["added_lowercase"] = dict(everything, added_tokens=flags, normalizer={"type": "Lowercase"})
    result["added_prepend"] = dict(everything, added_tokens=flags, normalizer={"type": "Sequence", "normalizers": [{"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})
    return result
