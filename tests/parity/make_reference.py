#!/usr/bin/env python3
"""Makes the tiny seeded models under tests/parity/tiny and what transformers computes with them. Run by hand:

    pip install torch transformers sentencepiece gguf numpy
    python3 tests/parity/make_reference.py            # tiny models, tokenizers, chat prompts
    python3 tests/parity/make_reference.py FOLDER     # sentence vectors of the BERT in it
    python3 tests/parity/make_reference.py FILE.gguf  # greedy ids of llama.cpp (pip install llama-cpp-python)

The versions that made the files are recorded in tiny/versions.json. Weights are random with a fixed seed; the
words that the tokenizers are trained on stand below.
"""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
TINY = HERE / "tiny"

TEXT = [
    "The harbour of Lindow will close for two weeks, the port authority said on Monday.",
    "Mayor Orla Venn told reporters that the crane on pier 4 had to be replaced.",
    "“We lost power at 03:15,” she said, “and nobody called us.” Her deputy denied it.",
    "Порт Ліндова закриють на два тижні, повідомила в понеділок адміністрація порту.",
    "За словами мера, кран на четвертому причалі треба замінити; заступник це заперечив.",
    "린도우 항구는 2주 동안 폐쇄된다고 항만 당국이 월요일 밝혔다. 시장은 정전이 있었다고 말했다.",
    "It's 12,500 tonnes - we'll see; they've got 3.5 km to go, don't they?",
    "Zürich, Łódź, Ångström: naïve façades cost €1 000 or £900 (≈ 7 %).",
]
LINES = TEXT + [
    "",
    " ",
    "  two spaces,   three,\ttab\n\nand\r\nlines  ",
    "a",
    "123456 7 89",
    "emoji 🚢🇺🇦👩‍🚒 and \u0301combining e\u0301",
    "\x00\x01control\x7f",
    "I'M HERE'LL O'Neil's",
    "한국어와 English를 섞은 문장 12개",
    "ґанок їжак є'вреї м’ята",
    "日本語の文。中文的句子。",
    "x" * 200,
    "<b>bold</b> & <i>it</i> </s> <pad> [INST]",
]
PROMPT = "The harbour of Lindow will close, Mayor Venn said."

CHAT = [
    [("system", "You are an editor."), ("user", "Shorten this.")],
    [("user", "  Shorten {{ this }}, please.  ")],
    [("system", "Brief."), ("user", "One"), ("assistant", "<think>\nhm\n</think>\n\nTwo"), ("user", "Three")],
]

