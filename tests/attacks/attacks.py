"""The attacks of this folder as a table. A notebook is one attack, named after what it does.

Each answers one exercise wrongly, with a trick on top. Its text cell says what the trick is and what defends;
its metadata says the rest. `python tests/attacks/attacks.py` prints the table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One notebook.

    Args:
        exercise: the one that it answers wrongly; lesson: the slug.
        expected: what it is worth, which is what the wrong answer is worth without the trick.
        fools: the naive check (naive.py) that takes it for right, "" where none is tried.
        ends: how its worker ends ("time", "died", ...), "" where it may live.
        says: what it does; defends: why that gains nothing.
    """

    name: str
    notebook: Path
    lesson: str
    exercise: str
    expected: float
    fools: str
    ends: str
    says: str
    defends: str
    source: str


def load(notebook: Path) -> Attack:
    """Read one attack. Raises KeyError or ValueError for a notebook that is not one of ours."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    text, answer = ("".join(cell["source"]) for cell in content["cells"])
    says, defends = text.split("\n\nWhat defends: ")
    known = {"fools": "", "ends": "", **content["metadata"]["attack"]}
    return Attack(
        name=notebook.stem,
        notebook=notebook,
        lesson=content["metadata"]["course"]["lesson"],
        says=says,
        defends=defends,
        source=answer,
        **known,
    )


ATTACKS = tuple(load(notebook) for notebook in sorted(HERE.glob("*.ipynb")))


if __name__ == "__main__":
    print("| attack | exercise | what it does | worth | what defends |\n|---|---|---|---|---|")
    for each in ATTACKS:
        print(f"| {each.name} | {each.exercise} | {each.says} | {each.expected:g} | {each.defends} |")
