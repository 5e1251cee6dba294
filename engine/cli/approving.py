"""`wosync approve`: let a mass change go on that the fuse has stopped."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from engine.cli.asking import ask_service
from engine.cli.exits import Exit
from engine.cli.running import look
from engine.store import fuse, statefile


def approve(path: Path | None) -> int:
    """Tell the running service; without one, the state itself, for the next run."""
    config = look(path)
    answer = ask_service(config, "/approve", "POST")
    approved = (
        answer["approved"] if answer is not None else _in_state(config.engine.service.state_dir)
    )
    sys.stdout.write(f"{approved} edits approved\n" if approved else "nothing waits for approval\n")
    return Exit.DONE


def _in_state(state_dir: Path) -> int:
    state = state_dir / statefile.FILE_NAME
    if not state.exists():
        return 0
    with statefile.lease(state_dir), contextlib.closing(statefile.connect(state)) as connection:
        statefile.prepare(state)
        connection.execute("BEGIN IMMEDIATE")
        approved = fuse.release(connection, 0.0)
        connection.execute("COMMIT")
        return approved
