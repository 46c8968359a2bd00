#!/usr/bin/env python3
"""Checks that every folder includes only folders below it, that only certain folders use a library, and that
the sources under PLAIN do without LibTorch's precompiled header.

    tools/check_layers.py [ROOT]

Reads the #include lines of the C++ and CUDA files under ROOT (default: this repository), and the
lists SOURCES and PLAIN in its CMakeLists.txt files (tools/cmake/targets.cmake says what they mean).
Prints each violation as FILE:LINE: REASON and exits with 1 if there is one.
"""

import argparse
import re
import sys
from functools import cache
from pathlib import Path

# The folders that each folder is built on. A folder may include these, and all folders that they are built on.
BUILT_ON = {
    "src/core": set(),
    "src/config": {"src/core"},
    "src/text": {"src/core"},
    "src/image": {"src/core"},
    "src/distributed": {"src/core"},
    "src/model": {"src/image"},
    "src/weights": {"src/model", "src/text"},
    "src/run": {"src/weights", "src/config"},
    "src/export": {"src/run", "src/text"},
    "sharding": {"src/text", "src/image"},
    "src/leakage": {"src/eval"},
    "src/data": {"src/config", "sharding"},
    "src/objective": {"src/config", "src/distributed"},
    "src/eval": {"src/weights", "src/data", "src/distributed"},
    "src/train": {"src/eval", "src/objective", "src/run"},
    "src/watch": {"src/eval", "src/run"},
    "src/plan": {"src/train"},
    "src/report": {"src/eval", "src/leakage", "src/objective", "src/run"},
    "launcher": {"src/export", "src/plan", "src/report", "src/leakage", "src/watch"},
    "tools/bench": {"launcher"},
    "tests": {"launcher"},
}


def reachable(folder):
    """All folders below `folder`."""
    return BUILT_ON[folder].union(*(reachable(below) for below in BUILT_ON[folder]))


ALLOWED = {folder: reachable(folder) for folder in BUILT_ON}

# Library, pattern of its headers, folders that may include them. Tests of a folder may use the
# folder's library, to check its work from outside.
LIBRARIES = [
    ("MPI", r"mpi\.h$", {"launcher", "tests/launcher", "tests/support"}),
    ("c10d", r"torch/csrc/distributed/|gloo/|nccl\.h$", {"src/distributed", "tests/distributed"}),
    ("HDF5", r"hdf5\.h$|hdf5_hl\.h$|H5\w*\.h$", {"sharding", "tests/sharding"}),
    ("yaml-cpp", r"yaml-cpp/", {"src/config", "tests/config"}),
    ("ICU", r"unicode/", {"src/text", "tests/text"}),
    ("zlib", r"zlib\.h$", {"src/text", "tests/text"}),
    ("image codecs", r"turbojpeg\.h$|jpeglib\.h$|png\.h$|webp/|tiffio\.h$|gif_lib\.h$|stb_image\.h$", {"src/image", "tests/image"}),
    ("ISA-L", r"isa-l", {"src/core"}),
    ("OpenSSL", r"openssl/", {"src/core"}),
    ("spdlog", r"spdlog/", {"src/core"}),
    ("CLI11", r"CLI/", {"launcher", "tools/bench"}),
    ("GoogleTest", r"g(test|mock)/", {"tests"}),
    ("torch/torch.h, slow to compile: include what is used,", r"torch/torch\.h$", set()),
]
CUDA = re.compile(r"cuda\w*\.h$|cublas|cooperative_groups|cub/|thrust/")
TORCH = re.compile(r"(ATen|torch|c10)/")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
TOP_FOLDERS = ("src", "sharding", "launcher", "tools/bench", "tests")
# The headers of LibTorch that a source under PLAIN may reach: the declaration of a tensor.
LIGHT_TORCH = re.compile(r"ATen/core/Tensor\.h$|c10/")
CMAKE_CALL = re.compile(r"^dermatome_(library|test|executable)\s*\(([^)]*)\)", re.MULTILINE)
CMAKE_LISTS = ("SOURCES", "PLAIN", "LINK", "LINK_PRIVATE", "RANKS", "TIMEOUT", "LABEL")


