#!/usr/bin/env python3
"""Does the cost of a segment stay the same, and memory bounded, when a file grows? Through the program itself.

usage: stream.py [--program FILE] [SEGMENTS ...]

Writes JSONL files of so many one-sentence articles (100, 1000, 10000 and 100000 where none are named) and translates
each with the small model of the tests: milliseconds a segment, seconds until the first line is out, the most memory.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
THINGS = ["bridge", "tunnel", "park", "market", "port", "road"]
STATES = ["closed", "opened", "sold", "flooded", "damaged"]


def sentence(i):
    return f"The {THINGS[i % 6]} was {STATES[i % 5]} for {5 + i % 90} days."


def run(program, segments, folder):
    path = Path(folder) / "in.jsonl"
    with path.open("w") as file:
        for i in range(segments):
            file.write(json.dumps({"id": str(i), "language": "en", "text": sentence(i)}) + "\n")
    command = [program, "translate", "--from", "en", "--to", "uk", "--offline", "--format", "json",
               "--input-format", "jsonl", "--model", f"translate={ROOT / 'tests/pocket'}", str(path)]
    started = time.time()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             env=dict(os.environ, BYLINE_CACHE=folder))
    lines = int(bool(child.stdout.readline()))
    first = time.time() - started
    lines += sum(1 for _ in child.stdout)
    _, status, usage = os.wait4(child.pid, 0)
    assert lines == segments, f"{lines} of {segments} translations, status {status}"
    whole = time.time() - started
    print(f"| {segments} | {1000 * (whole - first) / segments:.2f} | {first:.2f} | {usage.ru_maxrss / 1024:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[2].removeprefix("usage: "))
    parser.add_argument("segments", nargs="*", type=int)
    parser.add_argument("--program", default=str(ROOT / "target/release/byline"))
    options = parser.parse_args()
    print("| segments | ms a segment | s to the first | peak MiB |\n|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for segments in options.segments or [100, 1000, 10_000, 100_000]:
            run(options.program, segments, folder)


if __name__ == "__main__":
    main()
