"""`wosync approve`: let a mass change go on that the fuse has stopped."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from engine.cli.asking import ask_service
from engine.cli.exits import Exit
from engine.cli.reading import look
from engine.cli.state import state_path
from engine.clock import SystemClock
from engine.config import loading as configuration
from engine.store.sqlite import fuse, statedir, statefile


def approve(path: Path | None) -> int:
    """Tell the running service; without one, the state itself, for the next run."""
    found = configuration.find(path)
    answer = ask_service(found, "/approve", "POST")
    approved = answer["approved"] if answer is not None else _in_state(state_path(look(found)))
    sys.stdout.write(f"{approved} edits approved\n" if approved else "nothing waits for approval\n")
    return Exit.DONE


def _in_state(state: Path) -> int:
    clock = SystemClock()
    with statedir.lease(state.parent), contextlib.closing(statefile.connect(state)) as connection:
        statefile.prepare(state)
        connection.execute("BEGIN IMMEDIATE")
        approved = fuse.release(connection, clock.now())
        connection.execute("COMMIT")
        return approved
