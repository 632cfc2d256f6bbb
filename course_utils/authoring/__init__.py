"""From one handwritten file a lesson: the student notebook, its paired text and the executed solution."""
