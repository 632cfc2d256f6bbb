"""What nbgrader needs to know to grade this course: put this file into the folder of your nbgrader course."""

import os

c = get_config()  # noqa: F821  nbgrader provides it

# Lesson 06 trains networks in single cells, and nbgrader stops a cell after 30 seconds.
c.Execute.timeout = 600

# The stub that the course's own student notebooks have, so that both releases are the same notebook.
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}

# What nbgrader runs is the work of students: it is not the progress of whoever grades it.
os.environ.setdefault("COURSE_PROGRESS", "off")
