"""Tests the benchmarks of tools/bench.sh and their output, on a small model and small batches.

    bench_test.py DERMATOME_BENCH DERMATOME
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKER, DERMATOME = Path(sys.argv.pop(1)), Path(sys.argv.pop(1))
sys.path.insert(0, str(ROOT / "tools/bench"))
import batches  # noqa: E402
import bench  # noqa: E402
import encode  # noqa: E402
import harness  # noqa: E402
import naive  # noqa: E402
from loader import flat_in_epochs  # noqa: E402

TINY = ["--model", ROOT / "configs/models/quickstart.json"]


def run(name, *options):
    """Runs a benchmark: (values of the closing line, content of the JSON file, everything printed)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.json"
        printed = subprocess.run(
            [ROOT / "tools/bench.sh", name, "--worker", WORKER, "--rounds", "1", "--json", file,
             *options], check=True, text=True, stdout=subprocess.PIPE).stdout
        written = json.loads(file.read_text())
    prefix, *pairs = printed.splitlines()[-1].split(" ")[1:]
    return dict(pair.split("=") for pair in pairs) | {"bench": prefix}, written, printed


class ClosingLineTest(unittest.TestCase):
    def check(self, values, written, name, keys):
        self.assertEqual(values.pop("bench"), name + ":")
        self.assertEqual(set(values), set(keys))
        for key, value in values.items():
            self.assertGreater(float(value), 0, key)
            self.assertAlmostEqual(float(value), written["result"][key],
                                   delta=1e-3 * written["result"][key])

    def test_step(self):
        values, written, _ = run("step", *TINY, "--batch", "4")
        self.check(values, written, "step",
                   ["speedup", "over_image_tower", "speedup_4", "speedup_8", "plain_clip"])
        self.assertLess(max(row["difference"] for row in written["table"] if "difference" in row),
                        bench.TOLERANCE)
        valid = {key: written["conditions"][f"captions_{key}"]["valid"] for key in bench.PROFILES}
        self.assertEqual(valid, {"speedup": 16, "speedup_4": 28, "speedup_8": 44, "plain_clip": 4})

    def test_objective(self):
        values, written, printed = run("objective", "--sizes", "8,64", "--patches-up-to", "8",
                                       "--naive-gib", "0.005")
        exponent = float(values.pop("memory_exponent"))
        self.assertAlmostEqual(exponent, written["result"].pop("memory_exponent"), places=3)
        self.check(values, written, "objective", ["speedup_b8", "memory_ratio_b8"])
        self.assertEqual([row["patches"] for row in written["table"]], [True, False])
        self.assertNotIn("speedup", written["table"][1])
        self.assertIn("naive left out", printed)

    def test_collectives(self):
        values, written, _ = run("collectives", *TINY, "--local-batch", "2")
        values.pop("hidden"), written["result"].pop("hidden")  # may be 0
        self.check(values, written, "collectives", ["count", "bytes", "seconds"])
        names = {row["what"] for row in written["table"] if "what" in row}
        self.assertLessEqual({"text embeddings", "image embeddings", "log-sum-exps",
                              "gradient buckets", "all"}, names)
        # Every gradient is sent once, and the row "all" is the sum of the other rows.
        size = {row["what"]: row["bytes"] for row in written["table"] if "what" in row}
        self.assertGreater(size["gradient buckets"], 4 * 49408 * 128)
        self.assertEqual(written["result"]["bytes"], sum(size.values()) - size["all"])

    def test_scaling(self):
        values, written, _ = run("scaling", *TINY, "--local-batch", "2")
        self.check(values, written, "scaling", ["efficiency", "machine", "exchange"])

    def test_loader(self):
        values, written, _ = run("loader", "--dermatome", DERMATOME, "--images", "8",
                                 "--loader-batch", "4", "--sides", "64", "--threads", "1,2",
                                 "--prefetch", "1,64", "--records", "8,500", "--shards", "3")
        for key in ("jpeg_over_alone", "raw_over_alone", "bytes_per_record"):  # may be 0 or less
            values.pop(key), written["result"].pop(key)
        self.check(values, written, "loader",
                   ["jpeg_ratio", "raw_ratio", "jpeg_vs_same_files", "jpeg_per_cpu_s",
                    "flat_epochs", "jpeg_per_s_1", "jpeg_per_s_2", "mib_per_batch_ahead",
                    "flat_records", "start_s"])
        table = written["table"]
        self.assertEqual([row["threads"] for row in table if "threads" in row], [1, 2])
        self.assertEqual([row["records"] for row in table if "records" in row], [8, 500])
        self.assertEqual([row["shards"] for row in table if row.get("side") == "ours"], [3])
        images = 4 * 3 * 224**2 / 2**20
        self.assertGreater(written["result"]["mib_per_batch_ahead"], 0.8 * images)
        self.assertLess(written["result"]["mib_per_batch_ahead"], 1.5 * images)

    def test_order(self):
        values, written, _ = run("order", "--samples", "1000,20000", "--windows", "8,1000", "--block",
                                 "16", "--order-batch", "64")
        self.check(values, written, "order", ["displacement", "neighbors", "near_partners",
                                              "near_partners_full"])
        small, whole, large, whole_large = written["table"]
        for row in (small, large):
            # A window holds 8 x 16 samples: it has 15 others of a sample's block; the batch has 63 of the 127 others.
            self.assertAlmostEqual(row["ours"]["near_partners"], 15 * 63 / 127, delta=1.5)
        for row in (whole, whole_large):
            self.assertAlmostEqual(row["full"]["near_partners"], 63 * 30 / row["samples"], delta=0.3)
            for key in ("displacement", "neighbors"):
                self.assertAlmostEqual(row["ours"][key], 1, delta=0.15)
                self.assertAlmostEqual(row["full"][key], 1, delta=0.1)
            self.assertLess(abs(row["full"]["correlation"]), 0.1)

    def test_encode(self):
        values, written, printed = run("encode", *TINY, "--batch", "2", "--classes", "3",
                                       "--text-batch", "8")
        self.check(values, written, "encode", ["image_ratio", "text_ratio"])
        self.assertEqual([row["kind"] for row in written["table"]], ["images", "texts", "strings"])
        self.assertLessEqual(max(row["difference"] for row in written["table"]), encode.TOLERANCE)
        self.assertEqual(written["conditions"]["texts"], 18)
        self.assertIn("tokenized too", printed)


