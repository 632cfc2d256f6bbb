"""What a worker printed, as the instructor reads it: without what PyTorch says of the sandbox."""

import os

import pytest

from course_utils.grading.sandbox.printed import Printed

NNPACK = "[W1121 17:39:12.532455484 NNPACK.cpp:54] Could not initialize NNPACK! Reason: Out of memory.\n"
CPUINFO = "Error in cpuinfo: failed to parse processor information from /proc/cpuinfo\n"


def log_of(text, limit=1000):
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    printed = Printed(reading, limit)
    printed.drain_ready()
    return printed.text()


@pytest.mark.parametrize("noise", [NNPACK, CPUINFO, NNPACK * 3 + CPUINFO], ids=["NNPACK", "cpuinfo", "both"])
def test_what_pytorch_says_of_the_sandbox_is_left_out(noise):
    assert log_of(noise) == ""
    assert log_of(f"before\n{noise}after\n") == "before\nafter\n"
    assert log_of(f"no end of line {noise}after") == "no end of line after"


@pytest.mark.parametrize(
    "said",
    ["NNPACK is fast\n", "Error in cpuinfo of mine\n", "[W1121 17:39:12.5 other.cpp:54] a warning\n"],
)
def test_all_else_stays(said):
    assert log_of(said + NNPACK) == said


def test_text_of_the_student_cannot_hide_behind_it():
    assert log_of(NNPACK.replace("memory.", "memory. I was here")).strip() == "I was here"


def test_the_rest_is_counted_as_before():
    assert log_of("x" * 20, limit=5) == "xxxxx\n[15 more bytes]"
