"""Halves the start-up of pytest with nbval: named with `-p` in pyproject.toml, to be loaded before nbval.

nbval imports nbformat, which imports jsonschema, which offers to check IRIs if it can import rfc3987_syntax.
That package compiles a grammar when it is imported, for about as long as all the rest of the start-up takes,
and no notebook is ever checked for an IRI. So it is hidden while the plugins load, and shown again after.
"""

import sys

HIDDEN = "rfc3987_syntax"

sys.modules.setdefault(HIDDEN, None)  # None makes `import` raise ImportError, which jsonschema expects


def pytest_configure(config):
    """Every plugin is loaded now: show the package again."""
    if sys.modules.get(HIDDEN, ...) is None:
        del sys.modules[HIDDEN]
