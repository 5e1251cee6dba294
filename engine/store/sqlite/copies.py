"""Copies of the state: made while the service runs, and put back in its place.

A copy says of itself that it is one, so that whoever takes it up believes nothing that it knows of
the target, however it got there.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from engine.errors import StateUnusable
from engine.store import statedir
from engine.store.rows import provenance as rows
from engine.store.sqlite import kept, statefile
from engine.store.sqlite.before import mark_as_copy
from engine.store.statedir import FILE_NAME, LOCK_NAME, NAMES, unusable

_NEW = f"{FILE_NAME}.new"
PUT_BACK = "it was put back from a copy"


def back_up(state: Path, to: Path) -> None:
    """Write a copy of the state, as it is at one moment, into a file that does not exist yet.

    Raises:
        StateUnusable: the state cannot be read, or the copy not be written.
    """
    make(to)
    try:
        with _reading(state) as source, contextlib.closing(sqlite3.connect(to)) as copy:
            source.backup(copy)
            mark_as_copy(copy, PUT_BACK)
            _ensure_whole(copy)
    except BaseException as error:
        to.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise unwritable(to, error) from error
        raise


def make(to: Path) -> None:
    """Make the file of a copy, for its owner's eyes only.

    Raises:
        StateUnusable: there is one already, or it cannot be made.
    """
    try:
        handle = os.open(to, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise StateUnusable(
            f"{to} exists already and was left alone", remedy="give the copy another name"
        ) from error
    except OSError as error:
        raise unwritable(to, error) from error
    os.close(handle)


@contextmanager
def opened(copy: Path) -> Generator[sqlite3.Connection]:
    """A copy that is to be put back; nothing is written to it.

    Raises:
        StateUnusable: there is none.
    """
    if not copy.is_file():
        raise StateUnusable(
            f"there is no copy of a state at {copy}", remedy="name the file to be put back"
        )
    alone = not copy.with_name(f"{copy.name}-wal").exists()
    address = f"{copy.resolve().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
        yield connection


def put_back(source: sqlite3.Connection, copy: Path, state: Path, pair: str) -> Path | None:
    """Put a copy in the place of the state, whose directory is held; returns where that one is now.

    Args:
        source: the copy, opened.
        pair: the two systems it must belong to.

    Raises:
        StateUnusable: the copy is none, is damaged, newer than this version or another pair's, or
            it cannot be written, or the present one was moved away; that is as it was.
    """
    new = state.with_name(_NEW)
    try:
        ensure_ours(copy, source, pair)
        _ensure_in_use(state)
        new.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(new)) as written:
            source.backup(written)
            mark_as_copy(written, PUT_BACK)
        new.chmod(0o600)
        aside = put_aside(state)
        new.replace(state)
        sync(state.parent)
    except sqlite3.Error as error:
        new.unlink(missing_ok=True)
        raise StateUnusable(
            f"{copy} cannot be put back: {error}",
            remedy="the present state is as it was; check the file and the free space",
        ) from error
    except OSError as error:
        raise unusable(state, error) from error
    return aside


def _ensure_in_use(state: Path) -> None:
    """See that in the place of the present state none is put while the one that it became works.

    Raises:
        StateUnusable: it was moved away.
    """
    if not state.exists():
        return
    # One that cannot be read may be what the copy is for.
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(statefile.connect(state, query_only=True)) as connection,
    ):
        rows.ensure_in_use(partial(kept.setting, connection))


@contextmanager
def _reading(state: Path) -> Generator[sqlite3.Connection]:
    """A connection that sees one moment of the state.

    It is opened and closed as the owner of the directory; what is written with what it shows, is
    written as whoever runs the command.
    """
    with statedir.entered(state.parent):
        connection = statefile.connect(state, query_only=True)
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM setting").fetchone()
    try:
        yield connection
    finally:
        with statedir.entered(state.parent):
            connection.close()


def ensure_ours(copy: Path, connection: sqlite3.Connection, pair: str) -> None:
    """Whether a copy can be put in the place of this pair's state.

    Raises:
        StateUnusable: it cannot.
    """
    statefile.check(copy, connection)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if not version:
        raise StateUnusable(
            f"{copy} holds no state", remedy="name a file that wosync state backup has written"
        )
    statefile.ensure_known(copy, version)
    known = kept.setting(connection, "pair")
    if known is not None and known != pair:
        raise StateUnusable(
            f"{copy} is a state of {known}, the configuration names {pair}",
            remedy="name that pair's configuration with --config, or a copy of this pair's state",
        )


def _ensure_whole(connection: sqlite3.Connection) -> None:
    verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StateUnusable(
            f"the copy is damaged, and with it perhaps the state itself: {verdict}",
            remedy="see docs/state.md, When the state is damaged or lost",
        )


def put_aside(state: Path) -> Path | None:
    """Keep the present file, with what belongs to it, under a name that is free."""
    if not state.exists():
        return None
    number = 1
    while (aside := state.with_name(f"{FILE_NAME}.before-{number}")).exists():
        number += 1
    for name in NAMES:
        if name.startswith(FILE_NAME) and name != LOCK_NAME:
            present = state.with_name(name)
            if present.exists():
                present.rename(state.with_name(name.replace(FILE_NAME, aside.name)))
    return aside


def sync(path: Path) -> None:
    """Have a file, or the names in a directory, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritable(path: Path, error: Exception) -> StateUnusable:
    """The error for a copy that cannot be written."""
    return StateUnusable(
        f"{path} cannot be written: {getattr(error, 'strerror', None) or error}",
        remedy="name a file in a directory where this user may write, with enough free space",
    )
