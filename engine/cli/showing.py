"""`wosync status`: how the running service does, and what its state holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.cli.asking import address, ask_service
from engine.cli.exits import Exit, paragraph
from engine.cli.reading import look
from engine.cli.state import looking, state_path
from engine.config import loading as configuration
from engine.errors import Misconfigured, StateUnusable
from engine.store import report, statefile

REFUSED_SHOWN_MAX = 50


def status(path: Path | None, *, as_json: bool) -> int:
    """0 healthy, 3 degraded or records in error, 69 when no service answers."""
    found = configuration.find(path)
    live = ask_service(found, "/status")
    document = live if live is not None else _without_service(found)
    if as_json:
        sys.stdout.write(json.dumps({"running": live is not None, **document}) + "\n")
    else:
        _print(document, running=live is not None)
    if live is None:
        return Exit.UNREACHABLE
    _say_mistakes(found)
    refused = live["records"]["refused"] or live["people"]["refused"]
    healthy = live["ready"] and not refused
    return Exit.DONE if healthy else Exit.ATTENTION


def _say_mistakes(path: Path) -> None:
    """The service runs on what it read before; what stands in the file now may not."""
    try:
        look(path)
    except Misconfigured as error:
        sys.stderr.write(f"{paragraph(error)}\n")


def _without_service(path: Path) -> dict[str, Any]:
    """What the last run left behind, read without touching it."""
    config = look(path)
    state_dir, where = config.engine.service.state_dir, address(path)
    reason = "no service is running on this configuration"
    if statefile.held(state_dir):
        reason = (
            f"a service holds the state in {state_dir} but does not answer at {where}: it hangs,"
            " or [service] http was changed since its start"
        )
    try:
        with looking(state_path(config)) as connection:
            refused = report.refused(connection, REFUSED_SHOWN_MAX)
            return _document(reason, report.counts(connection), refused)
    except StateUnusable as error:
        return _document(f"{reason}; {error}", report.Counts(0, None, 0, 0, 0, 0, 0), [])


def _document(
    reason: str, counts: report.Counts, refused: list[report.RefusedRecord]
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "ready": False,
        "reason": reason,
        "records": {
            "pending": counts.pending,
            "linked": counts.linked,
            "refused": counts.refused,
            "in_doubt": counts.in_doubt,
        },
        "people": {
            "pending": counts.contacts,
            "held_back": counts.lines_held_back,
            "refused": counts.people_refused,
        },
        "outbox": counts.outbox,
        "refused": [
            {
                "ref": record.ref,
                "field": record.field,
                "class": record.reason_class,
                "reason": record.reason,
            }
            for record in refused
        ],
    }


def _print(document: Mapping[str, Any], *, running: bool) -> None:
    console = Console(highlight=False, markup=False)
    ready = "ready" if document["ready"] else f"not ready: {document['reason']}"
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_row("Service", ready if running else document["reason"])
    for name, number in document["records"].items():
        facts.add_row(name.replace("_", " ").capitalize(), str(number))
    for name, number in document["people"].items():
        facts.add_row(f"People {name.replace('_', ' ')}", str(number))
    facts.add_row("Write-backs owed", str(document["outbox"]))
    for name, number in document.get("requests", {}).items():
        facts.add_row(f"Requests to {name}", str(number))
    console.print(facts)
    for waiting in document.get("waiting", []):
        console.print(f"Waiting ({waiting['records']}): {waiting['reason']}")
    for held in document.get("held_back", []):
        console.print(f"Held back: {held}")
    approval = document.get("approval", {})
    if approval.get("needed"):
        console.print(
            f"{approval['records']} edits at once are held: if that is meant, run: wosync approve"
        )
    if document["refused"]:
        errors = Table("Record", "Field", "Reason", box=None, pad_edge=False, title="In error")
        for record in document["refused"]:
            errors.add_row(record["ref"], record["field"] or "", record["reason"])
        console.print(errors)
