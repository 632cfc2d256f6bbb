"""The learner's own grading (a pytest plugin over nbval) and the instructor's. Light: imports no member."""
