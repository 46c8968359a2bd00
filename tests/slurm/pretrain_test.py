"""Tests which program slurm/pretrain.sbatch starts, and when it starts the ranks again. The script runs without
Slurm, and a program that ends with given codes replaces dermatome.

usage: pretrain_test.py
"""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def run_job(home, **variables):
    """Runs the script in an environment like that of a job on one node; an empty variable is set, None is not."""
    variables = {"DERMATOME_HOME": str(home), "DERMATOME_LAUNCH": "mpirun", "SLURM_JOB_ID": "1", "SLURM_NTASKS": "2",
                 "SLURM_JOB_NODELIST": "n1", "DERMATOME_RETRY_PAUSE": "0", "CUDA_VISIBLE_DEVICES": None, **variables}
    environment = {name: value for name, value in {**os.environ, **variables}.items() if value is not None}
    return subprocess.run(["bash", SOURCE / "slurm/pretrain.sbatch", "config.yaml"], capture_output=True, text=True,
                          timeout=60, env=environment)


class Programs(unittest.TestCase):
    """A home with two builds, whose programs say which they are and whether they must use a GPU."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        (self.home / "slurm").symlink_to(SOURCE / "slurm")
        for build in ("release", "cuda"):
            program = self.home / "build" / build / "dermatome"
            program.parent.mkdir(parents=True)
            program.write_text(f"#!/bin/bash\necho {build} $DERMATOME_REQUIRE_GPU\n")
            program.chmod(0o755)

    def started(self, **variables):
        return run_job(self.home, **variables).stdout.strip()

    def test_a_job_with_gpus_starts_the_cuda_build(self):
        self.assertEqual(self.started(), "release 1")
        for gpus in ({"CUDA_VISIBLE_DEVICES": "0"}, {"SLURM_JOB_GPUS": "0"}, {"SLURM_GPUS_ON_NODE": "2"},
                     {"SLURM_GPUS_PER_TASK": "h100:1"}):
            self.assertEqual(self.started(**gpus), "cuda 1", gpus)

    def test_hidden_gpus_or_none_start_the_release_build(self):
        for gpus in ("", "-1", "NoDevFiles"):
            self.assertEqual(self.started(CUDA_VISIBLE_DEVICES=gpus, SLURM_JOB_GPUS="0"), "release 1")
        self.assertEqual(self.started(SLURM_GPUS_ON_NODE="0"), "release 1")

    def test_what_the_user_sets_counts(self):
        binary = str(self.home / "build/release/dermatome")
        self.assertEqual(self.started(SLURM_GPUS="2", DERMATOME_BINARY=binary), "release 1")
        self.assertEqual(self.started(SLURM_GPUS="2", DERMATOME_REQUIRE_GPU="0"), "cuda 0")

    def test_without_a_cuda_build_the_release_build_decides(self):
        (self.home / "build/cuda/dermatome").unlink()
        self.assertEqual(self.started(SLURM_GPUS="2"), "release 1")
        (self.home / "build/release/dermatome").unlink()
        done = run_job(self.home, SLURM_GPUS="2")
        self.assertEqual(done.returncode, 2)
        self.assertIn("tools/build.sh cuda", done.stderr)


class Pretrain(unittest.TestCase):
    def run_script(self, codes, **variables):
        """Runs the script with ranks that end with these codes, one after the other, and then with 0. Returns
        the script's exit code, and how often the ranks were started."""
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "codes").write_text("".join(f"{code}\n" for code in codes))
            program = folder / "dermatome"
            program.write_text(f"""#!/bin/bash
echo "$*" >> {folder}/starts
code=$(head -n 1 {folder}/codes)
sed -i 1d {folder}/codes
exit "${{code:-0}}"
""")
            program.chmod(0o755)
            done = run_job(SOURCE, DERMATOME_BINARY=str(program), **variables)
            starts = (folder / "starts").read_text().splitlines()
            self.assertEqual(set(starts), {"launch --ranks 2 train config.yaml"})
            return done.returncode, len(starts)

    def test_a_lost_rank_or_storage_starts_the_ranks_again(self):
        for code in (1, 74, 137):
            self.assertEqual(self.run_script([code]), (0, 2))
            self.assertEqual(self.run_script([code, code, 4]), (4, 3))

    def test_storage_that_is_still_away_at_the_next_start_is_waited_for(self):
        self.assertEqual(self.run_script([74, 3, 2]), (0, 4))
        self.assertEqual(self.run_script([1, 3]), (3, 2))
        start = time.monotonic()
        self.assertEqual(self.run_script([74, 3], DERMATOME_RETRY_PAUSE="1"), (0, 3))
        self.assertGreaterEqual(time.monotonic() - start, 1 + 2)

    def test_there_is_a_limit(self):
        self.assertEqual(self.run_script([74, 1, 74, 74, 74, 74]), (74, 4))
        self.assertEqual(self.run_script([74, 74, 74], DERMATOME_RETRIES="1"), (74, 2))

    def test_other_errors_end_the_job(self):
        for code in (0, 2, 3, 4):
            self.assertEqual(self.run_script([code, 0]), (code, 1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
