"""Answers looked at as text: written by hand, worth a look, the same up to renaming. Imports no member."""
