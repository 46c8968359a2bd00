"""Tests how the binary makes shards of tables and folders: kinds of tables, ranks, kills, duplicates.

usage: ingestion_test.py BINARY WORK_DIR FLAKY_READS_LIBRARY
"""

import csv
import io
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

import h5py
import numpy
from PIL import Image, ImageOps

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/support"))
import training_data  # noqa: E402

BINARY, WORK, FLAKY_READS = sys.argv[1], pathlib.Path(sys.argv[2]) / "ingestion", sys.argv[3]
del sys.argv[1:]
MPIRUN = SOURCE / "tests/support/mpirun.sh"
# With raw images of at most this size the builder takes a shard for full after four of them.
FOUR_PER_SHARD = ["--raw", "--short-side", "250", "--shard-size-mb", "1"]
# `dermatome verify` reads a small shard in this order: 28 reads by HDF5, 13 of metadata, then images and captions.
# Storage fails after these numbers of reads.
READS = (0, 12, 30, 42)
STORAGE = 74  # the exit code if storage stays away


def dermatome(*arguments, ranks=1, check=True, **variables):
    command = [BINARY] if ranks == 1 else [MPIRUN, str(ranks), BINARY]
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=check,
                          env=os.environ | variables)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def captions(folder):
    """For each sample of a data set its image, captions (None if missing), masks, label and ontology."""
    samples = []
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as shard:
            text, bounds = shard["captions/bytes"][:].tobytes(), shard["captions/index"][:]
            names, name_bounds = shard["samples/source"][:].tobytes(), shard["samples/source_index"][:]
            for row in range(len(name_bounds) - 1):
                samples.append((
                    names[name_bounds[row]:name_bounds[row + 1]].decode(),
                    [text[bounds[i]:bounds[i + 1]].decode() if i >= 0 else None
                     for i in shard["samples/caption"][row]],
                    shard["samples/mask"][row].tolist(), int(shard["samples/label"][row]),
                    int(shard["samples/ontology"][row])))
    return samples


