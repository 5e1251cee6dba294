"""What the state holds: the part of the status that a stopped service has too."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from engine.store import report
from engine.store.report import RefusedRecord

# Refused records of a summary, unless all of them are asked for; each reason is among them.
REFUSED_SHOWN_MAX = 50
# To SQLite, no limit.
_EVERY = -1


def summary(connection: sqlite3.Connection, *, everything: bool = False) -> dict[str, Any]:
    """Counts, and the refused records by reason and by reference, as JSON can carry them.

    Args:
        everything: show every refused record, and not only REFUSED_SHOWN_MAX.
    """
    counts = report.counts(connection)
    refused = report.refused(connection, _EVERY)
    return {
        "records": {
            "pending": counts.pending,
            "linked": counts.linked,
            "refused": counts.refused,
            "in_doubt": counts.in_doubt,
        },
        "people": {
            "pending": counts.contacts,
            "held_back": counts.lines_held_back,
            "refused": counts.people_refused,
        },
        "outbox": counts.outbox,
        "refused_total": len(refused),
        "refused_by_reason": _by_reason(refused),
        "refused": [_shown(one) for one in (refused if everything else _examples(refused))],
    }


def cut_off(connection: sqlite3.Connection) -> int:
    """Creates whose answer the process did not live to see: the next start looks for them."""
    return connection.execute(
        "SELECT (SELECT count(*) FROM intent WHERE doubt_since IS NULL)"
        " + (SELECT count(*) FROM contacts WHERE sending = 1)"
        " + (SELECT count(*) FROM person WHERE sending = 1)"
    ).fetchone()[0]


def unknown() -> dict[str, None]:
    """The same members where the state cannot be read: no number is better than a wrong one."""
    names = ("records", "people", "outbox", "refused_total", "refused_by_reason", "refused")
    return dict.fromkeys(names)


def _reason(record: RefusedRecord) -> tuple[str | None, str, str]:
    return record.field, record.reason_class, record.reason


def _by_reason(refused: Iterable[RefusedRecord]) -> list[dict[str, Any]]:
    """The commonest reason first."""
    return [
        {"records": number, "field": field, "class": reason_class, "reason": reason}
        for (field, reason_class, reason), number in Counter(map(_reason, refused)).most_common()
    ]


def _examples(refused: Sequence[RefusedRecord]) -> list[RefusedRecord]:
    """The first record of each reason, then the second of each: a rare reason is not left out."""
    seen: Counter[tuple[str | None, str, str]] = Counter()
    turns: list[int] = []
    for one in refused:
        seen[_reason(one)] += 1
        turns.append(seen[_reason(one)])
    order = sorted(range(len(refused)), key=turns.__getitem__)
    return sorted((refused[at] for at in order[:REFUSED_SHOWN_MAX]), key=attrgetter("ref"))


def _shown(record: RefusedRecord) -> dict[str, Any]:
    return {
        "ref": record.ref,
        "field": record.field,
        "class": record.reason_class,
        "reason": record.reason,
    }
