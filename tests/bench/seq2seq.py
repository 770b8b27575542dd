#!/usr/bin/env python3
"""Race byline's encoder-decoder engine against CTranslate2 and transformers on one machine, in one run.

usage: seq2seq.py [--threads N] [--sentences N] [--rounds N] [--slow N] [--only NAME[,NAME]] [--program FILE] [LINES.jsonl]

LINES.jsonl: segments in the layout {"en": [...], "uk": [...]} a line; without it, lines are drawn from the articles
under tests/articles. Builds a Marian model with seeded random weights of the size of opus-mt (512 wide, 6+6 layers,
feed-forward 2048, 8 heads, 62,000 tokens) and gives every engine the same batches of token ids, greedy and with four
beams, one by one and by 32. A batch writes as many tokens as its longest reference translation, no fewer and no more,
so that all engines do the same work whatever the weights say. The sentences are dealt into slices of 32 of all lengths
(what is left over makes one more, which is written one by one), and engines take turns at each slice, a process each,
`--rounds` times: what else the machine does hits all of them, and the medians of the ratios of a turn say who is
faster. Printed: target tokens a second (medians), seconds to load (medians), the most memory, the ratios, and whether
they reach what the project asks of itself. transformers, which is several times slower, does the first `--slow` turns.
On two quiet cores of 2024 200 sentences take about half an hour, 40 about six minutes.

What it needs it installs once into target/bench-venv (torch, transformers, sentencepiece, ctranslate2);
the program itself is `cargo bench --bench seq2seq`, or what `--program` names.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / "target" / "bench-venv"
WORK = ROOT / "target" / "bench-seq2seq"
NEEDS = ["torch", "transformers", "sentencepiece", "ctranslate2", "numpy"]
VOCABULARY = 62_000
ENGINES = ["byline f32", "byline q8_0", "ctranslate2 float32", "ctranslate2 int8", "transformers"]
# who is held against whom
RATIOS = [("byline f32", "transformers"), ("byline q8_0", "transformers"),
          ("byline f32", "ctranslate2 float32"), ("byline q8_0", "ctranslate2 int8")]
SETTINGS = [(1, 1), (1, 32), (4, 1), (4, 32)]  # beams, sentences a batch
# at least so many times as fast, at this batch size; at most so many times the memory
ASKED = [("byline f32", "transformers", 1, 4.0), ("byline f32", "ctranslate2 float32", 32, 1.0),
         ("byline q8_0", "ctranslate2 int8", 32, 0.7)]
MEMORY = 1.2


def installed():
    """Goes on in the folder's own Python where the packages are, or where they then are."""
    try:
        import ctranslate2, sentencepiece, torch, transformers  # noqa: F401, E401

        return
    except ImportError:
        pass
    python = VENV / "bin" / "python"
    if Path(sys.executable) == python:
        sys.exit("the packages were installed, and still one cannot be imported: remove target/bench-venv")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", *NEEDS], check=True)
    os.execv(str(python), [str(python), *sys.argv])


def lines_of(path):
    if path is None:
        articles = sorted((ROOT / "tests" / "articles").glob("*.en.txt"))
        texts = [line for a in articles for line in a.read_text().splitlines() if len(line.split()) > 4]
        return [(line, line) for line in texts]
    documents = [json.loads(line) for line in Path(path).read_text().splitlines()]
    return [pair for d in documents for pair in zip(d["en"], d["uk"])]


