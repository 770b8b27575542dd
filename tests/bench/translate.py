#!/usr/bin/env python3
"""Race byline's translation of one article against llama.cpp, which translates its segments one by one.

usage: translate.py FILE.gguf BYLINE [--article ARTICLE] [--segments N] [--to LANG] [--rounds N] [--threads N]
                                                                  (needs: pip install llama-cpp-python)

Without ARTICLE the segments are the first lines of the articles under tests/articles. Both get the same segments and
the same instructions; llama.cpp keeps what its last prompt began with. Tokens a second: what was written, by the time
from the first prompt to the last token, loading left out. Engines take turns, a process each.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"zh": "Simplified Chinese", "en": "English"}
THEIRS = r"""
import json, resource, sys, time
from llama_cpp import Llama
job = json.load(open(sys.argv[1]))
model = Llama(job["gguf"], n_ctx=2048, n_threads=job["threads"], n_threads_batch=job["threads"], verbose=False)
system = {"role": "system", "content": job["instructions"]}
written, since, example = 0, time.time(), []
for segment in job["segments"]:
    asked = [system, *example, {"role": "user", "content": segment}]
    done = model.create_chat_completion(asked, temperature=0.0, repeat_penalty=1.0, max_tokens=job["most"], stop=["\n"])
    written += done["usage"]["completion_tokens"]
    text = done["choices"][0]["message"]["content"].strip()
    example = example or [{"role": "user", "content": segment}, {"role": "assistant", "content": text}]
seconds = time.time() - since
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"tokens_per_s": written / seconds, "tokens": written, "seconds": seconds, "peak_rss_mib": peak}))
"""


def instructions(to):
    source = (ROOT / "src/translate/llm.rs").read_text()
    text = re.search(r'fn instructions.*?format!\(\s*"(.*?)",', source, re.S).group(1)
    text = re.sub(r"\\\n\s*", "", text)
    return text.replace("{}", "English", 1).replace("{}", LANGUAGES[to], 1)


def segments_of(path, count):
    paths = [Path(path)] if path else sorted((ROOT / "tests" / "articles").glob("*.en.txt"))
    lines = [line.strip() for p in paths for line in p.read_text().splitlines()]
    sentences = [s for line in lines for s in re.split(r"(?<=[.!?])\s+(?=[A-Z])", line) if len(s.split()) > 5]
    return sentences[:count]


def ours(args, article):
    command = [args.byline, "bench", "--suite", "translate", str(article), "--to", args.to, "--format", "json", "--offline"]
    command += ["--model", f"translate={args.gguf},embed=none", "--threads", str(args.threads), "--quiet"]
    output = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    stage = next(s for s in output["stages"] if s["stage"].startswith("translating"))
    return {"tokens_per_s": stage["written_tokens_per_s"], "tokens": stage["written_tokens"],
            "seconds": stage["seconds"], "peak_rss_mib": output["peak_rss_mib"]}


def theirs(job):
    output = subprocess.run([sys.executable, "-c", THEIRS, str(job)], check=True, capture_output=True, text=True)
    return json.loads(output.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf")
    parser.add_argument("byline")
    parser.add_argument("--article")
    parser.add_argument("--segments", type=int, default=24)
    parser.add_argument("--to", default="zh", choices=sorted(LANGUAGES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    segments = segments_of(args.article, args.segments)
    with tempfile.TemporaryDirectory() as folder:
        article, job = Path(folder) / "segments.en.txt", Path(folder) / "job.json"
        article.write_text("\n\n".join(segments) + "\n")
        job.write_text(json.dumps({"gguf": args.gguf, "threads": args.threads, "segments": segments, "most": 200,
                                   "instructions": instructions(args.to)}))
        rounds = []
        for _ in range(args.rounds):
            rounds.append((theirs(job), ours(args, article)))
            print(json.dumps({"llama.cpp": rounds[-1][0], "byline": rounds[-1][1]}), file=sys.stderr, flush=True)
    result = {"segments": len(segments)}
    for key in ("tokens_per_s", "seconds", "peak_rss_mib"):
        result[key] = {"llama.cpp": round(statistics.median(t[key] for t, _ in rounds), 2),
                       "byline": round(statistics.median(o[key] for _, o in rounds), 2),
                       "ratio": round(statistics.median(o[key] / t[key] for t, o in rounds), 3)}
    print(json.dumps(result, indent=1))


main()
