#!/usr/bin/env python3
"""Makes the tiny tokenizers under tests/parity/tokenizers and what sentencepiece and transformers say with them. Run
by hand:

    pip install sentencepiece protobuf transformers sacremoses
    python3 tests/parity/make_tokenizer_reference.py

The versions that made the files are recorded in tokenizers/versions.json. What the vocabularies are trained on stands
below.
"""

import hashlib
import io
import itertools
import json
import shutil
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb

HERE = Path(__file__).parent / "tokenizers"

NAMES = ["Orla Venn", "Tarek Imhof", "Ніна Гірняк", "Остап Лозинець", "한소라", "윤도현", "罗一鸣", "森田はるか"]
PLACES = ["Lindow", "Port Averil", "Гринівка", "Старий Млин", "린도우", "하늘읍", "林渡", "青葉港"]
SAYINGS = [
    "{name} told reporters in {place} on Monday that the bridge would not open before spring.",
    "“Nobody called us,” {name} said; the council of {place} denied it, twice.",
    "The ferry to {place} costs 1,250 crowns, 7.5 % more than last year, according to {name}.",
    "{name} повідомив у понеділок, що міст у місті {place} не відкриють до весни.",
    "«Нам ніхто не зателефонував», — сказала {name}; рада міста {place} це заперечила.",
    "Пором до міста {place} коштує 1250 крон, на 7,5 % більше, ніж торік, за словами {name}.",
    "{name} 대변인은 월요일 {place} 다리가 봄 전에는 열리지 않을 것이라고 기자들에게 말했다.",
    "“아무도 우리에게 전화하지 않았다”고 {name} 씨가 밝혔으나 {place} 의회는 이를 부인했다.",
    "{name}星期一在{place}对记者说，这座桥在春天之前不会开放。",
    "月曜日、{name}は{place}で記者団に、橋は春まで開かないと述べた。",
    "İstanbul Ångström façade Zürich Łódź naïve coöperate {name} ({place}) x² ½ ﬁsh",
]
LINES = [
    "The harbour of Lindow will close for two weeks, Orla Venn said on Monday.",
    "“Nobody called us,” she said; the council denied it, twice.",
    "Порт Гринівка закриють на два тижні, повідомила Ніна Гірняк.",
    "«Ні», — відповів Остап Лозинець; м’ята, п'ять, ґанок, їжак.",
    "린도우 항구는 2주 동안 폐쇄된다고 윤도현 대변인이 밝혔다.",
    "罗一鸣星期一对记者说，港口将关闭两周。",
    "森田はるかは、港は2週間閉鎖されると述べた。ｶﾞｷﾞｸﾞ",
    "",
    " ",
    "   ",
    "\u3000\u00a0 \t",
    "a",
    " a",
    "a ",
    "  two  spaces,   three,\ttab\n\nand\r\nlines  ",
    "\x00\x01control\x7f and \x1b[31mred\x1b[0m\x85",
    "emoji 🚢🇺🇦👩‍🚒👨‍👩‍👧‍👦 ☎️ and text",
    "combining e\u0301 a\u030a\u0323 и\u0306 \u0301alone \u1112\u1161\u11ab",
    "ＦＵＬＬ　ｗｉｄｔｈ １２３，ｏｋ．",
    "ﬁsh ﬂow oﬃce ﬆ Ǆ ĳ ㍿ ㎏ ① Ⅳ ½ x² ﷺ",
    "soft\u00adhyphen zero\u200bwidth \u200djoin \u200cnon \ufeffbom \u2060word",
    "NBSP\u00a0here\u202fnarrow\u2009thin\u2028line\u2029par",
    "A\u0301\u00a0\u0301 \u0345 \u00a0\u0308",
    "▁underscores▁ ▁▁ and ▁",
    "<s> </s> <unk> <pad> <mask> <0x0A> <extra_id_0> >>ukr<< __uk__ ukr_Cyrl uk_UA <2uk>",
    ">>ukr<< A tag first",
    "</s>",
    "[sep]inside[sep] [sep] x[sep]y <sym> a<sym>b",
    "ⱯꙮꚀ unknown ⱯꙮꚀꙮ letters Ɐ ꙮ",
    "İI ıi ß ẞ ς Σ ŉ",
    "العربية עברית हिन्दी ไทย",
    "\U00010348 \U0001f9ff \U000e0041 \ud7a3 \uffff \U0010ffff \ufdd05\ufdd1",
    "1234567890 1,250.75 12:30 03/04 +380 #tag @name http://example.test/a?b=c&d=e",
    "He said ' no ' , did n't he ? I 've , we 're . He 's !",
    "x" * 50,
    "Aa" * 9 + " " * 20 + "b",
]
LONG = [
    ("The harbour of Lindow will close. ", 300),
    ("Порт Гринівка закриють на два тижні. ", 280),
    ("린도우 항구는 폐쇄된다. ", 720),
    ("a", 10000),
    ("ꙮ", 10000),
    (" ", 10000),
    ("ab", 5000),
    ("\u00a0e\u0301", 3000),
]