class Ingestion(unittest.TestCase):
    def setUp(self):
        self.folder = WORK / self.id().rsplit(".", 1)[1]
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def make_table(self, number):
        rows = training_data.make_table(self.folder, number)
        training_data.write_table(self.folder / "train.csv", training_data.COLUMNS, rows)
        return rows

    def shard(self, output, *options, table="train.csv", ranks=1, check=True):
        return dermatome("shard", "--csv", self.folder / table, "--images", self.folder / "images", "--output",
                         self.folder / output, *options, ranks=ranks, check=check)

    def test_several_ranks_make_the_bytes_that_one_rank_makes(self):
        self.make_table(26)
        (self.folder / "images/7.png").write_bytes(b"no image")
        allow = [*FOUR_PER_SHARD, "--max-bad", "0.1"]
        self.shard("alone", *allow, "--threads", "1")
        alone = files(self.folder / "alone")
        self.assertEqual(len([name for name in alone if name.endswith(".h5")]), 7)
        self.assertIn(b"7.png", alone["rejected.csv"])
        for ranks in (2, 3):
            output = f"ranks_{ranks}"
            printed = self.shard(output, *allow, ranks=ranks).stdout
            self.assertEqual(printed.count("25 samples in 7 shard(s)"), 1, printed)
            self.assertEqual(files(self.folder / output), alone)
            self.assertIn("7 kept from before", self.shard(output, *allow, ranks=ranks).stdout)
        failed = self.shard("strict", *FOUR_PER_SHARD, ranks=2, check=False)
        self.assertEqual(failed.returncode, 3, failed.stderr)
        self.assertIn("7.png", failed.stderr)

    def test_a_killed_build_is_continued(self):
        self.make_table(60)
        self.shard("whole", *FOUR_PER_SHARD)
        process = subprocess.Popen(
            [BINARY, "shard", "--csv", self.folder / "train.csv", "--images", self.folder / "images", "--output",
             self.folder / "killed", *FOUR_PER_SHARD, "--threads", "1"], stderr=subprocess.DEVNULL)
        while not list(self.folder.glob("killed/shard-00003.h5")) and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertFalse((self.folder / "killed/manifest.yaml").exists())
        for ranks in (1, 2):
            output = f"continued_by_{ranks}"
            shutil.copytree(self.folder / "killed", self.folder / output)
            printed = self.shard(output, *FOUR_PER_SHARD, ranks=ranks).stdout
            self.assertNotIn(" 0 kept from before", printed)
            self.assertEqual(files(self.folder / output), files(self.folder / "whole"))

    def test_images_of_refused_kinds_are_reported(self):
        rows = self.make_table(20)
        refused = {"float.tif": "a TIFF with 1 samples of 32 bits", "animated.webp": "an animated WebP",
                   "huge.png": "an image of 100000 x 100000 pixels"}
        for row, name in zip(rows, refused):
            shutil.copy(SOURCE / "tests/image/data" / name, self.folder / "images")
            row["filename"] = name
        training_data.write_table(self.folder / "train.csv", training_data.COLUMNS, rows)
        self.assertIn("17 samples", self.shard("shards", "--max-bad", "0.2").stdout)
        with open(self.folder / "shards/rejected.csv", newline="", encoding="utf-8") as file:
            rejected = {row["filename"]: row["reason"] for row in csv.DictReader(file)}
        self.assertEqual(rejected.keys(), refused.keys())
        for name, reason in refused.items():
            self.assertIn(reason, rejected[name])

    def test_what_is_stored_by_default(self):
        (self.folder / "images").mkdir()
        noise = numpy.random.default_rng(1).integers(0, 256, (500, 700, 3), numpy.uint8)
        image = Image.fromarray(noise)
        image.save(self.folder / "images/large.png")
        image.crop((0, 0, 60, 40)).save(self.folder / "images/small.png")
        training_data.write_table(self.folder / "train.csv", ["filename", "label"], [
            {"filename": f"{name}.png", "label": "x"} for name in ("large", "small")])
        self.shard("shards")
        manifest = json.loads((self.folder / "shards/manifest.yaml").read_text())
        self.assertEqual([manifest[name] for name in ("image_short_side", "image_encoding", "jpeg_quality")],
                         [384, "jpeg", 90])
        usual = io.BytesIO()
        image.save(usual, "JPEG", quality=90)
        with h5py.File(self.folder / "shards/shard-00000.h5") as shard, Image.open(usual) as expected:
            for record, size in zip(shard["images/index"], [(537, 384), (60, 40)]):
                data = shard["images/bytes"][record["offset"]:record["offset"] + record["length"]]
                with Image.open(io.BytesIO(data.tobytes())) as stored:
                    self.assertEqual(stored.size, size)
                    self.assertEqual(stored.quantization, expected.quantization)

    def test_columns_of_derm1m_give_the_captions_of_make(self):
        rows = self.make_table(12)
        raw = []
        for i, row in enumerate(rows):
            # Words only, so that pieces between full stops are the sentences.
            caption, disease = f"A {['red', 'brown'][i % 2]} macule. Seen on arm {i}.", f"benign, naevus {i % 3}"
            concept = "macule, papule" if i % 4 else "No visual concepts"
            pieces = [piece.strip() for piece in caption.split(".") if piece.strip()]
            row |= {"caption": caption, "truncated_caption": caption,
                    "ontology_caption": f"This is a skin photo diagnosed as {disease}.",
                    "visual_concept_caption": f"This skin photo shows {concept}." if i % 4 else "",
                    **dict(zip(training_data.SUBCAPTIONS, [*pieces, *[""] * 8])),
                    "sub_caption_mask": str([int(j < len(pieces)) for j in range(8)]),
                    "knowledge_masks": str([1, 1, int(i % 4 > 0)])}
            raw.append({"filename": row["filename"], "caption": caption, "truncated_caption": caption,
                        "disease_label": "naevus", "hierarchical_disease_label": disease,
                        "skin_concept": concept, "ontology_label": i - 1, "agent_generated": "False"})
        training_data.write_table(self.folder / "train.csv", training_data.COLUMNS, rows)
        training_data.write_table(self.folder / "raw.csv", raw[0].keys(), raw)
        self.shard("make")
        self.assertIn("read as derm1m", self.shard("derm1m", table="raw.csv").stderr)
        given, derived = captions(self.folder / "make"), captions(self.folder / "derm1m")
        self.assertEqual([sample[:3] for sample in given], [sample[:3] for sample in derived])
        self.assertEqual([sample[4] for sample in derived], [-1, *range(11)])

    def test_a_table_that_captions_py_filled_is_taken(self):
        self.make_table(4)
        with open(self.folder / "raw.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["filename", "caption", "standardized_disease"]] + [
                [f"{i}.png", f"A scaly plaque, {i}.5 cm wide. No crust, e.g. none.", "eczema"] for i in range(4)])
        (self.folder / "hierarchy.csv").write_text("name,parent\ninflammatory,\neczema,inflammatory\n")
        (self.folder / "concepts.json").write_text(json.dumps({"scale": ["scaly"], "crust": []}))
        subprocess.run([sys.executable, SOURCE / "tools/captions.py", self.folder / "raw.csv",
                        self.folder / "filled.csv", "--hierarchy", self.folder / "hierarchy.csv", "--concepts",
                        self.folder / "concepts.json"], check=True, capture_output=True)
        made = self.shard("shards", table="filled.csv")
        self.assertIn("read as make", made.stderr)
        self.assertNotIn("warning", made.stderr)
        for i, (_, found, mask, _, _) in enumerate(captions(self.folder / "shards")):
            self.assertEqual(found[1:5], ["This is a skin photo diagnosed as inflammatory, eczema.",
                                          "This skin photo shows scale.", f"A scaly plaque, {i}.5 cm wide",
                                          "No crust, e.g. none"])
            self.assertEqual(mask, [1, 1, 1, 1, 1] + [0] * 6)

    def test_a_table_of_another_program_is_taken(self):
        self.make_table(2)
        (self.folder / "other.csv").write_text("path\talt, text\n0.png\tRed, dry\n1.png\tScaly\n")
        named = ["--image-column", "path", "--caption-column", "alt, text"]
        made = self.shard("shards", *named, "--separator", "tab", table="other.csv")
        self.assertIn("read as captions", made.stderr)
        self.assertIn("objective.name=clip", made.stderr)
        self.assertEqual([(sample[0], sample[1][0], sum(sample[2])) for sample in captions(self.folder / "shards")],
                         [("0.png", "Red, dry", 1), ("1.png", "Scaly", 1)])
        training_data.write_configuration(self.folder, 2, 2, 30, "{every_epochs: 0, at_start: false}")
        planned = dermatome("plan", self.folder / "config.yaml", "--ranks", 1, "batch_size=2").stderr
        self.assertEqual(planned.count("has raw captions alone, so that slra is 0 in every step"), 1, planned)
        for separator, code, message in (("::", 2, "write comma, semicolon, tab"), ("comma", 3, "no column 'path'")):
            refused = self.shard("other", *named, "--separator", separator, table="other.csv", check=False)
            self.assertEqual(refused.returncode, code, refused.stderr)
            self.assertIn(message, refused.stderr)

    def test_a_folder_is_a_data_set(self):
        for i, name in enumerate(["naevus/a.png", "eczema/b.jpg", "eczema/sub/c.webp"]):
            path = self.folder / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (30, 20), (10 * i, 20, 30)).save(path)
        (self.folder / "images/readme.txt").write_text("not an image")
        made = dermatome("shard", "--folder", self.folder / "images", "--output", self.folder / "shards")
        self.assertIn("1 file(s) left out", made.stderr)
        self.assertIn("no image has a caption", made.stderr)
        self.assertEqual([(sample[0], sample[3]) for sample in captions(self.folder / "shards")],
                         [("eczema/b.jpg", 0), ("eczema/sub/c.webp", 0), ("naevus/a.png", 1)])
        self.assertIn("no problems", dermatome("verify", self.folder / "shards").stdout)
        training_data.write_configuration(self.folder, 2, 2, 30, "{every_epochs: 0, at_start: false}")
        for command in (["train"], ["plan", "--ranks", 1]):
            refused = dermatome(*command, self.folder / "config.yaml", "batch_size=2", check=False)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn("shards has no captions: none of its 3 samples has a valid one", refused.stderr)
            self.assertIn('dermatome shard --template "a photo of a {}"', refused.stderr)
        self.assertFalse((self.folder / "runs").exists())
        dermatome("shard", "--folder", self.folder / "images", "--output", self.folder / "texts", "--template", "{}",
                  "--template", "a {label}", "skin: {}")
        self.assertEqual([sample[1][:5] for sample in captions(self.folder / "texts")], [
            ["eczema", None, None, "a eczema", "skin: eczema"], ["a eczema", None, None, "eczema", "skin: eczema"],
            ["skin: naevus", None, None, "naevus", "a naevus"]])
        dermatome("plan", self.folder / "config.yaml", "--ranks", 1, "batch_size=2",
                  f"data.train={self.folder}/texts")
        # Five images can be read and three cannot. Half of one is transparent.
        Image.new("RGB", (30, 20)).save(self.folder / "images/naevus/d.jfif", format="JPEG")
        half = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
        half.paste((250, 0, 0, 255), (0, 0, 15, 20))
        half.save(self.folder / "images/naevus/e.tif")
        for name, content in (("eczema/f.HEIC", b"\0\0\0\x1cftypheic"), ("eczema/g.gif", b"GIF89a"),
                              ("h.jp2", b"\0\0\0\x0cjP  \r\n\x87\n")):
            (self.folder / "images" / name).write_bytes(content)
        images = ["shard", "--folder", self.folder / "images", "--output", self.folder / "more"]
        refused = dermatome(*images, check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("3 of 8 images cannot be read, 0 are allowed", refused.stderr)
        made = dermatome(*images, "--max-bad", "0.5")
        self.assertEqual([sample[0] for sample in captions(self.folder / "more")],
                         ["eczema/b.jpg", "eczema/sub/c.webp", "naevus/a.png", "naevus/d.jfif", "naevus/e.tif"])
        with open(self.folder / "more/rejected.csv", newline="", encoding="utf-8") as file:
            rejected = [row["reason"].removeprefix(f"{self.folder}/images/") for row in csv.DictReader(file)]
        self.assertEqual([reason.split(";")[0] for reason in rejected], [
            "eczema/f.HEIC: a HEIC or AVIF image", "eczema/g.gif: damaged GIF: No screen descriptor detected",
            "h.jp2: a JPEG 2000 image"])
        # The shards were kept from the refused run, and remember.
        self.assertIn("1 transparent image(s) laid over white; ", made.stdout)
        for color in ("white", "black"):
            made = dermatome(*images[:-1], self.folder / color, "--raw", "--max-bad", "0.5", "--background", color)
            self.assertIn(f"1 transparent image(s) laid over {color}; ", made.stdout)
        both = dermatome("shard", "--folder", self.folder, "--csv", "x.csv", "--output", self.folder / "x", check=False)
        self.assertEqual(both.returncode, 2)
        self.assertIn("--csv", both.stderr)

    def test_images_are_stored_upright(self):
        pixels = numpy.random.default_rng(1).integers(0, 256, (16, 24, 3), numpy.uint8)
        pixels[:8] //= 4
        rows = []
        (self.folder / "images").mkdir()
        for ending in ("jpg", "png", "webp"):
            for orientation in range(1, 9):
                name = f"{orientation}.{ending}"
                exif = Image.Exif()
                exif[0x0112] = orientation
                options = {"lossless": True} if ending == "webp" else {"quality": 95} if ending == "jpg" else {}
                Image.fromarray(pixels).save(self.folder / "images" / name, exif=exif, **options)
                rows.append({"filename": name, "label": "x"})
        training_data.write_table(self.folder / "labels.csv", ["filename", "label"], rows)
        self.shard("shards", "--raw", table="labels.csv")
        with h5py.File(self.folder / "shards/shard-00000.h5") as shard:
            for row, record in zip(rows, shard["images/index"]):
                data = shard["images/bytes"][record["offset"]:record["offset"] + record["length"]]
                found = data.reshape(record["height"], record["width"], 3)
                with Image.open(self.folder / "images" / row["filename"]) as image:
                    expected = numpy.asarray(ImageOps.exif_transpose(image).convert("RGB"))
                self.assertEqual(found.shape, expected.shape, row)
                self.assertLessEqual(numpy.abs(found.astype(int) - expected).max(), 0, row)

    def on_flaky_storage(self, *arguments, **variables):
        return dermatome(*arguments, check=False, LD_PRELOAD=FLAKY_READS,
                         **{name: str(value) for name, value in variables.items()})

    def verify_on_flaky_storage(self, **variables):
        return self.on_flaky_storage("verify", self.folder / "shards", **variables)

    def test_images_on_storage_that_fails_for_a_moment_are_not_rejected(self):
        self.make_table(4)
        (self.folder / "images/1.png").unlink()
        self.shard("shards", "--max-bad", "0.5")

        def shard(output, **variables):
            return self.on_flaky_storage(
                "shard", "--csv", self.folder / "train.csv", "--images", self.folder / "images", "--output",
                self.folder / output, "--max-bad", "0.5", "--threads", "1", **variables)

        for i, variables in enumerate(({"FLAKY_OPENS": 1}, {"FLAKY_STALE": 1, "FLAKY_AFTER": 2})):
            passing = shard(f"passing_{i}", **variables)
            self.assertEqual(passing.returncode, 0, passing.stderr)
            self.assertIn("; trying again", passing.stderr)
            self.assertEqual(files(self.folder / f"passing_{i}"), files(self.folder / "shards"))
        lost = shard("lost", FLAKY_READS=5, FLAKY_AFTER=1)  # all tries of one image fail
        self.assertEqual(lost.returncode, STORAGE)
        self.assertIn("images/2.png: Input/output error, also when tried 4 times again", lost.stderr)
        self.assertFalse((self.folder / "lost/rejected.csv").exists())
        # An existing shard is not taken for a damaged one when all tries of its first image fail.
        kept = shard("shards", FLAKY_READS=5, FLAKY_AFTER=40)
        self.assertEqual(kept.returncode, STORAGE, kept.stderr)
        self.assertRegex(kept.stderr, r"row 0 \(0.png\): .* Input/output error, also when tried 4 times again")
        hashed = self.on_flaky_storage("duplicates", self.folder / "images", FLAKY_OPENS=1)
        self.assertEqual(hashed.returncode, 0)
        self.assertNotIn("cannot be read and were not compared", hashed.stderr)

    def test_storage_that_fails_for_a_moment_is_waited_for(self):
        self.make_table(4)
        self.shard("shards")
        self.assertNotIn("trying again", self.verify_on_flaky_storage().stderr)
        opened = self.verify_on_flaky_storage(FLAKY_OPENS=1)
        self.assertEqual((opened.returncode, opened.stderr.count("Input/output error; trying again")), (0, 1))
        # Any read may be the one that fails: by HDF5, of the metadata, of an image or of a caption.
        after = 0
        while True:
            passing = self.verify_on_flaky_storage(FLAKY_READS=1, FLAKY_AFTER=after)
            self.assertEqual(passing.returncode, 0, passing.stdout + passing.stderr)
            failures = passing.stderr.count("Input/output error; trying again")
            if failures == 0:
                break
            self.assertEqual(failures, 1, passing.stderr)
            self.assertIn("shard-00000.h5", passing.stderr)
            after += 1 if after < 30 else 7
        self.assertGreater(after, 30)  # 13 sections of metadata, HDF5's own reads, images, captions

    def test_a_manifest_on_storage_that_fails_is_waited_for(self):
        self.make_table(4)
        self.shard("shards")
        for variables in ({"FLAKY_OPENS": 1}, {"FLAKY_READS": 1}):
            passing = self.verify_on_flaky_storage(FLAKY_NAME="manifest.yaml", **variables)
            self.assertEqual(passing.returncode, 0, passing.stderr)
            self.assertRegex(passing.stderr, "manifest.yaml: Input/output error; trying again")
        never = self.verify_on_flaky_storage(FLAKY_NAME="manifest.yaml", FLAKY_OPENS=1000000)
        self.assertEqual(never.returncode, STORAGE)
        self.assertIn("manifest.yaml: Input/output error, also when tried 4 times again", never.stderr)

    def test_a_stale_file_is_opened_again(self):
        self.make_table(4)
        self.shard("shards")
        for after in READS:
            passing = self.verify_on_flaky_storage(FLAKY_STALE=1, FLAKY_AFTER=after)
            self.assertEqual(passing.returncode, 0, passing.stdout + passing.stderr)
            self.assertIn("Stale file handle; trying again", passing.stderr)

    def test_a_mount_that_vanishes_is_waited_for(self):
        self.make_table(4)
        self.shard("shards")
        for after in READS:
            back = self.verify_on_flaky_storage(FLAKY_READS=1, FLAKY_GONE=1, FLAKY_AFTER=after)
            self.assertEqual(back.returncode, 0, back.stdout + back.stderr)
            self.assertIn("shard-00000.h5, which was open before: its storage is gone or fails: No such file "
                          "or directory; trying again", back.stderr)

    def test_storage_that_stays_away_is_an_error_that_names_the_shard(self):
        self.make_table(4)
        self.shard("shards")
        start = time.monotonic()
        failing = {"FLAKY_READS": "1000000"}, "shard-00000.h5: Input/output error"
        vanished = ({"FLAKY_READS": "1", "FLAKY_GONE": "1000000"}, "shard-00000.h5, which was open before: its "
                    "storage is gone or fails: No such file or directory")
        lost = []
        for (variables, error), after in itertools.product((failing, vanished), READS):
            process = subprocess.Popen([BINARY, "verify", self.folder / "shards"], text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | variables |
                                       {"FLAKY_AFTER": str(after), "LD_PRELOAD": FLAKY_READS})
            lost.append((process, error, after))
        for process, error, after in lost:
            output, errors = process.communicate()
            self.assertEqual(process.returncode, STORAGE, after)
            self.assertIn(f"{error}, also when tried 4 times again; check the file system", errors, after)
            self.assertNotIn("copy it again", output + errors)
        never = self.verify_on_flaky_storage(FLAKY_OPENS=1000000)
        self.assertEqual(never.returncode, STORAGE)
        self.assertIn("shard-00000.h5: Input/output error, also when tried 4 times again", never.stderr)
        self.assertLess(time.monotonic() - start, 90)

    def test_a_record_is_shown(self):
        rows = self.make_table(6)
        self.shard("shards", *FOUR_PER_SHARD)
        self.assertIn("shard-00001.h5: rows 4 to 5", dermatome("inspect", self.folder / "shards").stdout)
        self.assertIn("4 samples", dermatome("inspect", self.folder / "shards/shard-00000.h5").stdout)
        png = self.folder / "five.png"
        shown = dermatome("inspect", self.folder / "shards", "--row", 5, "--image", png).stdout
        for expected in ("shard-00001.h5 row 1", "5.png, 24 x 20", rows[5]["ontology_caption"], "label      none"):
            self.assertIn(expected, shown)
        with Image.open(png) as found, Image.open(self.folder / "images/5.png") as original:
            self.assertEqual(found.tobytes(), original.convert("RGB").tobytes())
        beyond = dermatome("inspect", self.folder / "shards", "--row", 6, check=False)
        self.assertEqual(beyond.returncode, 2)
        self.assertIn("has rows 0 to 5", beyond.stderr)

    def test_the_texts_of_a_damaged_record_are_shown(self):
        rows = self.make_table(6)
        self.shard("shards", *FOUR_PER_SHARD)
        path = self.folder / "shards/shard-00001.h5"
        with h5py.File(path) as shard:
            position = shard["images/bytes"].id.get_offset() + int(shard["images/index"][1]["offset"])
        content = bytearray(path.read_bytes())
        content[position] ^= 1
        path.write_bytes(content)
        shown = dermatome("inspect", self.folder / "shards", "--row", 5, check=False)
        self.assertEqual(shown.returncode, 3)
        for expected in ("shard-00001.h5 row 1", "5.png, cannot be read", rows[5]["ontology_caption"], "label      none"):
            self.assertIn(expected, shown.stdout)
        self.assertIn("fail their checksum", shown.stderr)

    def test_a_sheet_is_written(self):
        self.make_table(6)
        self.shard("shards", *FOUR_PER_SHARD)

        def sheet(*options, data="shards", file="sheet.html", check=True):
            path = self.folder / file
            path.unlink(missing_ok=True)
            made = subprocess.run([BINARY, "inspect", self.folder / data, "--sheet", path, *map(str, options)],
                                  cwd=SOURCE, capture_output=True, text=True, check=check)
            return path.read_bytes() if check else made

        record = sheet("--row", 5)
        self.assertEqual(record, sheet("--row", 5))
        self.assertEqual(record, sheet("--row", 5, "--config", "configs/make_vit_b16.yaml"))
        self.assertNotEqual(record, sheet("--row", 5, "--config", "configs/quickstart.yaml"))
        self.assertNotEqual(record, sheet("--row", 5, "--views", 3))
        self.assertEqual(record, sheet("--row", 1, data="shards/shard-00001.h5"))
        overview = sheet()
        self.assertNotEqual(overview, record)
        self.assertEqual(overview, sheet("--records", 6))
        self.assertNotEqual(overview, sheet("--records", 5))
        for wrong in (["--views", 3], ["--row", 5, "--records", 3], ["--row", 5, "--views", 0], ["--row", 6]):
            self.assertEqual(sheet(*wrong, check=False).returncode, 2, wrong)
        old = sheet("--row", 5, file="sheet.png", check=False)
        self.assertEqual(old.returncode, 2)
        self.assertIn("write --sheet FILE.html", old.stderr)
        self.assertFalse((self.folder / "sheet.png").exists())

    def test_near_duplicates_are_listed(self):
        self.make_table(6)
        generator = numpy.random.default_rng(2)
        (self.folder / "judged").mkdir()
        for i in range(6):
            coarse = Image.fromarray(generator.integers(0, 256, (7, 9, 3), numpy.uint8))
            image = coarse.resize((180, 140), Image.Resampling.BICUBIC)
            image.save(self.folder / f"images/{i}.png")
            if i in (1, 4):
                image.resize((90, 70)).save(self.folder / f"judged/copy{i}.jpg", quality=60)
            else:
                coarse.transpose(Image.Transpose.ROTATE_180).resize((180, 140)).save(
                    self.folder / f"judged/other{i}.jpg")
        shutil.copy(self.folder / "images/0.png", self.folder / "images/5.png")
        self.shard("shards")
        training_data.write_table(self.folder / "judged.csv", ["filename", "label"], [
            {"filename": path.name, "label": "red"} for path in sorted((self.folder / "judged").iterdir())])
        (self.folder / "judged.yaml").write_text("""
name: judged
data: {csv: judged.csv, images: judged}
classes: [{label: red, names: [red]}, {label: blue, names: [blue]}]
templates: ["{}"]
metrics: [top1]
""")
        expected = [["5.png", "0.png"], ["1.png", "copy1.jpg"], ["4.png", "copy4.jpg"]]
        for against in ("judged.yaml", "judged"):
            printed = dermatome("duplicates", self.folder / "shards", "--against", self.folder / against,
                                "--output", self.folder / "pairs.csv").stdout
            self.assertIn("2 of 6 images have a near-duplicate", printed)
            self.assertIn("1 of them near-duplicates of an earlier one, in 1 group(s)", printed)
            with open(self.folder / "pairs.csv", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            pairs = [row for row in rows if row["filename"]]
            self.assertEqual([[row["other_set"], row["distance"]] for row in rows if not row["filename"]],
                             [[str(self.folder / "shards"), "40"], [str(self.folder / against), "40"]])
            self.assertEqual([[pair["filename"], pair["other_filename"]] for pair in pairs], expected)


if __name__ == "__main__":
    unittest.main()
