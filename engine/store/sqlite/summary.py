"""What the state holds: the part of the status that a stopped service has too."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from typing import Any

from engine.model.kept import CREATES_PAUSED
from engine.model.report import RefusedReason, RefusedRecord
from engine.store.sqlite import kept, report
from engine.store.sqlite.populations import populations

# Refused records of a summary, unless all of them are asked for; each reason is among them.
REFUSED_SHOWN_MAX = 50
# Reasons of a summary, the commonest ones.
REASONS_SHOWN_MAX = 50
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
    return {
        "records": {
            "pending": counts.pending,
            "linked": counts.linked,
            "refused": counts.refused,
            "in_doubt": counts.in_doubt,
        },
        "people": {
            "pending": counts.tabs,
            "held_back": counts.lines_held_back,
            "refused": counts.people_refused,
        },
        "counts": asdict(populations(connection)),
        "outbox": counts.outbox,
        "clocks": kept.clock_notes(connection),
        "creates_paused": kept.setting(connection, CREATES_PAUSED),
        "refused_total": counts.refused + counts.people_refused,
        "refused_by_reason": [_counted(one) for one in reasons],
        "refused": [_shown(one) for one in refused],
    }


def cut_off(connection: sqlite3.Connection) -> int:
    """Creates whose answer the process did not live to see: the next start looks for them."""
    return connection.execute(
        "SELECT count(*) FROM intent WHERE open AND doubt_since IS NULL"
    ).fetchone()[0]


def _counted(reason: RefusedReason) -> dict[str, Any]:
    return {
        "records": reason.records,
        "field": reason.field,
        "class": reason.reason_class,
        "reason": reason.reason,
        "reason_code": reason.reason_code,
    }


def _shown(record: RefusedRecord) -> dict[str, Any]:
    return {
        "ref": record.ref,
        "field": record.field,
        "class": record.reason_class,
        "reason": record.reason,
        "reason_code": record.reason_code,
    }
