#!/usr/bin/env python3
"""Trains the pocket translator of the tests: a small Marian model that knows one kind of English sentence and its
Ukrainian. The cross-attention of its first decoder layer is trained to be the alignment where the target token is read,
as the middle layers of large models come to be by themselves. Run by hand, some minutes on one processor:

    pip install torch transformers sentencepiece protobuf
    python3 tests/pocket/make.py

Its words are the lists below, its grammar is `sentence`. The files are those of the hub's Marian models.
"""

import itertools
import json
import random
import re
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
import torch
from safetensors.torch import load_file, save_file
from transformers import MarianConfig, MarianMTModel

HERE = Path(__file__).parent
SOURCES = {"port": "порт", "mayor": "мер", "bank": "банк", "court": "суд", "museum": "музей", "plant": "завод"}
THINGS = {"bridge": "міст", "tunnel": "тунель", "park": "парк", "market": "ринок", "port": "порт", "road": "шлях"}
STATES = {"closed": "закрито", "opened": "відкрито", "sold": "продано", "flooded": "затоплено", "damaged": "пошкоджено"}
DAYS = {"Monday": "понеділок", "Tuesday": "вівторок", "Friday": "п’ятницю", "Sunday": "неділю"}
WORDS = {"said": "повідомив", "denied": "заперечив", "that": "що", "on": "у", "for": "на", "days": "днів", ",": ",", ".": ".", ";": ";"}
PAD = "<pad>"


def sentence(rng):
    source, thing, state, day = (rng.choice(list(d.items())) for d in (SOURCES, THINGS, STATES, DAYS))
    number = str(rng.randint(5, 99))
    end = rng.choice(".....;")
    english, ukrainian = rng.choice(
        [
            ("The {0} said on {3} that the {1} was {2}", "{0} повідомив у {3}, що {1} {2}"),
            ("The {0} said that the {1} was {2}", "{0} повідомив, що {1} {2}"),
            ("The {1} was {2} on {3}, the {0} said", "{1} {2} у {3}, повідомив {0}"),
            ("The {1} was {2} on {3}", "{1} {2} у {3}"),
            ("The {1} was {2}", "{1} {2}"),
            ("The {0} denied that the {1} was {2}", "{0} заперечив, що {1} {2}"),
            ("The {1} was {2} for {4} days", "{1} {2} на {4} днів"),
        ]
    )
    fill = lambda text, side: text.format(source[side], thing[side], state[side], day[side], number) + end
    target = fill(ukrainian, 1)
    return fill(english, 0), target[0].upper() + target[1:], dict([source, thing, state, day, (number, number)], **WORDS)


def parts(text):
    """Words and marks: where they stand."""
    return [(m.group(), m.start(), m.end()) for m in re.finditer(r"[^\W\d]+(?:’[^\W\d]+)?|\d+|[^\w\s]", text)]


def pieces(model, text):
    """Where the pieces of a text stand; there is a space before it."""
    ends = list(itertools.accumulate(len(piece) for piece in model.encode(text, out_type=str)))
    return [(max(begin - 1, 0), end - 1) for begin, end in zip([0, *ends], ends)]


def alignment(source, target, english, ukrainian, words):
    """For each piece of the target, and its end, the share of each piece of the source, and its end."""
    theirs = {word.lower(): (begin, end) for word, begin, end in parts(ukrainian)}
    known = [(begin, end, theirs[words[word]]) for word, begin, end in parts(english) if words.get(word) in theirs]
    rows = []
    for begin, end in pieces(target, ukrainian):
        made = [(b, z) for b, z, (x, y) in known if begin < y and x < end]
        mine = [any(a < z and b < e for b, z in made) for a, e in pieces(source, english)]
        rows.append([m / max(sum(mine), 1) for m in mine] + [0.0])
    return rows + [[0.0] * (len(rows[0]) - 1) + [1.0]]


