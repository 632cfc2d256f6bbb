"""What is taken from a submission: the source of its answer cells, and a line on whatever is odd about it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from course_utils.grading.errors import GradingError
from course_utils.grading.handed_in.matching import Match, Matching
from course_utils.grading.handed_in.notebook_file import MOST_BYTES, NotebookFile, read_notebook
from course_utils.grading.handed_in.pieces import Piece, pieces_of
from course_utils.grading.handed_in.taken import imports_for, with_imports, without_looks
from course_utils.grading.handed_in.which_lesson import called_after, which_lesson
from course_utils.grading.lessons.lesson import Lesson
from course_utils.grading.lessons.parsing import LONGEST
from course_utils.grading.lessons.prelude import within_reach
from course_utils.grading.naming import safe_text

MOST_NAMED = 5  # odd things of one kind that are named; the others are counted


@dataclass(frozen=True)
class Remark:
    """A line for the report, about one exercise or (None) about the whole notebook."""

    exercise: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.exercise}: {self.text}" if self.exercise else self.text


@dataclass(frozen=True)
class Transplant:
    """A submission as it is graded.

    Args:
        lesson: None when it could not be told.
        answers: source by exercise; what is not among them has no answer cell. Stubs are.
        remarks: what the instructor should know about how it was read.
        fatal: why nothing of it can be graded, or None.
        not_attempted: exercises whose cell is still the stub, or empty.
    """

    lesson: Lesson | None
    answers: Mapping[str, str] = field(default_factory=dict)
    remarks: Sequence[Remark] = ()
    fatal: str | None = None
    not_attempted: frozenset[str] = frozenset()


def transplant(
    data: bytes,
    lessons: Mapping[str, Lesson],
    wanted: str | Collection[str] | None = None,
    *,
    name: str = "",
    most_bytes: int = MOST_BYTES,
) -> Transplant:
    """Take the answers out of the bytes of a notebook, whatever those are. Nothing of it is run.

    Args:
        data: the file's content; more than `most_bytes` of it is not read.
        lessons: the lessons among which it is recognised, by slug.
        wanted: the slug of the lesson that it must be, or those of several; None where it may be any.
        name: the submission's name: it decides where nothing in the notebook tells the lesson.

    Raises:
        GradingError: `wanted` is not among `lessons`.
    """
    asked = [wanted] if isinstance(wanted, str) else list(wanted or ())
    for slug in asked:
        if slug not in lessons:
            raise GradingError(f"no lesson is called {slug!r}; there are: {', '.join(lessons)}")
    file = read_notebook(data, most_bytes)
    general = [Remark(None, text) for text in file.remarks]
    if file.fatal:
        may_be = {slug: lessons[slug] for slug in asked} or lessons
        lesson = may_be[asked[0]] if len(asked) == 1 else called_after(name, may_be)
        return Transplant(lesson, remarks=tuple(general), fatal=file.fatal)
    pieces, unsearched = pieces_of(file.cells)
    told = which_lesson(file, pieces, lessons, asked, name)
    general += [Remark(None, told.remark)] if told.remark else []
    if told.fatal or told.lesson is None:
        return Transplant(told.lesson, remarks=tuple(general), fatal=told.fatal)
    if unsearched:
        general.append(Remark(None, "It holds so much code besides the answers that not all was searched."))
    general += _about_notebook(told.lesson, file, lessons)
    return _taken(told.lesson, Matching(told.lesson, pieces), general, told.by_names)


def _taken(lesson: Lesson, matching: Matching, general: list[Remark], by_names: bool) -> Transplant:
    answers, own, untouched, last, lost = {}, [], set(), [], []
    for exercise in lesson.checks:
        match = matching.match(exercise)
        lost += [exercise] if match.attempted and not match.marked else []
        own += [Remark(exercise, text) for text in _about_match(exercise, match)]
        if not match.cells:
            own.append(Remark(exercise, "The answer cell is missing."))
            continue
        if any(piece.too_long for piece in match.cells):
            own.append(Remark(exercise, f"The answer is longer than {LONGEST:,} characters: not taken."))
            continue
        last.append((exercise, match.cells[-1].number))
        if not match.attempted:
            untouched.add(exercise)
            answers[exercise] = match.cells[-1].source
            continue
        answers[exercise], texts = _source(lesson, exercise, match, matching.added)
        own += [Remark(exercise, text) for text in texts]
    if lost and not by_names:  # where all marks are lost, that has been said
        text = f"The marks of answer cells are lost; by their functions were found: {_some(lost)}."
        general.append(Remark(None, text))
    last.sort(key=lambda each: lesson.answers[each[0]].position)
    own += [Remark(exercise, "The answer cell was moved to another place.") for exercise in _moved(last)]
    return Transplant(lesson, answers, (*general, *own), not_attempted=frozenset(untouched))


def _source(lesson: Lesson, exercise: str, match: Match, added: Sequence[Piece]) -> tuple[str, list[str]]:
    """The text to run for an exercise, and what was changed about it."""
    remarks = []
    source, looks = without_looks(lesson, exercise, "\n\n".join(piece.source for piece in match.cells))
    if looks:
        remarks.append(f"Statements that check or draw were taken out (line {_some(map(str, looks))}).")
    names = {name for piece in match.cells for name in piece.names}
    foreign = {name for piece in match.cells for name in piece.reads} - names - within_reach(lesson, exercise)
    others = [piece for piece in added if piece not in match.cells]
    imports = imports_for(foreign, others)
    if imports:
        remarks.append(
            f"Imports that stand in another cell were added: {_some(dict.fromkeys(imports.values()))}."
        )
        source = with_imports(source, dict.fromkeys(imports.values()))
    elsewhere = sorted(name for each in others for name in each.names & (foreign - set(imports)))
    if elsewhere:
        remarks.append(
            f"It uses {_some(dict.fromkeys(elsewhere))}, defined in a cell that is no answer: not taken."
        )
    return source, remarks


def _about_match(exercise: str, match: Match) -> Iterable[str]:
    numbers = [str(piece.number) for piece in match.marked]
    if len(numbers) > 1:
        chosen = match.cells[-1].number
        yield (
            f"The answer cell is there {len(numbers)} times (cells {_some(numbers)}); "
            f"cell {chosen} was taken, the last attempt above the exercise's check."
        )
    by_name = [str(piece.number) for piece in match.cells if piece not in match.marked]
    if by_name and match.marked:
        whole = len(by_name) == len(match.cells)
        state = "The answer cell was left as handed out" if whole else "Part of it stands elsewhere"
        yield f"{state}; cell {_some(by_name)} was taken by the names that it defines."
    commands = [command for piece in match.cells for command in piece.commands]
    if commands:
        yield f"IPython's commands were taken out: {_some(commands)}."
    if len(match.cells) > 1:
        yield f"Put together from cells {_some(str(piece.number) for piece in match.cells)}."


def _about_notebook(lesson: Lesson, file: NotebookFile, lessons: Mapping[str, Lesson]) -> list[Remark]:
    """Marks that the lesson does not know, and answer cells that are no code any more."""
    unknown = dict.fromkeys(
        cell.grade_id
        for cell in file.cells
        if cell.grade_id and not any(cell.grade_id in each.grade_ids for each in lessons.values())
        if not (cell.is_code and cell.exercise in lesson.answers and cell.role == "answer")
    )
    prose = dict.fromkeys(
        lesson.by_grade_id[cell.grade_id]
        for cell in file.cells
        if not cell.is_code and cell.grade_id in lesson.by_grade_id
    )
    remarks = [Remark(name, "Its answer cell was turned into text, which is not graded.") for name in prose]
    if unknown:
        known_by = _some(f"'{safe_text(mark, 60)}'" for mark in unknown)
        remarks.append(
            Remark(None, f"Cells with marks that the lesson does not know were left out: {known_by}.")
        )
    return remarks


def _moved(cells: Sequence[tuple[str, int]]) -> list[str]:
    """The exercises whose cells are out of order: as few as explain it."""
    ends: list[int] = []  # ends[k]: least last number of an ordered run of k + 1 answers
    lengths = []
    for _, number in cells:
        at = bisect_right(ends, number)  # one cell may answer two exercises
        ends[at : at + 1] = [number]
        lengths.append(at + 1)
    need, moved = len(ends), []
    for (exercise, _), length in zip(reversed(cells), reversed(lengths), strict=True):
        if length == need:
            need -= 1
        else:
            moved.append(exercise)
    return moved[::-1]


def _some(things: Iterable[str]) -> str:
    """The first few, safe to show, and how many more there are."""
    listed = [safe_text(" ".join(thing.split()), 80) for thing in things]
    more = len(listed) - MOST_NAMED
    return ", ".join(listed[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
