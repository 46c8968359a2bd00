"""`dermatome report` on a run of the tiny model and `dermatome inspect --sheet` on its shards, in a real browser.

usage: page_test.py BINARY WORK_DIR

Every page is opened in light and dark, in a desktop's and in a phone's width. It must draw itself without
errors or requests, and must not be wider than the window. WORK_DIR/report_page keeps the pages and
screenshots.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import browser  # noqa: E402
import needs  # noqa: E402
import training_data  # noqa: E402

BINARY, WORK = sys.argv[1], pathlib.Path(sys.argv[2]) / "report_page"
STEPS = 6
MARKUP = "</script><img src=x onerror=document.title='taken'><!-- <b>bold</b> &amp;"
VIEWS = [("light", 1200), ("dark", 1200), ("light", 360), ("dark", 360)]


def make_run():
    """Shards with captions that look like markup, and a run on them with one benchmark."""
    shutil.rmtree(WORK, ignore_errors=True)
    rows = training_data.make_data(WORK, BINARY, 40, "--short-side", "20")
    for row in rows:
        row["truncated_caption"] += MARKUP
        if "subcaption_1" in row:
            row["subcaption_1"] = "a long " * 20 + row["subcaption_1"]
    training_data.write_table(WORK / "train.csv", training_data.COLUMNS, rows)
    shutil.rmtree(WORK / "shards")
    run("shard", "--csv", WORK / "train.csv", "--images", WORK / "images", "--output", WORK / "shards",
        "--short-side", "20")
    training_data.write_configuration(WORK, STEPS, 3, 30,
                                      f"{{every_epochs: 1, benchmarks: [{WORK}/colors.yaml]}}")
    train("full", f"data.validation={WORK}/shards")
    train("plain", "objective.local_alignment=false", "validation.benchmarks=[]")


def run(*arguments):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def train(name, *overrides):
    run("train", WORK / "config.yaml", f"name={name}", *overrides)


def evaluations():
    """Lines as `dermatome watch` writes them: two steps of one benchmark, and benchmarks of every kind."""
    labels = ["red", MARKUP, "blue"]
    classes = [{"label": label, "n": 10, "recall": 0.5, "precision": 0.25, "f1": 0.3, "auroc": None}
               for label in labels]
    common = {"role": "test", "num_samples": 30, "resampled_by": "patient",
              "leakage": {"status": "not checked"}, "hashes": {"data": "0" * 64}}
    classified = {"benchmark": "skin", "kind": "classification", **common, "classes": classes,
                  "confusion": [[5, 3, 2], [0, 10, 0], [1, 4, 5]], "absent_classes": ["green"],
                  "unlisted_labels": {MARKUP: 2}, "scores": {"top1": 0.625},
                  "intervals": {"top1": [0.5, 0.75]},
                  "slices": {"skin type": [{"value": "2", "n": 20, "scores": {"top1": 0.5}},
                                           {"value": "6", "n": 2, "scores": None}]}}
    many = [{**classes[0], "label": f"class {i}"} for i in range(114)]
    return [
        # These scores are of other templates, so they are no points of the same curve.
        *({**classified, "step": step, "definition": "old", "scores": {"balanced_accuracy": 0.25}} for step in (1, 2)),
        {**classified, "step": 3, "scores": {"top1": 0.5}},
        {**classified, "step": STEPS},
        {"benchmark": "many", "kind": "classification", **common, "step": 3, "classes": many,
         "confusion": [[int(i == j) * 7 for j in range(114)] for i in range(114)], "scores": {"top1": 1.0}},
        {"benchmark": "concepts", "kind": "concepts", **common, "step": STEPS,
         "resampled_by": "image (images are treated as independent)", "scores": {"auroc": 0.7},
         "intervals": {"auroc": [0.6, 0.8]}, "missing_concepts": ["Scale"],
         "concepts": [{"label": "Papule", "positives": 3, "n": 30, "auroc": None, "interval": None}]},
        *({"benchmark": "captions", "kind": "retrieval", **common, "step": step,
           "scores": {"image_to_text_R@10": 0.5, "text_to_image_median_rank": 7.5},
           "slices": {"tone": [{"value": "2", "n": 20, "scores": {"text_to_image_median_rank": 1}},
                               {"value": "6", "n": 10, "scores": {"text_to_image_median_rank": 8.5}}]},
           "leakage": {"status": "checked", "pairs": "pairs.csv", "near_duplicates": 7}} for step in (3, STEPS)),
        {"benchmark": "grades", "kind": "a kind of another program", **common, "step": STEPS,
         "scores": {"correlation": -0.25, "severity": 3.25}, "intervals": {"correlation": [-0.5, 0.125]},
         "grades": [3, 1, 2]},
        {"benchmark": "broken", "step": STEPS, "scores": {}, "failure": "rank 1: none.png cannot be read"},
    ]


def write_report(name, *options):
    output = WORK / f"{name}.html"
    run("report", WORK / "runs" / name, "--output", output, *options)
    return output


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        make_run()

    def setUp(self):
        self.browser = self.enterContext(browser.Browser())

    def count(self, selector):
        return self.browser.evaluate(f"document.querySelectorAll({json.dumps(selector)}).length")

    def text(self, selector):
        return self.browser.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def open(self, page, scheme="light", width=1200, sections=6):
        """Opens a page, which must draw itself without errors or requests."""
        self.browser.open(page.as_uri(), width, scheme)
        self.browser.screenshot(page.with_name(f"{page.stem}_{scheme}_{width}.png"))
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.evaluate("document.documentElement.dataset.state"), "drawn")
        asked = [url for url in self.browser.requests() if not url.startswith("data:image/jpeg;")]
        self.assertEqual(asked, [page.as_uri()])
        wide = self.browser.evaluate("document.documentElement.scrollWidth")
        self.assertLessEqual(wide, width)
        self.assertEqual(self.count("section"), sections)

    def data(self):
        return json.loads(self.text("#data"))

    def test_a_whole_run(self):
        lines = "".join(json.dumps(evaluation) + "\n" for evaluation in evaluations())
        (WORK / "runs/full/evaluations.jsonl").write_text(lines)
        page = write_report("full", "--images", "3")
        backgrounds = set()
        for scheme, width in VIEWS:
            with self.subTest(scheme=scheme, width=width):
                self.open(page, scheme, width)
                backgrounds.add(self.browser.evaluate("getComputedStyle(document.body).backgroundColor"))
                self.check_content()
        self.assertEqual(len(backgrounds), 2)

    def check_content(self):
        self.assertEqual(self.count(".note"), 0)
        # Plots of loss, rate, throughput, logit scale and gradient norm; scores of colors, skin and captions over
        # steps, those of captions in each direction.
        self.assertEqual(self.count("#training .plot svg"), 5)
        self.assertIn("total, held out", self.text("#training"))
        self.assertEqual(self.count("#scores .plot svg"), 4)
        self.assertIn("captions, text to image, lower is bettermedian rank 7.5", self.text("#scores"))
        self.assertIn("22016108.5", self.text("#scores"))  # slices: value 2, 20 images, rank 1; value 6, 10 images, rank 8.5
        self.assertIn("correlation-0.250-0.500 to 0.125", self.text("#scores"))
        self.assertIn("severity3.25", self.text("#scores"))
        self.assertIn("0.6250.500 to 0.750", self.text("#scores"))
        self.assertIn("images of one patient are resampled together", self.text("#scores"))
        self.assertIn("images are treated as independent", self.text("#scores"))
        self.assertIn("listed in pairs.csv: 7", self.text("#scores"))
        self.assertIn("could not be scored: rank 1", self.text("#scores"))
        self.assertNotIn("undefined", self.text("#scores"))
        self.assertNotIn("balanced", self.text("#scores"))
        self.assertEqual(self.count("#confusion .plot svg"), 2)
        # Three classes have room for their names, 114 have not.
        axes = self.browser.evaluate("""[...document.querySelectorAll('#confusion .plot svg')].map(
            (svg) => [...svg.querySelectorAll('text')].map((text) => text.firstChild.textContent))""")
        self.assertIn("blue", axes[1])
        for names in axes:
            self.assertLessEqual({"true", "predicted"}, set(names))
        self.assertIn("1", axes[0])
        self.assertIn("red taken for " + MARKUP + ": 3 of 10", self.text("#confusion"))
        self.assertEqual(self.count("#retrieved .card"), 3)
        shown = [card["text"] for card in self.data()["retrieved"]["by_caption"]]
        self.assertEqual(len(set(shown)), len(shown))
        self.assertIn("images/s (median), waiting for data", self.text("#facts"))
        # Captions that look like markup are shown as text.
        self.assertEqual(self.count("img[src=x]"), 0)
        self.assertEqual(self.count("script"), 2)
        self.assertTrue(self.browser.evaluate("document.title").startswith("full"))
        # Every map is drawn three times (trained, untrained, other caption), on one scale.
        maps = [one for image in self.data()["maps"] for one in image["maps"]]
        self.assertEqual(self.count("#maps canvas"), 3 * len(maps))
        self.assertEqual({one["kind"] for one in maps}, {"weights", "cosines"})
        self.assertEqual(self.count("#maps .tag.weights"), 1 + 3)
        self.check_colors(maps)

    def check_colors(self, maps):
        """A patch's color shows its value: opacity its size, blue or orange its sign."""
        drawn = self.browser.evaluate("""[...document.querySelectorAll('#maps canvas')].map(canvas =>
            [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data])""")
        values = [value for one in maps
                  for value in (one["trained"], one["untrained"], one["other"]["values"])]
        most = max(abs(value) for one in values for value in one)
        scale = self.browser.evaluate("mapScale()")
        self.assertTrue(most <= scale <= most + 0.05)
        for pixels, numbers in zip(drawn, values, strict=True):
            for i, value in enumerate(numbers):
                red, _, blue, alpha = pixels[4 * i:4 * i + 4]
                self.assertAlmostEqual(alpha, 255 * 0.88 * abs(value) / scale, delta=1)
                if alpha > 20:
                    self.assertEqual(red > blue, value > 0)

    def test_pointing_at_a_curve_or_a_map_shows_its_value(self):
        self.open(write_report("full", "--images", "2"))
        self.assertEqual(self.browser.evaluate("""(() => {
            const svg = document.querySelector('#training svg');
            const box = svg.getBoundingClientRect();
            svg.dispatchEvent(new PointerEvent('pointermove', {clientX: box.right}));
            return svg.nextSibling.hidden ? '' : svg.nextSibling.firstChild.textContent; })()"""), f"step {STEPS}")
        value = self.data()["maps"][0]["maps"][0]["trained"][-1]
        self.assertEqual(self.browser.evaluate("""(() => {
            const map = document.querySelector('#maps .map');
            const box = map.getBoundingClientRect();
            map.dispatchEvent(new PointerEvent('pointermove', {clientX: box.right - 1, clientY: box.bottom - 1}));
            return map.nextSibling.lastChild.textContent; })()"""), f"here {value:.2f}".replace("-", "−"))

    def test_curves_on_a_logarithmic_scale_and_smoothed(self):
        self.open(write_report("full", "--images", "0"))
        line = "document.querySelector('#training .plot svg').innerHTML"
        plain = self.browser.evaluate(line)
        drawn = [plain]
        for change in ("log.click()", "log.click()", "smoothing.value = 0.9; smoothing.dispatchEvent(new Event('input'))"):
            self.browser.evaluate(f"{{ const log = document.getElementById('log'), "
                                  f"smoothing = document.getElementById('smoothing'); {change} }}")
            drawn.append(self.browser.evaluate(line))
        self.assertNotEqual(drawn[1], plain)
        self.assertEqual(drawn[2], plain)
        # A smoothed curve is drawn over the measured one.
        self.assertGreater(drawn[3].count("<path"), plain.count("<path"))
        self.assertEqual(self.browser.evaluate("smoothed({values: [1, null, 3, 3]}, 0.5).values.map((x) => x ?? 0)"),
                         [1, 0, 7 / 3, 19 / 7])
        self.assertEqual(self.browser.evaluate("logMarks(0.3, 42)"), [0.2, 0.5, 1, 2, 5, 10, 20, 50])

    def test_a_comparison_of_runs(self):
        lines = "".join(json.dumps(evaluation) + "\n" for evaluation in evaluations())
        (WORK / "runs/full/evaluations.jsonl").write_text(lines)
        page = WORK / "comparison.html"
        run("report", WORK / "runs/full", WORK / "runs/plain", "--output", page)
        for scheme, width in VIEWS:
            with self.subTest(scheme=scheme, width=width):
                self.open(page, scheme, width, sections=4)
                self.assertIn("objective.local_alignmenttruefalse", self.text("#settings"))
                self.assertNotIn("optimizer.lr", self.text("#settings"))
                self.assertIn("top-10.6250.500 to 0.750, step 6–", self.text("#scores"))
                # Both runs are in the charts of the loss, of its one shared term, of rate, speed, scale and norm.
                both = self.browser.evaluate("""[...document.querySelectorAll('#training .legend')].map(
                    (legend) => legend.childElementCount)""")
                self.assertGreaterEqual(both.count(2), 5)
                self.assertEqual(self.count("script"), 2)
                self.assertEqual(self.count("img[src=x]"), 0)

    def test_options_of_one_run_are_refused_for_a_comparison(self):
        done = subprocess.run([BINARY, "report", WORK / "runs/full", WORK / "runs/plain", "--images", "3"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--images", done.stderr)

    def test_a_run_without_local_alignment_and_scores(self):
        self.open(write_report("plain", "--images", "1"), width=360)
        self.assertIn("dermatome watch", self.text("#scores .note"))
        self.assertIn("dermatome watch", self.text("#confusion .note"))
        self.assertIn("trained without local alignment", self.text("#maps .note"))
        self.assertIn("The run has no data.validation", self.text("#maps"))
        self.assertEqual(self.count("#maps .absent") + self.count("#maps canvas"),
                         3 * self.count("#maps .maps"))

    def test_an_objective_without_patch_weights(self):
        page = write_report("full", "--images", "1")
        text, number = re.subn(r'"patch_weights":\{[^}]*\}', '"patch_weights":null', page.read_text())
        self.assertEqual(number, 1)
        other = WORK / "no_weights.html"
        other.write_text(text.replace('"kind":"weights"', '"kind":"cosines"'))
        self.open(other)
        self.assertEqual(self.count("#maps .tag.weights"), 0)
        self.assertIn("Training weighed no patches", self.text("#maps"))
        self.assertEqual(self.count("#maps .note"), 0)

    def test_a_run_whose_shards_are_gone(self):
        self.open(write_report("plain", "--data", WORK / "nowhere"))
        for section in ("#retrieved", "#maps"):
            self.assertIn("--data SHARDS", self.text(f"{section} .note"))
        self.assertEqual(self.count("#training .plot svg"), 4 + 1)

    def test_a_run_without_results(self):
        begun = WORK / "runs/begun"
        begun.mkdir(exist_ok=True)
        shutil.copy(WORK / "runs/full/config.yaml", begun)
        self.open(write_report("begun"))
        for section in ("training", "scores", "confusion", "retrieved", "maps"):
            self.assertEqual(self.count(f"#{section} .note"), 1, section)

    def test_benchmarks_are_scored_when_asked(self):
        self.open(write_report("plain", "--benchmark", WORK / "colors.yaml", "--images", "0"))
        self.assertIn(f"checkpoint of step {STEPS}", self.text("#scores .card"))
        self.assertIn("top-1", self.text("#scores .card"))

    def test_a_sheet_of_a_record(self):
        page = WORK / "record.html"
        run("inspect", WORK / "shards", "--row", "1", "--sheet", page, "--views", "3")
        for scheme, width in VIEWS:
            with self.subTest(scheme=scheme, width=width):
                self.open(page, scheme, width, sections=0)
                self.check_images(1 + 3, "1.png")
                self.assertIn(MARKUP, self.text("dl.captions"))
                self.assertEqual(self.count("dl.captions dt"), 11)

    def test_a_sheet_of_many_records(self):
        page = WORK / "overview.html"
        run("inspect", WORK / "shards", "--sheet", page, "--records", "5")
        for scheme, width in VIEWS:
            with self.subTest(scheme=scheme, width=width):
                self.open(page, scheme, width, sections=0)
                self.check_images(5, ".png")
                self.assertEqual(self.count("article h2"), 5)

    def test_a_sheet_of_near_duplicates(self):
        page = WORK / "duplicates.html"
        run("duplicates", WORK / "images", "--sheet", page, "--distance", "256")
        for scheme, width in VIEWS:
            with self.subTest(scheme=scheme, width=width):
                self.open(page, scheme, width, sections=0)
                self.assertEqual(self.count("article.group img"), 8)
                self.assertIn("32 more of this group", self.text("article.group"))

    def check_images(self, number, name):
        """All images are drawn and have an alternative text; captions that look like markup are shown as text."""
        images = self.browser.evaluate(
            "[...document.images].map(image => [image.naturalWidth, image.alt, image.getAttribute('src').slice(0, 23)])")
        self.assertEqual(len(images), number)
        for width, alternative, source in images:
            self.assertGreater(width, 0)
            self.assertIn(name, alternative)
            self.assertEqual(source, "data:image/jpeg;base64,")
        self.assertEqual(self.count("script"), 2)
        self.assertTrue(self.browser.evaluate("document.title").endswith(": Dermatome sheet"))

    def test_a_folder_that_is_no_run_is_refused(self):
        done = subprocess.run([BINARY, "report", WORK / "images"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("holds no config.yaml", done.stderr)


if __name__ == "__main__":
    needs.end_unless("browser", browser.why_missing())
    unittest.main(argv=sys.argv[:1])
