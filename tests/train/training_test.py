"""Whole training runs of the binary: resuming, world sizes, errors.

usage: training_test.py BINARY MPIRUN RANKS WORK_DIR

Trains a tiny model on images and captions made here, on RANKS ranks, and checks that
- a run that is killed within an epoch and started again ends with the same bytes as an uninterrupted run,
- its losses are those of one rank on the same global batches,
- a damaged newest checkpoint is refused and the checkpoint before it is used,
- a request to stop (SIGTERM) leaves a checkpoint of the last step,
- validation scores every sample at the start, between steps and at the end.

WORK_DIR/training_RANKS/quickstart stays for a comparison with open_clip. It holds a checkpoint of the
quickstart's configuration, texts.txt and images.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

import numpy
from PIL import Image
from safetensors.numpy import load_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import training_data  # noqa: E402

BINARY, MPIRUN, RANKS = sys.argv[1], sys.argv[2], int(sys.argv[3])
WORK = pathlib.Path(sys.argv[4]) / f"training_{RANKS}"
STEPS = 60


def make_data():
    """Makes 90 samples and a configuration."""
    shutil.rmtree(WORK, ignore_errors=True)
    training_data.make_data(WORK, BINARY, 90, "--short-side", "20")
    (WORK / "config.yaml").write_text(f"""
