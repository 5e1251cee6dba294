"""What is known of a record when its row is captured, and a feed's watermark, from rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.decide.capture import Before
from engine.decide.version import Known
from engine.model.capture import Watermark
from engine.model.mass_change import Mass
from engine.model.records import Captured, Position
from engine.model.states import State
from engine.model.tab import EMPTY_TAB


def known_of(row: Iterable[Any]) -> Known:
    """What tells whether a row is news: version, its time, whether that is of this very version,
    since when it is known, since when a lower one is shown, and the version and the id that our own
    write-back brought.
    """
    version, updated_at, timed, known_at, lower_at, delivered_version, delivered_id = row
    told = delivered_id if delivered_version == version else None
    return Known(version, updated_at, bool(timed), known_at, lower_at, told)


def before_of(row: Iterable[Any]) -> Before:
    """What a row that is news is beside: state, version, since when it waits and is known, mass,
    target id, and whether it is flagged, in doubt and lifted.
    """
    state, version, since, known_at, mass, target_id, flagged, in_doubt, lifted = row
    return Before(
        State(state),
        version,
        since,
        known_at,
        Mass(mass),
        target_id,
        flagged=bool(flagged),
        in_doubt=bool(in_doubt),
        lifted=bool(lifted),
    )


def is_bare(row: Captured) -> bool:
    """Whether there is nobody on its tab."""
    return row.eligible and row.tab == EMPTY_TAB


def mark_of(row: Mapping[str, Any] | None, skew_s: float) -> Watermark:
    """The watermark of a feed in its row, None where it has none yet."""
    if row is None:
        return Watermark(None, None, None, skew_s)
    position = None if row["updated_at"] is None else Position(row["updated_at"], row["id"])
    return Watermark(position, row["newest_at"], row["newest_seen_at"], skew_s)
