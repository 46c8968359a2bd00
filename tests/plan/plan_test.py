"""`dermatome plan` compared with the peak memory that a training really uses.

usage: plan_test.py BINARY WORK_DIR
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import unittest

import numpy
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import training_data  # noqa: E402

BINARY, WORK = sys.argv[1], pathlib.Path(sys.argv.pop(2)) / "plan"
del sys.argv[1]
SAMPLES = 256
MEMORY_TOLERANCE = 0.15

# The plan's constants were chosen without these cases.
CASES = {
    "another width": {"image": dict(image_size=96, layers=6, width=320, patch_size=8, head_width=64),
                      "text": dict(width=256, heads=4, layers=4), "batch": 16, "accum": 1},
    "another batch": {"image": dict(image_size=64, layers=6, width=192, patch_size=8, head_width=64),
                      "text": dict(width=192, heads=3, layers=6), "batch": 80, "accum": 1},
    "accumulation": {"image": dict(image_size=96, layers=6, width=256, patch_size=8, head_width=64),
                     "text": dict(width=256, heads=4, layers=4), "batch": 48, "accum": 2},
    # Steps are small, but validation encodes many images at once.
    "validation": {"image": dict(image_size=80, layers=5, width=256, patch_size=8, head_width=64),
                   "text": dict(width=128, heads=2, layers=3), "batch": 12, "accum": 1, "validated": 224},
}


def make_shards():
    """Images of noise; captions of words drawn at random, four subcaptions per sample."""
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "images").mkdir(parents=True)
    draw, noise = random.Random(1), numpy.random.default_rng(1)
    words = ["scaling", "plaque", "border", "nodule", "cheek", "crust", "papule", "erosion", "red", "arm"]

    def sentence(number):
        return " ".join(draw.choice(words) for _ in range(number))

    rows = []
    for i in range(SAMPLES):
        pixels = noise.integers(0, 255, (104, 110, 3)).astype("uint8")
        Image.fromarray(pixels).save(WORK / f"images/{i}.png")
        subcaptions = [sentence(20) for _ in range(4)]
        rows.append({"filename": f"{i}.png", "caption": sentence(40), "truncated_caption": sentence(40),
                     "ontology_caption": "diagnosed as " + sentence(4),
                     "visual_concept_caption": "shows " + sentence(6),
                     **dict(zip(training_data.SUBCAPTIONS, subcaptions)),
                     "sub_caption_mask": str([int(j < 4) for j in range(8)]), "knowledge_masks": "[1, 1, 1]"})
    training_data.write_table(WORK / "train.csv", training_data.COLUMNS, rows)
    subprocess.run([BINARY, "shard", "--csv", WORK / "train.csv", "--images", WORK / "images", "--output",
                    WORK / "shards", "--short-side", "96"], check=True, stderr=subprocess.DEVNULL)


def write_benchmark(num_images):
    """A benchmark of the first `num_images` images."""
    table = [{"filename": f"{i}.png", "label": ["red", "arm"][i % 2]} for i in range(num_images)]
    training_data.write_table(WORK / "benchmark.csv", ["filename", "label"], table)
    file = WORK / "benchmark.yaml"
    file.write_text("""
name: benchmark
kind: classification
data: {csv: benchmark.csv, images: images}
classes: [{label: red, names: [red]}, {label: arm, names: [arm]}]
templates: ["{}"]
metrics: [top1]
bootstrap: 0
""")
    return file


def write_configuration(name, case):
    model = {"embed_dim": 128, "vision_cfg": case["image"],
             "text_cfg": {"context_length": 77, "vocab_size": 49408, **case["text"]}}
    (WORK / f"{name}.json").write_text(json.dumps(model))
    benchmarks = [str(write_benchmark(case["validated"]))] if "validated" in case else []
    file = WORK / f"{name}.yaml"
    file.write_text(f"""
