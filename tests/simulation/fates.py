"""What may happen to one request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# With these something in front puts its page in the place of Outreach's answer to a write.
FRONT = (302, 400, 403, 404, 405, 409, 413, 422)


class Kind(Enum):
    """What happens to a request."""

    WELL = "well"
    LOST = "lost"
    STATUS_BEFORE = "status before"
    STATUS_AFTER = "status after"
    CUT = "cut"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    SLOW = "slow"
    DEATH_BEFORE = "death before"
    DEATH_AFTER = "death after"


@dataclass(frozen=True, slots=True)
class Fate:
    """The fault of one request; `delay_s` for SLOW, `status` and headers for the errors."""

    kind: Kind = Kind.WELL
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    after: bool = False
    meddled: bool = False
