#!/usr/bin/env python3
"""Compares many lines of real text with sentencepiece, ids and places. Run by hand, from the repository:

    pip install sentencepiece protobuf
    python3 tests/parity/compare_tokenizers.py FOLDER LINES.jsonl FILE...
    BYLINE_TEST_LINES=FOLDER/work.json cargo test --release --test parity spm_real_lines -- --nocapture

FOLDER: where what sentencepiece says is put. LINES.jsonl: one JSON object a line; the lists of texts in it are the
lines to compare, by key. FILE: a SentencePiece model, or a tokenizer.json of the Unigram kind, which is made into such
a model. The test tells how many lines were compared and how many differ.
"""

import base64
import json
import sys
import time
from pathlib import Path

import sentencepiece as spm
from make_tokenizer_reference import digest, encoded
from sentencepiece import sentencepiece_model_pb2 as pb


def model_of(path):
    """The bytes of a SentencePiece model."""
    if path.suffix != ".json":
        return path.read_bytes()
    tokenizer = json.loads(path.read_text())
    model = pb.ModelProto()
    unknown = tokenizer["model"]["unk_id"]
    special = {token["content"] for token in tokenizer["added_tokens"] if token["special"]}
    for index, (text, score) in enumerate(tokenizer["model"]["vocab"]):
        kind = 2 if index == unknown else 3 if text in special else 1
        model.pieces.add(piece=text, score=score, type=kind)
    model.trainer_spec.model_type = 1
    model.trainer_spec.unk_id = unknown
    for part in [tokenizer["normalizer"], *tokenizer["normalizer"].get("normalizers", [])]:
        if part["type"] == "Precompiled":
            model.normalizer_spec.precompiled_charsmap = base64.b64decode(part["precompiled_charsmap"])
    return model.SerializeToString()


def texts_of(path):
    texts = {}
    for line in path.read_text().splitlines():
        for key, list_of_texts in json.loads(line).items():
            if isinstance(list_of_texts, list):
                texts.setdefault(key, []).extend(list_of_texts)
    return texts


def main(folder, lines, *files):
    folder = Path(folder).resolve()
    folder.mkdir(exist_ok=True)
    work = []
    for index, file in enumerate(map(Path, files)):
        data = model_of(file)
        path = folder / f"{index}.model"
        path.write_bytes(data)
        model = spm.SentencePieceProcessor(model_proto=data)
        for key, texts in texts_of(Path(lines)).items():
            start = time.perf_counter()
            model.encode(texts)
            seconds = time.perf_counter() - start
            size = sum(len(text.encode()) for text in texts)
            print(f"{file.name} {key}: sentencepiece {size / seconds / 1e6:.1f} MB/s", flush=True)
            rows = [digest(encoded(model, text)) for text in texts]
            work.append({"name": f"{file.name} {key}", "model": str(path), "lines": texts, "rows": rows})
    (folder / "work.json").write_text(json.dumps(work))


if __name__ == "__main__":
    main(*sys.argv[1:])
