"""What runs inside the grading sandbox: the student's code is called here, and no expected value is known.

Light: imports no member. Nothing here may import `course_utils.checks` or `course_utils.grading`.
"""