def build(lines):
    """The model in the hub's layout, the same for CTranslate2, and pieces for the lines."""
    import ctranslate2
    import sentencepiece
    import torch
    from transformers import MarianConfig, MarianMTModel

    WORK.mkdir(parents=True, exist_ok=True)
    text = WORK / "lines.txt"
    text.write_text("\n".join(side for pair in lines for side in pair))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(WORK / "source"), vocab_size=8000, hard_vocab_limit=False,
        character_coverage=1.0, minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(WORK / "source.model"))
    (WORK / "source.spm").write_bytes((WORK / "source.model").read_bytes())
    (WORK / "target.spm").write_bytes((WORK / "source.model").read_bytes())
    known = [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]
    known = ["</s>", "<unk>", *[p for p in known if p not in ("<s>", "</s>", "<unk>")]]
    known += [f"filler{i}" for i in range(VOCABULARY - 1 - len(known))] + ["<pad>"]
    (WORK / "vocab.json").write_text(json.dumps({p: i for i, p in enumerate(known)}, ensure_ascii=False))
    (WORK / "tokenizer_config.json").write_text(json.dumps({"source_lang": "en", "target_lang": "uk"}))

    torch.manual_seed(7)
    model = MarianMTModel(MarianConfig(
        vocab_size=VOCABULARY, d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8,
        decoder_attention_heads=8, encoder_ffn_dim=2048, decoder_ffn_dim=2048, activation_function="swish",
        scale_embedding=True, static_position_embeddings=True, normalize_before=False, max_position_embeddings=512,
        pad_token_id=VOCABULARY - 1, eos_token_id=0, bos_token_id=0, forced_eos_token_id=0,
        decoder_start_token_id=VOCABULARY - 1, tie_word_embeddings=True, init_std=0.05,
    ))
    model.save_pretrained(WORK)
    # unpacked by hand: CTranslate2's converter wants a tokenizer that its transformers knows
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(WORK)).convert(str(WORK / "ct2"), force=True)
    ids = {p: i for i, p in enumerate(known)}
    return [([ids.get(p, 1) for p in pieces.encode(a, out_type=str)][:200], len(pieces.encode(b)) + 1)
            for a, b in lines], ctranslate2.__version__


def jobs_of(sentences, fullest, path):
    """Batches of sentences of like length; each writes as many tokens as its longest reference. A batch that is not
    full is none where others are."""
    jobs = []
    for beams, size in SETTINGS:
        ordered = sorted(sentences, key=lambda s: len(s[0]))
        batches = [ordered[i:i + size] for i in range(0, len(ordered), size)]
        batches = [batch for batch in batches if len(batch) >= min(size, fullest)]
        jobs.append({"beams": beams, "size": size, "batches": [
            {"sources": [ids + [0] for ids, _ in batch], "length": min(200, max(n for _, n in batch))}
            for batch in batches]})
    path.write_text(json.dumps(jobs))


def theirs(engine, threads, jobs):
    """One engine over all jobs, in this process."""
    started = time.time()
    if engine.startswith("ctranslate2"):
        import ctranslate2

        model = ctranslate2.Translator(str(WORK / "ct2"), compute_type=engine.split()[1], intra_threads=threads)
        pieces = json.loads((WORK / "vocab.json").read_text())
        pieces = [p for p, _ in sorted(pieces.items(), key=lambda item: item[1])]

        def run(sources, length, beams):
            tokens = [[pieces[i] for i in s] for s in sources]
            done = model.translate_batch(tokens, beam_size=beams, max_batch_size=0, min_decoding_length=length,
                                         max_decoding_length=length, max_input_length=0)
            return sum(len(d.hypotheses[0]) for d in done)
    else:
        import torch
        from transformers import MarianMTModel

        torch.set_num_threads(threads)
        model = MarianMTModel.from_pretrained(WORK).eval()
        pad = VOCABULARY - 1

        def run(sources, length, beams):
            longest = max(map(len, sources))
            ids = torch.tensor([s + [pad] * (longest - len(s)) for s in sources])
            with torch.no_grad():
                done = model.generate(input_ids=ids, attention_mask=(ids != pad).long(), num_beams=beams,
                                      do_sample=False, min_new_tokens=length, max_new_tokens=length)
            return done.shape[0] * (done.shape[1] - 1)
    load = time.time() - started
    warm = jobs[0]["batches"][0]
    run(warm["sources"], warm["length"], 1)
    results = []
    for job in jobs:
        started = time.time()
        tokens = sum(run(b["sources"], b["length"], job["beams"]) for b in job["batches"])
        results.append({"beams": job["beams"], "size": job["size"], "tokens_per_s": tokens / (time.time() - started)})
    return {"load_s": load, "jobs": results, "peak_rss_mib": peak_mib()}


