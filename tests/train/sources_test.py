"""Trainings on several data sets at once, and on copies of them, through the binary.

usage: sources_test.py BINARY MPIRUN WORK_DIR FLAKY_READS_LIBRARY
"""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import training_data  # noqa: E402

BINARY, MPIRUN, WORK, FLAKY_READS = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]) / "sources", sys.argv[4]
RANKS = 2
STORAGE = 74  # the exit code that tells a job script to start again
SETTINGS = ["data.sampling=resampled", "data.weights=[1, 3]", "data.epoch_samples=30"]


def command(name, *overrides, ranks=RANKS, sources=("a", "b")):
    launch = [MPIRUN, str(ranks)] if ranks > 1 else []
    folders = ", ".join(f"{WORK}/{source}/shards" for source in sources)
    return [*launch, BINARY, "train", WORK / "a/config.yaml", f"name={name}", f"data.train=[{folders}]",
            *overrides]


def train(name, *overrides, **how):
    return subprocess.run(command(name, *overrides, **how), capture_output=True, text=True, timeout=120)


def losses(name):
    lines = (WORK / f"a/runs/{name}/results.jsonl").read_text().splitlines()
    return {line["step"]: line["train"]["loss"] for line in map(json.loads, lines) if "train" in line}


def plan(*overrides):
    return subprocess.run([BINARY, "plan", WORK / "a/config.yaml", "--ranks", "2", *overrides],
                          capture_output=True, text=True)


