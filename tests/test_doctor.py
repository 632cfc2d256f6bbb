"""`course doctor`: each thing that can be missing is noticed, and the remedy is said."""

import sys
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_utils import doctor, packages
from course_utils.doctor import Finding

ROOT = Path(__file__).resolve().parent.parent


def texts(findings) -> str:
    return "\n".join(str(finding) for finding in findings)


def without(monkeypatch, *names):
    """As if these packages were not installed."""
    real = packages.installed
    monkeypatch.setattr(doctor, "installed", lambda name: None if name in names else real(name))


def report(monkeypatch, capsys, *findings):
    """What doctor prints and returns for these findings alone."""
    looks = ("python", "packages", "kernel", "device", "memory", "the_lessons", "photographs", "fetched_data")
    for look in looks:
        monkeypatch.setattr(doctor, look, lambda: iter(()))
    monkeypatch.setattr(doctor, "python", lambda: iter(findings))
    code = doctor.doctor(Namespace())
    return code, capsys.readouterr().out


def test_all_is_well(monkeypatch, capsys):
    code, said = report(monkeypatch, capsys, Finding("ok", "Python 3.11.0"), Finding("note", "no GPU"))
    assert code == 0
    assert said == (
        "ok       Python 3.11.0\n"
        "note     no GPU\n"
        "\n"
        "All that the lessons need is here. Open the first one with:  course lab\n"
    )


def test_something_needed_is_missing(monkeypatch, capsys):
    code, said = report(monkeypatch, capsys, Finding("MISSING", "no torch", "pip install torch"))
    assert code == 1
    assert said == (
        "MISSING  no torch\n"
        "         -> pip install torch\n"
        "\n"
        "1 of these is needed and missing. The arrows show the way.\n"
    )


def test_course_lab_is_not_promised_where_jupyterlab_is_missing(monkeypatch, capsys):
    without(monkeypatch, "jupyterlab")
    _, said = report(monkeypatch, capsys, Finding("ok", "Python 3.11.0"))
    assert "course lab" not in said


def test_the_whole_report_of_this_machine(capsys):
    code = doctor.doctor(Namespace())
    said = capsys.readouterr().out
    assert code == (1 if "MISSING" in said else 0)
    for line in (
        "ok       Python 3.",
        "ok       Packages for the lessons: ",
        " torch ",
        "CPU: ",
        "Photographs: ",
    ):
        assert line in said


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    (finding,) = doctor.python()
    assert finding.state == "MISSING"
    assert finding.remedy == "install Python 3.11 or newer"


def test_a_core_package_is_needed_and_an_extra_is_not(monkeypatch):
    without(monkeypatch, "pooch", "jupyterlab")
    states = {finding.text: finding for finding in doctor.packages() if finding.state != "ok"}
    core = states["Not installed, for the lessons: pooch"]
    assert (core.state, core.remedy) == ("MISSING", "in the course's folder, run:  pip install -e '.[lab]'")
    lab = states["Not installed, for `course lab`: jupyterlab"]
    assert (lab.state, lab.remedy) == ("note", "in the course's folder, run:  pip install -e '.[lab]'")


def test_a_version_that_does_not_fit(monkeypatch):
    real = packages.installed
    monkeypatch.setattr(doctor, "installed", lambda name: "9.1" if name == "ipywidgets" else real(name))
    (finding,) = [finding for finding in doctor.packages() if finding.state == "MISSING"]
    assert finding.text.startswith("Version does not fit, for the lessons: ipywidgets 9.1, where ")
    assert "<9" in finding.text


def test_the_requirements_are_those_of_pyproject(monkeypatch):
    installed = packages.requirements()
    monkeypatch.setattr(packages, "DISTRIBUTION", "imagenet-course-not-installed")
    monkeypatch.setattr(packages, "course_root", lambda: ROOT)
    from_file = packages.requirements()
    names = {extra: {name for name, _ in rows} for extra, rows in installed.items()}
    assert {"torch", "numpy", "ipywidgets"} <= names[""]
    assert names["lab"] == {"jupyterlab", "jupytext", "nbval", "pytest"}
    assert "ruff" in names["dev"]
    for extra, expected in names.items():
        assert {name for name, _ in from_file[extra]} - {"imagenet-course"} == expected


