"""What a database says when it lets nobody in, as a person is told it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import EngineError, Misconfigured, StateAway, StateUnusable

if TYPE_CHECKING:
    from engine.store.postgres.database import Database

TO = 'connection failed: connection to server at "10.0.0.7", port 5432 failed: '


def at(address: str) -> Database:
    """The tables at an address."""
    from engine.store.postgres.database import Database

    return Database(address, "pair", lambda: None)


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (
            f"{TO}Connection refused\n\tIs the server running on that host?",
            StateAway,
            "Connection refused",
        ),
        (
            'connection is bad: connection to server on socket "/run/x" failed: No such file',
            StateAway,
            "No such file",
        ),
        ("connection timeout expired", StateAway, "connection timeout expired"),
        (f"{TO}SSL SYSCALL error: EOF detected", StateAway, "SSL SYSCALL error: EOF detected"),
        (
            f'{TO}FATAL:  too many connections for role "a"',
            StateAway,
            'too many connections for role "a"',
        ),
        (
            # With TLS and then without, as a driver does by itself.
            f"{TO}FATAL:  sorry, too many clients, refused\n"
            f"{TO.removeprefix('connection failed: ')}FATAL:  sorry, too many clients, refused",
            StateAway,
            "sorry, too many clients, refused",
        ),
        (
            f'{TO}FATAL:  password authentication failed for user "a"',
            StateUnusable,
            'password authentication failed for user "a"',
        ),
        (
            f'{TO}FATAL:  permission denied for database "b"\nDETAIL:  No CONNECT privilege.',
            StateUnusable,
            'permission denied for database "b"; No CONNECT privilege.',
        ),
        (f'{TO}FATAL:  no pg_hba.conf entry for host "h"', StateUnusable, "no pg_hba.conf entry"),
        (
            f'{TO}root certificate file "/x" does not exist',
            StateUnusable,
            'root certificate file "/x" does not exist',
        ),
        # As PgBouncer says it.
        (f"{TO}FATAL:  SSL required", StateUnusable, "SSL required"),
        ('connection is bad: invalid port number: "x"', Misconfigured, "invalid port number"),
        (
            f"{TO}received invalid response to SSL negotiation: H",
            Misconfigured,
            "received invalid response",
        ),
        (
            f"{TO}Connection refused\nMultiple connection attempts failed. All failures were:\n"
            f"- host: 'a', port: '1', hostaddr: '10.0.0.7': {TO}Connection refused\n"
            f"- host: 'b', port: '1', hostaddr: '10.0.0.8': {TO}FATAL:  database \"b\" does not"
            " exist",
            StateUnusable,
            'Connection refused; database "b" does not exist',
        ),
        ("", StateAway, "it gives no reason"),
    ],
)
def test_whoever_is_not_let_in_is_told_the_reason_once(
    text: str, kind: type[EngineError], reason: str
) -> None:
    """Whatever may pass by itself is waited for, and nothing else is."""
    psycopg = pytest.importorskip("psycopg")
    from engine.store.postgres.troubles import unreachable

    told = unreachable("b at 10.0.0.7, schema pair", psycopg.OperationalError(text))

    assert type(told) is kind
    assert str(told).startswith("the database b at 10.0.0.7, schema pair cannot be reached: ")
    assert reason in str(told)
    assert str(told).count("refused") <= 1
    assert "connection to server" not in str(told)
    assert told.remedy


def test_no_room_for_one_more_is_not_taken_for_a_server_that_is_down() -> None:
    """Whoever is told of the wrong one looks in vain."""
    psycopg = pytest.importorskip("psycopg")
    from engine.store.postgres.troubles import unreachable

    text = f"{TO}FATAL:  sorry, too many clients already"
    told = unreachable("b", psycopg.OperationalError(text))

    assert (told.remedy or "").startswith("let there be more")


CLOSED = (
    "server closed the connection unexpectedly\n\tThis probably means the server terminated"
    " abnormally\n\tbefore or while processing the request."
)


@pytest.mark.parametrize("text", [CLOSED, f"{TO}{CLOSED}"])
def test_of_a_cut_connection_the_reason_is_told_and_no_guess(text: str) -> None:
    """The end of the sentence alone says nothing."""
    psycopg = pytest.importorskip("psycopg")
    from engine.store.postgres import troubles

    for tell in (troubles.unreachable, troubles.told):
        told = str(tell("b", psycopg.OperationalError(text)))
        assert "server closed the connection unexpectedly" in told
        assert "before or while" not in told
        assert "probably" not in told


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://a@db.example.com/b", "b at db.example.com, schema pair"),
        ("postgresql://a@h:5433/b?sslmode=verify-full", "b at h:5433, schema pair"),
        ("postgresql://a@h:1,[::1]:2,k/b?target_session_attrs=read-write", "b at h:1, ::1:2, k, "),
        ("postgresql:///b?host=/run/postgresql", "b at /run/postgresql, schema pair"),
        ("postgresql:///b", "b at this machine, schema pair"),
        ("postgresql://a@h:1,k/b?port=7", "b at h:7, k:7, schema pair"),
    ],
)
def test_an_address_is_shown_without_what_else_is_in_it(address: str, shown: str) -> None:
    """By it somebody finds the database."""
    pytest.importorskip("psycopg")

    assert at(address).shown.startswith(shown)
