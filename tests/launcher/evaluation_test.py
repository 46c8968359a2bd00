"""Tests scores of checkpoints through the binary (evaluate, watch, classify, concepts) against scikit-learn.

usage: evaluation_test.py BINARY WORK_DIR
"""

import csv
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import time
import unittest

import numpy
import torch
import yaml
from safetensors.numpy import load_file, save_file
from sklearn import metrics

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/support"))
import training_data  # noqa: E402

BINARY, WORK = sys.argv[1], pathlib.Path(sys.argv[2]) / "evaluation"
del sys.argv[1:]
MPIRUN = SOURCE / "tests/support/mpirun.sh"
STEPS, EVERY = 12, 4
CHECKPOINTS = WORK / "runs/straight/checkpoints"
LAST = CHECKPOINTS / f"step_{STEPS:08d}"
COLORS = list(training_data.COLORS)
CONCEPTS = ["reddish", "cold"]


def dermatome(*arguments, ranks=1, check=True, cwd=None):
    command = [BINARY] if ranks == 1 else [MPIRUN, str(ranks), BINARY]
    result = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=cwd)
    if check and result.returncode != 0:
        raise AssertionError(result.stderr)
    return result


def evaluate(*arguments, ranks=1):
    output = dermatome("evaluate", "--checkpoint", LAST, *arguments, ranks=ranks).stdout
    return [json.loads(line) for line in output.splitlines()]


def write_benchmark(name, **changes):
    """Writes WORK/NAME.yaml, which is colors.yaml of make_data() with these keys; None removes a key."""
    benchmark = yaml.safe_load((WORK / "colors.yaml").read_text())
    for key, value in changes.items():
        if isinstance(value, dict):
            benchmark[key] = benchmark.get(key, {}) | value
        elif value is None:
            benchmark.pop(key)
        else:
            benchmark[key] = value
    path = WORK / f"{name}.yaml"
    path.write_text(yaml.safe_dump(benchmark | {"name": name}))
    return path


