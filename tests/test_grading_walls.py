"""What a worker cannot reach: other processes, the network, this machine, an expected value."""

import os
import sys
from pathlib import Path

import pytest
from sandboxes import run, tell

import course_utils
from course_utils.grading.sandbox import bubblewrap
from course_utils.grading.sandbox.tiers import BASELINE

pytest_plugins = ["sandbox_fixtures"]  # the fixtures `walled`, `bare` and `sandbox`, which is both in turn


@pytest.mark.parametrize(
    "source",
    [
        "import os; os.fork()",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import subprocess; subprocess.run(['true'])",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', '0'])",
        "import threading; threading.Thread(target=print).start()",
        "import multiprocessing as m; p = m.Process(target=print); p.start()",
        "import os, sys; os.execv(sys.executable, ['python'])",
        "import socket; socket.socket()",
        "import socket; socket.socketpair()",
        "import socket; socket.create_connection(('127.0.0.1', 22), 1)",
        "import urllib.request; urllib.request.urlopen('http://example.com', timeout=1)",
        "import os; os.kill(-1, 9)",
        "import os; os.kill(os.getppid(), 9)",
        "import os; os.killpg(0, 9)",
        "import os; os.memfd_create('x')",
        "import os; os.open('/proc/self/mem', os.O_RDWR) if os.path.exists('/proc') else 1/0\n1/0",
    ],
)
def test_what_no_answer_needs_is_refused(sandbox, source):
    if sys.platform != "linux" and sandbox.tier.name == BASELINE:
        pytest.skip("nothing is filtered here")
    with sandbox.worker() as worker:
        assert run(worker, source) is not None


CALLS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def f():
    found = {}
    for name, number, args in %s:
        ctypes.set_errno(0)
        result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, args))
        found[name] = (result, ctypes.get_errno())
    return found
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
def test_dangerous_calls_are_filtered(sandbox):
    calls = [
        *(("ptrace", 101, (0,) * 4), ("process_vm_writev", 311, (1, 0, 0, 0, 0, 0)), ("setns", 308, (0, 0))),
        *(("unshare", 272, (0x10000000,)), ("clone", 56, (17, 0, 0, 0, 0)), ("clone3", 435, (0, 0))),
        *(("mount", 165, (0,) * 5), ("socketpair", 53, (1, 1, 0, 0)), ("execve", 59, (0, 0, 0))),
        *(("bpf", 321, (0,) * 3), ("keyctl", 250, (0,) * 5), ("perf_event_open", 298, (0,) * 5)),
        *(("io_uring_setup", 425, (8, 0)), ("userfaultfd", 323, (0,)), ("shmget", 29, (0, 4096, 0o1600))),
        *(("prlimit of another", 302, (1, 0, 0, 0)), ("setpriority", 141, (2, 0, 19))),
        ("kill, numbered as x32", 0x40000000 + 62, (0, 0)),
        ("prctl: outlive the parent", 157, (1, 0, 0, 0, 0)),
        *(("fanotify_init", 300, (0, 0)), ("fanotify_mark", 301, (0,) * 5)),
        *(("sched_setscheduler", 144, (0, 0, 0)), ("sched_setattr", 314, (0, 0, 0))),
        *((f"fcntl {command}", 72, (1, command, 0)) for command in (8, 10, 15, 1026, 8 + 2**32)),
        *((f"ioctl {command:#x}", 16, (1, command, 0)) for command in (0x8901, 0x8902)),
    ]
    with sandbox.worker() as worker:
        found = tell(worker, CALLS % (calls,))
    assert {name: result for name, (result, _) in found.items()} == {name: -1 for name, _, _ in calls}
    assert {number for _, number in found.values()} == {1, 38}  # not permitted; no such call


