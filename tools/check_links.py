#!/usr/bin/env python3
"""Checks that the files, folders and headings that pages (*.md) name exist.

    tools/check_links.py [ROOT]

Looks at every page under ROOT (default: this repository), outside blocks of code:
- a link's target, relative to its page, exists, and so does the heading behind its #;
- a path in `code` that begins with one of the repository's own files or folders exists, from its root
  or from the page's folder; it may contain *, {a,b} and …;
- a name that ends in .md exists, from the root or from the page's folder.
Files that git ignores may be missing. Addresses on the web are not looked up. Prints each violation as
FILE:LINE: REASON and exits with 1 if there is one.
"""

import argparse
import re
import sys
from itertools import product
from pathlib import Path

FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
LINK = re.compile(r"\]\(<?([^)<>\s]*)>?[^)]*\)|^\s*\[[^\]]+\]:\s*(\S+)")
CODE = re.compile(r"`([^`]+)`")
WHOLE_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")
PAGE_NAME = re.compile(r"[\w./-]*\w\.md\b")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def anchor(heading):
    """The name that GitHub gives a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def prose(page):
    """(number, line) of the page's lines outside blocks of code, fenced or indented."""
    fenced, blank, block = False, True, False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if FENCE.match(line):
            fenced = not fenced
            continue
        # An indented block begins behind an empty line; a line that continues an item of a list does not.
        block = line.startswith("    ") and (block or blank) or block and not line.strip()
        blank = not line.strip()
        if not fenced and not block:
            yield number, line


def anchors(page):
    """The names of the page's headings; if a name repeats, the second one ends in -1, and so on."""
    found = set()
    for _, line in prose(page):
        if match := HEADING.match(line):
            name, number = anchor(match[1]), 0
            while (name if number == 0 else f"{name}-{number}") in found:
                number += 1
            found.add(name if number == 0 else f"{name}-{number}")
    return found


def spellings(pattern):
    """All spellings of the pattern, with each {a,b} replaced by one of its choices."""
    parts = re.split(r"\{([^{}]*)\}", pattern)
    choices = [part.split(",") if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(words) for words in product(*choices)]


class Repository:
    def __init__(self, root):
        self.root = root
        ignore = root / ".gitignore"
        lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
        self.ignored = [line.strip("/") for line in lines if line.startswith("/")]
        self.own = {path.name for path in root.iterdir()} - {*self.ignored, ".git"}

    def ignores(self, path):
        return any(path == name or path.startswith(name + "/") for name in self.ignored)

    def pages(self):
        for page in sorted(self.root.rglob("*.md")):
            if not self.ignores(page.relative_to(self.root).as_posix()):
                yield page

    def holds(self, folder, name):
        """Whether a file or folder of this name (which may contain *) is in `folder`, or may be missing."""
        if not name or (folder / name).exists():
            return True
        inside = (folder / name).resolve()
        if inside.is_relative_to(self.root) and self.ignores(inside.relative_to(self.root).as_posix()):
            return True
        return "*" in name and next(folder.glob(name), None) is not None

    def holds_all(self, page, pattern):
        """Whether all files that `pattern` stands for exist, seen from the root or from the page."""
        return all(self.holds(self.root, name) or self.holds(page.parent, name)
                   for name in spellings(pattern.replace("…", "*")))

    def link_error(self, page, target):
        path, _, heading = target.partition("#")
        file = page.parent / path if path else page
        if not self.holds(page.parent, path):
            return f"the link's target {path} does not exist"
        if heading and file.suffix == ".md" and heading not in anchors(file):
            return f"{path or 'this page'} has no heading #{heading}"
        return None

    def names(self, line):
        """The files and folders of the repository that a line names outside links."""
        for code in CODE.findall(line):
            for word in code.split():
                word = word.strip("\"'(),;:").removeprefix("./")
                first, slash, rest = word.partition("/")
                if slash and rest and first in self.own:
                    yield word.partition(":")[0].rstrip("/.")
        yield from PAGE_NAME.findall(LINK.sub("", WHOLE_LINK.sub("", CODE.sub("", line))))

    def errors(self, page, line):
        for inline, reference in LINK.findall(CODE.sub("", line)):
            target = inline or reference
            if not ELSEWHERE.match(target) and (error := self.link_error(page, target)):
                yield error
        for name in self.names(line):
            if not self.holds_all(page, name):
                yield f"{name} does not exist"


def violations(root):
    repository = Repository(root.resolve())
    for page in repository.pages():
        for number, line in prose(page):
            for error in repository.errors(page, line):
                yield f"{page.relative_to(repository.root).as_posix()}:{number}: {error}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    found = list(violations(parser.parse_args().root))
    print("\n".join(found) if found else "links: every page names what is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
