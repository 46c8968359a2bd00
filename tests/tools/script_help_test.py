"""Tests that the scripts of tools/ answer --help with the comment at their head, and do nothing else.

usage: script_help_test.py
"""

import pathlib
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHARED = {"environment.sh"}  # nobody runs it
LISTS = {"install_packages.sh"}  # takes names of packages, for tools/setup.sh


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=20)


class Help(unittest.TestCase):
    def test_of_shell_scripts_is_their_first_comment(self):
        scripts = {path.name: path for path in (SOURCE / "tools").glob("*.sh")}
        for name in scripts.keys() - SHARED - LISTS:
            done = run(scripts[name], "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            comment = scripts[name].read_text().splitlines()[1].removeprefix("# ")
            self.assertTrue(done.stdout.startswith(comment), done.stdout)
            self.assertNotIn("#!", done.stdout)
            self.assertNotIn("set -e", done.stdout)

    def test_of_checks(self):
        for path in sorted((SOURCE / "tools").glob("check_*.py")):
            done = run(sys.executable, path, "--help")
            self.assertEqual(done.returncode, 0, path)
            self.assertIn("usage: ", done.stdout)

    def test_wrong_words_are_refused(self):
        for command in (["build.sh", "-x"], ["build.sh", "relese"], ["build.sh", "--tests", "--help-me"],
                        ["setup.sh", "--test"], ["test.sh", "all"], ["check_more.sh", "gcc"]):
            done = run(SOURCE / "tools" / command[0], *command[1:])
            self.assertEqual(done.returncode, 1, command)
            self.assertIn(f"'{command[-1]}'", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
