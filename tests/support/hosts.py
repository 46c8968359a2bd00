"""Hosts of a small network, made of namespaces on this machine; see needs.enter_namespaces().

A host has its own name, address (on its only interface, eth0), loopback device and shared memory, and
sees this machine's files. The test itself runs on the host `controller`. The addresses belong to the range
for documentation, and no packet leaves the namespaces.
"""

import os
import pathlib
import signal
import subprocess
import time

CONTROLLER = "controller"
NETWORK = "192.0.2."


def execute(*command):
    subprocess.run(command, check=True, timeout=20)


class Hosts:
    """Makes hosts with these names. The file hosts/NAME in `folder` holds the id of the process that owns
    NAME's namespaces, for scripts that start something there."""

    def __init__(self, folder, names):
        self.names = names
        self.processes = {}
        self.files = pathlib.Path(folder) / "hosts"
        self.files.mkdir(parents=True)
        table = pathlib.Path(folder) / "hosts.txt"
        addresses = {name: f"{NETWORK}{i}" for i, name in enumerate([CONTROLLER, *names], start=1)}
        table.write_text("127.0.0.1 localhost\n"
                         + "".join(f"{address} {name}\n" for name, address in addresses.items()))
        execute("hostname", CONTROLLER)
        execute("mount", "--bind", table, "/etc/hosts")
        execute("ip", "link", "set", "lo", "up")
        execute("ip", "link", "add", "name", "network", "type", "bridge")
        execute("ip", "address", "add", f"{addresses[CONTROLLER]}/24", "dev", "network")
        execute("ip", "link", "set", "network", "up")
        for name in names:
            self._add(name, addresses[name])

    def _add(self, name, address):
        process = subprocess.Popen(["unshare", "--net", "--uts", "--mount", "sleep", "infinity"])
        deadline = time.time() + 10
        while pathlib.Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
            assert time.time() < deadline, f"host {name} did not start"
            time.sleep(0.01)
        self.processes[name] = process
        (self.files / name).write_text(str(process.pid))
        execute("ip", "link", "add", "name", name, "type", "veth",
                "peer", "name", "eth0", "netns", str(process.pid))
        execute("ip", "link", "set", name, "master", "network", "up")
        execute(*self.on(name, "sh", "-ec", f"""
            hostname {name}
            mount -t tmpfs tmpfs /dev/shm
            ip link set lo up
            ip address add {address}/24 dev eth0
            ip link set eth0 up"""))

    def on(self, name, *command):
        """The command that runs `command` on a host."""
        return ["nsenter", f"--target={self.processes[name].pid}", "--net", "--uts", "--mount",
                "env", f"--chdir={os.getcwd()}", *map(str, command)]

    def unplug(self, name):
        """Cuts the host off: no packet reaches it, and no peer gets an error."""
        execute("ip", "link", "set", name, "nomaster")

    def kill(self, name):
        """Kills every process of the host at once, which also removes its network."""
        own = os.readlink(f"/proc/{self.processes[name].pid}/ns/uts")
        for process in pathlib.Path("/proc").iterdir():
            try:
                if process.name.isdigit() and os.readlink(process / "ns/uts") == own:
                    os.kill(int(process.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError):
                continue
        self.processes.pop(name).wait(timeout=10)

    def remove(self):
        """Ends all hosts and takes the network down."""
        for name in list(self.processes):
            self.kill(name)
        for name in [*self.names, "network"]:
            # A host's link goes with the host, but not always at once.
            subprocess.run(["ip", "link", "delete", name], stderr=subprocess.DEVNULL, timeout=20)
        execute("umount", "/etc/hosts")
