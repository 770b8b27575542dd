#!/usr/bin/env python3
"""Makes the tiny seeded encoder-decoders under tests/parity/tiny and what transformers computes with them. Run by hand:

    pip install torch transformers numpy gguf
    python3 tests/parity/make_seq2seq_reference.py           # all of them
    python3 tests/parity/make_seq2seq_reference.py marian t5 # some

Per model, in the hub's own layout: config.json, generation_config.json, model.safetensors (or pytorch_model.bin,
model.gguf); reference.safetensors with every layer's output, the logits and the cross-attention of teacher-forced
targets; reference.json with the greedy and the beam-search ids of twenty sentences. Sentences are random token ids: no
tokenizer takes part. The versions that made the files are recorded in reference.json.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GenerationConfig,
    M2M100Config,
    M2M100ForConditionalGeneration,
    MarianConfig,
    MarianMTModel,
    MBartConfig,
    MBartForConditionalGeneration,
    MT5Config,
    MT5ForConditionalGeneration,
    PegasusConfig,
    PegasusForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
)

TINY = Path(__file__).parent / "tiny"
VOCABULARY = 96
SENTENCES = 20
LONGEST = 16
STEPS = 400
# Ids at both ends of the vocabulary are special.
FIRST, LAST = 5, 8
SIZES = dict(
    d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
    encoder_ffn_dim=24, decoder_ffn_dim=24, max_position_embeddings=40, vocab_size=VOCABULARY, dropout=0.0,
    attention_dropout=0.0, activation_dropout=0.0,
)
T5_SIZES = dict(
    d_model=16, d_kv=6, d_ff=24, num_layers=2, num_heads=2, vocab_size=VOCABULARY, dropout_rate=0.0,
    relative_attention_num_buckets=8, relative_attention_max_distance=12, n_positions=40,
)
# What the families' published configurations say beside their sizes; ids are scaled down to the vocabulary.
BART_KEYS = dict(normalize_before=False, normalize_embedding=True, add_final_layer_norm=False,
                 static_position_embeddings=False, add_bias_logits=False)
FAMILIES = {
    "marian": dict(
        classes=(MarianConfig, MarianMTModel), dtype=torch.float16, seed=1,
        config=dict(SIZES, activation_function="swish", scale_embedding=True, pad_token_id=95, eos_token_id=0,
                    decoder_start_token_id=95, decoder_vocab_size=VOCABULARY, normalize_before=False,
                    normalize_embedding=False, static_position_embeddings=True, add_final_layer_norm=False,
                    add_bias_logits=False),
        generation=dict(num_beams=4, bad_words_ids=[[95]], forced_eos_token_id=0),
    ),
    # Two vocabularies and two embeddings, as in the large OPUS models; a PyTorch file.
    "marian_separate": dict(
        classes=(MarianConfig, MarianMTModel), dtype=torch.float16, seed=2, files=("bin", "old.bin"),
        config=dict(SIZES | dict(encoder_layers=1, decoder_layers=1), activation_function="relu",
                    scale_embedding=True, pad_token_id=79, eos_token_id=0,
                    decoder_start_token_id=79, decoder_vocab_size=80, share_encoder_decoder_embeddings=False),
        generation=dict(num_beams=6, bad_words_ids=[[79]], forced_eos_token_id=0),
    ),
    "bart": dict(
        classes=(BartConfig, BartForConditionalGeneration), dtype=torch.bfloat16, seed=3,
        config=dict(SIZES, activation_function="gelu", scale_embedding=False, **BART_KEYS),
        generation=dict(num_beams=4, length_penalty=2.0, early_stopping=True, min_length=4,
                        no_repeat_ngram_size=3, forced_bos_token_id=0, forced_eos_token_id=2),
    ),
    "mbart": dict(
        classes=(MBartConfig, MBartForConditionalGeneration), dtype=torch.float16, seed=4,
        config=dict(SIZES, activation_function="gelu", scale_embedding=True, decoder_start_token_id=2,
                    normalize_before=True, normalize_embedding=True, add_final_layer_norm=True,
                    static_position_embeddings=False, add_bias_logits=False),
        generation=dict(num_beams=5, early_stopping=True, forced_bos_token_id=93, forced_eos_token_id=2),
    ),
    "m2m100": dict(
        classes=(M2M100Config, M2M100ForConditionalGeneration), dtype=torch.float16, seed=5,
        config=dict(SIZES, activation_function="relu", scale_embedding=True, decoder_start_token_id=2),
        generation=dict(num_beams=5, early_stopping=True, forced_bos_token_id=92),
    ),
    # As deep as wide: sizes of encoder and decoder that differ; other heads.
    "nllb": dict(
        classes=(M2M100Config, M2M100ForConditionalGeneration), dtype=torch.float16, seed=6,
        config=dict(SIZES | dict(decoder_layers=3, encoder_attention_heads=4, decoder_ffn_dim=20),
                    activation_function="relu", scale_embedding=True, decoder_start_token_id=2),
        generation=dict(forced_bos_token_id=91),
    ),
    "pegasus": dict(
        classes=(PegasusConfig, PegasusForConditionalGeneration), dtype=torch.float16, seed=7,
        config=dict(SIZES, activation_function="relu", scale_embedding=True, pad_token_id=0, eos_token_id=1,
                    decoder_start_token_id=0, normalize_before=True, normalize_embedding=False,
                    add_final_layer_norm=True, static_position_embeddings=True, add_bias_logits=False),
        generation=dict(num_beams=8, length_penalty=0.6, forced_eos_token_id=1),
    ),
    "t5": dict(
        classes=(T5Config, T5ForConditionalGeneration), dtype=torch.float16, seed=8,
        config=dict(T5_SIZES, feed_forward_proj="relu", decoder_start_token_id=0, tie_word_embeddings=True),
        generation=dict(),
    ),
    "t5_v1_1": dict(
        classes=(T5Config, T5ForConditionalGeneration), dtype=torch.bfloat16, seed=9, untied=True,
        config=dict(T5_SIZES | dict(num_layers=3), feed_forward_proj="gated-gelu", decoder_start_token_id=0,
                    num_decoder_layers=2, tie_word_embeddings=False),
        generation=dict(),
    ),
    "mt5": dict(
        classes=(MT5Config, MT5ForConditionalGeneration), dtype=torch.float16, seed=10, untied=True,
        config=dict(T5_SIZES, feed_forward_proj="gated-gelu", decoder_start_token_id=0, tie_word_embeddings=False),
        generation=dict(num_beams=4, length_penalty=0.6, no_repeat_ngram_size=2),
    ),
    # The decoder starts with a token that is not the pad; rows that blocks of 32 divide.
    "madlad": dict(
        classes=(T5Config, T5ForConditionalGeneration), dtype=torch.float16, seed=11, untied=True,
        files=("safetensors", "gguf"),
        config=T5_SIZES | dict(d_model=32, d_kv=16, d_ff=32, num_decoder_layers=1, pad_token_id=1,
                               feed_forward_proj="gated-gelu",
                               eos_token_id=2, decoder_start_token_id=0, tie_word_embeddings=False,
                               relative_attention_num_buckets=32, relative_attention_max_distance=128),
        generation=dict(),
    ),
}


def randomise(model):
    """Weights from which no two models come out alike."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            if "norm" in name:
                parameter.normal_(1.0 if name.endswith("weight") else 0.0, 0.2)
            elif name.endswith("bias") or parameter.dim() == 1:
                parameter.normal_(0.0, 0.2)
            elif "relative_attention_bias" in name:
                parameter.normal_(0.0, 1.0)
            elif "embed" in name or "shared" in name or "lm_head" in name:
                parameter.normal_(0.0, 0.5)
            else:
                parameter.normal_(0.0, parameter.shape[-1] ** -0.5)
        if hasattr(model, "final_logits_bias"):
            model.final_logits_bias.normal_(0.0, 0.3)