def test_what_files_are_otherwise_asked_still_works(sandbox):
    source = """
import fcntl, os
def f():
    reader, writer = os.pipe()
    fcntl.fcntl(reader, fcntl.F_SETFL, os.O_NONBLOCK)
    fcntl.lockf(open("locked", "w"), fcntl.LOCK_EX)
    return bool(fcntl.fcntl(reader, fcntl.F_GETFL) & os.O_NONBLOCK), os.isatty(reader), os.dup(writer) > 0
"""
    with sandbox.worker() as worker:
        assert tell(worker, source) == (True, False, True)


def test_nothing_of_this_process_reaches_the_environment(sandbox, monkeypatch):
    with sandbox.worker() as worker:
        names = tell(worker, "import os\ndef f(): return dict(os.environ)")
    assert not {"PYTHONPATH", "COURSE_DATA", "USER", "PYTEST_CURRENT_TEST"} & set(names)


def test_what_knows_expected_values_is_not_to_be_had(walled):
    source = """
import gc, glob, importlib, os, sys
import course_utils
def f():
    found = [m for m in sys.modules if "checks" in m or "grading" in m or "authoring" in m]
    for name in ("checks", "grading", "authoring", "checks.convolution", "grading.judge"):
        try: importlib.import_module("course_utils." + name); found.append(name)
        except ImportError: pass
    here = os.path.dirname(course_utils.__file__)
    found += [e for e in os.listdir(here) if e in ("checks", "grading", "authoring", "__pycache__")]
    found += [e for e in os.listdir(os.path.dirname(here)) if e in ("solutions", "tests", ".git", "lessons")]
    found += [type(o).__name__ for o in gc.get_objects() if type(o).__name__ in ("Exercise", "Misconception")]
    return found
"""
    with walled.worker() as worker:
        assert tell(worker, source) == []


def test_of_this_machine_only_libraries_are_seen(walled):
    source = """
import os
def f():
    seen = [p for p in ("/proc", "/sys", "/home", "/dev/shm", "/run", "/var") if os.path.exists(p)]
    seen += [p for p in os.listdir("/etc") if p != "ld.so.cache"]
    writable = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [f for f in folders if f not in ("site-packages", "torch")]
        if folder != "/box" and not folder.startswith("/box/") and os.access(folder, os.W_OK):
            writable.append(folder)
    return seen, writable, os.getuid(), os.listdir("/box"), os.getpid()
"""
    with walled.worker() as worker:
        assert tell(worker, source, 60.0) == ([], [], 65534, [], 1)


def test_bubblewrap_is_told_of_nothing_that_knows_an_answer():
    words = bubblewrap.command(["python"], bwrap="bwrap", as_root=False, told=9)
    hidden = ("/checks", "/grading", "/authoring", "/__pycache__")
    assert not [word for word in words if word.endswith(hidden)]
    assert {"--unshare-user", "--unshare-net", "--die-with-parent", "--clearenv"} <= set(words)
    assert "--proc" not in words and "--bind" not in words


def test_the_baseline_opens_no_files_but_libraries(bare, tmp_path):
    walls = bare._zygote.probe()
    if not walls["walled"]:
        pytest.skip("the kernel has no Landlock")
    (tmp_path / "mine").write_text("x")
    checks = Path(course_utils.__file__).parent / "checks"
    source = f"""
import os
def f():
    opened = []
    for path in ("/etc/passwd", "/proc/{os.getpid()}/mem", "/proc/self/mem", "{checks}/exercise.py",
                 "{__file__}", "{tmp_path}/mine"):
        try: open(path).close(); opened.append(path)
        except PermissionError: pass
    for path in ("{tmp_path}/new", "{checks}/new.py", os.path.expanduser("~") + "/../new", "/tmp/new"):
        try: open(path, "w").close(); opened.append(path)
        except PermissionError: pass
    try: import course_utils.checks; opened.append("checks")
    except ImportError: pass
    open("here", "w").close()
    return opened
"""
    with bare.worker() as worker:
        assert tell(worker, source) == []
