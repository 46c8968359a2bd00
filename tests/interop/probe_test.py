#!/usr/bin/env python3
"""Compares `dermatome probe` with scikit-learn on features that `dermatome encode` exports.

  probe_test.py DERMATOME WORK_DIR
"""

import csv
import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import numpy
import open_clip
import open_clip_test
import torch
from PIL import Image
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support, roc_auc_score

DERMATOME, WORK = sys.argv.pop(1), Path(sys.argv.pop(1))
CLASSES = {"red": (180, 90, 80), "green": (90, 180, 80), "blue": (80, 90, 180)}
COUNTS = {"train": {"red": 14, "green": 5, "blue": 9}, "test": {"red": 9, "green": 9, "blue": 12}}
USAGE, DATA = 2, 3  # launcher/exit_codes.h


def make_images():
    """Makes noisy images of the classes' colors, and a table and a benchmark of each set."""
    random = numpy.random.default_rng(3)
    (WORK / "images").mkdir(parents=True)
    for name, counts in COUNTS.items():
        rows = []
        for label, number in counts.items():
            for i in range(number):
                color = numpy.array(CLASSES[label]) + random.normal(size=3) * 45
                pixels = color + random.normal(size=(50, 60, 3)) * 30
                file = f"{name}_{label}_{i}.png"
                Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(WORK / "images" / file)
                rows.append((file, label))
        random.shuffle(rows)
        with open(WORK / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("filename", "label"), *rows])
        write_benchmark(name, name, list(CLASSES))


def write_benchmark(name, table, labels, role="test"):
    (WORK / f"{name}.yaml").write_text(f"""
name: {name}
role: {role}
data: {{csv: {table}.csv, images: images}}
classes: [{", ".join(f"{{label: {label}, names: [{label}]}}" for label in labels)}]
templates: ["a {{}} image"]
metrics: [top1, balanced_accuracy, auroc]
bootstrap: 50
""")


def run(*arguments):
    return subprocess.run([DERMATOME, *map(str, arguments), "--device", "cpu"], text=True,
                          capture_output=True, check=False)


