"""`wosync explain [CODE]`: what a reason means, and what helps; all of them without a code."""

from __future__ import annotations

import json
import sys
from typing import Any

from engine.about import PROGRAM
from engine.cli.exits import Exit, Misused
from engine.cli.tables import console, table
from engine.config.loading import installed_connectors
from engine.decide.reasons import SUBJECTS, entry_of, nearest
from engine.decide.why.remedies import in_general
from engine.errors import excerpt
from engine.model.reason import Entry, Words


def explain(code: str | None, *, as_json: bool) -> int:
    """Print one entry of the catalogue, or the list of all.

    Raises:
        Misused: there is no such code.
    """
    words = installed_connectors().words
    if code is None:
        _print_all(words, as_json=as_json)
        return Exit.DONE
    entry = entry_of(code)
    if entry is None:
        raise _unknown(code)
    entry = entry.worded(words)
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": 1, **_document(entry)}) + "\n")
    else:
        _print(entry)
    return Exit.DONE


def _unknown(code: str) -> Misused:
    every = f"see all of them: {PROGRAM} explain"
    guesses = nearest(code)
    meant = f"try {', '.join(guesses)}, or " if guesses else ""
    return Misused(f"there is no reason called {excerpt(code)!r}", remedy=meant + every)


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.code.value,
        "class": entry.kind,
        "text": entry.text,
        "meaning": entry.admin,
        "cause": entry.engineer,
        "remedy": in_general(entry),
        "ends_with": entry.ends,
    }


def _print(entry: Entry) -> None:
    out = console()
    out.print(f"{entry.code.value} ({entry.kind})", soft_wrap=True)
    out.print()
    said = table("", "")
    said.add_row("Meaning", entry.admin)
    said.add_row("Cause", entry.engineer)
    said.add_row("What to do", in_general(entry))
    said.add_row("Ends with", entry.ends)
    out.print(said)


def _print_all(words: Words, *, as_json: bool) -> None:
    if as_json:
        every = [_document(one.worded(words)) for known in SUBJECTS.values() for one in known]
        sys.stdout.write(json.dumps({"schema_version": 1, "reasons": every}) + "\n")
        return
    out = console()
    for subject, entries in SUBJECTS.items():
        shown = table("Code", "Class", "Meaning", title=subject)
        for entry in entries:
            shown.add_row(entry.code.value, entry.kind, entry.worded(words).admin)
        out.print(shown)
        out.print()
    out.print(f"More about one: {PROGRAM} explain CODE")
