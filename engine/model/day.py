"""A day of the service, for whoever looks after the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.model.report import RefusedReason, WaitingReason


@dataclass(frozen=True, slots=True)
class Awaited:
    """Somebody or something that records wait for, or are synced without."""

    kind: str
    name: str
    records: int


@dataclass(frozen=True, slots=True)
class Slowest:
    """The record that took longest that day, from its change to the target's answer."""

    ref: str
    decision: str
    at: float
    took_s: float


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that was another before; a side is None where it was not there."""

    at: float
    key: str
    former: str | None
    later: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """What is so now, and what happened that day.

    Args:
        begin, end: unix seconds.
        linked, in_step: records whose target record is known; those of them with nothing open.
        waiting, awaited, refused: as they are now.
        decisions: how often each was made that day, so far as it is remembered.
        requests, requests_of_year: sent to the target that day, and in the 365 days up to it.
    """

    begin: float
    end: float
    linked: int
    in_step: int
    waiting: Sequence[WaitingReason]
    awaited: Sequence[Awaited]
    refused: Sequence[RefusedReason]
    decisions: Mapping[str, int]
    requests: int
    requests_of_year: int
    slowest: Slowest | None
    settings: Sequence[SettingChange]
