"""The terms of a finding: what limits, why, and which setting from what to what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.tuning.readings import Rates


class Limit(StrEnum):
    """What limits."""

    OUTAGE = "outage"
    PAUSE = "pause"
    BUDGET = "budget"
    FUSE = "fuse"
    PROCESSOR = "processor"
    DISK = "disk"
    REQUESTS_IN_FLIGHT = "requests_in_flight"
    OPPORTUNITY_SYNCER = "opportunity_syncer"
    RELATIONSHIP_SYNCER = "relationship_syncer"
    RESOLVER = "resolver"
    WRITE_BACK = "write_back"
    DISPATCHER = "dispatcher"
    POLLER = "poller"
    SLOW_SYSTEM = "slow_system"
    NOT_DUE = "not_due"
    POLL_INTERVAL = "poll_interval"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Range:
    """What a setting may be.

    Args:
        open_low: whether `low` itself is not allowed.
    """

    low: float
    high: float
    whole: bool
    open_low: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """One setting to change, and from what to what."""

    setting: str
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that limits.

    Args:
        evidence: why, with numbers.
        advice: None when no setting of ours helps.
        caution: what to watch out for; may be empty.
    """

    limit: Limit
    says: str
    evidence: tuple[str, ...] = ()
    advice: Advice | None = None
    caution: str = ""


def more(
    rates: Rates, ranges: Mapping[str, Range], setting: str, new: float, *, old: float | None = None
) -> Advice | None:
    """Advice to raise the setting to `new`, as far as its range goes; None when that is no more.

    Args:
        old: the value now; None reads it from the service's settings.
    """
    advice = _advised(rates, ranges, setting, new, old)
    return advice if advice is not None and advice.new > advice.old else None


def less(rates: Rates, ranges: Mapping[str, Range], setting: str, new: float) -> Advice | None:
    """Advice to lower the setting to `new`, as far as its range goes; None when that is no less."""
    advice = _advised(rates, ranges, setting, new, None)
    return advice if advice is not None and advice.new < advice.old else None


def _advised(
    rates: Rates, ranges: Mapping[str, Range], setting: str, new: float, old: float | None
) -> Advice | None:
    now = rates.settings.get(setting) if old is None else old
    bounds = ranges.get(setting)
    if now is None or bounds is None:
        return None
    wanted = min(max(new, bounds.low), bounds.high)
    if bounds.whole:
        wanted = float(math.floor(wanted))
    if bounds.open_low and wanted <= bounds.low:
        return None
    return Advice(setting, now, wanted)
