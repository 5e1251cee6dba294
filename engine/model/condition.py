"""One word for whether it works: for a system, and why it does not; for the whole service."""

from __future__ import annotations

from enum import StrEnum


class Condition(StrEnum):
    """What keeps requests from a system, the more serious the later."""

    UP = "up"
    BUDGET_SPENT = "budget_spent"
    """Our own budget lets not even fresh edits through."""
    PAUSED = "paused"
    """Something told us to wait, and it is none of the others."""
    THROTTLED = "throttled"
    """It answered 429, and nothing has been carried out since."""
    NO_WRITES = "no_writes"
    """It answers, and carries out no changes."""
    DOWN = "down"
    """It gives no usable answer."""
    MISCONFIGURED = "misconfigured"
    """It refuses every record alike: a permission, a field or a setting."""
    CREDENTIALS_REFUSED = "credentials_refused"

    @property
    def stands_still(self) -> bool:
        """Whether nobody can tell when it goes on."""
        return self in {
            Condition.NO_WRITES,
            Condition.DOWN,
            Condition.MISCONFIGURED,
            Condition.CREDENTIALS_REFUSED,
        }


class Health(StrEnum):
    """Whether it works, in one word; there are no others."""

    WORKS = "works"
    WORKS_IN_PART = "works in part"
    """Something of it does not, and the rest goes on."""
    WAITS = "waits"
    """It goes on by itself, at a time that is known."""
    STANDS_STILL = "stands still"
    """Nobody can tell when it goes on, or somebody has to do something first."""
    NOT_KNOWN = "not known"
