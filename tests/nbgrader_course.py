"""A course folder of nbgrader: its real commands, and its gradebook read back."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


class NbgraderFailed(AssertionError):
    """A command of nbgrader ended with an error; its output is the message."""


class NbgraderCourse:
    """A course in `folder`, set up as docs/grading.md says."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "docs" / "grading" / "nbgrader_config.py", folder)

    def add(self, lesson):
        """Take a lesson's solution as nbgrader's source."""
        source = self.folder / "source" / lesson
        source.mkdir(parents=True)
        shutil.copy(ROOT / "solutions" / f"{lesson}.ipynb", source)

    def run(self, command, lesson, *options):
        """`nbgrader COMMAND LESSON`, with no settings but those of this folder; what it said."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER_")}
        environment |= {"JUPYTER_CONFIG_DIR": str(self.folder / "config"), "JUPYTER_NO_CONFIG": "1"}
        environment |= {"IPYTHONDIR": str(self.folder / "ipython"), "OMP_NUM_THREADS": "1"}
        call = [sys.executable, "-m", "nbgrader", command, lesson, *options]
        told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        ran = subprocess.run(call, cwd=self.folder, env=environment, check=False, **told)
        if ran.returncode:
            raise NbgraderFailed(f"nbgrader {command} {lesson}:\n{ran.stdout}")
        return ran.stdout

    def released(self, lesson):
        """The student's notebook as `nbgrader generate_assignment` made it."""
        path = self.folder / "release" / lesson / f"{lesson}.ipynb"
        return json.loads(path.read_text(encoding="utf-8"))

    def submit(self, student, lesson, notebook):
        """What nbgrader finds after collecting: the notebook in the student's folder."""
        folder = self.folder / "submitted" / student / lesson
        folder.mkdir(parents=True)
        (folder / f"{lesson}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")

    def points(self, lesson):
        """{student: {exercise: points}} from gradebook.db."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as book:
            return {
                submission.student.id: {
                    grade.name.removeprefix("check-"): grade.score
                    for each in submission.notebooks
                    for grade in each.grades
                }
                for submission in book.assignment_submissions(lesson)
            }

    def feedback(self, student, lesson):
        """The page that `nbgrader generate_feedback` made for a student."""
        return (self.folder / "feedback" / student / lesson / f"{lesson}.html").read_text(encoding="utf-8")