# Written for these tests, in the manner of the families' own.
TEMPLATES = {
    "chatml": """{%- for message in messages %}
    {%- if loop.first and message.role != 'system' %}
        {{- '<|im_start|>system\\nYou help.<|im_end|>\\n' }}
    {%- endif %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "thinking": """{%- set ns = namespace(last=-1) %}
{%- for message in messages[::-1] %}
    {%- if ns.last < 0 and message.role == "user" %}{% set ns.last = messages | length - 1 - loop.index0 %}{% endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content %}
    {%- if message.role == 'assistant' and '</think>' in content and loop.index0 < ns.last %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {{- '<|im_start|>' ~ message.role ~ '\\n' ~ content ~ '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
""",
    "headers": """{{- bos_token }}
{% set ns = namespace(date='26 Jul 2024') %}
{% if strftime_now is defined and false %}
  {% set ns.date = strftime_now('%d %b %Y') %}
{% endif %}
{% for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
    {% if loop.first %}{{ 'Today: ' + ns.date + '\\n' }}{% endif %}
    {{- message['content'] | trim + '<|eot_id|>' }}
{% endfor %}
{% if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{% endif %}
""",
    "turns": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set first = messages[0]['content'] + '\\n\\n' -%}
    {%- set rest = messages[1:] -%}
{%- else -%}
    {%- set first = '' -%}
    {%- set rest = messages -%}
{%- endif -%}
{%- for message in rest -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('roles must alternate') }}
    {%- endif -%}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\\n' + (first if loop.first else '') }}
    {{ message['content'] | trim }}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<start_of_turn>model\\n' }}
{%- endif -%}
""",
}


def byte_level(folder, controls, words, nfc, size=400):
    """A byte-level BPE tokenizer.json that cuts text as qwen2 or gpt2 does; `words`: one pattern, or several in turn."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    patterns = [words] if isinstance(words, str) else words
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        *[pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns],
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(TEXT, trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in controls])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in ("<think>", "</think>")])
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


def sentence_pieces(folder, controls):
    """A SentencePiece BPE model as gemma has it, and the tokenizer.json with the same ids."""
    import sentencepiece
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

    plain = folder / "text.txt"
    plain.write_text("\n".join(TEXT), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(plain), model_prefix=str(folder / "spm"), model_type="bpe", vocab_size=560, byte_fallback=True,
        normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False,
        split_by_unicode_script=True, pad_id=0, eos_id=1, bos_id=2, unk_id=3, control_symbols=controls,
        pad_piece="<pad>", unk_piece="<unk>", bos_piece="<bos>", eos_piece="<eos>", minloglevel=2)
    plain.unlink()
    (folder / "spm.vocab").unlink()
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spm.model"))
    (folder / "spm.model").unlink()
    pieces = [(model.id_to_piece(i), model.get_score(i)) for i in range(len(model))]
    ids = {p: i for i, (p, _) in enumerate(pieces)}
    merges = []
    for piece, score in pieces:
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in ids and right in ids:
                merges.append((score, ids[left], ids[right], left, right))
    merges.sort(key=lambda m: (-m[0], m[1], m[2]))
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[(m[3], m[4]) for m in merges], byte_fallback=True,
                                     fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t in ["<pad>", "<eos>", "<bos>", "<unk>"] + controls])
    tokenizer.save(str(folder / "tokenizer.json"))
    return model, tokenizer, pieces


def randomise(model, seed):
    """Every weight random, biases and norms included, so that none of them can be forgotten unseen."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if "norm" in name.lower():
                weight.add_(noise * 0.2)
            elif name.endswith("bias"):
                weight.copy_(noise * 0.3)
            else:
                weight.copy_(noise * weight.shape[-1] ** -0.5)


def reference(folder, model, ids):
    """Every layer's output and the logits over `ids`, and 24 greedy ids after them."""
    import torch
    from safetensors.torch import save_file

    model.eval()
    tensors = {"ids": torch.tensor(ids)}
    seen = []
    hooks = [layer.register_forward_hook(lambda _m, _i, out: seen.append(out[0] if isinstance(out, tuple) else out))
             for layer in model.model.layers]
    first = model.model.layers[0].register_forward_pre_hook(
        lambda _m, args, kwargs: seen.append(args[0] if args else kwargs["hidden_states"]), with_kwargs=True)
    with torch.no_grad():
        logits = model(torch.tensor([ids]), use_cache=False).logits[0]
        for hook in hooks + [first]:
            hook.remove()
        greedy, sequence = [], list(ids)
        for _ in range(24):
            token = int(model(torch.tensor([sequence]), use_cache=False).logits[0, -1].argmax())
            greedy.append(token)
            sequence.append(token)
    for index, output in enumerate(seen):
        tensors[f"layer.{index}"] = output.reshape(len(ids), -1).float().contiguous()
    tensors["logits"] = logits.float().contiguous()
    tensors["greedy"] = torch.tensor(greedy)
    save_file(tensors, str(folder / "reference.safetensors"))


def write_gguf(folder, architecture, model, tokenizer, tokens, template, renamed={}, more=None, stored=None):
    """The same weights as one GGUF file, the way llama.cpp's converter lays them out. `renamed`: names of tensors that
    its family alone has; `more` writes what else the family says; `stored`: the kind of the matrices (default: f32)."""
    import gguf
    import numpy as np

    config = model.config
    writer = gguf.GGUFWriter(str(folder / "model.gguf"), architecture)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_key_length(head)
    writer.add_value_length(head)
    ropes = config.rope_parameters
    if architecture == "gemma3":
        writer.add_sliding_window(config.sliding_window)
        writer.add_array("gemma3.attention.sliding_window_pattern",
                         [t == "sliding_attention" for t in config.layer_types])
        writer.add_float32("gemma3.rope.freq_base_swa", ropes["sliding_attention"]["rope_theta"])
        ropes = ropes["full_attention"]
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(ropes["factor"])
    if more is None:
        writer.add_rope_freq_base(ropes["rope_theta"])
    else:
        more(writer, ropes)
    writer.add_chat_template(template)
    for key, value in tokens["metadata"].items():
        if isinstance(value, bool):
            writer.add_bool(key, value)
        elif isinstance(value, int):
            writer.add_uint32(key, value)
        elif isinstance(value, str):
            writer.add_string(key, value)
        else:
            writer.add_array(key, value)
    names = {
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
        "input_layernorm": "attn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down", "pre_feedforward_layernorm": "ffn_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
        "post_attention_layernorm": "post_attention_norm" if architecture == "gemma3" else "ffn_norm",
        **renamed,
    }
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        data = weight.float().numpy().copy()
        stem, kind = name.rsplit(".", 1)
        if stem.startswith("model.layers."):
            _, _, layer, part = stem.split(".", 3)
            target = f"blk.{layer}.{names[part]}"
        else:
            part, target = stem, names[stem]
        if architecture == "llama" and part in ("self_attn.q_proj", "self_attn.k_proj"):
            heads = config.num_attention_heads if part.endswith("q_proj") else config.num_key_value_heads
            data = data.reshape(heads, 2, head // 2, -1).swapaxes(1, 2).reshape(data.shape)
        if architecture == "gemma3" and "norm" in part:
            data = data + 1
        data = data.astype(np.float32)
        if stored is not None and data.ndim == 2:
            writer.add_tensor(f"{target}.{kind}", gguf.quants.quantize(data, stored), raw_dtype=stored)
        else:
            writer.add_tensor(f"{target}.{kind}", data)
    if ropes.get("rope_type") == "llama3":
        low, high = ropes["low_freq_factor"], ropes["high_freq_factor"]
        frequencies = ropes["rope_theta"] ** (-np.arange(0, head, 2) / head)
        turns = ropes["original_max_position_embeddings"] * frequencies / (2 * np.pi)
        smooth = np.clip((turns - low) / (high - low), 0, 1)
        factors = 1 / ((1 - smooth) / ropes["factor"] + smooth)
        writer.add_tensor("rope_freqs.weight", factors.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def byte_level_tokens(tokenizer, pre, controls, eos):
    data = json.loads(tokenizer.to_str())
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    tokens = [t for t, _ in sorted(vocabulary.items(), key=lambda v: v[1])]
    kinds = [3 if t in controls else 4 if t in ("<think>", "</think>") else 1 for t in tokens]
    return {"metadata": {
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": pre, "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": kinds, "tokenizer.ggml.merges": [" ".join(m) for m in data["model"]["merges"]],
        "tokenizer.ggml.eos_token_id": vocabulary[eos], "tokenizer.ggml.bos_token_id": vocabulary[controls[0]],
        "tokenizer.ggml.add_bos_token": False}}


def piece_tokens(pieces, controls):
    def kind(index, piece):
        if piece in controls or index in (0, 1, 2):
            return 3
        return 2 if index == 3 else 6 if piece.startswith("<0x") else 1
    return {"metadata": {
        "tokenizer.ggml.model": "llama", "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": [p for p, _ in pieces], "tokenizer.ggml.scores": [float(s) for _, s in pieces],
        "tokenizer.ggml.token_type": [kind(i, p) for i, (p, _) in enumerate(pieces)],
        "tokenizer.ggml.bos_token_id": 2, "tokenizer.ggml.eos_token_id": 1, "tokenizer.ggml.unknown_token_id": 3,
        "tokenizer.ggml.add_bos_token": True, "tokenizer.ggml.add_space_prefix": False}}


def make_tiny():
    import sentencepiece
    import tokenizers
    import torch
    import transformers
    from transformers import AutoTokenizer

    TINY.mkdir(exist_ok=True)
    size = dict(hidden_size=32, intermediate_size=48, num_attention_heads=4, num_key_value_heads=2,
                max_position_embeddings=512, num_hidden_layers=2, initializer_range=0.2, dtype="float32")
    qwen_words = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                  r"|\s*[\r\n]+|\s+(?!\S)|\s+")
    llama_words = qwen_words.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)
    kinds = {
        "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM, "headers", dict(
            tie_word_embeddings=False, rope_parameters=dict(
                rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=64))),
        "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM, "chatml", dict(
            tie_word_embeddings=False, rope_parameters=dict(rope_type="default", rope_theta=1000000.0))),
        "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM, "thinking", dict(
            tie_word_embeddings=True, head_dim=16, rope_parameters=dict(rope_type="default", rope_theta=1000000.0))),
        "gemma3": (transformers.Gemma3TextConfig, transformers.Gemma3ForCausalLM, "turns", dict(
            tie_word_embeddings=True, head_dim=16, query_pre_attn_scalar=16, sliding_window=6, num_hidden_layers=3,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"], rope_parameters=dict(
                full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1000000.0),
                sliding_attention=dict(rope_type="default", rope_theta=10000.0)))),
    }
    controls = {
        "llama": ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"],
        "qwen2": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        "qwen3": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        "gemma3": ["<start_of_turn>", "<end_of_turn>"],
    }
    for seed, (name, (Config, Model, template, options)) in enumerate(kinds.items()):
        folder = TINY / name
        folder.mkdir(exist_ok=True)
        marks = controls[name]
        if name == "gemma3":
            model_of_pieces, raw, pieces = sentence_pieces(folder, marks)
            tokens, bos, eos = piece_tokens(pieces, marks), "<bos>", "<end_of_turn>"
            lines = [[t, model_of_pieces.encode(t)] for t in LINES if "<" not in t]
        else:
            raw = byte_level(folder, marks, llama_words if name == "llama" else qwen_words, name != "llama")
            bos, eos = marks[0], marks[1] if name == "llama" else marks[2]
            tokens = byte_level_tokens(raw, "llama-bpe" if name == "llama" else "qwen2", marks, eos)
            if name == "llama":
                # llama 3 takes a word that is a token whole.
                data = json.loads((folder / "tokenizer.json").read_text())
                data["model"]["ignore_merges"] = True
                (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False))
                raw = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            lines = [[t, raw.encode(t, add_special_tokens=False).ids] for t in LINES]
        (folder / "tokenizer_config.json").write_text(json.dumps({
            "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": bos, "eos_token": eos,
            "chat_template": TEMPLATES[template]}, ensure_ascii=False, indent=1))
        # Some rows more than tokens, as published embeddings have them.
        vocabulary = -(-raw.get_vocab_size(with_added_tokens=True) // 8) * 8
        torch.manual_seed(seed)
        config = Config(**{**size, **options}, vocab_size=vocabulary, bos_token_id=None, pad_token_id=None,
                        eos_token_id=raw.token_to_id(eos))
        config._attn_implementation = "eager"
        model = Model(config).eval()
        randomise(model, 100 + seed)
        model.save_pretrained(str(folder), max_shard_size="60KB" if name == "llama" else "5GB")
        ids = raw.encode(PROMPT, add_special_tokens=False).ids[:20]
        reference(folder, model, ids)
        write_gguf(folder, name, model, raw, tokens, TEMPLATES[template])
        chat = AutoTokenizer.from_pretrained(str(folder))
        rendered = []
        for messages in CHAT:
            messages = [dict(role=r, content=c) for r, c in messages]
            rendered.append(chat.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, enable_thinking=False))
        (folder / "text.json").write_text(json.dumps(
            {"lines": lines, "chat": [[[list(m) for m in messages], text] for messages, text in zip(CHAT, rendered)]},
            ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    make_bert()
    (TINY / "versions.json").write_text(json.dumps(
        {m.__name__: m.__version__ for m in (torch, transformers, tokenizers, sentencepiece)}, indent=1) + "\n")


def vectors(model, tokenizer, texts):
    """Mean over the tokens, length 1."""
    import torch

    out = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        with torch.no_grad():
            mean = model(torch.tensor([ids])).last_hidden_state[0].mean(0)
        out.append([round(float(x), 7) for x in mean / mean.norm()])
    return out


SENTENCES = TEXT[:3] + ["", "a", "The port closes. " * 4, "[SEP] is no border"]


def make_bert():
    """A tiny BERT with a WordPiece tokenizer, and the vectors of some sentences."""
    import torch
    import transformers
    from tokenizers import BertWordPieceTokenizer, Tokenizer

    folder = TINY / "bert"
    folder.mkdir(exist_ok=True)
    words = BertWordPieceTokenizer(lowercase=True)
    words.train_from_iterator(TEXT, vocab_size=300, show_progress=False)
    data = json.loads(words.to_str())
    vocabulary = data["model"]["vocab"]
    data["post_processor"] = {"type": "BertProcessing", "sep": ["[SEP]", vocabulary["[SEP]"]],
                              "cls": ["[CLS]", vocabulary["[CLS]"]]}
    (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False))
    tokenizer = Tokenizer.from_str(json.dumps(data))
    torch.manual_seed(9)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=96, initializer_range=0.2, layer_norm_eps=1e-12, dtype="float32")
    model = transformers.BertModel(config, add_pooling_layer=False).eval()
    randomise(model, 109)
    model.save_pretrained(str(folder))
    # A special token that a text spells is text.
    tokenizer.encode_special_tokens = True
    (folder / "vectors.json").write_text(json.dumps(
        [[t, v] for t, v in zip(SENTENCES, vectors(model, tokenizer, SENTENCES))], ensure_ascii=False) + "\n")


