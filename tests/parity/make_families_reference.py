#!/usr/bin/env python3
"""Makes the tiny seeded models of Mistral, Phi 3 and Hunyuan under tests/parity/tiny, and what transformers computes with
them. Run by hand, as make_reference.py, which has what they share with the others. They are very small, and their weights
are stored in bfloat16: what is computed with is what is stored, in f32.
"""

import copy
import json
import os

from make_reference import CHAT, LINES, PROMPT, TINY, byte_level, byte_level_tokens, randomise, reference, write_gguf

# Written for these tests, in the manner of the families' own.
TEMPLATES = {
    "mistral": """{{- bos_token }}
{%- if messages[0].role == 'system' %}
    {%- set first = messages[0].content + '\\n\\n' %}
    {%- set rest = messages[1:] %}
{%- else %}
    {%- set first = '' %}
    {%- set rest = messages %}
{%- endif %}
{%- for message in rest %}
    {%- if message.role == 'user' %}
        {{- '[INST] ' + (first if loop.last else '') + message.content + '[/INST]' }}
    {%- else %}
        {{- ' ' + message.content + eos_token }}
    {%- endif %}
{%- endfor %}
""",
    "phi3": """{%- for message in messages %}
    {{- '<|' + message.role + '|>' + message.content + '<|end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|assistant|>' }}
{%- endif %}
""",
    "hunyuan": """{{- bos_token }}
{%- if messages[0].role == 'system' %}
    {{- messages[0].content + '<｜place▁3｜>' }}
    {%- set rest = messages[1:] %}
{%- else %}
    {%- set rest = messages %}
{%- endif %}
{%- for message in rest %}
    {%- if message.role == 'user' %}
        {{- '<｜User｜>' + message.content }}
    {%- else %}
        {{- '<｜Assistant｜>' + message.content + eos_token }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<｜Assistant｜>' }}
{%- endif %}
""",
}
CONTROLS = {
    "mistral": ["<s>", "</s>", "[INST]", "[/INST]"],
    "phi3": ["<|endoftext|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"],
    "hunyuan": ["<｜begin▁of▁text｜>", "<｜end▁of▁turn｜>", "<｜User｜>", "<｜Assistant｜>", "<｜place▁3｜>"],
}
CAPITAL, SMALL = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
BEFORE = r"[^\r\n\p{L}\p{N}]?"
WORDS = {
    "mistral": f"{BEFORE}{CAPITAL}*{SMALL}+|{BEFORE}{CAPITAL}+{SMALL}*" + r"|\p{N}" + REST,
    "phi3": f"{BEFORE}{CAPITAL}*{SMALL}+{SHORT}|{BEFORE}{CAPITAL}+{SMALL}*{SHORT}" + r"|\p{N}{1,3}" + REST,
    "hunyuan": [
        r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
        r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""],
}
PRE = {"mistral": "tekken", "phi3": "gpt-4o", "hunyuan": "hunyuan-dense"}
ARCHITECTURE = {"mistral": "llama", "phi3": "phi3", "hunyuan": "hunyuan-dense"}
RENAMED = {
    "mistral": {},
    "phi3": {"self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up"},
    "hunyuan": {"self_attn.query_layernorm": "attn_q_norm", "self_attn.key_layernorm": "attn_k_norm"},
}


def configurations():
    import transformers

    size = dict(num_hidden_layers=2, max_position_embeddings=512, dtype="bfloat16", intermediate_size=24)
    short, long = [1.0, 1.1, 1.3], [1.2, 2.5, 9.0]
    return {
        "mistral": (transformers.MistralForCausalLM, transformers.MistralConfig(
            **size, hidden_size=16, num_attention_heads=4, num_key_value_heads=2, head_dim=8, sliding_window=6,
            tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=10000.0))),
        "phi3": (transformers.Phi3ForCausalLM, transformers.Phi3Config(
            **size, hidden_size=16, num_attention_heads=2, num_key_value_heads=1, original_max_position_embeddings=24,
            tie_word_embeddings=False, pad_token_id=None, rope_parameters=dict(
                rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75, short_factor=short,
                long_factor=long))),
        "hunyuan": (transformers.HunYuanDenseV1ForCausalLM, transformers.HunYuanDenseV1Config(
            **size, hidden_size=16, num_attention_heads=2, num_key_value_heads=1, head_dim=8, tie_word_embeddings=True,
            rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, alpha=50.0, factor=1.0))),
    }


