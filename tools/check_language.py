#!/usr/bin/env python3
"""Checks that comments, messages, names and pages use one vocabulary.

    tools/check_language.py [ROOT]

Prints FILE:LINE: the words that are not used here and the words to use instead, and exits with 1 if there are any.
It ignores files of others (vendored data, licenses), golden values, and texts that are data: prompts and
captions of benchmarks, where only comments are checked, and the old names of settings and options, which
messages answer with the new names.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

SUFFIXES = {".h", ".cpp", ".cu", ".py", ".sh", ".md", ".yaml", ".js", ".html", ".css", ".cmake", ".txt", ".sbatch", ".def"}
NAMES = {"NOTICE"}
EXCLUDED = ("src/text/data/", "src/text/ftfy/", "tests/golden/", "tests/text/", "configs/models/",
            "tools/check_language.py", "tests/tools/check_language_test.py", "src/config/retired_keys.cpp",
            "tests/config/retired_keys_test.cpp")
# Only comments: the rest is data.
COMMENTS_ONLY = ("configs/benchmarks/",)
# Lines that answer an old name with the new name.
ANSWERS = re.compile(r"answer_old_option|is called --")

# American spelling, as PyTorch and open_clip use it.
SPELLINGS = {
    "colour": "color", "grey": "gray", "behaviour": "behavior", "neighbour": "neighbor", "labelled": "labeled",
    "normalis": "normaliz", "initialis": "initializ", "optimis": "optimiz",
    "organis": "organiz", "summaris": "summariz", "recognis": "recogniz", "serialis": "serializ",
    "minimis": "minimiz", "maximis": "maximiz", "quantis": "quantiz", "randomis": "randomiz",
    "synchronis": "synchroniz", "tokenis": "tokeniz", "vectoris": "vectoriz", "centre": "center",
    "analyse": "analyze", "licence": "license", "flavour": "flavor",
}
COUNTED = ("allocations|batches|blocks|bytes|calls|captions|characters|classes|draws|epochs|files|folders|GB|GiB|ids|"
           "images|kB|lines|MB|MiB|milliseconds|ms|ns|numbers|places|prompts|ranks|records|rows|samples|scalars|"
           "seconds|sentences|shards|steps|subcaptions|texts|threads|times|tokens|weights")
UNITS = ("batch|call|caption|class|core|device|epoch|file|folder|host|image|line|node|process|rank|record|row|sample|"
         "second|shard|start|step|text|thread|token")
# "One image a batch", but not "one of a batch".
ONCE = "once|twice|one(?: (?!(?:as|at|by|for|from|in|of|on|to|with) )[a-z]+)?"
# "Once a rank fails" is a condition.
VERBS = r"(?:[a-z]+s|can|cannot|may)\b"
RULES = [(re.compile("picture", re.I), "say image"),
         (re.compile(rf"\b(?:{COUNTED}) an? (?:{UNITS})\b"), "say per"),
         (re.compile(rf"\b(?:{ONCE}) an? (?:{UNITS})\b(?! {VERBS})", re.I), "say per")]
RULES += [(re.compile(british, re.I), f"spell {american}…") for british, american in SPELLINGS.items()]


def listed(root):
    """The project's own files, also in a copy without git."""
    git = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True)
    if git.returncode == 0:
        return git.stdout.split("\0")
    return [p.relative_to(root).as_posix() for p in Path(root).rglob("*") if "build" not in p.relative_to(root).parts]


def findings(root):
    for name in sorted(listed(root)):
        path = Path(root, name)
        if path.suffix not in SUFFIXES and path.name not in NAMES or name.startswith(EXCLUDED) or not path.is_file():
            continue
        comments_only = name.startswith(COMMENTS_ONLY)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if comments_only and not line.startswith("#"):
                continue
            for pattern, advice in RULES:
                match = pattern.search(line)
                if match and not ANSWERS.search(line):
                    yield f"{name}:{number}: “{match.group(0)}”: {advice}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    found = list(findings(str(parser.parse_args().root)))
    print("\n".join(found) if found else "language: one word for one thing")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