def corpus():
    lines = []
    for saying, (index, name), (shift, place) in itertools.product(SAYINGS, enumerate(NAMES), enumerate(PLACES)):
        if (index + shift) % 3 == 0:
            lines.append(saying.format(name=name, place=place))
    return lines


def random_lines(count):
    """Lines of letters that ask for close decisions, by a generator of our own so that they stay the same."""
    state = 12345
    alphabets = ["ab e", "the rn", "Порт ін", "말했다 고", "a\u0301e \u00a0b", "ﬁ½x²１ a", "🚢ꙮa ", "на ній ▁"]
    lines = []
    for index in range(count):
        letters = list(alphabets[index % len(alphabets)])
        line = ""
        for _ in range(4 + index % 37):
            state = (state * 1103515245 + 12345) % 2**31
            line += letters[(state >> 12) % len(letters)]
        lines.append(line)
    return lines


def train(vocabulary, rules=None, **options):
    out = io.BytesIO()
    folder = None
    if rules is not None:
        folder = tempfile.mkdtemp()
        table = Path(folder) / "rules.tsv"
        code = lambda text: " ".join(f"{ord(c):X}" for c in text)
        table.write_text("".join(f"{code(a)}\t{code(b)}\n" for a, b in rules.items()))
        options["normalization_rule_tsv"] = str(table)
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()),
        model_writer=out,
        vocab_size=vocabulary,
        num_threads=1,
        minloglevel=2,
        hard_vocab_limit=False,
        **options,
    )
    if folder:
        shutil.rmtree(folder)
    model = pb.ModelProto()
    model.ParseFromString(out.getvalue())
    # Where the rules lay is nobody's business, and another place each time.
    model.normalizer_spec.normalization_rule_tsv = ""
    return model.SerializeToString()


# Models of which the reference tells every id and span; of the others it has digests.
FULL = ["nfkc"]
RULES = {"ﬁ": "fi", "½": "1/2", "’": "'", "\u00a0": " ", "\u3000": " ", "\t": " ", "\n": " ", "\u00ad": "",
         "e\u0301": "é", "“": '"', "”": '"', "１": "1", "\u200b": "", "⁇": " ?? "}
MODELS = {
    "nfkc": lambda: train(700, normalization_rule_name="nmt_nfkc"),
    "bytes": lambda: train(800, RULES, byte_fallback=True, character_coverage=0.98),
    "plain": lambda: train(500, RULES),
    "t5": lambda: train(500, RULES, pad_id=0, eos_id=1, unk_id=2, bos_id=-1),
    "madlad": lambda: train(700, RULES, byte_fallback=True, user_defined_symbols=["<2uk>", "<2ko>", "<2en>"]),
    "bpe": lambda: train(600, RULES, model_type="bpe"),
    "bpe-bytes": lambda: train(
        800, normalization_rule_name="identity", model_type="bpe", byte_fallback=True, character_coverage=0.98,
        remove_extra_whitespaces=False, user_defined_symbols=["[sep]", "<sym>", "▁▁"]),
    "identity": lambda: train(
        500, normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False,
        user_defined_symbols=["[sep]", "<sym>", "[sep]in"], control_symbols=["<ctl>"]),
    "suffix": lambda: train(500, RULES, treat_whitespace_as_suffix=True),
}


