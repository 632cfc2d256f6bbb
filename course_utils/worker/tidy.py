"""Remove a folder that somebody hostile has filled: no depth, odd name, right or size stops it."""

from __future__ import annotations

import os
import time


def tidy(folder: str, seconds: float) -> bool:
    """Remove `folder` with all that is in it; False when that fails or takes longer than `seconds`.

    Folders inside are first moved beside it, so that no path grows longer than three names. Nothing in it may
    be in use any more.
    """
    end = time.monotonic() + seconds
    try:
        return _emptied(folder, end)
    except OSError:
        return False


def _emptied(folder: str, end: float) -> bool:
    waiting, moved = [folder], 0
    while waiting:
        here = waiting.pop()
        os.chmod(here, 0o700)
        with os.scandir(here) as entries:
            for entry in entries:
                if time.monotonic() > end:
                    return False
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                    continue
                os.chmod(entry.path, 0o700)
                moved += 1
                waiting.append(f"{folder}.{moved}")
                os.rename(entry.path, waiting[-1])
        os.rmdir(here)
    return True
