"""Every lesson runs with the network cut off; the run is the one that test_student_notebooks looks at too."""

import socket
import subprocess
import sys

import network
import pytest
from lesson_files import LESSONS

CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()"


@pytest.fixture
def cut_off():
    if reason := network.why_it_stays():
        pytest.skip(reason)


@pytest.fixture
def port():
    """A port of this machine where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def test_the_network_is_really_gone(cut_off, port):
    connect = [sys.executable, "-c", CONNECT, "127.0.0.1", port]
    assert subprocess.run(connect, check=False).returncode == 0
    attempt = subprocess.run(network.without(connect), capture_output=True, text=True, check=False)
    assert "ConnectionRefusedError" in attempt.stderr  # its loopback is up, and is not ours


def test_there_is_no_way_out(cut_off):
    documentation_address = "192.0.2.1"  # nobody has it: what matters is that there is no route
    connect = [sys.executable, "-c", CONNECT, documentation_address, "80"]
    attempt = subprocess.run(network.without(connect), capture_output=True, text=True, check=False)
    assert "Network is unreachable" in attempt.stderr


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_to_its_end(cut_off, lesson, student_run):
    run = student_run(lesson)
    assert run.without_network
    assert run.outcomes, run.output
    assert not {"FAILED", "ERROR"} & set(run.outcomes.values()), run.output