def variants(models):
    """Models as other tools leave them: pieces put out of use, a denormalizer."""
    model = pb.ModelProto()
    model.ParseFromString(models["bpe"])
    for piece in model.pieces[40:400:3]:
        if len(piece.piece) > 1:
            piece.type = 5
    models["bpe-unused"] = model.SerializeToString()
    model.ParseFromString(models["identity"])
    for piece in model.pieces[40:400:5]:
        if len(piece.piece) > 1:
            piece.type = 5
    model.normalizer_spec.escape_whitespaces = True
    back = train(300, {"fi": "ﬁ", "bridge": "BR", "а": "", ",": " , "}, model_type="bpe")
    source = pb.ModelProto()
    source.ParseFromString(back)
    model.denormalizer_spec.precompiled_charsmap = source.normalizer_spec.precompiled_charsmap
    model.denormalizer_spec.add_dummy_prefix = False
    model.denormalizer_spec.remove_extra_whitespaces = True
    model.denormalizer_spec.escape_whitespaces = False
    models["unused"] = model.SerializeToString()


def spans_of(model, pieces):
    """Byte spans, their ends in one list. sentencepiece gives a character that is spelled in bytes to the last of them; here to each."""
    spans = [(p.begin, p.end) for p in pieces]
    for index in range(len(spans) - 2, -1, -1):
        this, after = pieces[index], pieces[index + 1]
        if model.is_byte(this.id) and model.is_byte(after.id) and this.begin == this.end == after.begin:
            spans[index] = spans[index + 1]
    return [place for span in spans for place in span]


def digest(value):
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def encoded(model, line):
    pieces = list(model.encode(line, return_type="proto").pieces)
    return {"ids": [p.id for p in pieces], "spans": spans_of(model, pieces)}


def decoded(model, ids):
    proto = model.decode(ids, return_type="proto")
    return {"ids": ids, "text": proto.text, "spans": spans_of(model, list(proto.pieces))}


def unless_same(texts, lines):
    return [None if text == line else text for text, line in zip(texts, lines)]


def random_ids(model, count):
    state = 4321
    rows = []
    for index in range(count):
        row = []
        for _ in range(1 + index % 23):
            state = (state * 1103515245 + 12345) % 2**31
            row.append((state >> 12) % (model.get_piece_size() if index % 2 else 270))
        rows.append([i for i in row if i < model.get_piece_size()])
    return rows


def sentencepiece_reference():
    folder = HERE / "spm"
    folder.mkdir(parents=True)
    models = {name: make() for name, make in MODELS.items()}
    variants(models)
    random = random_lines(400)
    reference = {"lines": LINES, "long": LONG, "random": random, "models": {}}
    for name, data in models.items():
        (folder / f"{name}.model").write_bytes(data)
        model = spm.SentencePieceProcessor(model_proto=data)
        rows = [encoded(model, line) for line in LINES]
        reference["models"][name] = {
            "lines": rows if name in FULL else [digest(row) for row in rows],
            "texts": unless_same([model.decode(row["ids"]) for row in rows], LINES),
            "long": [digest(encoded(model, unit * times)) for unit, times in LONG],
            # One digest for eight lines.
            "random": [
                digest([encoded(model, line) for line in random[at : at + 8]]) for at in range(0, len(random), 8)
            ],
            "decoded": [decoded(model, ids) for ids in random_ids(model, 12)],
        }
    write(folder / "reference.json", reference)


SPELLED = [line for line in LINES if "<" in line or "ukr" in line]
PLAIN = [line for line in LINES if line not in SPELLED]


def folder_of(files):
    folder = Path(tempfile.mkdtemp())
    for name, origin in files.items():
        shutil.copy(HERE / origin, folder / name)
    return folder


def byte_ends(line, offsets):
    places = list(itertools.accumulate((len(c.encode()) for c in line), initial=0))
    return [places[at] for span in offsets for at in span]


def text_of(tokenizer, ids, silent):
    """The text of ids. Tags of languages are no part of it, also where transformers has not been told that they are
    special."""
    # Marian's targets are written with the target's model; transformers 5 takes the source's unless it is told.
    target = {"use_source_tokenizer": False} if type(tokenizer).__name__ == "MarianTokenizer" else {}
    return tokenizer.decode([i for i in ids if i not in silent], skip_special_tokens=True, **target)


def rows(tokenizer, line_of=lambda line: line, silent=()):
    """What a tokenizer of transformers says: for each line all ids; for fast ones also where each id of the text
    stands."""
    found = []
    for line in PLAIN:
        row = {"ids": tokenizer(line_of(line))["input_ids"]}
        if tokenizer.is_fast:
            plain = tokenizer(line, add_special_tokens=False, return_offsets_mapping=True)
            row["spans"] = byte_ends(line, plain["offset_mapping"])
        row["text"] = text_of(tokenizer, row["ids"], silent)
        found.append(row)
    return found


