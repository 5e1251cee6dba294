"""Scratch copies: a state to rehearse in, thrown away afterwards.

It lies in a directory of its own beside the state, where nobody else can read; it has no secret.
What a process that was killed has left of one goes with the next.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Collection, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from engine.errors import StateUnusable
from engine.model.approval import Chosen
from engine.model.mass_change import NEVER, Mass
from engine.store import statedir
from engine.store.port.store import Store
from engine.store.sqlite import fuse, statefile
from engine.store.sqlite.inline import InlineStore
from engine.store.sqlite.threaded import open_store

FILE_NAME = statefile.FILE_NAME
_PREFIX = "rehearsal-"
# Later than anything is due, and not when what is parked is.
_NOT_NOW = NEVER - 1


@contextmanager
def directory(state_dir: Path, *, alone: bool) -> Generator[Path]:
    """A directory for one copy, gone after the block.

    Args:
        alone: nobody else rehearses here, so whatever lies here of others is left over.

    Raises:
        StateUnusable: it cannot be made.
    """
    try:
        if alone:
            for left in state_dir.glob(f"{_PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=state_dir))
    except OSError as error:
        raise statedir.unusable(state_dir, error) from error
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def copied(state: Path, to: Path) -> None:
    """Copy the state as it is at one moment, without its secrets; an empty one for none at all.

    Raises:
        StateUnusable: the state cannot be read, or the copy not be written.
    """
    try:
        if state.exists():
            with (
                contextlib.closing(statefile.connect(state, query_only=True)) as source,
                contextlib.closing(sqlite3.connect(to)) as copy,
            ):
                # Without a moment of its own it would begin anew with every write of the service.
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM setting").fetchone()
                source.backup(copy)
                copy.execute("PRAGMA secure_delete = ON")
                copy.execute("DELETE FROM secret")
                copy.commit()
    except sqlite3.Error as error:
        raise StateUnusable(
            f"the state cannot be copied: {error}",
            remedy="make as much room beside the state as it takes itself",
        ) from error
    statefile.prepare(to)
    with _changing(to) as connection:
        # Whose a prospect is, is asked for each line of a plan.
        connection.execute("CREATE INDEX person_prospect ON person (prospect_id)")


@asynccontextmanager
async def opened(copy: Path, *, alone: bool) -> AsyncGenerator[Store]:
    """A store on a copy; what is written need not outlive a loss of power, nor be waited for.

    Args:
        alone: nobody works on the state meanwhile. Beside a service everything is done on threads,
            so that it never waits for a rehearsal.
    """
    if not alone:
        async with open_store(copy, durable=False) as store:
            yield store
        return
    with contextlib.closing(statefile.connect(copy, durable=False)) as connection:
        yield InlineStore(connection)


@contextmanager
def looking(copy: Path) -> Generator[sqlite3.Connection]:
    """A connection that reads a copy while it is rehearsed in."""
    with contextlib.closing(statefile.connect(copy, query_only=True)) as connection:
        yield connection


@contextmanager
def _changing(copy: Path) -> Generator[sqlite3.Connection]:
    with contextlib.closing(statefile.connect(copy)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


def restrict(copy: Path, ids: Collection[int]) -> None:
    """Of what waits, leave only that of these records due."""
    chosen = json.dumps(sorted(ids))
    among = "NOT IN (SELECT value FROM json_each(?))"
    with _changing(copy) as connection:
        connection.execute(
            f"UPDATE record SET due_at = ?, mass = ? WHERE state = 'pending' AND id {among}",  # noqa: S608 # words of ours
            (_NOT_NOW, Mass.NONE, chosen),
        )
        connection.execute(
            "UPDATE people_tab SET due_at = ?, mass = ? WHERE state = 'pending'"  # noqa: S608 # words of ours
            f" AND record_id {among}",
            (_NOT_NOW, Mass.NONE, chosen),
        )
        connection.execute(
            "UPDATE outbox SET due_at = ? WHERE NOT ((record_type = 'opportunity'"
            " AND record_id IN (SELECT value FROM json_each(?))) OR (record_type = 'person'"
            " AND record_id IN (SELECT person_id FROM tab_person WHERE record_id IN"
            " (SELECT value FROM json_each(?)))))",
            (_NOT_NOW, chosen, chosen),
        )
        connection.execute(
            "UPDATE intent SET look_at = ? WHERE kind = 'opportunity'"  # noqa: S608 # words of ours
            f" AND look_at IS NOT NULL AND record_id {among}",
            (_NOT_NOW, chosen),
        )


def pending(copy: Path) -> list[int]:
    """The records that wait, or whose people do."""
    with looking(copy) as connection:
        rows = connection.execute(
            "SELECT id FROM record WHERE state = 'pending'"
            " UNION SELECT record_id FROM people_tab WHERE state = 'pending'"
        )
        return [row[0] for row in rows]


def linked(copy: Path) -> list[int]:
    """The records that have a target record."""
    with looking(copy) as connection:
        rows = connection.execute("SELECT id FROM record WHERE target_id IS NOT NULL")
        return [row[0] for row in rows]


def held(copy: Path, chosen: Chosen) -> list[int]:
    """The records of which the fuse holds anything, and that are chosen."""
    with looking(copy) as connection:
        return fuse.held_ids(connection, chosen)


def with_person(copy: Path, person_id: int) -> list[int]:
    """The records on whose tab somebody is."""
    with looking(copy) as connection:
        rows = connection.execute(
            "SELECT record_id FROM tab_person WHERE person_id = ?", (person_id,)
        )
        return [row[0] for row in rows]
