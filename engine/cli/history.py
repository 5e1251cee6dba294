"""`wosync history REF`: every decision about one opportunity or person, oldest first."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from engine.cli.exits import Exit
from engine.cli.running import look
from engine.errors import StateUnusable
from engine.store import report, statefile
from engine.store.report import HistoryLine


def history(path: Path | None, ref: str, *, as_json: bool) -> int:
    """Read the state without touching it; 1 when nothing is known of the record.

    Args:
        ref: the record's reference in the source, such as `OPP-17`.
    """
    config = look(path)
    state = config.engine.service.state_dir / statefile.FILE_NAME
    lines = _lines(state, ref) if state.exists() else []
    if as_json:
        document = [
            {"at": _time(line), "decision": line.decision, "detail": line.detail} for line in lines
        ]
        sys.stdout.write(json.dumps({"schema_version": 1, "ref": ref, "history": document}) + "\n")
    elif lines:
        table = Table("When (UTC)", "Decision", "Detail", box=None, pad_edge=False)
        for line in lines:
            table.add_row(_time(line), line.decision, line.detail)
        Console(highlight=False, markup=False).print(table)
    else:
        sys.stderr.write(
            f"wosync: nothing is known of {ref}\n"
            "  What to do: check the reference; a record that was never eligible has no history.\n"
        )
    return Exit.DONE if lines else Exit.FAILED


def _lines(state: Path, ref: str) -> list[HistoryLine]:
    try:
        with contextlib.closing(statefile.connect(state, query_only=True)) as connection:
            return report.history(connection, ref)
    except sqlite3.Error as error:
        raise StateUnusable(
            f"{state} cannot be read: {error}", remedy="see README, When the state is damaged"
        ) from error


def _time(line: HistoryLine) -> str:
    return datetime.fromtimestamp(line.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
