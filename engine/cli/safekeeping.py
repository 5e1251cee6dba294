"""`wosync state`: copies of the state, putting one back, and taking a state over."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.assembly.opening import pair
from engine.cli.exits import Exit, Misused
from engine.cli.reading import look
from engine.cli.services import option, restart
from engine.cli.state import state_of
from engine.config.loading import ServiceSettings, checked_database
from engine.config.places import find
from engine.store.places import database_of, done, place_of


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


def copy(path: Path | None, of: str, to: str) -> int:
    """Move a state from a directory into a database, or back; see `wosync state copy`."""
    config = look(path, speaks=True)
    into = _is_database(to)
    if _is_database(of) == into:
        raise Misused(
            "one of the two must be a directory, and the other postgresql://...",
            remedy="to keep a copy of a state in a file: wosync state backup",
        )
    address, directory = (to, of) if into else (of, to)
    try:
        database = database_of(config, checked_database(address), "the address of the database")
    except ValueError as error:
        # What is wrong with it may be a password in it.
        raise Misused(
            f"the address of the database: {error}", remedy="see docs/postgresql.md"
        ) from error
    # Only here it is certain that what speaks with a database is installed.
    from engine.store.moving import moved

    service = config.engine.service
    done_so = moved(database, Path(directory), service, pair(config), into=into)
    if done_so.aside is not None:
        sys.stdout.write(f"what was there is kept as {done_so.aside}\n")
    sys.stdout.write(
        f"moved: {done_so.rows} rows, each compared; {of} is not used again. Now let the"
        f" configuration name the new one:\n"
    )
    for words in _naming(service, address if into else None, Path(directory)):
        sys.stdout.write(f"    wosync config set {words}{option(path)}\n")
    sys.stdout.write(f"then {_start(path)}\n")
    return Exit.DONE


def _is_database(text: str) -> bool:
    """Whether it is no directory; what other kind there may be is told by the check."""
    return "://" in text or text.startswith(("postgresql:", "postgres:"))


def _naming(service: ServiceSettings, address: str | None, directory: Path) -> Iterator[str]:
    """What is to be set, so that the configuration names a state.

    Args:
        address: of the database; None for a file in the directory.
    """
    if address is not None:
        yield f"service.state {shlex.quote(address)}"
        return
    if service.state is not None:
        yield "service.state --default"
    if directory.absolute() != service.state_dir.absolute():
        yield f"service.state_dir {shlex.quote(str(directory.absolute()))}"


def adopt(path: Path | None) -> int:
    """Take over a state that was at work elsewhere, or end a pause of creates."""
    config = look(path)
    place = state_of(config)
    here = place.installation(config.engine.service.instance)
    with place.changing() as store:
        # That of another pair is nobody's to take over, whatever machine it comes from.
        done(store.kept.claim_pair(pair(config)))
        done(store.provenance.adopt(here))
    sys.stdout.write(
        "the state is at home here now; at the next start everything in the target is read before"
        f" it is written, and looked for before it is created: {_start(path)}\n"
    )
    return Exit.DONE


def _start(path: Path | None) -> str:
    return restart(find(path))
