#!/usr/bin/env python3
"""Lets clang check that every member that is GUARDED_BY a mutex is used with it (src/core/thread_annotations.h).

    tools/check_locks.py [BUILD [ROOT]]

Such members are private, so only the source beside their header uses them. Only these sources are compiled,
without output, as BUILD/compile_commands.json says (default: build/release). Exits with 1 if a source uses a
member without its mutex (clang's message says where), or if there is no such member at all.
"""

import argparse
import json
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from os import sched_getaffinity
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def guarded_sources(root):
    """The sources that have such members, in themselves or in their header."""
    files = [file for top in ("src", "sharding", "launcher", "tools/bench") for file in (root / top).rglob("*")
             if file.suffix in (".h", ".cpp") and file.name != "thread_annotations.h"]
    guarded = {file.with_suffix(".cpp") for file in files if "GUARDED_BY(" in file.read_text(encoding="utf-8")}
    return sorted(file.relative_to(root) for file in guarded)


def check(root, source, entries):
    """clang's exit code for this source. It is compiled with the command of another source of its folder,
    because the build may compile several sources as one, but without output and without g++'s precompiled
    header."""
    entry = next(entry for entry in entries if f" -o {source.parent}/CMakeFiles/" in entry["command"])
    words = iter(shlex.split(entry["command"])[1:])
    options = []
    for word in words:
        if word in ("-o", "-include", "-c"):
            next(words)
        elif word not in ("-Winvalid-pch", "-Werror"):
            options.append(word)
    return subprocess.run(
        ["clang++", *options, "-Wno-everything", "-Wthread-safety", "-Werror=thread-safety", "-fsyntax-only",
         root / source], cwd=entry["directory"], check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?", type=Path, help="default: ROOT/build/release")
    parser.add_argument("root", nargs="?", type=Path, default=ROOT)
    arguments = parser.parse_args()
    root = arguments.root
    build = arguments.build or root / "build/release"
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    sources = guarded_sources(root)
    print("locks:", *sources, flush=True)
    with ThreadPoolExecutor(len(sched_getaffinity(0))) as pool:
        codes = list(pool.map(lambda source: check(root, source, entries), sources))
    return 1 if any(codes) or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
