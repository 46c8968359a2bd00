"""Faults that users meet, tested through the binary: each ends soon, with one clear line, and leaves nothing behind.

usage: bad_input_test.py BINARY WORK_DIR

Every case has a folder of its own with data and a run of two ranks, which it damages. Several cases run at a time.
"""

import concurrent.futures
import contextlib
import io
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import training_data  # noqa: E402

BINARY, WORK = sys.argv[1], pathlib.Path(sys.argv[2]) / "bad_input"
PEER_LOST, USAGE, DATA, STOPPED = 1, 2, 3, 75  # launcher/exit_codes.h
SAMPLES, SAMPLES_PER_SHARD, STEPS = 24, 4, 20000
# With raw images of at most this size the builder takes a shard for full after four of them.
SHARD_OPTIONS = ["--raw", "--short-side", "250", "--shard-size-mb", "1"]
PARALLEL = 3
SOON = 30  # seconds


def configuration(folder):
    return f"""
output: {folder}/runs
name: run
batch_size: 6
model: {{architecture: model.json}}
data: {{train: {folder}/shards, workers: 1, prefetch: 2}}
optimizer: {{lr: 1.0e-4}}
schedule: {{max_steps: {STEPS}, warmup: 5}}
checkpoint: {{every_epochs: 0, every_steps: 5, keep: 2}}
validation: {{every_epochs: 0}}
runtime: {{device: cpu, threads: 1, log_every: 1, timeout_s: 4, bucket_mb: 1}}
"""


def launch(ranks, *arguments):
    return [BINARY, "launch", "--ranks", str(ranks), *map(str, arguments)]


def make_template():
    """Data, and a run that was stopped after a few steps: what every case starts from."""
    shutil.rmtree(WORK, ignore_errors=True)
    folder = WORK / "template"
    training_data.make_data(folder, BINARY, SAMPLES, *SHARD_OPTIONS)
    assert len(list((folder / "shards").glob("*.h5"))) == SAMPLES // SAMPLES_PER_SHARD
    shutil.copy(training_data.MODEL, folder / "model.json")
    (folder / "config.yaml").write_text(configuration(folder))
    Case.start_until(folder, launch(2, "train", folder / "config.yaml"), 12, stop=True)


class Run:
    """A command that has ended."""

    def __init__(self, code, errors, seconds):
        self.code, self.errors, self.seconds = code, errors, seconds
        self.error_lines = [line for line in errors.splitlines() if "| error |" in line]