def make_vectors(folder):
    """The vectors of a real encoder in `folder` (config.json, model.safetensors, tokenizer.json)."""
    import transformers
    from tokenizers import Tokenizer

    model = transformers.BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    (HERE / "real" / f"{Path(folder).name}.json").write_text(json.dumps(
        [[t, v] for t, v in zip(SENTENCES, vectors(model, tokenizer, SENTENCES))], ensure_ascii=False) + "\n")


def prompts_of(llm):
    """The conversations of CHAT through the model's own template, by Jinja as transformers sets it up."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    source = llm.metadata.get("tokenizer.chat_template")
    if source is None:
        return []
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    template = environment.from_string(source)
    spell = lambda key: llm._model.token_get_text(int(llm.metadata[f"tokenizer.ggml.{key}_token_id"]))
    out = []
    for messages in CHAT:
        turns = [dict(role=r, content=c) for r, c in messages]
        out.append([[list(m) for m in messages], template.render(
            messages=turns, add_generation_prompt=True, enable_thinking=False, bos_token=spell("bos"), eos_token=spell("eos"))])
    return out


def make_greedy(path):
    """The first 64 greedy ids of llama.cpp, with the highest logits of each step. Its KV cache is in f32, as byline's
    is: in f16, its default, it parts from itself at the near-ties. One token at a time, as its batches crashed here.
    """
    import llama_cpp
    import numpy as np

    name = Path(path).stem
    target = HERE / "real" / f"{name}.json"
    prompts = [case["prompt"] for case in json.loads(target.read_text())["cases"]]
    llm = llama_cpp.Llama(path, n_ctx=256, logits_all=True, verbose=False, flash_attn=False,
                          type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32)
    cases = []
    for prompt in prompts:
        bos = llm.metadata.get("tokenizer.ggml.add_bos_token") == "true"
        ids = llm.tokenize(prompt.encode(), add_bos=bos, special=True)
        llm.reset()
        for token in ids:
            llm.eval([token])
        greedy, top = [], []
        for _ in range(64):
            logits = llm.scores[llm.n_tokens - 1]
            order = np.argsort(-logits, kind="stable")[:5]
            greedy.append(int(order[0]))
            top.append([[int(t), round(float(logits[t]), 3)] for t in order])
            llm.eval([int(order[0])])
        cases.append({"prompt": prompt, "ids": ids, "greedy": greedy, "top": top})
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    chat = json.dumps(prompts_of(llm), ensure_ascii=False)
    target.write_text(f'{{"made_with": "llama-cpp-python {llama_cpp.__version__}", "chat": {chat},\n"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if len(sys.argv) > 1:
        for path in sys.argv[1:]:
            make_vectors(path) if Path(path).is_dir() else make_greedy(path)
    else:
        make_tiny()
