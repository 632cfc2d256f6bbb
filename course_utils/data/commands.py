"""`course data list | get | prepare | where`: each takes the parsed arguments, prints, and returns an exit
code.

Problems are raised as CourseDataError; `course` prints their text and ends with an error code.
"""

import json
import shutil
from collections import defaultdict
from pathlib import Path

from .datasets import is_prepared
from .download import fetch, local_path
from .errors import CourseDataError, shown
from .prepare import prepare_tree
from .roots import data_root, one_at_a_time, prepared_folder, raw_folder, require_room
from .selection import read_class_list
from .sources import PHOTOGRAPHS, SOURCES
from .unpack import read_source, unpack

MOST_NAMED = 10  # pictures left out, on the screen


def list_sources(args):
    """Every source with its terms, and whether it is here."""
    for source in SOURCES.values():
        print(f"{source.name}: {source.what}")
        print(f"    here     {_state(source)}")
        print(f"    terms    {source.licence}")
        print(f"    see      {source.homepage}")
        if source.url:
            print(f"    archive  {source.url} ({source.size_bytes / 1e6:,.0f} MB, md5 {source.md5})")
    own = [name for name in _prepared_sizes() if name not in SOURCES]
    for name in own:
        print(f"{name}: your own pictures, prepared at {_pixels(_prepared_sizes()[name])}")
    print("\nTerms of the photographs in the scikit-image wheel, as its documentation states them:")
    by_terms = defaultdict(list)
    for photograph in PHOTOGRAPHS.values():
        by_terms[photograph.terms].append(photograph.name)
    for terms, names in by_terms.items():
        print(f"    {terms}: {', '.join(names)}")
    return 0


def get(args):
    """Bring a source here, unpack it and prepare it at each size; what is there already is not done again."""
    source = SOURCES.get(args.name)
    if source is None:
        raise CourseDataError(
            f"There is no source {args.name!r}. Choose one of: {', '.join(SOURCES)}.\n"
            "For a folder of your own pictures: course data prepare FOLDER"
        )
    if not source.url:
        print(f"{source.name} is inside the installed packages: nothing to fetch.")
        return 0
    origin = getattr(args, "origin", None)
    folder = raw_folder(source.name)
    if origin is not None or read_source(folder) is None:
        require_room(folder, 3 * source.size_bytes)  # archive, unpacked pictures and arrays
        if origin is not None:
            local_path(origin)  # a wrong path is said before anything is made
        with one_at_a_time(folder):
            _bring(source, origin, folder)
        _say_archive(source, read_source(folder)["archive"])
    print(f"Terms: {source.licence}")
    return _prepare_each(folder, args, source.name)


def _bring(source, origin, folder):
    """Fetch and unpack, unless the process that was waited for has done it; what was made from another
    archive before goes."""
    old = read_source(folder)
    if old is None or origin is not None:
        unpack(source, fetch(source, origin), official=origin is None)
    if old and old != read_source(folder):
        for size in _prepared_sizes().get(source.name, []):
            prepared = prepared_folder(source.name, size)
            with one_at_a_time(prepared):
                shutil.rmtree(prepared)


def prepare(args):
    """Prepare a source that is here, or a tree of class folders, at each size."""
    name = getattr(args, "as_name", None)
    if name in SOURCES:
        raise CourseDataError(f"{name} is the name of a source of the course: choose another for --name.")
    if args.name in SOURCES:
        source = SOURCES[args.name]
        if source.url and read_source(raw_folder(source.name)) is None:
            raise CourseDataError(f"{source.name} is not here yet. Remedy: course data get {source.name}")
        if not source.url:
            print(f"{source.name} needs no preparing: it is made in memory when it is loaded.")
            return 0
        if getattr(args, "classes", None) and name is None:
            raise CourseDataError(
                f"With some of its classes only, this is not {source.name} any more. "
                "Remedy: give it a name of its own, such as --name few"
            )
        return _prepare_each(raw_folder(source.name), args, name or source.name)
    return _prepare_each(Path(args.name).expanduser(), args, name)


def where(args):
    """The data root and what lies in it."""
    print(data_root())
    for name, sizes in _prepared_sizes().items():
        for size in sizes:
            print(f"    {name} at {size} px: {_prepared_root() / name / f'{size}px'}")
    return 0


def _prepare_each(folder, args, name):
    classes = getattr(args, "classes", None)
    options = {
        "allow_bad": getattr(args, "allow_bad", None) or 0.0,
        "resize": getattr(args, "resize", None) or "crop",
        "workers": getattr(args, "workers", None),
        "classes": read_class_list(classes) if classes else None,
        "val_share": getattr(args, "val_share", None),
        "seed": getattr(args, "seed", None) or 0,
    }
    for size in _sizes(args):
        target = prepare_tree(folder, size, name=name, **options)
        manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        _say_prepared(manifest)
        print(f"    {target}")
        print(f'    load_dataset("{name or shown(folder)}", size={size})')
    return 0


def _say_prepared(manifest):
    train, val = (manifest["splits"][split]["count"] for split in ("train", "val"))
    bad, selection = manifest["left_out_reasons"], manifest["selection"]
    left_out = f", {len(bad)} left out that do not decode" if bad else ""
    print(
        f"{manifest['size']} px: {train:,} training and {val:,} validation pictures "
        f"of {len(manifest['classes'])} classes{left_out}"
    )
    for name in list(bad)[:MOST_NAMED]:
        print(f"    left out {shown(name)}: {shown(bad[name])}")
    if len(bad) > MOST_NAMED:
        print(f"    and {len(bad) - MOST_NAMED} more; manifest.json names them all")
    if selection["val_share"] is not None:
        print(
            f"    the tree had no split: the share {selection['val_share']:g} of each class, "
            f"chosen by seed {selection['seed']}, is for validation"
        )


def _sizes(args):
    sizes = getattr(args, "size", None) or [64]
    return [sizes] if isinstance(sizes, int) else list(sizes)


def _say_archive(source, archive):
    if archive["official"]:
        print(f"{source.name}: the official archive (md5 {archive['md5']}).")
    else:
        print(
            f"{source.name}: {archive['file']} has the right form; its md5 is {archive['md5']}, "
            f"the official one is {source.md5}.\n"
            "It is not the official archive: do not set accuracies on it beside published ones."
        )


def _state(source):
    if not source.url:
        return "yes, inside the installed packages"
    sizes = _prepared_sizes().get(source.name)
    return f"prepared at {_pixels(sizes)}" if sizes else f"no: course data get {source.name}"


def _pixels(sizes):
    return ", ".join(map(str, sizes)) + " px"


def _prepared_root():
    return data_root() / "prepared"


def _prepared_sizes():
    """{name: [sizes]} of all that is prepared."""
    found = defaultdict(list)
    if _prepared_root().is_dir():
        for folder in sorted(_prepared_root().glob("*/*px")):
            if is_prepared(folder):
                found[folder.parent.name].append(int(folder.name.removesuffix("px")))
    return {name: sorted(sizes) for name, sizes in found.items()}
