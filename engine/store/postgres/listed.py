"""What the target lists as a whole, as kept: users and stages, with who is missing since when."""

from __future__ import annotations

from collections.abc import Mapping

from engine.decide.roster import Listed
from engine.store.postgres.session import Session


def load(connection: Session, kind: str) -> dict[int, Listed]:
    """See `Kept.roster`."""
    rows = connection.execute(
        "SELECT id, entry, missing_since FROM listed WHERE kind = %s ORDER BY id", (kind,)
    )
    return {row[0]: Listed(row[1], row[2]) for row in rows}


def keep(connection: Session, kind: str, entries: Mapping[int, Listed]) -> None:
    """See `Kept.keep_roster`."""
    connection.execute("DELETE FROM listed WHERE kind = %s", (kind,))
    connection.execute(
        "INSERT INTO listed (kind, id, entry, missing_since)"
        " SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::double precision[])",
        (
            kind,
            list(entries),
            [listed.entry for listed in entries.values()],
            [listed.missing_since for listed in entries.values()],
        ),
    )
