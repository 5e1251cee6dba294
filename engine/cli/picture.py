"""The status as people see it: verdicts, numbers apart, reasons; for `status` and for `top`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.about import PROGRAM
from engine.cli.tables import table
from engine.model.condition import Health
from engine.plain import plain

# Matters of one verdict, and reasons why records wait, that are shown.
MATTERS_MAX = 5
_COUNTS = (
    ("Opportunities", ("linked", "waiting", "held", "refused", "in_doubt", "vanished")),
    ("People tabs", (None, "tabs_waiting", "tabs_held", "tabs_refused", None, None)),
    ("People", (None, "lines_waiting", None, "people_refused", None, None)),
)
_HEADINGS = ("Linked", "Waiting", "Held", "Refused", "In doubt", "Vanished")
_STYLES = {
    Health.WORKS: "green",
    Health.WORKS_IN_PART: "yellow",
    Health.WAITS: "yellow",
    Health.STANDS_STILL: "bold red",
    Health.NOT_KNOWN: "dim",
}
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


def picture(document: Mapping[str, Any], now: float) -> Group:
    """Everything but the records in error.

    Args:
        document: what `/status` answers, or what the state alone tells.
    """
    return Group(*_parts(document, now))


def _parts(document: Mapping[str, Any], now: float) -> Iterator[RenderableType]:
    if document.get("shadow") is not None:
        yield from _shadow(document["shadow"], now)
    for verdict in document.get("verdicts", []):
        yield from _verdict(verdict, now)
    counts = document.get("counts")
    if counts is not None:
        yield Text()
        yield _counts(counts)
        yield _foot(document)
    waiting: Sequence[Mapping[str, Any]] = document.get("waiting", ())
    for one in waiting:
        yield _line(f"Waiting ({one['records']:,}): {one['reason']}")


def _shadow(shadow: Mapping[str, Any], now: float) -> Iterator[RenderableType]:
    began = f"{moment(shadow['since'])} ({span(now - shadow['since'])})"
    yield Text(f"SHADOW: nothing is sent to either system, since {began}", style="bold yellow")
    parts = ("not_done", "done_by_another", "differs")
    told = ", ".join(f"{shadow[name]:,} {name.replace('_', ' ')}" for name in parts)
    yield Padding(_line(f"What would have been sent: {told}; see: {PROGRAM} shadow"), (0, 0, 0, 2))


def _verdict(verdict: Mapping[str, Any], now: float) -> Iterator[RenderableType]:
    health = Health(verdict["verdict"])
    head = Text(f"{plain(verdict['title'])}: ", style="bold")
    head.append(health.value, style=_STYLES[health])
    if verdict["since"] is not None and verdict["matters"]:
        head.append(f", since {moment(verdict['since'])} ({span(now - verdict['since'])})")
    yield head
    matters: Sequence[Mapping[str, Any]] = verdict["matters"]
    for matter in matters[:MATTERS_MAX]:
        yield from (Padding(one, (0, 0, 0, 2)) for one in _matter(matter, now))
    if len(matters) > MATTERS_MAX:
        yield Padding(Text(f"and {len(matters) - MATTERS_MAX} more: see --json"), (0, 0, 0, 2))


def _matter(matter: Mapping[str, Any], now: float) -> Iterator[RenderableType]:
    subject = f"{matter['subject']}: " if matter["subject"] else ""
    code = f" ({matter['code']})" if matter["code"] else ""
    yield _line(f"{subject}{matter['cause']}{code}")
    if matter["next_at"] is not None:
        left = max(0.0, matter["next_at"] - now)
        yield _line(f"Next attempt: {moment(matter['next_at'])}, in {span(left)}")
    steps: Sequence[str] = matter["remedy"]
    if len(steps) == 1:
        yield _line(f"What to do: {steps[0]}")
    elif steps:
        yield _line("What to do:")
        for number, step in enumerate(steps, start=1):
            yield Padding(_line(f"{number}. {step}"), (0, 0, 0, 2))


def _counts(counts: Mapping[str, int]) -> RenderableType:
    shown = table("", *_HEADINGS)
    for column in shown.columns[1:]:
        column.justify = "right"
    for name, keys in _COUNTS:
        shown.add_row(name, *("" if key is None else f"{counts[key]:,}" for key in keys))
    return shown


def _foot(document: Mapping[str, Any]) -> Text:
    told = [f"Write-backs owed: {document['outbox']:,}"]
    requests: Mapping[str, int] = document.get("requests", {})
    if requests:
        sent = ", ".join(f"{name} {number:,}" for name, number in requests.items())
        told.append(f"requests since the start: {sent}")
    return _line("; ".join(told))


def _line(text: str) -> Text:
    # What somebody else has said may have lines of its own.
    return Text(plain(" ".join(text.split())))


def moment(at: float) -> str:
    """A time as every command prints it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(seconds: float) -> str:
    """So long, as one says it."""
    if seconds < 2 * _MINUTE_S:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 2 * _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    if seconds < 2 * _DAY_S:
        return f"{seconds / _HOUR_S:.0f} h"
    return f"{seconds / _DAY_S:.0f} days"