def folder_of(path, folders):
    """The longest of `folders` that holds `path` (relative, with /), or None."""
    inside = [folder for folder in folders if path.startswith(folder + "/")]
    return max(inside, key=len, default=None)


def own_include_error(root, path, target):
    source, destination = folder_of(path, ALLOWED), folder_of(target, ALLOWED)
    if not (root / target).is_file():
        return f'"{target}" is not a file of the repository; includes start at its root'
    if destination is None or source is None:
        stray = path if source is None else target
        return f"{stray} lies in no folder known to tools/check_layers.py"
    if destination != source and destination not in ALLOWED[source]:
        return f"{source} may not depend on {destination} (it includes {target})"
    return None


def library_error(path, target):
    if folder_of(target, ALLOWED):
        return f'<{target}> is the repository\'s own; include it as "{target}"'
    for library, pattern, folders in LIBRARIES:
        if re.match(pattern, target) and folder_of(path, folders) is None:
            where = " and ".join(sorted(folders)) or "no folder"
            return f"{library} belongs to {where} (this includes {target})"
    is_cuda_file = path.endswith((".cu", ".cuh"))
    if CUDA.match(target) and not is_cuda_file:
        return f"CUDA headers belong to .cu and .cuh files (this includes {target})"
    if TORCH.match(target) and is_cuda_file:
        return f"CUDA files stay free of LibTorch (this includes {target})"
    return None


@cache
def needs_torch(file, root):
    """Whether this source or header reaches a header of LibTorch that is slow to compile."""
    for line in file.read_text(encoding="utf-8").splitlines():
        match = INCLUDE.match(line)
        if not match:
            continue
        own, system = match.groups()
        if own and (root / own).is_file() and needs_torch(root / own, root):
            return True
        if system and TORCH.match(system) and not LIGHT_TORCH.match(system):
            return True
    return False


def sources_by_list(file, text):
    """The paths that a call of dermatome_library(), _test() or _executable() lists under SOURCES and PLAIN."""
    found = {"SOURCES": [], "PLAIN": []}
    current = None
    for word in re.sub(r"#.*", "", text).split():
        if word in CMAKE_LISTS:
            current = word
        elif word.startswith("${CMAKE_CURRENT_BINARY_DIR}/"):
            continue  # a generated file, which is not in the repository
        elif current in found and word.endswith(".cpp"):
            at_root = word.startswith("${PROJECT_SOURCE_DIR}/")
            found[current].append(Path(word.split("/", 1)[1]) if at_root else file.parent / word)
    return found


def list_errors(root, lists):
    """The faults in the lists of one call: sources that do not exist or stand in the wrong list."""
    for name, sources in lists.items():
        for source in sources:
            if not (root / source).is_file():
                yield f"{source} is not a file of the repository"
            elif needs_torch(root / source, root) and name == "PLAIN":
                yield f"{source} includes LibTorch; it belongs under SOURCES"
            elif not needs_torch(root / source, root) and name == "SOURCES":
                yield f"{source} does without LibTorch; it belongs under PLAIN"


def list_violations(root):
    for top in TOP_FOLDERS:
        for file in sorted((root / top).rglob("CMakeLists.txt")):
            text = file.read_text(encoding="utf-8")
            path = file.relative_to(root)
            for call in CMAKE_CALL.finditer(text):
                kind, arguments = call.groups()
                if kind != "executable" and "TORCH" not in arguments.split():
                    continue
                line = text.count("\n", 0, call.start()) + 1
                for error in list_errors(root, sources_by_list(path, arguments)):
                    yield f"{path.as_posix()}:{line}: {error}"


def violations(root):
    yield from list_violations(root)
    for top in TOP_FOLDERS:
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".h", ".cpp", ".cu", ".cuh"):
                continue
            path = file.relative_to(root).as_posix()
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                own, system = match.groups()
                error = own_include_error(root, path, own) if own else library_error(path, system)
                if error:
                    yield f"{path}:{number}: {error}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    found = list(violations(parser.parse_args().root))
    print("\n".join(found) if found else "layers: every folder and library in its place")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
