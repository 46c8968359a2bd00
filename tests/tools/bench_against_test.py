"""Tests that tools/bench.sh loader measures other libraries beside ours, if they are installed.

    bench_against_test.py DERMATOME_BENCH DERMATOME
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKER, DERMATOME = Path(sys.argv.pop(1)), Path(sys.argv.pop(1))
sys.path.insert(0, str(ROOT / "tests/support"))
import needs  # noqa: E402

CACHE = Path(os.environ.get("DERMATOME_CACHE", Path.home() / ".cache/dermatome"))


class AgainstTest(unittest.TestCase):
    def test_every_opponent_reads_all_images(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "bench.json"
            printed = subprocess.run(
                [ROOT / "tools/bench.sh", "loader", "--worker", WORKER, "--dermatome", DERMATOME,
                 "--rounds", "1", "--json", file, "--images", "8", "--loader-batch", "4", "--sides",
                 "64", "--threads", "2", "--shards", "2", "--against", "webdataset,streaming"],
                check=True, text=True, stdout=subprocess.PIPE).stdout
        closing = dict(pair.split("=") for pair in printed.splitlines()[-1].split(" ")[2:])
        for key in ("jpeg_vs_webdataset", "jpeg_vs_streaming", "start_webdataset_s",
                    "start_streaming_s"):
            self.assertGreater(float(closing[key]), 0, key)


if __name__ == "__main__":
    needs.end_unless("bench", None if (CACHE / "bench-packages/streaming").exists() else
                     "without the packages of tools/setup.sh --bench")
    unittest.main()
