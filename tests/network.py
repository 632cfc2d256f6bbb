"""Run a command with the network cut off: in a Linux namespace with nothing but a loopback."""

import functools
import shutil
import subprocess
import sys

# A new namespace has its loopback down, and a kernel talks to pytest through it. `ip` is not everywhere.
RAISE_LOOPBACK = """
import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP | IFF_RUNNING))
os.execvp(sys.argv[1], sys.argv[1:])
"""


def without(command):
    """The command that runs `command` without a network."""
    return ["unshare", "--map-root-user", "--net", sys.executable, "-c", RAISE_LOOPBACK, *command]


@functools.cache
def why_it_stays():
    """Why the network cannot be cut off here, or None where it can."""
    if shutil.which("unshare") is None:
        return "the network cannot be cut off: there is no unshare (it is part of Linux)"
    trial = subprocess.run(without([sys.executable, "-c", ""]), capture_output=True, text=True, check=False)
    if trial.returncode:
        last = (trial.stderr.strip().splitlines() or ["unshare failed"])[-1]
        return f"the network cannot be cut off: {last} (user namespaces may be forbidden here)"
    return None