def of_family(name, config):
    """What llama.cpp's converter says of a family beyond the rest, and where it says more than that."""
    import math

    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads

    def mistral(writer, ropes):
        writer.add_rope_freq_base(ropes["rope_theta"])
        writer.add_rope_dimension_count(head)
        # the converter leaves it out
        writer.add_sliding_window(config.sliding_window)

    def phi3(writer, ropes):
        import numpy as np

        original = config.original_max_position_embeddings
        times = config.max_position_embeddings / original
        writer.add_rope_freq_base(ropes["rope_theta"])
        writer.add_rope_dimension_count(int(head * ropes["partial_rotary_factor"]))
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(times) / math.log(original)))
        writer.add_sliding_window(0)
        for kind in ("long", "short"):
            writer.add_tensor(f"rope_factors_{kind}.weight", np.array(ropes[f"{kind}_factor"], np.float32))

    def hunyuan(writer, ropes):
        import gguf

        writer.add_rope_freq_base(ropes["rope_theta"] * ropes["alpha"] ** (head / (head - 2)))
        writer.add_rope_scaling_type(gguf.RopeScalingType.NONE)
        writer.add_rope_scaling_factor(1.0)
        writer.add_rope_scaling_orig_ctx_len(config.max_position_embeddings)

    return {"mistral": mistral, "phi3": phi3, "hunyuan": hunyuan}[name]


def make(name, Model, config, seed):
    import gguf
    import torch
    from transformers import AutoTokenizer

    folder = TINY / name
    folder.mkdir(exist_ok=True)
    marks, template = CONTROLS[name], TEMPLATES[name]
    raw = byte_level(folder, marks, WORDS[name], False, 290)
    if name == "mistral":
        # Tekken takes a word that is a token whole.
        data = json.loads((folder / "tokenizer.json").read_text())
        data["model"]["ignore_merges"] = True
        (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False))
        raw = type(raw).from_file(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": marks[0], "eos_token": marks[1],
        "chat_template": template}, ensure_ascii=False, indent=1))
    config.vocab_size = -(-raw.get_vocab_size(with_added_tokens=True) // 16) * 16
    config.bos_token_id, config.pad_token_id, config.eos_token_id = None, None, raw.token_to_id(marks[1])
    config._attn_implementation = "eager"
    torch.manual_seed(seed)
    model = Model(config).eval().float()
    randomise(model, 300 + seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(weight.bfloat16().float())
    # a copy: what is no weight, as the frequencies of the rotation, must stay in f32
    copy.deepcopy(model).bfloat16().save_pretrained(str(folder))
    reference(folder, model, raw.encode(PROMPT, add_special_tokens=False).ids[:12])
    tokens = byte_level_tokens(raw, PRE[name], marks, marks[1])
    # the converter has a token for each row, unused ones too
    spellings, kinds = (tokens["metadata"][f"tokenizer.ggml.{key}"] for key in ("tokens", "token_type"))
    padding = range(len(spellings), config.vocab_size)
    spellings.extend(f"[PAD{index}]" for index in padding)
    kinds.extend(5 for _ in padding)
    write_gguf(folder, ARCHITECTURE[name], model, raw, tokens, template, RENAMED[name], of_family(name, config),
               gguf.GGMLQuantizationType.BF16)
    lines = [t for t in LINES if not any(mark in t for mark in marks)]
    chat = AutoTokenizer.from_pretrained(str(folder))
    rendered = [[[list(m) for m in messages], chat.apply_chat_template(
        [dict(role=r, content=c) for r, c in messages], tokenize=False, add_generation_prompt=True)] for messages in CHAT]
    (folder / "text.json").write_text(json.dumps(
        {"lines": [[t, raw.encode(t, add_special_tokens=False).ids] for t in lines], "chat": rendered},
        ensure_ascii=False) + "\n", encoding="utf-8")


YARN = dict(rope_type="yarn", rope_theta=1000000.0, factor=4.0, original_max_position_embeddings=64)


def make_yarn():
    """The last logits of the tiny qwen2 where its config.json asks for a longer context."""
    import torch
    import transformers

    folder = TINY / "qwen2"
    config = transformers.AutoConfig.from_pretrained(folder)
    config.rope_parameters, config.max_position_embeddings = YARN, 256
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, config=config, attn_implementation="eager").float()
    ids = [(37 * i + i // 7) % 300 for i in range(100)]
    with torch.no_grad():
        logits = model(torch.tensor([ids]), use_cache=False).logits[0, -1]
    (folder / "yarn.json").write_text(json.dumps(
        {"rope_parameters": YARN, "ids": ids, "logits": [round(float(x), 6) for x in logits]}) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for seed, (name, (Model, config)) in enumerate(configurations().items()):
        make(name, Model, config, seed)
    make_yarn()
