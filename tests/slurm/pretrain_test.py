"""Tests when slurm/pretrain.sbatch starts the ranks again. The script runs without Slurm, and a program that
ends with given codes replaces dermatome.

usage: pretrain_test.py
"""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]


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
            done = subprocess.run(
                ["bash", SOURCE / "slurm/pretrain.sbatch", "config.yaml"], capture_output=True, text=True, timeout=60,
                env={**os.environ, "DERMATOME_HOME": str(SOURCE), "DERMATOME_BINARY": str(program),
                     "DERMATOME_LAUNCH": "mpirun", "SLURM_JOB_ID": "1", "SLURM_NTASKS": "2",
                     "SLURM_JOB_NODELIST": "n1", "DERMATOME_RETRY_PAUSE": "0", **variables})
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
