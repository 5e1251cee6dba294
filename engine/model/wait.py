"""How long something waits: between two bounds, of which chance draws the moment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackoffLimits:
    """`base_s` and `cap_s` in seconds."""

    base_s: float
    cap_s: float


@dataclass(frozen=True, slots=True)
class Wait:
    """At least so many seconds, and at most so many; bounds that agree leave nothing to chance."""

    least_s: float
    most_s: float

    @classmethod
    def exactly(cls, seconds: float) -> Wait:
        """A wait that was told, or that everybody keeps."""
        return cls(seconds, seconds)


@dataclass(frozen=True, slots=True)
class Pace:
    """What sets the pace of a system: the limits in force, and whether it is in an outage."""

    limits: BackoffLimits
    down: bool
