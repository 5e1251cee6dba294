"""`wosync tune`: what the running service spends its time on, what limits it, what would help."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.table import Table

from engine.about import PROGRAM
from engine.cli.asking import address, ask, ensure_works
from engine.cli.exits import Exit
from engine.cli.services import option
from engine.cli.tables import console, table
from engine.clock import SystemClock
from engine.config import loading as configuration
from engine.config.live import is_live
from engine.config.loading import Connectors, EngineSettings
from engine.config.places import find
from engine.config.values import number
from engine.errors import Unreachable
from engine.tuning import (
    Advice,
    Backlog,
    Finding,
    Range,
    Rates,
    Scrape,
    findings,
    rates,
    read_scrape,
)

# A service this young has cold caches, and its first poll finds everything at once.
YOUNG_S = 60.0
_MAILBOX_OF = {
    "opportunity_syncer": "changes",
    "relationship_syncer": "contacts",
    "write_back": "write_backs",
}
_WORDS = {
    "opportunity": "opportunities",
    "relationship": "relationships",
    "write_back": "write-backs",
}
_MINUTE_S, _HOUR_S = 60, 3600


def tune(path: Path | None, *, over_s: float, as_json: bool) -> int:
    """Look at the running service twice and judge the difference.

    Args:
        over_s: seconds between the looks, more than 0.

    Raises:
        Unreachable: no service answers, or another one than at the first look.
    """
    file = find(path)
    measured = anyio.run(_measured, file, over_s)
    found = findings(measured, ranges_of(configuration.installed_connectors()))
    notes = list(_notes(measured))
    if as_json:
        sys.stdout.write(json.dumps(_document(measured, found, notes, option(path))) + "\n")
    else:
        _print(measured, found, notes, option(path))
    return Exit.DONE


async def _measured(config: Path, over_s: float) -> Rates:
    clock = SystemClock()
    before, started_at = await _scrape(config, clock), anyio.current_time()
    await _wait(over_s)
    after, ended_at = await _scrape(config, clock), anyio.current_time()
    measured = rates(before, after, ended_at - started_at)
    if measured.restarted:
        raise Unreachable(
            "the service was restarted while it was measured", remedy="run the command again"
        )
    return measured


async def _scrape(config: Path, clock: SystemClock) -> Scrape:
    """The metrics now.

    Raises:
        Unreachable: nobody answers at the configured address, or another program does.
    """
    where = address(config)
    await anyio.to_thread.run_sync(ensure_works, config)
    answer = await anyio.to_thread.run_sync(lambda: ask(config, "/metrics", accept="text/plain"))
    if answer is None:
        raise Unreachable(
            f"no service answers at {where}",
            remedy=f"start it, or name its configuration with --config; see: {PROGRAM} status",
        )
    try:
        return read_scrape(answer, clock.now())
    except ValueError as error:
        raise Unreachable(
            f"what answers at {where} is not this service: {error}",
            remedy="see [service] http in the configuration",
        ) from error


async def _wait(over_s: float) -> None:
    """Let the time pass, said on a terminal only."""
    told = sys.stderr.isatty()
    left = over_s
    while left > 0:
        if told:
            sys.stderr.write(f"\rmeasuring, {math.ceil(left)} s left \x1b[K")
            sys.stderr.flush()
        await anyio.sleep(min(1.0, left))
        left -= 1.0
    if told:
        sys.stderr.write("\r\x1b[K")


def ranges_of(connectors: Connectors) -> dict[str, Range]:
    """What every numeric setting may be, as the settings models say."""
    found = dict(_ranges(EngineSettings, ""))
    for connector in (connectors.source, connectors.target):
        found |= _ranges(connector.settings, f"{connector.name}.")
    return found


def _ranges(model: type[BaseModel], table: str) -> Iterator[tuple[str, Range]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _ranges(kind, f"{table}{name}.")
        elif kind in (int, float):
            yield f"{table}{name}", _range(field, whole=kind is int)


def _range(field: FieldInfo, *, whole: bool) -> Range:
    bounds = field.metadata
    above = [float(one.gt) for one in bounds if hasattr(one, "gt")]
    least = [float(one.ge) for one in bounds if hasattr(one, "ge")]
    most = [float(one.le) for one in bounds if hasattr(one, "le")]
    low = max([*above, *least], default=-math.inf)
    return Range(low, min(most, default=math.inf), whole, open_low=bool(above))


def _notes(measured: Rates) -> Iterator[str]:
    """What makes the figures less than they seem."""
    if measured.uptime_s < YOUNG_S:
        yield (
            f"the service has run for {measured.uptime_s:.0f} s only: its caches are cold and these"
            " figures are few, so measure again in a minute"
        )
    if not measured.polls:
        yield f"no poll for changes has succeeded yet; see: {PROGRAM} status"
    if not any(shares.known for shares in measured.actors.values()):
        yield "the actors' time was not counted, so nothing can be said about them"


def _document(
    measured: Rates, found: list[Finding], notes: list[str], named: str
) -> dict[str, Any]:
    allowance = measured.allowance
    return {
        "schema_version": 1,
        "over_s": measured.over_s,
        "uptime_s": measured.uptime_s,
        "throughput": {
            "reconciles_s": dict(measured.reconciles_s),
            "write_backs_s": measured.write_backs_s,
            "requests_s": {name: system.requests_s for name, system in measured.systems.items()},
        },
        "backlog": {
            kind: {
                "before": backlog.before,
                "now": backlog.now,
                "oldest_age_s": backlog.oldest_age_s,
                "done_in_s": backlog.done_in_s,
            }
            for kind, backlog in measured.backlog.items()
        },
        "budget_hours": measured.budget_hours,
        "budget_held_s": dict(allowance.held_s) if allowance else {},
        "actors": {name: asdict(shares) for name, shares in measured.actors.items()},
        "mailboxes": {name: asdict(fill) for name, fill in measured.mailboxes.items()},
        "findings": [_finding(one, named) for one in found],
        "notes": notes,
    }


def _finding(one: Finding, named: str) -> dict[str, Any]:
    advice = one.advice
    return {
        "limit": one.limit.value,
        "says": one.says,
        "evidence": list(one.evidence),
        "setting": advice.setting if advice else None,
        "from": advice.old if advice else None,
        "to": advice.new if advice else None,
        "commands": commands(advice, named) if advice else [],
        "caution": one.caution,
    }


def commands(advice: Advice, named: str) -> list[str]:
    """What to type, word for word.

    Args:
        named: the option that names the configuration, with a blank before it; may be empty.
    """
    change = f"{PROGRAM} config set {advice.setting} {number(advice.new)}{named}"
    if is_live(advice.setting):
        return [change, f"{PROGRAM} reload{named}"]
    return [change, f"then restart the service: {advice.setting} is not read by a reload"]


def _print(measured: Rates, found: list[Finding], notes: list[str], named: str) -> None:
    out = console(soft_wrap=True)
    out.print(
        f"Measured over {measured.over_s:.0f} s; the service has run for"
        f" {_span(measured.uptime_s)}."
    )
    out.print()
    out.print(_throughput(measured))
    out.print()
    out.print(_actors(measured))
    out.print()
    for note in notes:
        out.print(f"Note: {note}.")
    for place, one in enumerate(found, 1):
        out.print(f"{place}. {one.says[0].upper()}{one.says[1:]}.")
        for line in one.evidence:
            out.print(f"   - {line}")
        if one.advice is not None:
            old, new = number(one.advice.old), number(one.advice.new)
            out.print(f"   What to do: {one.advice.setting} from {old} to {new}:")
            for command in commands(one.advice, named):
                out.print(f"     {command}")
        if one.caution:
            out.print(f"   Mind: {one.caution}.")


def _throughput(measured: Rates) -> Table:
    shown = table("", "")
    reconciled = [f"{rate:.1f} {_WORDS[kind]}/s" for kind, rate in measured.reconciles_s.items()]
    shown.add_row("Reconciled", ", ".join(reconciled))
    shown.add_row("Written back", f"{measured.write_backs_s:.1f}/s")
    for name, system in measured.systems.items():
        each = f"{system.answer_s:.2f} s on average"
        shown.add_row(f"Requests to {name}", f"{system.requests_s:.1f}/s, {each}")
    for kind, backlog in measured.backlog.items():
        shown.add_row(f"Backlog of {_WORDS[kind]}", _backlog(backlog))
    if measured.budget_hours is not None:
        shown.add_row("", f"by the budget alone it takes about {measured.budget_hours:.1f} h")
    return shown


def _backlog(backlog: Backlog) -> str:
    if not backlog.now:
        return "none"
    if backlog.done_in_s is None:
        return f"{backlog.now:,}, not shrinking"
    return f"{backlog.now:,}, done in about {_span(backlog.done_in_s)} at this pace"


def _actors(measured: Rates) -> Table:
    headings = ("Workers", "Busy", "Blocked", "Throttled", "Idle", "Mailbox", "Head waits")
    shown = table("Actor", *headings)
    for column in shown.columns[1:]:
        column.justify = "right"
    for actor, shares in measured.actors.items():
        states = (shares.busy, shares.blocked, shares.throttled, shares.idle)
        parts = [f"{part:.0%}" if shares.known else "-" for part in states]
        fill = measured.mailboxes.get(_MAILBOX_OF.get(actor, ""))
        mail = (f"{fill.depth}/{fill.capacity}", f"{fill.oldest_age_s:.1f} s") if fill else ("", "")
        shown.add_row(actor.replace("_", " "), str(shares.workers), *parts, *mail)
    return shown


def _span(seconds: float) -> str:
    if seconds < 2 * _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"
