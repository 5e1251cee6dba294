"""`wosync state`: copies of the state, putting one back, and taking a state over."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.assembly.opening import pair
from engine.cli.exits import Exit
from engine.cli.reading import look
from engine.cli.services import restart
from engine.cli.state import state_path
from engine.config.places import find
from engine.installation import Installation
from engine.store.sqlite import copies, statedir, statefile
from engine.store.sqlite.standing import changing, done


def backup(path: Path | None, to: Path) -> int:
    """Write a copy of the state, also while the service runs."""
    copies.back_up(state_path(look(path)), to)
    sys.stdout.write(f"written: {to}; it holds tokens, so keep it where nobody else reads it\n")
    return Exit.DONE


def restore(path: Path | None, copy: Path) -> int:
    """Put a copy in the place of the state; refused while the service runs."""
    config = look(path)
    state_dir = config.engine.service.state_dir
    # Before the directory is entered, where root has only its owner's rights.
    with copies.opened(copy) as source, statedir.lease(state_dir):
        aside = copies.put_back(source, copy, state_dir / statefile.FILE_NAME, pair(config))
    if aside is not None:
        sys.stdout.write(f"what was there is kept as {aside}\n")
    sys.stdout.write(
        f"put back: {copy}; at the next start everything in the target is read before it is"
        f" written, and looked for before it is created: {_start(path)}\n"
    )
    return Exit.DONE


def adopt(path: Path | None) -> int:
    """Take over a state that was at work elsewhere, or end a pause of creates."""
    config = look(path)
    state = state_path(config)
    service = config.engine.service
    with changing(state) as store:
        done(store.provenance.adopt(Installation.here(service.state_dir, service.instance)))
    sys.stdout.write(
        "the state is at home here now; at the next start everything in the target is read before"
        f" it is written, and looked for before it is created: {_start(path)}\n"
    )
    return Exit.DONE


def _start(path: Path | None) -> str:
    return restart(find(path))
