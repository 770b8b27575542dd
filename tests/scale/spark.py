#!/usr/bin/env python3
"""200 articles through Apache Spark's rdd.pipe, with a worker that dies once.

usage: spark.py BYLINE          (needs: pip install pyspark, and Java 17)

Each partition is piped through a process of its own. The first process that sees article a57 is killed when it does; Spark
runs its partition again.
"""
import os
import shlex
import stat
import sys
import tempfile

from pyspark import SparkConf, SparkContext

from articles import article, command, compare, single

byline = os.path.abspath(sys.argv[1])
lines = [article(i) for i in range(200)]
with tempfile.TemporaryDirectory() as folder:
    died = os.path.join(folder, "died")
    worker = os.path.join(folder, "worker.sh")
    with open(worker, "w") as script:
        # awk answers for the line that kills: it ends with an error half-way through the partition, once
        script.write(
            "#!/bin/bash\nset -o pipefail\n"
            f'if [ ! -e {shlex.quote(died)} ]; then\n'
            f'  awk \'/"id": "a57"/ {{ system("touch {died}"); exit 9 }} {{ print; fflush() }}\' | {shlex.join(command(byline))}\n'
            f"else\n  exec {shlex.join(command(byline))}\nfi\n"
        )
    os.chmod(worker, os.stat(worker).st_mode | stat.S_IXUSR)
    conf = SparkConf().setMaster("local[2,4]").setAppName("byline").set("spark.ui.enabled", "false")
    spark = SparkContext(conf=conf)
    spark.setLogLevel("OFF")
    found = spark.parallelize(lines, 8).pipe(worker, checkCode=True).collect()
    spark.stop()
    if not os.path.exists(died):
        raise SystemExit("no worker died: the test shows nothing")
    expected = single(byline, lines)
    compare("spark", found, expected)
    if found != expected:
        raise SystemExit("spark: the order of the articles was lost")