class Case(unittest.TestCase):
    def setUp(self):
        """Makes a folder for this test that is a copy of the template."""
        self.folder = WORK / self._testMethodName
        shutil.copytree(WORK / "template", self.folder)
        self.write_config(lambda text: text)

    @property
    def checkpoints(self):
        return self.folder / "runs/run/checkpoints"

    def write_config(self, change):
        (self.folder / "config.yaml").write_text(change(configuration(self.folder)))

    def edit(self, name, change):
        path = self.folder / name
        path.write_text(change(path.read_text()))

    def run_command(self, command, **options):
        start = time.monotonic()
        (self.folder / "tmp").mkdir(exist_ok=True)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=self.folder,
                              env={**os.environ, "TMPDIR": str(self.folder / "tmp")}, **options)
        return Run(done.returncode, done.stdout + done.stderr, time.monotonic() - start)

    def train(self, ranks, *overrides):
        return self.run_command(launch(ranks, "train", self.folder / "config.yaml", *overrides))

    def shard(self):
        return self.run_command([BINARY, "shard", "--csv", self.folder / "train.csv", "--images",
                                 self.folder / "images", "--output", self.folder / "new", *SHARD_OPTIONS])

    @staticmethod
    def start_until(folder, command, steps, stop=False, **options):
        """Starts a training, waits until it has logged `steps` steps, and returns its process, running or stopped."""
        log = folder / f"log{time.monotonic_ns()}"
        with open(log, "w", encoding="utf-8") as file:
            running = subprocess.Popen(command, stdout=file, stderr=file, cwd=folder, **options)
        deadline = time.monotonic() + SOON
        while log.read_text().count("Train Epoch") < steps:
            assert time.monotonic() < deadline and running.poll() is None, log.read_text()
            time.sleep(0.02)
        running.log, running.began = log, time.monotonic()
        if stop:
            running.terminate()
            assert running.wait(SOON) == STOPPED, log.read_text()
        return running

    def start(self, ranks, *overrides):
        return self.start_until(self.folder, launch(ranks, "train", self.folder / "config.yaml", *overrides), 3)

    def end_of(self, running):
        code = running.wait(60)
        return Run(code, running.log.read_text(), time.monotonic() - running.began)

    def assert_one_clear_line(self, run, code, *parts):
        self.assert_ended(run, code)
        self.assertEqual(len(run.error_lines), 1, run.errors)
        for part in parts:
            self.assertIn(str(part), run.error_lines[0])

    def assert_ended(self, run, code):
        self.assertEqual(run.code, code, run.errors)
        self.assertLess(run.seconds, SOON)
        for noise in ("what():", "frame #", "terminate called", "Traceback"):
            self.assertNotIn(noise, run.errors)
        self.assert_nothing_left()

    def assert_nothing_left(self):
        deadline = time.monotonic() + 3
        name = os.fsencode(str(self.folder) + "/")
        while (left := [path for path in pathlib.Path("/proc").glob("[0-9]*") if name in command_line(path)]):
            self.assertLess(time.monotonic(), deadline, [command_line(path) for path in left])
            time.sleep(0.05)
        self.assertEqual([path for path in self.folder.rglob("*.tmp*")], [])
        self.assertEqual(list((self.folder / "tmp").glob("dermatome*")), [])
        for path in self.checkpoints.iterdir():
            self.assertTrue(path.name == "latest" or (path / "state.json").exists(), path)

    def assert_resumes(self):
        """The run continues from its newest checkpoint and refuses no checkpoint."""
        newest = max(path.name for path in self.checkpoints.glob("step_*"))
        self.write_config(lambda text: text)
        running = self.start_until(self.folder, launch(2, "train", self.folder / "config.yaml"), 2, stop=True)
        self.assertIn(f"resuming from step {int(newest[5:])} ", running.log.read_text())
        self.assertNotIn("refused", running.log.read_text())


def command_line(process):
    with contextlib.suppress(OSError):
        return (process / "cmdline").read_bytes()
    return b""


class Tables(Case):
    """`dermatome shard` with faults in the table or the images."""

    def write_table(self, change):
        rows = training_data.make_table(self.folder / "again", SAMPLES)
        columns = change(rows) or training_data.COLUMNS
        training_data.write_table(self.folder / "train.csv", columns, rows)

    def assert_no_data_set(self):
        """A training does not accept the leftovers of the failed build as a data set."""
        self.assert_one_clear_line(self.train(2, f"data.train={self.folder}/new"), DATA, "/new",
                                   "is missing", "dermatome shard")

    def assert_builds(self):
        run = self.shard()
        self.assert_ended(run, 0)
        self.assert_ended(self.run_command([BINARY, "verify", self.folder / "new"]), 0)
        return run

    def test_missing_image(self):
        image = self.folder / "images/7.png"
        image.rename(self.folder / "kept.png")
        self.assert_one_clear_line(self.shard(), DATA, image, "No such file", "--max-bad")
        self.assert_no_data_set()
        (self.folder / "kept.png").rename(image)
        self.assertIn("5 kept from before", self.assert_builds().errors)

    def test_unreadable_image(self):
        image = self.folder / "images/9.png"
        content = image.read_bytes()
        image.write_bytes(content[:200])
        self.assert_one_clear_line(self.shard(), DATA, image, "--max-bad")
        self.assert_no_data_set()
        image.write_bytes(content)
        self.assert_builds()

    def test_missing_column(self):
        def drop(rows):
            for row in rows:
                del row["ontology_caption"]
            return [name for name in training_data.COLUMNS if name != "ontology_caption"]
        self.write_table(drop)
        self.assert_one_clear_line(self.shard(), DATA, "train.csv", "no column 'ontology_caption'", "Add it")
        self.assert_no_data_set()

    def test_knowledge_masks_of_the_wrong_length(self):
        self.write_table(lambda rows: rows[2].update(knowledge_masks="[1, 1, 0, 1]"))
        self.assert_one_clear_line(self.shard(), DATA, "train.csv line 4, column knowledge_masks",
                                   "4 instead of 3 entries", "write caption, ontology, visual concept")

    def test_sub_caption_mask_of_the_wrong_length(self):
        self.write_table(lambda rows: rows[3].update(sub_caption_mask="[1, 1]"))
        self.assert_one_clear_line(self.shard(), DATA, "train.csv line 5, column sub_caption_mask",
                                   "2 instead of 8 entries", "--num-subcaptions")

    def test_masks_in_the_order_of_the_public_guide(self):
        def exchange(rows):
            for row in rows:
                caption, ontology, concept = json.loads(row["knowledge_masks"])
                row["knowledge_masks"] = str([caption, concept, ontology])
        self.write_table(exchange)
        self.assertRegex(self.assert_builds().errors,
                         r"warning \| .*train.csv: \d+ row\(s\), first at line \d+: knowledge_masks fit the captions "
                         r"only in the order caption, visual concept, ontology")


