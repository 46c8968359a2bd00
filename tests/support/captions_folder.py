"""Runs tools/captions.py in this process, in a folder of its own."""

import contextlib
import csv
import importlib.util
import io
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

# `import captions` would load the package beside captions.py, which has the same name.
SPEC = importlib.util.spec_from_file_location("captions_command", TOOLS / "captions.py")
captions_command = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(captions_command)

KEY = "sk-Secret-0123456789"


class Folder(unittest.TestCase):
    """A test with a folder of its own, which runs the command in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    def command(self, *arguments):
        return [sys.executable, str(TOOLS / "captions.py"), str(self.folder / "in.csv"),
                str(self.folder / "out.csv"), *map(str, arguments)]

    def run_captions(self, *arguments, code=0):
        """What the command prints. It runs in this process, because starting Python takes long."""
        log = io.StringIO()
        with mock.patch.object(sys, "argv", self.command(*arguments)[1:]), \
                mock.patch.dict(os.environ, DERMATOME_API_KEY=KEY), \
                contextlib.redirect_stdout(log), contextlib.redirect_stderr(log), \
                self.assertRaises(SystemExit) as end:
            captions_command.main()
        self.assertEqual(end.exception.code, code, log.getvalue())
        self.assertNotIn(KEY.casefold(), log.getvalue().casefold())
        return log.getvalue()

    def write(self, rows):
        with open(self.folder / "in.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)

    def output(self):
        with open(self.folder / "out.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
