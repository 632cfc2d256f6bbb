"""The lessons as grading sees them: exercises, answer cells, and what an answer may build on. Imports no member."""
