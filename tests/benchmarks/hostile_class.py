"""A large class with cheats among it: is every honest score right, and is no cheat's score raised?"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

from tests.attacks.attacks import ATTACKS, Attack
from tests.benchmarks import graders, measure
from tests.benchmarks.submissions import LESSONS, submission, write


def run(args: argparse.Namespace) -> dict:
    """Make a class of `args.honest_class` submissions, `args.hostile` of them attacks, and grade it once."""
    folder = args.work / "class"
    honest, hostile = make(folder, args.honest_class, args.hostile, args.lessons or LESSONS)
    began = time.perf_counter()
    graded = graders.course_grade(folder, args.work / "results", args.jobs, seed=args.seed)
    took = time.perf_counter() - began
    wrong = graders.wrong_scores(graded, honest)
    raised = [line for record in graded["records"] for line in too_much(record, hostile)]
    lost = [name for name in hostile if name not in {record["submission"] for record in graded["records"]}]
    for line in [*wrong, *raised, *lost]:
        measure.say(line)
    return measure.finish(
        args,
        "honest_class",
        1 - len({line.split(" ")[0] for line in wrong}) / max(len(honest), 1),
        1.0,
        honest=len(honest),
        honest_scores_wrong=len(wrong),
        hostile=len(hostile),
        attacks=len({attack.name for attack in hostile.values()}),
        hostile_scores_raised=len(raised),
        hostile_without_a_record=len(lost),
        lessons=list(args.lessons or LESSONS),
        jobs=args.jobs,
        tier=graded["tier"],
        seconds=round(took, 1),
        per_minute=round(60 * (len(honest) + len(hostile)) / took, 1),
    )


def make(
    folder: Path, count: int, share: float, lessons: list[str]
) -> tuple[dict[str, dict[str, float]], dict[str, Attack]]:
    """Write the class; returns what each honest submission is worth, and the attack of each hostile one.

    Attacks lie between the honest ones, under names like theirs.
    """
    folder.mkdir(parents=True)
    chosen = [attack for attack in ATTACKS if attack.lesson in lessons]
    draw = random.Random(0)
    cheats = sorted(draw.sample(range(count), round(count * share)))
    order = draw.sample(chosen, len(chosen))
    honest, hostile = {}, {}
    for number in range(count):
        name = f"student{number:04d}"
        if number in cheats:
            hostile[name] = order[cheats.index(number) % len(order)]
            (folder / f"{name}.ipynb").write_bytes(hostile[name].notebook.read_bytes())
        else:
            made = submission(lessons[number % len(lessons)], number)
            write(made, folder / f"{name}.ipynb")
            honest[name] = made.points
    return honest, hostile


def too_much(record: dict, hostile: dict[str, Attack]) -> list[str]:
    """A line for each exercise in which a cheat has more than the answer without the trick is worth."""
    attack = hostile.get(record["submission"])
    if attack is None:
        return []
    worth = {attack.exercise: attack.expected}
    return [
        f"{attack.name} ({record['submission']}): {result['points']} for {result['exercise']}"
        for result in record["results"]
        if result["points"] > worth.get(result["exercise"], 0)
    ]
