"""Photographs for the lessons: some inside the installed packages, others one `course data get` away.

Members are imported when they are first used: `course data` must not wait for torch.
"""

import importlib

_HOME = {
    "Batches": "batches",
    "CourseDataError": "errors",
    "ImageDataset": "datasets",
    "Split": "datasets",
    "data_root": "roots",
    "load_dataset": "datasets",
    "load_photo_patches": "photo_patches",
    "load_photograph": "photographs",
    "photograph_names": "photographs",
    "prepare_tree": "prepare",
}
__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    return [*globals(), *__all__]
