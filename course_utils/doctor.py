"""`course doctor`: what is installed, what is missing, and the command that brings it."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from course_utils.launch import LessonNotFound, course_root, lessons
from course_utils.packages import EXTRAS, fits, installed, requirements

OLDEST_PYTHON = (3, 11)
COMFORTABLE_DISK = 500_000_000  # bytes: Imagenette's archive, its pictures unpacked, and the arrays of them
COMFORTABLE_MEMORY = 2 * 10**9  # bytes: a lesson stays under 1.5 GB, the browser and JupyterLab want the rest
MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Finding(NamedTuple):
    """One line of the report. `state` is "ok", "note" (not needed, or good to know) or "MISSING" (needed)."""

    state: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"\n         -> {self.remedy}" if self.remedy else ""
        return f"{self.state:8} {self.text}{remedy}"


def doctor(args: Namespace) -> int:
    """Print the report; 1 when something that the lessons need is missing, else 0."""
    missing = 0
    for look in (python, packages, kernel, device, memory, the_lessons, photographs, fetched_data):
        for finding in look():
            print(finding, flush=True)
            missing += finding.state == "MISSING"
    print()
    if missing:
        is_are = "is" if missing == 1 else "are"
        print(f"{missing} of these {is_are} needed and missing. The arrows show the way.")
        return 1
    how = (
        "Open the first one with:  course lab"
        if installed("jupyterlab")
        else "Open them in a notebook editor."
    )
    print(f"All that the lessons need is here. {how}")
    return 0


def python() -> Iterator[Finding]:
    """The interpreter."""
    text = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding("ok", text)
    else:
        needed = ".".join(map(str, OLDEST_PYTHON))
        yield Finding("MISSING", f"{text}: too old for the course", f"install Python {needed} or newer")


def packages() -> Iterator[Finding]:
    """What pyproject.toml asks for: the core is needed, the extras are for those who want them."""
    wanted = requirements()
    for extra, purpose in EXTRAS.items():
        here, absent, unfit = [], [], []
        for name, allowed in wanted.get(extra, []):
            version = installed(name)
            if version is None:
                absent.append(name)
            elif fits(version, allowed):
                here.append(f"{name} {version}")
            else:
                unfit.append(f"{name} {version}, where {allowed} is needed")
        if here:
            yield Finding("ok", f"Packages for {purpose}: {', '.join(here)}")
        state = "note" if extra else "MISSING"
        remedy = f"in the course's folder, run:  pip install -e '.[{extra or 'lab'}]'"
        if absent:
            yield Finding(state, f"Not installed, for {purpose}: {', '.join(absent)}", remedy)
        if unfit:
            yield Finding(state, f"Version does not fit, for {purpose}: {'; '.join(unfit)}", remedy)


def kernel() -> Iterator[Finding]:
    """The Python that runs the cells. A kernel made for another one does not find the course."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:  # JupyterLab is not installed: the packages' lines have said so
        return
    remedy = "python -m ipykernel install --sys-prefix"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        yield Finding("note", "Jupyter has no kernel called python3, which the lessons ask for", remedy)
        return
    # A bare name such as "python" means the interpreter that Jupyter itself runs in.
    if os.path.isabs(program) and Path(program).parent != Path(sys.executable).parent:
        text = f"The kernel python3 runs another Python ({program}) than this one ({sys.executable})"
        yield Finding("note", text, remedy)


def device() -> Iterator[Finding]:
    """What the networks will run on. Importing is the test: a broken torch is installed and does not load."""
    for name in ("torch", "torchvision"):
        if installed(name) is None:
            return
        try:
            importlib.import_module(name)
        except Exception as error:  # a missing library is an OSError, a mismatched pair a RuntimeError
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            remedy = "pip install --force-reinstall torch torchvision"
            yield Finding("MISSING", f"{name} is installed and does not load: {reason}", remedy)
            return
    import torch

    for number in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(number)
        yield Finding("ok", f"GPU {number}: {properties.name}, {gigabytes(properties.total_memory)}")
    if torch.backends.mps.is_available():
        yield Finding("ok", "GPU: Apple (mps)")
    threads = torch.get_num_threads()
    yield Finding(
        "ok", f"CPU: {threads} threads for torch. The lessons need no GPU and use one when it is there."
    )


def memory() -> Iterator[Finding]:
    """Main memory: what the machine has, or what this container may use, the smaller of the two."""
    limits = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not on every system
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for place in MEMORY_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # no such file, or the word "max"
            limits.append(int(Path(place).read_text()))
    if not limits:
        yield Finding("note", "Memory: this system does not tell")
    elif min(limits) < COMFORTABLE_MEMORY:
        remedy = "close other notebooks and programs while a lesson runs"
        yield Finding("note", f"Memory: {gigabytes(min(limits))}; a lesson may need up to 1.5 GB", remedy)
    else:
        yield Finding("ok", f"Memory: {gigabytes(min(limits))}")


def the_lessons() -> Iterator[Finding]:
    """The notebooks themselves."""
    try:
        root = course_root()
    except LessonNotFound as error:
        first, _, rest = str(error).partition("\n")
        yield Finding("note", f"Lessons: {first}", " ".join(rest.split()))
        return
    known = lessons(root)
    if known:
        yield Finding("ok", f"Lessons in {root / 'lessons'}: {', '.join(known)}")
    else:
        yield Finding("MISSING", f"No lesson in {root / 'lessons'}", "course build")


def photographs() -> Iterator[Finding]:
    """The pictures inside the scikit-image wheel, which some distributions leave out of their package."""
    try:
        from course_utils.data.photographs import photograph_names, photograph_path
    except ImportError:  # a package is missing: its line has said so
        return
    from course_utils.data.errors import CourseDataError

    names, absent = photograph_names(), []
    for name in names:
        try:
            photograph_path(name)
        except CourseDataError:
            absent.append(name)
    if absent:
        remedy = "pip install --force-reinstall --no-deps scikit-image"
        yield Finding("MISSING", f"Photographs not found in scikit-image: {', '.join(absent)}", remedy)
    else:
        yield Finding("ok", f"Photographs: {len(names)}, inside the installed scikit-image")


def fetched_data() -> Iterator[Finding]:
    """What `course data` has brought, and room for more."""
    from course_utils.data.roots import data_root

    try:
        root = data_root()
    except ImportError:
        return
    prepared = sorted(path.parent for path in root.glob("prepared/*/*/manifest.json"))
    if prepared:
        yield Finding("ok", f"Prepared data in {root}: {name_all(prepared)}")
    else:
        text = "No photographs beside these. They are not needed; to train on real ImageNet photographs:"
        yield Finding("note", text, "course data get imagenette")
    place = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < COMFORTABLE_DISK:
        remedy = "free some space, or set COURSE_DATA to a folder on a larger disk"
        yield Finding(
            "note", f"Disk: {gigabytes(free)} free under {place}; Imagenette needs about 0.4 GB", remedy
        )
    else:
        yield Finding("ok", f"Disk: {gigabytes(free)} free under {place}")


def name_all(folders: Iterable[Path]) -> str:
    """["…/imagenette/64px"] -> "imagenette at 64px"."""
    return ", ".join(f"{folder.parent.name} at {folder.name}" for folder in folders)


def gigabytes(count: int) -> str:
    """Bytes as a reader counts them."""
    return f"{count / 1e9:.1f} GB"
