"""How fast the course is beside what people usually write: docs/benchmarks.md."""