def teach(model):
    """Teaches it a little of a task: each token becomes another one, in order. Weights that were never trained write
    one token again and again; these write sentences that differ and that end."""
    config = model.config
    start, eos, pad = config.decoder_start_token_id, config.eos_token_id, config.pad_token_id
    generator = torch.Generator().manual_seed(5)
    top = getattr(config, "decoder_vocab_size", None) or config.vocab_size
    other = torch.randint(FIRST, min(top, config.vocab_size) - LAST, (config.vocab_size,), generator=generator)
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=4e-3)
    for _ in range(STEPS):
        rows = sentences(config, 48, generator)
        ids, mask = padded(rows, pad)
        targets = [other[row[:-1]].tolist() + [eos] for row in rows]
        read, _ = padded([[start] + target[:-1] for target in targets], pad)
        labels, _ = padded(targets, -100)
        logits = model(input_ids=ids, attention_mask=mask, decoder_input_ids=read, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return loss.item()


def build(name):
    family = FAMILIES[name]
    torch.manual_seed(family["seed"])
    config_class, model_class = family["classes"]
    settings = dict(family["config"])
    untied = family.get("untied", False)
    model = model_class(config_class(**settings)).eval()
    if untied:
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.shared.weight))
    randomise(model)
    loss = teach(model)
    # What is stored is what is computed with; sinusoidal positions are computed, not read.
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    biases = [buffer for name, buffer in model.named_buffers() if name == "final_logits_bias"]
    with torch.no_grad():
        for tensor in learned + biases:
            tensor.copy_(tensor.to(family["dtype"]).float())
    model.generation_config = GenerationConfig(
        max_length=LONGEST, pad_token_id=model.config.pad_token_id, eos_token_id=model.config.eos_token_id,
        decoder_start_token_id=model.config.decoder_start_token_id, **family["generation"])
    return model, loss


