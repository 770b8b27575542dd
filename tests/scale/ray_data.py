#!/usr/bin/env python3
"""200 articles through Ray Data, by actors that keep their process, one of which dies once.

usage: ray_data.py BYLINE       (needs: pip install "ray[data]")
"""
import os
import subprocess
import sys
import tempfile

import ray

from articles import article, command, compare, single


class Filter:
    """An actor with a process that reads lines and answers each."""

    def __init__(self, byline, died):
        self.died = died
        self.process = subprocess.Popen(command(byline), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, batch):
        answers = []
        for line in batch["line"]:
            if '"id": "a57"' in line and not os.path.exists(self.died):
                open(self.died, "w").close()
                self.process.kill()
                os._exit(9)
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answers.append(self.process.stdout.readline().rstrip("\n"))
        return {"answer": answers}


byline = os.path.abspath(sys.argv[1])
lines = [article(i) for i in range(200)]
with tempfile.TemporaryDirectory() as folder:
    died = os.path.join(folder, "died")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = ray.data.from_items([{"line": line} for line in lines], override_num_blocks=8)
    answered = rows.map_batches(
        Filter,
        fn_constructor_args=(byline, died),
        batch_size=10,
        compute=ray.data.ActorPoolStrategy(size=2),
        num_cpus=0.5,
    )
    found = [row["answer"] for row in answered.take_all()]
    ray.shutdown()
    if not os.path.exists(died):
        raise SystemExit("no worker died: the test shows nothing")
    compare("ray", found, single(byline, lines))
