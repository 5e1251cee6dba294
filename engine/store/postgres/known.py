"""References of known records, for a shell that completes them: at once, or none at all."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread

from engine.store.postgres.database import Database
from engine.store.postgres.reader import reading
from engine.store.postgres.session import Session
from engine.store.rows.known import asked

# Whoever has pressed a key waits no longer.
WITHIN_S = 0.3


def at_once(database: Database, beginning: str) -> list[str]:
    """Those that begin so; none where the database does not tell within a moment."""
    found: list[str] = []

    def look() -> None:
        # There is no place for a message.
        with suppress(Exception), reading(database) as reader:
            found.extend(reader.read(references, beginning))

    # No time-out of a connection covers all that it may wait for.
    looking = Thread(target=look, daemon=True)
    looking.start()
    looking.join(WITHIN_S)
    return [] if looking.is_alive() else found


def references(connection: Session, beginning: str) -> list[str]:
    """Those that begin so, the shortest first."""
    rows = connection.execute(
        "SELECT ref FROM ("
        "  SELECT ref FROM record WHERE ref >= %(from)s AND ref < %(to)s"
        "  UNION SELECT ref FROM person WHERE ref >= %(from)s AND ref < %(to)s"
        " ) AS known ORDER BY length(ref), ref LIMIT %(most)s",
        asked(beginning),
    )
    return [row[0] for row in rows]
