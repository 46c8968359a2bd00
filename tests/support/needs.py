"""Support for tests that not every machine can run. They name what they need. If it is missing, they are
listed as NOT RUN with the reason; DERMATOME_REQUIRE=LABEL,… turns this into a failure.
"""

import os
import shutil
import subprocess
import sys

# The exit code that ctest reads as "skipped" (SKIP_RETURN_CODE).
NOT_RUN = 77
NAMESPACES = ["--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]


def missing_programs(names):
    # Debian keeps daemons in folders that are only on root's PATH.
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    missing = [name for name in names if not shutil.which(name, path=path)]
    return f"without {', '.join(missing)}" if missing else None


def missing_namespaces():
    missing = missing_programs(["unshare", "nsenter", "ip"])
    if missing:
        return missing
    probe = "ip link add name bridge type bridge && ip link add name one type veth peer name other"
    done = subprocess.run(["unshare", *NAMESPACES, "sh", "-c", probe], capture_output=True, text=True)
    reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()
    return f"no right to make network namespaces: {reason[0]}" if done.returncode else None


def end_unless(label, missing):
    """Ends the program if `missing`, the reason why it cannot run, is not None."""
    if not missing:
        return
    print(f"NOT RUN: {label} ({missing})", flush=True)
    required = os.environ.get("DERMATOME_REQUIRE", "").replace(",", " ").split()
    sys.exit(1 if label in required else NOT_RUN)


def enter_namespaces():
    """Starts the program again in its own namespaces, in which it may change network, mounts and host
    name. Everything that it started ends with them. Returns only inside the namespaces."""
    if os.environ.get("DERMATOME_INSIDE_NAMESPACES"):
        return
    os.environ["DERMATOME_INSIDE_NAMESPACES"] = "1"
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    # The shell is the first process of the namespaces and collects the processes that daemons leave.
    os.execvp("unshare", ["unshare", *NAMESPACES, "bash", "-c", '"$@"; exit $?', "shell",
                          sys.executable, *sys.argv])
