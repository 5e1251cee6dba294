"""`wosync list`: which records wait, are held, refused or in doubt, since when and why."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.about import PROGRAM
from engine.cli.exits import Exit, Misused
from engine.cli.reading import look
from engine.cli.sheets import write_csv
from engine.cli.state import looking, state_in_use
from engine.cli.tables import console, table
from engine.model.dossier import Listed
from engine.store.sqlite import listing

HEADINGS = ("list", "ref", "type", "id", "target_id", "since", "code", "field", "reason")
REASON = "reason"


def list_records(
    path: Path | None, kinds: Sequence[str], *, by: str | None, as_json: bool, as_csv: bool
) -> int:
    """Read the state without touching it; 0 also where a list is empty.

    Raises:
        Misused: no list is named, or it cannot be grouped so.
    """
    if not kinds:
        every = ", ".join(f"--{kind}" for kind in listing.KINDS)
        raise Misused("no list is named", remedy=f"name at least one of {every}")
    if by not in (None, REASON):
        raise Misused(f"lists cannot be grouped by {by!r}", remedy=f"give --by {REASON}")
    with looking(state_in_use(look(path))) as connection:
        rows = [(kind, one) for kind in kinds for one in listing.listed(connection, kind)]
    rows.sort(key=lambda row: (kinds.index(row[0]), row[1].since or 0.0, row[1].ref))
    if by is not None:
        _grouped(rows, as_json=as_json, as_csv=as_csv)
    elif as_json:
        documents = [_document(kind, one) for kind, one in rows]
        sys.stdout.write(json.dumps({"schema_version": 1, "records": documents}) + "\n")
    elif as_csv:
        write_csv(HEADINGS, [list(_document(kind, one).values()) for kind, one in rows])
    else:
        _print(rows)
    return Exit.DONE


def _document(kind: str, one: Listed) -> dict[str, Any]:
    cause = one.cause
    values = (
        kind,
        one.ref,
        one.record_type.value,
        one.id,
        one.target_id,
        _time(one.since),
        None if cause is None else cause.code.value,
        None if cause is None else cause.field,
        None if cause is None else cause.text,
    )
    return dict(zip(HEADINGS, values, strict=True))


def _grouped(rows: Sequence[tuple[str, Listed]], *, as_json: bool, as_csv: bool) -> None:
    counts = Counter(
        (kind, "" if one.cause is None else one.cause.code.value) for kind, one in rows
    )
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    if as_json:
        reasons = [
            {"list": kind, "code": code or None, "records": number}
            for (kind, code), number in ordered
        ]
        sys.stdout.write(json.dumps({"schema_version": 1, "reasons": reasons}) + "\n")
        return
    if as_csv:
        heads = ("list", "code", "records")
        write_csv(heads, [[kind, code, number] for (kind, code), number in ordered])
        return
    out, shown = console(), table("Records", "List", "Code")
    for (kind, code), number in ordered:
        shown.add_row(str(number), kind, code)
    out.print(shown)
    out.print(f"More about one: {PROGRAM} explain CODE")


def _print(rows: Sequence[tuple[str, Listed]]) -> None:
    out = console()
    if not rows:
        out.print("none")
        return
    shown = table("Record", "List", "Since (UTC)", "Why")
    for kind, one in rows:
        why = "" if one.cause is None else (one.cause.code.value, one.cause.text)
        shown.add_row(
            one.ref, kind, (_time(one.since) or "").replace(" ", "\N{NO-BREAK SPACE}"), why
        )
    out.print(shown)
    out.print(f"{len(rows)} in all; more about one: {PROGRAM} why X", soft_wrap=True)


def _time(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
