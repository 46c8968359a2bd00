"""Tests the data set that tools/prepare_emoji.py makes from the installed packages."""

import ast
import csv
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import prepare_emoji  # noqa: E402


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class RowTest(unittest.TestCase):
    def test_base_name_leaves_tones_out(self):
        for name, base in [
            ("waving hand: dark skin tone", "waving hand"),
            ("man: medium skin tone, red hair", "man: red hair"),
            ("handshake: light skin tone, dark skin tone", "handshake"),
            ("flag: France", "flag: France"),
        ]:
            self.assertEqual(prepare_emoji.base_name(name), base)

    def test_one_tone_is_a_label_and_a_visual_concept(self):
        row = prepare_emoji.make_row([0x1F468, 0x1F3FD], "man: medium skin tone, red hair", "G", "s")
        self.assertEqual(row["filename"], "images/1f468-1f3fd.png")
        self.assertEqual(row["tone"], "type-4")
        self.assertEqual(row["visual_concept_caption"], "This emoji shows medium skin tone.")
        self.assertEqual(row["ontology_caption"], "This is an emoji classified as G, s.")
        self.assertEqual([row[f"subcaption_{i}"] for i in (1, 2, 3, 4)],
                         ["man", "medium skin tone", "red hair", ""])
        self.assertEqual(row["sub_caption_mask"], "[1, 1, 1, 0, 0, 0, 0, 0]")
        self.assertEqual(row["knowledge_masks"], "[1, 1, 1]")

    def test_two_tones_are_no_label(self):
        row = prepare_emoji.make_row([1], "handshake: light skin tone, dark skin tone", "G", "s")
        self.assertEqual(row["tone"], "")
        self.assertEqual(row["visual_concept_caption"],
                         "This emoji shows light skin tone, dark skin tone.")

    def test_no_tone_masks_the_visual_concept(self):
        row = prepare_emoji.make_row([1], "kiss: man, man", "G", "s")
        self.assertEqual(row["visual_concept_caption"], "")
        self.assertEqual(row["knowledge_masks"], "[1, 1, 0]")
        self.assertEqual(row["sub_captions"], 2)


class DataSetTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.output = cls.folder / "emoji"
        # Files that an interrupted call left must not matter.
        (cls.folder / "emoji.partial" / "images").mkdir(parents=True)
        cls.summary = cls.prepare()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def prepare(cls):
        return prepare_emoji.prepare(cls.output, prepare_emoji.FONT, prepare_emoji.NAMES)

    def test_every_emoji_is_in_one_of_the_splits_by_base_name(self):
        train, test = read(self.output / "train.csv"), read(self.output / "test.csv")
        self.assertEqual(len({row["caption"] for row in train + test}), 3655)
        self.assertEqual(len(train) + len(test), 3655)
        bases = [{prepare_emoji.base_name(row["caption"]) for row in rows} for rows in (train, test)]
        self.assertFalse(bases[0] & bases[1])
        self.assertAlmostEqual(len(bases[1]) / len(bases[0] | bases[1]), 0.2, places=3)

    def test_tables_follow_the_masks_of_their_columns(self):
        for row in read(self.output / "train.csv"):
            mask = ast.literal_eval(row["sub_caption_mask"])
            pieces = [row[f"subcaption_{i + 1}"] for i in range(8)]
            self.assertEqual(mask, [1 if piece else 0 for piece in pieces])
            self.assertEqual(sum(mask), int(row["sub_captions"]))
            self.assertEqual(ast.literal_eval(row["knowledge_masks"]),
                             [1, 1, 1 if row["visual_concept_caption"] else 0])

    def test_tones_are_held_out_in_equal_numbers(self):
        labels = [row["label"] for row in read(self.output / "test_tone.csv")]
        counts = {label: labels.count(label) for label in labels}
        self.assertEqual(set(counts), set(prepare_emoji.TONES.values()))
        self.assertEqual(len(set(counts.values())), 1, counts)

    def test_images_are_whole_and_on_white(self):
        for row in read(self.output / "test_retrieval.csv"):
            with Image.open(self.output / row["filename"]) as image:
                self.assertEqual((image.mode, image.size), ("RGB", (136, 128)))
                self.assertGreater(len(image.getcolors(136 * 128)), 1, row["caption"])

    def test_second_call_changes_nothing(self):
        marker = self.output / "shards"
        marker.mkdir()
        self.assertEqual(self.prepare(), self.summary)
        self.assertTrue(marker.exists())


if __name__ == "__main__":
    unittest.main()