def probe(*options):
    done = run("probe", "--checkpoint", WORK / "model", "--train", WORK / "train.yaml", "--test",
               WORK / "test.yaml", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def read_table(name):
    with open(WORK / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def export(name, *options):
    """The features that `dermatome encode` writes for a set's table."""
    output = WORK / f"{name}.npy"
    done = run("encode", "--checkpoint", WORK / "model", "--csv", WORK / f"{name}.csv",
               "--images-root", WORK / "images", "--output", output, *options)
    assert done.returncode == 0, done.stderr
    return numpy.load(output, allow_pickle=False)


def labeled(name):
    labels = numpy.array([list(CLASSES).index(row["label"]) for row in read_table(name)])
    return export(name, "--raw"), labels


class Export(unittest.TestCase):
    def test_raw_features_are_open_clips(self):
        model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{WORK / 'model'}")
        pixels = torch.stack([preprocess(Image.open(WORK / "images" / row["filename"]))
                              for row in read_table("test")])
        with torch.no_grad():
            expected = model.encode_image(pixels, normalize=False).numpy()
        found = export("test", "--raw")
        self.assertEqual((found.dtype, found.shape), (numpy.float32, expected.shape))
        self.assertTrue(found.flags.c_contiguous)
        numpy.testing.assert_allclose(found, expected, atol=1e-5 * numpy.abs(expected).max())
        normalized = export("test")
        numpy.testing.assert_allclose(numpy.linalg.norm(normalized, axis=1), 1, atol=1e-6)
        numpy.testing.assert_allclose(
            normalized, found / numpy.linalg.norm(found, axis=1, keepdims=True), atol=1e-6)
        output = WORK / "test.safetensors"
        done = run("encode", "--checkpoint", WORK / "model", "--csv", WORK / "test.csv",
                   "--images-root", WORK / "images", "--output", output)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((load_file(output)["image_features"] == normalized).all())

    def test_texts(self):
        (WORK / "texts.txt").write_text("a mole\na wart\n")
        done = run("encode", "--checkpoint", WORK / "model", "--texts", WORK / "texts.txt",
                   "--output", WORK / "texts.npy")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(numpy.load(WORK / "texts.npy").shape, (2, 40))

    def check(self, code, message, *options):
        done = run("encode", "--checkpoint", WORK / "model", *options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(message, done.stderr)

    def test_refusals(self):
        table = ["--csv", WORK / "test.csv", "--images-root", WORK / "images"]
        texts = ["--texts", WORK / "test.csv"]
        self.check(USAGE, "must end in .safetensors or .npy", *table, "--output", "features.pt")
        self.check(USAGE, "holds one array", *table, *texts, "--output", "features.npy")
        self.check(USAGE, "--raw is for images", *texts, "--raw", "--output", "features.npy")
        self.check(USAGE, "--csv", *table, "--images", WORK / "test.csv", "--output", "f.npy")
        self.check(DATA, "has no column 'image'", *table, "--image-column", "image", "--output",
                   "features.npy")


class Probe(unittest.TestCase):
    def assert_scores(self, found, classifier, features, labels):
        probabilities = classifier.predict_proba(features.astype("float64"))
        predicted = probabilities.argmax(1)
        expected = {"top1": (predicted == labels).mean(),
                    "balanced_accuracy": balanced_accuracy_score(labels, predicted),
                    "auroc": roc_auc_score(labels, probabilities, multi_class="ovr")}
        self.assertEqual(found.keys(), expected.keys())
        for name, value in expected.items():
            self.assertAlmostEqual(found[name], value, places=9, msg=name)

    def test_all_samples(self):
        [result] = probe()
        train, labels = labeled("train")
        peer = LogisticRegression(C=0.316, tol=1e-12, max_iter=100000)
        peer.fit(train.astype("float64"), labels)
        self.assert_scores(result["scores"], peer, *labeled("test"))
        self.assertLess(result["scores"]["top1"], 1)
        self.assertEqual(
            {key: result[key] for key in ("benchmark", "kind", "train", "num_train", "num_samples",
                                          "shots", "fraction", "C", "penalty", "features",
                                          "untrained_classes")},
            {"benchmark": "test", "kind": "linear_probe", "train": "train", "num_train": 28,
             "num_samples": 30, "shots": None, "fraction": None, "C": 0.316, "penalty": "squared",
             "features": "raw", "untrained_classes": []})
        features, truth = labeled("test")
        precision, recall, f1, count = precision_recall_fscore_support(truth, peer.predict(features.astype("float64")))
        for i, entry in enumerate(result["classes"]):
            self.assertEqual((entry["label"], entry["n"]), (list(CLASSES)[i], count[i]))
            for name, expected in [("precision", precision[i]), ("recall", recall[i]), ("f1", f1[i])]:
                self.assertAlmostEqual(entry[name], expected, places=9)
        self.assertEqual(len(result["classes"]), 3)
        self.assertEqual(result["leakage"], {"status": "not checked"})
        self.assertEqual(set(result["hashes"]), {"train", "data", "classes", "weights"})
        done = run("evaluate", "--checkpoint", WORK / "model", "--benchmark", WORK / "test.yaml")
        for name in ("data", "classes", "weights"):
            self.assertEqual(result["hashes"][name], json.loads(done.stdout)["hashes"][name])
        low, high = result["intervals"]["top1"]
        self.assertTrue(low <= result["scores"]["top1"] <= high and low < high)

    def test_c_chosen_by_validation(self):
        # The test set serves as validation, so the chosen C must be the one with the best score on it.
        write_benchmark("validation", "test", list(CLASSES), "validation")
        values = ["0.000001", "0.01", "1"]
        [result] = probe("--C", *values, "--validation", WORK / "validation.yaml")
        (train, labels), (test, truth) = labeled("train"), labeled("test")
        right = []
        for c in map(float, values):
            peer = LogisticRegression(C=c, tol=1e-12, max_iter=100000)
            right.append(peer.fit(train.astype("float64"), labels).score(test.astype("float64"), truth))
        self.assertEqual(result["C"], float(values[numpy.argmax(right)]))
        self.assertEqual(result["num_train"], 58)  # the final classifier is fitted to both sets

    def test_c_chosen_by_held_out_samples(self):
        [result] = probe("--C", "0.01", "1", "--held-out", "0.3")
        self.assertIn(result["C"], (0.01, 1))
        self.assertEqual(result["num_train"], 28)

    def test_automatic_c_and_the_other_penalty(self):
        [result] = probe("--C", "auto", "--penalty", "norm")
        self.assertAlmostEqual(result["C"], 40 * 3 / 100)
        self.assertEqual(result["penalty"], "norm")

    def test_shots_are_repeatable(self):
        options = ["--shots", "1", "4", "--repetitions", "3"]
        results = probe(*options)
        self.assertEqual(results, probe(*options))
        self.assertEqual([result["shots"] for result in results], [1, 4])
        for result in results:
            self.assertEqual([run["num_train"] for run in result["runs"]], [3 * result["shots"]] * 3)
            scores = [run["scores"]["top1"] for run in result["runs"]]
            self.assertAlmostEqual(result["scores"]["top1"], numpy.mean(scores))
            self.assertAlmostEqual(result["deviations"]["top1"], numpy.std(scores, ddof=1))
        self.assertGreater(results[0]["deviations"]["top1"], 0)
        other = probe(*options, "--seed", "1")
        self.assertNotEqual([r["runs"] for r in results], [r["runs"] for r in other])
        # The draws of --shots 4 do not depend on other values of --shots.
        self.assertEqual(probe("--shots", "4", "--repetitions", "2")[0]["runs"], results[1]["runs"][:2])

    def test_fractions(self):
        half, whole = probe("--fractions", "0.5", "1", "--repetitions", "2")
        self.assertEqual([run["num_train"] for run in half["runs"]], [14, 14])
        self.assertEqual(whole["runs"][0]["scores"], probe()[0]["scores"])
        self.assertEqual(whole["deviations"]["top1"], 0)

    def check(self, code, message, *options):
        done = run("probe", "--checkpoint", WORK / "model", *options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_refusals(self):
        # Every refusal comes before the first image is read.
        (WORK / "images").rename(WORK / "away")
        self.addCleanup((WORK / "away").rename, WORK / "images")
        sets = ["--train", WORK / "train.yaml", "--test", WORK / "test.yaml"]
        self.check(DATA, f"{WORK / 'train.yaml'}: --fractions 0.01 draws 1 of 28 samples, all of class '", *sets,
                   "--fractions", "0.5", "0.01")
        self.check(DATA, "class 'green' has 5 training samples, fewer than 6 shots", *sets, "--shots",
                   "6")
        self.check(USAGE, "--C 0: must be a number above 0", *sets, "--C", "0")
        self.check(USAGE, "--C 1x", *sets, "--C", "1x")
        self.check(USAGE, "--validation is for choosing", *sets, "--validation", WORK / "test.yaml")
        self.check(USAGE, "role must be validation", *sets, "--C", "1", "2", "--validation",
                   WORK / "test.yaml")
        self.check(USAGE, "needs --validation", *sets, "--C", "1", "2", "--shots", "1")
        write_benchmark("turned", "test", reversed(CLASSES))
        self.check(USAGE, "in the same order", "--train", WORK / "train.yaml", "--test",
                   WORK / "turned.yaml")


if __name__ == "__main__":
    shutil.rmtree(WORK, ignore_errors=True)
    make_images()
    open_clip_test.write_random_checkpoint(WORK / "model", *open_clip_test.CASES["gelu"])
    torch.set_num_threads(1)
    unittest.main()
