"""How workers and zygotes end: no process and no file of them stays."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sandboxes import HONEST, SECONDS, run, tell

from course_utils.grading.errors import GradingError
from course_utils.grading.sandbox.ending import how_it_ended
from course_utils.grading.sandbox.sandbox import WorkerEnded
from course_utils.grading.sandbox.starting import BASELINE_WAY
from course_utils.grading.sandbox.tiers import BASELINE, BUBBLEWRAP, best_tier
from course_utils.grading.sandbox.zygotes import Zygote
from course_utils.worker.tidy import tidy

pytest_plugins = ["sandbox_fixtures"]  # the fixtures `walled`, `bare` and `sandbox`, which is both in turn


def test_a_worker_has_a_folder_of_its_own_that_does_not_outlive_it(sandbox):
    write = """
import os
open("left", "w").write("x")
def f(): return os.getcwd(), os.environ["HOME"], os.listdir(".")
"""
    with sandbox.worker() as worker:
        here, home, names = tell(worker, write)
        assert here == home and names == ["left"]
    with sandbox.worker() as worker:
        assert tell(worker, "import os\ndef f(): return os.listdir('.')") == []
    if sandbox.tier.name == BASELINE:
        assert not Path(here).exists()


def test_a_folder_that_will_not_be_removed_is(sandbox):
    source = """
import os
for depth in range(400):
    os.mkdir("x" * 200); os.symlink("/", "x" * 200 + "/link"); os.chdir("x" * 200)
os.mkdir("shut"); os.mkdir("shut/inner"); os.chmod("shut", 0)
"""
    with sandbox.worker() as worker:
        assert run(worker, source) is None
    with sandbox.worker() as worker:
        assert tell(worker, "import os\ndef f(): return os.listdir('.')") == []


def lives(number):
    """Not so once it has ended, even if nobody has asked for its exit status yet."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def processes_below(number):
    """The process numbers of all that a process has started, and of what that has started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    found, below = set(), {number}
    while below:
        below = {child for child, parent in parents.items() if parent in below}
        found |= below
    return found


JUDGE = """
import sys, time
from course_utils.grading.sandbox.sandbox import Sandbox
from course_utils.grading.sandbox.tiers import Tier
with Sandbox(Tier(sys.argv[1], "a test")) as sandbox:
    worker = sandbox.worker()
    worker.ask({"do": "look", "name": "f"}, 60.0)
    print("ready", flush=True)
    worker.ask({"do": "run", "source": "open('x', 'w'); import time; time.sleep(1000)"}, 1000.0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("tier", [BUBBLEWRAP, BASELINE])
def test_a_killed_judge_leaves_no_process(tier, tmp_path):
    if tier == BUBBLEWRAP and best_tier().name != tier:
        pytest.skip(best_tier().why)
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    judge = subprocess.Popen([sys.executable, "-c", JUDGE, tier], stdout=subprocess.PIPE, env=environment)
    assert judge.stdout.readline() == b"ready\n"
    started = processes_below(judge.pid)
    assert len(started) >= 2  # the zygote and the worker
    judge.kill()
    judge.wait()
    end = time.monotonic() + SECONDS
    while any(map(lives, started)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [number for number in started if lives(number)]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_lost_zygote_is_replaced(walled):
    sandbox, before = walled, processes_below(os.getpid())
    with sandbox.worker() as worker, pytest.raises(WorkerEnded) as ended:
        run(worker, HONEST)
        sandbox._zygote._first.kill()
        worker.ask({"do": "run", "source": "import time; time.sleep(1000)"}, SECONDS)
    assert ended.value.reason == "died"
    with sandbox.worker() as worker:
        assert run(worker, HONEST) is None
    assert len(processes_below(os.getpid())) <= len(before)


def test_a_zygote_is_renewed_after_its_number_of_workers(bare, monkeypatch):
    sandbox = bare
    monkeypatch.setattr(sandbox, "_renew_every", 1)
    first = sandbox._zygote
    with sandbox.worker() as worker:
        assert run(worker, HONEST) is None
    with sandbox.worker() as worker:
        assert run(worker, HONEST) is None
    assert sandbox._zygote is not first and sandbox._zygote.workers == 1


def test_a_second_worker_ends_the_first(sandbox):
    first = sandbox.worker()
    sandbox.worker().close()
    with pytest.raises(WorkerEnded) as ended:
        run(first, HONEST)
    assert ended.value.reason == "closed"


def test_a_module_that_is_not_there_is_named():
    with pytest.raises(GradingError, match="No module named 'no_such_module'"):
        Zygote(BASELINE_WAY, preload=["no_such_module"])


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (None, "died"),
        ({"signal": 9, "code": 0, "cpu": 11.0}, "time"),
        ({"signal": 24, "code": 0, "cpu": 0.0}, "time"),
        ({"signal": 9, "code": 0, "cpu": 1.0}, "memory"),
        ({"signal": 11, "code": 0, "cpu": 1.0}, "died"),
        ({"signal": 0, "code": 7, "cpu": 1.0}, "died"),
    ],
)
def test_the_reason_of_an_end(report, reason):
    assert how_it_ended(report, cpu_seconds=10)[0] == reason


def test_a_folder_is_emptied_within_its_time_or_not_at_all(tmp_path):
    full = tmp_path / "full"
    for number in range(2500):
        (full / str(number % 7) / "in").mkdir(parents=True, exist_ok=True)
        (full / str(number % 7) / f"file {number}").touch()
    (tmp_path / "kept").touch()
    (full / "link").symlink_to(tmp_path)
    (full / "1").chmod(0)
    assert not tidy(str(full), seconds=-1)
    assert full.exists()
    assert tidy(str(full), seconds=SECONDS)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert not tidy(str(full), seconds=SECONDS)
