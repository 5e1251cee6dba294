"""The state file: how it is opened, and how it gets its present schema."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator
from functools import cache
from pathlib import Path

from engine import descriptors
from engine.errors import StateUnusable
from engine.store import statedir
from engine.store.sqlite import before, rest
from engine.store.statedir import LOCK_NAME, MARK_NAME, NAMES, unusable

FILE_NAME = statedir.FILE_NAME
# "wosy" in ASCII: tells our file from any other SQLite file.
APPLICATION_ID = 0x776F7379
# The first one with STRICT tables.
SQLITE_MIN = (3, 37, 0)
# What SQLite says when something around the file is wrong, and not the file: no room, a failing
# disk, somebody else's lock.
_AROUND = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
    }
)
# Of errors of reading and writing, the one that says that the file ends too early.
_TOO_SHORT = sqlite3.SQLITE_IOERR_SHORT_READ
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE = 0xFF


@cache
def migrations() -> tuple[str, ...]:
    """The schema's steps in order; step n brings version n - 1 to version n."""
    from importlib import resources

    folder = resources.files("engine.store.sqlite") / "schema"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((folder / name).read_text(encoding="utf-8") for name in names)


def ensure_new_enough() -> None:
    """Whether the SQLite of this interpreter knows what the schema is made of.

    Raises:
        StateUnusable: it is too old.
    """
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        needed = ".".join(map(str, SQLITE_MIN))
        raise StateUnusable(
            f"this Python has SQLite {sqlite3.sqlite_version}, and {needed} is needed",
            remedy="install with a Python that brings a newer SQLite along, such as uv's; see"
            " Installing in the documentation",
        )


def connect(path: Path, *, query_only: bool = False, durable: bool = True) -> sqlite3.Connection:
    """Open the file with the pragmas every connection needs.

    The writer runs with synchronous=FULL: an intent must survive a power loss, or the create it
    announces could be sent twice.

    Args:
        durable: whether what is written must outlive a loss of power.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA foreign_keys = ON")
    if query_only:
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


def prepare(path: Path) -> None:
    """Check the file and bring its schema up to date; creates it when it does not exist.

    Raises:
        StateUnusable: not our file, damaged, from a newer version, or not writable.
    """
    ensure_new_enough()
    try:
        if path.exists():
            # Looked at before any setting is made that would alter somebody else's file.
            address = f"{path.absolute().as_uri()}?mode=ro"
            with contextlib.closing(sqlite3.connect(address, uri=True)) as look:
                check(path, look, whole=not rest.undisturbed(path))
            rest.end(path)
        connection = connect(path)
    except sqlite3.Error as error:
        raise _refused(path, error) from error
    try:
        _migrate(path, connection)
        path.chmod(0o600)
    except sqlite3.Error as error:
        raise _refused(path, error) from error
    except OSError as error:
        raise unusable(path, error) from error
    finally:
        connection.close()


def discard_if_empty(path: Path, *, directory: bool, marked: bool = False) -> None:
    """Take away a state file that was made just now and holds nothing worth keeping.

    Args:
        directory: its directory was made just now as well, and goes with it.
        marked: the mark was there before; of a state that was lost it tells the next one.
    """
    if not path.exists() or _holds_anything(path):
        return
    discard(path, marked=marked)
    if directory:
        with contextlib.suppress(OSError):
            path.parent.rmdir()


def discard(path: Path, *, marked: bool = False) -> None:
    """Take a state file away, with all that belongs to it but the lock; marked, the mark stays."""
    for name in NAMES:
        if name != LOCK_NAME and not (marked and name == MARK_NAME):
            path.with_name(name).unlink(missing_ok=True)


def _holds_anything(path: Path) -> bool:
    """Whether there may be something in it: what cannot be read is not taken for nothing."""
    try:
        with contextlib.closing(connect(path, query_only=True)) as connection:
            if not connection.execute("PRAGMA user_version").fetchone()[0]:
                return False
            counted = "SELECT (SELECT count(*) FROM record) + (SELECT count(*) FROM secret)"
            return bool(connection.execute(counted).fetchone()[0])
    except sqlite3.Error:
        return True


def check(path: Path, connection: sqlite3.Connection, *, whole: bool = True) -> None:
    """Whether it is a state file of ours, and whole.

    Args:
        whole: all of it is read, which takes a second for every few hundred thousand records.

    Raises:
        StateUnusable: it is not.
    """
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and owner != APPLICATION_ID:
        raise StateUnusable(
            f"{path} is a SQLite file of another program",
            remedy="point [service] state_dir at a directory of its own",
        )
    if not whole:
        return
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise _damaged(path, verdict)


def ensure_known(path: Path, version: int) -> None:
    """Whether this version understands that schema.

    Raises:
        StateUnusable: it is that of a newer version.
    """
    known = len(migrations())
    if version > known:
        raise StateUnusable(
            f"{path} was written by a newer version of wosync"
            f" (schema {version}, this version knows {known})",
            remedy="install the newer version again; this one would not understand the state",
        )


def version_of(path: Path) -> int:
    """Which version of the schema a state has.

    Raises:
        StateUnusable: it cannot be read.
    """
    try:
        with contextlib.closing(connect(path, query_only=True)) as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise _refused(path, error) from error
    return version


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    steps = migrations()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    ensure_known(path, version)
    if 0 < version < len(steps):
        # An older version of the program reads this one, and none of what follows.
        before.keep(path, connection, version)
    if version == len(steps):
        return
    # All steps or none, and one wait for the disk.
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Statement by statement: executescript would commit the transaction first.
        for script in steps[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        # Without room SQLite may have rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Generator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def unreadable(path: Path, error: sqlite3.Error) -> StateUnusable:
    """The error for a state file that cannot be opened or read."""
    if not os.access(path, os.R_OK | os.W_OK):
        if (nobody := statedir.read_only(path)) is not None:
            return nobody
        return StateUnusable(
            f"this user may not read and write the state file {path}",
            remedy="give it to the owner of its directory, who must read and write it:"
            f" chown --reference={path.parent} {path} && chmod u+rw {path}",
        )
    return StateUnusable(
        f"the state file {path} cannot be read: {error}",
        remedy="see docs/state.md, When the state is damaged or lost",
    )


def _refused(path: Path, error: sqlite3.Error) -> StateUnusable:
    """What SQLite's error means for whoever has to do something about it."""
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return unreadable(path, error)
    # Errors that SQLite itself did not raise bear no code.
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & _PRIMARY_CODE in _AROUND and not damaged(error):
        if descriptors.none_left():
            return StateUnusable(
                f"the state file {path} cannot be opened: no file descriptor is left",
                remedy=descriptors.REMEDY,
            )
        return StateUnusable(
            f"the state file {path} cannot be used: {error}",
            remedy=f"check the free space and the health of the file system (df {path.parent}), and"
            " that no other program has the file open, then start again; nothing acknowledged is"
            " lost",
        )
    return _damaged(path, error)


def damaged(error: sqlite3.Error) -> bool:
    """Whether it is the file itself that is wrong, and nothing around it."""
    code = getattr(error, "sqlite_errorcode", None)
    return code == _TOO_SHORT or (code is not None and code & _PRIMARY_CODE in _DAMAGED)


def _damaged(path: Path, detail: object) -> StateUnusable:
    return StateUnusable(
        f"the state file {path} is damaged and cannot be read: {detail}",
        remedy=f"see docs/state.md, When the state is damaged or lost; then move {path} (and its"
        " -wal and -shm files) away and start again: the state is rebuilt from the ids in both"
        " systems, but the rotated refresh token in it is lost",
    )
