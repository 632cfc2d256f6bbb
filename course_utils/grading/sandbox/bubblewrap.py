"""The command line of bubblewrap: what a sandbox sees of this machine, and nothing else."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import course_utils

HIDDEN = ("checks", "grading", "authoring", "__pycache__")  # of course_utils: what knows an expected value
BOX = "/box"  # HOME and the temporary folder; each worker's own lies over it
BOX_BYTES = 256 * 1024 * 1024
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/lib32", "/lib", "/lib64", "/etc/ld.so.cache")
KEPT_CAPABILITIES = ("CAP_SETUID", "CAP_SETGID")  # to become nobody, once everything is imported


def command(
    program: list[str], *, bwrap: str, as_root: bool, told: int, disk_bytes: int = BOX_BYTES
) -> list[str]:
    """`program`, run inside bubblewrap, which writes the process number into the open file `told`.

    `as_root`: no user namespace; the program gives up root itself.
    """
    options = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--as-pid-1"]
    options += ["--new-session", "--die-with-parent", "--clearenv", "--hostname", "sandbox"]
    options += ["--info-fd", str(told)]
    if as_root:
        options += ["--cap-drop", "ALL", *_each("--cap-add", KEPT_CAPABILITIES)]
    else:
        options += ["--unshare-user", "--cap-drop", "ALL"]
    for name, value in environment(BOX).items():
        options += ["--setenv", name, value]
    return [bwrap, *options, *_mounts(disk_bytes), "--chdir", BOX, "--", *program]


def environment(home: str) -> dict[str, str]:
    """All that a sandbox knows of its environment: one thread, no graphics card, a folder of its own."""
    one_thread = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {
        **dict.fromkeys(one_thread, "1"),
        "CUDA_VISIBLE_DEVICES": "",
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "PATH": "",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": home,
        **_vector_instructions(),
    }


def interpreter() -> str:
    """The real Python program, past the links of a virtual environment."""
    return os.path.realpath(sys.executable)


def module_folders() -> list[str]:
    """Where modules are found inside: the standard library, installed packages, our own folder."""
    paths = sysconfig.get_paths()
    return _unique([paths["stdlib"], *_dynamic(), *_packages(), str(_course().parent)])


def zygote_script() -> str:
    """The program that is started in the sandbox."""
    return str(_course() / "worker" / "zygote.py")


def open_files() -> dict[str, list[str]]:
    """For the baseline tier, where nothing is mounted: what may be read, and of what only the names."""
    course = _course()
    python = [os.path.realpath(path) for path in (*_python_folders(), interpreter())]
    roots = _outermost([*SYSTEM, *python, *_packages(), str(course)])
    hidden = [course / name for name in HIDDEN]
    readable = [path for root in roots for path in _spared(Path(root), hidden)]
    return {
        "readable": [*readable, *DEVICES],
        "listed": [*roots, str(course.parent)],
        "writable": ["/dev/null"],
    }


def _spared(path: Path, hidden: list[Path]) -> list[str]:
    """What covers `path` and nothing that is hidden."""
    if path in hidden:
        return []
    if not any(path in each.parents for each in hidden):
        return [str(path)]
    return [each for entry in sorted(path.iterdir()) for each in _spared(entry, hidden)]


def _mounts(disk_bytes: int) -> list[str]:
    """Read-only: libraries, Python, its packages, and of course_utils what knows no expected value."""
    course = _course()
    python = [os.path.realpath(path) for path in (*_python_folders(), interpreter())]
    seen = _outermost([*SYSTEM, *python, *_packages()])
    options: list[str] = []
    for path in [*seen, *DEVICES, BOX, str(course)]:
        options += _parents(path)
    for path in seen:
        if path in SYSTEM and os.path.islink(path):
            options += ["--symlink", os.readlink(path), path]
        else:
            options += ["--ro-bind", path, path]
    for device in DEVICES:
        options += ["--dev-bind", device, device]
    options += ["--perms", "0755", "--tmpfs", str(course)]
    for member in sorted(course.iterdir()):
        if member.name not in HIDDEN:
            options += ["--ro-bind", str(member), str(member)]
    options += ["--remount-ro", str(course)]
    options += ["--perms", "0777", "--size", str(disk_bytes), "--tmpfs", BOX, "--remount-ro", "/"]
    return options


def _course() -> Path:
    return Path(course_utils.__file__).resolve().parent


def _python_folders() -> list[str]:
    """The folder of the standard library, and those in which Python's own shared library may lie."""
    libraries = [os.path.join(sys.base_prefix, "lib"), sysconfig.get_config_var("LIBDIR") or ""]
    return [
        path for path in (sysconfig.get_paths()["stdlib"], *_dynamic(), *libraries) if os.path.isdir(path)
    ]


def _dynamic() -> list[str]:
    return [path for path in sys.path if os.path.basename(path) == "lib-dynload" and os.path.isdir(path)]


def _packages() -> list[str]:
    """The folders of installed packages on the path of modules."""
    names = ("site-packages", "dist-packages")
    return _unique(path for path in sys.path if os.path.basename(path) in names and os.path.isdir(path))


def _parents(path: str) -> list[str]:
    """Folders above a mount, open to all: bubblewrap itself would make them for root alone."""
    above = [str(parent) for parent in reversed(Path(path).parents)][1:]
    return [word for parent in above for word in ("--perms", "0755", "--dir", parent)]


def _outermost(paths: Iterable[str]) -> list[str]:
    """Without what does not exist, and without what lies inside another of them."""
    there = _unique(path for path in paths if os.path.lexists(path))
    inside = {
        path for path in there for other in there if path != other and Path(other) in Path(path).parents
    }
    return [path for path in there if path not in inside]


def _vector_instructions() -> dict[str, str]:
    """Without /proc PyTorch cannot tell what the processor can do, and would take its slowest kernels."""
    if "torch" not in sys.modules:
        return {}
    level = sys.modules["torch"].backends.cpu.get_cpu_capability().lower()
    return {"ATEN_CPU_CAPABILITY": level} if level in ("avx2", "avx512") else {}


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
