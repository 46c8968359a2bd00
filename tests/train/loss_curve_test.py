"""The first 100 steps of the quickstart's model must have the losses recorded in
tests/golden/loss_curve.json.

usage: loss_curve_test.py BINARY MPIRUN WORK_DIR [--record]

Trains configs/quickstart.yaml's model with its objective and optimizer, at a tenth of its learning rate,
on images made here, 16 per step, on one rank and on two. --record writes the curve of one rank to
tests/golden instead of comparing. Use it if a change is meant to change the curve.

Rounding differs between machines and numbers of ranks, and training amplifies the differences: gradients
are steep while the weights are random, and the weights of patches and captions depend on the features.
Between one rank and two on one machine the losses differ by 2e-6 up to step 10, then by up to 3 % per step
and 0.4 % in the mean of ten steps. So the tolerance of the first ten steps is small, which shows a wrong
direction of the gradient or a wrong learning rate at once; later steps are compared by their mean over ten.
A wrong factor of the whole gradient does not show, because AdamW and the clipping of its norm remove it;
tests/train/distributed_step_test.cpp compares the gradients themselves.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import unittest
from statistics import fmean

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import training_data  # noqa: E402

BINARY, MPIRUN = sys.argv[1:3]
WORK = pathlib.Path(sys.argv[3]) / "loss_curve"
GOLDEN = training_data.SOURCE / "tests/golden/loss_curve.json"
STEPS = 100
WINDOW = 10
FIRST_TOLERANCE = 1e-4  # relative, of each of the first WINDOW losses
MEAN_TOLERANCE = 0.02  # relative, of the mean of each later WINDOW


def make_data():
    # Pixels are stored raw, so that the numbers do not depend on a JPEG library.
    shutil.rmtree(WORK, ignore_errors=True)
    training_data.make_data(WORK, BINARY, 160, "--raw")


def curve(ranks):
    """The losses of all steps on `ranks` ranks."""
    name = f"ranks_{ranks}"
    launch = [MPIRUN, str(ranks)] if ranks > 1 else []
    subprocess.run(
        [*launch, BINARY, "train", "configs/quickstart.yaml", f"output={WORK}", f"name={name}",
         f"data.train={WORK}/shards", "batch_size=16", "optimizer.lr=1e-4", f"schedule.max_steps={STEPS}",
         "schedule.warmup=10", "checkpoint.every_epochs=0", "validation.benchmarks=[]", "runtime.device=cpu",
         "runtime.log_every=1"], check=True, cwd=training_data.SOURCE)
    lines = map(json.loads, (WORK / name / "results.jsonl").read_text().splitlines())
    return [line["train"]["loss"] for line in lines if "train" in line]


def record():
    make_data()
    losses = ",\n  ".join(str(round(loss, 6)) for loss in curve(1))
    GOLDEN.write_text(f'{{"losses": [\n  {losses}]}}\n')


class LossCurve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        make_data()
        cls.recorded = json.loads(GOLDEN.read_text())["losses"]

    def test_one_rank(self):
        self.assert_recorded(curve(1))

    def test_two_ranks(self):
        self.assert_recorded(curve(2))

    def assert_recorded(self, losses):
        self.assertEqual(len(losses), STEPS)
        for step in range(WINDOW):
            self.assert_near(losses[step], self.recorded[step], FIRST_TOLERANCE, f"step {step + 1}")
        for first in range(WINDOW, STEPS, WINDOW):
            window = slice(first, first + WINDOW)
            self.assert_near(fmean(losses[window]), fmean(self.recorded[window]), MEAN_TOLERANCE,
                             f"mean of steps {first + 1} to {first + WINDOW}")

    def assert_near(self, value, recorded, tolerance, what):
        self.assertAlmostEqual(value / recorded, 1, delta=tolerance, msg=f"{what}: {value}, recorded {recorded}")


if __name__ == "__main__":
    if sys.argv[4:] == ["--record"]:
        record()
    else:
        unittest.main(argv=sys.argv[:1], verbosity=2)
