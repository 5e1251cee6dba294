"""`wosync report --day`: one page about a day, for those who look after the records."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.cli.exits import Exit, Misused
from engine.cli.picture import moment, span
from engine.cli.reading import look
from engine.cli.state import state_of
from engine.cli.tables import console, table
from engine.clock import SystemClock
from engine.config.loading import Config
from engine.decide.reasons import ENTRIES
from engine.decide.why.remedies import steps
from engine.model.day import Day
from engine.model.reason import Code
from engine.model.report import RefusedReason
from engine.store.places import done

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_KINDS = {
    "user": "a user named",
    "stage": "a stage named",
    "account": "the account",
    "person": "the person",
}


def report(
    path: Path | None, text: str | None, *, by_day: bool, as_html: bool, as_json: bool
) -> int:
    """Read the state without touching it.

    Args:
        text: the day, in UTC; None for the present one.

    Raises:
        Misused: it is no day, or a report of something else is asked for.
    """
    if not by_day:
        raise Misused("no report is named", remedy="give --day")
    config, clock = look(path), SystemClock()
    now = clock.now()
    begin = _begin(text, now)
    end = min(now, begin + timedelta(days=1).total_seconds())
    with state_of(config).looking() as store:
        told = done(store.report.day(config.connectors.target.name, begin, end))
    if as_json:
        document = {"schema_version": 1, **asdict(told)}
        sys.stdout.write(json.dumps(document) + "\n")
    elif as_html:
        from engine.service.page.rendering import rendered, style

        values = view(told, config, now) | {"style": style()}
        sys.stdout.write(rendered("report.html", values) + "\n")
    else:
        _print(view(told, config, now))
    return Exit.DONE


def _begin(text: str | None, now: float) -> float:
    """Midnight of a day, unix seconds."""
    if text is None:
        day = datetime.fromtimestamp(now, UTC).date()
    else:
        try:
            if _DATE.fullmatch(text) is None:
                raise ValueError
            day = date.fromisoformat(text)
        except ValueError:
            raise Misused(
                f"{text!r} is no day", remedy="give it as YEAR-MONTH-DAY, such as 2026-11-29"
            ) from None
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    if begin > now:
        raise Misused(f"{text} is still to come", remedy="give a day that has begun")
    return begin


def view(told: Day, config: Config, now: float) -> dict[str, Any]:
    """What is said of the day, in words; for print and for HTML alike."""
    words = config.connectors.words
    return {
        "day": datetime.fromtimestamp(told.begin, UTC).strftime("%A, %d %B %Y"),
        "now": now,
        "words": words,
        "told": told,
        "instance": config.engine.service.instance,
        "waiting": [
            (one.records, one.reason, _helps(one.reason_code, config)) for one in told.waiting
        ],
        "awaited": [
            (one.records, f"{_KINDS.get(one.kind, one.kind)} {one.name}") for one in told.awaited
        ],
        "refused": list(_refused(told, config)),
        "calls": list(_calls(told, config)),
        "slowest": _slowest(told),
        "settings": [
            (moment(one.at), one.key, one.former or "not set", one.later or "not set")
            for one in told.settings
        ],
    }


def _refused(told: Day, config: Config) -> Iterator[tuple[int, str, str]]:
    """By the kind of the reason, each with what was said of one of them."""
    by_code: dict[str | None, list[RefusedReason]] = {}
    for one in told.refused:
        by_code.setdefault(one.reason_code, []).append(one)
    counted = [(sum(one.records for one in alike), alike[0]) for alike in by_code.values()]
    for records, first in sorted(counted, key=lambda one: -one[0]):
        such_as = "" if records == first.records else ", such as"
        code = f"{first.reason_code}{such_as}: " if first.reason_code else ""
        yield records, f"{code}{first.reason}", _helps(first.reason_code, config)


def _helps(code: str | None, config: Config) -> str:
    """The first step of the remedy, or that nobody has to do anything."""
    if code not in ENTRIES:
        return ""
    return steps(Code(code), config.connectors.words)[0]


def _calls(told: Day, config: Config) -> Iterator[str]:
    title, budget = config.connectors.words.target, config.target.budget
    yield f"{told.requests:,} requests to {title} that day"
    if budget.per_hour:
        yield f"at most {budget.per_hour:,} are allowed an hour, by [budget] per_hour"
    of_year = f"{told.requests_of_year:,} in the 365 days up to it"
    if budget.per_year:
        share = told.requests_of_year / budget.per_year
        yield f"{of_year}: {share:.1%} of the {budget.per_year:,} that per_year allows"
    else:
        yield f"{of_year}; no allowance of a year is set"


def _slowest(told: Day) -> str:
    one = told.slowest
    if one is None:
        return "nothing was written that day"
    return f"{one.ref}, {one.decision} {span(one.took_s)} after its change, at {moment(one.at)}"


def _print(shown: dict[str, Any]) -> None:
    out, told = console(), shown["told"]
    words = shown["words"]
    out.print(f"{words.source} to {words.target}: {shown['day']} (UTC)")
    share = f" ({told.in_step / told.linked:.1%})" if told.linked else ""
    out.print(f"In step now: {told.in_step:,} of {told.linked:,} linked records{share}")
    _section("Waiting now", ("Records", "Why", "What helps"), shown["waiting"])
    _section("On whom", ("Records", "They wait for, or are synced without"), shown["awaited"])
    _section("Refused now, by cause", ("Records", "Why", "What helps"), shown["refused"])
    _section("That day", ("Times", "Decision"), [(n, name) for name, n in told.decisions.items()])
    out.print()
    out.print("Calls")
    for line in shown["calls"]:
        out.print(f"  {line}")
    out.print()
    out.print(f"Slowest record: {shown['slowest']}", soft_wrap=True)
    _section("Settings changed", ("When", "Setting", "Former", "Now"), shown["settings"])


def _section(title: str, headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    out = console()
    out.print()
    out.print(title)
    if not rows:
        out.print("  none")
        return
    shown = table(*headings)
    for row in rows:
        shown.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    out.print(shown)
