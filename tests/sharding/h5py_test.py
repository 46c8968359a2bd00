"""Reads a data set made by `dermatome shard` with h5py and PyYAML, knowing only sharding/FORMAT.md.

usage: h5py_test.py BINARY
"""

import csv
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy
import yaml
from PIL import Image

BINARY = sys.argv[1]
ASPECTS = ["caption", "ontology", "visual_concept", "subcaption_1", "subcaption_2"]
LABELS = ["eczema", "nævus"]


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in bytes(data):
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def ragged(values, bounds, row):
    return values[bounds[row]:bounds[row + 1]]


def dermatome(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)


class ReadWithH5py(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name)
        cls.rows = [cls.make_row(i) for i in range(8)]
        cls.write_table(cls.rows)
        cls.made = cls.shard()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def make_row(cls, i):
        pixels = numpy.random.default_rng(i).integers(0, 256, (20 + i, 30, 3), numpy.uint8)
        name = f"image {i}.{'png' if i % 2 else 'jpg'}"
        Image.fromarray(pixels).save(cls.work / name)
        return {
            "filename": name, "truncated_caption": f"Caption {i}: ï", "ontology_caption": f"Class {i % 2}",
            "visual_concept_caption": "" if i % 4 == 0 else "Shows\nscale", "subcaption_1": f"Piece {i}",
            "subcaption_2": "", "sub_caption_mask": "[1, 0]",
            "knowledge_masks": str([1, 1, 0 if i % 4 == 0 else 1]),
            "diagnosis": LABELS[i % 2] if i < 6 else "",
        }

    @classmethod
    def write_table(cls, rows, name="table.csv"):
        with open(cls.work / name, "w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)

    # A large short side makes records look large, so that a shard of 1 MB holds few of these small ones.
    @classmethod
    def shard(cls, output="shards", table="table.csv", *options):
        return dermatome("shard", "--csv", cls.work / table, "--images", cls.work, "--output",
                         cls.work / output, "--num-subcaptions", 2, "--short-side", 1024,
                         "--shard-size-mb", 1, "--label-column", "diagnosis", *options)

    def manifest(self):
        return yaml.safe_load((self.work / "shards/manifest.yaml").read_text(encoding="utf-8"))

    def shards(self):
        for entry in self.manifest()["shards"]:
            with h5py.File(self.work / "shards" / entry["file"]) as shard:
                yield shard

    def test_manifest_describes_the_files(self):
        self.assertEqual(self.made.returncode, 0, self.made.stderr)
        manifest = self.manifest()
        self.assertGreater(len(manifest["shards"]), 2)
        self.assertEqual(manifest["num_samples"], 8)
        self.assertEqual(manifest["aspects"], ASPECTS)
        self.assertEqual(manifest["label_names"], LABELS)
        for entry in manifest["shards"]:
            content = (self.work / "shards" / entry["file"]).read_bytes()
            self.assertEqual(entry["bytes"], len(content))
            self.assertEqual(entry["crc32c"], crc32c(content))
        digest = manifest.pop("digest")
        text = json.dumps(manifest, separators=(",", ":"), ensure_ascii=False)
        self.assertEqual(digest, hashlib.sha256(text.encode()).hexdigest())

    def test_attributes(self):
        for shard in self.shards():
            self.assertEqual(shard.attrs["format"], b"dermatome-shard")
            self.assertEqual(shard.attrs["format_version"], 1)
            self.assertEqual(shard.attrs["aspects"].decode().split("\n"), ASPECTS)
            self.assertEqual(shard.attrs["image_encoding"], b"jpeg")
            self.assertEqual(shard.attrs["image_short_side"], 1024)
            self.assertEqual(shard.attrs["jpeg_quality"], 90)
            self.assertEqual(len(shard.attrs["tokenizer_hash"]), 64)
            self.assertEqual(shard.attrs["num_rejected"], 0)
            self.assertEqual((shard.attrs["num_transparent"], shard.attrs["num_clipped"]), (0, 0))
            names, bounds = shard["labels/names"][:].tobytes(), shard["labels/index"][:]
            self.assertEqual([ragged(names, bounds, i).decode() for i in range(2)], LABELS)

    def test_metadata_checksum(self):
        for shard in self.shards():
            crc = 0
            for name in ("images/index", "captions/bytes", "captions/index", "captions/tokens",
                         "captions/token_index", "samples/caption", "samples/mask", "samples/label",
                         "samples/ontology", "samples/source", "samples/source_index", "labels/names",
                         "labels/index"):
                crc = crc32c(shard[name][()].tobytes(), crc)
            self.assertEqual(shard.attrs["metadata_crc32c"], crc)

    def test_samples(self):
        first = 0
        for shard in self.shards():
            text, bounds = shard["captions/bytes"][:].tobytes(), shard["captions/index"][:]
            sources, source_bounds = shard["samples/source"][:].tobytes(), shard["samples/source_index"][:]
            for row in range(shard["images/index"].shape[0]):
                expected = self.rows[first + row]
                self.assertEqual(ragged(sources, source_bounds, row).decode(), expected["filename"])
                captions = [ragged(text, bounds, i).decode() if i >= 0 else ""
                            for i in shard["samples/caption"][row]]
                self.assertEqual(captions, [expected[name] for name in (
                    "truncated_caption", "ontology_caption", "visual_concept_caption", "subcaption_1",
                    "subcaption_2")])
                masks = json.loads(expected["knowledge_masks"]) + json.loads(expected["sub_caption_mask"])
                self.assertEqual(shard["samples/mask"][row].tolist(), masks)
                label = LABELS.index(expected["diagnosis"]) if expected["diagnosis"] else -1
                self.assertEqual(shard["samples/label"][row], label)
                self.assertEqual(shard["samples/ontology"][row], -1)
            first += row + 1
        self.assertEqual(first, 8)

    def test_images(self):
        first = 0
        for shard in self.shards():
            for row, record in enumerate(shard["images/index"]):
                name = self.rows[first + row]["filename"]
                data = shard["images/bytes"][record["offset"]:record["offset"] + record["length"]].tobytes()
                self.assertEqual(record["crc32c"], crc32c(data))
                with Image.open(io.BytesIO(data)) as image, Image.open(self.work / name) as original:
                    self.assertEqual(image.format, "JPEG")
                    self.assertEqual(image.size, original.size)
                    self.assertEqual((record["width"], record["height"]), original.size)
                if name.endswith("jpg"):
                    self.assertEqual(data, (self.work / name).read_bytes())
            first += row + 1

    def test_tokens(self):
        for shard in self.shards():
            text, bounds = shard["captions/bytes"][:].tobytes(), shard["captions/index"][:]
            tokens, token_bounds = shard["captions/tokens"][:], shard["captions/token_index"][:]
            self.assertEqual(len(bounds), len(token_bounds))
            for i in range(len(bounds) - 1):
                ids = ragged(tokens, token_bounds, i)
                self.assertEqual((ids[0], ids[-1]), (49406, 49407))
            empty, nan = shard.attrs["empty_caption_row"], shard.attrs["nan_caption_row"]
            self.assertEqual((ragged(text, bounds, empty), ragged(text, bounds, nan)), (b"", b"nan"))

    def test_verify_finds_damage(self):
        good = dermatome("verify", self.work / "shards")
        self.assertEqual(good.returncode, 0, good.stderr)
        self.shard("damaged")
        with h5py.File(self.work / "damaged/shard-00001.h5") as shard:
            position = shard["images/bytes"].id.get_offset() + shard["images/index"][0]["offset"] + 100
            source = shard["samples/source"][:shard["samples/source_index"][1]].tobytes().decode()
        content = bytearray((self.work / "damaged/shard-00001.h5").read_bytes())
        content[position] ^= 1
        (self.work / "damaged/shard-00001.h5").write_bytes(content)
        bad = dermatome("verify", self.work / "damaged")
        self.assertNotEqual(bad.returncode, 0)
        self.assertIn(f"shard-00001.h5 row 0 ({source})", bad.stdout)
        # The same command again repairs it, as verify recommends.
        self.assertEqual(self.shard("damaged").returncode, 0)
        self.assertEqual(dermatome("verify", self.work / "damaged").returncode, 0)

    def test_another_image_encoding_is_refused(self):
        self.shard("webp")
        with h5py.File(self.work / "webp/shard-00001.h5", "r+") as shard:
            encoding = h5py.h5a.open(shard.id, b"image_encoding")
            encoding.write(numpy.array(b"webp"), encoding.get_type())
        bad = dermatome("verify", self.work / "webp")
        self.assertNotEqual(bad.returncode, 0)
        self.assertIn("shard-00001.h5: images are encoded as 'webp'", bad.stdout)

    def test_errors_name_the_cause(self):
        self.write_table([{**self.rows[0], "filename": "gone.png"}], "gone.csv")
        gone = self.shard("gone", "gone.csv")
        self.assertNotEqual(gone.returncode, 0)
        self.assertIn("gone.png", gone.stderr)
        self.write_table([{k: v for k, v in self.rows[0].items() if k != "ontology_caption"}], "short.csv")
        short = self.shard("short", "short.csv")
        self.assertNotEqual(short.returncode, 0)
        self.assertIn("ontology_caption", short.stderr)
        Image.new("RGB", (65501, 2)).save(self.work / "wide.png")
        self.write_table([{**self.rows[0], "filename": "wide.png"}], "wide.csv")
        wide = self.shard("wide", "wide.csv")
        self.assertNotEqual(wide.returncode, 0)
        self.assertIn("wide.png: cannot be encoded as JPEG", wide.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
