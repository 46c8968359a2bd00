"""Tests the revision that a binary states (tools/cmake/revision.cmake): of a checkout, of a checkout with changes,
and of sources without git.

usage: revision_test.py
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "tools/cmake/revision.cmake"


class Revision(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.source = self.folder / "source"
        (self.source / "src").mkdir(parents=True)
        (self.source / "src/a.cpp").write_text("1\n")
        (self.folder / "version.in").write_text("@VERSION@ @revision@\n")
        self.target = self.folder / "version"

    def git(self, *arguments, of=None):
        return subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=of or self.source, check=True,
            capture_output=True, text=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}).stdout.strip()

    def commit(self, of=None):
        self.git("init", "-q", of=of)
        self.git("add", ".", of=of)
        self.git("commit", "-q", "-m", "a", of=of)
        return self.git("rev-parse", "--short=12", "HEAD", of=of)

    def found(self):
        subprocess.run(["cmake", f"-DSOURCE={self.source}", f"-DTEMPLATE={self.folder}/version.in",
                        f"-DTARGET={self.target}", "-DVERSION=1.2", "-P", SCRIPT], check=True, capture_output=True)
        return self.target.read_text().strip()

    def test_is_unknown_without_git(self):
        self.assertEqual(self.found(), "1.2 unknown")

    def test_is_unknown_inside_another_checkout(self):
        self.commit(of=self.folder)
        self.assertEqual(self.found(), "1.2 unknown")

    def test_is_the_checkouts(self):
        head = self.commit()
        self.assertEqual(self.found(), f"1.2 {head}")
        written = self.target.stat().st_mtime_ns
        self.found()
        self.assertEqual(self.target.stat().st_mtime_ns, written)  # so nothing is compiled again

    def test_tells_changes_apart(self):
        head = self.commit()
        found = set()
        for text in ("2\n", "3\n"):
            (self.source / "src/a.cpp").write_text(text)
            found.add(self.found())
        self.assertEqual(len(found), 2)
        for each in found:
            self.assertRegex(each, f"^1.2 {head} with changes [0-9a-f]{{12}}$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
