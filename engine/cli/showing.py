"""`wosync status`: how the running service does, and what its state holds."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.cli.asking import ask_service
from engine.cli.exits import Exit
from engine.cli.running import look
from engine.config import Config
from engine.errors import StateUnusable
from engine.store import report, statefile

REFUSED_SHOWN_MAX = 50


def status(path: Path | None, *, as_json: bool) -> int:
    """0 healthy, 3 degraded or records in error, 69 when no service answers."""
    config = look(path)
    live = ask_service(config, "/status")
    document = live if live is not None else _from_state(config)
    if as_json:
        sys.stdout.write(json.dumps({"running": live is not None, **document}) + "\n")
    else:
        _print(document, running=live is not None)
    if live is None:
        return Exit.UNREACHABLE
    refused = live["records"]["refused"] or live["people"]["refused"]
    healthy = live["ready"] and not refused
    return Exit.DONE if healthy else Exit.ATTENTION


def _from_state(config: Config) -> dict[str, Any]:
    """What the last run left behind, read without touching it."""
    path = config.engine.service.state_dir / statefile.FILE_NAME
    if not path.exists():
        return _document(report.Counts(0, None, 0, 0, 0, 0, 0), [])
    try:
        with contextlib.closing(statefile.connect(path, query_only=True)) as connection:
            counts = report.counts(connection)
            refused = report.refused(connection, REFUSED_SHOWN_MAX)
    except sqlite3.Error as error:
        raise StateUnusable(
            f"{path} cannot be read: {error}", remedy="see README, When the state is damaged"
        ) from error
    return _document(counts, refused)


def _document(counts: report.Counts, refused: list[report.RefusedRecord]) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "ready": False,
        "reason": "no service is running on this configuration",
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
