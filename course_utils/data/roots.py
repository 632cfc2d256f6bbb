"""Where data lies on this machine, and folders that appear whole or not at all."""

import os
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .errors import CourseDataError, explain_disk_errors

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # of prepared data: it is the name of a folder too


def data_root():
    """The folder of all course data: `COURSE_DATA` where it is set, else the user's own data folder."""
    chosen = os.environ.get("COURSE_DATA", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("imagenet-course", appauthor=False)


def downloads_folder():
    """Archives as they came from the network."""
    return data_root() / "downloads"


def raw_folder(name):
    """The unpacked archive of one source, with a `source.json` that says where it came from."""
    return data_root() / "raw" / name


def prepared_folder(name, size):
    """The arrays of one source at one size, with their manifest."""
    return data_root() / "prepared" / name / f"{size}px"


def require_room(folder, needed):
    """Say that the disk is too small before the work, not after it: `needed` bytes under `folder`."""
    existing = next(place for place in (Path(folder), *Path(folder).parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise CourseDataError(
            f"The disk is too full: {folder} needs about {needed / 1e6:,.0f} MB, "
            f"and {free / 1e6:,.0f} MB are free.\n"
            "Free some space, or set the environment variable COURSE_DATA to a folder on a larger disk."
        )


@contextmanager
def one_at_a_time(target):
    """Keep other processes from making the folder `target` of this data root at the same time; wait for them.

    The system holds the lock and lets go of it when a process ends, however it ends. Its file stays: to
    remove it would part those who wait for it. What a killed process left beside `target` is removed.
    """
    import filelock

    target = Path(target)
    place = data_root() / "locks" / f"{'-'.join(target.relative_to(data_root()).parts)}.lock"
    with explain_disk_errors(data_root(), kept="Nothing was begun."):
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(place)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            said = f"Another process is making {target}: waiting until it is done (Ctrl-C ends the waiting)."
            print(said, file=sys.stderr, flush=True)
            lock.acquire()
    try:
        _remove_leftovers(target)
        yield
    finally:
        lock.release()


def _remove_leftovers(target):
    """Remove temporary folders of `whole_folder` and `swap_in` that a killed process left."""
    ours = re.compile(rf"\.{re.escape(target.name)}-(old-)?[a-z0-9_]{{8}}\.tmp")  # as tempfile names them
    if target.parent.is_dir():
        for path in target.parent.iterdir():
            if ours.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def whole_folder(target):
    """Yield a temporary folder beside `target` that takes its place when the block ends well.

    On any error, an interrupt among them, the temporary folder is removed and an older `target` stays as it
    was. Raises CourseDataError when the disk is full or may not be written to.
    """
    target = Path(target)
    with explain_disk_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".tmp", dir=target.parent))
        try:
            temporary.chmod(0o777 & ~_umask())  # mkdtemp is private; course data may be shared by a class
            yield temporary
            swap_in(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def swap_in(temporary, target):
    """Rename the folder `temporary` to `target`; os.replace refuses a filled folder, so an old one steps
    aside first."""
    if not target.exists():
        os.replace(temporary, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", suffix=".tmp", dir=target.parent))
    try:
        os.replace(target, old / "old")
        try:
            os.replace(temporary, target)
        except OSError:
            os.replace(old / "old", target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
