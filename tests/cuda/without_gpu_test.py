"""The CUDA variant's binary without a visible GPU: it starts, trains on the CPU if runtime.device is auto,
and refuses if it is cuda.

usage: without_gpu_test.py BINARY MPIRUN WORK_DIR
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import training_data  # noqa: E402

BINARY, MPIRUN, WORK = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
# Hides the GPUs of a machine that has some.
ENVIRONMENT = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=ENVIRONMENT)


def train(device):
    return run(MPIRUN, "2", BINARY, "train", WORK / "config.yaml", f"name={device}", f"runtime.device={device}")


class WithoutGpu(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(WORK, ignore_errors=True)
        training_data.make_data(WORK, BINARY, 24, "--short-side", "20")
        training_data.write_configuration(WORK, 3, 0, 30, "{every_epochs: 0}")

    def test_is_the_cuda_variant_and_starts(self):
        libraries = run("ldd", BINARY).stdout
        self.assertIn("libtorch_cuda.so", libraries)
        self.assertNotIn("not found", libraries)
        self.assertEqual(run(BINARY, "--version").returncode, 0)

    def test_auto_trains_on_the_cpu(self):
        done = train("auto")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((WORK / "runs/auto/checkpoints/step_00000003").is_dir(), done.stderr)

    def test_cuda_is_refused(self):
        done = train("cuda")
        self.assertEqual(done.returncode, 2)  # launcher/exit_codes.h
        self.assertIn("runtime.device is cuda, but", done.stderr)
        self.assertFalse((WORK / "runs/cuda").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
