"""Tests `dermatome launch --hosts` on two hosts, which are namespaces on this machine: ranks meet over the
network between them, and a lost host ends the run.

usage: hosts_test.py BINARY WORK_DIR
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/support"))

import needs  # noqa: E402
from hosts import Hosts  # noqa: E402
from training_data import make_data, reach, write_configuration  # noqa: E402

BINARY, WORK = sys.argv[1], pathlib.Path(sys.argv[2]) / "netns"
STEPS, TIMEOUT = 12, 6
LOST = 1  # launcher/exit_codes.h


class SeveralHosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(WORK, ignore_errors=True)
        make_data(WORK, BINARY, 90, "--short-side", "20")
        write_configuration(WORK, STEPS, 4, TIMEOUT, "{every_epochs: 0, benchmarks: []}")

    def setUp(self):
        folder = WORK / self.id().split(".")[-1]
        self.hosts = Hosts(folder, ["one", "two"])
        self.addCleanup(self.hosts.remove)
        self.environment = dict(
            os.environ, DERMATOME_TEST_HOSTS=str(self.hosts.files), OMP_NUM_THREADS="1",
            OMPI_MCA_plm_rsh_agent=str(SOURCE / "tests/netns/rsh_agent.sh"))

    def launch(self, name, *arguments, hosts="one:1,two:1", **variables):
        """Starts a training from host one."""
        command = [BINARY, "launch", "--hosts", hosts, "train", WORK / "config.yaml",
                   f"name={name}", *arguments]
        return subprocess.Popen(self.hosts.on("one", *command), env=dict(self.environment, **variables),
                                stderr=subprocess.PIPE, text=True)

    def train(self, name, **how):
        running = self.launch(name, **how)
        errors = running.communicate(timeout=60)[1]
        self.assertEqual(running.returncode, 0, errors)
        return errors

    def losses(self, name):
        lines = map(json.loads, (WORK / "runs" / name / "results.jsonl").read_text().splitlines())
        return [line["train"]["loss"] for line in lines if "train" in line]

    def test_ranks_meet_over_the_network(self):
        errors = self.train("two_hosts")
        for rank, host, address in [(0, "one", "192.0.2.2"), (1, "two", "192.0.2.3")]:
            self.assertRegex(errors, f"rank {rank}: host {host}, cpu, .* Gloo over {address}")
        self.assertEqual(len(self.losses("two_hosts")), STEPS)
        # The interface may also be named.
        self.train("named", GLOO_SOCKET_IFNAME="eth0")
        self.assertEqual(self.losses("named"), self.losses("two_hosts"))

    def test_ranks_of_a_host_share_its_cores(self):
        errors = self.train("four", hosts="one:2,two:2")
        self.assertEqual(len(self.losses("four")), STEPS)
        for rank, host in enumerate(["one", "one", "two", "two"]):
            self.assertRegex(errors, f"rank {rank}: host {host}, cpu, .* shared by 2 ranks")

    def assert_fails(self, running, within, expected):
        """Asserts that the process ends in time and says what happened; returns its exit code."""
        start = time.time()
        errors = running.communicate(timeout=90)[1]
        self.assertLess(time.time() - start, within, errors)
        self.assertRegex(errors, expected)
        return running.returncode

    def test_ranks_end_within_their_timeout_when_a_host_falls_silent(self):
        ranks = [subprocess.Popen(
            self.hosts.on(host, BINARY, "train", WORK / "config.yaml", "name=alone", "schedule.max_steps=5000"),
            env=dict(self.environment, RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK="0", LOCAL_WORLD_SIZE="1",
                     MASTER_ADDR="one", MASTER_PORT="29400"), stderr=subprocess.PIPE, text=True)
            for rank, host in enumerate(["one", "two"])]
        reach(WORK / "runs/alone", 3)
        self.hosts.unplug("two")
        for rank, running in enumerate(ranks):
            code = self.assert_fails(running, TIMEOUT + 5, f"error.* rank {rank} of 2, group ")
            self.assertEqual(code, LOST)

    def test_launch_ends_when_a_host_falls_silent(self):
        running = self.launch("silent", "schedule.max_steps=5000", "runtime.timeout_s=60",
                              OMPI_MCA_oob_tcp_keepalive_time="4", OMPI_MCA_oob_tcp_keepalive_intvl="2",
                              OMPI_MCA_oob_tcp_keepalive_probes="2")
        reach(WORK / "runs/silent", 3)
        self.hosts.unplug("two")
        self.assertNotEqual(self.assert_fails(running, 20, "(?s)lost communication.*on node two"), 0)

    def test_launch_ends_when_the_processes_of_a_host_die(self):
        running = self.launch("dead", "schedule.max_steps=5000")
        reach(WORK / "runs/dead", 3)
        self.hosts.kill("two")
        self.assertNotEqual(self.assert_fails(running, 10, "two|rank 0 of 2"), 0)


if __name__ == "__main__":
    needs.end_unless("netns", needs.missing_programs(["mpirun"]) or needs.missing_namespaces())
    needs.enter_namespaces()
    unittest.main(argv=sys.argv[:1], verbosity=2)
