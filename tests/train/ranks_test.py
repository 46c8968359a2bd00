"""mpirun starts the ranks of a run with different commands. All ranks must end at once, with one error line
that names the rank and what differs.

usage: ranks_test.py BINARY WORK_DIR
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import training_data  # noqa: E402

BINARY, WORK = sys.argv[1], pathlib.Path(sys.argv[2]) / "ranks"
USAGE = 2
SOON = 20  # seconds: far below the timeout of a collective
BOTH = (2, 3)
DIFFERS = "rank 1 differs from rank 0 in: "


def mpirun(*commands):
    """Runs each command on its own rank. Returns the finished process and its duration in seconds."""
    parts = []
    for command in commands:
        parts += [":"] * bool(parts) + ["-n", "1", BINARY, *map(str, command)]
    start = time.monotonic()
    done = subprocess.run(
        ["mpirun", "--oversubscribe", "--bind-to", "none", *parts], capture_output=True, text=True, timeout=100,
        env={**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    done.seconds = time.monotonic() - start
    return done


def train(name, *of_rank_1, ranks=2, common=()):
    """A training whose rank 1 gets the additional settings `of_rank_1`."""
    command = ["train", WORK / "config.yaml", f"name={name}", *common]
    return mpirun(*([*command, *(of_rank_1 if rank == 1 else ())] for rank in range(ranks)))


class Ranks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(WORK, ignore_errors=True)
        training_data.make_data(WORK, BINARY, 30, "--short-side", "20")
        training_data.make_data(WORK / "other", BINARY, 36, "--short-side", "20")
        training_data.write_configuration(WORK, 2, 1, 60, "{every_epochs: 0, at_start: false}")
        for seed in (1, 2):
            cls.assert_trains(train(f"seed_{seed}", common=[f"seed={seed}"]))

    @staticmethod
    def assert_trains(done):
        assert done.returncode == 0, done.stderr

    @staticmethod
    def checkpoint(name, step=2):
        return WORK / f"runs/{name}/checkpoints/step_{step:08d}"

    @staticmethod
    def files(name):
        """The content of the files of a run's directory, by name."""
        return {path.name: path.read_bytes() for path in (WORK / "runs" / name).iterdir() if path.is_file()}

    @staticmethod
    def second_benchmark():
        """A benchmark like colors.yaml with another name."""
        path = WORK / "second.yaml"
        path.write_text((WORK / "colors.yaml").read_text().replace("name: colors", "name: second"))
        return path

    def assert_refused(self, done, difference, code=USAGE):
        self.assertEqual(done.returncode, code, done.stderr)
        errors = [line for line in done.stderr.splitlines() if "| error |" in line]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertIn(f"| rank 0 | error | {DIFFERS}{difference}", errors[0])
        self.assertLess(done.seconds, SOON)

    def test_seeds_differ(self):
        for ranks in BOTH:
            self.assert_refused(train("new", "seed=2", ranks=ranks), "seed (2, not 0)")
        self.assertFalse((WORK / "runs/new").exists())

    def test_batch_sizes_differ(self):
        for ranks in BOTH:
            self.assert_refused(train("new", "batch_size=6", ranks=ranks), "batch_size (6, not 12)")

    def test_only_one_stages_its_data(self):
        self.assert_refused(train("new", f"data.stage={WORK}/stage"), "data.stage (set, not empty)")

    def test_weights_differ(self):
        for ranks in BOTH:
            done = train("weights", f"model.pretrained={self.checkpoint('seed_2')}", ranks=ranks,
                         common=[f"model.pretrained={self.checkpoint('seed_1')}"])
            self.assert_refused(done, "the initial weights (of model.pretrained")
        self.assertEqual(list((WORK / "runs/weights").iterdir()), [])

    def test_data_differ(self):
        for ranks in BOTH:
            done = train("data", f"data.train={WORK}/other/shards", ranks=ranks)
            self.assert_refused(done, "the data of data.train; ")

    def test_benchmarks_differ(self):
        done = train("benchmarks", f"validation.benchmarks=[{WORK}/other/colors.yaml]",
                     common=[f"validation.benchmarks=[{WORK}/colors.yaml]"])
        self.assert_refused(done, "the benchmark colors of validation.benchmarks; ")

    def test_benchmarks_in_another_order(self):
        one, two = WORK / "colors.yaml", self.second_benchmark()
        done = train("benchmarks", f"validation.benchmarks=[{two},{one}]",
                     common=[f"validation.benchmarks=[{one},{two}]"])
        self.assert_refused(done, "the list of validation.benchmarks ([second, colors], not [colors, second]); ")
        command = ["evaluate", "--checkpoint", self.checkpoint("seed_1"), "--benchmark"]
        self.assert_refused(mpirun([*command, one, two], [*command, two, one]),
                            "the list of --benchmark ([second, colors], not [colors, second]); ")

    def test_a_rank_that_continues_from_another_checkpoint(self):
        # Rank 1 has its own output folder, which holds a checkpoint of another run.
        shutil.copytree(WORK / "runs/seed_2", WORK / "own/seed_1")
        # Lines behind the checkpoint's step, and a configuration that a continued run would write anew.
        with open(WORK / "runs/seed_1/results.jsonl", "a", encoding="utf-8") as file:
            file.write('{"step": 3, "epoch": 1}\n')
        before = self.files("seed_1")
        for ranks in BOTH:
            done = train("seed_1", f"output={WORK}/own", ranks=ranks, common=["seed=1", "runtime.log_every=2"])
            self.assert_refused(done, "the weights of the checkpoint that the run starts from, the checkpoint")
            self.assertIn("resuming from step 2", done.stderr)
        self.assertEqual(self.files("seed_1"), before)

    def test_a_rank_whose_optimizer_state_was_overwritten(self):
        shutil.copytree(WORK / "runs/seed_1", WORK / "overwritten/seed_1")
        shutil.copy(self.checkpoint("seed_2") / "optimizer.safetensors",
                    WORK / "overwritten/seed_1/checkpoints/step_00000002")
        for ranks in BOTH:
            done = train("seed_1", f"output={WORK}/overwritten", ranks=ranks, common=["seed=1"])
            self.assert_refused(done, "the optimizer's state at the start; ")

    def test_copies_of_the_same_files_are_accepted(self):
        shutil.copytree(WORK / "shards", WORK / "copy/shards")
        shutil.copytree(self.checkpoint("seed_1"), WORK / "copy/weights")
        self.assert_trains(train(
            "copies", f"model.pretrained={WORK}/copy/weights", f"data.train={WORK}/copy/shards", "data.workers=2",
            common=[f"model.pretrained={self.checkpoint('seed_1')}"]))

    def test_evaluations_differ(self):
        def evaluate(run, folder):
            return ["evaluate", "--checkpoint", self.checkpoint(run), "--benchmark", folder / "colors.yaml"]
        self.assert_refused(mpirun(evaluate("seed_1", WORK), evaluate("seed_2", WORK)),
                            "the weights of --checkpoint; ")
        self.assert_refused(mpirun(evaluate("seed_1", WORK), evaluate("seed_1", WORK / "other")),
                            "the benchmark colors of --benchmark; ")
        self.assert_refused(mpirun(evaluate("seed_1", WORK), [*evaluate("seed_1", WORK), "--precision", "amp_bf16"]),
                            "--precision (amp_bf16, not fp32); ")
        self.assert_refused(mpirun(evaluate("seed_1", WORK), [*evaluate("seed_1", WORK), "--batch-size", "7"]),
                            "--batch-size (7, not 256); ")

    def test_watches_differ(self):
        shutil.copytree(WORK / "runs/seed_2", WORK / "watched/seed_1")

        def watch(runs, folder, *more):
            return ["watch", WORK / runs / "seed_1", "--once", "--select", "colors:top1", "--benchmark",
                    folder / "colors.yaml", *more]
        own = watch("runs", WORK)
        self.assert_refused(mpirun(own, watch("runs", WORK / "other")), "the benchmark colors of --benchmark; ")
        self.assert_refused(mpirun(own, [*own, "--batch-size", "7"]), "--batch-size (7, not 256); ")
        self.assert_refused(mpirun(own, [*own, "--precision", "amp_bf16"]), "--precision (amp_bf16, not fp32); ")
        self.assert_refused(mpirun(own, [*own, self.second_benchmark()]), "the list of --benchmark ([colors, second], ")
        # Rank 1 finds another checkpoint of this step in its folder.
        self.assert_refused(mpirun(own, watch("watched", WORK)), "the weights of step_00000001; ")
        for unscored in ("best", "evaluations.jsonl"):
            path = WORK / "runs/seed_1" / unscored
            self.assertFalse(path.exists() and path.read_text())
        self.assert_trains(mpirun(own, own))
        self.assertTrue((WORK / "runs/seed_1/best").is_file())


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    unittest.main(argv=sys.argv[:1], verbosity=2)
