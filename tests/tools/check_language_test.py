"""Tests that tools/check_language.py finds planted words that are not used here, and nothing else."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check_language  # noqa: E402


class CheckLanguageTest(unittest.TestCase):
    def findings(self, text, name="src/reader.h"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return list(check_language.findings(folder))

    def test_finds_each_kind_of_word(self):
        for line, advice in (("// A picture.", "say image"), ("class HashedPictures;", "say image"),
                             ("// Its colour.", "spell color"), ("void normalise();", "spell normaliz"),
                             ("// Our licence.", "spell license"), ("install_flavour() {", "spell flavor"),
                             ("// Two steps an epoch.", "say per"), ("// 4 bytes a row", "say per"),
                             ("// Seen once an epoch, in random order.", "say per"),
                             ("// Read Twice a step", "say per"), ("// One image a batch.", "say per"),
                             ("// Exactly one a line.", "say per")):
            with self.subTest(line):
                found = self.findings("// An image.\n" + line + "\n")
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith("src/reader.h:2: "), found)
                self.assertIn(advice, found[0])

    def test_accepts_the_words_that_are_used(self):
        self.assertEqual([], self.findings("// An image of one color: 3 bytes per pixel, a row at a time.\n"))
        self.assertEqual([], self.findings("// Once a rank fails, one of a batch is seen once per epoch.\n"))

    def test_checks_comments_of_benchmarks_and_the_notice(self):
        found = self.findings("# Its pictures.\ntemplates: [a picture of {}]\n", "configs/benchmarks/pad.yaml")
        self.assertEqual(["configs/benchmarks/pad.yaml:1: “picture”: say image"], found)
        self.assertEqual(["NOTICE:1: “licence”: spell license…"], self.findings("MIT licence\n", "NOTICE"))
        self.assertEqual([], self.findings("MIT licence\n", "src/text/data/NOTICE"))

    def test_leaves_alone_data_and_answers_to_old_names(self):
        self.assertEqual([], self.findings("a picture of {}\n", "configs/benchmarks/pad.yaml"))
        self.assertEqual([], self.findings('answer_old_option(command, "--pictures", "--images");\n'))


if __name__ == "__main__":
    unittest.main()