def on_terminal(*arguments):
    """What a terminal shows of the command, which must succeed."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    with subprocess.Popen([BINARY, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:  # nobody writes any more
            pass
        os.close(master)
    if process.returncode != 0:
        raise AssertionError(shown.decode())
    return shown.decode()


def features(images, texts):
    """The features of images and texts by `dermatome encode`, in double precision."""
    (WORK / "texts.txt").write_text("\n".join(texts) + "\n")
    dermatome("encode", "--checkpoint", LAST, "--images", *images, "--texts", WORK / "texts.txt",
              "--output", WORK / "features.safetensors")
    tensors = load_file(WORK / "features.safetensors")
    return tensors["image_features"].astype("float64"), tensors["text_features"].astype("float64")


def unit(rows):
    return rows / numpy.linalg.norm(rows, axis=-1, keepdims=True)


class Evaluation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir(parents=True)
        cls.rows = training_data.make_data(WORK, BINARY, 90)
        with open(WORK / "colors.csv", newline="", encoding="utf-8") as file:
            cls.labels = [row["label"] for row in csv.DictReader(file)]
        # Half of the labels do not depend on the image, so that no score is perfect.
        cls.drawn = [label if i % 2 else COLORS[i // 2 % 3] for i, label in enumerate(cls.labels)]
        training_data.write_table(
            WORK / "table.csv", ["reddish", "filename", "label", "drawn", "patient", "tone", "cold"],
            [{"filename": f"{i}.png", "label": label, "drawn": cls.drawn[i], "patient": f"p{i // 3}", "tone": i % 4 if i else "",
              "reddish": int(label == "red"), "cold": int(label != "red")}
             for i, label in enumerate(cls.labels)])
        training_data.write_configuration(WORK, STEPS, EVERY, 60, "{every_epochs: 0, at_start: false}")
        dermatome("train", WORK / "config.yaml", "name=straight", ranks=2)
        cls.images = [WORK / f"images/{i}.png" for i in range(90)]
        prompts = [template.format(color) for color in COLORS for template in ("diagnosed as {}", "shows {}")]
        cls.image_features, texts = features(cls.images, prompts)
        cls.classifier = unit(texts.reshape(3, 2, -1).mean(1))

    def test_scores_are_scikit_learns_on_any_number_of_ranks(self):
        path = write_benchmark("all", data={"csv": "table.csv", "label_column": "drawn",
                                            "group_column": "patient", "slice_columns": ["tone"]}, min_slice=10,
                               metrics=["top1", "balanced_accuracy", "weighted_f1", "auroc"])
        result, = evaluate("--benchmark", path)
        self.assertEqual(evaluate("--benchmark", path, ranks=3), [result])
        truth = numpy.array([COLORS.index(label) for label in self.drawn])
        logits = 100 * self.image_features @ self.classifier.T
        guess = logits.argmax(1)
        probability = numpy.exp(logits - logits.max(1, keepdims=True))
        probability /= probability.sum(1, keepdims=True)
        for name, expected in [
                ("top1", metrics.accuracy_score(truth, guess)),
                ("balanced_accuracy", metrics.balanced_accuracy_score(truth, guess)),
                ("weighted_f1", metrics.f1_score(truth, guess, average="weighted")),
                ("auroc", metrics.roc_auc_score(truth, probability, multi_class="ovr"))]:
            self.assertAlmostEqual(result["scores"][name], expected, 4, name)
            low, high = result["intervals"][name]
            self.assertLess(low, high)
            self.assertTrue(low <= result["scores"][name] <= high, name)
        self.assertEqual(result["confusion"], metrics.confusion_matrix(truth, guess, labels=range(3)).tolist())
        precision, recall, f1, count = metrics.precision_recall_fscore_support(truth, guess, labels=range(3))
        for i, entry in enumerate(result["classes"]):
            self.assertEqual((entry["label"], entry["n"]), (COLORS[i], count[i]))
            for name, expected in [("recall", recall[i]), ("f1", f1[i])]:
                self.assertAlmostEqual(entry[name], expected, 9)
            if entry["precision"] is not None:
                self.assertAlmostEqual(entry["precision"], precision[i], 9)
        self.assertEqual(result["resampled_by"], "patient")
        slices = {entry["value"]: entry for entry in result["slices"]["tone"]}
        self.assertEqual({value: entry["n"] for value, entry in slices.items()},
                         {"": 1, "0": 22, "1": 23, "2": 22, "3": 22})
        self.assertIsNone(slices[""]["scores"])
        chosen = numpy.arange(90) % 4 == 1
        self.assertAlmostEqual(slices["1"]["scores"]["top1"], (truth == guess)[chosen].mean(), 9)
        self.assertEqual(set(result["hashes"]), {"data", "classes", "templates", "weights"})
        self.assertEqual(result["leakage"], {"status": "not checked"})

    def test_labels_outside_the_classes_are_an_error_or_counted(self):
        two = [{"label": "red", "names": ["red"]}, {"label": "green", "names": ["green"]},
               {"label": "violet", "names": ["violet"]}]
        path = write_benchmark("two", classes=two)
        failed = dermatome("evaluate", "--checkpoint", LAST, "--benchmark", path, check=False)
        self.assertEqual(failed.returncode, 3)
        self.assertIn("label 'blue' is not a class", failed.stderr)
        result, = evaluate("--benchmark", write_benchmark("two", classes=two, unlisted_labels="ignore"))
        blue = self.labels.count("blue")
        self.assertEqual(result["unlisted_labels"], {"blue": blue})
        self.assertEqual(result["absent_classes"], ["violet"])
        self.assertEqual(result["num_samples"], 90 - blue)

    def test_unreadable_images_can_be_left_out(self):
        rows = [{"filename": f"{i}.png", "label": label} for i, label in enumerate(self.labels)]
        training_data.write_table(WORK / "whole.csv", ["filename", "label"], [{"filename": "none.png", "label": "red"}, *rows])
        path = write_benchmark("tolerant", data={"csv": "whole.csv"})
        refused = dermatome("evaluate", "--checkpoint", LAST, "--benchmark", path, check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("none.png", refused.stderr)
        result, = evaluate("--benchmark", path, "--max-bad", 1, "--json", ranks=2)
        unreadable, = result["unreadable"]["images"]
        self.assertEqual([result["num_samples"], result["unreadable"]["count"], unreadable["image"]], [90, 1, "none.png"])
        self.assertIn("No such file", unreadable["reason"])

    def test_scores_without_near_duplicates_are_added(self):
        path = write_benchmark("leak")
        shutil.rmtree(WORK / "leaked", ignore_errors=True)
        (WORK / "leaked").mkdir()
        for i in range(7):
            shutil.copy(self.images[i], WORK / "leaked")
        # The list is written in one folder and read from another one.
        dermatome("duplicates", "leaked", "--against", path.name, "--distance", 0, "--output", "pairs.csv", cwd=WORK)
        leakage = evaluate("--benchmark", path, "--near-duplicates", WORK / "pairs.csv")[0]["leakage"]
        self.assertEqual((leakage["status"], leakage["near_duplicates"]), ("checked", 7))
        guess = (self.image_features @ self.classifier.T).argmax(1)
        right = guess == [COLORS.index(label) for label in self.labels]
        self.assertAlmostEqual(leakage["scores_without"]["top1"], right[7:].mean(), 9)

    def concept_benchmark(self):
        return write_benchmark(
            "signs", kind="concepts", classes=None, metrics=["auroc"], templates=["shows {}", "{}"],
            references=["an image", "nothing"], concept_terms="terms.json", data={"csv": "table.csv"},
            concepts=[{"label": "cold", "names": ["cold"]}, {"label": "reddish", "names": ["red"]},
                      {"label": "glossy", "names": ["glossy"]}])

    def presence(self, terms):
        prompts = [template.format(term) for template in ("shows {}", "{}") for term in terms]
        _, texts = features(self.images[:1], prompts + ["an image", "nothing"])
        target = (self.image_features @ texts[:-2].T).reshape(90, 2, len(terms)).mean(2)
        difference = (target - self.image_features @ texts[-2:].T) / 0.010108283932210891
        return (1 / (1 + numpy.exp(-difference))).mean(1), target.mean(1)

    def test_concepts_are_found_by_name_with_their_synonyms(self):
        (WORK / "terms.json").write_text(json.dumps({"reddish": ["red", "rose"], "other": ["x"]}))
        process = dermatome("evaluate", "--checkpoint", LAST, "--benchmark", self.concept_benchmark(), ranks=2)
        result = json.loads(process.stdout)
        self.assertIn("glossy", process.stderr)
        self.assertEqual(result["missing_concepts"], ["glossy"])
        areas = []
        for entry, terms in zip(result["concepts"], [["cold"], ["red", "rose"]]):
            truth = [(label == "red") == (entry["label"] == "reddish") for label in self.labels]
            areas.append(metrics.roc_auc_score(truth, self.presence(terms)[0]))
            self.assertAlmostEqual(entry["auroc"], areas[-1], 3)
            self.assertEqual((entry["n"], entry["positives"]), (90, sum(truth)))
        self.assertEqual([entry["label"] for entry in result["concepts"]], ["cold", "reddish", "glossy"])
        self.assertIsNone(result["concepts"][2]["auroc"])
        self.assertAlmostEqual(result["scores"]["auroc"], numpy.mean(areas), 3)

    def test_single_images(self):
        (WORK / "terms.json").write_text(json.dumps({"reddish": ["red", "rose"]}))
        cache = WORK / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        common = ["--checkpoint", LAST, "--cache", cache]
        arguments = ["classify", *self.images[:2], *common, "--benchmark", write_benchmark("one"), "--top", 2]
        text = dermatome(*arguments).stdout
        self.assertIn("not a probability, not for diagnosis", text)
        cached, = cache.iterdir()
        for _ in range(2):
            lines = [json.loads(line) for line in dermatome(*arguments, "--json").stdout.splitlines()]
            cosines = self.image_features[:2] @ self.classifier.T
            for line, expected in zip(lines, cosines, strict=True):
                order = numpy.argsort(-expected)[:2]
                self.assertEqual([entry["label"] for entry in line["classes"]], [COLORS[i] for i in order])
                self.assertEqual([entry["rank"] for entry in line["classes"]], [1, 2])
                for entry, i in zip(line["classes"], order):
                    self.assertAlmostEqual(entry["cosine"], expected[i], 5)
            # Damage is noticed, reported and repaired.
            cached.write_bytes(cached.read_bytes()[:40])
        self.assertIn("computing", dermatome(*arguments).stderr)
        self.assertGreater(cached.stat().st_size, 40)

        line, = dermatome("concepts", self.images[5], *common, "--benchmark", self.concept_benchmark(),
                          "--json").stdout.splitlines()
        found = {entry["label"]: entry for entry in json.loads(line)["concepts"]}
        presence, cosine = self.presence(["red", "rose"])
        self.assertAlmostEqual(found["reddish"]["presence"], presence[5], 4)
        self.assertAlmostEqual(found["reddish"]["cosine"], cosine[5], 5)
        refused = dermatome("concepts", self.images[5], *common, "--benchmark", WORK / "one.yaml", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("kind is not concepts", refused.stderr)

    def test_classify_takes_every_kind_that_can_rank(self):
        (WORK / "terms.json").write_text(json.dumps({"reddish": ["red", "rose"]}))
        images = [self.images[5], "--checkpoint", LAST, "--cache", WORK / "cache"]
        signs = self.concept_benchmark()
        ranked, expected = (json.loads(dermatome(command, *images, "--benchmark", signs, "--json").stdout)
                            for command in ("classify", "concepts"))
        self.assertEqual(ranked, expected)
        retrieval = write_benchmark("cannot_rank", kind="retrieval", classes=None, templates=None,
                                    data={"csv": "captions.csv"}, metrics=["R@5"])
        refused = dermatome("classify", *images, "--benchmark", retrieval, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("cannot_rank.yaml: kind retrieval cannot rank single images", refused.stderr)

    def test_a_run_stands_for_its_newest_checkpoint(self):
        path = write_benchmark("one")
        run = ["--checkpoint", CHECKPOINTS.parent]
        for command in (["classify", self.images[0], "--benchmark", path, "--json"],
                        ["probe", "--train", path, "--test", path], ["evaluate", "--benchmark", path]):
            self.assertEqual(json.loads(dermatome(*command, *run).stdout)["checkpoint"], str(LAST))
        dermatome("encode", "--images", self.images[0], *run, "--output", WORK / "one.npy")
        numpy.testing.assert_allclose(numpy.load(WORK / "one.npy")[0], self.image_features[0], atol=1e-6)

    def test_a_bare_file_of_weights_is_described_by_options(self):
        weights = WORK / "bare.safetensors"
        shutil.copy(LAST / "open_clip_model.safetensors", weights)
        features = {}
        for option in ([], ["--quick-gelu"]):
            dermatome("encode", "--images", self.images[0], "--checkpoint", weights, "--architecture",
                      training_data.MODEL, *option, "--output", WORK / "bare.npy")
            features[len(option)] = numpy.load(WORK / "bare.npy")[0]
        numpy.testing.assert_allclose(features[0], self.image_features[0], atol=1e-6)
        self.assertGreater(abs(features[1] - features[0]).max(), 1e-4)
        refused = dermatome("evaluate", "--checkpoint", weights, "--architecture", "ViT-B-16", "--benchmark",
                            write_benchmark("one"), check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertRegex(refused.stderr, "bare.safetensors: .* the architecture ViT-B-16 needs")

    def test_weights_that_are_not_finite_are_refused(self):
        damaged = WORK / "damaged"
        shutil.rmtree(damaged, ignore_errors=True)
        shutil.copytree(LAST, damaged)
        weights = load_file(damaged / "open_clip_model.safetensors")
        weights["visual.proj"][0, 0] = numpy.nan
        save_file(weights, damaged / "open_clip_model.safetensors")
        path = write_benchmark("one")
        output = WORK / "damaged.safetensors"
        for command in (["classify", self.images[3], "--benchmark", path, "--cache", WORK / "cache"],
                        ["encode", "--images", self.images[3], "--output", output],
                        ["evaluate", "--benchmark", path],
                        ["probe", "--train", path, "--test", path]):
            refused = dermatome(*command, "--checkpoint", damaged, check=False)
            self.assertEqual(refused.returncode, 3, refused.stderr)
            self.assertRegex(refused.stderr, r"images/\d.png.* not finite; the weights may be damaged")
            self.assertEqual(refused.stdout, "")
        self.assertFalse(output.exists())

    def test_clip_benchmarks_format(self):
        training_data.write_table(WORK / "captions.csv", ["filename", "caption"],
                                  [{"filename": row["filename"], "caption": row["caption"]} for row in self.rows])
        retrieval = write_benchmark("find", kind="retrieval", classes=None, templates=None,
                                    data={"csv": "captions.csv"}, metrics=["R@5", "mean_rank"])
        path = write_benchmark("plain", metrics=["top1", "balanced_accuracy"])
        ours = evaluate("--benchmark", path, retrieval)
        theirs = evaluate("--benchmark", path, retrieval, "--format", "clip_benchmark")
        self.assertEqual(theirs[0]["task"], "zeroshot_classification")
        self.assertEqual(theirs[0]["dataset"], "plain")
        self.assertEqual(theirs[0]["pretrained"], str(LAST))
        self.assertEqual(theirs[0]["metrics"], {"acc1": ours[0]["scores"]["top1"],
                                                "mean_per_class_recall": ours[0]["scores"]["balanced_accuracy"]})
        self.assertEqual(theirs[1]["task"], "zeroshot_retrieval")
        # Some captions are equal, so CLIP_benchmark's recall depends on torch.topk.
        self.assertGreater(ours[1]["scores"]["image_to_text_tied"], 0)
        found = theirs[1]["metrics"]
        images, texts = (torch.tensor(rows).float() for rows in
                         features(self.images, [row["caption"] for row in self.rows]))
        scores = texts @ images.T
        for name, rows in [("image", scores), ("text", scores.T)]:
            hits = (rows.topk(5, dim=1).indices == torch.arange(90).unsqueeze(1)).any(1)
            # The features of another batch size differ in their last bits.
            self.assertAlmostEqual(found.pop(f"{name}_retrieval_recall@5"), hits.float().mean().item(), delta=1.01 / 90)
        self.assertEqual(found, {name: value for name, value in ours[1]["scores"].items() if "R@" not in name})

    def test_a_terminal_shows_tables_and_a_pipe_gets_json(self):
        path = write_benchmark("one")
        arguments = ["--checkpoint", LAST, "--benchmark", path]
        result, = evaluate("--benchmark", path)
        low, high = result["intervals"]["top1"]
        table = (rf"one \(validation\): 90 images, {LAST}\r\n"
                 r" +metric +score +95 % interval\r\n"
                 rf" +top1 +{result['scores']['top1']:.4f} +{low:.4f} to {high:.4f}\r\n")
        shown = on_terminal("evaluate", *arguments)
        self.assertRegex(shown, table)
        self.assertRegex(shown, "one: 90 images scored in [0-9.]+ s")
        # The ranks write into pipes of mpirun; `launch` knows where they end.
        self.assertRegex(on_terminal("launch", "--ranks", 2, "evaluate", *arguments), table)
        lines = on_terminal("evaluate", *arguments, "--json").splitlines()
        self.assertIn(result, [json.loads(line) for line in lines if line.startswith("{")])
        probe = ["probe", "--checkpoint", LAST, "--train", path, "--test", path]
        self.assertRegex(on_terminal(*probe), r"one \(validation\), linear probe of one, all samples: 90 images")
        self.assertIn('{"benchmark"', on_terminal(*probe, "--json"))


class Watch(unittest.TestCase):
    """Tests `dermatome watch` on copies of the run that Evaluation's set-up makes."""

    @classmethod
    def setUpClass(cls):
        if not LAST.exists():
            Evaluation.setUpClass()
        cls.choosing = write_benchmark("choosing", metrics=["top1", "auroc"])
        cls.judging = write_benchmark("judging", role="test")

    def copy(self, name):
        run = WORK / "runs" / name
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(WORK / "runs/straight", run)
        return run

    def lines(self, run):
        return [json.loads(line) for line in (run / "evaluations.jsonl").read_text().splitlines()]

    def start(self, *arguments):
        process = subprocess.Popen([BINARY, *map(str, arguments)], stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def test_every_checkpoint_is_scored_once_and_the_best_one_named(self):
        run = self.copy("once")
        arguments = ["watch", run, "--benchmark", self.choosing, self.judging, "--once", "--select",
                     "choosing:auroc"]
        dermatome(*arguments, ranks=2)
        lines = self.lines(run)
        self.assertEqual([(line["step"], line["benchmark"]) for line in lines],
                         [(step, name) for step in (4, 8, 12) for name in ("choosing", "judging")])
        # Another start scores nothing again, and repairs what a killed process has left.
        with open(run / "evaluations.jsonl", "a", encoding="utf-8") as file:
            file.write('{"step": 12, "bench')
        again = dermatome(*arguments)
        self.assertEqual(self.lines(run), lines)
        self.assertIn("cut short", again.stderr)
        scores = {line["step"]: line["scores"]["auroc"] for line in lines if line["benchmark"] == "choosing"}
        best = max(sorted(scores), key=scores.get)
        self.assertEqual((run / "best").read_text().strip(), f"step_{best:08d}")
        self.assertEqual(lines[-1]["scores"], evaluate("--benchmark", self.judging)[0]["scores"])

    def test_a_benchmark_that_was_written_anew_scores_again(self):
        run = self.copy("anew")
        shutil.copy(WORK / "table.csv", WORK / "anew.csv")
        arguments = ["watch", run, "--once", "--benchmark",
                     write_benchmark("anew", metrics=["top1"], data={"csv": "anew.csv"})]
        dermatome(*arguments)
        self.assertEqual(len(self.lines(run)), 3)
        rows = (WORK / "anew.csv").read_text().splitlines(keepends=True)
        (WORK / "anew.csv").write_text("".join(rows[:-1]))
        for _ in range(2):
            dermatome(*arguments)
            dermatome(*arguments, "--precision", "amp_bf16")
        lines = self.lines(run)
        self.assertEqual([line["step"] for line in lines], [4, 8, 12] * 3)
        self.assertEqual(len({line["definition"] for line in lines}), 3)
        self.assertEqual(len({line["state"] for line in lines}), 3)

    def test_one_watch_per_run(self):
        run = self.copy("taken")
        first = self.start("watch", run, "--benchmark", self.choosing, "--interval", "0.2")
        deadline = time.time() + 300
        while not (run / "evaluations.jsonl").exists() and time.time() < deadline:
            time.sleep(0.1)
        second = dermatome("watch", run, "--benchmark", self.choosing, "--once", check=False)
        self.assertEqual(second.returncode, 2)
        self.assertIn(f"{run} is already watched by process {first.pid} on host ", second.stderr)
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(300), 0)
        self.assertFalse((run / "watcher.json").exists())

    def test_what_cannot_be_scored_is_recorded_and_the_rest_goes_on(self):
        run = self.copy("unreadable")
        training_data.write_table(WORK / "broken.csv", ["filename", "label"],
                                  [{"filename": "none.png", "label": "red"}])
        broken = write_benchmark("broken", data={"csv": "broken.csv"})
        done = dermatome("watch", run, "--benchmark", broken, self.choosing, "--once", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, "none.png.* start watch again")
        self.assertEqual([(line["step"], line["benchmark"], bool(line["scores"])) for line in self.lines(run)],
                         [(step, name, name == "choosing") for step in (4, 8, 12) for name in ("broken", "choosing")])
        missing = WORK / "images/none.png"
        shutil.copy(WORK / "images/0.png", missing)
        self.addCleanup(missing.unlink)
        dermatome("watch", run, "--benchmark", broken, self.choosing, "--once")
        self.assertEqual([(line["step"], line["benchmark"], bool(line["scores"])) for line in self.lines(run)[6:]],
                         [(step, "broken", True) for step in (4, 8, 12)])

    def test_beside_a_training_that_removes_old_checkpoints(self):
        run = WORK / "runs/beside"
        shutil.rmtree(run, ignore_errors=True)
        # The run does not exist yet.
        watch = self.start("watch", run, "--benchmark", self.choosing, "--select", "choosing:auroc", "--interval",
                           "0.2", "--until-step", STEPS)
        dermatome("train", WORK / "config.yaml", "name=beside", "checkpoint.keep=2", ranks=2)
        self.assertEqual(watch.wait(300), 0)
        self.assertIn(STEPS, [line["step"] for line in self.lines(run)])
        self.assertTrue((run / "checkpoints" / (run / "best").read_text().strip()).is_dir())


