"""The first 100 steps of the quickstart's model must lose what they lost when tests/golden/loss_curve.json
was recorded.

usage: loss_curve_test.py BINARY MPIRUN WORK_DIR [--record]

Trains configs/quickstart.yaml's model, optimizer and objective on pictures made here, 16 samples a step,
on one rank and on two. --record writes the curve of one rank to tests/golden instead of comparing.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import training_data  # noqa: E402

BINARY, MPIRUN = sys.argv[1:3]
WORK = pathlib.Path(sys.argv[3]) / "loss_curve"
GOLDEN = training_data.SOURCE / "tests/golden/loss_curve.json"
STEPS = 100


def make_data():
    # Raw pixels, so that no JPEG library has a part in the numbers.
    shutil.rmtree(WORK, ignore_errors=True)
    training_data.make_data(WORK, BINARY, 160, "--raw")


def curve(ranks, *overrides):
    """The losses of the steps, first to last, on so many ranks."""
    name = f"ranks_{ranks}"
    launch = [MPIRUN, str(ranks)] if ranks > 1 else []
    subprocess.run(
        [*launch, BINARY, "train", "configs/quickstart.yaml", f"output={WORK}", f"name={name}",
         f"data.train={WORK}/shards", "batch_size=16", f"schedule.max_steps={STEPS}", "schedule.warmup=10",
         "checkpoint.every_epochs=0", "validation.benchmarks=[]", "runtime.device=cpu", "runtime.log_every=1",
         *overrides], check=True, cwd=training_data.SOURCE, timeout=120)
    lines = map(json.loads, (WORK / name / "results.jsonl").read_text().splitlines())
    return [line["train"]["loss"] for line in lines if "train" in line]
