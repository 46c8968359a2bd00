"""tools/check_locks.py must find a member that is used without its mutex, planted, and nothing else."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = """#include "src/core/thread_annotations.h"
namespace dermatome {
class Counter {
 public:
  void add();

 private:
  Mutex mutex_;
  int count_ GUARDED_BY(mutex_) = 0;
};
}  // namespace dermatome
"""
SOURCE = """#include "src/core/counter.h"
namespace dermatome {
void Counter::add() {
  %s
  ++count_;
}
}  // namespace dermatome
"""


class CheckLocksTest(unittest.TestCase):
    def check(self, lock, header=HEADER):
        """The exit code and the output for a class that does `lock` before it uses its guarded member."""
        with tempfile.TemporaryDirectory() as folder:
            core = Path(folder, "src/core")
            core.mkdir(parents=True)
            shutil.copy(ROOT / "src/core/thread_annotations.h", core)
            (core / "counter.h").write_text(header)
            (core / "counter.cpp").write_text(SOURCE % lock)
            command = f"g++ -std=c++20 -I{folder} -c src/core/counter.cpp -o src/core/CMakeFiles/counter.o"
            Path(folder, "compile_commands.json").write_text(
                json.dumps([{"directory": folder, "file": "src/core/counter.cpp", "command": command}]))
            done = subprocess.run([sys.executable, ROOT / "tools/check_locks.py", folder, folder],
                                  capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def test_accepts_a_member_that_is_used_with_its_mutex(self):
        self.assertEqual(self.check("const MutexLock lock(mutex_);"), (0, "locks: src/core/counter.cpp\n"))

    def test_finds_a_member_that_is_used_without_it(self):
        code, output = self.check("")
        self.assertEqual(code, 1)
        self.assertIn("writing variable 'count_' requires holding mutex 'mutex_'", output)

    def test_finds_that_nothing_is_guarded(self):
        self.assertEqual(self.check("", HEADER.replace(" GUARDED_BY(mutex_)", ""))[0], 1)


if __name__ == "__main__":
    unittest.main()
