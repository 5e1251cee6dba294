"""The templates, with everything in them escaped, and what makes texts of others harmless."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.plain import plain

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
STYLE = "style.css"


@cache
def _environment() -> Environment:
    # Loaded for whoever looks: a service that nobody looks at does without.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        # What is misspelled in a template shows in its test, and not as nothing.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters |= {"moment": moment, "span": span, "number": number, "clock": clock}
    return environment


def rendered(template: str, values: dict[str, Any]) -> str:
    """The page."""
    return _environment().get_template(template).render(values)


@cache
def style() -> str:
    """The style sheet."""
    return (HERE / STYLE).read_text(encoding="utf-8")


def _harmless(value: Any) -> Any:
    """No text turns the direction of writing, or hides in what cannot be seen."""
    return plain(value, keep="\n") if type(value) is str else value


def moment(at: float | None) -> str:
    """A time for people."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(at: float) -> str:
    """A time of a day that is known."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M")


def span(seconds: float) -> str:
    """So long, as one says it."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def number(count: int) -> str:
    """With separators."""
    return f"{count:,}"