def save(name, model, folder):
    family = FAMILIES[name]
    config = model.config.to_dict()
    config.update(family["config"])
    config["model_type"] = model.config.model_type
    config["architectures"] = [type(model).__name__]
    for key in ("transformers_version", "dtype", "_name_or_path", "classifier_dropout"):
        config.pop(key, None)
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    generation = {k: v for k, v in model.generation_config.to_dict().items() if v is not None}
    generation.pop("transformers_version", None)
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=1, sort_keys=True) + "\n")
    tensors, seen = {}, set()
    for key, tensor in model.state_dict().items():
        if tensor.data_ptr() in seen or "embed_positions" in key and not key.startswith(("model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight")):
            continue
        seen.add(tensor.data_ptr())
        tensors[key] = tensor.to(family["dtype"]).contiguous()
    files = family.get("files", ("safetensors",))
    if "safetensors" in files:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    if "bin" in files:
        torch.save(tensors, folder / "pytorch_model.bin")
    if "old.bin" in files:
        torch.save(tensors, folder / "before_1_6.bin", _use_new_zipfile_serialization=False)
    if "gguf" in files:
        write_gguf(model.config, tensors, folder / "model.gguf")


def write_gguf(config, tensors, path):
    """As llama.cpp's converter writes T5."""
    import gguf

    writer = gguf.GGUFWriter(path, "t5")
    writer.add_context_length(config.n_positions)
    writer.add_embedding_length(config.d_model)
    writer.add_feed_forward_length(config.d_ff)
    writer.add_block_count(config.num_layers)
    writer.add_decoder_block_count(config.num_decoder_layers)
    writer.add_head_count(config.num_heads)
    writer.add_key_length(config.d_kv)
    writer.add_value_length(config.d_kv)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    writer.add_layer_norm_rms_eps(config.layer_norm_epsilon)
    writer.add_relative_attn_buckets_count(config.relative_attention_num_buckets)
    writer.add_decoder_start_token_id(config.decoder_start_token_id)
    writer.add_eos_token_id(config.eos_token_id)
    writer.add_pad_token_id(config.pad_token_id)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.T5, max(config.num_layers, config.num_decoder_layers))
    for key, tensor in tensors.items():
        name = names.get_name(key, try_suffixes=(".weight",))
        small = tensor.dim() == 1 or "relative_attention_bias" in key
        writer.add_tensor(name, tensor.float().numpy() if small else tensor.half().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def sentences(config, count, generator):
    """Random ids, each sentence with its end as most families have it; lengths 3 to 14."""
    made = []
    for _ in range(count):
        length = int(torch.randint(2, 14, (1,), generator=generator))
        ids = torch.randint(FIRST, config.vocab_size - LAST, (length,), generator=generator)
        made.append(ids.tolist() + [config.eos_token_id])
    return made


def padded(rows, pad):
    longest = max(map(len, rows))
    ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def trace(model, rows, targets):
    """Every layer's output, the logits and the cross-attention of one layer, heads averaged."""
    found = {}
    core = model if hasattr(model, "encoder") else model.model
    hooks = []
    for side in ("encoder", "decoder"):
        stack = getattr(core, side)
        layers = stack.block if hasattr(stack, "block") else stack.layers

        def entry(_, args, kwargs, side=side):
            found[f"{side}.0"] = args[0] if args else kwargs["hidden_states"]

        hooks.append(layers[0].register_forward_pre_hook(entry, with_kwargs=True))
        for index, layer in enumerate(layers, 1):
            def exit(_, __, output, name=f"{side}.{index}"):
                found[name] = output[0] if isinstance(output, tuple) else output

            hooks.append(layer.register_forward_hook(exit))
        norm = getattr(stack, "final_layer_norm", None) or getattr(stack, "layer_norm", None)
        if norm is not None:
            def normed(_, __, output, name=f"{side}.norm"):
                found[name] = output

            hooks.append(norm.register_forward_hook(normed))
    ids, mask = padded(rows, model.config.pad_token_id)
    with torch.no_grad():
        output = model(input_ids=ids, attention_mask=mask, decoder_input_ids=torch.tensor(targets),
                       output_attentions=True, use_cache=False)
    for hook in hooks:
        hook.remove()
    found["logits"] = output.logits
    # The layer that is given out unless another is asked for.
    found["attention"] = output.cross_attentions[len(output.cross_attentions) // 2].mean(1)
    # Padding is nobody's business; llama.cpp and others compute other things there.
    keep = mask.bool()
    for name in list(found):
        if name.startswith("encoder"):
            found[name] = found[name][keep]
    return {name: tensor.float().contiguous().clone() for name, tensor in found.items()}


def generate(model, rows, **options):
    ids, mask = padded(rows, model.config.pad_token_id)
    with torch.no_grad():
        output = model.generate(input_ids=ids, attention_mask=mask, **options).tolist()
    eos, cut = model.config.eos_token_id, []
    for row in output:
        row = row[1:]
        cut.append(row[: row.index(eos) + 1] if eos in row else row)
    return cut


def make(name):
    folder = TINY / name
    folder.mkdir(parents=True, exist_ok=True)
    model, loss = build(name)
    if hasattr(model, "set_attn_implementation"):
        model.set_attn_implementation("eager")
    save(name, model, folder)
    rows = sentences(model.config, SENTENCES, torch.Generator().manual_seed(20))
    plain = dict(num_beams=1, min_length=0, no_repeat_ngram_size=0, early_stopping=False, length_penalty=1.0)
    greedy = generate(model, rows, **plain)
    beams = generate(model, rows, num_beams=4)
    three = sorted(rows, key=len)[4::7][:3]
    start = model.config.decoder_start_token_id
    targets = [[start] + (greedy[rows.index(row)] * 8)[:6] for row in three]
    save_file(trace(model, three, targets), folder / "reference.safetensors")
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    reference = dict(versions=versions, sources=rows, greedy=greedy, beam4=beams,
                     traced=dict(sources=three, targets=targets))
    text = json.dumps(reference, separators=(",", ":"))
    (folder / "reference.json").write_text(text + "\n")
    words = {token for row in greedy for token in row}
    lengths = [len(row) for row in greedy]
    ended = sum(row[-1] == model.config.eos_token_id and len(row) < LONGEST - 1 for row in greedy)
    differ = sum(a != b for a, b in zip(greedy, beams))
    print(f"{name}: loss {loss:.2f}, {len(words)} tokens in greedy, {len(set(map(tuple, greedy)))} different, lengths {lengths}, "
          f"{ended} ended, {differ} other beams, {len(set(map(len, beams)))} beam lengths")


if __name__ == "__main__":
    for name in sys.argv[1:] or FAMILIES:
        make(name)