@pytest.mark.parametrize(
    ("version", "allowed", "fit"),
    [
        ("7.7.1", ">=7.7,<9", True),
        ("9.0", ">=7.7,<9", False),
        ("1.0", "", True),
        ("2.6.0+cpu", ">=2.6", True),
    ],
)
def test_ranges_of_versions(version, allowed, fit):
    assert packages.fits(version, allowed) is fit


def test_a_package_that_is_installed_and_broken(monkeypatch):
    def broken(name):
        raise RuntimeError("operator torchvision::nms does not exist\nmore")

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    (finding,) = doctor.device()
    assert finding.state == "MISSING"
    assert finding.text == "torch is installed and does not load: operator torchvision::nms does not exist"


def test_a_gpu_is_named(monkeypatch):
    import torch

    card = SimpleNamespace(name="Some GPU", total_memory=16 * 10**9)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: card)
    assert "ok       GPU 0: Some GPU, 16.0 GB" in texts(doctor.device())


def test_the_kernel_of_another_python(monkeypatch, tmp_path):
    kernelspec = pytest.importorskip("jupyter_client.kernelspec")
    elsewhere = SimpleNamespace(argv=[str(tmp_path / "bin" / "python"), "-m", "ipykernel_launcher"])
    monkeypatch.setattr(kernelspec.KernelSpecManager, "get_kernel_spec", lambda self, name: elsewhere)
    (finding,) = doctor.kernel()
    assert "runs another Python" in finding.text
    assert finding.remedy == "python -m ipykernel install --sys-prefix"


@pytest.mark.parametrize(("limit", "state"), [(10**9, "note"), (4 * 10**9, "ok")])
def test_the_limit_of_a_container_counts(monkeypatch, tmp_path, limit, state):
    place = tmp_path / "memory.max"
    place.write_text(f"{limit}\n")
    monkeypatch.setattr(doctor, "MEMORY_LIMITS", (str(place), str(tmp_path / "absent")))
    monkeypatch.setattr(doctor.os, "sysconf", lambda name: {"SC_PAGE_SIZE": 4096}.get(name, 2**22))
    (finding,) = doctor.memory()
    assert finding.state == state
    assert finding.text.startswith(f"Memory: {limit / 1e9:.1f} GB")


def test_a_clone_without_lessons(monkeypatch, tmp_path):
    (tmp_path / "lessons").mkdir()
    monkeypatch.setattr(doctor, "course_root", lambda: tmp_path)
    (finding,) = doctor.the_lessons()
    assert (finding.state, finding.remedy) == ("MISSING", "course build")


def test_scikit_image_without_its_photographs(monkeypatch):
    from course_utils.data import photographs
    from course_utils.data.errors import CourseDataError

    def absent(name):
        raise CourseDataError(f"no {name}")

    monkeypatch.setattr(photographs, "photograph_path", absent)
    (finding,) = doctor.photographs()
    assert finding.state == "MISSING"
    assert finding.text.startswith("Photographs not found in scikit-image: astronaut, ")


def test_data_that_was_fetched_is_listed(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert "-> course data get imagenette" in texts(doctor.fetched_data())
    prepared = tmp_path / "prepared" / "imagenette" / "64px"
    prepared.mkdir(parents=True)
    (prepared / "manifest.json").write_text("{}")
    said = texts(doctor.fetched_data())
    assert f"ok       Prepared data in {tmp_path}: imagenette at 64px" in said
    assert "course data get" not in said


def test_a_full_disk_is_said_before_it_hurts(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "not" / "yet" / "there"))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: SimpleNamespace(free=10**8))
    assert f"Disk: 0.1 GB free under {tmp_path}" in texts(doctor.fetched_data())