def case(files, found, decoded=(), **more):
    """`text`: what the ids become; spans as a digest."""
    return {
        "files": files,
        "ids": [digest(row["ids"]) for row in found],
        "spans": [digest(row["spans"]) for row in found if "spans" in row],
        "texts": unless_same([row["text"] for row in found], PLAIN),
        "decoded": list(decoded),
        **more,
    }


def decoded_by(tokenizer, size, silent=(), avoid=()):
    state, found = 99, []
    for index in range(7):
        ids = []
        for _ in range(2 + 2 * index):
            state = (state * 1103515245 + 12345) % 2**31
            ids.append((state >> 12) % size)
        ids = [i for i in ids if i not in avoid]
        found.append({"ids": ids, "text": text_of(tokenizer, ids, silent)})
    return found


def pieces_of(path):
    model = pb.ModelProto()
    model.ParseFromString(Path(path).read_bytes())
    return [p.piece for p in model.pieces if p.type not in (2, 3)]


def marian():
    from transformers import MarianTokenizer

    spm_files = {"source.spm": "spm/nfkc.model", "target.spm": "spm/bytes.model"}
    source, target = (pieces_of(HERE / origin) for origin in spm_files.values())
    joint = ["</s>", "<unk>"] + list(dict.fromkeys(source[:180] + target)) + [">>ukr<<", ">>rus<<", "ꙮꚀ", "<pad>"]
    write(HERE / "marian/vocab.json", {piece: index for index, piece in enumerate(joint)})
    write(HERE / "marian/config.json", {"model_type": "marian"})
    write(HERE / "marian/tokenizer_config.json", {"source_lang": "eng", "target_lang": "zle", "separate_vocabs": False})
    own = {name: f"marian/{name}" for name in ["vocab.json", "config.json", "tokenizer_config.json"]}
    files = spm_files | own
    tokenizer = MarianTokenizer.from_pretrained(folder_of(files))
    tags = [joint.index(">>ukr<<"), joint.index(">>rus<<")]
    found = rows(tokenizer, lambda line: ">>ukr<< " + line, tags)
    target_ids = [digest(tokenizer(text_target=line)["input_ids"]) for line in PLAIN]
    cases = {"marian": case(files, found, decoded_by(tokenizer, len(joint), tags), target=target_ids)}

    separate = HERE / "marian-separate"
    write(separate / "vocab.json", {p: i for i, p in enumerate(["</s>", "<unk>"] + source[7:] + ["<pad>"])})
    write(separate / "target_vocab.json", {p: i for i, p in enumerate(["</s>", "<unk>"] + target[::-1] + ["<pad>"])})
    write(separate / "tokenizer_config.json",
          {"separate_vocabs": True, "clean_up_tokenization_spaces": True, "target_vocab_file": "target_vocab.json"})
    own = {name: f"marian-separate/{name}" for name in ["vocab.json", "target_vocab.json", "tokenizer_config.json"]}
    files = spm_files | own | {"config.json": "marian/config.json"}
    tokenizer = MarianTokenizer.from_pretrained(folder_of(files))
    found = rows(tokenizer)
    for row, line in zip(found, PLAIN):
        target_ids = tokenizer(text_target=line)["input_ids"]
        row["text"] = tokenizer.decode(target_ids, skip_special_tokens=True)
        row["target"] = digest(target_ids)
    cases["marian-separate"] = case(files, found, decoded_by(tokenizer, len(target)), target=[r["target"] for r in found])
    return cases


def m2m100():
    from transformers import M2M100Tokenizer

    pieces = pieces_of(HERE / "spm/bpe.model")
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>"] + pieces[:90] + pieces[95:] + ["ꙮꚀ"]
    write(HERE / "m2m100/vocab.json", {piece: index for index, piece in enumerate(vocabulary)})
    write(HERE / "m2m100/config.json", {"model_type": "m2m_100"})
    files = {name: f"m2m100/{name}" for name in ["vocab.json", "config.json"]}
    files["sentencepiece.bpe.model"] = "spm/bpe.model"
    tokenizer = M2M100Tokenizer.from_pretrained(folder_of(files), src_lang="uk")
    languages = {code: tokenizer.get_lang_id(code) for code in ["en", "uk", "ko", "af", "zu"]}
    tags = range(len(vocabulary), len(vocabulary) + 100)
    found = rows(tokenizer, silent=tags)
    return {"m2m100": case(files, found, decoded_by(tokenizer, len(vocabulary) + 20, tags), languages=languages)}