class Sources(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(WORK, ignore_errors=True)
        for name, number in (("a", 40), ("b", 24)):
            training_data.make_data(WORK / name, BINARY, number, "--short-side", "20")
        training_data.write_configuration(WORK / "a", 6, 2, 30, "{every_epochs: 0, at_start: false}")

    def succeed(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr


class Mixture(Sources):
    def test_any_number_of_ranks_draws_the_same_samples_also_after_a_stop(self):
        self.succeed(train("two", *SETTINGS))
        self.succeed(train("one", *SETTINGS, ranks=1))
        self.succeed(train("stopped", *SETTINGS))
        for checkpoint in ("step_00000006", "step_00000004"):
            shutil.rmtree(WORK / f"a/runs/stopped/checkpoints/{checkpoint}")
        self.succeed(train("stopped", *SETTINGS, ranks=1))
        expected = losses("two")
        self.assertEqual(len(expected), 6)
        for name in ("one", "stopped"):
            for step, loss in losses(name).items():
                self.assertAlmostEqual(loss, expected[step], delta=1e-4)

    def test_a_run_does_not_continue_with_other_sources(self):
        self.succeed(train("kept"))
        for sources in (("b", "a"), ("a",), ("a", "a")):
            refused = train("kept", sources=sources)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn("was trained on another data set than", refused.stderr)
        self.assertIn("resuming from step 6", self.succeed(train("kept")))

    def test_plan_counts_all_sources(self):
        both = f"data.train=[{WORK}/a/shards, {WORK}/b/shards]"
        printed = plan(both).stdout
        self.assertIn("64 samples in 2 shard(s)", printed)
        self.assertIn("5 per epoch (4 samples left out)", printed)
        self.assertIn("2 per epoch (6 samples left out)", plan(both, *SETTINGS).stdout)
        self.assertIn("is not there", plan("data.train=[/neither, /nowhere]").stdout)
        self.assertEqual(plan(f"data.train=[{WORK}/a/shards, /nowhere]").returncode, 3)
        short = plan(both, "data.sampling=resampled", "data.epoch_samples=6")
        self.assertEqual(short.returncode, 2)
        self.assertIn("larger than an epoch, data.epoch_samples = 6", short.stderr)


class Damage(Sources):
    def test_a_run_that_leaves_records_out_continues_on_other_ranks(self):
        shutil.copytree(WORK / "b", WORK / "marred", dirs_exist_ok=True)
        shard = WORK / "marred/shards/shard-00000.h5"
        with h5py.File(shard) as file:
            start, index = file["images/bytes"].id.get_offset(), file["images/index"][:]
        content = bytearray(shard.read_bytes())
        for row in (3, 11):
            content[start + int(index[row]["offset"])] ^= 1
        shard.write_bytes(content)
        # A rank may leave out two records per start. The second start, on one rank, meets both again.
        settings = ["data.on_corrupt=skip", "data.max_corrupt=2"]
        self.succeed(train("marred", *settings, sources=["marred"]))
        self.succeed(train("marred_on", *settings, sources=["marred"]))
        for checkpoint in ("step_00000006", "step_00000004"):
            shutil.rmtree(WORK / f"a/runs/marred_on/checkpoints/{checkpoint}")
        resumed = self.succeed(train("marred_on", *settings, ranks=1, sources=["marred"]))
        self.assertIn("resuming from step 2", resumed)
        for row in (3, 11):
            self.assertIn(f"another sample takes its place: shard {shard} row {row} ", resumed)
        for step, loss in losses("marred").items():
            self.assertAlmostEqual(losses("marred_on")[step], loss, delta=1e-4)
        refused = train("marred_twice", settings[0], "data.max_corrupt=1", ranks=1, sources=["marred"])
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertIn("data.max_corrupt allows 1 such record(s) per rank and start", refused.stderr)


class FailingStorage(Sources):
    def begin(self, name, **variables):
        """Starts a training on one rank whose storage fails after some batches."""
        settings = {"LD_PRELOAD": FLAKY_READS, "FLAKY_READS": "1", "FLAKY_AFTER": "52"} | variables
        return subprocess.Popen(command(name, ranks=1, sources=["b"]), stderr=subprocess.PIPE, text=True,
                                env=os.environ | settings)

    def test_a_failure_that_passes_changes_nothing(self):
        self.succeed(train("steady", ranks=1, sources=["b"]))
        for name, variables in (("passing", {}), ("back", {"FLAKY_GONE": "2"})):
            training = self.begin(name, **variables)
            errors = training.communicate(timeout=60)[1]
            self.assertEqual(training.returncode, 0, errors)
            self.assertIn("Input/output error; trying again", errors)
            self.assertEqual(losses(name), losses("steady"))

    def test_storage_that_is_gone_ends_the_run_and_is_named(self):
        start = time.monotonic()
        training = self.begin("gone", FLAKY_READS="1000000", FLAKY_GONE="1000000")
        errors = training.communicate(timeout=120)[1]
        self.assertEqual(training.returncode, STORAGE, errors)
        shard = f"{WORK}/b/shards/shard-00000.h5"
        self.assertIn(f"cannot open {shard}, which was open before: its storage is gone or fails: No such file or "
                      "directory, also when tried 4 times again", errors)
        self.assertGreater(len(losses("gone")), 0)
        # The run waits 8.5 s for one sample of this batch and one of the next, not for every sample.
        self.assertLess(time.monotonic() - start, 60)


class Staging(Sources):
    @contextlib.contextmanager
    def slow_copy(self, name):
        """Yields a training on two ranks that is copying its only shard, which takes a while, and its ranks' ids."""
        shutil.copytree(WORK / "b", WORK / "slow", dirs_exist_ok=True)
        shard = WORK / "slow/shards/shard-00000.h5"
        content = shard.read_bytes()
        os.truncate(shard, 8 << 30)  # adds a hole, which reads as zeros
        running = subprocess.Popen(command(name, f"data.stage={WORK}/{name}", sources=["slow"]),
                                   stderr=subprocess.PIPE, text=True)
        try:
            for line in running.stderr:
                if "are copied to" in line:
                    break
            yield running, training_data.ranks_of(BINARY, f"name={name}", WORK / "a/config.yaml")
        finally:
            running.kill()
            shard.write_bytes(content)

    def test_a_request_to_stop_ends_all_ranks(self):
        with self.slow_copy("stopped_early") as (running, ranks):
            os.kill(ranks[1], signal.SIGUSR1)  # rank 0 copies
            errors = running.communicate(timeout=60)[1]
        self.assertEqual(running.returncode, 75, errors)
        self.assertIn("there is no new checkpoint", errors)
        self.assertEqual(list((WORK / "stopped_early").glob("*/*")), [])
        self.assertFalse((WORK / "a/runs/stopped_early").exists())

    def test_the_next_start_completes_the_copy_of_a_killed_run(self):
        stage = WORK / "killed"
        with self.slow_copy("killed") as (running, ranks):
            while not any(path.stat().st_size for path in stage.glob("*/*")):
                self.assertIsNone(running.poll())
            os.kill(ranks[0], signal.SIGKILL)
            running.communicate(timeout=60)
        self.assertNotEqual(running.returncode, 0)
        self.assertEqual(len(list(stage.glob("*/*"))), 1)
        self.assertIn("1 of 1 shard(s)", self.succeed(train("killed", f"data.stage={stage}", sources=["slow"])))
        self.assertEqual(sorted(path.name for path in stage.glob("*/*")), ["manifest.yaml", "shard-00000.h5"])
        self.succeed(train("original", sources=["b"]))
        self.assertEqual(losses("killed"), losses("original"))

    def test_copies_are_read_and_used_again(self):
        stage = f"data.stage={WORK}/local"
        self.assertIn("2 of 2 shard(s)", self.succeed(train("staged", stage)))
        self.succeed(train("unstaged"))
        self.assertEqual(losses("staged"), losses("unstaged"))
        shutil.rmtree(WORK / "a/runs/staged")
        shards = list((WORK / "local").glob("*/shard-*.h5"))
        self.assertEqual(len(shards), 2)
        times = [path.stat().st_mtime_ns for path in shards]
        self.assertIn("0 of 2 shard(s)", self.succeed(train("staged", stage)))
        self.assertEqual(times, [path.stat().st_mtime_ns for path in shards])

    def test_a_copy_that_cannot_be_made_ends_all_ranks(self):
        shutil.copytree(WORK / "b", WORK / "damaged", dirs_exist_ok=True)
        shard = WORK / "damaged/shards/shard-00000.h5"
        content = bytearray(shard.read_bytes())
        content[len(content) // 2] ^= 1
        shard.write_bytes(content)
        failed = train("failed", f"data.stage={WORK}/local2", sources=("a", "damaged"))
        self.assertEqual(failed.returncode, 3, failed.stderr)
        self.assertIn("damaged/shards/shard-00000.h5 fails its manifest's size or checksum", failed.stderr)

    def test_ranks_wait_longer_than_a_collective_may_take(self):
        # This process locks the folder for longer than a collective's timeout.
        folder = WORK / "held"
        folder.mkdir(exist_ok=True)
        holder = os.open(folder, os.O_RDONLY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        threading.Timer(25, os.close, [holder]).start()
        waited = self.succeed(train("waited", f"data.stage={folder}", "runtime.timeout_s=10"))
        self.assertIn("waiting for it to end", waited)
        self.assertEqual(len(list(folder.glob("*/shard-*.h5"))), 2)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    unittest.main(argv=sys.argv[:1], verbosity=2)