class SpreadTest(unittest.TestCase):
    def test_median_and_range(self):
        self.assertEqual(harness.Spread([3, 1, 2, 9, 8]).fields(), [3, 1, 9])
        self.assertEqual(f"{harness.Spread([4, 1]):.1f}", "2.5 (1.0-4.0)")

    def test_ratios_are_of_the_same_round(self):
        ratios = harness.Spread([2, 9, 4]).ratios_to(harness.Spread([1, 3, 8]))
        self.assertEqual(ratios.values, [2, 3, 0.5])

    def test_epochs_are_compared_without_the_first(self):
        self.assertEqual(flat_in_epochs([{"cpu": [9, 1, 1, 1, 2, 2, 2]}, {"cpu": [9, 1, 1]}]).values, [0.5, 1])


class RefusalTest(unittest.TestCase):
    def test_a_naive_side_that_differs_from_golden_is_refused(self):
        right = naive.local_vectors
        naive.local_vectors = lambda patches, text, sigma: 1.001 * right(patches, text, sigma)
        try:
            with self.assertRaisesRegex(SystemExit, "nothing is measured"):
                naive.check_golden()
        finally:
            naive.local_vectors = right

    def test_gradients_that_differ_are_refused(self):
        class Side:
            def __init__(self, value):
                self.value = value

            def ask(self, command):
                naive.save_file({"total": naive.torch.tensor([self.value])}, command.split()[1])

        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(SystemExit, "gradients differ"):
                bench.compare_gradients(Side(1.0), Side(1.001), Path(folder))
            self.assertLess(bench.compare_gradients(Side(1.0), Side(1.00001), Path(folder)), 1e-4)


    def test_features_that_differ_are_refused(self):
        class Side:
            def __init__(self, value):
                self.value = value

            def ask(self, command):
                naive.save_file({"texts": naive.torch.tensor([self.value])}, command.split()[1])

        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(SystemExit, "features of texts differ"):
                encode.compare_features(Side(0.1), Side(0.10002), Path(folder))
            self.assertLess(encode.compare_features(Side(0.1), Side(0.100001), Path(folder)), 1e-5)


class CaptionsTest(unittest.TestCase):
    def test_prompts_are_distinct(self):
        texts = encode.prompts(128)
        self.assertEqual(len(set(texts)), 768)

    def test_captions_have_the_statistics_of_the_published_table(self):
        # The ten published rows have 40 valid captions, 34 of them distinct, with 689 tokens.
        found = batches.token_statistics(batches.read_captions(batches.CAPTIONS, 10))
        self.assertEqual((found["valid"], found["distinct"]), (40, 34))
        self.assertLess(abs(found["tokens_of_distinct"] - 689), 10)

    def test_growth_is_the_exponent(self):
        self.assertAlmostEqual(bench.growth({size: 3 * size**2 for size in (512, 1024, 2048)}), 2)


if __name__ == "__main__":
    unittest.main()
