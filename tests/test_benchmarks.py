"""The benchmarks run and report what they promise, on a few small pictures. No figure is judged here."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def benchmark(monkeypatch, tmp_path):
    """Import a module of tests/benchmarks; what it writes into the environment is forgotten after."""
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return lambda name: importlib.import_module(f"tests.benchmarks.{name}")


def last_line(text):
    return json.loads(text.splitlines()[-1])


@pytest.mark.parametrize("name", ["loader", "trainer", "gpu"])
def test_the_last_line_is_the_result(benchmark, tmp_path, capsys, name):
    returned = benchmark(name).main(["--quick", "--json", "--runs", "1", "--work", str(tmp_path / "work")])
    result = last_line(capsys.readouterr().out)
    assert result["name"] == name
    assert result["ratio"] > 0
    assert {"target", "runs", "machine"} <= set(result)
    assert result == json.loads(json.dumps(returned))


def test_peak_from_the_command_line():
    """As the documentation runs it, in a process of its own; with a table before the last line."""
    command = [sys.executable, "-m", "tests.benchmarks.peak", "--quick", "--runs", "1"]
    ran = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    result = last_line(ran.stdout)
    assert (result["name"], result["runs"], result["target"]) == ("peak", 1, 0.6)
    assert 0 < result["ratio"] == max(row["share"] for row in result["models"])
    assert ran.stdout.startswith("name ")


def test_a_lesson_is_timed_and_weighed(benchmark, capsys):
    benchmark("lessons").main(["--quick", "--json", "--lessons", "02_convolution"])
    result = last_line(capsys.readouterr().out)
    (row,) = result["lessons"]
    assert (result["name"], result["slowest"], row["lesson"]) == (
        "lessons",
        "02_convolution",
        "02_convolution",
    )
    assert result["ratio"] == pytest.approx(180 / row["seconds"]["median"], rel=1e-2)
    assert 0 < row["slowest_cell"] <= row["seconds"]["median"]
    assert 0.05 < row["peak_gb"] < 20


def test_a_lesson_that_does_not_exist_is_named(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark("lessons").main(["--lessons", "99_nothing"])
    assert "no solution of 99_nothing" in capsys.readouterr().err


def test_time_to_accuracy_goes_on_where_it_was(benchmark, tmp_path, capsys):
    module, out = benchmark("time_to_accuracy"), tmp_path / "out.json"
    common = ["--quick", "--json", "--work", str(tmp_path / "work"), "--out", str(out)]
    with pytest.raises(SystemExit, match="--parts ours first"):
        module.main([*common, "--parts", "textbook"])
    first = module.main([*common, "--parts", "ours"])
    assert (first["name"], first["ratio"], first["runs"]) == ("time_to_accuracy", None, 1)
    both = module.main(common)
    assert both["ours"] == first["ours"]  # to the last digit of the seconds: not done again
    assert both["textbook"][0]["seconds"] > 0
    assert both["ratio"] == pytest.approx(
        both["textbook"][0]["seconds"] / both["ours"][0]["seconds"], rel=1e-3
    )
    assert json.loads(out.read_text()) == last_line(capsys.readouterr().out)


def test_time_to_accuracy_says_when_the_textbook_did_not_get_there(benchmark, tmp_path, capsys, monkeypatch):
    module, out = benchmark("time_to_accuracy"), tmp_path / "out.json"
    perfect = {"budget": 60, "seed": 0, "accuracy": 1.0, "seconds": 0.5, "epochs": 1, "recipe": "none"}
    out.write_text(json.dumps({"ours": [perfect]}))
    monkeypatch.setattr(module.textbook, "accuracy", lambda *_: 0.5)
    common = ["--quick", "--json", "--work", str(tmp_path / "work"), "--out", str(out)]
    result = module.main([*common, "--parts", "textbook", "--cap", "0.01"])
    assert result["at_least"] is True
    assert result["textbook"][0]["best_accuracy"] == 0.5


def test_sides_take_turns_and_the_first_changes(benchmark):
    calls, measure = [], benchmark("measure")
    figures = measure.alternate(
        {"a": lambda: calls.append("a") or 4.0, "b": lambda: calls.append("b") or 2.0}, runs=3, warmup=1
    )
    assert "".join(calls[2:]) == "abbaab"
    assert sorted(calls[:2]) == ["a", "b"]
    assert figures == {"a": [4.0] * 3, "b": [2.0] * 3}


def test_the_ratio_is_the_median_of_pairs(benchmark):
    measure = benchmark("measure")
    assert measure.ratio([2, 30, 8], [1, 10, 2]) == 3  # a slow moment that meets both sides does not show
    with pytest.raises(ValueError):
        measure.ratio([1, 2], [1])


def test_data_is_asked_for(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark("trainer").main([])
    assert "--data PATH is needed" in capsys.readouterr().err


def test_squeezed_pictures_are_told(benchmark, tmp_path):
    from PIL import Image

    for name, size in (("square", (20, 20)), ("wide", (30, 20))):
        folder = tmp_path / name / "train" / "cat"
        folder.mkdir(parents=True)
        Image.new("RGB", size).save(folder / "0.png")
    note_on = benchmark("gpu").note_on
    assert "squeezed" in note_on(tmp_path / "square")
    assert note_on(tmp_path / "wide") is None