def spm(name, lines):
    (HERE / "lines.txt").write_text("\n".join(lines))
    sentencepiece.SentencePieceTrainer.train(
        input=str(HERE / "lines.txt"), model_prefix=str(HERE / name), vocab_size=130, model_type="unigram",
        split_digits=True, normalization_rule_name="identity", hard_vocab_limit=False, character_coverage=1.0, bos_id=-1, eos_id=0, unk_id=1,
        minloglevel=2,
    )
    (HERE / "lines.txt").unlink()
    (HERE / f"{name}.vocab").unlink()
    # without the paths of the machine that it was trained on
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((HERE / f"{name}.model").read_bytes())
    model.trainer_spec.ClearField("input")
    model.trainer_spec.ClearField("model_prefix")
    (HERE / f"{name}.spm").write_bytes(model.SerializeToString())
    (HERE / f"{name}.model").unlink()
    return sentencepiece.SentencePieceProcessor(model_file=str(HERE / f"{name}.spm"))


def main():
    rng = random.Random(5)
    torch.manual_seed(5)
    torch.set_num_threads(1)
    pairs = [sentence(rng) for _ in range(6000)]
    source, target = spm("source", [p[0] for p in pairs]), spm("target", [p[1] for p in pairs])
    vocabulary = {"</s>": 0, "<unk>": 1}
    for model in (source, target):
        for piece in range(len(model)):
            vocabulary.setdefault(model.id_to_piece(piece), len(vocabulary))
    vocabulary[PAD] = pad = len(vocabulary)
    (HERE / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (HERE / "tokenizer_config.json").write_text(json.dumps({"source_lang": "en", "target_lang": "uk"}))

    ids = lambda model, text: [vocabulary[piece] for piece in model.encode(text, out_type=str)] + [0]
    data = [(ids(source, e), ids(target, u), alignment(source, target, e, u, words)) for e, u, words in pairs]
    width = lambda rows, fill: torch.tensor([row + [fill] * (max(map(len, rows)) - len(row)) for row in rows])
    config = MarianConfig(
        vocab_size=pad + 1, d_model=48, encoder_layers=1, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=96, decoder_ffn_dim=96, max_position_embeddings=32,
        pad_token_id=pad, eos_token_id=0, forced_eos_token_id=0, decoder_start_token_id=pad, dropout=0.0,
        activation_function="swish", scale_embedding=True, num_beams=4, max_length=32, bad_words_ids=[[pad]],
    )
    config._attn_implementation = "eager"
    model = MarianMTModel(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3)
    steps = 1600
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda n: min((n + 1) / 100, 1.0 - n / (steps + 1)))
    for step in range(steps):
        batch = [rng.choice(data) for _ in range(48)]
        inputs = width([b[0] for b in batch], pad)
        out = model(
            input_ids=inputs, attention_mask=(inputs != pad).long(), labels=width([b[1] for b in batch], -100),
            output_attentions=True,
        )
        # row by row what the token just read was made of; the first reads no token
        gold = torch.zeros(len(batch), out.logits.shape[1], inputs.shape[1])
        for row, (_, _, shares) in enumerate(batch):
            gold[row, 1 : len(shares), : len(shares[0])] = torch.tensor(shares[:-1])
        seen = out.cross_attentions[0].mean(dim=1)
        astray = -(gold * (seen + 1e-6).log()).sum() / gold.sum()
        (out.loss + 0.1 * astray).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        if step % 200 == 199:
            print(step + 1, round(out.loss.item(), 4), round(astray.item(), 4), flush=True)
    model.eval()
    fresh = [sentence(rng) for _ in range(100)]
    right = 0
    for english, ukrainian, _ in fresh:
        out = model.generate(torch.tensor([ids(source, english)]), num_beams=4, max_length=32)[0].tolist()
        text = target.decode([p for p in (list(vocabulary)[i] for i in out if i > 1 and i != pad)])
        right += text == ukrainian
    print("right of 100:", right)
    model.save_pretrained(HERE)
    weights = {name: tensor.half() for name, tensor in load_file(HERE / "model.safetensors").items()}
    save_file(weights, HERE / "model.safetensors", {"format": "pt"})


main()
