"""`wosync status`: how the running service does, and what its state holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.about import PROGRAM
from engine.cli.asking import ask_service
from engine.cli.exits import Exit, complain, paragraph
from engine.cli.picture import picture
from engine.cli.services import option
from engine.cli.tables import console, table
from engine.clock import SystemClock
from engine.config.places import find, stamp_of
from engine.errors import Misconfigured

# Reasons in the table of a summary: where each record has one of its own, it sums up nothing.
REASONS_SHOWN_MAX = 20


def status(path: Path | None, *, as_json: bool, everything: bool) -> int:
    """0 healthy, 3 degraded or records in error, 69 when no service answers, 74 state unusable.

    One that stands by is healthy where the state can be read, which is what there is to show.

    Args:
        everything: show every record in error; they are read from the state itself.

    Raises:
        StateUnusable: beside a running service, the state with every record cannot be read.
    """
    found = find(path)
    live = ask_service(found, "/status")
    if live is None:
        from engine.cli.status_offline import without_service

        document, code = without_service(found, everything=everything)
    elif live.get("standby"):
        from engine.cli.status_offline import beside_a_standby

        document, code = beside_a_standby(found, live, everything=everything)
    else:
        document, code = dict(live), _verdict(live)
        if everything:
            from engine.cli.status_offline import every_refused

            document |= every_refused(found)
    if as_json:
        sys.stdout.write(json.dumps({"running": live is not None, **document}) + "\n")
    else:
        _print(document, running=live is not None, named=option(path))
    if live is not None:
        _say_mistakes(found, live.get("config_stamp"))
    return code


def _verdict(live: Mapping[str, Any]) -> Exit:
    refused = live["records"]["refused"] or live["people"]["refused"]
    return Exit.DONE if live["ready"] and not refused else Exit.ATTENTION


def _say_mistakes(path: Path, stamp: str | None) -> None:
    """The service runs on what it read before; what stands in the file now may not.

    Args:
        stamp: of the file as the service read it.
    """
    if stamp and stamp == stamp_of(path):
        return
    from engine.cli.reading import look

    try:
        look(path)
    except Misconfigured as error:
        complain(f"{paragraph(error)}\n")


def _print(document: Mapping[str, Any], *, running: bool, named: str) -> None:
    out = console()
    if not running or "verdicts" not in document:
        ready = "ready" if document["ready"] else document["reason"]
        out.print(f"The service: {ready}", soft_wrap=True)
    if document.get("remedy"):
        out.print(f"What to do: {document['remedy']}.", soft_wrap=True)
    clock = SystemClock()
    out.print(picture(document, clock.now()))
    if not running:
        _print_kept(document)
    if document["refused"]:
        _print_refused(document, named)


def _print_kept(document: Mapping[str, Any]) -> None:
    """What a running service says among its verdicts."""
    out = console()
    if document.get("creates_paused"):
        out.print(f"Creates are paused: {document['creates_paused']}", soft_wrap=True)
    clocks: list[str] = document.get("clocks") or []
    for clock in clocks:
        out.print(f"Clock: {clock}", soft_wrap=True)


def _print_refused(document: Mapping[str, Any], named: str) -> None:
    """The reasons, where several records share one, and then the records."""
    out, total, shown = console(), document["refused_total"], document["refused"]
    reasons = document["refused_by_reason"]
    if len(reasons) < total:
        counted = table("Records", "Field", "Reason", title=f"In error: {total}, by reason")
        for one in reasons[:REASONS_SHOWN_MAX]:
            counted.add_row(str(one["records"]), one["field"] or "", one["reason"])
        out.print(counted)
        left = len(reasons) - REASONS_SHOWN_MAX
        if left > 0:
            out.print(f"and {left} more reasons; see: {PROGRAM} status --json{named}")
    title = f"In error: {total}"
    if len(shown) < total:
        title = f"In error, {len(shown)} of {total} shown; all: {PROGRAM} status --all{named}"
    out.print(title, soft_wrap=True)
    errors = table("Record", "Field", "Reason")
    for record in shown:
        errors.add_row(record["ref"], record["field"] or "", record["reason"])
    out.print(errors)