class Shards(Case):
    """Training on damaged shards, on two ranks."""

    def shards(self):
        return sorted((self.folder / "shards").glob("*.h5"))

    def assert_names_shard(self, *parts):
        run = self.train(2)
        self.assert_one_clear_line(run, DATA, "| rank ", self.folder / "shards/shard-", "dermatome shard", *parts)
        self.assertRegex(run.error_lines[0], r"\| rank [01] \| error \| (step \d+: )?")

    def test_truncated(self):
        for shard in self.shards():
            os.truncate(shard, shard.stat().st_size - 100)
        self.assert_names_shard("truncated")
        # The image files exist, so only the damaged shards are made again.
        self.assert_ended(self.run_command([BINARY, "shard", "--csv", self.folder / "train.csv", "--images",
                                            self.folder / "images", "--output", self.folder / "shards",
                                            *SHARD_OPTIONS]), 0)
        self.assert_resumes()

    def test_wrong_checksum_of_an_image(self):
        training_data.damage_images(self.shards())
        self.assert_names_shard("row ", "checksum")

    def test_wrong_checksum_of_the_captions(self):
        for shard in self.shards():
            with h5py.File(shard, "r+") as file:
                file["captions/bytes"][0] ^= 1
        self.assert_names_shard("the metadata fails its checksum")

    def test_shards_that_the_file_system_cannot_reach(self):
        os.symlink("loop", self.folder / "loop")
        run = self.train(2, "data.train=loop/shards")
        self.assert_one_clear_line(run, DATA, "loop/shards", "Too many levels of symbolic links")

    def test_manifest_names_a_missing_shard(self):
        for shard in self.shards()[1:]:
            shard.unlink()
        self.assert_names_shard("No such file")

    def test_edited_manifest(self):
        self.edit("shards/manifest.yaml", lambda text: text.replace(f'"num_samples": {SAMPLES_PER_SHARD}',
                                                                    '"num_samples": 3'))
        self.assert_one_clear_line(self.train(2), DATA, "shards/manifest.yaml", "digest", "dermatome shard")


class Checkpoints(Case):
    """Weights of another model."""

    def other_model(self):
        self.edit("model.json", lambda text: text.replace('"patch_size": 8', '"patch_size": 4'))

    def newest(self):
        return max(self.checkpoints.glob("step_*"))

    def test_resumed(self):
        self.other_model()
        self.assert_one_clear_line(self.train(2), USAGE, "model.architecture", self.newest(), "open_clip_config.json")

    def test_pretrained_with_its_configuration(self):
        self.other_model()
        # A run stands for its newest checkpoint.
        run = self.train(2, "name=other", f"model.pretrained={self.folder}/runs/run")
        self.assert_one_clear_line(run, USAGE, "model.architecture", "model.json", self.newest())

    def test_pretrained_without_its_configuration(self):
        self.other_model()
        weights = self.folder / "alone.safetensors"
        shutil.copy(self.newest() / "open_clip_model.safetensors", weights)
        run = self.train(2, "name=other", f"model.pretrained={weights}")
        self.assert_one_clear_line(run, DATA, weights, "visual.", "model.architecture", "needs floating point")

    def test_evaluated(self):
        self.edit(self.newest() / "open_clip_config.json",
                  lambda text: re.sub(r'"patch_size": *8', '"patch_size": 4', text))
        run = self.run_command(launch(2, "evaluate", "--checkpoint", self.newest(), "--benchmark",
                                      self.folder / "colors.yaml"))
        self.assert_one_clear_line(run, DATA, self.newest() / "open_clip_model.safetensors", "visual.")

    def test_no_checkpoint_verifies(self):
        for weights in self.checkpoints.glob("*/open_clip_model.safetensors"):
            os.truncate(weights, 1000)
        self.assert_one_clear_line(self.train(2), DATA, self.checkpoints, "verifies", "remove")