def peak_mib():
    """The most memory of this process alone: what getrusage tells counts that of the process that started it too."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def race(names, slices, rounds, slow, threads, program, jobs_path):
    """For each turn what each engine that took it gave."""
    rows = []
    fullest = max(map(len, slices))
    for number, sentences in enumerate(slices * rounds):
        jobs_of(sentences, fullest, jobs_path)
        rows.append({})
        for name in names:
            if name == "transformers" and number >= slow:
                continue
            if name.startswith("byline"):
                command = [*program, str(WORK), str(jobs_path), name.split()[1], str(threads)]
            else:
                command = [sys.executable, __file__, "--engine", name, "--threads", str(threads)]
            # a thread that spins while it waits for one that the system holds up halts both: where anything else
            # runs, passive waiting was measured to make CTranslate2 thirty times as fast
            environment = dict(os.environ, OMP_NUM_THREADS=str(threads), RAYON_NUM_THREADS=str(threads),
                               OMP_WAIT_POLICY="passive")
            ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
            if ran.returncode:
                sys.exit(f"{name} failed:\n{ran.stderr[-2000:]}")
            rows[-1][name] = json.loads(ran.stdout.splitlines()[-1])
            speeds = [f"{job['tokens_per_s']:.0f}" for job in rows[-1][name]["jobs"]]
            print(f"turn {number + 1} of {len(slices) * rounds}, {name}: {' '.join(speeds)}", file=sys.stderr, flush=True)
    return rows


def table(names, rows):
    """Medians over the turns, of the speeds and of the ratios within a turn."""
    def speeds(row, name):
        return [job["tokens_per_s"] for job in row[name]["jobs"]]

    def median(column):
        there = [value for value in column if value]
        return statistics.median(there) if there else float("nan")

    def ratios(ours, theirs):
        both = [row for row in rows if ours in row and theirs in row]
        each = ([b and a / b for a, b in zip(speeds(r, ours), speeds(r, theirs))] for r in both)
        return [median(column) for column in zip(*each)]

    heads = [f"beam {b}, batch {s}" for b, s in SETTINGS]
    print("| engine | " + " | ".join(heads) + " | load s | peak MiB |")
    print("|---|" + "---:|" * (len(SETTINGS) + 2))
    peaks = {}
    for name in names:
        runs = [row for row in rows if name in row]
        each = [median(column) for column in zip(*(speeds(r, name) for r in runs))]
        load = statistics.median(r[name]["load_s"] for r in runs)
        peaks[name] = max(r[name]["peak_rss_mib"] for r in runs)
        print(f"| {name} | " + " | ".join(f"{s:.0f}" for s in each) + f" | {load:.2f} | {peaks[name]:.0f} |")
    for ours, theirs in RATIOS:
        if ours in peaks and theirs in peaks:
            each = " | ".join(f"{ratio:.2f}" for ratio in ratios(ours, theirs))
            print(f"| {ours} : {theirs} | {each} | | {peaks[ours] / peaks[theirs]:.2f} |")
    print("\n| asked | of | is | |\n|---|---|---:|---|")
    for ours, theirs, size, least in ASKED:
        if ours not in peaks or theirs not in peaks:
            continue
        for (beams, each), ratio in zip(SETTINGS, ratios(ours, theirs)):
            if each == size:
                holds = "holds" if ratio >= least else "falls short"
                print(f"| at least {least} times {theirs} | {ours}, beam {beams}, batch {size} | {ratio:.2f} | {holds} |")
        if size > 1:
            ratio = peaks[ours] / peaks[theirs]
            holds = "holds" if ratio <= MEMORY else "falls short"
            print(f"| at most {MEMORY} times the memory of {theirs} | {ours} | {ratio:.2f} | {holds} |")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[2].removeprefix("usage: "))
    parser.add_argument("lines", nargs="?")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--slow", type=int, default=sys.maxsize)
    parser.add_argument("--only")
    parser.add_argument("--program")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    options = parser.parse_args()
    installed()
    jobs_path = WORK / "jobs.json"
    if options.engine:
        print(json.dumps(theirs(options.engine, options.threads, json.loads(jobs_path.read_text()))))
        return
    lines = lines_of(options.lines)
    step = max(1, len(lines) // options.sentences)
    sentences, version = build(lines)
    ordered = sorted(sentences[::step][:options.sentences], key=lambda s: len(s[0]))
    # as many full slices as there are, each of all lengths, and what is left over, of all lengths too
    full, left = divmod(len(ordered), 32)
    rest = ordered[:: max(1, len(ordered) // left)][:left] if left else []
    dealt = [sentence for sentence in ordered if not any(sentence is other for other in rest)]
    slices = [dealt[i::full] for i in range(full)] + [rest] * bool(rest)
    program = [options.program] if options.program else ["cargo", "bench", "-q", "--bench", "seq2seq", "--"]
    names = options.only.split(",") if options.only else ENGINES
    print(f"CTranslate2 {version}, {options.threads} threads, {len(ordered)} sentences in {len(slices)} slices, {options.rounds} times: "
          "target tokens/s", file=sys.stderr)
    table(names, race(names, slices, options.rounds, options.slow, options.threads, program, jobs_path))

if __name__ == "__main__":
    main()
