"""`wosync state`: copies of the state, putting one back, and taking a state over."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.assembly.opening import pair
from engine.cli.exits import Exit
from engine.cli.reading import look
from engine.cli.services import restart
from engine.cli.state import state_of
from engine.config.places import find
from engine.installation import Installation
from engine.store.places import done, place_of


def backup(path: Path | None, to: Path) -> int:
    """Write a copy of the state, also while the service runs."""
    state_of(look(path)).back_up(to)
    sys.stdout.write(f"written: {to}; it holds tokens, so keep it where nobody else reads it\n")
    return Exit.DONE


def restore(path: Path | None, copy: Path) -> int:
    """Put a copy in the place of the state; refused while the service runs."""
    config = look(path)
    aside = place_of(config).put_back(copy, pair(config))
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
    service = config.engine.service
    with state_of(config).changing() as store:
        done(store.provenance.adopt(Installation.here(service.state_dir, service.instance)))
    sys.stdout.write(
        "the state is at home here now; at the next start everything in the target is read before"
        f" it is written, and looked for before it is created: {_start(path)}\n"
    )
    return Exit.DONE


def _start(path: Path | None) -> str:
    return restart(find(path))
