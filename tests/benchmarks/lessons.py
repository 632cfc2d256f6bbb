"""Seconds and memory of every solution notebook, run from the first cell to the last in a kernel of its own.

The promise is three minutes on two cores and 1.5 GB, without network or GPU. The memory is the most that the
kernel itself held. Without `--data` the lessons use the photographs that come with the packages; with
`--data FOLDER`, what `course data` has prepared there (the folder that COURSE_DATA would name). Run it as

    python -m tests.benchmarks.lessons --json
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.benchmarks import measure

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
PROMISED_SECONDS = 180
CELL_SECONDS = 900  # a stuck cell ends the benchmark; it is no measure of the lesson
# ru_maxrss is in kilobytes on Linux and in bytes on macOS.
PEAK = (
    "import resource, sys\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == 'darwin' else 1024))"
)


def main(argv: Sequence[str] | None = None) -> dict:
    arguments = measure.parser(__doc__.partition("\n")[0], runs=1, needs_data=False)
    arguments.add_argument("--lessons", nargs="+", help="lessons such as 02_convolution; all of them")
    args = measure.start(arguments, argv)
    chosen = args.lessons or sorted(path.stem for path in SOLUTIONS.glob("[0-9][0-9]_*.ipynb"))
    unknown = [lesson for lesson in chosen if not (SOLUTIONS / f"{lesson}.ipynb").is_file()]
    if unknown:
        arguments.error(f"no solution of {', '.join(unknown)}: `course syllabus` lists the lessons")
    rows = []
    for lesson in chosen:
        runs = [run(lesson, args) for _ in range(args.runs)]
        rows.append(row_of(lesson, runs))
        measure.say(f"{lesson}: {rows[-1]['seconds']['median']:.1f} s, {rows[-1]['peak_gb']:.2f} GB")
        measure.save({"lessons": rows}, args)
    slowest = max(rows, key=lambda row: row["seconds"]["median"])
    return measure.finish(
        args,
        "lessons",
        PROMISED_SECONDS / slowest["seconds"]["median"],
        1.0,
        what="the promised three minutes over the seconds of the slowest lesson",
        slowest=slowest["lesson"],
        photographs="prepared" if args.data else "inside the packages",
        lessons=rows,
    )


def run(lesson: str, args) -> dict:
    """One run: seconds from the kernel's start to the last output, the slowest cell, bytes at the peak."""
    notebook = nbformat.read(SOLUTIONS / f"{lesson}.ipynb", as_version=4)
    if args.quick:
        del notebook.cells[8:]
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "COURSE_DATA": str(args.data or folder), "COURSE_PROGRESS": "off"}
        if args.threads:
            environment["OMP_NUM_THREADS"] = str(args.threads)
        client = NotebookClient(
            notebook, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        started = time.perf_counter()
        client.execute(env=environment)
        wall = time.perf_counter() - started
    return {
        "seconds": wall,
        "slowest_cell": max(map(seconds_of, notebook.cells[:-1])),
        "peak": int(notebook.cells[-1].outputs[0].text),
    }


def seconds_of(cell: nbformat.NotebookNode) -> float:
    """How long the kernel was busy with a cell, by its own messages."""
    times = cell.metadata.get("execution", {})
    if "iopub.status.busy" not in times or "iopub.status.idle" not in times:
        return 0.0
    busy, idle = (datetime.fromisoformat(times[f"iopub.status.{word}"]) for word in ("busy", "idle"))
    return (idle - busy).total_seconds()


def row_of(lesson: str, runs: Sequence[dict]) -> dict:
    return {
        "lesson": lesson,
        "seconds": measure.spread([run["seconds"] for run in runs]),
        "slowest_cell": round(statistics.median(run["slowest_cell"] for run in runs), 1),
        "peak_gb": round(max(run["peak"] for run in runs) / 1e9, 2),
    }


if __name__ == "__main__":
    main()
