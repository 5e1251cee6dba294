"""What PostgreSQL could not do, as the error that the engine knows."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors

from engine.errors import (
    EngineError,
    LeaseLost,
    Misconfigured,
    StateAway,
    StateReadOnly,
    StateUnusable,
)
from engine.model.states import IllegalMove

# What the schema raises: a move that is none, and a lease that is another one's by now.
NO_MOVE, FENCED = "WS001", "WS002"
# Classes of what the server says while it stops, or starts.
_AWAY = frozenset({"08", "57"})
_NOTHING_LOST = "nothing acknowledged is lost"
# What libpq and psycopg put around the reason, which tells where that was; we say so ourselves.
_WHERE = re.compile(
    r"^(?:- host: .*?, hostaddr: '[^']*': )?(?:connection (?:failed|is bad): )?"
    r"(?:connection to server (?:at \"[^\"]*\"(?:, port \d+)?|on socket \"[^\"]*\") failed: )?"
)
_HINTS = (
    "Is the server running",
    "Multiple connection attempts failed",
    "This probably means the server terminated",
    "before or while processing the request",
)
# By their texts, since no refusal to connect has a code; one of another language is waited out.
_REFUSALS: tuple[tuple[tuple[str, ...], type[EngineError], str], ...] = (
    (
        ("invalid response to SSL negotiation", "expected authentication request"),
        Misconfigured,
        "another program answers there: correct host and port in [service] state",
    ),
    (
        ("certificate", "does not support SSL", "SSL error", "SSL required"),
        StateUnusable,
        "see TLS in docs/postgresql.md; sslmode and sslrootcert belong to the address",
    ),
    (
        ("invalid ", "bad value for"),
        Misconfigured,
        "correct the address in [service] state; what it may hold is in the manual of libpq,"
        " Connection Strings",
    ),
    (
        ("password authentication failed", "no password supplied"),
        StateUnusable,
        "have [service] state_password lead to the password of the role, and run the command as a"
        " user who may read it",
    ),
    (
        (" does not exist",),
        StateUnusable,
        "create the role and the database first; see docs/postgresql.md",
    ),
    (
        (
            "authentication failed",
            "pg_hba.conf",
            "not permitted to log in",
            "permission denied for database",
        ),
        StateUnusable,
        "let the role in: LOGIN, CONNECT on the database, and a line in the server's pg_hba.conf",
    ),
    (
        ("too many connections", "too many clients", "connection slots"),
        StateAway,
        f"let there be more: a process that works takes up to 5, a command 2; {_NOTHING_LOST}",
    ),
)


def unreachable(shown: str, error: psycopg.Error) -> EngineError:
    """The error for a database that does not let us in."""
    detail = _why(str(error))
    for words, kind, remedy in _REFUSALS:
        if any(word in detail for word in words):
            return kind(f"the database {shown} cannot be reached: {detail}", remedy=remedy)
    return StateAway(
        f"the database {shown} cannot be reached: {detail}",
        remedy="check that it runs and can be reached from here (psql with the same address);"
        f" {_NOTHING_LOST}",
    )


def not_ours(schema: str) -> StateUnusable:
    """The error for a schema in which another program has its tables."""
    return StateUnusable(
        f"the schema {schema} of the database holds tables of another program",
        remedy="name a schema of its own in [service] state_schema",
    )


def altered(shown: str, detail: str) -> StateUnusable:
    """The error for tables that are not as this version has made them."""
    return StateUnusable(
        f"the tables in {shown} are not those of this version: {detail}",
        remedy="see whether the role still owns the schema; if it does, somebody has changed the"
        " tables by hand: put the state back from a copy",
    )


def too_old(shown: str, version: int) -> StateUnusable:
    """The error for a server that lacks what the statements need."""
    return StateUnusable(
        f"the database {shown} runs PostgreSQL {version // 10_000}, and 14 is needed",
        remedy="name a newer server in [service] state",
    )


def read_only(shown: str) -> StateReadOnly:
    """The error for a replica."""
    return StateReadOnly(
        f"the database {shown} can only be read: it is a replica, or was made read-only",
        remedy="name the primary in [service] state; with several hosts in the address add"
        " target_session_attrs=read-write",
    )


def held_up(shown: str) -> StateAway:
    """The error for a lease that nobody has, and that cannot be taken."""
    return StateAway(
        f"nobody works on the state in {shown}, and the database lets nobody begin",
        remedy="see whether a synchronous replica is away, for which every commit waits, or a"
        f" session of somebody else has locked the table leader; {_NOTHING_LOST}",
    )


def lost(shown: str) -> LeaseLost:
    """The error for a lease that another process has by now."""
    return LeaseLost(
        f"another process may work on the state in {shown} by now",
        remedy=f"nothing is to be done: it goes on from here; {_NOTHING_LOST}",
    )


def promoted(shown: str) -> LeaseLost:
    """The error for a server that took over from the one which gave us the lease."""
    return LeaseLost(
        f"a replica was promoted to be the primary of {shown}, and may lack what was written last",
        remedy="nothing is to be done: whoever goes on from here takes nothing for known",
    )


def told(shown: str, error: psycopg.Error) -> EngineError | IllegalMove:
    """The error for a statement that failed: the caller's own, or that of the database."""
    if error.sqlstate == NO_MOVE:
        return IllegalMove(error.diag.message_primary or "no such move")
    if error.sqlstate == FENCED:
        return lost(shown)
    if (
        (error.sqlstate is None and isinstance(error, psycopg.OperationalError))
        or (error.sqlstate or "")[:2] in _AWAY
        or isinstance(error, errors.TooManyConnections)
    ):
        return StateAway(
            f"the database {shown} does not answer: {_first_line(str(error))}",
            remedy=f"see whether it runs and can be reached from here; {_NOTHING_LOST}",
        )
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return read_only(shown)
    # The whole text may hold values; a broken connection has no other.
    detail = error.diag.message_primary or _first_line(str(error))
    # A schema in which one may make nothing is none to make something in.
    if isinstance(error, errors.InsufficientPrivilege | errors.InvalidSchemaName):
        return StateUnusable(
            f"the database {shown} does not let us: {detail}",
            remedy="let the role own the schema (CREATE SCHEMA ... AUTHORIZATION ..., or ALTER"
            " SCHEMA ... OWNER TO ...); see docs/postgresql.md",
        )
    if isinstance(error, errors.DiskFull | errors.OutOfMemory):
        return StateUnusable(
            f"the database {shown} has no room left: {detail}",
            remedy=f"make room on the database's machine, then start again; {_NOTHING_LOST}",
        )
    if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn | errors.UndefinedFunction):
        return altered(shown, detail)
    return StateUnusable(
        f"the state in {shown} cannot be used: {detail}",
        remedy=f"see the log of the database, then start again; {_NOTHING_LOST}",
    )


def _why(text: str) -> str:
    """The reasons for which nobody could be reached, each once, without what is around them."""
    lines = [_WHERE.sub("", line.strip()) for line in text.splitlines()]
    reasons = [line for line in lines if line and not line.startswith(_HINTS)]
    plain = [line.removeprefix("FATAL:").removeprefix("DETAIL:").strip() for line in reasons]
    return "; ".join(dict.fromkeys(plain)) or "it gives no reason"


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0].removeprefix("FATAL:").strip() if lines else "it gives no reason"
