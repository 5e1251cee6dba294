"""What `wosync status` prints for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.about import PROGRAM
from engine.cli.picture import picture
from engine.cli.tables import console, table
from engine.clock import SystemClock

# Reasons in the table of a summary: where each record has one of its own, it sums up nothing.
REASONS_SHOWN_MAX = 20


def printed(document: Mapping[str, Any], *, running: bool, named: str) -> None:
    """Print a document.

    Args:
        document: what `/status` answers, or what the state alone tells.
        named: the option by which a further command gets the same configuration.
    """
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
