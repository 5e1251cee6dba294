"""`wosync run` and `wosync once`."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

import anyio

from engine.cli.exits import Exit
from engine.cli.reading import load
from engine.service import once as one_run
from engine.service import process as service

# As the interpreter sets them; a start goes without.
GC_THRESHOLDS = (700, 10, 10)


def run(path: Path | None) -> int:
    """The service; 0 after an orderly stop."""
    config = load(path)
    # The program itself stays for good: looked through again and again by the garbage collector,
    # it would hold the event loop for 50 ms each time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    anyio.run(service.run, config)
    return Exit.DONE


def once(path: Path | None, *, as_json: bool) -> int:
    """One poll and everything that follows; 3 when records need attention."""
    config = load(path)
    result = anyio.run(one_run.once, config)
    counts = result.counts
    document: dict[str, int] = {
        "changed": result.changed,
        "linked": counts.linked,
        "refused": counts.refused,
        "pending": counts.pending,
        "in_doubt": counts.in_doubt,
        "people_pending": counts.contacts,
        "people_held_back": counts.lines_held_back,
        "people_refused": counts.people_refused,
        "outbox": counts.outbox,
    }
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": 1, **document}) + "\n")
    else:
        words = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in document.items())
        sys.stdout.write(f"{words}\n")
        if counts.pending or counts.contacts or counts.outbox:
            sys.stdout.write("what waits is tried again by the next run; see: wosync status\n")
        if counts.refused or counts.people_refused:
            sys.stdout.write("some records are in error; see: wosync status\n")
    attention = (
        counts.refused
        or counts.people_refused
        or counts.pending
        or counts.contacts
        or counts.outbox
    )
    return Exit.ATTENTION if attention else Exit.DONE
