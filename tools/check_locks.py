#!/usr/bin/env python3
"""Lets clang hold every member that is GUARDED_BY a mutex to it (src/core/thread_annotations.h).

    tools/check_locks.py [BUILD]

Members are private to the source beside their header, so these sources alone are compiled, without
output, as BUILD/compile_commands.json says (default: build/release). Exits with 1 if one uses a member
without its mutex; clang's message says where.
"""

import json
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from os import sched_getaffinity
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def guarded_sources():
    """Sources that have such members, or whose header has."""
    files = [file for top in ("src", "sharding", "launcher", "tools/bench") for file in (ROOT / top).rglob("*")
             if file.suffix in (".h", ".cpp") and file.name != "thread_annotations.h"]
    guarded = {file.with_suffix(".cpp") for file in files if "GUARDED_BY(" in file.read_text(encoding="utf-8")}
    return sorted(file.relative_to(ROOT) for file in guarded)


def check(source, entries):
    """clang's exit code for this source, compiled as another one of its folder is: sources may be
    compiled several at once. Without an output and g++'s precompiled header."""
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
         ROOT / source], cwd=entry["directory"], check=False).returncode


def main():
    build = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/release"
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    sources = guarded_sources()
    print("locks:", *sources, flush=True)
    with ThreadPoolExecutor(len(sched_getaffinity(0))) as pool:
        codes = list(pool.map(lambda source: check(source, entries), sources))
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
