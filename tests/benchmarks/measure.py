"""What all benchmarks share: arguments, fair repetition, medians, the machine, a last line of JSON."""

from __future__ import annotations

import argparse
import atexit
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from course_utils.training.devices import best_device, wait_for


def parser(description: str, *, runs: int = 3, needs_data: bool = True) -> argparse.ArgumentParser:
    """The arguments that every benchmark understands; add your own to them."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument(
        "--data", type=Path, help="class-folder tree, its .tgz archive, or prepared folder"
    )
    arguments.add_argument("--json", action="store_true", help="print the JSON line alone, no table")
    arguments.add_argument("--runs", type=int, default=runs, help=f"repetitions of each side ({runs})")
    arguments.add_argument("--quick", action="store_true", help="tiny: shows that it works, measures nothing")
    arguments.add_argument("--work", type=Path, help="keep unpacked and prepared data here for the next time")
    arguments.add_argument("--out", type=Path, help="write the result here too, as far as it has come")
    arguments.add_argument("--threads", type=int, help="threads of torch; as many as it chooses")
    arguments.add_argument("--device", help="cpu, cuda, …; the best there is")
    arguments.set_defaults(needs_data=needs_data)
    return arguments


def start(arguments: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse, set the threads, and see to a working folder: `args.work` and `args.device` are set after it.

    COURSE_DATA is the working folder from here on: what a benchmark prepares stays out of the user's data.
    """
    args = arguments.parse_args(argv)
    if args.runs < 1:
        arguments.error(f"--runs must be at least 1, not {args.runs}")
    if args.needs_data and args.data is None and not args.quick:
        arguments.error(
            "--data PATH is needed (or --quick, to see the benchmark run on a few small pictures)"
        )
    if args.threads:
        torch.set_num_threads(args.threads)
    args.device = torch.device(args.device) if args.device else best_device()
    if args.work is None:
        temporary = tempfile.TemporaryDirectory(prefix="course-benchmark-")
        atexit.register(temporary.cleanup)
        args.work = Path(temporary.name)
    args.work.mkdir(parents=True, exist_ok=True)
    os.environ["COURSE_DATA"] = str(args.work)
    args.started = time.time()
    args.load_at_start = load_average()
    return args


def alternate(sides: dict[str, Callable[[], float]], runs: int, *, warmup: int = 0) -> dict[str, list[float]]:
    """Call each side `runs` times in turn, A B, B A, A B, …, so that a drift of the machine meets them alike.

    A side returns its own figure (seconds, images/s, …). `warmup` rounds come first and are not counted.
    """
    figures: dict[str, list[float]] = {name: [] for name in sides}
    for run in range(-warmup, runs):
        for name in list(sides)[:: -1 if run % 2 else 1]:
            figure = sides[name]()
            if run >= 0:
                figures[name].append(figure)
                say(f"run {run + 1}/{runs} {name}: {figure:,.4g}")
    return figures


def seconds(work: Callable[[], object], device: torch.device | str = "cpu") -> float:
    """Wall-clock seconds of one call; a GPU has finished when it returns."""
    device = torch.device(device)
    wait_for(device)
    started = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - started


def spread(figures: Sequence[float]) -> dict[str, float | list[float]]:
    """Median, least and greatest of some figures, and all of them."""
    rounded = [float(f"{figure:.5g}") for figure in figures]
    middle = float(f"{statistics.median(figures):.5g}")
    return {"median": middle, "min": min(rounded), "max": max(rounded), "all": rounded}


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Median of the ratios run by run: each pair was measured side by side."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def machine(device: torch.device | str = "cpu") -> dict[str, object]:
    """What the figures belong to: processor, cores, threads, device and versions."""
    device = torch.device(device)
    return {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version_of(name) for name in ("torch", "torchvision", "numpy", "pillow", "fastai")},
    }


def cpu_name() -> str:
    """The processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def version_of(package: str) -> str | None:
    """The installed version, without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def load_average() -> float | None:
    """Processes that wanted a core in the last minute; above the benchmark's own, the machine is shared."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def say(text: str) -> None:
    """Progress goes to stderr: the last line of stdout is the result."""
    print(text, file=sys.stderr, flush=True)


def save(result: dict, args: argparse.Namespace) -> None:
    """Write what is known so far to `--out`, so that an interruption loses nothing."""
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        partial = args.out.with_suffix(".part")
        partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        os.replace(partial, args.out)


def finish(
    args: argparse.Namespace, name: str, ratio: float | None, target: float | None, **details: object
) -> dict:
    """Print the result, a table first unless `--json`, and return it.

    `ratio` above `target` is good; None where there is nothing to compare (details say why).
    """
    result = {
        "name": name,
        "ratio": None if ratio is None else float(f"{ratio:.4g}"),
        "target": target,
        "reached": None if ratio is None or target is None else bool(ratio >= target),
        "runs": args.runs,
        "quick": args.quick,
        **details,
        "machine": machine(args.device),
        "load": [args.load_at_start, load_average()],
        "wall_seconds": round(time.time() - args.started, 1),
    }
    save(result, args)
    if not args.json:
        print("\n".join(table(result)))
    print(json.dumps(result), flush=True)
    return result


def table(result: dict, indent: str = "") -> list[str]:
    """A nested result as indented lines `key  value`."""
    lines, width = [], max((len(str(key)) for key in result), default=0)
    for key, value in result.items():
        if isinstance(value, dict) and set(value) == {"median", "min", "max", "all"}:
            value = f"{value['median']:,.5g}  ({value['min']:,.5g} to {value['max']:,.5g})"
        if isinstance(value, dict):
            lines += [f"{indent}{key}", *table(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, row in enumerate(value):
                lines += [f"{indent}{key} {number + 1}", *table(row, indent + "  ")]
        else:
            lines.append(f"{indent}{key:<{width}}  {value}")
    return lines
