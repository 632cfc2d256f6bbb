"""What an answer that acts is tried in: built from plain data, and only raw data comes out.

Nothing here compares, expects or knows a right answer, so that a scene may be played where the learner's code
runs. What is to be seen in the raw data, the check that asked for it says (`course_utils.checks`).
"""
