"""Tests `dermatome launch`: numbers of ranks, how a job ends, and that it leaves no process behind.

usage: launch_test.py BINARY WORK_DIR
"""

import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import termios
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import training_data  # noqa: E402

BINARY, WORK = sys.argv[1], pathlib.Path(sys.argv[2]) / "launch"
USAGE, DATA, STOPPED = 2, 3, 75  # launcher/exit_codes.h
CORES_PER_RANK = 8  # launcher/mpirun.h
SOON = 30  # seconds


def launch(ranks, name, *overrides):
    """The command that trains on this many ranks; 0: on one, without `launch`."""
    start = [BINARY, "launch", "--ranks", str(ranks)] if ranks != 0 else [BINARY]
    return [*start, "train", str(WORK / "config.yaml"), f"name={name}", *overrides]


def steps_logged(name):
    path = WORK / "runs" / name / "results.jsonl"
    return path.read_text().count('"train"') if path.exists() else 0


def newest_checkpoint(name):
    return (WORK / "runs" / name / "checkpoints/latest").read_text().strip()


def ranks_of(name):
    return training_data.ranks_of(BINARY, f"name={name}", WORK / "config.yaml")


class Launch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(WORK, ignore_errors=True)
        training_data.make_data(WORK, BINARY, 24, "--short-side", "20")
        training_data.write_configuration(WORK, 20000, 0, 60, "{every_epochs: 0}")

    def run_to_the_end(self, ranks, name, *overrides):
        command = launch(ranks, name, "schedule.max_steps=2", "schedule.warmup=1", *overrides)
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * SOON)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(newest_checkpoint(name), "step_00000002")
        return done.stderr

    def wait_for(self, condition):
        deadline = time.monotonic() + SOON
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def assert_nothing_runs(self, name):
        self.wait_for(lambda: not ranks_of(name))

    def start(self, name, ranks=2):
        """Starts a training on a terminal of its own; returns its process id and the other end of the terminal."""
        process, terminal = pty.fork()
        if process == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever started the tests may ignore it
            os.execv(BINARY, launch(ranks, name))
        termios.tcsetwinsize(terminal, (24, 80))
        self.addCleanup(os.close, terminal)
        self.wait_for(lambda: steps_logged(name) >= 3)
        return process, terminal

    def end_of(self, process, terminal):
        """Drains the output until the process has ended; returns its exit code, or minus the signal that ended it,
        and the output."""
        os.set_blocking(terminal, False)
        deadline = time.monotonic() + SOON
        output = b""
        while True:
            try:
                output += os.read(terminal, 65536)
            except OSError:  # nothing there, or nobody at the other end
                time.sleep(0.02)
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status), output.decode()
            self.assertLess(time.monotonic(), deadline)

    def assert_stopped_well(self, name):
        self.assert_nothing_runs(name)
        self.assertEqual(newest_checkpoint(name), f"step_{steps_logged(name):08d}")
        self.assertFalse((WORK / "runs" / name / "owner.json").exists())

    def test_numbers_of_ranks(self):
        for ranks in (1, 2, 3, 4):
            errors = self.run_to_the_end(ranks, f"on_{ranks}")
            self.assertIn(f"mpirun --oversubscribe --bind-to none -n {ranks} ", errors)
            self.assertEqual(errors.count(": host "), ranks, errors)

    def test_auto(self):
        cores = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, cores)
        # The launcher may use at most the cores of four ranks.
        os.sched_setaffinity(0, sorted(cores)[:4 * CORES_PER_RANK])
        ranks = max(1, len(os.sched_getaffinity(0)) // CORES_PER_RANK)
        # Hides the GPUs, if there are any.
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        self.addCleanup(os.environ.pop, "CUDA_VISIBLE_DEVICES")
        self.assertEqual(self.run_to_the_end("auto", "auto", f"batch_size={ranks}").count(": host "), ranks)

    def test_a_failing_rank(self):
        done = subprocess.run(launch(4, "failing", "data.train=no/such/shards"), capture_output=True, text=True,
                              timeout=2 * SOON)
        self.assertEqual(done.returncode, DATA)
        self.assertIn("| rank 0 | error | no/such/shards is missing", done.stderr)
        self.assert_nothing_runs("failing")

    def refuse_a_second_start(self, name):
        second = subprocess.run([BINARY, "train", str(WORK / "config.yaml"), f"name={name}"], capture_output=True,
                                text=True, timeout=SOON)
        self.assertEqual(second.returncode, USAGE, second.stderr)
        self.assertRegex(second.stderr, f"runs/{name} is already trained by process {ranks_of(name)[0]} on host .*, "
                                        "since .*; wait until it ends, or choose another name")

    def test_ctrl_c_leaves_a_checkpoint(self):
        for ranks in (0, 2):
            name = f"interrupted_{ranks}"
            process, terminal = self.start(name, ranks)
            if ranks == 2:
                self.refuse_a_second_start(name)
            os.write(terminal, b"\x03")
            if ranks == 2:  # a key that is pressed twice at once asks once
                time.sleep(0.05)
                os.write(terminal, b"\x03")
            code, output = self.end_of(process, terminal)
            self.assertEqual(code, STOPPED, output)
            self.assertIn("asking again ends", output)
            self.assertNotIn("aborted", output)
            self.assert_stopped_well(name)

    def test_a_closed_log_leaves_a_checkpoint(self):
        for ranks in (0, 2):
            name = f"unread_{ranks}"
            training = subprocess.Popen(launch(ranks, name), stderr=subprocess.PIPE)
            self.wait_for(lambda: steps_logged(name) >= 3)
            training.stderr.close()
            self.assertEqual(training.wait(SOON), STOPPED)
            self.assert_stopped_well(name)

    def test_a_second_ctrl_c_ends_at_once(self):
        process, terminal = self.start("impatient", ranks=3)
        os.kill(ranks_of("impatient")[2], signal.SIGSTOP)  # so that no step ends any more
        os.write(terminal, b"\x03")
        said = b""
        while b"asking again ends them at once" not in said:
            said += os.read(terminal, 65536)
        time.sleep(1.1)
        os.write(terminal, b"\x03")
        self.assertNotIn(self.end_of(process, terminal)[0], (0, STOPPED))
        self.assert_nothing_runs("impatient")

    def test_a_killed_launcher_ends_its_ranks(self):
        process, terminal = self.start("orphans")
        os.kill(process, signal.SIGKILL)
        self.assertEqual(self.end_of(process, terminal)[0], -signal.SIGKILL)
        self.assert_nothing_runs("orphans")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
