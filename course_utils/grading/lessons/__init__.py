"""The lessons as grading sees them: exercises, answer cells, what answers build on. Imports no member."""
