"""Tests how CMake's configuration treats DERMATOME_CUDA and LibTorch, with files that only imitate LibTorch and CUDA.

usage: cuda_option_test.py CMAKE WORK_DIR
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

CMAKE, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
SOURCE = pathlib.Path(__file__).resolve().parents[2]
VERSION = "#define TORCH_VERSION_MAJOR {}\n#define TORCH_VERSION_MINOR {}\n"
# Folders in which CMake would find the machine's own toolkit and NCCL.
HIDDEN = ["/usr/local/cuda/bin", "/usr/local/cuda/include", "/usr/include", "/usr/local/include"]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class CudaOption(unittest.TestCase):
    def setUp(self):
        self.work = WORK / self._testMethodName
        shutil.rmtree(self.work, ignore_errors=True)

    def make_libtorch(self, version=(2, 11), cuda=None):
        root = self.work / "libtorch"
        write(root / "include/torch/headeronly/version.h", VERSION.format(*version))
        write(root / "lib/libtorch_cpu.so", "")
        if cuda:
            write(root / "lib/libtorch_cuda.so", "")
            write(root / "lib/libc10_cuda.so", f"\0\0libcudart.so.{cuda}\0\0")
        return root

    def make_toolkit(self, release):
        nvcc = self.work / "toolkit/bin/nvcc"
        write(nvcc, f"#!/bin/sh\necho 'Cuda compilation tools, release {release}, V{release}.1'\n")
        nvcc.chmod(0o755)
        write(self.work / "toolkit/include/nccl.h", "")
        return self.work / "toolkit"

    def configure(self, option, libtorch, toolkit=None):
        """CMake's exit code and its output, with lines joined."""
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("CUDACXX", "CUDA_PATH", "CUDA_HOME", "NCCL_ROOT", "LIBTORCH_ROOT")}
        on_path = [folder for folder in os.get_exec_path() if (pathlib.Path(folder) / "nvcc").exists()]
        if toolkit:
            environment["CUDA_HOME"] = str(toolkit)
        done = subprocess.run(
            [CMAKE, "-S", SOURCE, "-B", self.work / "build", "-G", "Ninja", "-DDERMATOME_TESTS=OFF",
             f"-DDERMATOME_CUDA={option}", f"-DLIBTORCH_ROOT={libtorch}",
             f"-DCMAKE_IGNORE_PATH={';'.join(HIDDEN + on_path)}"],
            capture_output=True, text=True, env=environment, timeout=60)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def refusal(self, *arguments):
        code, text = self.configure(*arguments)
        self.assertNotEqual(code, 0, text)
        return text

    def test_unsupported_torch_is_refused(self):
        text = self.refusal("OFF", self.make_libtorch(version=(2, 10)))
        self.assertIn("LibTorch 2.10 at", text)
        self.assertIn("written for 2.11. Run tools/setup.sh", text)

    def test_folder_without_libtorch_is_refused(self):
        text = self.refusal("OFF", self.work / "nothing")
        self.assertIn(f"No LibTorch at LIBTORCH_ROOT={self.work}/nothing. Run tools/setup.sh", text)

    def test_on_is_refused_without_cuda_libraries(self):
        text = self.refusal("ON", self.make_libtorch(), self.make_toolkit("13.0"))
        self.assertIn("missing with LIBTORCH_ROOT=", text)
        self.assertIn("CUDA libraries in LibTorch (tools/setup.sh --cuda", text)
        self.assertNotIn("nvcc", text)

    def test_on_is_refused_without_a_toolkit(self):
        text = self.refusal("ON", self.make_libtorch(cuda=13))
        self.assertIn("a CUDA toolkit (nvcc on the PATH, or CUDACXX or CUDA_HOME set)", text)
        self.assertIn("nccl.h (set NCCL_ROOT)", text)
        self.assertIn("set DERMATOME_CUDA=OFF", text)

    def test_cuda_of_another_major_version_is_refused(self):
        for option in ("ON", "AUTO"):
            text = self.refusal(option, self.make_libtorch(cuda=13), self.make_toolkit("12.4"))
            self.assertIn("is built for CUDA 13, but the toolkit of", text)
            self.assertIn("is CUDA 12.4", text)
            self.assertIn("CUDACXX=", text)

    def test_auto_is_off_without_a_toolkit(self):
        _, text = self.configure("AUTO", self.make_libtorch(cuda=13))
        self.assertIn("CUDA variant: OFF; missing: a CUDA toolkit", text)

    def test_auto_is_off_without_cuda_libraries(self):
        _, text = self.configure("AUTO", self.make_libtorch(), self.make_toolkit("13.0"))
        self.assertIn("CUDA variant: OFF; missing: CUDA libraries in LibTorch", text)
        self.assertNotIn("nvcc", text)

    def test_auto_is_on_where_nothing_is_missing(self):
        # Configuration goes on until the imitated compiler is asked to compile.
        text = self.refusal("AUTO", self.make_libtorch(cuda=13), self.make_toolkit("13.0"))
        self.assertIn("The CUDA compiler identification is unknown", text)

    def test_another_word_is_refused(self):
        self.assertIn("DERMATOME_CUDA=yes: must be AUTO, ON or OFF", self.refusal("yes", self.make_libtorch()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
