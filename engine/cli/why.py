"""`wosync why X`: why an opportunity or person is in step or not, and what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.about import PROGRAM
from engine.cli.asking import StandsBy, ask_service
from engine.cli.exits import Exit, complain
from engine.cli.tables import console, table
from engine.cli.writes import described
from engine.config.places import find
from engine.model.why import Verdict

# Both systems may be slow, and are asked one after the other.
TIMEOUT_S = 60.0
# What is said of a verdict by the end of the command.
_CODES = {Verdict.IN_STEP: Exit.DONE, Verdict.UNKNOWN: Exit.FAILED}


def why(path: Path | None, text: str, *, offline: bool, as_json: bool) -> int:
    """0 in step, 1 when no record is known by this name, 3 when it is anything else.

    Args:
        text: whatever somebody has in hand of the record.
    """
    # What a shell passed on that is no text names nothing.
    text = text.encode(errors="replace").decode()
    found = find(path)
    content = {"x": text, "offline": offline}
    told = None
    # The state tells as much as there is to know here.
    with suppress(StandsBy):
        told = ask_service(found, "/why", "POST", content=content, timeout_s=TIMEOUT_S)
    if told is None:
        from engine.cli.why_offline import kept_of

        told = kept_of(found, text)
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
    elif told["verdict"] == Verdict.UNKNOWN and told["record_type"] is None:
        complain(_unknown(told))
    else:
        printed(told)
    return _CODES.get(Verdict(told["verdict"]), Exit.ATTENTION)


def _unknown(told: Mapping[str, Any]) -> str:
    lines = [f"{PROGRAM}: nothing is known of {told['ref']}"]
    for tried in told["tried"]:
        lines.append(f"  Looked for: the {tried}")
    if not told["tried"]:
        lines.append("  It is no reference, id or address of either system.")
    for unseen in told["unseen"]:
        lines.append(f"  Not looked at: {unseen}")
    if told["nearest"]:
        lines.append(f"  Nearest: {', '.join(told['nearest'])}")
    lines.append("  What to do: check the reference; give it as either system shows it.")
    return "\n".join(lines) + "\n"


def printed(told: Mapping[str, Any]) -> None:
    """Print an answer for people."""
    out = console()
    head = f"{told['ref']}: {told['verdict']}"
    if told["reason"]:
        subject = f"{told['subject']}: " if told["subject"] else ""
        head += f" ({told['code']}): {subject}{told['reason']}"
    out.print(head, soft_wrap=True)
    for other in told["others"]:
        out.print(f"The same name is that of {other}.", soft_wrap=True)
    out.print()
    _print_gates(told["gates"])
    _print_fields(told["fields"])
    for line in told["mapping_left_out"]:
        console().print(f"Left out of the mapping: {line}", soft_wrap=True)
    _print_people(told["people"])
    _print_history(told["history"])
    if told["next"]:
        at = f", at {_time(told['next_at'])}" if told["next_at"] else ""
        out.print(f"Next: {told['next']}{at}", soft_wrap=True)
    if (spent := told.get("requests")) is not None:
        since = _time(spent["since"])
        out.print(f"Requests spent on it: {spent['number']}, since {since}", soft_wrap=True)
    for unseen in told["unseen"]:
        out.print(f"Not looked at: {unseen}", soft_wrap=True)
    _print_remedies(told["remedies"])


def _print_gates(gates: Sequence[Mapping[str, Any]]) -> None:
    marks = {True: "✓", False: "✗", None: "?"}
    shown = table("", "", "", "")
    for gate in gates:
        at = _time(gate["at"]) if gate["at"] else ""
        shown.add_row(marks[gate["passed"]], gate["name"], gate["seen"], at)
    console().print(shown)


def _print_fields(fields: Sequence[Mapping[str, Any]]) -> None:
    if not fields:
        return
    shown = table("Field", "Source", "Wanted", "Target", "")
    for one in fields:
        shown.add_row(one["title"], one["source"], one["wanted"], one["held"], one["note"])
    console().print()
    console().print(shown)


def _print_people(people: Sequence[Mapping[str, Any]]) -> None:
    if not people:
        return
    shown = table("Person", "Name", "Role", "State")
    for one in people:
        shown.add_row(one["ref"], one["name"], one["role"], one["state"])
    console().print()
    console().print(shown)


def _print_history(history: Sequence[Mapping[str, Any]]) -> None:
    out = console()
    out.print()
    if not history:
        return
    shown = table("When (UTC)", "Decision", "Detail")
    for one in history:
        shown.add_row(_time(one["at"]), one["decision"], described(one["detail"], one["writes"]))
    out.print(shown)
    out.print()


def _print_remedies(remedies: Sequence[Mapping[str, Any]]) -> None:
    out = console()
    for remedy in remedies:
        of = f" ({remedy['subject']})" if remedy["subject"] else ""
        out.print(f"What to do{of}: see also {PROGRAM} explain {remedy['code']}", soft_wrap=True)
        for number, step in enumerate(remedy["steps"], start=1):
            out.print(f"  {number}. {step}", soft_wrap=True)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
