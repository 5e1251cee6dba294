"""The summary of a state, from what was counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from engine.model.report import Counts, Populations, RefusedReason, RefusedRecord

# Refused records of a summary, unless all of them are asked for; each reason is among them.
REFUSED_SHOWN_MAX = 50
# Reasons of a summary, the commonest ones.
REASONS_SHOWN_MAX = 50


def document(
    counts: Counts,
    populations: Populations,
    *,
    clocks: Sequence[str],
    creates_paused: str | None,
    reasons: Iterable[RefusedReason],
    refused: Iterable[RefusedRecord],
) -> dict[str, Any]:
    """The members that every summary has."""
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
        "counts": asdict(populations),
        "outbox": counts.outbox,
        "clocks": clocks,
        "creates_paused": creates_paused,
        "refused_total": counts.refused + counts.people_refused,
        "refused_by_reason": [_counted(one) for one in reasons],
        "refused": [_shown(one) for one in refused],
    }


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