class Validation(unittest.TestCase):
    """Benchmarks in a training; one rank fails at one of them."""

    @classmethod
    def setUpClass(cls):
        if not LAST.exists():
            Evaluation.setUpClass()
        training_data.write_table(WORK / "half.csv", ["filename", "label"], [
            {"filename": name, "label": "red"} for name in ("0.png", "1.png", "none.png")])
        good, half = write_benchmark("good"), write_benchmark("half", data={"csv": "half.csv"})
        cls.settings = [WORK / "config.yaml", f"validation.benchmarks=[{good},{half}]", "validation.every_steps=5"]

    def validations(self, name):
        lines = (WORK / "runs" / name / "results.jsonl").read_text().splitlines()
        return {line["step"]: line["validation"] for line in map(json.loads, lines) if "validation" in line}

    def test_a_benchmark_that_fails_is_reported_and_ends_nothing(self):
        done = dermatome("train", *self.settings, "name=reported", ranks=2)
        self.assertEqual(done.stderr.count("benchmark half has no scores: rank 1"), 3)
        found = self.validations("reported")
        self.assertEqual(sorted(found), [5, 10, STEPS])
        self.assertEqual([list(scores) for scores in found.values()], [["good"]] * 3)

    def test_a_benchmark_that_fails_can_end_the_run(self):
        done = dermatome("train", *self.settings, "name=failed", "validation.on_failure=fail", ranks=2, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("none.png", done.stderr)
        self.assertFalse((WORK / f"runs/failed/checkpoints/step_{STEPS:08d}").exists())

    def held_out(self):
        """The setting of held-out shards whose first batch rank 1 alone cannot read."""
        folder = WORK / "held_out"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(WORK / "shards", folder)
        training_data.damage_images([folder / "shard-00000.h5"], rows=[8])
        return f"data.validation={folder}"

    def test_damaged_held_out_shards_are_reported_and_end_nothing(self):
        done = dermatome("train", *self.settings, self.held_out(), "name=damaged", ranks=2)
        self.assertEqual(len(re.findall(r"rank 1 \| error \| .*data.validation has no loss: .*held_out/shard-00000.h5",
                                        done.stderr)), 3, done.stderr)
        found = self.validations("damaged")
        self.assertEqual(sorted(found), [5, 10, STEPS])
        self.assertEqual([list(scores) for scores in found.values()], [["good"]] * 3)
        self.assertTrue((WORK / f"runs/damaged/checkpoints/step_{STEPS:08d}").exists())

    def test_damaged_held_out_shards_can_end_the_run(self):
        done = dermatome("train", *self.settings, self.held_out(), "name=ended", "validation.on_failure=fail", ranks=2,
                         check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        error, = (line for line in done.stderr.splitlines() if "| error |" in line)
        self.assertIn("held_out/shard-00000.h5", error)
        self.assertFalse((WORK / f"runs/ended/checkpoints/step_{STEPS:08d}").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
