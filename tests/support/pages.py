"""The blocks of code and the commands in the project's pages (*.md)."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(\s*)(```+)\s*(\S*)\s*(.*)$")
INLINE = re.compile(r"`([^`]+)`")
# A word that begins one of the project's own commands.
OWN = re.compile(r"(?:dermatome|mpirun|srun|sbatch|(?:tools|tests|slurm|build)/\S*)$")
NOT_RUN = "not-run:"


@dataclass
class Block:
    page: Path
    line: int  # of its first line, from 1
    language: str
    info: str  # what follows the language
    text: str

    @property
    def reason(self):
        """Why the block is not run, or None."""
        return self.info.removeprefix(NOT_RUN).strip() if self.info.startswith(NOT_RUN) else None


def split(page):
    """The page's fenced blocks, and its other lines as (number, line)."""
    blocks, prose, fence = [], [], None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        match = FENCE.match(line)
        if fence is None and match:
            fence = match[2]
            indent = len(match[1])
            blocks.append(Block(page, number + 1, match[3], match[4], ""))
        elif fence is not None and line.strip() == fence:
            fence = None
        elif fence is not None:
            blocks[-1].text += line[indent:] + "\n"
        else:
            prose.append((number, line))
    assert fence is None, f"{page}: a block of code is not closed"
    return blocks, prose


def commands(text):
    """The commands of a shell text, each as a list of words. Comments, variables that are set for a command, and what
    joins commands are left out."""
    for line in text.replace("\\\n", " ").splitlines():
        words = []
        for word in [*shlex.split(line, comments=True), ";"]:
            if word not in (";", "&&", "&", "|"):
                words.append(word)
                continue
            while words and re.match(r"[A-Za-z_]\w*=", words[0]):
                words.pop(0)
            if words:
                yield words
            words = []


def inline_commands(prose):
    """(line number, words) of the project's commands that stand in the text."""
    for number, line in prose:
        for code in INLINE.findall(line):
            words = code.split()
            if len(words) > 1 and OWN.match(words[0]):
                yield number, words
