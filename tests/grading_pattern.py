"""What the tests of grading a class share: a judge process without a sandbox, and records made by hand."""

import sys
import textwrap
from pathlib import Path

from course_utils import cli
from course_utils.grading.batch import command
from course_utils.grading.batch.batch import Batch, Submission
from course_utils.grading.records import Record, Result, Run

EXERCISES = {"conv2d": 3.0, "output_size": 1.0}

# Speaks the language of judge_process.py, and does what the text of a "notebook" says. Its key is that text.
PRETENDER = """
import json, os, sys, time

def say(**message):
    sys.stdout.write(json.dumps(message) + "\\n")
    sys.stdout.flush()

def hear():
    line = sys.stdin.buffer.readline()
    if not line:
        sys.exit(0)
    message = json.loads(line)
    return message, sys.stdin.buffer.read(message["bytes"]).decode()

def wait():
    while os.getppid() == parent:
        time.sleep(0.05)
    os._exit(0)

parent = os.getppid()
settings, _ = hear()
print("a warning of some library", file=sys.stderr)
if settings.get("broken"):
    sys.exit("torch is not there")
if settings.get("error"):
    say(error=settings["error"])
    hear()
say(ready=True, lessons={"02_convolution": {"conv2d": 3.0, "output_size": 1.0}}, forms={})
while True:
    about, text = hear()
    if text == "die early":
        os._exit(1)
    say(key=text, lesson="02_convolution")
    answer, _ = hear()
    if not answer["judge"]:
        continue
    if settings.get("log"):
        with open(settings["log"], "a") as log:
            log.write(text[:40] + "\\n")
    if text == "die":
        os._exit(1)
    if text == "hang":
        wait()
    if text == "babble":
        sys.stdout.write("no message\\n")
        sys.stdout.flush()
        wait()
    if text == "fault":
        say(failed="the course could not judge it")
        continue
    if text.startswith("slow"):
        time.sleep(0.2)
    right = text.startswith("right")
    state = "right" if right else "wrong"
    results = [
        {"exercise": name, "points": points * right, "possible": points, "state": state}
        for name, points in {"conv2d": 3.0, "output_size": 1.0}.items()
    ]
    say(record={"format": 1, "submission": about["submission"], "slug": about["slug"], "key": text,
                "lesson": "02_convolution", "seed": settings["seed"], "tier": "none", "results": results})
"""
PROGRAM = (sys.executable, "-c", textwrap.dedent(PRETENDER))


def pretended_batch(texts, *, jobs=1, seconds=30.0, known=None, on_record=lambda record: None, **settings):
    """A batch over {name: text of the notebook}, judged by the pretender."""
    submissions = [Submission(name, name, reader(text)) for name, text in texts.items()]
    settings = {"seed": 7, "tier": "none", **settings}
    return Batch(
        submissions,
        settings,
        jobs=jobs,
        seconds=seconds,
        known=known,
        on_record=on_record,
        program=PROGRAM,
    )


def pretend(words, **settings):
    """`course` with these words, in this process, with the pretender for a judge; the exit code."""
    real = command.Batch

    def with_pretender(submissions, own, **options):
        return real(submissions, {**own, **settings}, program=PROGRAM, **options)

    command.Batch = with_pretender
    try:
        return cli.main([str(word) for word in words])
    finally:
        command.Batch = real


def write_class(folder, texts):
    """Files for the pretender: {name: what happens}."""
    Path(folder).mkdir(exist_ok=True)
    for name, text in texts.items():
        (Path(folder) / f"{name}.ipynb").write_text(text)
    return folder


def reader(text):
    def read():
        if isinstance(text, Exception):
            raise text
        return text.encode()

    return read


def record(name, points=3.0, **changes):
    """A record of lesson 02 with these points for conv2d."""
    state = "right" if points == EXERCISES["conv2d"] else "wrong"
    result = Result(exercise="conv2d", points=points, possible=EXERCISES["conv2d"], state=state)
    common = {"lesson": "02_convolution", "seed": 7, "tier": "bubblewrap", "key": name, "results": (result,)}
    return Record(submission=name, slug=name, **{**common, **changes})


def run(records, **changes):
    """A run over these records."""
    common = {
        "seed": 7,
        "tier": "bubblewrap",
        "tier_why": "found here",
        "lessons": ("02_convolution",),
        "versions": {"checks": "abc", "torch": "2"},
        "started": "2026-01-01T00:00:00+00:00",
        "seconds": 2.0,
    }
    return Run(records=tuple(records), **{**common, **changes})
