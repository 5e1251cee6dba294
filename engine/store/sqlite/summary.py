"""What the state holds: the part of the status that a stopped service has too."""

from __future__ import annotations

import sqlite3
from typing import Any

from engine.model.kept import CREATES_PAUSED
from engine.store.rows.summary import REASONS_SHOWN_MAX, REFUSED_SHOWN_MAX, document
from engine.store.sqlite import kept, report
from engine.store.sqlite.populations import populations

# To SQLite, no limit.
_EVERY = -1


def summary(connection: sqlite3.Connection, *, everything: bool = False) -> dict[str, Any]:
    """See `Report.summary`."""
    counts = report.counts(connection)
    if everything:
        refused = report.refused(connection, _EVERY)
    else:
        refused = report.refused_examples(connection, REFUSED_SHOWN_MAX)
    reasons = report.refused_reasons(connection, REASONS_SHOWN_MAX)
    return document(
        counts,
        populations(connection, counts.linked),
        clocks=kept.clock_notes(connection),
        creates_paused=kept.setting(connection, CREATES_PAUSED),
        reasons=reasons,
        refused=refused,
    )


def cut_off(connection: sqlite3.Connection) -> int:
    """Creates whose answer the process did not live to see: the next start looks for them."""
    return connection.execute(
        "SELECT count(*) FROM intent WHERE open AND doubt_since IS NULL"
    ).fetchone()[0]
