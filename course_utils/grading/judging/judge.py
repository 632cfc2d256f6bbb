"""The judge: what a submission is worth. No code of a student runs here; a sandbox runs it and sends data."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from course_utils.checks import Exercise
from course_utils.checks.memory import remembering
from course_utils.grading import records
from course_utils.grading.handed_in.transplant import Transplant
from course_utils.grading.judging import verdicts
from course_utils.grading.judging.company import could_matter
from course_utils.grading.judging.definitions import definitions, does_more
from course_utils.grading.judging.stage import Stage
from course_utils.grading.lessons.lesson import Lesson
from course_utils.grading.lessons.parsing import global_reads
from course_utils.grading.looks.syntax import by_hand_warnings, canonical, look_at_warnings, size
from course_utils.grading.records import Record, Result
from course_utils.grading.sandbox.sandbox import Sandbox
from course_utils.grading.sandbox.tiers import BUBBLEWRAP

AGAIN = (records.WRONG, records.STOPPED, records.NOT_ATTEMPTED)
PRINTED = 16_384  # characters of what the student's code printed that a record keeps


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the instructor has set.

    Args:
        seed: draws the cases, the same for the whole class.
        call_seconds: the most that one call may take, where the exercise itself allows more.
        allow_baseline: judge secret exercises without bubblewrap, too.
    """

    seed: int
    call_seconds: float | None = None
    allow_baseline: bool = False

    def seconds(self, exercise: Exercise) -> float:
        return min(exercise.seconds, self.call_seconds or exercise.seconds)


def judge_submission(given: Transplant, sandbox: Sandbox, rules: Rules, submission: str, slug: str) -> Record:
    """Judge every exercise of the lesson that `given` answers.

    First as in the notebook, from top to bottom in one process; then what was not right once more, alone in a
    process of its own, so that nothing else in the notebook can have spoilt it.
    """
    started = time.monotonic()
    common = {"submission": submission, "slug": slug, "seed": rules.seed, "tier": sandbox.tier.name}
    if given.fatal or given.lesson is None:
        lesson = given.lesson.slug if given.lesson else ""
        results = _nothing(given.lesson) if given.lesson else ()
        return Record(**common, lesson=lesson, fatal=given.fatal or "no lesson", results=results)
    with remembering():
        results, printed = _Judging(given, sandbox, rules).results()
    return Record(
        **common,
        lesson=given.lesson.slug,
        results=tuple(results.values()),
        remarks=tuple(str(remark) for remark in given.remarks),
        look_at=tuple(
            f"{name}: {warning}"
            for name, source in given.answers.items()
            for warning in look_at_warnings(source)
        ),
        seconds=round(time.monotonic() - started, 3),
        printed=printed[:PRINTED],
        canonical={name: canonical(source) for name, source in given.answers.items()},
        sizes={name: size(source) for name, source in given.answers.items()},
    )


def _nothing(lesson: Lesson) -> tuple[Result, ...]:
    """The row of a submission that could not be read: every exercise of the lesson, and no points."""
    return tuple(verdicts.without_answer(exercise, records.MISSING) for exercise in lesson.checks.values())


