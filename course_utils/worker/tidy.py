"""Remove a folder that somebody hostile has filled: no depth, odd name, right or size stops it."""

from __future__ import annotations

import os
import secrets
import time
from itertools import islice

AT_ONCE = 1000


def tidy(folder: str, seconds: float) -> bool:
    """Remove `folder` with all that is in it; False when that fails or takes longer than `seconds`.

    Folders inside are first moved to its top, so that no path grows longer than two names. Nothing in it may
    be in use any more.
    """
    end = time.monotonic() + seconds
    try:
        return empty(folder, end) and os.rmdir(folder) is None
    except OSError:
        return False


def empty(folder: str, end: float) -> bool:
    """Remove what is in `folder`; False when it is `end` on the monotonic clock before that is done.

    Raises:
        OSError: something cannot be removed.
    """
    os.chmod(folder, 0o700)
    while True:
        with os.scandir(folder) as entries:
            some = list(islice(entries, AT_ONCE))
        if not some:
            return True
        for entry in some:
            if not _removed(entry, folder, end):
                return False


def _removed(entry: os.DirEntry, top: str, end: float) -> bool:
    """A file is removed; so is a folder, with its files, after the folders in it have moved to the top."""
    if time.monotonic() > end:
        return False
    if not entry.is_dir(follow_symlinks=False):
        os.unlink(entry.path)
        return True
    os.chmod(entry.path, 0o700)
    while True:
        with os.scandir(entry.path) as entries:
            some = list(islice(entries, AT_ONCE))
        if not some:
            os.rmdir(entry.path)
            return True
        for inner in some:
            if time.monotonic() > end:
                return False
            if inner.is_dir(follow_symlinks=False):
                os.chmod(inner.path, 0o700)
                os.rename(inner.path, os.path.join(top, secrets.token_hex(16)))
            else:
                os.unlink(inner.path)