output: {WORK}/runs
batch_size: {case["batch"]}
accum: {case["accum"]}
model: {{architecture: {WORK}/{name}.json}}
data: {{train: {WORK}/shards, workers: 1, prefetch: 2}}
schedule: {{max_steps: 2, warmup: 1}}
checkpoint: {{every_epochs: 0, keep: 1}}
validation: {{every_epochs: 0, every_steps: {2 * len(benchmarks)}, at_start: false, benchmarks: {benchmarks}}}
runtime: {{device: cpu, threads: 1, log_every: 1}}
""")
    return file


def plan(file, *arguments):
    return subprocess.run([BINARY, "plan", file, *arguments], capture_output=True, text=True, check=False)


def peak_bytes(file):
    """The peak resident memory of a training, in bytes."""
    process = subprocess.Popen([BINARY, "train", file], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process.stderr as stream:
        log = stream.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, log.decode()
    return usage.ru_maxrss * 1024


class Memory(unittest.TestCase):
    def test_is_what_the_training_uses(self):
        for name, case in CASES.items():
            with self.subTest(name):
                file = write_configuration(name.replace(" ", "_"), case)
                printed = plan(file, "--ranks", "1", "--json")
                self.assertEqual(printed.returncode, 0, printed.stderr)
                planned, used = json.loads(printed.stdout)["memory_bytes"], peak_bytes(file)
                print(f"{name}: planned {planned / 2**20:.0f} MiB, used {used / 2**20:.0f} MiB")
                self.assertLess(abs(planned / used - 1), MEMORY_TOLERANCE)


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = write_configuration("refused", CASES["another batch"])

    def refuse(self, expected, *arguments, code=2):
        refused = plan(self.file, *arguments)
        self.assertEqual(refused.returncode, code, refused.stderr)
        self.assertEqual(refused.stdout, "")
        self.assertIn(expected, refused.stderr)

    def test_name_the_setting_and_what_to_do(self):
        self.refuse("batch_size 80 (the global batch) is not divisible by the 3 ranks", "--ranks", "3")
        self.refuse("batch_size 512 is larger than the data set", "--ranks", "2", "batch_size=512")
        self.refuse("schedule.warmup of 900 steps", "--ranks", "2", "schedule.max_steps=0",
                    "schedule.warmup=900")
        self.refuse("mode: released is defined on one process", "--ranks", "2", "objective.mode=released")
        self.refuse("set checkpoint.keep", "--ranks", "1", "schedule.max_steps=1000000000",
                    "checkpoint.every_steps=1", "checkpoint.keep=0")
        self.refuse("gone.safetensors", "--ranks", "1", "model.pretrained=gone.safetensors", code=3)
        self.refuse("nowhere", "--ranks", "1", "data.validation=/nowhere", code=3)
        self.refuse("gone.yaml", "--ranks", "1", "validation.benchmarks=[gone.yaml]")
        self.refuse("--device", "--ranks", "1", "runtime.device=cuda")
        self.refuse("nowhere", "--ranks", "1", f"data.train=[{WORK}/shards,/nowhere]", code=3)
        self.refuse("the objective needs 6 captions per sample", "--ranks", "1", "objective.num_subcaptions=3")

    def test_check_the_checkpoint_that_exists(self):
        file = write_configuration("trained", CASES["another batch"])
        subprocess.run([BINARY, "train", file], check=True, capture_output=True)
        self.assertEqual(plan(file, "--ranks", "1", "optimizer.lr=0.1").returncode, 0)
        other = plan(file, "--ranks", "1", "seed=7")
        self.assertEqual(other.returncode, 2, other.stderr)
        self.assertIn("belongs to other settings", other.stderr)

    def test_count_room_only_for_checkpoints_to_come(self):
        (WORK / "runs/here/checkpoints/step_00000004").mkdir(parents=True)
        self.refuse("999999999 more checkpoints", "--ranks", "1", "name=here", "data.train=/nowhere",
                    "schedule.max_steps=1000000000", "checkpoint.every_steps=1", "checkpoint.keep=0")

    def test_say_which_accumulation_fits(self):
        # 512 images of ViT-L/14 in float32 are too many for one small GPU. Data are missing, so no other check
        # can refuse.
        large = ["model.architecture=" + str(training_data.SOURCE / "configs/models/ViT-L-14.json"),
                 "data.train=/nowhere", "batch_size=512", "--device", "L40S"]
        self.refuse("accum=8 would fit", "--ranks", "1", *large)
        fits = plan(self.file, "--ranks", "1", *large, "accum=8")
        self.assertEqual(fits.returncode, 0, fits.stderr)
        self.assertIn("/nowhere is not there", fits.stdout)
        self.refuse("accum=4 would fit", "--ranks", "2", *large)


class Output(unittest.TestCase):
    def test_names_every_part(self):
        file = write_configuration("printed", CASES["another batch"])
        printed = plan(file, "--ranks", "4")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        for expected in ("80, 20 images per rank", "256 samples in 1 shard(s)", "3 per epoch (16 samples left out)",
                         "parameters", "optimizer state", "GFLOP per image", "all-gather: text embeddings",
                         "all-reduce: gradients of the text tower", "1 checkpoint(s)"):
            self.assertIn(expected, printed.stdout)
        self.assertNotIn("staging", printed.stdout)
        self.assertRegex(plan(file, "--ranks", "4", "data.stage=/local").stdout,
                         r"staging +[\d.]+ GiB on every host, in /local")

    def test_shows_the_objectives_share(self):
        file = write_configuration("share", CASES["another batch"])
        # In a global batch this large, the objective has a visible share.
        settings = ("--ranks", "1024", "--device", "H200", "data.train=/nowhere", "batch_size=32768")
        flops = json.loads(plan(file, "--json", *settings).stdout)["flops"]
        share = 100 * flops["objective"] / sum(flops.values())
        self.assertGreater(share, 1)
        self.assertIn(f"objective {flops['objective'] / 32e9:.3f} ({share:.1f} %)", plan(file, *settings).stdout)

    def test_is_for_the_gpu_that_is_named(self):
        file = write_configuration("gpu", CASES["another batch"])
        for name, gibibytes in (("H100", 79), ("A100", 79), ("A100-40", 39)):
            printed = plan(file, "--ranks", "1", "--device", name)
            self.assertEqual(printed.returncode, 0, printed.stderr)
            self.assertIn(f"in all, of {gibibytes * 1024}: {name}\n", printed.stdout)

    def test_is_for_an_unknown_gpu_with_given_memory(self):
        file = write_configuration("unknown", CASES["another batch"])
        unknown = plan(file, "--ranks", "1", "--device", "B200")
        self.assertEqual(unknown.returncode, 2, unknown.stderr)
        for expected in ('"B200" is not known', "cpu, A100, A100-40, H100", "--device-memory 141GiB", "--devices"):
            self.assertIn(expected, unknown.stderr)
        devices = WORK / "devices.yaml"
        devices.write_text("B200: {memory: 179GiB}\nH100: {memory: 94GiB}\n")
        for arguments, mebibytes, name in (
                (["--device", "B200", "--device-memory", "179GiB"], 179 * 1024, "B200"),
                (["--device-memory", "80 GB"], 76294, "a GPU"),
                (["--device", "B200", "--devices", devices], 179 * 1024, "B200"),
                (["--device", "H100", "--devices", devices], 94 * 1024, "H100"),
                (["--device", "A100", "--devices", devices], 79 * 1024, "A100"),
                (["--device", "cpu", "--device-memory", "64GiB"], 64 * 1024, "64GiB divided among 1 ranks")):
            printed = plan(file, "--ranks", "1", *arguments)
            self.assertEqual(printed.returncode, 0, printed.stderr)
            self.assertIn(f"in all, of {mebibytes}: {name}\n", printed.stdout)
        for arguments, expected in ((["--device", "cpu", "--devices", WORK / "none.yaml"], "none.yaml"),
                                    (["--devices", devices], "--devices requires --device")):
            refused = plan(file, "--ranks", "1", *arguments)
            self.assertEqual(refused.returncode, 3 if "cpu" in arguments else 2, refused.stderr)
            self.assertIn(expected, refused.stderr)
        name = plan(file, "--ranks", "1", "--json", "--device-memory", "1TiB", "--device", b"\xff")
        self.assertEqual(name.returncode, 0, name.stderr)
        wrong = plan(file, "--ranks", "1", "--device-memory", "lots")
        self.assertEqual(wrong.returncode, 2, wrong.stderr)
        self.assertIn("'lots'", wrong.stderr)

    def test_counts_the_checkpoints_that_will_be_there(self):
        file = write_configuration("counted", CASES["another batch"])  # 3 steps per epoch

        def count(*settings):
            printed = plan(file, "--ranks", "1", "--json", "checkpoint.keep=0", *settings)
            self.assertEqual(printed.returncode, 0, printed.stderr)
            return json.loads(printed.stdout)["checkpoints_at_once"]

        steps = "schedule.max_steps={}".format
        self.assertEqual(count(steps(12), "checkpoint.every_epochs=2"), 2)  # steps 6 12
        self.assertEqual(count(steps(13), "checkpoint.every_epochs=2"), 3)  # 6 12 13
        self.assertEqual(count(steps(12), "checkpoint.every_steps=5"), 3)  # 5 10 12
        self.assertEqual(count(steps(12), "checkpoint.every_epochs=2", "checkpoint.every_steps=4"), 4)  # 4 6 8 12
        self.assertEqual(count(steps(12), "checkpoint.every_epochs=1000"), 1)
        self.assertEqual(count(steps(12), "checkpoint.every_steps=1", "checkpoint.keep=3"), 4)
        self.assertEqual(count(steps(2), "checkpoint.every_steps=1", "checkpoint.keep=100"), 2)
        self.assertEqual(count(steps(20), "checkpoint.every_steps=10", "data.train=/nowhere"), 2)
        self.assertIsNone(count(steps(20), "checkpoint.every_epochs=1", "data.train=/nowhere"))


if __name__ == "__main__":
    make_shards()
    unittest.main()
