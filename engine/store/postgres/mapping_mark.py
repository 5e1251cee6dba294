"""The mapping in force, as kept: what follows from another one is done with its mark."""

from __future__ import annotations

from engine.model.kept import FINGERPRINT, MAPPING
from engine.model.records import Captured
from engine.model.run import RunKind
from engine.store.postgres import capture, kept, runs
from engine.store.postgres.session import Session


def note_fingerprint(connection: Session, fingerprint: str, hold_until: float, now: float) -> bool:
    """See `Feeds.note_fingerprint`."""
    known = kept.setting(connection, FINGERPRINT)
    kept.set_setting(connection, FINGERPRINT, fingerprint)
    changed = known is not None and known != fingerprint
    if changed:
        runs.begin(connection, RunKind.MAPPING_CHANGED, now)
        kept.set_setting(connection, MAPPING, "0")
        # Captured before, it does not hold the columns that are read only now.
        capture.hold_pending(connection, hold_until)
    return changed


def take_anew(
    connection: Session,
    rows: list[Captured],
    after: int | None,
    asked_at: float,
    now: float,
    *,
    fresh_max: int,
) -> None:
    """See `Feeds.take_anew`."""
    capture.capture_page(
        connection,
        rows,
        now=now,
        fresh_max=fresh_max,
        anew=True,
        mass=True,
        asked_at=asked_at,
        may_lag=False,
    )
    if after is None:
        kept.forget_setting(connection, MAPPING)
    else:
        kept.set_setting(connection, MAPPING, str(after))
