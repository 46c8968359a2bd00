"""Tests that tools/prepare_concepts.py makes tables that configs/benchmarks can use."""

import contextlib
import csv
import io
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import prepare_concepts  # noqa: E402

CRITERIA = list(prepare_concepts.CHECKLIST)


def concepts_of(name):
    definition = yaml.safe_load((ROOT / "configs/benchmarks" / f"{name}.yaml").read_text("utf-8"))
    return definition["data"]["image_column"], [entry["label"] for entry in definition["concepts"]]


class PrepareConceptsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.input, self.output = (Path(folder.name) / name for name in ("in.csv", "out.csv"))

    def prepare(self, name, columns, rows, code=None):
        """What the command prints."""
        with open(self.input, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        log = io.StringIO()
        arguments = ["prepare", name, str(self.input), str(self.output)]
        with mock.patch.object(sys, "argv", arguments), contextlib.redirect_stdout(log), \
                contextlib.redirect_stderr(log):
            try:
                prepare_concepts.main()
                end = None
            except SystemExit as error:
                end = error.code
        self.assertEqual(end, code, log.getvalue())
        return log.getvalue()

    def rows(self):
        with open(self.output, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def test_skincon_keeps_what_counts(self):
        image, concepts = concepts_of("skincon")
        self.assertEqual(len(set(concepts)), 32)
        columns = ["", image, *concepts, "Do not consider this image"]
        signs = ["1", "0"] * 16
        log = self.prepare("skincon", columns, [["0", "a.jpg", *signs, "0"],
                                                ["1", "b.jpg", *signs, "1"]])
        self.assertIn("1 rows, 1 left out", log)
        self.assertEqual([list(row.values()) for row in self.rows()], [["0", "a.jpg", *signs, "0"]])

    def test_derm7pt_scores_as_the_checklist_does(self):
        image, concepts = concepts_of("derm7pt")
        self.assertEqual(sorted(concepts), sorted(CRITERIA))
        columns = ["seven_point_score", image, *CRITERIA]
        self.prepare("derm7pt", columns, [
            ["0", "a.jpg", "typical", "absent", "within regression", "diffuse regular", "regular",
             "absent", "absent"],
            ["10", "b.jpg", "atypical", "present", "dotted", "localized irregular", "irregular",
             "irregular", "blue areas"]])
        self.assertEqual([[row[criterion] for criterion in CRITERIA] for row in self.rows()],
                         [["0"] * 7, ["1"] * 7])
        self.assertEqual([row["derm"] for row in self.rows()], ["a.jpg", "b.jpg"])

    def test_what_is_not_known_is_named(self):
        for name, columns, row, message in [
            ("skincon", ["ImageID"], ["a"], "no column 'Do not consider this image'"),
            ("skincon", ["ImageID", "Do not consider this image"], ["a", "2"], "line 2, column Do"),
            ("derm7pt", ["derm", *CRITERIA[1:]], ["a"] * 7, "no column 'pigment_network'"),
            ("derm7pt", ["derm", *CRITERIA], ["a", "odd", *["absent"] * 6],
             "line 2, column pigment_network: 'odd' is not one of absent, typical, atypical"),
        ]:
            with self.subTest(message):
                self.assertIn(message, self.prepare(name, columns, [row], code=2))
                self.assertFalse(self.output.exists())


if __name__ == "__main__":
    unittest.main()
