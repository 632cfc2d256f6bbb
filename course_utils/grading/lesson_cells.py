"""A lesson as pytest sees it: nbval's file and nbval's cells, with the course's names, limits and words."""

import os
import tempfile

import pytest
from nbval.kernel import CURRENT_ENV_KERNEL_NAME
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError, nocolors

from course_utils.grading.cell_texts import describe_difference, describe_error, plain
from course_utils.grading.lesson_kernel import KernelDied, LessonKernel
from course_utils.grading.nbval_plugin import NOT_ATTEMPTED, cell_timeout


class CellFailed(Exception):
    """Carries the text that the learner reads; nothing else of it is ever shown."""


class LessonFile(IPyNbFile):
    """A notebook of the course. `stopped` says why its remaining cells are not run, if they are not."""

    stopped = None

    @property
    def strict(self):
        """Whether outputs are compared with the stored ones: in `solutions`, and nowhere else."""
        return self.path.parent.name == "solutions"

    def collect(self):
        """The code cells, numbered from 1, as JupyterLab does when a notebook runs from top to bottom."""
        try:
            cells = list(super().collect())
        except (ValueError, AttributeError, KeyError) as error:
            raise self.CollectError(
                f"{self.path.name} is not a readable notebook ({error}). "
                "Undo the last edit, or fetch the lesson again."
            ) from error
        points = {}
        for number, cell in enumerate(cells, start=1):
            lesson_cell = LessonCell.from_nbval(self, cell, number)
            if lesson_cell.role == "check":
                points[lesson_cell.exercise] = lesson_cell.points
            yield lesson_cell
        self.exercises = points

    def setup(self):
        """Start a kernel of the Python that runs pytest, unless --nbval-kernel-name asks for another.

        The name stored in a notebook is that of the machine which saved it last. A solution is run without
        the data that lies on this machine: its stored outputs come from the embedded photographs. What it
        solves is nobody's progress; what a learner's own notebook solves is that learner's.
        """
        option = self.config.option
        self.no_data = tempfile.TemporaryDirectory(prefix="course-no-data-") if self.strict else None
        self.kernel = LessonKernel(
            option.nbval_kernel_name or CURRENT_ENV_KERNEL_NAME,
            cwd=str(self.path.parent),
            startup_timeout=option.nbval_kernel_startup_timeout,
            cell_timeout=cell_timeout(self.config),
            environment=self._as_published() if self.no_data else {},
        )
        self.setup_sanitize_files()

    def _as_published(self):
        progress = os.environ.get("COURSE_PROGRESS", "off")
        return {"COURSE_DATA": self.no_data.name, "COURSE_PROGRESS": progress}

    def teardown(self):
        """Stop the kernel, whatever state it is in."""
        if self.kernel is not None:
            self.kernel.stop()
        if getattr(self, "no_data", None) is not None:
            self.no_data.cleanup()


class LessonCell(IPyNbCell):
    """A code cell. `state` is what became of it: 'right', 'wrong', 'not attempted' or 'not run'."""

    state = "not run"

    @classmethod
    def from_nbval(cls, lesson, cell, number):
        """A cell that nbval collected, under the course's name; a learner's outputs are not compared."""
        course = cell.cell.metadata.get("course", {})
        exercise, role = course.get("exercise"), course.get("role")
        names = {"check": exercise, "answer": f"{exercise} answer"}
        name = (names.get(role) if exercise else None) or f"Cell {number}"
        if not lesson.strict:
            cell.options["check"] = False
            cell.cell.outputs = []
        item = cls.from_parent(lesson, name=name, cell_num=number, cell=cell.cell, options=cell.options)
        item.exercise, item.role = exercise, role
        item.points = cell.cell.metadata.get("nbgrader", {}).get("points", 0)
        item.colors = nocolors
        return item

    def tally(self):
        """What the summary of the lesson needs to know of this cell."""
        return {
            "lesson": self.parent.nodeid,
            "exercises": self.parent.exercises,
            "exercise": self.exercise if self.role == "check" else None,
            "state": self.state,
        }

    def setup(self):
        """A cell after one that hung or killed the kernel is not run: its result would mean nothing."""
        if self.parent.stopped:
            pytest.skip(f"not run: {self.parent.stopped}")

    def runtest(self):
        """Run the cell as nbval does, and tell a failure in the course's words."""
        if self.options["skip"]:
            pytest.skip("marked to be skipped")
        self.state = "wrong"
        try:
            if not self.parent.kernel.is_alive():
                raise KernelDied
            super().runtest()
        except KernelDied:
            self._stop("killed the kernel", "It ended the Python process, or the machine ran out of memory.")
        except Exception as failure:
            self._stop_if_overran()
            if not isinstance(failure, NbCellError):
                raise
            self._tell(failure)
        self._stop_if_overran()  # a cell that swallows the interrupt ends without an error
        self.state = "right"

    def _stop_if_overran(self):
        if self.parent.kernel.overran:
            limit = self.parent.kernel.cell_timeout
            self._stop(
                f"took longer than {limit:g} s",
                "Is there a loop that does not end? Give it more time with --nbval-cell-timeout=SECONDS.",
            )
        if self.parent.timed_out:
            self._stop("lost the kernel", "It stopped answering; restart and run the lesson again.")

    def _stop(self, what, remedy):
        self.parent.stopped = f"{self.name} {what}"
        raise CellFailed(f"{self.name} {what}. {remedy}\nThe cells after it are not run.")

    def _tell(self, failure):
        error = next((output for output in self.test_outputs if output.output_type == "error"), None)
        if error is None or "Cell outputs differ" in str(failure):
            raise CellFailed(f"{self.name}: {failure}\n{plain(failure.inner_traceback or '')}".rstrip())
        if error.ename == "NotAttempted" or (self.role == "answer" and error.ename == "NotImplementedError"):
            self._not_attempted(plain(error.evalue))
        if error.ename == "CheckFailed":
            raise CellFailed(plain(error.evalue))
        if self.role == "check" and error.ename == "NameError" and self._answer_state() == NOT_ATTEMPTED:
            self._not_attempted(f"{self.exercise}: not attempted yet")
        raise CellFailed(describe_error(self.name, error))

    def _not_attempted(self, text):
        self.state = NOT_ATTEMPTED
        if self.role == "answer":
            pytest.skip(f"{self.exercise}: not attempted yet")
        raise CellFailed(text)

    def _answer_state(self):
        cells = [item for item in self.session.items if item.parent is self.parent]
        answers = [item for item in cells if item.exercise == self.exercise and item.role == "answer"]
        return answers[0].state if answers else None

    def repr_failure(self, excinfo):
        """The text for the learner; anything that is no fault of the lesson, as pytest shows it."""
        if isinstance(excinfo.value, CellFailed):
            return str(excinfo.value)
        return pytest.Item.repr_failure(self, excinfo)

    def reportinfo(self):
        """Where the cell stands, as the headings of pytest's report name it."""
        return self.path, 0, f"{self.path.stem}: {self.name}"

    def format_output_compare(self, key, left, right):
        """nbval's hook for one difference: `left` is the stored output, `right` the one of this run."""
        self.comparison_traceback.extend(describe_difference(key, left, right))
