#!/usr/bin/env python3
"""Does a batch of digests keep its pace and its memory, however many articles it has?

usage: digests.py BYLINE [ARTICLES ...]

Writes JSONL files of so many articles (100, 1000 and 10000 where none are named) and makes a digest of each with one
translation, by the small model of the tests, into a file of lines: articles a second, the most memory, and the size of the
results. A second run over the same must make nothing and give the same bytes.
"""
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from articles import article

ROOT = Path(__file__).resolve().parents[2]


def batch(byline, folder, name):
    """Runs the batch; seconds, the most memory in MiB, and what the program said last."""
    command = [byline, "batch", f"{name}.jsonl", "-o", f"{name}.out.jsonl", "--method", "extractive", "--to", "uk",
               "--from", "en", "--model", f"translate={ROOT / 'tests/pocket'},embed=none", "--offline"]
    began = time.time()
    with open(folder / "said", "w") as said:
        child = subprocess.Popen(command, cwd=folder, stderr=said, env=dict(os.environ, BYLINE_CACHE=str(folder)))
        _, status, usage = os.wait4(child.pid, 0)
    last = (folder / "said").read_text().splitlines()[-1]
    # 1: some translation must be looked at, as those of the small model must
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(last)
    return time.time() - began, usage.ru_maxrss / 1024, last


def main():
    byline = os.path.abspath(sys.argv[1])
    sizes = [int(size) for size in sys.argv[2:]] or [100, 1000, 10_000]
    print("| articles | articles a second | peak MiB | results MB |\n|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for size in sizes:
            with open(folder / f"{size}.jsonl", "w") as file:
                for i in range(size):
                    print(article(i), file=file)
            seconds, peak, _ = batch(byline, folder, str(size))
            output = folder / f"{size}.out.jsonl"
            whole = hashlib.sha256(output.read_bytes()).digest()
            mb = output.stat().st_size / 1e6
            print(f"| {size} | {size / seconds:.1f} | {peak:.0f} | {mb:.1f} |", flush=True)
            _, _, last = batch(byline, folder, str(size))
            if f"{size} articles: 0 made, {size} were there" not in last:
                raise SystemExit(f"a second run made something again: {last}")
            if hashlib.sha256(output.read_bytes()).digest() != whole:
                raise SystemExit("a second run changed the results")


if __name__ == "__main__":
    main()
