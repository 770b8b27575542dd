#!/usr/bin/env bash
# Apache Spark and Ray Data, each over 200 articles with a worker that dies: both drivers, in an environment of their own.
#
# usage: run.sh BYLINE            (needs python3 with venv, and Java 17; where there is none, Debian's apt and root)
set -euo pipefail
byline="$(realpath "$1")"
cd "$(dirname "$0")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

if ! command -v java > /dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless > /dev/null
fi
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check pyspark==3.5.* "ray[data]==2.*"
"$work/python/bin/python" spark.py "$byline" 2> "$work/said" || { cat "$work/said" >&2; exit 1; }
"$work/python/bin/python" ray_data.py "$byline" 2> "$work/said" || { cat "$work/said" >&2; exit 1; }
