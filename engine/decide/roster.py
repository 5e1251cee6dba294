"""Rosters: what the target lists as a whole, and when it is believed that somebody is gone.

One odd listing is more likely than a deleted user: owners would be cleared on whatever is edited
meanwhile. So whoever was shown once counts until a later listing, some time apart, lacks it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.decide.reasons import because
from engine.model.reason import Code, Reason
from engine.model.records import FieldKind

# A disappearance is believed when a listing so many seconds later shows it still.
CONFIRM_S = 60.0


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as last shown, in JSON, and since when listings lack it, unix seconds."""

    entry: str
    missing_since: float | None = None


def believed(
    known: Mapping[int, Listed], shown: Mapping[int, str], *, whole: bool, now: float
) -> dict[int, Listed]:
    """Who counts after a listing, by id.

    Args:
        shown: the entries of the listing.
        whole: False when it may lack entries that are there: it says nothing about those it lacks.
    """
    counting = {entry_id: Listed(entry) for entry_id, entry in shown.items()}
    for entry_id, listed in known.items():
        if entry_id in shown:
            continue
        since = listed.missing_since
        if not whole:
            counting[entry_id] = listed
        elif since is None or since > now:
            counting[entry_id] = Listed(listed.entry, now)
        elif now - since < CONFIRM_S:
            counting[entry_id] = listed
    return counting


def missing(counting: Mapping[int, Listed]) -> list[int]:
    """Those who count although the last listing lacked them."""
    return sorted(one for one, listed in counting.items() if listed.missing_since is not None)


def unnamed(kind: FieldKind, number: int, name: str) -> Reason:
    """Why nobody, or nothing, bears the name: so many users or stages do, and not exactly one."""
    users = kind is FieldKind.USER
    if number:
        ambiguous = Code.OWNER_AMBIGUOUS if users else Code.STAGE_AMBIGUOUS
        return because(ambiguous, number=number, name=name)
    return because(Code.OWNER_UNKNOWN if users else Code.STAGE_UNKNOWN, name=name)
