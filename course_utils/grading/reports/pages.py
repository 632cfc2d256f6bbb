"""How the pages are made: templates in which nothing that others wrote can act."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from course_utils.grading.visible import lesson_title, moment, number, short, visible


def page(template: str, **values: Any) -> str:
    """The text of a page. Every value is made visible and escaped, whatever it holds."""
    return _environment().get_template(template).render(**values)


def prose(text: str) -> Markup:
    """A sentence of ours, with what stands between backticks as code."""
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:  # a backtick without a partner is a character like any other
        return escape(visible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if position % 2 else escape(part)
        for position, part in enumerate(parts)
    )


def count(how_many: int, one: str, more: str = "") -> str:
    """'1 student', '3 students'."""
    return f"{how_many:,} {one if how_many == 1 else more or one + 's'}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("course_utils.grading.reports"),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        moment=moment,
        prose=prose,
        short=short,
        number=number,
        lesson_title=lesson_title,
        count=count,
        visible=visible,
    )
    return made


def _finalize(value: Any) -> Any:
    """Called on every value before it is escaped; what is markup already was made by us."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
