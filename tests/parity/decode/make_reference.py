#!/usr/bin/env python3
"""What transformers writes over scripted logits: ids and scores of its greedy and beam searches. Run by hand:

    pip install torch transformers
    python3 tests/parity/decode/make_reference.py

The "model" is a table: the logits of the next token depend on the sentence, on the token before and on how many stand
already. Weights are random with a fixed seed; the version that made the file is recorded in it.
"""

import json
import random
from pathlib import Path

import torch
import transformers
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

SENTENCES, VOCABULARY = 4, 22
START, END, PAD, OTHER_END = 0, 2, 1, 5
# How much likelier the end becomes with each token, sentence by sentence.
SLOPE = [0.35, 0.12, 0.6, 0.22]

rng = random.Random(20)
TABLE = [
    [[round(rng.gauss(0, 1.6), 3) for _ in range(VOCABULARY)] for _ in range(VOCABULARY)] for _ in range(SENTENCES)
]


class Config(PretrainedConfig):
    model_type = "scripted"

    def __init__(self, **kwargs):
        super().__init__(is_encoder_decoder=True, **kwargs)
        self.vocab_size = VOCABULARY
        self.hidden_size = self.num_hidden_layers = self.num_attention_heads = 1


class Encoder(torch.nn.Module):
    main_input_name = "input_ids"

    def forward(self, input_ids=None, **_):
        return BaseModelOutput(last_hidden_state=input_ids[:, :1, None].float())


class Scripted(PreTrainedModel, GenerationMixin):
    config_class = Config
    main_input_name = "input_ids"

    def __init__(self, config):
        super().__init__(config)
        self.encoder = Encoder()
        self.anchor = torch.nn.Parameter(torch.zeros(1))

    def get_encoder(self, *_, **__):
        return self.encoder

    def prepare_inputs_for_generation(self, input_ids, encoder_outputs=None, **_):
        return {"decoder_input_ids": input_ids, "encoder_outputs": encoder_outputs}

    def forward(self, decoder_input_ids=None, encoder_outputs=None, **_):
        table = torch.tensor(TABLE)
        rows = []
        for ids, hidden in zip(decoder_input_ids, encoder_outputs.last_hidden_state):
            sentence = int(hidden[0, 0])
            row = table[sentence, int(ids[-1])].clone()
            row[END] += SLOPE[sentence] * len(ids) - 2.0
            rows.append(row)
        return Seq2SeqLMOutput(logits=torch.stack(rows)[:, None])


CASES = [
    {},
    {"repetition_penalty": 1.3},
    {"no_repeat_ngram_size": 2},
    {"min_length": 7},
    {"max_length": 6, "forced_eos_token_id": END},
    {"forced_bos_token_id": 9},
    {"bad_words_ids": [[PAD], [11]]},
    {"bad_words_ids": [[PAD], [11, 14], [13, 8, 20], [14, 3, 13], [START, 14]]},
]
for beams in [2, 4, 5]:
    for penalty in [0.6, 1.0, 2.0]:
        for stopping in [True, False, "never"]:
            CASES.append({"num_beams": beams, "length_penalty": penalty, "early_stopping": stopping})
for more in [
    {"no_repeat_ngram_size": 2},
    {"no_repeat_ngram_size": 3},
    {"repetition_penalty": 1.3},
    {"min_length": 8},
    {"max_length": 5},
    {"max_length": 7, "forced_eos_token_id": END},
    {"forced_bos_token_id": 9, "length_penalty": 0.6},
    {"bad_words_ids": [[PAD], [11]]},
    {"bad_words_ids": [[PAD], [11, 8], [4, 20, 5], [13, 12, 2], [START, 5]]},
    {"bad_words_ids": [[PAD], [11], [4], [8]], "min_length": 4, "renormalize_logits": True},
    {"bad_words_ids": [[PAD], [11, 8], [4]], "renormalize_logits": True, "no_repeat_ngram_size": 2,
     "repetition_penalty": 1.3},
    {"eos_token_id": [END, OTHER_END]},
    {"length_penalty": 0.0, "early_stopping": "never"},
    {"length_penalty": -1.0, "early_stopping": "never"},
    {"prefix": [7, 13]},
    {"prefix": [7, 13], "forced_bos_token_id": 9},
    {
        "no_repeat_ngram_size": 3,
        "repetition_penalty": 1.2,
        "min_length": 5,
        "max_length": 12,
        "forced_bos_token_id": 4,
        "forced_eos_token_id": END,
        "bad_words_ids": [[PAD]],
        "length_penalty": 0.6,
        "early_stopping": True,
    },
]:
    CASES.append({"num_beams": 4, **more})


def run(model, case):
    options = {"num_beams": 1, "max_length": 24, "eos_token_id": END, **case}
    prefix = options.pop("prefix", None)
    targets = {}
    if prefix is not None:
        forced = options.get("forced_bos_token_id")
        given = [START] + ([] if forced is None else [forced]) + prefix
        targets["decoder_input_ids"] = torch.tensor([given] * SENTENCES)
    beams = options["num_beams"]
    out = model.generate(
        torch.arange(SENTENCES)[:, None],
        do_sample=False,
        use_cache=False,
        num_return_sequences=beams,
        decoder_start_token_id=START,
        pad_token_id=PAD,
        return_dict_in_generate=True,
        output_scores=True,
        **options,
        **targets,
    )
    ends = options["eos_token_id"] if isinstance(options["eos_token_id"], list) else [options["eos_token_id"]]
    sentences = []
    for sentence in range(SENTENCES):
        found = []
        for at in range(sentence * beams, (sentence + 1) * beams):
            ids = out.sequences[at].tolist()[1:]
            stop = next((i for i, token in enumerate(ids) if token in ends), len(ids) - 1)
            score = None if beams == 1 else float(out.sequences_scores[at])
            found.append({"ids": ids[: stop + 1], "score": score})
        sentences.append(found)
    return {"options": case, "sentences": sentences}


def main():
    model = Scripted(Config())
    reference = {
        "transformers": transformers.__version__,
        "start": START,
        "end": END,
        "pad": PAD,
        "slope": SLOPE,
        "table": TABLE,
        "cases": [run(model, case) for case in CASES],
    }
    path = Path(__file__).parent / "reference.json"
    lines = [f'"{key}": {json.dumps(value)}' for key, value in reference.items() if key != "cases"]
    cases = ",\n".join(json.dumps(case) for case in reference["cases"])
    path.write_text("{" + ",\n".join(lines) + ',\n"cases": [\n' + cases + "\n]}\n")


main()