class Settings(Case):
    """Mistakes in the configuration or on the command line: reported before ranks start or, where the mistake
    depends on the ranks, by rank 0 alone."""

    def assert_refused(self, change, *parts):
        self.write_config(change)
        self.assert_refused_before_ranks(self.train(3), *parts)

    def assert_refused_before_ranks(self, run, *parts):
        self.assert_one_clear_line(run, USAGE, *parts)
        self.assertNotIn("mpirun", run.errors)

    def assert_refused_by_rank_0(self, run, *parts):
        self.assert_one_clear_line(run, USAGE, "| rank 0 | error |", *parts)

    def test_key(self):
        self.assert_refused(lambda text: text.replace("batch_size", "bach_size"), "config.yaml:4:1", "'bach_size'",
                            "nearest known key is 'batch_size'")

    def test_value(self):
        self.assert_refused(lambda text: text.replace("device: cpu", "device: gpu"), "config.yaml:11:",
                            "runtime.device = gpu is not one of auto, cpu, cuda")

    def test_type(self):
        self.assert_refused(lambda text: text.replace("warmup: 5", "warmup: five"), "config.yaml:8:",
                            "schedule.warmup = five is not a whole number")

    def test_override(self):
        self.assert_refused_before_ranks(self.train(2, "optimizer.learning_rate=1"),
                                         "override 'optimizer.learning_rate=1'", "called 'optimizer.lr'")

    def test_missing_file(self):
        run = self.run_command(launch(3, "train", self.folder / "no.yaml"))
        self.assert_refused_before_ranks(run, "no.yaml", "No such file")

    def test_option(self):
        run = self.run_command(launch(3, "train", self.folder / "config.yaml", "--resume"))
        self.assert_refused_before_ranks(run, "--resume", "resume=VALUE", "dermatome help train")

    def test_batch_not_divisible_by_ranks(self):
        self.assert_refused_before_ranks(self.train(3, "batch_size=8"), "batch_size 8", "3 ranks",
                                         "change batch_size or the number of ranks")

    def test_more_ranks_than_samples(self):
        training_data.make_data(self.folder / "two", BINARY, 2)
        self.assert_refused_by_rank_0(self.train(3, f"data.train={self.folder}/two/shards"), "two/shards",
                                      "2 samples", "3 ranks", "start fewer ranks")

    def test_cuda_without_a_gpu(self):
        hidden = {"CUDA_VISIBLE_DEVICES": ""}  # hides a GPU if there is one
        run = self.run_command(["env", *(f"{name}={value}" for name, value in hidden.items()),
                                *launch(2, "train", self.folder / "config.yaml", "runtime.device=cuda")])
        self.assert_one_clear_line(run, USAGE, "runtime.device is cuda, but", "runtime.device=cpu")


