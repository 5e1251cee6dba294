"""`wosync history REF`: every decision about one opportunity or person, oldest first."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from engine.cli.exits import Exit, complain
from engine.cli.reading import look
from engine.cli.state import looking, state_path
from engine.cli.tables import console, table
from engine.model.report import HistoryLine
from engine.store.sqlite import report


def history(path: Path | None, ref: str, *, as_json: bool) -> int:
    """Read the state without touching it; 1 when nothing is known of the record.

    Args:
        ref: the record's reference in the source, such as `OPP-17`.
    """
    # What a shell passed on that is no text is in no state.
    ref = ref.encode(errors="replace").decode()
    with looking(state_path(look(path))) as connection:
        lines = report.history(connection, ref) or report.history(connection, ref.upper())
    if as_json:
        document = [
            {
                "at": _time(line),
                "decision": line.decision,
                "detail": line.detail,
                "reason_code": line.reason_code,
            }
            for line in lines
        ]
        sys.stdout.write(json.dumps({"schema_version": 1, "ref": ref, "history": document}) + "\n")
    elif lines:
        shown = table("When (UTC)", "Decision", "Detail")
        for line in lines:
            shown.add_row(_time(line), line.decision, line.detail)
        console().print(shown)
    else:
        complain(
            f"wosync: nothing is known of {ref}\n"
            "  What to do: check the reference; of one that was never captured ask: wosync why\n"
        )
    return Exit.DONE if lines else Exit.FAILED


def _time(line: HistoryLine) -> str:
    return datetime.fromtimestamp(line.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
