"""How fast a class is graded: `course grade` beside `nbgrader autograde` and `pytest --nbval`.

    python -m tests.benchmarks.grading --json
    python -m tests.benchmarks.grading --json --honest-class 1000 --hostile 0.05

All three grade the same notebooks: answers right, wrong and not attempted, each of them written differently.
nbgrader and nbval see a sample of them, and their time is scaled per submission. The second form compares no
speeds: it asks whether cheats among a large class change an honest score, or raise their own.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence

from tests.benchmarks import graders, measure
from tests.benchmarks.submissions import LESSONS, whole_class

TARGET, TARGET_PER_MINUTE = 10, 300  # times nbgrader; submissions of lesson 02 a minute
FAST = "02_convolution"
SIDES = ("course", "nbgrader", "nbval")


def main(argv: Sequence[str] | None = None) -> dict:
    args = measure.start(_arguments(), argv)
    if args.quick:
        args.submissions, args.sample, args.runs = min(args.submissions, 2), 1, 1
        args.lessons = args.lessons or [FAST]
    if args.honest_class:
        from tests.benchmarks import hostile_class

        return hostile_class.run(args)
    measured = {lesson: _lesson(args, lesson) for lesson in args.lessons or LESSONS}
    figures = {side: _sums(measured, side) for side in SIDES if side in _sides(args)}
    per_minute = {name: 60 / measure.spread(each["course"])["median"] for name, each in measured.items()}
    return measure.finish(
        args,
        "grading",
        measure.ratio(figures["nbgrader"], figures["course"]) if "nbgrader" in figures else None,
        TARGET,
        ratio_nbval=_rounded(measure.ratio(figures["nbval"], figures["course"]))
        if "nbval" in figures
        else None,
        per_minute=_rounded(60 * len(measured) / measure.spread(figures["course"])["median"]),
        per_minute_02=_rounded(per_minute[FAST]) if FAST in per_minute else None,
        target_per_minute_02=TARGET_PER_MINUTE,
        submissions=args.submissions,
        sample=min(args.sample, args.submissions),
        jobs=args.jobs,
        tier=next(iter(measured.values()))["tier"],
        wrong_scores=sum(each["wrong_scores"] for each in measured.values()),
        lessons={name: _told(each, per_minute[name]) for name, each in measured.items()},
        missing=[side for side in SIDES if side not in figures],
    )


def _arguments() -> argparse.ArgumentParser:
    arguments = measure.parser(__doc__.splitlines()[0], needs_data=False)
    arguments.add_argument("--submissions", type=int, default=100, help="notebooks of each lesson (100)")
    arguments.add_argument("--sample", type=int, default=5, help="of these for nbgrader and nbval (5)")
    arguments.add_argument("--jobs", type=int, default=2, help="of course grade (2)")
    arguments.add_argument("--lessons", nargs="+", choices=LESSONS, help="(all)")
    arguments.add_argument("--only", nargs="+", choices=SIDES, help="sides to time (all)")
    arguments.add_argument(
        "--honest-class", type=int, metavar="N", help="grade a class of N with cheats in it"
    )
    arguments.add_argument("--hostile", type=float, default=0.05, help="share of cheats in it (0.05)")
    arguments.add_argument("--seed", type=int, default=1, help="of the cases of --honest-class (1)")
    return arguments


def _sides(args: argparse.Namespace) -> list[str]:
    wanted = {"course", *(args.only or SIDES)}
    return [side for side in SIDES if side in wanted and (side == "course" or importlib.util.find_spec(side))]


def _lesson(args: argparse.Namespace, lesson: str) -> dict:
    """Seconds per submission of each side, run by run, and how many scores were wrong."""
    made = whole_class(lesson, args.submissions)
    sample = made[: args.sample]
    folder = args.work / lesson
    ours = graders.Ours(folder / "course", made, lesson, args.jobs)
    sides = {"course": ours}
    if "nbgrader" in _sides(args):
        sides["nbgrader"] = graders.Nbgrader(folder / "nbgrader", sample, lesson)
    if "nbval" in _sides(args):
        sides["nbval"] = graders.Nbval(folder / "nbval", sample)
    measure.say(lesson)
    found = measure.alternate({name: side.seconds for name, side in sides.items()}, args.runs)
    for line in ours.wrong:
        measure.say(f"wrong score: {line}")
    theirs = len(sides["nbgrader"].wrong) if "nbgrader" in sides else 0
    return {**found, "tier": ours.tier, "wrong_scores": len(ours.wrong), "wrong_in_nbgrader": theirs}


def _sums(measured: dict[str, dict], side: str) -> list[float]:
    """Seconds for one submission of every lesson, run by run."""
    return [sum(figures) for figures in zip(*(each[side] for each in measured.values()), strict=True)]


def _told(found: dict, per_minute: float) -> dict:
    told = {"per_minute": _rounded(per_minute), "wrong_in_nbgrader": found["wrong_in_nbgrader"]}
    for side in SIDES:
        if side in found:
            told[f"{side}_seconds"] = measure.spread(found[side])
        if side in found and side != "course":
            told[f"ratio_{side}"] = _rounded(measure.ratio(found[side], found["course"]))
    return told


def _rounded(figure: float) -> float:
    return float(f"{figure:.4g}")


if __name__ == "__main__":
    main()
