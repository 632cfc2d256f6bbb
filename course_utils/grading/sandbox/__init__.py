"""Where a student's code runs: tiers, zygotes, workers. Imports no member."""
