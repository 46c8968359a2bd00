"""Processes that take turns, and the report of their cost."""

import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path


class Worker:
    """A process that answers each command, a line of text, with a line of JSON."""

    def __init__(self, command):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([str(part) for part in command], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            sys.exit(f"bench.py: {shlex.join(self.process.args)} ended:\n{self.log.read()}")
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.answer()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
        self.process.stdin.close()
        self.process.wait()


class AtOnce:
    """Workers that all do a command at the same time."""

    def __init__(self, *workers):
        self.workers = workers

    def ask(self, command):
        """The first worker's answer, with the wall time of the slowest."""
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda worker: worker.ask(command), self.workers))
        return answers[0] | {"wall": max(answer["wall"] for answer in answers)}


def on_core(core, *command):
    return ["taskset", "--cpu-list", core, *command]


def cores_apart():
    """One processor per core that may be used. The cores of a shared machine differ in speed."""
    cores = {}
    for processor in sorted(os.sched_getaffinity(0)):
        siblings = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
        # Some containers do not say which processors share a core.
        core = siblings.read_text() if siblings.exists() else processor
        cores.setdefault(core, processor)
    return list(cores.values())


def take_turns(rounds, *commands):
    """The answers of each (worker, command); each command runs once per round."""
    answers = [[worker.ask(command) for worker, command in commands] for _ in range(rounds)]
    return list(zip(*answers))


class Spread:
    """The median of values, with their range."""

    def __init__(self, values):
        self.values = list(values)
        self.median, self.low, self.high = statistics.median(values), min(values), max(values)

    def __format__(self, form):
        return f"{self.median:{form}} ({self.low:{form}}-{self.high:{form}})"

    def ratios_to(self, other):
        """The spread of the values of this object divided by those of `other` in the same round."""
        return Spread([one / two for one, two in zip(self.values, other.values)])

    def fields(self):
        return [self.median, self.low, self.high]


def spread(answers, key):
    return Spread([answer[key] for answer in answers])


class Report:
    """What a benchmark prints and writes."""

    def __init__(self, arguments):
        self.name, self.file = arguments.bench, arguments.json
        self.table, self.result = [], {}
        self.started, self.busy = time.time(), busy_seconds()
        self.conditions = {
            "machine": processor(), "cores": os.cpu_count(), "threads": 1, "precision": "fp32",
            "rounds": arguments.rounds, "load_before": os.getloadavg()[0],
            "torch": version("torch"), "open_clip": version("open_clip_torch"),
            "python": sys.version.split()[0], "commit": commit()}

    def condition(self, **values):
        self.conditions |= values

    def row(self, text, **values):
        print(text, flush=True)
        self.table.append({key: value.fields() if isinstance(value, Spread) else value
                           for key, value in values.items()})

    def finish(self):
        own = os.times().children_user + os.times().children_system + time.process_time()
        elapsed = time.time() - self.started
        self.condition(load_after=os.getloadavg()[0], seconds=elapsed,
                       cores_used_by_others=(busy_seconds() - self.busy - own) / elapsed)
        print("conditions: " + ", ".join(f"{key} {short(value)}"
                                         for key, value in self.conditions.items()))
        if self.file:
            self.file.write_text(json.dumps({"bench": self.name, "conditions": self.conditions,
                                             "table": self.table, "result": self.result}, indent=1))
        print(f"bench {self.name}: " + " ".join(f"{key}={short(value)}"
                                                for key, value in self.result.items()))


def short(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def processor():
    names = re.findall(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return names[0] if names else "unknown"


def commit():
    answer = subprocess.run(["git", "-C", Path(__file__).parent, "describe", "--always", "--dirty"],
                            text=True, capture_output=True, check=False)
    return answer.stdout.strip() or "unknown"


def busy_seconds():
    """CPU seconds that all programs of the machine have used."""
    user, nice, system = Path("/proc/stat").read_text().split()[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")
