"""A Slurm cluster of two hosts on this machine, with its own munged, slurmctld and two slurmd, in
namespaces. Call needs.enter_namespaces() first."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from hosts import CONTROLLER, Hosts

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "mpirun"]
NODES = ["n1", "n2"]
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL"}

# config_overrides: Slurm believes the configured nodes, also on a machine with one core.
# cred_expire (at least 5 s, by default 121 s) bounds the time that a requeued job waits until its old
# credential has expired.
CONFIGURATION = """
ClusterName=dermatome
SlurmctldHost={controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
ReturnToService=2
KillWait=5
JobRequeue=1
NodeName=n[1-2] CPUs=2 RealMemory=1000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE OverSubscribe=FORCE:4 State=UP
"""


def waiting_threads():
    """A line for each thread of the processes srun and dermatome: what it waits for in the kernel."""
    lines = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if os.path.basename(words[0]) not in (b"srun", b"dermatome"):
                continue
            lines.append(f"--- process {process.name}: {b' '.join(words[:4]).decode(errors='replace')}")
            for thread in (process / "task").iterdir():
                name = (thread / "comm").read_text().strip()
                call = (thread / "syscall").read_text().split()[0]
                lines.append(f"{thread.name} {name}: {(thread / 'wchan').read_text()}, system call {call}")
        except OSError:
            continue  # it has ended
    return "\n".join(lines)


class Cluster:
    def __init__(self):
        # The paths of the daemons' sockets may have 107 characters; the build folder's path may be longer.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp"))
        for name in ("state", "log", "pmix", *(f"spool/{node}" for node in NODES),
                     *(f"pmix.{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True)
        self.hosts = Hosts(self.folder, NODES)
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))
        self.daemons = []
        self._configure()
        try:
            self._start()
        except BaseException:
            self._end()
            raise

    def _configure(self):
        (self.folder / "slurm.conf").write_text(
            CONFIGURATION.format(controller=CONTROLLER, folder=self.folder))
        (self.folder / "mpi.conf").write_text(f"PMIxCliTmpDirBase={self.folder}/pmix\n")
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))

    def _start(self):
        folder = self.folder
        self._daemon("munged", "munged", "--foreground", "--force", f"--key-file={folder}/munge.key",
                     f"--socket={folder}/munge.socket", f"--pid-file={folder}/munged.pid",
                     f"--log-file={folder}/log/munged.log", f"--seed-file={folder}/munged.seed")
        self.wait_until(lambda: (folder / "munge.socket").exists(), "munged's socket", 10)
        self._daemon("slurmctld", "slurmctld", "-D", "-f", folder / "slurm.conf")
        for node in NODES:
            # Slurm's PMIx plugin uses the same folder name on all nodes.
            self._daemon(f"slurmd.{node}", *self.hosts.on(
                node, "sh", "-ec",
                f"mount --bind {folder}/pmix.{node} {folder}/pmix; exec slurmd -D -N {node}"))
        self.wait_until(lambda: self.run("sinfo", "-h", "-o", "%t", check=False).split() == ["idle"],
                   "idle nodes", 30)

    def _daemon(self, name, *command):
        with open(self.folder / "log" / f"{name}.output", "wb") as output:
            self.daemons.append(subprocess.Popen(
                list(map(str, command)), env=self.environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output))

    def wait_until(self, condition, what, seconds):
        deadline = time.time() + seconds
        while not condition():
            assert time.time() < deadline, f"no {what} within {seconds} s\n{self.logs()}"
            time.sleep(0.1)

    def logs(self):
        """The queue, where the ranks' threads wait, and the ends of the daemons' logs."""
        return "\n".join([self.run("squeue", "--long", check=False), waiting_threads(), *(
            f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}"
            for path in sorted((self.folder / "log").iterdir()))])

    def run(self, *command, check=True, **variables):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=30,
                              env=dict(self.environment, **variables))
        assert done.returncode == 0 or not check, f"{command}: {done.stderr}"
        return done.stdout

    def submit(self, *arguments, **variables):
        """Calls sbatch with these arguments and environment variables; returns the job's number."""
        return self.run("sbatch", "--parsable", *arguments, **variables).strip()

    def job(self, number):
        """Slurm's record of a job: JobState, ExitCode, Restarts, …"""
        record = self.run("scontrol", "--oneliner", "show", "job", number)
        return dict(re.findall(r"(\w[\w:/]*)=(\S*)", record))

    def wait_for(self, number, seconds=180, states=ENDED):
        """Waits until a job is in one of these states; returns its record."""
        self.wait_until(lambda: self.job(number)["JobState"] in states, f"end of job {number}", seconds)
        return self.job(number)

    def stop(self):
        """Ends all jobs and daemons, and removes their files."""
        self.run("scancel", "--quiet", "--user=root", check=False)
        try:
            self.wait_until(lambda: not self.run("squeue", "-h"), "empty queue", 20)
        finally:
            self._end()

    def _end(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            daemon.wait(timeout=20)
        self.hosts.remove()
        shutil.rmtree(self.folder)
