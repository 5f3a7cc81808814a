#!/bin/sh
# What one CUDA device does: a step at the shapes of a 1.5B model, and the spectral panel against full SVDs there.
# Appends each benchmark's JSON line, with the device's name in it, to docs/gpu.md. Takes some minutes.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
"$python" -c 'import sys, torch; sys.exit(0 if torch.cuda.is_available() else "no CUDA device here: nothing to measure")'
for benchmark in "gpu.py" "spectral.py --device cuda"; do
    # shellcheck disable=SC2086 # an option is a word of its own
    line=$("$python" benchmarks/$benchmark | tail -n 1)
    printf '\n```json\n%s\n```\n' "$line" >> docs/gpu.md
    echo "$line"
done
