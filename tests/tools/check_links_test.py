"""Tests that tools/check_links.py finds every kind of planted broken name."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check_links  # noqa: E402

FILES = {
    ".gitignore": "/build/\n/configs/imported/\n",
    "README.md": "# A page\n\n## How it is built: `make`, twice\n\n## Twice\n\n## Twice\n",
    "src/FORMAT.md": "# Shards\n",
    "src/format.h": "",
    "src/reader.h": "",
    "build/generated.md": "[no page](gone.md)\n",
}


class CheckLinksTest(unittest.TestCase):
    def violations(self, text, page="src/PAGE.md"):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in {**FILES, page: text}.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            return list(check_links.violations(Path(folder)))

    def assert_one(self, text, line, reason):
        found = self.violations(text)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"src/PAGE.md:{line}: "), found)
        self.assertIn(reason, found[0])

    def test_accepts_what_is_there(self):
        for text in (
            "[the format](FORMAT.md), [its heading](FORMAT.md#shards), [a folder](../src)",
            "[built](../README.md#how-it-is-built-make-twice), [again](../README.md#twice-1)",
            "# Here\n\n[here](#here)",
            "[the web](https://example.org/no.html), [mail](mailto:a@example.org)",
            "`src/format.h`, `src/{format,reader}.h:12`, `src/*.h` and `src/…` in `ls ./src/FORMAT.md`",
            "`build/release/dermatome` and `configs/imported/pad.yaml` need not be there",
            "`runs/first/report.html` and `and/or` are no files of the repository",
            "FORMAT.md and src/FORMAT.md",
            "```\n[gone](gone.md) `src/gone.h` gone.md\n```\n",
            "A command:\n\n    python src/gone.py gone.md\n",
        ):
            with self.subTest(text):
                self.assertEqual([], self.violations(text))

    def test_finds_links_to_nothing(self):
        self.assert_one("First.\n[gone](gone.md)", 2, "the link's target gone.md does not exist")
        self.assert_one("[one](FORMAT.md) [gone](../src/gone.h)", 1, "../src/gone.h")
        self.assert_one("Broken over [two\nlines](gone.md)", 2, "gone.md")
        self.assert_one("See [it].\n\n[it]: gone.md", 3, "gone.md")

    def test_finds_headings_that_are_not_there(self):
        self.assert_one("[x](FORMAT.md#gone)", 1, "FORMAT.md has no heading #gone")
        self.assert_one("[x](#gone)", 1, "this page has no heading #gone")
        self.assert_one("[x](../README.md#twice-2)", 1, "no heading #twice-2")

    def test_finds_paths_in_code_that_are_not_there(self):
        for code in ("src/gone.h", "src/{format,gone}.h", "src/*.cpp", "ls src/gone/", "./src/gone.h:7"):
            with self.subTest(code):
                self.assert_one(f"Here is `{code}`.", 1, "does not exist")

    def test_finds_names_of_pages_that_are_not_there(self):
        self.assert_one("The equations (see LOSS.md).", 1, "LOSS.md does not exist")

    def test_goes_on_behind_a_block_of_code(self):
        self.assert_one("```\ncode\n```\n\n    code\n\n[gone](gone.md)", 7, "gone.md")


if __name__ == "__main__":
    unittest.main()