class Ranks(Case):
    """A training of which one rank fails."""

    def test_an_error_on_one_rank(self):
        # Rank 1 reads a copy of its own, as from a node's disk. The copy is damaged after a while.
        copy = self.folder / "copy"
        shutil.copytree(self.folder / "shards", copy)
        train = [BINARY, "train", str(self.folder / "config.yaml")]
        running = self.start_until(
            self.folder, ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "1", *train, ":",
                          "-n", "1", *train, f"data.train={copy}"], 3,
            env={**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
        training_data.damage_images(sorted(copy.glob("*.h5")))
        run = self.end_of(running)
        self.assert_one_clear_line(run, DATA, "| rank 1 | error | step ", copy, "row ", "checksum")
        self.assert_resumes()

    def test_killed(self):
        running = self.start(3)
        os.kill(self.rank(1), signal.SIGKILL)
        run = self.end_of(running)
        self.assert_ended(run, 128 + signal.SIGKILL)
        self.assertEqual(run.error_lines, [])  # mpirun ends the other ranks before they report
        self.assertIn("exited on signal 9 (Killed)", run.errors)
        self.assert_resumes()

    def test_killed_without_a_launcher(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        ranks = [self.start_until(
            self.folder, [BINARY, "train", str(self.folder / "config.yaml")], 0,
            env={**os.environ, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "RANK": rank, "LOCAL_RANK": rank,
                 "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}) for rank in "01"]
        while ranks[0].log.read_text().count("Train Epoch") < 3:
            self.assertLess(time.monotonic(), ranks[0].began + SOON)
            time.sleep(0.02)
        ranks[1].kill()
        ranks[1].wait()
        self.assert_one_clear_line(self.end_of(ranks[0]), PEER_LOST, "| rank 0 | error | step ", "rank 0 of 2, group ",
                                   "A peer failed")
        self.assert_resumes()

    def hang(self, rank):
        running = self.start(3)
        os.kill(self.rank(rank), signal.SIGSTOP)
        return self.end_of(running)

    def assert_peers_name_what_they_waited_for(self, run):
        """Each of them may say so: the launcher ends the others when the first one has ended."""
        self.assert_ended(run, PEER_LOST)
        self.assertTrue(run.error_lines, run.errors)
        for line in run.error_lines:
            self.assertRegex(line, r"\| rank \d \| error \| step .*of 3, group .* failed after ")

    def test_hung(self):
        run = self.hang(2)
        self.assert_peers_name_what_they_waited_for(run)
        self.assert_resumes()

    def test_rank_0_hung(self):
        run = self.hang(0)
        self.assert_peers_name_what_they_waited_for(run)
        self.assert_resumes()

    def test_a_checkpoint_that_cannot_be_written(self):
        # No file may grow larger than this limit, and SIGXFSZ is ignored, so that a write fails as on a full disk.
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        run = self.run_command([BINARY, "train", self.folder / "config.yaml"], preexec_fn=limit,
                               restore_signals=False)
        self.assert_one_clear_line(run, DATA, "checkpoints/step_", "cannot be written: File too large")
        self.assert_resumes()

    def test_a_benchmark_image_is_missing_on_one_rank(self):
        image = self.folder / f"images/{SAMPLES - 1}.png"
        image.unlink()
        run = self.run_command(launch(2, "evaluate", "--checkpoint", max(self.checkpoints.glob("step_*")),
                                      "--benchmark", self.folder / "colors.yaml"))
        self.assert_one_clear_line(run, DATA, "rank 1", image, "No such file")

    def rank(self, number):
        return training_data.ranks_of(BINARY, self.folder / "config.yaml")[number]


def run_one(test):
    """Runs a test, prints its result and returns whether it passed."""
    start, output = time.monotonic(), io.StringIO()
    result = unittest.TextTestRunner(stream=output, verbosity=0).run(test)
    print(f"{'ok' if result.wasSuccessful() else 'FAILED'} {test.id()} ({time.monotonic() - start:.1f} s)", flush=True)
    if not result.wasSuccessful():
        print(output.getvalue(), flush=True)
    return result.wasSuccessful()


def main():
    make_template()
    chosen = sys.argv[3:]
    tests = [test for case in (Ranks, Tables, Shards, Checkpoints, Settings)
             for test in unittest.defaultTestLoader.loadTestsFromTestCase(case)
             if not chosen or test.id().split(".", 1)[1] in chosen]
    assert tests, chosen
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        passed = list(pool.map(run_one, tests))
    print(f"{sum(passed)} of {len(passed)} passed")
    sys.exit(not all(passed))


if __name__ == "__main__":
    main()