output: {WORK}/runs
batch_size: 12
model: {{architecture: {training_data.MODEL}}}
data: {{train: {WORK}/shards, validation: {WORK}/shards, workers: 2, prefetch: 2}}
augmentation: {{scale: [0.5, 1.0], color_jitter: [0.2, 0.2, 0.2, 0.05], color_jitter_probability: 0.5}}
optimizer: {{lr: 1.0e-3, clip_norm: 1.0}}
schedule: {{max_steps: {STEPS}, warmup: 5}}
checkpoint: {{every_epochs: 0, every_steps: 4}}
validation: {{every_epochs: 4, benchmarks: [{WORK}/colors.yaml], batch_size: 7}}
runtime: {{device: cpu, threads: 1, log_every: 1, timeout_s: 30, bucket_mb: 1}}
""")


def command(name, ranks=RANKS, *overrides):
    launch = [MPIRUN, str(ranks)] if ranks > 1 else []
    return [*launch, BINARY, "train", str(WORK / "config.yaml"), f"name={name}", *overrides]


def train(name, ranks=RANKS, *overrides):
    done = subprocess.run(command(name, ranks, *overrides), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr


def run_directory(name):
    return WORK / "runs" / name


def checkpoints(name):
    return sorted((run_directory(name) / "checkpoints").glob("step_*"))


def results(name, kind):
    """What a run logged as `kind` (such as train or validation), by step."""
    lines = map(json.loads, (run_directory(name) / "results.jsonl").read_text().splitlines())
    return {line["step"]: line[kind] for line in lines if kind in line}


def losses(name):
    return {step: values["loss"] for step, values in results(name, "train").items()}


def steps_logged(name):
    path = run_directory(name) / "results.jsonl"
    return path.read_text().count('"train"') if path.exists() else 0


def interrupt(name, number, at_step):
    """Starts a run and sends its ranks a signal once it has logged `at_step`. Returns exit code and errors."""
    running = subprocess.Popen(command(name), stderr=subprocess.PIPE, text=True)
    deadline = time.time() + 60
    while steps_logged(name) < at_step:
        assert time.time() < deadline and running.poll() is None, running.stderr.read()
        time.sleep(0.002)
    # Tests with other numbers of ranks run at the same time, with the same names of runs.
    for process in training_data.ranks_of(BINARY, f"name={name}", WORK / "config.yaml").values():
        os.kill(process, number)
    errors = running.communicate(timeout=60)[1]
    return running.returncode, errors


class Training(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        make_data()
        train("straight")

    def assert_equals_straight(self, name):
        self.assertEqual(checkpoints(name)[-1].name, f"step_{STEPS:08d}")
        for file in ("open_clip_model.safetensors", "optimizer.safetensors"):
            expected = (checkpoints("straight")[-1] / file).read_bytes()
            self.assertTrue((checkpoints(name)[-1] / file).read_bytes() == expected, file)
        self.assertEqual(losses(name), losses("straight"))
        self.assertEqual(results(name, "validation"), results("straight", "validation"))

    def test_killed_run_ends_with_the_same_bytes(self):
        # 90 samples in batches of 12 make 7 steps per epoch, so step 10 is in the middle of the second epoch.
        code, _ = interrupt("killed", signal.SIGKILL, at_step=10)
        self.assertNotEqual(code, 0)
        self.assertLess(steps_logged("killed"), STEPS)
        self.assertIn("resuming from step", train("killed"))
        self.assert_equals_straight("killed")

    def test_damaged_checkpoint_is_refused_and_the_one_before_used(self):
        shutil.copytree(run_directory("straight"), run_directory("damaged"))
        newest = checkpoints("damaged")[-1]
        weights = bytearray((newest / "open_clip_model.safetensors").read_bytes())
        weights[len(weights) // 2] ^= 1
        (newest / "open_clip_model.safetensors").write_bytes(weights)
        errors = train("damaged")
        self.assertIn("open_clip_model.safetensors does not match its checksum", errors)
        self.assertIn(f"resuming from step {STEPS - 4}", errors)
        self.assert_equals_straight("damaged")

    def test_stop_request_leaves_a_checkpoint_of_the_last_step(self):
        code, errors = interrupt("stopped", signal.SIGTERM, at_step=6)
        self.assertEqual(code, 75)  # tells a job script to requeue
        last = max(losses("stopped"))
        self.assertLess(last, STEPS)
        self.assertEqual(checkpoints("stopped")[-1].name, f"step_{last:08d}", errors)
        train("stopped")
        self.assert_equals_straight("stopped")

    def test_losses_are_those_of_one_rank(self):
        # Sums in another order differ in the last bit. AdamW amplifies that from step to step, because
        # parameters with tiny gradients take full steps: the difference is 1e-7 at first and 5e-6 at step 12.
        # A wrong gradient shows at step 2.
        if RANKS > 1:
            train("single", 1)
            for step in range(1, 13):
                ratio = losses("single")[step] / losses("straight")[step]
                self.assertAlmostEqual(ratio, 1, delta=1e-6 if step <= 3 else 1e-4, msg=f"step {step}")

    def test_training_learns(self):
        first, last = losses("straight")[1], losses("straight")[STEPS]
        self.assertLess(last, 0.9 * first)

    def test_validation_runs_at_the_start_between_and_at_the_end(self):
        scores = results("straight", "validation")
        self.assertEqual(sorted(scores), [0, 28, 56, STEPS])
        self.assertLess(scores[STEPS]["loss"]["total"], scores[0]["loss"]["total"])
        self.assertGreater(scores[STEPS]["colors"]["top1"], 0.6)

    def test_evaluate_scores_a_checkpoint_as_validation_did(self):
        done = subprocess.run([BINARY, "evaluate", "--checkpoint", checkpoints("straight")[-1],
                               "--benchmark", WORK / "colors.yaml"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(result["num_samples"], 90)
        self.assertEqual(result["scores"], results("straight", "validation")[STEPS]["colors"])
        self.assertEqual({name: result[name] for name in ("hashes", "leakage")},
                         results("straight", "benchmarks")[STEPS]["colors"])
        self.assertEqual(sorted(result["hashes"]), ["classes", "data", "templates", "weights"])

    def test_quickstart_configuration_trains(self):
        left = WORK / "quickstart"
        launch = [MPIRUN, str(RANKS)] if RANKS > 1 else []
        subprocess.run(
            [*launch, BINARY, "train", "configs/quickstart.yaml", f"output={WORK}", "name=quickstart",
             f"data.train={WORK}/shards", "batch_size=12", "schedule.max_steps=4", "schedule.warmup=1",
             "validation.benchmarks=[]", "runtime.device=cpu"], check=True, cwd=training_data.SOURCE, timeout=120)
        self.assertTrue((left / "checkpoints/step_00000004/open_clip_config.json").exists())
        ramp = numpy.arange(48, dtype="uint8")
        images = {"black": numpy.zeros((48, 48, 3)), "white": numpy.full((48, 48, 3), 255),
                    "ramp": 5 * ramp[:, None, None], "stripes": 255 * (ramp[None, :, None] // 4 % 2)}
        for name, pixels in images.items():
            pixels = numpy.broadcast_to(pixels, (48, 48, 3)).astype("uint8")
            Image.fromarray(pixels).save(left / f"{name}.png")
        (left / "texts.txt").write_text("a red patch\nnumber 7\n" + "long " * 90 + "\n")

    def test_a_run_does_not_continue_with_other_batches(self):
        self.assertRegex(self.failure("straight", "seed=5", "optimizer.lr=0.5"),
                         r"belongs to other settings: seed: 0 -> 5\. .* name=NEW from=\S+runs/straight ")

    def test_a_run_does_not_end_before_its_newest_checkpoint(self):
        self.assertIn("the run has done 60 steps, more than the 40 that", self.failure("straight", "schedule.max_steps=40"))

    def failure(self, name, *overrides):
        """The standard error of a run that must fail."""
        done = subprocess.run(command(name, RANKS, *overrides), capture_output=True, text=True, timeout=120)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def test_weights_that_are_not_finite_are_never_saved(self):
        errors = self.failure("diverged", "optimizer.lr=1e30", "optimizer.clip_norm=0",
                              "schedule.warmup=0", "runtime.log_every=50")
        self.assertRegex(errors, r"a gradient is not finite at step 2 \(embeddings that are not finite: rank 0, "
                                 r"samples \d+, .*The checkpoints hold finite weights")
        self.assertEqual(checkpoints("diverged"), [])

    def test_steps_that_are_not_finite_are_skipped_up_to_ten_in_a_row(self):
        # After the first step, the weights are so large that no later step can be finite.
        errors = self.failure("skipped", "optimizer.non_finite=skip", "optimizer.lr=1e30", "optimizer.clip_norm=0",
                              "schedule.warmup=0", "checkpoint.every_steps=0", "runtime.log_every=4")
        # Every such step is logged, also between two regular log lines.
        for step in range(2, 9):
            self.assertRegex(errors, rf"not finite at step {step} \(.*rank 0, samples \d.*\); skipped")
        self.assertRegex(errors, r"not finite at step 9 \(.*\), and 11 steps in a row were not; look at")
        self.assertEqual(max(losses("skipped")), 8)

    def test_pretrained_weights_of_another_model_are_refused(self):
        weights = WORK / "pretrained"
        shutil.copytree(checkpoints("straight")[-1], weights, dirs_exist_ok=True)
        config = json.loads((weights / "open_clip_config.json").read_text())
        config["model_cfg"]["quick_gelu"] = True
        (weights / "open_clip_config.json").write_text(json.dumps(config))
        self.assertIn("which belongs to the weights", self.failure("other", f"model.pretrained={weights}"))

    def test_settings_are_refused_before_a_model_is_built(self):
        # The model would have 35 TB, so any other error must come before it is built.
        config = json.loads(pathlib.Path(training_data.MODEL).read_text())
        config["vision_cfg"] |= {"width": 2**20, "head_width": 2**20}
        (WORK / "huge.json").write_text(json.dumps(config))
        huge = f"model.architecture={WORK}/huge.json"
        for override, message in [
            ("schedule.warmup=1000", "schedule.warmup of 1000 steps is longer"),
            ("batch_size=96", "batch_size 96 is larger than the data set"),
            ("objective.num_subcaptions=3", "the objective needs 6 captions per sample, but the shards"),
            ("objective.num_subcaptions=3", "hold 11; set objective.num_subcaptions to 8"),
            ("data.validation=gone", "gone"),
            ("validation.benchmarks=[gone.yaml]", "gone.yaml"),
            ("model.pretrained=gone.safetensors", "cannot read gone.safetensors"),
            (f"model.pretrained={checkpoints('straight')[-1]}", "which belongs to the weights"),
            ("name=straight", "belongs to other settings"),
        ]:
            with self.subTest(override):
                self.assertIn(message, self.failure("huge", huge, "schedule.max_steps=0", override))

    def test_checkpoint_holds_every_tensor(self):
        state = load_file(checkpoints("straight")[-1] / "optimizer.safetensors")
        weights = load_file(checkpoints("straight")[-1] / "open_clip_model.safetensors")
        self.assertEqual(len(state), 2 * len(weights) + 1)
        self.assertEqual(state["step"], STEPS)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