def saved(tokenizer, name, model_type, config):
    """Saves what a fast tokenizer is as NAME/tokenizer.json."""
    (HERE / name).mkdir()
    (HERE / name / "tokenizer.json").write_text(
        json.dumps(json.loads(tokenizer.backend_tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n")
    write(HERE / name / "config.json", {"model_type": model_type})
    write(HERE / name / "tokenizer_config.json", config)
    return {file: f"{name}/{file}" for file in ["tokenizer.json", "config.json", "tokenizer_config.json"]}


def by_sentencepiece(files, model_file, shift, end, unknown, before=()):
    """What a slow tokenizer makes of sentencepiece's ids."""
    model = spm.SentencePieceProcessor(model_file=str(HERE / files[model_file]))
    number = lambda i: unknown if i == model.unk_id() else i + shift
    found = []
    for line in PLAIN:
        row = encoded(model, line)
        row["ids"] = list(before) + [number(i) for i in row["ids"]] + [end]
        row["text"] = model.decode([i for i in model.encode(line) if i != model.unk_id()])
        found.append(row)
    return found


def with_languages(tokenizer, languages, source):
    """The tokenizer of a file of the shape that NLLB's has: the languages behind the pieces, then the mask."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    data = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = data["model"]["vocab"]
    vocabulary.pop("<mask>", None)
    data["added_tokens"] = [token for token in data["added_tokens"] if token["content"] != "<mask>"]
    shape = data["added_tokens"][0]
    for token in languages + ["<mask>"]:
        vocabulary[token] = len(vocabulary)
        data["added_tokens"].append(shape | {"id": vocabulary[token], "content": token})
    data["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": source, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {t: {"id": t, "ids": [vocabulary[t]], "tokens": [t]} for t in [source, "</s>"]},
    }
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(data)), unk_token="<unk>",
                                   additional_special_tokens=languages, bos_token="<s>", eos_token="</s>",
                                   pad_token="<pad>", mask_token="<mask>")


def fairseq():
    from transformers import MBart50Tokenizer, MBartTokenizer, NllbTokenizer
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    cases = {}
    config = {"tokenizer_class": "NllbTokenizer", "clean_up_tokenization_spaces": True}
    folder = folder_of({"sentencepiece.bpe.model": "spm/bpe.model"})
    some = ["eng_Latn", "kor_Hang", "pes_Arab", "ukr_Cyrl", "zul_Latn"]
    tokenizer = with_languages(NllbTokenizer.from_pretrained(folder), some, "ukr_Cyrl")
    languages = {code: tokenizer.convert_tokens_to_ids(code) for code in some}
    files = saved(tokenizer, "nllb", "m2m_100", config)
    cases["nllb"] = case(files, rows(tokenizer), decoded_by(tokenizer, 400), languages=languages)
    files = {"sentencepiece.bpe.model": "spm/bpe.model", "config.json": "nllb/config.json"}
    first = spm.SentencePieceProcessor(model_file=str(HERE / "spm/bpe.model")).get_piece_size() + 1
    languages = {code: first + FAIRSEQ_LANGUAGE_CODES.index(code) for code in some}
    found = by_sentencepiece(files, "sentencepiece.bpe.model", 1, 2, 3, [languages["ukr_Cyrl"]])
    cases["nllb-spm"] = case(files, found, languages=languages)

    folder = folder_of({"sentencepiece.bpe.model": "spm/plain.model"})
    for cls, name, code in [(MBart50Tokenizer, "mbart50", "uk_UA"), (MBartTokenizer, "mbart", "ko_KR")]:
        tokenizer = cls.from_pretrained(folder, src_lang=code)
        config = {"tokenizer_class": cls.__name__, "clean_up_tokenization_spaces": name == "mbart"}
        languages = {c: tokenizer.convert_tokens_to_ids(c) for c in ["en_XX", code, "zh_CN"]}
        files = saved(tokenizer, name, "mbart", config)
        tokenizer.clean_up_tokenization_spaces = name == "mbart"
        cases[name] = case(files, rows(tokenizer), decoded_by(tokenizer, 300), languages=languages)
    files = {"sentencepiece.bpe.model": "spm/plain.model", "config.json": "mbart50/config.json",
             "tokenizer_config.json": "mbart50/tokenizer_config.json"}
    languages = cases["mbart50"]["languages"]
    found = by_sentencepiece(files, "sentencepiece.bpe.model", 1, 2, 3, [languages["uk_UA"]])
    cases["mbart50-spm"] = case(files, found, languages=languages)
    return cases


def t5():
    from types import SimpleNamespace

    from transformers import PegasusTokenizer, PreTrainedTokenizerFast, T5Tokenizer
    from transformers.convert_slow_tokenizer import T5Converter

    cases = {}
    folder = folder_of({"spiece.model": "spm/t5.model"})
    tokenizer = T5Tokenizer.from_pretrained(folder, extra_ids=9)
    files = saved(tokenizer, "t5", "t5", {})
    cases["t5"] = case(files, rows(tokenizer), decoded_by(tokenizer, 300))
    files = {"spiece.model": "spm/t5.model", "config.json": "t5/config.json"}
    cases["t5-spm"] = case(files, by_sentencepiece(files, "spiece.model", 0, 1, 2))

    tokenizer = PegasusTokenizer.from_pretrained(folder, offset=13)
    files = saved(tokenizer, "pegasus", "pegasus", {})
    cases["pegasus"] = case(files, rows(tokenizer), decoded_by(tokenizer, 400))
    files = {"spiece.model": "spm/t5.model", "config.json": "pegasus/config.json"}
    cases["pegasus-spm"] = case(files, by_sentencepiece(files, "spiece.model", 103, 1, 105))

    # MADLAD's file was made by the converter of its day.
    slow = SimpleNamespace(vocab_file=str(HERE / "spm/madlad.model"), _extra_ids=0, convert_tokens_to_ids=lambda t: 2)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=T5Converter(slow).converted(), eos_token="</s>",
                                        unk_token="<unk>", pad_token="<pad>", bos_token="<s>")
    files = saved(tokenizer, "madlad", "t5", {})
    tag = tokenizer("<2uk> ", add_special_tokens=False)["input_ids"]
    tags = [tokenizer.convert_tokens_to_ids(f"<2{code}>") for code in ["uk", "ko", "en"]]
    # A text that begins with the sign for a space has no other space put before it.
    found = rows(tokenizer, lambda line: "<2uk>" + " " * (not line.startswith("▁")) + line, tags)
    # The converter does not know bytes: transformers writes them as they are called. Here they are bytes.
    spelled = [tokenizer.convert_tokens_to_ids(f"<0x{byte:02X}>") for byte in range(256)]
    cases["madlad"] = case(files, found, decoded_by(tokenizer, 500, tags, spelled), tag=tag)
    files = {"spiece.model": "spm/madlad.model", "config.json": "madlad/config.json"}
    model = spm.SentencePieceProcessor(model_file=str(HERE / "spm/madlad.model"))
    tag = model.encode("<2uk>")
    cases["madlad-spm"] = case(files, by_sentencepiece(files, "spiece.model", 0, 2, 0, tag), tag=tag)
    return cases


def bart():
    from tokenizers import ByteLevelBPETokenizer
    from tokenizers.processors import RobertaProcessing
    from transformers import PreTrainedTokenizerFast

    base = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    base.train_from_iterator(corpus(), vocab_size=600, special_tokens=special)
    base._tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=base._tokenizer, bos_token="<s>", eos_token="</s>",
                                        unk_token="<unk>", pad_token="<pad>", mask_token="<mask>")
    files = saved(tokenizer, "bart", "bart", {})
    return {"bart": case(files, rows(tokenizer), decoded_by(tokenizer, 600))}


def families_reference():
    cases = {}
    for make in [marian, m2m100, fairseq, t5, bart]:
        cases |= make()
    write(HERE / "families.json", {"lines": PLAIN, "spelled": SPELLED, "families": cases})


def pack(path):
    """The one large model, in a zip archive of its name that is the same each time."""
    stamp = zipfile.ZipInfo(path.name)
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(stamp, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    path.unlink()


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8",
                    errors="surrogatepass")


if __name__ == "__main__":
    shutil.rmtree(HERE, ignore_errors=True)
    sentencepiece_reference()
    families_reference()
    pack(HERE / "spm/nfkc.model")
    write(HERE / "versions.json", {name: version(name) for name in ["sentencepiece", "transformers", "tokenizers"]})