class _Judging:
    """One submission under way."""

    def __init__(self, given: Transplant, sandbox: Sandbox, rules: Rules) -> None:
        self.lesson, self.answers, self.untouched = given.lesson, given.answers, given.not_attempted
        self.sandbox, self.rules = sandbox, rules
        self.found: dict[str, Result] = {}
        self.printed: list[str] = []

    def results(self) -> tuple[dict[str, Result], str]:
        self._from_top_to_bottom()
        for name, result in self.found.items():
            if result.state in AGAIN and name not in self.untouched and self._may_be_spoilt(name):
                self.found[name] = self._better(result, self._alone(name), self._is_cut(name))
        return self.found, "\n".join(filter(None, self.printed))

    def _from_top_to_bottom(self) -> None:
        """As a notebook runs: each cell, then its check; after a crash, a new process goes on."""
        harmless: dict[str, str] = {}  # the cells that a new process has to run again
        stage: Stage | None = None
        for name, exercise in self.lesson.checks.items():
            if name not in self.answers:
                self.found[name] = verdicts.without_answer(exercise, records.MISSING)
                continue
            if name in self.untouched:
                self.found[name] = verdicts.without_answer(exercise, records.NOT_ATTEMPTED)
                continue
            if self._is_refused(exercise):
                self.found[name] = verdicts.without_answer(exercise, records.REFUSED)
                continue
            if stage is None or stage.over:
                stage = self._stage(stage)
                for earlier, source in harmless.items():
                    stage.define(self.lesson, earlier, source)
            self.found[name] = self._judged(stage, exercise, self.answers[name])
            source = self.answers[name]
            harmless[name] = definitions(source) if stage.over else source
        self._close(stage)

    def _alone(self, name: str) -> Result:
        """Judge one exercise with nothing else from the notebook but what it needs."""
        exercise = self.lesson.checks[name]
        stage, replaced = self._stage(None), []
        for need in (each for each in exercise.needs if self._reads(self.answers[name], [each])):
            right = self.found.get(need) is not None and self.found[need].state == records.RIGHT
            source = self.answers[need] if right else self.lesson.answers[need].solution
            replaced += [] if right else [need]
            stage.define(self.lesson, need, source)
        source = definitions(self.answers[name]) if self._is_cut(name) else self.answers[name]
        result = self._judged(stage, exercise, source)
        self._close(stage)
        return replace(result, with_reference=tuple(replaced))

    def _judged(self, stage: Stage, exercise: Exercise, source: str) -> Result:
        started = time.monotonic()
        result = stage.judge(self.lesson, exercise, source, self.rules)
        return replace(
            result,
            warnings=tuple(by_hand_warnings(source, exercise)),
            seconds=round(time.monotonic() - started, 3),
        )

    def _may_be_spoilt(self, name: str) -> bool:
        """Could anything else in its process have cost the answer its points, or would a reference help?"""
        before = list(self.lesson.checks)[: list(self.lesson.checks).index(name)]
        ran = [other for other in before if other in self.answers and other not in self.untouched]
        needs = self.lesson.checks[name].needs
        unmet = any(other not in self.found or self.found[other].state != records.RIGHT for other in needs)
        source = self.answers[name]
        stopped = any(self.found[other].state == records.STOPPED for other in ran)
        again = stopped or self._is_cut(name)
        return again or (unmet and self._reads(source, needs)) or self._could_matter(source, ran)

    def _is_cut(self, name: str) -> bool:
        """Are only the definitions of its cell tried the second time, because the whole was stopped?"""
        return self.found[name].state == records.STOPPED and does_more(self.answers[name])

    def _reads(self, source: str, needs: Sequence[str]) -> bool:
        return bool(global_reads(source) & {each for need in needs for each in self.lesson.names(need)})

    def _could_matter(self, source: str, ran: Sequence[str]) -> bool:
        return could_matter(source, [self.answers[other] for other in ran])

    @staticmethod
    def _better(first: Result, alone: Result, cut: bool) -> Result:
        """The second try counts only where it is worth more: it may lack a helper from another cell, or what
        was cut out of its own."""
        if alone.points > first.points:
            return alone
        spoilt = first.state == records.STOPPED and alone.state != records.STOPPED
        return alone if spoilt and not cut and not alone.with_reference else first

    def _is_refused(self, exercise: Exercise) -> bool:
        return exercise.secret and self.sandbox.tier.name != BUBBLEWRAP and not self.rules.allow_baseline

    def _stage(self, former: Stage | None) -> Stage:
        self._close(former)
        return Stage(self.sandbox, self.rules)

    def _close(self, stage: Stage | None) -> None:
        if stage is not None:
            self.printed.append(stage.close())
